//! What messages prove, and what they do not.

use super::*;

#[tokio::test]
async fn a_message_from_the_claimed_number_proves_it() {
    let desk = desk();
    let started = begin(&desk).await;
    assert_eq!(started.phone, sample_phone());
    assert_eq!(digits(&started).len(), 6);
    assert_eq!(started.text.expose(), format!("Verifikasi Toko Budi: {}", digits(&started)));
    assert!(started.link.is_none(), "our number is not known");
    let Claim::Pending { expires_at } = desk.otp.claim(started.id).await.unwrap() else { panic!("claimed") };
    assert_eq!(expires_at, started.expires_at);
    let received = say(&desk, &sample_phone(), started.text.expose()).await;
    assert!(received == Received::Confirmed { id: started.id }, "{received:?}");
    let view = desk.otp.get(started.id).await.unwrap().unwrap();
    assert_eq!(view.state, VerificationState::Approved);
    let proof = proof_of(desk.otp.claim(started.id).await.unwrap());
    assert_eq!(desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await.unwrap(), sample_phone());
    assert!(is_nothing(&desk.otp.claim(started.id).await.unwrap()));
    assert_eq!(desk.provider.calls(), 0, "it costs no message");
}

#[tokio::test]
async fn the_code_is_read_however_it_is_written() {
    let desk = desk();
    for write in [
        |code: &str| code.to_owned(),
        |code: &str| format!("  {} {} ", &code[..3], &code[3..]),
        |code: &str| format!("halo kak, kode saya {}-{} ya, terima kasih", &code[..3], &code[3..]),
        |code: &str| format!("*{code}*: Toko 987650"),
        |code: &str| format!("Toko 24 jam 987650 0812-3456-7890: *{code}*"),
    ] {
        let started = begin(&desk).await;
        let received = say(&desk, &sample_phone(), &write(&digits(&started))).await;
        assert!(received == Received::Confirmed { id: started.id }, "{received:?}");
        proof_of(desk.otp.claim(started.id).await.unwrap());
    }
}

#[tokio::test]
async fn other_numbers_and_tenants_prove_nothing() {
    let desk = desk();
    let started = begin(&desk).await;
    let text = started.text.expose();
    assert!(say(&desk, &phone_number(2), text).await == Received::NotForUs);
    let other = desk.otp.for_tenant(TenantId::parse("toko-lain").unwrap());
    let message = InboundProof::new(sample_phone(), text, InboundTrust::Signed);
    assert!(other.receive(message).await.unwrap() == Received::NotForUs);
    assert!(is_nothing(&other.claim(started.id).await.unwrap()));
    assert!(matches!(desk.otp.claim(started.id).await.unwrap(), Claim::Pending { .. }));
    // Of two who wait for the same number each is proven by its own code.
    let second = begin(&desk).await;
    assert!(say(&desk, &sample_phone(), second.text.expose()).await == Received::Confirmed { id: second.id });
    assert!(matches!(desk.otp.claim(started.id).await.unwrap(), Claim::Pending { .. }));
}

#[tokio::test]
async fn only_signed_sources_prove_anything() {
    logs::listen();
    let unsigned = |text: &str| InboundProof::new(sample_phone(), text, InboundTrust::TokenOnly);
    let strict = desk();
    let started = begin(&strict).await;
    let text = started.text.expose();
    assert!(strict.otp.receive(unsigned(text)).await.unwrap() == Received::Refused);
    assert!(strict.otp.receive(unsigned("halo")).await.unwrap() == Received::NotForUs);
    assert!(matches!(strict.otp.claim(started.id).await.unwrap(), Claim::Pending { .. }));
    assert!(say(&strict, &sample_phone(), text).await == Received::Confirmed { id: started.id });
    assert_eq!(logs::heard().lines().filter(|line| line.contains("WARN")).count(), 1);

    let daring = desk_with(|builder| builder.dangerous_accept_unsigned_inbound(true));
    let started = begin(&daring).await;
    let received = daring.otp.receive(unsigned(started.text.expose())).await.unwrap();
    assert!(received == Received::Confirmed { id: started.id });
}

