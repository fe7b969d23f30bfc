//! Codes that go over more than one channel.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, ManualClock};
use wartel_messaging::testing::FakeProvider;
use wartel_messaging::{
    Capabilities, DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey, RetryAdvice, SendErrorKind,
};
use wartel_otp::testing::sample_phone;
use wartel_otp::{
    BuildError, Deadline, MemoryOtpStore, MemoryTallies, StartError, VerificationId, VerificationState,
};

use crate::desk::{Desk, approved, key, sample, seconds};

/// A desk whose codes go over `first`, and after 20 seconds without `sent` over `second`.
struct Two {
    desk: Desk,
    second: FakeProvider,
}

impl Two {
    fn new() -> Self {
        Self::with(Deadline::without_sent(seconds(20)))
    }

    fn with(deadline: Deadline) -> Self {
        let second = FakeProvider::new().named("second");
        let fallback = Arc::new(second.clone());
        Self { desk: Desk::with(|builder| builder.fallback(deadline, fallback)), second }
    }

    async fn hear(&self, provider: &str, id: &str, state: DeliveryState) -> bool {
        let key = ReceiptKey::new(Some(ProviderMessageId::new(id)), None).unwrap();
        self.desk.otp.record_receipt(DeliveryReceipt::new(provider, key, state)).await.unwrap()
    }

    /// A receipt of some other message: receipts arrive.
    async fn receipts_arrive(&self) {
        self.hear("fake", "of-another-message", DeliveryState::Delivered).await;
    }

    async fn delivery(&self, id: VerificationId) -> DeliveryState {
        self.desk.otp.get(id).await.unwrap().unwrap().delivery
    }

    async fn after(&self, secs: u64) -> usize {
        self.desk.clock.advance(seconds(secs));
        self.desk.worker.send_due().await.unwrap()
    }
}

const KINDS: [SendErrorKind; 12] = [
    SendErrorKind::InvalidRecipient,
    SendErrorKind::NotOnWhatsApp,
    SendErrorKind::TemplateRejected,
    SendErrorKind::Unauthenticated,
    SendErrorKind::DeviceOffline,
    SendErrorKind::QuotaExhausted,
    SendErrorKind::RateLimited,
    SendErrorKind::Rejected,
    SendErrorKind::Unsupported,
    SendErrorKind::Disabled,
    SendErrorKind::Unavailable,
    SendErrorKind::Unexpected,
];

/// Each kind of refusal falls back at once, within the same request.
#[tokio::test]
async fn every_refusal_falls_back_at_once() {
    for kind in KINDS {
        let two = Two::new();
        two.desk.provider.then_fail_with(kind, RetryAdvice::After(None));
        let started = two.desk.start().await;
        assert_eq!(started.delivery, DeliveryState::Accepted, "{kind:?}");
        assert_eq!((two.desk.provider.calls(), two.second.count()), (1, 1), "{kind:?}");
        assert_eq!(two.delivery(started.id).await, DeliveryState::Accepted, "{kind:?}");
        let code = two.second.last_code(&sample_phone()).unwrap();
        approved(two.desk.otp.check(started.id, &code).await.unwrap());
    }
}

/// An answer that never came, one that cannot be read and one that takes too long fall back at the deadline, whether or
/// not receipts arrive.
#[tokio::test(start_paused = true)]
async fn every_uncertain_answer_falls_back_at_the_deadline() {
    for case in ["lost", "unreadable", "slow"] {
        let two = Two::new();
        match case {
            "lost" => two.desk.provider.then_lose_answer(),
            "unreadable" => two.desk.provider.then_fail_with(SendErrorKind::Unavailable, RetryAdvice::Never),
            _ => two.desk.provider.then_hang(seconds(60)),
        };
        let _ = two.desk.otp.start(sample()).await;
        assert_eq!(two.after(19).await, 0, "{case}");
        assert_eq!(two.after(1).await, 1, "{case}");
        assert_eq!(two.second.count(), 1, "{case}");
        assert_eq!(two.after(60).await, 0, "{case}: a channel is used twice");
        assert_eq!(two.desk.provider.calls(), 1, "{case}");
    }
}

