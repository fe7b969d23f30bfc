use http::StatusCode;
use wartel_core::{Country, Jid};

use super::*;

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/gowa/", $name))
    };
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

fn lid() -> Recipient {
    Recipient::Lid(Jid::parse("123456789012345:3@lid").unwrap())
}

fn ok(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, body)
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn the_requests_are_the_samples() {
    let quotes = ProviderMessageId::new("3EB0C127D7BACC83D6A1");
    let post = text(&number().into(), "Halo *Budi*\nKode: 482915 & 100%", Some(&quotes));
    assert_eq!((post.path.as_str(), post.kind.as_str()), ("/send/message", "application/json"));
    assert_eq!(json_of(&post.body), json_of(sample!("send_text_request.json").as_bytes()));

    let file = Media::at(MediaKind::Document, "https://shop.example/nota.pdf").with_caption("Nota Anda");
    let post = media(&number().into(), &file).unwrap();
    assert_eq!(post.path, "/send/file");
    assert_eq!(json_of(&post.body), json_of(sample!("send_file_request.json").as_bytes()));
}

#[test]
fn an_address_is_whole() {
    assert_eq!(phone(&number().into()), "6281234567890@s.whatsapp.net");
    assert_eq!(phone(&lid()), "123456789012345@lid");
    assert_eq!(json_of(&typing(&lid()).body), json!({ "phone": "123456789012345@lid", "action": "start" }));
}

#[test]
fn each_kind_of_file_goes_its_way() {
    for (kind, path, field, caption) in [
        (MediaKind::Image, "/send/image", "image", true),
        (MediaKind::Document, "/send/file", "file", true),
        (MediaKind::Video, "/send/video", "video", true),
        (MediaKind::Audio, "/send/audio", "audio", false),
        (MediaKind::Sticker, "/send/sticker", "sticker", false),
    ] {
        let at = Media::at(kind, "https://shop.example/a").with_caption("Halo");
        let post = media(&lid(), &at).unwrap();
        let body = json_of(&post.body);
        assert_eq!(post.path, path);
        assert_eq!(body[format!("{field}_url")], "https://shop.example/a");
        assert_eq!(body.get("caption").is_some(), caption, "{kind:?}");

        let of = Media::of(kind, "image/png", &b"bytes"[..]).with_caption("Halo").with_file_name("a.png");
        let post = media(&lid(), &of).unwrap();
        assert!(post.path == path && post.kind.starts_with("multipart/form-data; boundary="));
        let body = String::from_utf8(post.body.to_vec()).unwrap();
        let part =
            format!("name=\"{field}\"; filename=\"a.png\"\r\nContent-Type: image/png\r\n\r\nbytes\r\n");
        assert!(
            body.contains(&part) && body.contains("name=\"phone\"\r\n\r\n123456789012345@lid\r\n"),
            "{body}"
        );
        assert_eq!(body.contains("name=\"caption\"\r\n\r\nHalo"), caption, "{kind:?}");
    }
}

#[test]
fn a_file_that_gowa_would_refuse_is_not_sent() {
    for (kind, mib) in [(MediaKind::Image, 20), (MediaKind::Document, 50)] {
        let of = |bytes| Media::of(kind, "x/y", vec![0_u8; bytes]);
        assert!(media(&lid(), &of(mib * MIB)).is_ok());
        let error = media(&lid(), &of(mib * MIB + 1)).err().unwrap();
        assert_eq!((error.kind(), error.advice()), (SendErrorKind::MediaRejected, RetryAdvice::Never));
    }
}

#[test]
fn only_a_plain_id_gets_into_a_path() {
    let path = |id: &str| seen(&lid(), &ProviderMessageId::new(id)).map(|post| post.path);
    assert_eq!(path("3EB0C127").as_deref(), Some("/message/3EB0C127/read"));
    for bad in ["", "..", "../../devices", "a b", "a?b", "é"] {
        assert_eq!(path(bad), None, "{bad}");
    }
}

#[test]
fn answers_are_read_by_their_code() {
    let accepted = accepted(&ok(sample!("send_ok.json"))).unwrap();
    assert_eq!(accepted.message_id.unwrap().as_str(), "3EB0AE11D2F0C84E5B77");
    for body in [r#"{"code":"SUCCESS","results":{"status":"x"}}"#, r#"{"results":{"message_id":"A"}}"#, "[]"]
    {
        let error = super::accepted(&ok(body)).unwrap_err();
        assert_eq!(
            (error.kind(), error.advice()),
            (SendErrorKind::Unavailable, RetryAdvice::Never),
            "{body}"
        );
    }
    let refused = super::accepted(&ok(sample!("send_not_on_whatsapp.json"))).unwrap_err();
    assert_eq!(refused.kind(), SendErrorKind::NotOnWhatsApp, "a refusal with HTTP 200");
    let error = HttpResponse::new(StatusCode::TOO_MANY_REQUESTS, sample!("send_timelock.json"));
    assert_eq!(super::accepted(&error).unwrap_err().kind(), SendErrorKind::ReachoutLocked);
    for (body, expected) in [
        (sample!("check_exists.json"), NumberCheckResult::OnWhatsApp),
        (sample!("check_missing.json"), NumberCheckResult::NotOnWhatsApp),
        (r#"{"code":"SUCCESS","results":{}}"#, NumberCheckResult::Unknown),
    ] {
        assert_eq!(number_check(&ok(body)).unwrap(), expected, "{body}");
    }
}

#[test]
fn only_the_path_of_a_link_is_used() {
    let path = "/statics/qrcode/scan-qr-0b6f.png";
    for link in ["http://0.0.0.0:3000", "https://gowa.example/prefix", ""] {
        assert_eq!(static_path(&format!("{link}{path}")), Some(path), "{link}");
    }
    let long = format!("/statics/{}", "a".repeat(600));
    for bad in
        ["", "http://evil.example/x.png", "/statics/../app/logout", "/statics/a?b=c", "/statics/a b", &long]
    {
        assert_eq!(static_path(bad), None, "{bad}");
    }
}
