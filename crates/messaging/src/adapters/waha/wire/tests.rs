use http::StatusCode;
use wartel_core::Country;

use super::*;
use crate::{RetryAdvice, SendErrorKind};

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/waha/", $name))
    };
}

fn number() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

fn phone() -> Recipient {
    number().into()
}

fn lid() -> Recipient {
    Recipient::Lid(Jid::parse("123456789012345:3@lid").unwrap())
}

fn ok(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::CREATED, body)
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[test]
fn the_requests_are_the_samples() {
    let quotes = ProviderMessageId::new("3EB0C127D7BACC83D6A1");
    let body = text("default", &phone(), "Halo *Budi*\nKode: 482915 & 100%", Some(&quotes));
    assert_eq!(json_of(&body), json_of(sample!("send_text_request.json").as_bytes()));

    let file = Media::at(MediaKind::Document, "https://shop.example/nota.pdf")
        .with_caption("Nota Anda")
        .with_file_name("nota.pdf");
    let file = Media { mime: Some("application/pdf".to_owned()), ..file };
    let (path, body) = media("default", &phone(), &file, None).unwrap();
    assert_eq!(path, "/api/sendFile");
    assert_eq!(json_of(&body), json_of(sample!("send_file_request.json").as_bytes()));
}

#[test]
fn a_chat_is_never_written_as_whatsapp_writes_it() {
    assert_eq!(chat_id(&phone()), "6281234567890@c.us");
    assert_eq!(chat_id(&lid()), "123456789012345@lid");
    let quotes = ProviderMessageId::new("AB");
    let body = json_of(&text("s", &lid(), "x", Some(&quotes)));
    assert_eq!(body["reply_to"], "false_123456789012345@lid_AB");
    assert_eq!(json_of(&seen("s", &phone(), &quotes))["messageIds"][0], "false_6281234567890@c.us_AB");
    assert_eq!(json_of(&typing("s", &lid()))["chatId"], "123456789012345@lid");
}

#[test]
fn each_kind_of_file_goes_its_way() {
    for (kind, path, mime, caption) in [
        (MediaKind::Image, "/api/sendImage", "image/jpeg", true),
        (MediaKind::Document, "/api/sendFile", "application/octet-stream", true),
        (MediaKind::Audio, "/api/sendVoice", "audio/ogg; codecs=opus", false),
        (MediaKind::Video, "/api/sendVideo", "video/mp4", true),
    ] {
        let file = Media::at(kind, "https://shop.example/a").with_caption("Halo");
        let (got, body) = media("default", &phone(), &file, None).unwrap();
        let body = json_of(&body);
        assert_eq!((got, body["file"]["mimetype"].as_str()), (path, Some(mime)), "{kind:?}");
        assert_eq!(body.get("caption").is_some(), caption, "{kind:?}");
        assert!(body["file"].get("data").is_none());
    }
    let bytes = Media::of(MediaKind::Image, "image/png", vec![1_u8, 2, 3]);
    let (_, body) = media("default", &phone(), &bytes, None).unwrap();
    let body = json_of(&body);
    assert_eq!(body["file"], json!({ "mimetype": "image/png", "data": "AQID" }));
    let sticker = Media::at(MediaKind::Sticker, "https://shop.example/a.webp");
    let error = media("default", &phone(), &sticker, None).unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unsupported);
}

#[test]
fn ids_lose_their_chat() {
    for (id, short, chat) in [
        ("true_6281234567890@c.us_3EB0AE", "3EB0AE", Some("6281234567890@c.us")),
        ("false_123456789012345@lid_3EB0AE", "3EB0AE", Some("123456789012345@lid")),
        ("false_1203@g.us_3EB0AE_6281234567890@c.us", "3EB0AE", Some("1203@g.us")),
        ("true_6281234567890@c.us_3EB0AE_out", "3EB0AE", Some("6281234567890@c.us")),
        ("3EB0AE", "3EB0AE", None),
        ("a_b_c", "a_b_c", None),
        ("true_", "true_", None),
        ("", "", None),
    ] {
        assert_eq!((short_id(id), chat_of_id(id)), (short, chat), "{id}");
    }
}

#[test]
fn every_engine_s_message_is_accepted() {
    for (body, id) in [
        (sample!("send_ok.json"), "3EB0AE11D2F0C84E5B77"),
        (
            r#"{"id":{"fromMe":true,"remote":"6281234567890@c.us","id":"3EB0","_serialized":"true_6281234567890@c.us_3EB0"}}"#,
            "3EB0",
        ),
        (r#"{"id":{"id":"3EB0"}}"#, "3EB0"),
        (
            r#"{"key":{"remoteJid":"6281234567890@s.whatsapp.net","fromMe":true,"id":"3EB0"},"status":"PENDING"}"#,
            "3EB0",
        ),
    ] {
        let accepted = accepted(&ok(body)).unwrap();
        assert_eq!(accepted.message_id.unwrap().as_str(), id, "{body}");
    }
    for body in ["", "[]", "{}", "<html>", r#"{"id":null}"#, r#"{"result":true}"#] {
        let error = accepted(&ok(body)).unwrap_err();
        assert_eq!(
            (error.kind(), error.advice()),
            (SendErrorKind::Unavailable, RetryAdvice::Never),
            "{body}"
        );
    }
}

#[test]
fn numbers_and_lids_are_looked_up() {
    assert_eq!(
        check_path("default", &number()),
        "/api/contacts/check-exists?phone=6281234567890&session=default"
    );
    let lid = Jid::parse("123456789012345:3@lid").unwrap();
    assert_eq!(lid_path("toko", &lid), "/api/toko/lids/123456789012345%40lid");
    for (body, expected) in [
        (sample!("check_exists.json"), NumberCheckResult::OnWhatsApp),
        (sample!("check_missing.json"), NumberCheckResult::NotOnWhatsApp),
        ("{}", NumberCheckResult::Unknown),
    ] {
        assert_eq!(number_check(&ok(body)).unwrap(), expected, "{body}");
    }
    assert_eq!(phone_of(&ok(sample!("lid_known.json"))).unwrap(), Some(number()));
    for body in [sample!("lid_unknown.json"), "{}", r#"{"pn":"123456789012345@lid"}"#] {
        assert_eq!(phone_of(&ok(body)).unwrap(), None, "{body}");
    }
}
