//! What `Debug` shows: enough to know what it is, and nothing private. The texts are exact, so that a field that is
//! added is looked at.

use std::fmt::Debug;
use std::sync::Arc;

use wartel_core::{StoreError, StoreErrorKind, TenantId};
use wartel_messaging::DeliveryState;
use wartel_otp::guard::{Guard, GuardContext, PumpingPolicy};
use wartel_otp::ledger::{Locator, PhoneLedger};
use wartel_otp::store::Admission;
use wartel_otp::testing::{MockReverseStore, T0, admit_for, client, phone_number, receipt, sample_phone};
use wartel_otp::{
    Budget, CodeKeys, InboundProof, InboundTrust, MemoryOtpStore, MemoryTallies, MessageTemplates, Nonce,
    OtpStore, Purpose, Rate, Received, ReverseStart, Tally, TallyStore, TestNumber, VerificationId,
};

use crate::desk::{Desk, ip, key, sample, seconds};

fn shows(value: &dyn Debug, expected: &str) {
    assert_eq!(format!("{value:?}"), expected);
}

#[tokio::test]
async fn stores_show_how_much_they_hold() {
    let store = MemoryOtpStore::new();
    shows(&store, "MemoryOtpStore { phones: 0, .. }");
    let request = admit_for(&sample_phone()).client(client(7)).build();
    let purpose = "purpose: Purpose(registration)";
    let who = format!("tenant: TenantId(default), phone: PhoneNumber(…90), {purpose}");
    shows(&request, &format!("Admit {{ {who}, .. }}"));
    let Admission::Send { send, .. } = store.admit(request, T0).await.unwrap() else { panic!("refused") };
    shows(&store, "MemoryOtpStore { phones: 1, .. }");
    let rest = format!("send: {:?}, fence: 1, expires_at: 2026-01-01T00:05:00Z", send.send);
    shows(&send, &format!("LeasedSend {{ {who}, {rest}, .. }}"));
    let tallies = MemoryTallies::new();
    assert!(tallies.is_empty());
    let tally = Tally::new("62812345/203.0.113.0/24", T0, 3, 1);
    shows(&tally, "Tally { slot: 2026-01-01T00:00:00Z, begun: 3, done: 1, .. }");
    tallies.add_tallies(vec![tally]).await.unwrap();
    shows(&tallies, "MemoryTallies { len: 1, .. }");
    assert!(!tallies.is_empty());
    shows(&PhoneLedger::default(), "PhoneLedger { challenges: 0, verifications: 0, proofs: 0, .. }");
}

#[tokio::test]
async fn the_memory_store_counts_all_that_it_holds() {
    let store = MemoryOtpStore::new();
    assert!(store.is_empty());
    let budget = |key: &str| Budget::new(key, Rate::new(9, seconds(60)));
    let shared = ["a", "b", "c", "d"].map(budget);
    for (n, from) in [(1, 1), (1, 2), (2, 1)] {
        let request = admit_for(&phone_number(n)).client(client(from)).shared(shared.clone()).quick().build();
        let now = T0 + seconds(from.into());
        assert!(matches!(store.admit(request, now).await.unwrap(), Admission::Send { .. }));
    }
    let orphan = receipt("fake", Some("m1"), None, DeliveryState::Sent);
    assert!(!store.record_receipt(orphan, T0).await.unwrap());
    // Two phones, three ids, four budgets and a receipt.
    assert_eq!(store.len(), 2 + 3 + 4 + 1);
}

#[test]
fn keys_and_nonces_show_names_only() {
    shows(&CodeKeys::new(&key(), &[]), &format!("CodeKeys {{ current: {:?}, .. }}", key().id()));
    shows(&Nonce::from_bytes([7; 16]), "Nonce(…)");
    shows(&Locator::verification(VerificationId::random()), "Locator(v…)");
    shows(&Locator::idempotency("a-hash"), "Locator(i…)");
    shows(&MessageTemplates::default(), "MessageTemplates");
    let number = TestNumber::new(sample_phone(), "135790", T0).unwrap();
    shows(&number, "TestNumber { until: 2026-01-01T00:00:00Z, .. }");
}

#[test]
fn requests_show_two_digits_of_the_number() {
    let phone = "phone: PhoneNumber(…90)";
    let asked = format!("{phone}, purpose: Purpose(registration), ..");
    shows(&sample().name("Wulandari").client_ip(ip(7)), &format!("Start {{ {asked} }}"));
    shows(
        &ReverseStart::new(sample_phone(), Purpose::REGISTRATION).client_ip(ip(7)),
        &format!("ReverseStart {{ {asked} }}"),
    );
    let who = GuardContext::new(TenantId::default(), sample_phone()).client_ip(Some(ip(7)));
    shows(&who, &format!("GuardContext {{ tenant: TenantId(default), {phone}, .. }}"));
    let message = InboundProof::new(sample_phone(), "123456", InboundTrust::Signed);
    shows(&message, "InboundProof { from: PhoneNumber(…90), source: Signed, .. }");
}

#[test]
fn what_a_message_was_shows_no_id() {
    let id = VerificationId::random();
    for (received, shown) in [
        (Received::Confirmed { id }, "Confirmed"),
        (Received::Repeated { id }, "Repeated"),
        (Received::Expired, "Expired"),
        (Received::NoMatch { left: 3 }, "NoMatch(3)"),
        (Received::NotForUs, "NotForUs"),
        (Received::Refused, "Refused"),
    ] {
        shows(&received, shown);
    }
}

#[tokio::test]
async fn engines_show_their_policies() {
    let desk = Desk::with(|builder| builder.reverse_store(Arc::new(MemoryOtpStore::new())));
    let shown = format!("{:?}", desk.otp);
    assert!(shown.contains("hasher: RequestHasher,"), "{shown}");
    let started = desk.otp.start_reverse(ReverseStart::new(sample_phone(), Purpose::LOGIN)).await.unwrap();
    let life = format!("expires_at: {:?}", started.expires_at);
    shows(&started, &format!("ReverseStarted {{ phone: PhoneNumber(…90), {life}, .. }}"));
    let mut store = MockReverseStore::new();
    store.expect_open_reverse().times(1).returning(|request, _| {
        let who = "tenant: TenantId(default), phone: PhoneNumber(…90), purpose: Purpose(login)";
        shows(&request, &format!("OpenReverse {{ {who}, .. }}"));
        Err(StoreError::new(StoreErrorKind::Unavailable, "otp.open_reverse"))
    });
    let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
    let start = ReverseStart::new(sample_phone(), Purpose::LOGIN).client_ip(ip(7));
    assert!(desk.otp.start_reverse(start).await.is_err());
    let policy = PumpingPolicy::default();
    let guard = Guard::new(policy, Arc::new(MemoryTallies::new())).unwrap();
    shows(&guard, &format!("Guard {{ policy: {policy:?}, .. }}"));
}
