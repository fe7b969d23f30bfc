use std::time::Duration;

use serde_json::{Value, json};
use wartel_http::HttpConfig;
use wartel_http::axum::http::StatusCode;
use wartel_messaging::{DisabledProvider, RetryAdvice, SendErrorKind};

use crate::app::{
    MASKED, PHONE, REQUEST_OTP, RequestExt as _, Setup, TestApp, json_request, raw_json_request,
};
use crate::store::Mode;

#[tokio::test]
async fn a_code_is_sent() {
    let app = TestApp::new();
    let answer =
        app.post(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"})).await.expect(StatusCode::OK);
    assert_eq!(answer.json["message"], "Kode OTP telah dikirim ke WhatsApp Anda");
    let data = &answer.json["data"];
    assert_eq!(data["phone"], MASKED);
    assert_eq!(data["delivery"], "accepted");
    assert_eq!(data["attempts_left"], 5);
    assert_eq!(data["expires_at"], "2026-01-01T00:05:00Z");
    assert_eq!(data["resend_at"], "2026-01-01T00:01:00Z");
    assert_eq!(data["verification_id"].as_str().unwrap().len(), 36);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert_eq!(answer.header("content-language"), "id");

    let sent = app.provider.sent();
    assert_eq!(sent.len(), 1);
    assert_eq!(sent[0].to.user(), "6281234567890");
    let text = sent[0].text().expose().to_owned();
    assert!(text.contains("Test User") && text.contains("Toko Budi") && text.contains(&app.code(PHONE)));
    // The answer is for whoever typed the number, the code for whoever owns it.
    assert!(!answer.text().contains(&app.code(PHONE)));
    assert!(!answer.text().contains("81234567890"));
}

#[tokio::test]
async fn the_language_is_that_of_the_caller() {
    let app = TestApp::new();
    let request = json_request(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"}));
    let answer = app.call(request.header("accept-language", "en-GB,en;q=0.9")).await.expect(StatusCode::OK);
    assert_eq!(answer.json["message"], "The code was sent to your WhatsApp");
    assert_eq!(answer.header("content-language"), "en");
    assert!(app.provider.sent()[0].text().expose().contains("Thank"), "the message is English too");

    for (language, start) in [("en", "Write"), ("id", "Tulis"), ("fr", "Tulis"), ("en;q=0.1,id", "Tulis")] {
        let request = json_request(REQUEST_OTP, json!({"phone": "0812-3456-7890", "full_name": "Test User"}));
        let answer =
            app.call(request.header("accept-language", language)).await.problem(422, "invalid_phone");
        assert!(answer.json["message"].as_str().unwrap().starts_with(start), "{language}: {}", answer.text());
        assert!(answer.json["errors"][0]["message"].as_str().unwrap().starts_with(start));
        assert!(answer.json["detail"].as_str().unwrap().contains("separators"));
    }
}

#[tokio::test]
async fn every_row_of_the_phone_table() {
    for accepted in [PHONE, "6281234567890", "+6281234567890", "08123456789", "628123456789", "+628123456789"]
    {
        let app = TestApp::new();
        app.post(REQUEST_OTP, json!({"phone": accepted, "full_name": "Test User"}))
            .await
            .expect(StatusCode::OK);
        assert_eq!(app.provider.count(), 1, "{accepted}");
    }
    let long = "0812".repeat(4_000);
    for (refused, suggestion) in [
        ("0812-3456-7890", Some(PHONE)),
        ("81234567890", Some(PHONE)),
        ("0812 3456 7890", Some(PHONE)),
        ("+62 812-3456-7890", Some("+6281234567890")),
        ("006281234567890", Some("+6281234567890")),
        ("+62081234567890", Some("+6281234567890")),
        ("", None),
        ("0812", None),
        ("08123456789012345", None),
        ("0812345O7890", None),
        ("٠٨١٢٣٤٥٦٧٨٩٠", None),
        ("０８１２３４５６７８９０", None),
        ("0812\u{202e}34567890", None),
        ("0812\n34567890", None),
        ("081234567890; DROP TABLE", None),
        ("+", None),
        ("++6281234567890", None),
        (long.as_str(), None),
        // A landline, and a number of another country.
        ("0211234567", None),
    ] {
        let app = TestApp::new();
        let answer = app.post(REQUEST_OTP, json!({"phone": refused, "full_name": "Test User"})).await;
        let answer = answer.problem(422, "invalid_phone");
        assert_eq!(answer.json["suggestion"].as_str(), suggestion, "{refused}");
        assert_eq!(answer.fields(), ["phone"]);
        if let Some(form) = suggestion {
            assert!(answer.json["message"].as_str().unwrap().ends_with(form), "{}", answer.text());
        }
        app.assert_nothing_stored(refused);
    }
}

#[tokio::test]
async fn other_countries_are_refused_by_default() {
    let app = TestApp::new();
    let body = json!({"phone": "+6591234567", "full_name": "Test User"});
    let answer = app.post(REQUEST_OTP, body).await.problem(422, "unsupported_country");
    assert_eq!(answer.fields(), ["phone"]);
    app.assert_nothing_stored("a number of Singapore");
}

#[tokio::test]
async fn wrong_bodies_are_named_and_leave_nothing() {
    let name_of_101 = "a".repeat(101);
    let cases: Vec<(Value, &[&str])> = vec![
        (json!({}), &["phone", "full_name"]),
        (json!({"phone": PHONE}), &["full_name"]),
        (json!({"full_name": "Test User"}), &["phone"]),
        (json!({"phone": null, "full_name": "Test User"}), &["phone"]),
        (json!({"phone": 81_234_567_890_u64, "full_name": "Test User"}), &["phone"]),
        (json!({"phone": {"$ne": ""}, "full_name": ["a"]}), &["phone", "full_name"]),
        (json!({"phone": PHONE, "full_name": "Test User", "verification_id": 7}), &["verification_id"]),
        (json!({"phone": PHONE, "full_name": ""}), &["full_name"]),
        (json!({"phone": PHONE, "full_name": "B"}), &["full_name"]),
        (json!({"phone": PHONE, "full_name": name_of_101}), &["full_name"]),
        (json!({"phone": PHONE, "full_name": "Test\nUser"}), &["full_name"]),
        (json!({"phone": PHONE, "full_name": "Test\u{202e}User"}), &["full_name"]),
        (json!({"phone": PHONE, "full_name": "Test\u{0}User"}), &[]),
        (json!({"phone": "0812\u{0}34567890", "full_name": "Test User"}), &[]),
        (json!({"phone": PHONE, "full_name": "Test User", "other": {"deep": ["\u{0}"]}}), &[]),
    ];
    for (body, fields) in cases {
        let app = TestApp::new();
        let answer = app.post(REQUEST_OTP, body.clone()).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields, "{body}");
        app.assert_nothing_stored(&body.to_string());
    }
}

#[tokio::test]
async fn bodies_that_are_no_objects_are_refused_and_not_repeated() {
    for body in [
        "",
        "{",
        "nonsense-canary",
        "[]",
        "null",
        "\"081234567890\"",
        "{\"phone\":\"0812345",
        "{\"a\":1}{\"b\":2}",
    ] {
        let app = TestApp::new();
        let answer = app.call(raw_json_request(REQUEST_OTP, body)).await.problem(400, "invalid_request");
        assert!(!answer.text().contains("canary") && !answer.text().contains("0812345"), "{}", answer.text());
        app.assert_nothing_stored(body);
    }
    let app = TestApp::new();
    let bytes: &[u8] = b"{\"phone\":\"\xff\xfe\"}";
    app.call(raw_json_request(REQUEST_OTP, bytes)).await.problem(400, "invalid_request");
    let deep = "[".repeat(20_000);
    app.call(raw_json_request(REQUEST_OTP, deep)).await.problem(400, "invalid_request");
    app.assert_nothing_stored("broken bytes");
}

#[tokio::test]
async fn harmless_names_pass_and_unknown_fields_are_ignored() {
    for name in [
        "🎉 Ayu 👩\u{200d}👧",
        "'; DROP TABLE registrations; --",
        "*123456*",
        "<script>alert(1)</script>",
        "山田太郎",
    ] {
        let app = TestApp::new();
        let body = json!({"phone": PHONE, "full_name": name, "whatsapp_verified": true, "other": [1, 2]});
        let answer = app.post(REQUEST_OTP, body).await.expect(StatusCode::OK);
        assert!(!answer.text().contains(name), "what was sent is not repeated");
    }
}

#[tokio::test]
async fn asking_again_too_soon() {
    let app = TestApp::new();
    let first = app.start(PHONE).await;
    app.clock.advance(Duration::from_millis(500));
    let again =
        json!({"phone": PHONE, "full_name": "Test User", "verification_id": first["verification_id"]});
    let answer = app.post(REQUEST_OTP, again.clone()).await.problem(429, "resend_too_soon");
    // 59.5 s remain: rounded up, so that who waits as told is not too early.
    assert_eq!(answer.header("retry-after"), "60");
    assert!(answer.json["message"].as_str().unwrap().contains("60 detik"));

    app.clock.advance(Duration::from_secs(60));
    let answer = app.post(REQUEST_OTP, again).await.expect(StatusCode::OK);
    assert_eq!(answer.json["data"]["verification_id"], first["verification_id"], "the id is kept");
    assert_eq!(app.provider.count(), 2);

    // An empty id is none: the one that was asked for from the same address is kept.
    app.clock.advance(Duration::from_secs(120));
    let empty = json!({"phone": PHONE, "full_name": "Test User", "verification_id": ""});
    let answer = app.post(REQUEST_OTP, empty).await.expect(StatusCode::OK);
    assert_eq!(answer.json["data"]["verification_id"], first["verification_id"]);
}

#[tokio::test]
async fn names_with_hidden_links_are_not_greeted() {
    for name in
        ["Kunjungi toko\u{200d}.com", "toko\u{301}.com", "toko\u{34f}.com", "tok0\u{fe0f}.me", "👍.me toko"]
    {
        let app = TestApp::new();
        app.post(REQUEST_OTP, json!({"phone": PHONE, "full_name": name})).await.expect(StatusCode::OK);
        let text = app.provider.sent()[0].text().expose().to_owned();
        assert!(text.starts_with("Halo,") && !text.contains("tok"), "{name:?}: {text}");
    }
}

#[tokio::test]
async fn ids_that_are_none_count_as_none() {
    for id in [json!("nonsense"), json!(""), json!(null), json!("00000000-0000-4000-8000-000000000000")] {
        let app = TestApp::new();
        let body = json!({"phone": PHONE, "full_name": "Test User", "verification_id": id});
        app.post(REQUEST_OTP, body).await.expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn too_many_codes_from_one_address() {
    let app = TestApp::new();
    let ask = |n: u32, peer: &str, forwarded: &str| {
        let body = json!({"phone": format!("0812{n:08}"), "full_name": "Test User"});
        app.call(json_request(REQUEST_OTP, body).from(peer).header("x-forwarded-for", forwarded))
    };
    // A made-up header buys a stranger nothing.
    for n in 0..30 {
        ask(n, "203.0.113.9", &format!("198.51.100.{n}")).await.expect(StatusCode::OK);
    }
    let answer = ask(30, "203.0.113.9", "192.0.2.1").await.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "3600");
    ask(31, "203.0.113.10", "192.0.2.1").await.expect(StatusCode::OK);
    assert_eq!(app.http.forwarded_ignored(), 32);
}

#[tokio::test]
async fn a_listed_proxy_names_the_caller() {
    let mut config = HttpConfig::default();
    config.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let app = TestApp::with(Setup { config, ..Setup::default() });
    let ask = |n: u32, forwarded: &str| {
        let body = json!({"phone": format!("0812{n:08}"), "full_name": "Test User"});
        app.call(json_request(REQUEST_OTP, body).from("::ffff:10.0.0.1").header("x-forwarded-for", forwarded))
    };
    for n in 0..30 {
        ask(n, &format!("192.0.2.{n}, 198.51.100.7")).await.expect(StatusCode::OK);
    }
    ask(30, "192.0.2.99, 198.51.100.7").await.problem(429, "rate_limited");
    ask(31, "198.51.100.8").await.expect(StatusCode::OK);
    assert_eq!(app.http.forwarded_ignored(), 0);
}

#[tokio::test]
async fn callers_without_an_address_share_one_limit() {
    let app = TestApp::new();
    let ask = |n: u32| {
        let body = json!({"phone": format!("0812{n:08}"), "full_name": "Test User"});
        let mut request = json_request(REQUEST_OTP, body);
        request.extensions_mut().clear();
        app.call(request)
    };
    for n in 0..30 {
        ask(n).await.expect(StatusCode::OK);
    }
    ask(30).await.problem(429, "rate_limited");
}

#[tokio::test]
async fn what_the_provider_refuses_is_an_error() {
    for (kind, status, code) in [
        (SendErrorKind::InvalidRecipient, 422, "number_not_on_whatsapp"),
        (SendErrorKind::NotOnWhatsApp, 422, "number_not_on_whatsapp"),
        (SendErrorKind::TemplateRejected, 502, "provider_rejected"),
        (SendErrorKind::Unauthenticated, 502, "provider_rejected"),
        (SendErrorKind::DeviceOffline, 502, "provider_rejected"),
        (SendErrorKind::QuotaExhausted, 502, "provider_rejected"),
        (SendErrorKind::Rejected, 502, "provider_rejected"),
        (SendErrorKind::Unsupported, 502, "provider_rejected"),
        (SendErrorKind::Unexpected, 502, "provider_rejected"),
        (SendErrorKind::Disabled, 503, "messaging_disabled"),
        (SendErrorKind::RateLimited, 503, "provider_unavailable"),
        (SendErrorKind::Unavailable, 503, "provider_unavailable"),
    ] {
        let app = TestApp::new();
        // Unavailable for good is an answer that cannot be read, which is no certain refusal.
        let certain =
            if kind == SendErrorKind::Unavailable { RetryAdvice::After(None) } else { RetryAdvice::Never };
        app.provider.then_fail_with(kind, certain);
        let body = json!({"phone": PHONE, "full_name": "Test User"});
        let answer = app.post(REQUEST_OTP, body.clone()).await.problem(status, code);
        assert!(!answer.text().contains("telah dikirim"), "{kind:?}");
        // A first send that was certainly refused gives the wait back.
        app.post(REQUEST_OTP, body).await.expect(StatusCode::OK);
    }
    let app = TestApp::new();
    app.provider.then_fail_with(SendErrorKind::Unavailable, RetryAdvice::Never);
    let body = json!({"phone": PHONE, "full_name": "Test User"});
    app.post(REQUEST_OTP, body).await.problem(503, "provider_unavailable");
    let app = TestApp::new();
    app.provider
        .then_fail_with(SendErrorKind::RateLimited, RetryAdvice::After(Some(Duration::from_millis(41_500))));
    let body = json!({"phone": PHONE, "full_name": "Test User"});
    let answer = app.post(REQUEST_OTP, body).await.problem(503, "provider_unavailable");
    assert_eq!(answer.header("retry-after"), "42");
}

#[tokio::test]
async fn messaging_that_is_switched_off_is_never_a_success() {
    let app =
        TestApp::with(Setup { provider: Some(std::sync::Arc::new(DisabledProvider)), ..Setup::default() });
    app.post(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"}))
        .await
        .problem(503, "messaging_disabled");
    app.assert_nothing_stored("messaging is off");
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_hangs_is_not_waited_for() {
    let app = TestApp::new();
    app.provider.then_accept_after(Duration::from_secs(10));
    let before = tokio::time::Instant::now();
    let answer = app.post(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"})).await;
    let answer = answer.expect(StatusCode::ACCEPTED);
    assert!(before.elapsed() <= Duration::from_secs(3));
    assert_eq!(answer.json["data"]["delivery"], "queued");
    let message = answer.json["message"].as_str().unwrap();
    assert!(
        message.starts_with("Permintaan kode diterima") && !message.contains("telah dikirim"),
        "{message}"
    );

    // The send goes on without the caller, who can ask how it went.
    app.provider.wait_sent(1).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let id = answer.json["data"]["verification_id"].as_str().unwrap();
    let view = app.get(&format!("/api/verifications/{id}")).await.expect(StatusCode::OK);
    assert_eq!(view.json["data"]["delivery"], "accepted");
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_got_lost_is_not_called_sent() {
    let app = TestApp::new();
    app.provider.then_lose_answer();
    let answer = app.post(REQUEST_OTP, json!({"phone": PHONE, "full_name": "Test User"})).await;
    let answer = answer.expect(StatusCode::ACCEPTED);
    assert_eq!(answer.json["data"]["delivery"], "unknown");
}

#[tokio::test(start_paused = true)]
async fn a_store_that_is_down_is_answered_for_within_five_seconds() {
    let app = TestApp::new();
    for mode in [Mode::Down, Mode::Hangs] {
        app.store.set(mode);
        let before = tokio::time::Instant::now();
        let body = json!({"phone": PHONE, "full_name": "Test User"});
        app.post(REQUEST_OTP, body).await.problem(503, "store_unavailable");
        assert!(before.elapsed() < Duration::from_secs(5), "{mode:?}");
        assert_eq!(app.provider.calls(), 0, "nothing is sent that is not kept");
    }
    app.store.set(Mode::Up);
    app.start(PHONE).await;
}
