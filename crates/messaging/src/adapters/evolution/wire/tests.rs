use http::StatusCode;
use wartel_core::Country;

use super::*;
use crate::SendErrorKind;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/evolution/", $name))
    };
}

fn response(status: u16, body: &'static str) -> HttpResponse {
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
fn requests_are_what_the_api_reads() {
    let quoted = ProviderMessageId::new("3EB0AE11D2F0C84E5B77");
    same_json(&text(&phone(), "Halo *Budi*", Some(&quoted)), sample!("send_text_request.json"));
    let paper = Media::of(MediaKind::Document, "application/pdf", "halo").with_caption("Brosur");
    let (call, sent) = media(&phone(), &paper.with_file_name("brosur.pdf"), None).unwrap();
    assert_eq!(call, "sendMedia");
    same_json(&sent, sample!("send_media_request.json"));
    for (kind, expected) in [(MediaKind::Audio, "sendWhatsAppAudio"), (MediaKind::Sticker, "sendSticker")] {
        let (call, sent) = media(&phone(), &Media::at(kind, "https://shop.example/a"), None).unwrap();
        assert_eq!(call, expected);
        assert!(String::from_utf8_lossy(&sent).contains("https://shop.example/a"));
    }
    let huge = Media::of(MediaKind::Video, "video/mp4", vec![0; MAX_FILE + 1]);
    assert_eq!(media(&phone(), &huge, None).unwrap_err().kind(), SendErrorKind::Rejected);
}

#[test]
fn a_send_is_accepted_by_its_id() {
    let id = accepted(&response(201, sample!("send_ok.json"))).unwrap().message_id.unwrap();
    assert_eq!(id.as_str(), "3EB0C127D7BACC83D6A1");
    for (status, body) in [(201, "{}"), (200, r#"{"error":true,"key":{"id":"x"}}"#), (201, "<html>")] {
        let error = accepted(&response(status, body)).unwrap_err();
        assert_eq!(error.kind(), SendErrorKind::Unavailable, "{body}");
    }
}

#[test]
fn states_and_numbers_are_read() {
    assert!(device(&response(200, sample!("state_open.json"))).unwrap().connected);
    let closed = device(&response(200, sample!("state_close.json"))).unwrap();
    assert!(!closed.connected && closed.paired.is_none());
    assert!(device(&response(200, r#"{"instance":{"state":"dreaming"}}"#)).is_err());
    let check = |body| number_check(&response(200, body), &phone()).unwrap();
    assert_eq!(check(sample!("numbers.json")), NumberCheckResult::OnWhatsApp);
    assert_eq!(check(r#"[{"exists":false,"number":"6281234567890"}]"#), NumberCheckResult::NotOnWhatsApp);
    assert_eq!(check(r#"[{"exists":true,"number":"6281111111111"}]"#), NumberCheckResult::Unknown);
    assert_eq!(check("[]"), NumberCheckResult::Unknown);
}