/// A message that is accepted and lost falls back at the deadline, where receipts arrive.
#[tokio::test]
async fn a_silent_loss_falls_back_at_the_deadline() {
    let two = Two::new();
    two.receipts_arrive().await;
    let started = two.desk.start().await;
    assert_eq!(two.after(19).await, 0);
    assert_eq!(two.after(1).await, 1);
    let (first, second) = (two.desk.code(), two.second.last_code(&sample_phone()).unwrap());
    assert_eq!(first, second, "the channels carry two codes");
    assert!(two.hear("second", "fake-1", DeliveryState::Delivered).await);
    assert_eq!(two.delivery(started.id).await, DeliveryState::Delivered);
}

/// Where no receipt came for a day, silence means nothing.
#[tokio::test]
async fn silence_means_nothing_where_no_receipts_arrive() {
    let two = Two::new();
    two.desk.start().await;
    assert_eq!(two.after(60).await, 0);
    two.receipts_arrive().await;
    two.desk.clock.advance(seconds(86_400 + 600));
    two.desk.start().await;
    assert_eq!(two.after(60).await, 0, "a receipt of the day before yesterday counts");
    assert_eq!(two.second.count(), 0);
}

/// A message that was delivered in time is never sent over another channel, however the receipts come.
#[tokio::test]
async fn what_came_in_time_does_not_fall_back() {
    for news in [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read] {
        let two = Two::new();
        two.receipts_arrive().await;
        two.desk.start().await;
        two.desk.clock.advance(seconds(19));
        assert!(two.hear("fake", "fake-1", news).await);
        assert_eq!(two.after(1).await, 0, "{news:?}");
        assert_eq!(two.after(120).await, 0, "{news:?}");
        assert_eq!(two.second.count(), 0, "{news:?}");
    }
}

/// A receipt that says the message failed falls back without waiting for the deadline: the worker is woken.
#[tokio::test(start_paused = true)]
async fn a_failed_message_falls_back_without_waiting() {
    let Two { desk, second } = Two::new();
    let started = desk.start().await;
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let worker = tokio::spawn(desk.worker.run(async move { drop(stopped.await) }));
    // The worker has looked, and looks again in a second.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let key = ReceiptKey::new(Some(ProviderMessageId::new("fake-1")), None).unwrap();
    assert!(desk.otp.record_receipt(DeliveryReceipt::new("fake", key, DeliveryState::Failed)).await.unwrap());
    let began = tokio::time::Instant::now();
    second.wait_sent(1).await;
    assert!(began.elapsed() < Duration::from_millis(100), "only the next look of the worker sent it");
    drop(stop);
    worker.await.unwrap();
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().delivery, DeliveryState::Accepted);
}

/// Without receipts of its own, a deadline for acceptance still helps against a provider that hangs.
#[tokio::test(start_paused = true)]
async fn a_deadline_may_ask_for_acceptance_only() {
    let two = Two::with(Deadline::without_acceptance(seconds(5)));
    two.receipts_arrive().await;
    two.desk.start().await;
    assert_eq!(two.after(60).await, 0, "an accepted message was followed");
    two.desk.provider.then_hang(seconds(60));
    two.desk.otp.start(sample()).await.unwrap();
    assert_eq!(two.after(5).await, 1);
}

/// Refused by all is an error to the caller, of the last channel; the person may ask again at once.
#[tokio::test]
async fn refused_by_all_is_an_error() {
    let two = Two::new();
    two.desk.provider.then_fail(SendErrorKind::DeviceOffline);
    two.second.then_fail(SendErrorKind::QuotaExhausted);
    let Err(StartError::NotSent(error)) = two.desk.otp.start(sample()).await else { panic!("sent") };
    assert_eq!((error.provider(), error.kind()), ("second", SendErrorKind::QuotaExhausted));
    let started = two.desk.start().await;
    assert_eq!(started.resend_at, two.desk.clock.now() + seconds(60));
}

/// A first channel that is switched off does not switch off verification while the second works; all of them do.
#[tokio::test]
async fn a_channel_that_is_switched_off_is_passed_over() {
    let off = FakeProvider::new().with_capabilities(Capabilities::disabled());
    let around = |second: FakeProvider| {
        let deadline = Deadline::without_sent(seconds(20));
        let (store, clock) = (MemoryOtpStore::new(), ManualClock::default());
        Desk::around(off.clone(), store, clock, |builder| builder.fallback(deadline, Arc::new(second)))
    };
    let second = FakeProvider::new().named("second");
    assert_eq!(around(second.clone()).start().await.delivery, DeliveryState::Accepted);
    assert_eq!(second.count(), 1);
    let desk = around(second.with_capabilities(Capabilities::disabled()));
    assert!(matches!(desk.otp.start(sample()).await, Err(StartError::MessagingDisabled)));
}

