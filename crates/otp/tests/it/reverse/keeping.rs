//! Keys, secrets, crashes, and what is kept.

use super::*;

#[tokio::test]
async fn older_keys_hold_until_they_are_dropped() {
    let (store, clock) = (MemoryOtpStore::new(), ManualClock::default());
    let before = around(store.clone(), clock.clone(), |builder| builder);
    let one = begin(&before).await;
    let two = begin(&before).await;
    let new = MasterKey::generate().unwrap();
    let rebuilt = |previous: Vec<MasterKey>| {
        let (store, new) = (store.clone(), new.clone());
        let builder = wartel_otp::OtpService::builder(new)
            .app_name("Toko Budi")
            .provider(Arc::new(FakeProvider::default()))
            .previous_secrets(previous)
            .clock(Arc::new(clock.clone()))
            .reverse_store(Arc::new(store.clone()))
            .store(Arc::new(store));
        builder.build().unwrap().0
    };
    let rotated = rebuilt(vec![key()]);
    let signed = |text: &str| InboundProof::new(sample_phone(), text, InboundTrust::Signed);
    assert!(rotated.receive(signed(one.text.expose())).await.unwrap() == Received::Confirmed { id: one.id });
    proof_of(rotated.claim(one.id).await.unwrap());
    let dropped = rebuilt(Vec::new());
    assert!(is_nothing(&dropped.claim(two.id).await.unwrap()));
    // It is a wrong code now, which nobody can make right.
    assert!(matches!(dropped.receive(signed(two.text.expose())).await.unwrap(), Received::NoMatch { .. }));
    assert!(matches!(rotated.claim(two.id).await.unwrap(), Claim::Pending { .. }));
}

#[tokio::test]
async fn what_is_private_is_not_shown() {
    logs::listen();
    let desk = desk_with(|builder| builder.our_number(phone_number(7)));
    let start = wish().client_ip(ip(7));
    let mut shown = format!("{start:?}");
    let started = desk.otp.start_reverse(start).await.unwrap();
    let code = digits(&started);
    let message = InboundProof::new(sample_phone(), started.text.expose(), InboundTrust::Signed);
    shown.push_str(&format!("{started:?} {message:?} {:?}", desk.otp));
    let wrong = say(&desk, &sample_phone(), &another(&code)).await;
    let unsigned = InboundProof::new(sample_phone(), code.as_str(), InboundTrust::TokenOnly);
    let refused = desk.otp.receive(unsigned).await.unwrap();
    let confirmed = desk.otp.receive(message).await.unwrap();
    let repeated = say(&desk, &sample_phone(), &code).await;
    let claim = desk.otp.claim(started.id).await.unwrap();
    shown.push_str(&format!("{wrong:?} {refused:?} {confirmed:?} {repeated:?} {claim:?}"));
    let token = proof_of(claim).expose().to_owned();
    shown.push_str(&logs::heard());
    assert!(shown.contains(&sample_phone().masked()), "{shown}");
    let id = started.id.to_string();
    for secret in [code.as_str(), sample_phone().digits(), "81234567890", "203.0.113.7", &token, &id] {
        assert!(!shown.contains(secret), "something private is shown");
    }
}

#[tokio::test]
async fn what_is_kept_gives_no_code_away() {
    let store = JsonStore::default();
    let (otp, _worker) = wartel_otp::OtpService::builder(key())
        .app_name("Toko Budi")
        .provider(Arc::new(FakeProvider::default()))
        .store(Arc::new(store.clone()))
        .reverse_store(Arc::new(store.clone()))
        .build()
        .unwrap();
    let started = otp.start_reverse(wish()).await.unwrap();
    let code = digits(&started);
    let text = started.text.expose();
    otp.receive(InboundProof::new(sample_phone(), text, InboundTrust::Signed)).await.unwrap();
    let proof = proof_of(otp.claim(started.id).await.unwrap());
    let written = store.written().concat();
    assert!(written.contains(&started.id.to_string()));
    for secret in [sample_phone().digits(), proof.expose(), "Verifikasi"] {
        assert!(!written.contains(secret), "something private is kept");
    }
    // Instants, ids and hashes have many digits; a code would stand between quotes or as a number.
    assert!(!written.contains(&format!("\"{code}\"")) && !written.contains(&format!(":{code},")));
}

#[tokio::test]
async fn what_is_dropped_leaves_nothing_behind() {
    let store = JsonStore::default();
    let (otp, _worker) = wartel_otp::OtpService::builder(key())
        .app_name("Toko Budi")
        .provider(Arc::new(FakeProvider::default()))
        .store(Arc::new(store.clone()))
        .reverse_store(Arc::new(store.clone()))
        .build()
        .unwrap();
    for _ in 0..40 {
        let started = otp.start_reverse(wish()).await.unwrap();
        assert!(otp.cancel(started.id).await.unwrap());
    }
    assert_eq!(store.locators(), 17, "sixteen that are over, and the last one");
}

#[tokio::test]
async fn a_crash_before_the_claim_loses_nothing() {
    let (store, clock) = (MemoryOtpStore::new(), ManualClock::default());
    let before = around(store.clone(), clock.clone(), |builder| builder);
    let started = begin(&before).await;
    say(&before, &sample_phone(), started.text.expose()).await;
    drop(before);
    clock.advance(seconds(500));
    let after = around(store, clock, |builder| builder);
    let proof = proof_of(after.otp.claim(started.id).await.unwrap());
    assert_eq!(proof.expires_at(), after.otp.clock().now() + seconds(100));
}

#[tokio::test]
async fn all_of_it_is_purged() {
    let desk = desk();
    for _ in 0..3 {
        let started = begin(&desk).await;
        say(&desk, &sample_phone(), started.text.expose()).await;
        proof_of(desk.otp.claim(started.id).await.unwrap());
    }
    begin(&desk).await;
    desk.clock.advance(seconds(86_400 + 600));
    desk.worker.purge().await.unwrap();
    assert!(desk.store.is_empty(), "{} things are left", desk.store.len());
}
