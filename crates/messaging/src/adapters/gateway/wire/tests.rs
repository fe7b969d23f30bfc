use http::StatusCode;
use wartel_core::Country;

use super::*;
use SendErrorKind as Kind;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gateway/", $name))
    };
}

fn response(status: u16, body: impl Into<Bytes>) -> HttpResponse {
    HttpResponse::new(StatusCode::from_u16(status).unwrap(), body)
}

fn phone() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

fn same_json(body: &[u8], sample: &str) {
    let value = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
    assert_eq!(value(body), value(sample.as_bytes()));
}

#[test]
fn requests_are_what_the_gateway_reads() {
    same_json(&text(&phone(), "Halo *Budi*"), sample!("send_request.json"));
    let photo = Media::at(MediaKind::Image, "https://shop.example/a.jpg").with_caption("Avanza 2019");
    same_json(&media(&phone(), &photo).unwrap(), sample!("send_image_request.json"));
    let bytes = Media::of(MediaKind::Image, "image/jpeg", "x");
    assert_eq!(media(&phone(), &bytes).unwrap_err().kind(), Kind::Unsupported);
    let sticker = Media::at(MediaKind::Sticker, "https://shop.example/a.webp");
    assert_eq!(media(&phone(), &sticker).unwrap_err().kind(), Kind::Unsupported);
}

#[test]
fn only_success_is_success() {
    assert_eq!(accepted(&response(200, sample!("send_ok.json"))).unwrap(), Accepted::new());
    for (status, body) in
        [(200, "{}"), (200, ""), (500, r#"{"success":true}"#), (200, r#"{"success":"true"}"#)]
    {
        assert!(accepted(&response(status, body)).is_err(), "{status} {body}");
    }
}

#[test]
fn each_reason_has_its_kind() {
    let failed = |reason: &str| json!({ "success": false, "message": reason }).to_string();
    let again = RetryAdvice::After(None);
    for (status, body, kind, advice) in [
        (200, sample!("send_not_paired.json").to_owned(), Kind::DeviceOffline, RetryAdvice::Never),
        (200, failed("Invalid phone number: 6281234567890"), Kind::InvalidRecipient, RetryAdvice::Never),
        (200, failed("Failed to prepare attachment: 404"), Kind::MediaRejected, RetryAdvice::Never),
        (200, failed("Failed to send message 1: timed out"), Kind::Unavailable, RetryAdvice::Ambiguous),
        (
            200,
            failed("Failed to send message 1: server returned error 463"),
            Kind::ReachoutLocked,
            RetryAdvice::Never,
        ),
        (200, failed("The moon is full, 6281234567890"), Kind::Unexpected, RetryAdvice::Never),
        (400, failed("Invalid request body"), Kind::Rejected, RetryAdvice::Never),
        (400, failed("Number is required"), Kind::InvalidRecipient, RetryAdvice::Never),
        (400, failed("Either message or attachments are required"), Kind::Rejected, RetryAdvice::Never),
        (500, failed("Client not initialized"), Kind::DeviceOffline, RetryAdvice::Never),
        (500, "Failed to get QR channel: store is locked".to_owned(), Kind::Unavailable, again),
        (500, "Failed to connect: dial tcp".to_owned(), Kind::Unavailable, again),
        (408, "QR code generation timeout - please try again".to_owned(), Kind::Unavailable, again),
        (500, "QR generation error: err-client-outdated".to_owned(), Kind::Rejected, RetryAdvice::Never),
        (
            500,
            "QR generation error: err-scanned-without-multidevice".to_owned(),
            Kind::PairingRefused,
            RetryAdvice::Never,
        ),
        (
            500,
            "QR generation error: err-device-limit-exceeded".to_owned(),
            Kind::PairingRefused,
            RetryAdvice::Never,
        ),
        (500, "QR generation error: timeout".to_owned(), Kind::Unavailable, again),
        (500, r#"{"success":true}"#.to_owned(), Kind::Unavailable, RetryAdvice::Ambiguous),
        (404, "404 page not found".to_owned(), Kind::Unexpected, RetryAdvice::Never),
        (502, "<html>".to_owned(), Kind::Unavailable, again),
        (200, "<html>".to_owned(), Kind::Unavailable, RetryAdvice::Never),
    ] {
        let error = send_error(&response(status, body.clone()));
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{status} {body}");
        assert!(!format!("{error} {error:?}").contains("81234567890"), "{body}");
    }
}

#[test]
fn a_device_is_online_if_it_is_connected_and_has_an_id() {
    let online = device(&response(200, sample!("devices_online.json"))).unwrap();
    assert!(online.connected && online.paired == Some(true));
    assert_eq!(online.phone.map(|phone| phone.digits().to_owned()).as_deref(), Some("6281111111111"));
    // The gateway forgets that it is paired after a lost connection.
    let forgetful = device(&response(200, sample!("devices_forgetful.json"))).unwrap();
    assert!(forgetful.connected && forgetful.paired == Some(true));
    let unpaired = device(&response(200, sample!("devices_unpaired.json"))).unwrap();
    assert_eq!((unpaired.connected, unpaired.paired, unpaired.device_id), (false, Some(false), None));
    assert_eq!(version(&response(200, sample!("health.json"))).as_deref(), Some("v1.7.0"));
}

#[test]
fn a_code_is_a_picture_or_a_text() {
    let png = [PNG, b"rest"].concat();
    let offered = offer(&response(200, png.clone())).unwrap();
    assert_eq!(offered, PairingOffer::Qr { qr: QrCode::Png(png.into()), valid_for: None });
    let minute = Some(Duration::from_secs(60));
    for expires in ["60000000000", "60"] {
        let body = format!(r#"{{"success":true,"data":{{"qr_code":"2@abc","expires_in":{expires}}}}}"#);
        let expected = PairingOffer::Qr { qr: QrCode::Text("2@abc".to_owned()), valid_for: minute };
        assert_eq!(offer(&response(200, body)).unwrap(), expected);
    }
    assert_eq!(offer(&response(200, r#"{"success":true}"#)).unwrap_err().kind(), Kind::Unavailable);
}