/// Another instance, which gets the webhooks, knows that receipts arrive; this one learns it from the shared tallies.
#[tokio::test]
async fn instances_tell_each_other_that_receipts_arrive() {
    let tallies = Arc::new(MemoryTallies::new());
    let second = FakeProvider::new().named("second");
    let (store, clock) = (MemoryOtpStore::new(), ManualClock::default());
    let instance = || {
        Desk::around(FakeProvider::default(), store.clone(), clock.clone(), |builder| {
            let deadline = Deadline::without_sent(seconds(20));
            builder.tallies(tallies.clone()).fallback(deadline, Arc::new(second.clone()))
        })
    };
    let (here, there) = (instance(), instance());
    let key = ReceiptKey::new(Some(ProviderMessageId::new("of-another-message")), None).unwrap();
    let receipt = DeliveryReceipt::new("fake", key, DeliveryState::Sent);
    there.otp.record_receipt(receipt).await.unwrap();
    here.start().await;
    here.clock.advance(seconds(20));
    assert_eq!(here.worker.send_due().await.unwrap(), 1);
}

/// A right code over the first channel stops what would follow.
#[tokio::test]
async fn a_used_code_does_not_fall_back() {
    let two = Two::new();
    two.receipts_arrive().await;
    let started = two.desk.start().await;
    approved(two.desk.otp.check(started.id, &two.desk.code()).await.unwrap());
    assert_eq!(two.after(20).await, 0);
    let view = two.desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!(view.state, VerificationState::Approved);
}

/// Deadlines have a range, and each provider is one channel.
#[test]
fn channels_are_checked_when_they_are_built() {
    let build = |deadline, name| {
        wartel_otp::OtpService::builder(key())
            .app_name("Toko Budi")
            .provider(Arc::new(FakeProvider::new()))
            .store(Arc::new(MemoryOtpStore::new()))
            .fallback(deadline, Arc::new(FakeProvider::new().named(name)))
            .build()
            .map(drop)
    };
    assert!(build(Deadline::without_sent(seconds(20)), "second").is_ok());
    for secs in [4, 121] {
        assert!(matches!(build(Deadline::without_sent(seconds(secs)), "second"), Err(BuildError::Deadline)));
    }
    let twice = build(Deadline::without_sent(seconds(20)), "fake");
    assert!(matches!(twice, Err(BuildError::SameChannelTwice)));
}

/// Who has one channel only waits for no receipts, and notes none.
#[tokio::test]
async fn receipts_are_noted_only_for_deadlines() {
    let tallies = Arc::new(MemoryTallies::new());
    let receipt = || {
        let key = ReceiptKey::new(Some(ProviderMessageId::new("of-another-message")), None).unwrap();
        DeliveryReceipt::new("fake", key, DeliveryState::Sent)
    };
    let one = Desk::with(|builder| builder.tallies(tallies.clone()));
    assert!(!one.otp.record_receipt(receipt()).await.unwrap());
    assert!(tallies.is_empty());
    let second = Arc::new(FakeProvider::new().named("second"));
    let deadline = Deadline::without_sent(seconds(20));
    let two = Desk::with(|builder| builder.tallies(tallies.clone()).fallback(deadline, second));
    assert!(!two.otp.record_receipt(receipt()).await.unwrap());
    assert_eq!(tallies.len(), 1);
}

/// What was delivered is nothing that the worker has to look at.
#[tokio::test]
async fn a_deadline_ends_with_the_delivery() {
    let store = crate::json_store::JsonStore::default();
    let second = Arc::new(FakeProvider::new().named("second"));
    let deadline = Deadline::without_sent(seconds(20));
    let desk = Desk::with(|builder| builder.store(Arc::new(store.clone())).fallback(deadline, second));
    desk.start().await;
    let due_at = || {
        let ledger = store.transact(|tx| tx.load(&wartel_core::TenantId::default(), &sample_phone()));
        ledger.unwrap().due_at()
    };
    assert_eq!(due_at(), Some(desk.clock.now() + seconds(20)));
    let key = ReceiptKey::new(Some(ProviderMessageId::new("fake-1")), None).unwrap();
    let receipt = DeliveryReceipt::new("fake", key, DeliveryState::Delivered);
    assert!(desk.otp.record_receipt(receipt).await.unwrap());
    assert_eq!(due_at(), None);
}
