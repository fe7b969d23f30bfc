//! Random streams of news about messages: out of order, doubled, lost.
//!
//! 1,000 streams by default; `WARTEL_LONG` multiplies them. The streams are the same in every run.

use wartel_core::Timestamp;
use wartel_messaging::{DeliveryState, ProviderMessageId};
use wartel_otp::store::{Admission, DeliveryRecord, LeasedSend, SendOutcome, Target};
use wartel_otp::testing::{T0, admit_for, client, default_rules, phone_number, receipt};
use wartel_otp::{MemoryOtpStore, OtpStore, Purpose, VerificationId};

use crate::desk::{Dice, rounds, seconds};

const STATES: [DeliveryState; 4] =
    [DeliveryState::Sent, DeliveryState::Failed, DeliveryState::Delivered, DeliveryState::Read];

/// One piece of news of one message.
#[derive(Clone, Debug)]
enum News {
    /// The provider's answer to the send.
    Answer,
    /// A receipt by the first id, by both, or by the second alone.
    First(DeliveryState),
    Both(DeliveryState),
    Second(DeliveryState),
}

/// What of a message has arrived, in the order of arrival.
#[derive(Default)]
struct Message {
    arrived: Vec<News>,
}

impl Message {
    /// The furthest that what arrived tells. By the second id alone a receipt tells nothing until one with both ids
    /// has arrived, and none tells anything before the answer that names the first.
    fn furthest(&self) -> DeliveryState {
        let any = |wanted: fn(&News) -> bool| self.arrived.iter().any(wanted);
        if !any(|news| matches!(news, News::Answer)) {
            return DeliveryState::Queued;
        }
        let learned = any(|news| matches!(news, News::Both(_)));
        let told = self.arrived.iter().filter_map(|news| match news {
            News::Answer => Some(DeliveryState::Accepted),
            News::First(state) | News::Both(state) => Some(*state),
            News::Second(state) => learned.then_some(*state),
        });
        told.max().unwrap()
    }
}

async fn delivery(store: &MemoryOtpStore, id: VerificationId, now: Timestamp) -> DeliveryState {
    let target = Target::Id(id);
    let snapshot = store.get(&wartel_core::TenantId::default(), &target, now).await.unwrap().unwrap();
    snapshot.view.unwrap().delivery
}

/// Two callers of one code with two messages each.
async fn four_messages(store: &MemoryOtpStore, phone: u32) -> Vec<(VerificationId, LeasedSend)> {
    let mut messages = Vec::new();
    for n in 0..4_u8 {
        let request = admit_for(&phone_number(phone)).purpose(Purpose::LOGIN).quick().client(client(n % 2));
        let now = T0 + seconds(2 * u64::from(n));
        let Admission::Send { view, send, .. } = store.admit(request.build(), now).await.unwrap() else {
            panic!("refused")
        };
        messages.push((view.id, send));
    }
    messages
}

/// What arrives of one message, some of it lost and some doubled.
fn stream(dice: &mut Dice) -> Vec<News> {
    let mut news = vec![News::Answer];
    for state in STATES {
        news.extend([News::First(state), News::Both(state), News::Second(state)]);
    }
    // More than half of it is lost, of some messages the answer too.
    news.retain(|news| dice.below(10) < if matches!(news, News::Answer) { 9 } else { 4 });
    let doubled: Vec<News> = news.iter().filter(|_| dice.below(4) == 0).cloned().collect();
    news.extend(doubled);
    news
}

async fn tell(store: &MemoryOtpStore, name: &str, send: &LeasedSend, news: &News, now: Timestamp) {
    let second = format!("s-{name}");
    let (first, second, state) = match news {
        News::Answer => {
            let outcome = SendOutcome::Accepted { message_id: Some(ProviderMessageId::new(name)) };
            store
                .record_delivery(DeliveryRecord::new(send, "fake", outcome, default_rules()), now)
                .await
                .unwrap();
            return;
        }
        News::First(state) => (Some(name), None, *state),
        News::Both(state) => (Some(name), Some(second.as_str()), *state),
        News::Second(state) => (None, Some(second.as_str()), *state),
    };
    store.record_receipt(receipt("fake", first, second, state), now).await.unwrap();
}

/// After each piece of news every caller sees the furthest that has arrived of her messages, and nothing ever falls.
#[tokio::test]
async fn random_streams_end_at_the_furthest_and_never_fall() {
    let (store, mut dice) = (MemoryOtpStore::new(), Dice::new(20_260_101));
    let mut reached = std::collections::BTreeMap::<DeliveryState, u32>::new();
    for round in 0..rounds(1_000) {
        let messages = four_messages(&store, round).await;
        let mut told: Vec<Message> = messages.iter().map(|_| Message::default()).collect();
        let mut all: Vec<(usize, News)> =
            (0..4).flat_map(|of| stream(&mut dice).into_iter().map(move |news| (of, news))).collect();
        dice.shuffle(&mut all);
        let mut shown = [DeliveryState::Queued; 2];
        for (step, (of, news)) in all.into_iter().enumerate() {
            let now = T0 + seconds(10 + step as u64);
            let (_, send) = &messages[of];
            tell(&store, &format!("m-{round}-{of}"), send, &news, now).await;
            told[of].arrived.push(news);
            for (caller, before) in shown.iter_mut().enumerate() {
                let state = delivery(&store, messages[caller].0, now).await;
                let expected = told[caller].furthest().max(told[caller + 2].furthest());
                assert_eq!(state, expected, "stream {round}, step {step}, caller {caller}");
                assert!(state >= *before, "stream {round}, step {step}: {before:?} falls to {state:?}");
                *before = state;
            }
        }
        for state in shown {
            *reached.entry(state).or_default() += 1;
        }
        store.forget(&wartel_core::TenantId::default(), &phone_number(round), T0).await.unwrap();
        store.purge(&default_rules(), 100, T0 + seconds(40 * 86_400)).await.unwrap();
    }
    println!("final states: {reached:?}");
    assert!(reached.len() >= 5, "the streams are too much alike: {reached:?}");
}
