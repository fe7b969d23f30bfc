//! The consumers: what comes in through the inbox moves deliveries and confirms reverse verifications.

use std::sync::Arc;

use wartel_core::{AccountId, Jid, TenantId, Timestamp};
use wartel_messaging::inbox::{InboundConsumer as _, InboxEntry, InboxEntryId, InboxEvent, InboxKind};
use wartel_messaging::{
    Authenticity, ContactAddress, DeliveryReceipt, DeliveryState, InboundContent, InboundMessage,
    ProviderMessageId, ReceiptKey,
};
use wartel_otp::testing::{phone_number, sample_phone};
use wartel_otp::{
    Claim, MemoryOtpStore, Purpose, ReceiptConsumer, ReverseConsumer, ReverseStart, ReverseStarted,
};

use crate::desk::{Desk, sample};

fn entry(tenant: &str, authenticity: Authenticity, event: InboxEvent) -> InboxEntry {
    let tenant = TenantId::parse(tenant).unwrap();
    InboxEntry::new(
        InboxEntryId::random(),
        tenant,
        AccountId::default(),
        authenticity,
        event,
        Timestamp::EPOCH,
    )
}

fn said(from: ContactAddress, text: &str) -> InboxEvent {
    InboxEvent::Message(InboundMessage::new(from, InboundContent::text(text)))
}

fn desk() -> (Desk, ReverseConsumer) {
    let store = MemoryOtpStore::new();
    let reverse = Arc::new(store.clone());
    let desk = Desk::around(
        wartel_messaging::testing::FakeProvider::default(),
        store,
        wartel_core::ManualClock::default(),
        |builder| builder.reverse_store(reverse),
    );
    let consumer = ReverseConsumer::new(desk.otp.clone());
    (desk, consumer)
}

async fn begin(desk: &Desk) -> ReverseStarted {
    desk.otp.start_reverse(ReverseStart::new(sample_phone(), Purpose::REGISTRATION)).await.unwrap()
}

async fn is_confirmed(desk: &Desk, started: &ReverseStarted) -> bool {
    matches!(desk.otp.claim(started.id).await.unwrap(), Claim::Approved(_))
}

#[tokio::test]
async fn a_receipt_moves_the_delivery() {
    let desk = Desk::new();
    let started = desk.otp.start(sample()).await.unwrap();
    let consumer = ReceiptConsumer::new(desk.otp.clone());
    assert_eq!(consumer.kinds(), [InboxKind::Receipt]);
    let key = ReceiptKey::new(Some(ProviderMessageId::new("fake-1")), None).unwrap();
    let news = InboxEvent::Receipt(DeliveryReceipt::new("fake", key, DeliveryState::Read));
    // At least once: twice changes nothing.
    for _ in 0..2 {
        consumer.take(&entry("default", Authenticity::TokenOnly, news.clone())).await.unwrap();
        let view = desk.otp.get(started.id).await.unwrap().unwrap();
        assert_eq!(view.delivery, DeliveryState::Read);
    }
}

#[tokio::test]
async fn a_signed_message_confirms_and_comes_again_without_harm() {
    let (desk, consumer) = desk();
    assert_eq!(consumer.kinds(), [InboxKind::Message]);
    let started = begin(&desk).await;
    let message = said(sample_phone().into(), started.text.expose());
    for _ in 0..2 {
        consumer.take(&entry("default", Authenticity::Signed, message.clone())).await.unwrap();
    }
    assert!(is_confirmed(&desk, &started).await);
}

#[tokio::test]
async fn what_proves_nothing_confirms_nothing() {
    let (desk, consumer) = desk();
    let started = begin(&desk).await;
    let text = started.text.expose();
    let lid = Jid::parse("123456789012345@lid").unwrap();
    let hidden = ContactAddress::new(None, Some(lid)).unwrap();
    for (tenant, authenticity, from) in [
        ("default", Authenticity::TokenOnly, sample_phone().into()),
        ("toko-lain", Authenticity::Signed, sample_phone().into()),
        ("default", Authenticity::Signed, phone_number(2).into()),
        ("default", Authenticity::Signed, hidden.clone()),
    ] {
        consumer.take(&entry(tenant, authenticity, said(from, text))).await.unwrap();
        assert!(!is_confirmed(&desk, &started).await, "{tenant} {authenticity:?}");
    }
    // The contact has the number by now, from a source that proves less than this request.
    let known = wartel_messaging::inbox::Contact::new(
        wartel_messaging::inbox::ContactId::random(),
        &sample_phone().into(),
        Timestamp::EPOCH,
    );
    let linked = entry("default", Authenticity::Signed, said(hidden, text)).with_contact(Some(known));
    consumer.take(&linked).await.unwrap();
    assert!(!is_confirmed(&desk, &started).await);
}
