//! Tenants that send through accounts of their own.

use std::sync::Arc;

use wartel_core::{AccountId, Clock as _, TenantId, Timestamp};
use wartel_messaging::inbox::{InboundConsumer as _, InboxEntry, InboxEntryId, InboxEvent};
use wartel_messaging::testing::{FakeProvider, FakeSenders};
use wartel_messaging::{
    AccountSender, Authenticity, Capabilities, DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey,
    RetryAdvice, SendErrorKind, Sender,
};
use wartel_otp::store::Admission;
use wartel_otp::testing::{admit_for, sample_phone};
use wartel_otp::{Deadline, OtpService, OtpStore as _, ReceiptConsumer, StartError, VerificationId};

use crate::desk::{Desk, approved, key, sample, seconds};

/// An engine of the program's own account, of tenant `default`, and of what is put into the book.
struct Shops {
    desk: Desk,
    book: FakeSenders,
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn id(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

impl Shops {
    fn new() -> Self {
        let book = FakeSenders::new();
        let senders = Arc::new(book.clone());
        let desk = Desk::with(|builder| builder.senders(senders));
        let own = Sender::new(TenantId::default(), AccountId::default(), Arc::new(desk.provider.clone()));
        book.put(own.fixed());
        Self { desk, book }
    }

    /// With a fallback of the program's over an account of tenant `default`.
    async fn with_fallback() -> (Self, FakeProvider) {
        let Self { desk, book } = Self::new();
        let backup = FakeProvider::new();
        book.put(Sender::new(TenantId::default(), id("backup"), Arc::new(backup.clone())));
        let account = AccountSender::open(Arc::new(book.clone()), TenantId::default(), id("backup")).await;
        let account = account.unwrap().unwrap();
        let senders = Arc::new(book.clone());
        // Both are at one provider: they are told apart by their account.
        let desk = desk.restarted(|builder| {
            builder.senders(senders).fallback_account(Deadline::without_sent(seconds(20)), account)
        });
        (Self { desk, book }, backup)
    }

    fn account(&self, of: &str, name: &str) -> FakeProvider {
        let provider = FakeProvider::new();
        self.book.put(Sender::new(tenant(of), id(name), Arc::new(provider.clone())));
        provider
    }

    fn of(&self, name: &str) -> OtpService {
        self.desk.otp.for_tenant(tenant(name))
    }

    /// News of a message with this id, by an account.
    async fn hear(&self, of: &str, account: &str, message: &str, state: DeliveryState) {
        let key = ReceiptKey::new(Some(ProviderMessageId::new(message)), None).unwrap();
        let news = InboxEvent::Receipt(DeliveryReceipt::new("fake", key, state));
        let entry = InboxEntry::new(
            InboxEntryId::random(),
            tenant(of),
            id(account),
            Authenticity::TokenOnly,
            news,
            Timestamp::EPOCH,
        );
        ReceiptConsumer::new(self.desk.otp.clone()).take(&entry).await.unwrap();
    }

    async fn delivery(&self, of: &str, verification: VerificationId) -> DeliveryState {
        self.of(of).get(verification).await.unwrap().unwrap().delivery
    }
}

#[tokio::test]
async fn each_tenant_sends_through_its_own_account_and_others_through_the_programs() {
    let shops = Shops::new();
    let (one, two) = (shops.account("tenant-one", "shop"), shops.account("tenant-two", "default"));
    for (of, provider, counts) in [
        ("tenant-one", &one, (0, 1, 0)),
        ("tenant-two", &two, (0, 1, 1)),
        ("tenant-three", &shops.desk.provider, (1, 1, 1)),
        ("default", &shops.desk.provider, (2, 1, 1)),
    ] {
        let started = shops.of(of).start(sample()).await.unwrap();
        assert_eq!((shops.desk.provider.count(), one.count(), two.count()), counts, "{of}");
        let code = provider.last_code(&sample_phone()).unwrap();
        approved(shops.of(of).check(started.id, &code).await.unwrap());
    }
}

#[tokio::test]
async fn resends_and_sends_that_broke_off_go_through_the_same_account() {
    let shops = Shops::new();
    let own = shops.account("tenant-one", "shop");
    shops.of("tenant-one").start(sample()).await.unwrap();
    shops.desk.clock.advance(seconds(60));
    shops.of("tenant-one").start(sample()).await.unwrap();
    assert_eq!(own.count(), 2);

    // A process admits a request and dies before it sends: the worker does.
    shops.desk.clock.advance(seconds(600));
    let request = admit_for(&sample_phone()).tenant(&tenant("tenant-one")).keys(key().id().as_str(), &[]);
    let admitted = shops.desk.store.admit(request.build(), shops.desk.clock.now()).await.unwrap();
    assert!(matches!(admitted, Admission::Send { .. }));
    shops.desk.clock.advance(seconds(30));
    assert_eq!(shops.desk.worker.send_due().await.unwrap(), 1);
    assert_eq!((own.count(), shops.desk.provider.count()), (3, 0));
}

#[tokio::test]
async fn nobody_elses_account_is_used_while_it_cannot_be_told() {
    let shops = Shops::new();
    let own = shops.account("tenant-one", "shop");
    shops.book.fail(true);
    let refused = shops.of("tenant-one").start(sample()).await.unwrap_err();
    let StartError::NotSent(error) = refused else { panic!("{refused:?}") };
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unavailable, RetryAdvice::After(None)));
    assert_eq!((own.count(), shops.desk.provider.count()), (0, 0));
    // It cost nothing: neither a send nor a wait.
    shops.book.fail(false);
    shops.of("tenant-one").start(sample()).await.unwrap();
    assert_eq!(own.count(), 1);
}

