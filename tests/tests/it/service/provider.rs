//! What the provider says is told as it is.

use std::time::{Duration, Instant};

use serde_json::json;
use wartel_sandbox::{Endpoint, Fault};
use wartel_tests::flows::Api;
use wartel_tests::process::Service;

use super::{PHONE, WEBHOOK_TOKEN, stage};

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_told_to_everybody() {
    let stage = stage(&[("WHATSAPP_API_TOKEN", "another-made-up-token")]).await;
    let asked = stage.api.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(asked.problem(), (502, "provider_rejected".to_owned()));
    assert_eq!(asked.body["success"], json!(false));
    let ready = stage.api.get("/health/ready").await.unwrap();
    assert_eq!(ready.status, 503);
    assert_eq!(ready.body["checks"]["messaging"]["ok"], json!(false), "{}", ready.body);
    assert_eq!(stage.api.get("/health/live").await.unwrap().status, 200);
    let log = stage.service.printed();
    assert!(!log.lines().any(|line| line.contains("INFO") && line.contains(" sent ")), "{log}");
    assert!(stage.sandbox.messages().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn messaging_that_is_switched_off_is_loud() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &[("WHATSAPP_ENABLED", "false")]);
    let api = Api::new(service.base());
    let asked = api.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(asked.problem(), (503, "messaging_disabled".to_owned()));
    assert!(asked.retry_after.is_some());
    let ready = api.get("/health/ready").await.unwrap();
    assert_eq!((ready.status.as_u16(), &ready.body["checks"]["messaging"]["ok"]), (503, &json!(false)));
    let log = service.printed();
    assert!(
        log.lines().any(|line| line.contains("WARN") && line.contains("WHATSAPP_ENABLED=false")),
        "{log}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_hangs_holds_nobody_up() {
    // Fifty people at fifty addresses: one address may have only so many sends on their way.
    let stage = stage(&[("WARTEL_TRUSTED_PROXIES", "127.0.0.1/32")]).await;
    // One person has a code already.
    stage.api.request_otp("081200000001", "Test User").await.unwrap();
    let code = stage.code("6281200000001").await;

    stage.sandbox.fault(Fault::hang(Duration::from_secs(30)).on(Endpoint::Send));
    let before = median_check(&stage.api, "081200000009").await;
    let mut hanging = tokio::task::JoinSet::new();
    for n in 0..50 {
        let api = stage.api.at_address(format!("10.0.0.{n}"));
        hanging.spawn(async move {
            let started = Instant::now();
            let asked = api.request_otp(&format!("0813000000{n:02}"), "Test User").await.unwrap();
            (asked, started.elapsed())
        });
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    let meanwhile = median_check(&stage.api, "081200000009").await;
    let verified = stage.api.verify_otp("081200000001", &code).await.unwrap();
    assert_eq!(verified.status, 200, "{}", verified.body);
    while let Some(asked) = hanging.join_next().await {
        let (asked, took) = asked.unwrap();
        assert_eq!(asked.status, 202, "{}", asked.body);
        assert!(took < Duration::from_secs(3), "{took:?}");
        assert_ne!(asked.text("/message"), "Kode OTP telah dikirim ke WhatsApp Anda");
        assert!(matches!(asked.text("/data/delivery").as_str(), "queued" | "unknown"));
    }
    // Not a benchmark: a check that waited for the provider would take seconds.
    assert!(meanwhile < before + Duration::from_millis(250), "{before:?} became {meanwhile:?}");
}

async fn median_check(api: &Api, phone: &str) -> Duration {
    let mut times = Vec::new();
    for _ in 0..9 {
        let started = Instant::now();
        assert_eq!(api.verify_otp(phone, "123456").await.unwrap().status, 410);
        times.push(started.elapsed());
    }
    times.sort_unstable();
    times[4]
}

#[tokio::test(flavor = "multi_thread")]
async fn what_became_of_a_send_is_told_as_it_is() {
    let stage = stage(&[]).await;
    stage.sandbox.set_on_whatsapp("6281200000002", false);
    for (n, fault, status, code) in [
        (3, Fault::refuse("insufficient quota"), 502, "provider_rejected"),
        (4, Fault::refuse("target invalid"), 422, "number_not_on_whatsapp"),
        (5, Fault::http_error(500), 503, "provider_unavailable"),
        (6, Fault::malformed(wartel_sandbox::Malformed::Html), 503, "provider_unavailable"),
    ] {
        stage.sandbox.clear_faults();
        stage.sandbox.fault(fault.on(Endpoint::Send));
        let asked = stage.api.request_otp(&format!("08120000000{n}"), "Test User").await.unwrap();
        // Retries after an HTTP 500 may outlast the wait for an answer; the truth is then in the verification.
        if asked.status == 202 {
            let path = format!("/api/verifications/{}", asked.text("/data/verification_id"));
            let started = Instant::now();
            while stage.api.get(&path).await.unwrap().text("/data/delivery") != "failed" {
                assert!(started.elapsed() < Duration::from_secs(25), "{code}");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        } else {
            assert_eq!(asked.problem(), (status, code.to_owned()), "{}", asked.body);
        }
        assert_eq!(
            asked.body.pointer("/data/delivery"),
            asked.body.pointer("/data/delivery").filter(|d| *d != "accepted")
        );
    }
    stage.sandbox.clear_faults();
    stage.sandbox.fault(Fault::cut_after_accept().on(Endpoint::Send).times(1));
    let cut = stage.api.request_otp("081200000007", "Test User").await.unwrap();
    assert_eq!((cut.status.as_u16(), cut.text("/data/delivery").as_str()), (202, "unknown"), "{}", cut.body);

    // Accepted, and later reported as undeliverable.
    let asked = stage.api.request_otp("081200000002", "Test User").await.unwrap();
    let path = format!("/api/verifications/{}", asked.text("/data/verification_id"));
    let started = Instant::now();
    while stage.api.get(&path).await.unwrap().text("/data/delivery") != "failed" {
        assert!(started.elapsed() < Duration::from_secs(10));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_need_their_token() {
    let stage = stage(&[]).await;
    let status =
        json!({"device": "6281100000001", "id": "1", "stateid": "s1", "status": "sent", "state": "sent"});
    assert_eq!(stage.api.post("/webhook/whatsapp/guess", &status).await.unwrap().status, 404);
    let path = format!("/webhook/whatsapp/{WEBHOOK_TOKEN}");
    assert_eq!(stage.api.post(&path, &status).await.unwrap().status, 200);
    assert_eq!(stage.api.post(&path, &json!({"something": "else"})).await.unwrap().status, 200);
    let unreadable =
        stage.api.http().post(stage.api.url(&path)).body("\u{0}").header("content-type", "application/json");
    assert_eq!(unreadable.send().await.unwrap().status(), 400);
}