#[tokio::test]
async fn repeated_and_late_codes_are_known_as_such() {
    let desk = desk();
    let first = begin(&desk).await;
    say(&desk, &sample_phone(), first.text.expose()).await;
    assert!(say(&desk, &sample_phone(), first.text.expose()).await == Received::Repeated { id: first.id });
    let second = begin(&desk).await;
    desk.clock.advance(seconds(300));
    assert!(say(&desk, &sample_phone(), second.text.expose()).await == Received::Expired);
    assert!(is_nothing(&desk.otp.claim(second.id).await.unwrap()));
    let third = begin(&desk).await;
    assert!(desk.otp.cancel(third.id).await.unwrap());
    assert!(say(&desk, &sample_phone(), third.text.expose()).await == Received::Expired);
    assert!(is_nothing(&desk.otp.claim(third.id).await.unwrap()));
    // The first proof is still there to be claimed.
    proof_of(desk.otp.claim(first.id).await.unwrap());
}

#[tokio::test]
async fn ten_wrong_codes_end_it() {
    let desk = desk();
    let started = begin(&desk).await;
    let wrong = another(&digits(&started));
    assert!(say(&desk, &sample_phone(), "halo, harga 150000000?").await == Received::NotForUs);
    for left in (0..10).rev() {
        assert!(say(&desk, &sample_phone(), &wrong).await == Received::NoMatch { left });
    }
    assert!(say(&desk, &sample_phone(), &wrong).await == Received::NotForUs);
    assert!(say(&desk, &sample_phone(), &digits(&started)).await == Received::Expired);
    assert_eq!(desk.otp.get(started.id).await.unwrap().unwrap().state, VerificationState::Locked);
    // The checks of a code that we send are all there.
    let forward = desk.start().await;
    assert_eq!(forward.attempts_left, 5);
    approved(desk.otp.check(forward.id, &desk.code()).await.unwrap());
}

#[tokio::test]
async fn one_message_is_one_wrong_code_however_many_are_in_it() {
    let desk = desk();
    let started = begin(&desk).await;
    let wrong = another(&digits(&started));
    assert!(
        say(&desk, &sample_phone(), &format!("{wrong}, {wrong}, {wrong}")).await
            == Received::NoMatch { left: 9 }
    );
}

#[tokio::test]
async fn a_check_is_not_the_way_to_prove_it() {
    let desk = desk();
    let started = begin(&desk).await;
    for code in [digits(&started), another(&digits(&started))] {
        assert!(matches!(desk.otp.check(started.id, &code).await.unwrap(), Check::NoActiveCode));
    }
    assert!(matches!(desk.otp.claim(started.id).await.unwrap(), Claim::Pending { .. }));
    let forward = desk.start().await;
    assert!(is_nothing(&desk.otp.claim(forward.id).await.unwrap()));
}

#[tokio::test]
async fn a_code_of_one_direction_is_none_of_the_other() {
    let desk = desk();
    let started = begin(&desk).await;
    desk.start().await;
    let (sent, shown) = (desk.code(), digits(&started));
    assert_ne!(sent, shown, "two random codes that are the same: one in a million");
    assert!(say(&desk, &sample_phone(), &sent).await == Received::NoMatch { left: 9 });
    // Not even with the same nonce: the keys differ.
    let store = MemoryOtpStore::new();
    let desk = around(store.clone(), ManualClock::default(), |builder| builder);
    let started = begin(&desk).await;
    let target = ReverseTarget::Id(started.id);
    let now = desk.otp.clock().now();
    let found = store.read_reverse(&TenantId::default(), &target, now).await.unwrap();
    let challenge = &found[0];
    let nonce: Nonce = challenge.nonce;
    let forward = CodeKeys::new(&key(), &[])
        .derive(&challenge.key, &TenantId::default(), &challenge.purpose, &challenge.phone, &nonce, 6)
        .unwrap();
    assert_ne!(forward.expose().expose(), digits(&started));
}

#[tokio::test]
async fn the_own_id_keeps_its_code() {
    let desk = desk();
    let first = begin(&desk).await;
    desk.clock.advance(seconds(100));
    let again = desk.otp.start_reverse(wish().own_id(Some(first.id)).locale(Locale::En)).await.unwrap();
    assert_eq!((again.id, digits(&again)), (first.id, digits(&first)));
    assert_eq!(again.text.expose(), format!("Verification for Toko Budi: {}", digits(&first)));
    assert_eq!(again.expires_at, first.expires_at + seconds(100));
    let stranger = begin(&desk).await;
    assert_ne!(stranger.id, first.id);
}

