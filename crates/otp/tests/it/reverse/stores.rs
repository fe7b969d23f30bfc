//! Stores that answer strangely, or not at all.

use super::*;

#[tokio::test]
async fn without_a_store_that_answers_nothing_is_proven() {
    let broken = |step: &'static str| StoreError::new(StoreErrorKind::Unavailable, step);
    let mut store = MockReverseStore::new();
    store.expect_open_reverse().returning(move |_, _| Err(broken("otp.open_reverse")));
    store.expect_read_reverse().returning(move |_, _, _| Err(broken("otp.read_reverse")));
    let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
    let refused = desk.otp.start_reverse(wish()).await.unwrap_err();
    assert!(matches!(refused, StartReverseError::Store(error) if error.step() == "otp.open_reverse"));
    let message = InboundProof::new(sample_phone(), "123456", InboundTrust::Signed);
    assert_eq!(desk.otp.receive(message).await.unwrap_err().step(), "otp.read_reverse");
    assert!(desk.otp.claim(wartel_otp::VerificationId::random()).await.is_err());
}

#[tokio::test]
async fn what_nobody_waits_for_costs_no_write() {
    let mut store = MockReverseStore::new();
    store.expect_read_reverse().times(1).returning(|_, _, _| Ok(Vec::new()));
    store.expect_receive_reverse().times(0);
    let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
    assert!(say(&desk, &sample_phone(), "halo, harga 150000?").await == Received::NotForUs);
    assert!(say(&desk, &sample_phone(), "halo").await == Received::NotForUs, "not even a read");
}

#[tokio::test]
async fn what_was_opened_meanwhile_is_read_again() {
    let real = MemoryOtpStore::new();
    let helper = around(real.clone(), ManualClock::default(), |builder| builder);
    let started = begin(&helper).await;
    let now = helper.otp.clock().now();
    let target = ReverseTarget::Phone(sample_phone());
    let found = real.read_reverse(&TenantId::default(), &target, now).await.unwrap();
    let wrong = another(&digits(&started));
    let message = || InboundProof::new(sample_phone(), wrong.as_str(), InboundTrust::Signed);
    for (stale, fails) in [(2, false), (100, true)] {
        let mut store = MockReverseStore::new();
        let (mut times, found) = (0, found.clone());
        store.expect_read_reverse().returning(move |_, _, _| Ok(found.clone()));
        store.expect_receive_reverse().times(1..10).returning(move |receipt, _| {
            assert!(receipt.matched.is_none() && receipt.seen.len() == 1);
            times += 1;
            Ok(if times <= stale { ReverseOutcome::Stale } else { ReverseOutcome::Wrong { left: 4 } })
        });
        let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
        match desk.otp.receive(message()).await {
            Ok(received) => assert!(!fails && received == Received::NoMatch { left: 4 }),
            Err(error) => assert!(fails && error.kind() == StoreErrorKind::Unexpected),
        }
    }
}

#[tokio::test]
async fn a_code_that_two_wait_for_proves_neither() {
    let real = MemoryOtpStore::new();
    let helper = around(real.clone(), ManualClock::default(), |builder| builder);
    let started = begin(&helper).await;
    let now = helper.otp.clock().now();
    let target = ReverseTarget::Id(started.id);
    let mut twice = real.read_reverse(&TenantId::default(), &target, now).await.unwrap();
    twice.push(twice[0].clone());
    twice[1].id = wartel_otp::VerificationId::random();
    let mut store = MockReverseStore::new();
    store.expect_read_reverse().returning(move |_, _, _| Ok(twice.clone()));
    store.expect_receive_reverse().times(1).returning(|receipt, _| {
        assert!(receipt.matched.is_none() && receipt.seen.len() == 2);
        Ok(ReverseOutcome::Wrong { left: 9 })
    });
    let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
    assert!(say(&desk, &sample_phone(), started.text.expose()).await == Received::NoMatch { left: 9 });
}

/// What was so when the engine read may be over when the store writes: the store's word counts.
#[tokio::test]
async fn the_verdict_of_the_store_is_the_verdict() {
    let real = MemoryOtpStore::new();
    let helper = around(real.clone(), ManualClock::default(), |builder| builder);
    let started = begin(&helper).await;
    let now = helper.otp.clock().now();
    let target = ReverseTarget::Phone(sample_phone());
    let found = real.read_reverse(&TenantId::default(), &target, now).await.unwrap();
    let (code, id) = (digits(&started), started.id);
    for (outcome, text, expected) in [
        (ReverseOutcome::Repeated, code.clone(), Received::Repeated { id }),
        (ReverseOutcome::Over, code.clone(), Received::Expired),
        (ReverseOutcome::NobodyWaits, another(&code), Received::NotForUs),
    ] {
        let found = found.clone();
        let mut store = MockReverseStore::new();
        store.expect_read_reverse().returning(move |_, _, _| Ok(found.clone()));
        store.expect_receive_reverse().returning(move |_, _| Ok(outcome));
        let desk = Desk::with(|builder| builder.reverse_store(Arc::new(store)));
        assert!(say(&desk, &sample_phone(), &text).await == expected, "{outcome:?}");
    }
}