#[tokio::test]
async fn an_account_that_sends_no_codes_is_said_before_anything_is_counted() {
    let shops = Shops::new();
    let of = |capabilities| {
        let provider = FakeProvider::new().with_capabilities(capabilities);
        shops.book.put(Sender::new(tenant("tenant-one"), id("shop"), Arc::new(provider)));
        shops.of("tenant-one")
    };
    let text_only = of(Capabilities::none().with_text()).start(sample()).await;
    assert!(matches!(text_only, Err(StartError::Unsupported)), "{text_only:?}");
    let off = of(Capabilities::disabled()).start(sample()).await;
    assert!(matches!(off, Err(StartError::MessagingDisabled)), "{off:?}");
}

#[tokio::test]
async fn a_receipt_by_another_account_moves_nothing() {
    let shops = Shops::new();
    shops.account("tenant-one", "default");
    shops.account("tenant-two", "default");
    // At each account the first message has the same id.
    let mut ids = Vec::new();
    for of in ["default", "tenant-one", "tenant-two"] {
        ids.push((of, shops.of(of).start(sample()).await.unwrap().id));
    }
    let states = async || {
        let mut states = Vec::new();
        for (of, verification) in &ids {
            states.push(shops.delivery(of, *verification).await);
        }
        states
    };
    use DeliveryState::{Accepted, Delivered, Failed, Read};
    shops.hear("tenant-one", "second", "fake-1", Failed).await;
    shops.hear("tenant-three", "default", "fake-1", Failed).await;
    assert_eq!(states().await, [Accepted, Accepted, Accepted]);
    shops.hear("tenant-one", "default", "fake-1", Read).await;
    assert_eq!(states().await, [Accepted, Read, Accepted]);
    // The program's own account: as before there were others.
    shops.hear("default", "default", "fake-1", Delivered).await;
    assert_eq!(states().await, [Delivered, Read, Accepted]);
}

#[tokio::test]
async fn a_tenant_without_an_account_hears_of_its_messages_by_the_programs() {
    let shops = Shops::new();
    let started = shops.of("tenant-three").start(sample()).await.unwrap();
    shops.hear("default", "default", "fake-1", DeliveryState::Read).await;
    assert_eq!(shops.delivery("tenant-three", started.id).await, DeliveryState::Read);
}

#[tokio::test]
async fn the_programs_codes_fall_back_to_an_account_and_those_of_tenants_do_not() {
    let (shops, backup) = Shops::with_fallback().await;
    shops.desk.provider.then_fail(SendErrorKind::DeviceOffline);
    let started = shops.of("default").start(sample()).await.unwrap();
    assert_eq!((started.delivery, backup.count()), (DeliveryState::Accepted, 1));
    // Its first message, and the first of the other account, have one id.
    shops.hear("default", "default", "fake-1", DeliveryState::Read).await;
    assert_eq!(shops.delivery("default", started.id).await, DeliveryState::Accepted);
    shops.hear("default", "backup", "fake-1", DeliveryState::Read).await;
    assert_eq!(shops.delivery("default", started.id).await, DeliveryState::Read);

    let own = shops.account("tenant-one", "shop");
    own.then_fail(SendErrorKind::DeviceOffline);
    let refused = shops.of("tenant-one").start(sample()).await;
    assert!(matches!(refused, Err(StartError::NotSent(_))), "{refused:?}");
    // Silence does not move it over either.
    let started = shops.of("tenant-one").start(sample()).await.unwrap();
    shops.hear("default", "default", "of-another", DeliveryState::Delivered).await;
    shops.desk.clock.advance(seconds(21));
    assert_eq!(shops.desk.worker.send_due().await.unwrap(), 0);
    assert_eq!(shops.delivery("tenant-one", started.id).await, DeliveryState::Accepted);
    assert_eq!((own.count(), backup.count(), shops.desk.provider.count()), (1, 1, 0));
}

#[tokio::test]
async fn silence_moves_the_programs_codes_over_to_the_account() {
    let (shops, backup) = Shops::with_fallback().await;
    shops.of("default").start(sample()).await.unwrap();
    shops.hear("default", "default", "of-another", DeliveryState::Delivered).await;
    shops.desk.clock.advance(seconds(19));
    assert_eq!(shops.desk.worker.send_due().await.unwrap(), 0);
    shops.desk.clock.advance(seconds(1));
    assert_eq!(shops.desk.worker.send_due().await.unwrap(), 1);
    assert_eq!(backup.last_code(&sample_phone()), shops.desk.provider.last_code(&sample_phone()));
}