#[tokio::test]
async fn the_link_writes_the_text_to_our_number() {
    let ours = phone_number(7);
    let desk = desk_with(|builder| builder.our_number(ours.clone()));
    let started = begin(&desk).await;
    let expected =
        format!("https://wa.me/{}?text=Verifikasi%20Toko%20Budi%3A%20{}", ours.digits(), digits(&started));
    assert_eq!(started.link.unwrap().expose(), expected);
    let of_tenant = phone_number(8);
    let started = desk.otp.start_reverse(wish().our_number(of_tenant.clone())).await.unwrap();
    assert!(started.link.unwrap().expose().starts_with(&format!("https://wa.me/{}?", of_tenant.digits())));
}

#[tokio::test(start_paused = true)]
async fn who_waits_is_told_at_once() {
    let desk = desk();
    let started = begin(&desk).await;
    let seen = desk.otp.get(started.id).await.unwrap().unwrap();
    let (otp, id) = (desk.otp.clone(), started.id);
    let waiting = tokio::spawn(async move { otp.changed(id, &seen, seconds(30)).await.unwrap().unwrap() });
    tokio::task::yield_now().await;
    let began = tokio::time::Instant::now();
    say(&desk, &sample_phone(), started.text.expose()).await;
    assert_eq!(waiting.await.unwrap().state, VerificationState::Approved);
    // A waiter reads ten times in a second at the most.
    assert!(began.elapsed() <= std::time::Duration::from_millis(100), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_thousand_messages_one_confirms_and_of_a_thousand_claims_one_proves() {
    let desk = desk();
    for _ in 0..3 {
        let started = begin(&desk).await;
        let text = Arc::new(started.text.expose().to_owned());
        let mut messages = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let (otp, text) = (desk.otp.clone(), Arc::clone(&text));
            messages.spawn(async move {
                let message = InboundProof::new(sample_phone(), text.as_str(), InboundTrust::Signed);
                otp.receive(message).await.unwrap()
            });
        }
        let received = messages.join_all().await;
        assert_eq!(received.iter().filter(|one| **one == Received::Confirmed { id: started.id }).count(), 1);
        assert_eq!(received.iter().filter(|one| **one == Received::Repeated { id: started.id }).count(), 999);
        let mut claims = tokio::task::JoinSet::new();
        for _ in 0..1_000 {
            let otp = desk.otp.clone();
            claims.spawn(async move { otp.claim(started.id).await.unwrap() });
        }
        let claims = claims.join_all().await;
        assert_eq!(claims.iter().filter(|claim| matches!(claim, Claim::Approved(_))).count(), 1);
        assert_eq!(claims.iter().filter(|claim| is_nothing(claim)).count(), 999);
    }
}

/// A code that has had its effect is no wrong one, though another one is waited for.
#[tokio::test]
async fn a_code_of_before_costs_those_who_wait_nothing() {
    let desk = desk();
    let (used, cancelled, waits) = (begin(&desk).await, begin(&desk).await, begin(&desk).await);
    assert!(say(&desk, &sample_phone(), &digits(&used)).await == Received::Confirmed { id: used.id });
    assert!(desk.otp.cancel(cancelled.id).await.unwrap());
    for _ in 0..20 {
        assert!(say(&desk, &sample_phone(), &digits(&used)).await == Received::Repeated { id: used.id });
        assert!(say(&desk, &sample_phone(), &digits(&cancelled)).await == Received::Expired);
    }
    assert!(say(&desk, &sample_phone(), &digits(&waits)).await == Received::Confirmed { id: waits.id });
}

#[tokio::test]
async fn a_code_that_is_written_twice_is_the_code() {
    let desk = desk();
    let started = begin(&desk).await;
    let twice = format!("{0}\nkode: {0}", digits(&started));
    assert!(say(&desk, &sample_phone(), &twice).await == Received::Confirmed { id: started.id });
}
