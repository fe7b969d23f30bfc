//! A person signs up, and what does not count as that.

use std::time::{Duration, Instant};

use serde_json::json;
use wartel_tests::flows::{code_in, wrong};

use super::{DIGITS, PHONE, SECRET, Stage, WEBHOOK_TOKEN, on_every_store};

on_every_store!(
    a_person_signs_up,
    a_proof_is_good_once_and_for_its_phone_only,
    wrong_codes_count_down_and_lock,
    names_are_harmless_text,
);

async fn a_person_signs_up(stage: Stage) {
    let asked = stage.api.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(asked.status, 200);
    assert_eq!(asked.body["success"], json!(true));
    assert_eq!(asked.text("/message"), "Kode OTP telah dikirim ke WhatsApp Anda");
    assert_eq!(asked.text("/data/phone"), "+62812•••••890");
    assert_eq!(asked.text("/data/delivery"), "accepted");

    let code = stage.code(DIGITS).await;
    let requests = stage.sandbox.requests();
    let request = requests.iter().find(|request| request.path.ends_with("/send")).unwrap();
    assert_eq!(request.field("target"), Some(DIGITS));
    assert_eq!(request.field("countryCode"), Some("62"));

    let verified = stage.api.verify_otp(PHONE, &code).await.unwrap();
    assert_eq!((verified.status.as_u16(), &verified.body["data"]["whatsapp_verified"]), (200, &json!(true)));
    let proof = verified.text("/data/proof");
    let registered = stage.api.register(&proof, "Test User").await.unwrap();
    assert_eq!(registered.status, 201, "{}", registered.body);
    let confirmation = stage.sandbox.wait_for_message(DIGITS, Duration::from_secs(10)).await.unwrap();
    assert!(confirmation.text.contains(&registered.text("/data/registration_id")));

    // The provider's receipts move the delivery state.
    let path = format!("/api/verifications/{}", asked.text("/data/verification_id"));
    let started = Instant::now();
    loop {
        let now = stage.api.get(&path).await.unwrap();
        assert_eq!(now.text("/data/state"), "approved");
        if now.text("/data/delivery") == "delivered" {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{}", now.body);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }

    let metrics = reqwest::get(stage.api.url("/metrics")).await.unwrap().text().await.unwrap();
    assert!(
        metrics.contains("wartel_messages_total{provider=\"fonnte\",outcome=\"accepted\"} 2"),
        "{metrics}"
    );
    assert!(!metrics.contains("81234567890"));

    let log = stage.service.printed();
    let sent: Vec<_> =
        log.lines().filter(|line| line.contains(" sent ") && line.contains("one_time_code")).collect();
    assert_eq!(sent.len(), 1, "{log}");
    assert!(sent[0].contains("+62812•••••890") && sent[0].contains("fonnte"), "{}", sent[0]);
    for secret in [&code, &proof, "81234567890", stage.sandbox.token(), WEBHOOK_TOKEN, SECRET, "Test User"] {
        assert!(!log.contains(secret), "the log holds a secret");
    }
    let files = stage.store.dump().await;
    assert!(holds(&files, "+6281234567890"), "what is stored was found");
    for secret in [&code, &proof] {
        assert!(!holds(&files, secret), "the store holds a secret");
    }
    assert!(stage.service.stop(), "the service ends well when asked to");
}

async fn a_proof_is_good_once_and_for_its_phone_only(stage: Stage) {
    stage.api.request_otp(PHONE, "Test User").await.unwrap();
    let code = stage.code(DIGITS).await;
    let proof = stage.api.verify_otp(PHONE, &code).await.unwrap().text("/data/proof");

    let claim = json!({"phone": PHONE, "full_name": "Test User", "whatsapp_verified": true});
    let path = "/api/registrations/public";
    assert_eq!(stage.api.post(path, &claim).await.unwrap().problem(), (403, "phone_not_verified".to_owned()));
    let other = json!({"proof": proof, "phone": "081234567891", "full_name": "Test User"});
    assert_eq!(stage.api.post(path, &other).await.unwrap().problem(), (403, "phone_not_verified".to_owned()));
    let nameless = json!({"proof": proof, "full_name": "B"});
    assert_eq!(stage.api.post(path, &nameless).await.unwrap().problem(), (400, "invalid_request".to_owned()));

    assert_eq!(stage.api.register(&proof, "Test User").await.unwrap().status, 201);
    assert_eq!(
        stage.api.register(&proof, "Test User").await.unwrap().problem(),
        (409, "already_registered".to_owned())
    );
    assert_eq!(
        stage.api.verify_otp(PHONE, &code).await.unwrap().problem(),
        (410, "no_active_code".to_owned())
    );
}

async fn wrong_codes_count_down_and_lock(stage: Stage) {
    let asked = stage.api.request_otp(PHONE, "Test User").await.unwrap();
    let code = stage.code(DIGITS).await;
    for left in [4, 3, 2, 1, 0] {
        let answer = stage.api.verify_otp(PHONE, &wrong(&code)).await.unwrap();
        assert_eq!(answer.problem(), (422, "wrong_code".to_owned()));
        assert_eq!(answer.body["attempts_left"], json!(left));
    }
    let locked = stage.api.verify_otp(PHONE, &code).await.unwrap();
    assert_eq!(locked.problem(), (429, "too_many_attempts".to_owned()));
    assert!(locked.retry_after.is_some_and(|seconds| (1..=60).contains(&seconds)));
    let again = stage.api.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(again.problem(), (429, "resend_too_soon".to_owned()));
    assert!(again.retry_after.is_some());
    let path = format!("/api/verifications/{}", asked.text("/data/verification_id"));
    assert_eq!(stage.api.get(&path).await.unwrap().text("/data/state"), "locked");
}

async fn names_are_harmless_text(stage: Stage) {
    for (n, name) in ["👩‍👧 Ayu", "'; DROP TABLE wartel_otp_phones; --", "*123456*", "Budi http://example.com"]
        .iter()
        .enumerate()
    {
        let (phone, digits) = (format!("0812000001{n:02}"), format!("62812000001{n:02}"));
        assert_eq!(stage.api.request_otp(&phone, name).await.unwrap().status, 200, "{name}");
        let text = stage.sandbox.wait_for_message(&digits, Duration::from_secs(10)).await.unwrap().text;
        let bold = text.lines().filter(|line| line.starts_with('*')).count();
        assert_eq!(bold, 1, "one code in: {text}");
        assert!(!text.contains("123456*\n\n") || code_in(&text).is_some());
        assert!(
            !text.contains("example.com") && !text.contains("DROP TABLE wartel_otp_phones; --,\n*"),
            "{text}"
        );
        let verified = stage.api.verify_otp(&phone, &code_in(&text).unwrap()).await.unwrap();
        let proof = verified.text("/data/proof");
        assert_eq!(stage.api.register(&proof, name).await.unwrap().status, 201, "{name}");
        let text = stage.sandbox.wait_for_message(&digits, Duration::from_secs(10)).await.unwrap().text;
        assert!(!text.contains('*'), "no markup from a name: {text}");
    }
    assert!(stage.store.rows().await > 0, "the tables are still there");
}

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}
