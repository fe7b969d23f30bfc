//! What is refused leaves nothing behind.

use serde_json::json;

use super::{PHONE, Stage, on_every_store};

on_every_store!(bad_input_is_refused_and_leaves_nothing);

async fn bad_input_is_refused_and_leaves_nothing(stage: Stage) {
    let request = "/api/registrations/public/request-otp";
    let long = "x".repeat(101);
    for (body, status, code) in [
        (json!({"phone": "0812-3456-7890", "full_name": "Budi"}), 422, "invalid_phone"),
        (json!({"phone": "81234567890", "full_name": "Budi"}), 422, "invalid_phone"),
        (json!({"phone": "0812345", "full_name": "Budi"}), 422, "invalid_phone"),
        (json!({"phone": "٠٨١٢٣٤٥٦٧٨٩٠", "full_name": "Budi"}), 422, "invalid_phone"),
        (json!({"phone": "0215551234", "full_name": "Budi"}), 422, "invalid_phone"),
        (json!({"phone": "+6591234567", "full_name": "Budi"}), 422, "unsupported_country"),
        (json!({"phone": PHONE}), 400, "invalid_request"),
        (json!({"full_name": "Budi"}), 400, "invalid_request"),
        (json!({"phone": 81234567890_u64, "full_name": "Budi"}), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": "B"}), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": long}), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": "Bu\u{0}di"}), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": "Budi\nKode: 111111"}), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": "Budi\u{202E}"}), 400, "invalid_request"),
        (json!([]), 400, "invalid_request"),
        (json!({"phone": PHONE, "full_name": "x".repeat(1 << 20)}), 413, "invalid_request"),
    ] {
        let answer = stage.api.post(request, &body).await.unwrap();
        assert_eq!(answer.problem(), (status, code.to_owned()), "{}", answer.body);
        assert!(!answer.text("/detail").is_empty() && !answer.text("/message").is_empty());
    }
    let typed =
        stage.api.http().post(stage.api.url(request)).body("phone=1").header("content-type", "text/plain");
    assert_eq!(typed.send().await.unwrap().status(), 415);
    let broken = stage
        .api
        .http()
        .post(stage.api.url(request))
        .body("{\"phone\": \"0812")
        .header("content-type", "application/json");
    assert_eq!(broken.send().await.unwrap().status(), 400);
    assert_eq!(stage.store.rows().await, 0, "nothing is stored");
    let asked = stage.sandbox.requests();
    assert!(asked.iter().all(|request| request.path.ends_with("/device")), "nothing is sent: {asked:?}");
}
