//! What must not be seen: not in logs, not in `Debug`, not in errors, not in what the store keeps.

use std::fmt::Debug;
use std::sync::Arc;

use wartel_core::{Clock, TenantId};
use wartel_messaging::SendErrorKind;
use wartel_otp::ledger::Locator;
use wartel_otp::store::{Admission, Attempt, DeliveryRecord, SendOutcome, Target};
use wartel_otp::testing::{T0, admit_for, attempt, client, proof_hash, redeem, sample_phone};
use wartel_otp::{
    Budget, Check, CheckTarget, CodeKeys, MemoryOtpStore, Nonce, OtpService, OtpStore, ProofToken, Purpose,
    Rate, Start,
};

use crate::desk::{Desk, another, approved, ip, key, sample, seconds};
use crate::json_store::JsonStore;
use crate::logs;

/// Everything of this person that nobody but she may see.
fn private(desk: &Desk) -> Vec<String> {
    let code = desk.code();
    let phone = sample_phone();
    vec![
        code,
        phone.digits().to_owned(),
        "81234567890".to_owned(),
        "Wulandari".to_owned(),
        "203.0.113.7".to_owned(),
    ]
}

fn assert_hidden(shown: &str, secrets: &[String]) {
    for secret in secrets {
        assert!(!shown.contains(secret.as_str()), "something private is shown");
    }
}

/// Every way through the engine; answers the token of a proof.
async fn every_way(desk: &Desk) -> String {
    let ask = || sample().client_ip(ip(7)).name("Wulandari");
    desk.provider.then_fail(SendErrorKind::NotOnWhatsApp);
    let refused = desk.otp.start(ask()).await.unwrap_err();
    let started = desk.otp.start(ask()).await.unwrap();
    let too_soon = desk.otp.start(ask()).await.unwrap_err();
    let code = desk.code();
    let malformed = desk.otp.check(started.id, "123").await.unwrap_err();
    desk.otp.check(started.id, &another(&code)).await.unwrap();
    desk.clock.advance(seconds(60));
    desk.provider.then_lose_answer();
    desk.otp.start(ask()).await.unwrap();
    let proof = approved(desk.otp.check(started.id, &code).await.unwrap());
    let token = proof.expose().to_owned();
    let not_verified = desk.otp.redeem(proof.clone(), Purpose::LOGIN, "a").await.unwrap_err();
    desk.otp.redeem(proof, Purpose::REGISTRATION, "a").await.unwrap();
    desk.worker.send_due().await.unwrap();
    desk.worker.purge().await.unwrap();
    let mut secrets = private(desk);
    secrets.push(token.clone());
    for shown in [
        format!("{refused} {refused:?}"),
        format!("{too_soon} {too_soon:?}"),
        format!("{malformed} {malformed:?}"),
        format!("{not_verified} {not_verified:?}"),
        format!("{:?} {:#?}", desk.otp, desk.worker),
    ] {
        assert_hidden(&shown, &secrets);
    }
    token
}

#[tokio::test]
async fn logs_show_nothing_private() {
    let desk = Desk::new();
    logs::listen();
    let token = every_way(&desk).await;
    let text = logs::heard();
    let mut secrets = private(&desk);
    secrets.push(token);
    assert_hidden(&text, &secrets);
    let sent = text.lines().filter(|line| line.contains("handed over")).collect::<Vec<_>>();
    assert_eq!(sent.len(), 2, "{text}");
    assert!(
        sent.iter().all(|line| line.contains(&sample_phone().masked()) && line.contains("fake")),
        "{text}"
    );
    assert_eq!(
        text.lines().filter(|line| line.contains("WARN") && line.contains("not sent")).count(),
        1,
        "{text}"
    );
}

#[tokio::test]
async fn debug_shows_nothing_private() {
    let desk = Desk::new();
    let start: Start = sample().name("Wulandari").client_ip(ip(7));
    let mut shown = format!("{start:?}");
    let mut show = |value: &dyn Debug| shown.push_str(&format!(" {value:?} {value:#?}"));
    let started = desk.otp.start(start).await.unwrap();
    show(&started);
    show(&desk.otp.get(started.id).await.unwrap());
    show(&desk.store.get(&TenantId::default(), &Target::Id(started.id), desk.clock.now()).await.unwrap());
    let check = desk.otp.check(started.id, &desk.code()).await.unwrap();
    show(&check);
    let Check::Approved(proof) = check else { panic!("not approved") };
    let token = proof.expose().to_owned();
    let token_seen = ProofToken::from(token.as_str());
    let hash = token_seen.hash().unwrap();
    show(&(&proof, &token_seen, &hash));
    show(&redeem(&hash, "user-1"));
    show(&desk.store.redeem(redeem(&hash, "user-1"), desk.clock.now()).await.unwrap());

    let request = admit_for(&sample_phone()).client(client(7)).greeting("Wulandari", wartel_core::Locale::Id);
    let budget = Budget::new("default/ip/203.0.113.7/3600", Rate::new(3, seconds(60)));
    let request = request.shared([budget.clone()]).refusals([budget.clone()]);
    show(&(&request, request.build()));
    let store = MemoryOtpStore::new();
    let admission = store.admit(request.build(), T0).await.unwrap();
    show(&admission);
    show(&store);
    let Admission::Send { send, view, .. } = admission else { panic!("refused") };
    show(&(&send, &view, &budget, client(7), send.nonce, Nonce::from_bytes([7; 16])));
    show(&DeliveryRecord::new(&send, "fake", SendOutcome::Unknown, wartel_otp::testing::default_rules()));
    let target = wartel_otp::testing::by_phone(&sample_phone(), Purpose::REGISTRATION, Some(client(7)));
    show(&(
        &target,
        attempt(target.clone(), None, true),
        Locator::verification(started.id),
        Locator::proof(&hash),
    ));
    let checked = CheckTarget::phone(sample_phone(), Purpose::REGISTRATION).client_ip(ip(7));
    show(&(checked.clone(), checked.with_phone(sample_phone())));
    show(&(CodeKeys::new(&key(), &[key()]), OtpService::builder(key()), desk.otp.policy()));
    show(&(&desk.otp, &desk.worker, &desk.store, &desk.provider));

    let mut secrets = private(&desk);
    secrets.extend([token.clone(), token[4..20].to_owned(), hash.as_str().to_owned()]);
    secrets.push(String::from(send.nonce));
    secrets.push(crate::desk::SECRET[..16].to_owned());
    assert_hidden(&shown, &secrets);
}

#[tokio::test]
async fn the_store_keeps_neither_code_nor_token_nor_number() {
    let store = JsonStore::default();
    let shared: Arc<dyn OtpStore> = Arc::new(store.clone());
    let desk = Desk::with(|builder| builder.store(shared));
    let token = every_way(&desk).await;
    let documents = store.written();
    assert!(documents.len() >= 5);
    let secrets =
        [desk.code(), sample_phone().digits().to_owned(), "81234567890".to_owned(), token[4..].to_owned()];
    for document in &documents {
        assert_hidden(document, &secrets);
    }
}

#[tokio::test]
async fn an_attempt_is_kept_by_its_hash_only() {
    let attempt: Attempt = attempt(Target::Id(wartel_otp::VerificationId::random()), None, true);
    let other = proof_hash();
    assert_ne!(attempt.proof_hash, other);
    assert_eq!(other.as_str().len(), 64);
}
