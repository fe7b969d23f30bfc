use wartel_core::{Country, Locale, PhoneNumber};

use super::*;
use crate::testing::{sample_message, sample_phone};
use crate::{ProviderMessageId, SendErrorKind};

const WAMID: &str = "wamid.HBgNNjI4MTIzNDU2Nzg5MBUCABEYEjdGMzJFNEQ1QjZBMEMxRDJFMw==";

macro_rules! sample {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/samples/cloud_api/",
            $name
        )))
        .unwrap()
    };
}

fn to(content: Content) -> OutboundMessage {
    OutboundMessage::new(sample_phone(), content)
}

fn otp() -> OtpTemplate {
    OtpTemplate::new("kode_masuk").unwrap()
}

#[test]
fn every_content_is_written_as_its_sample() {
    let quoting =
        OutboundMessage::text_to(sample_phone(), "Halo *Budi*").quoting(ProviderMessageId::new(WAMID));
    let order = Template::new("order_ready", "en_US").with_parameters(["Budi", "A-17"]);
    let buttons = Choice::new("Mau apa?", [("stock", "Lihat stok"), ("human", "Bicara dengan orang")]);
    let list = Choice::new("Mau apa?", (1..=4).map(|n| (n.to_string(), format!("Nomor {n}"))));
    for (given, expected) in [
        (quoting, sample!("send_text.json")),
        (sample_message(), sample!("send_one_time_code.json")),
        (to(Content::Template(order)), sample!("send_template.json")),
        (to(Content::Choice(buttons)), sample!("send_buttons.json")),
        (to(Content::Choice(list)), sample!("send_list.json")),
    ] {
        assert_eq!(message(&given, Some(&otp())).unwrap(), expected);
    }
    assert_eq!(read(WAMID, true), sample!("read_typing.json"));
    assert!(read(WAMID, false).get("typing_indicator").is_none());
    let plain = message(&to(Content::Template(Template::new("hello", "id"))), None).unwrap();
    assert!(plain["template"].get("components").is_none());
}

#[test]
fn a_file_is_named_by_address_or_id_with_what_its_kind_may_have() {
    let document = Media::at(MediaKind::Document, "https://shop.example/nota.pdf");
    let document = document.with_caption("Nota").with_file_name("nota.pdf");
    let given = to(Content::Media(document.clone()));
    let link = MediaRef::Link("https://shop.example/nota.pdf");
    assert_eq!(media(&given, &document, &link).unwrap(), sample!("send_document_link.json"));
    let image = Media::of(MediaKind::Image, "image/jpeg", "bytes").with_caption("Baju").with_file_name("x");
    let id = MediaRef::Id("1037543291543636");
    assert_eq!(media(&given, &image, &id).unwrap(), sample!("send_image_id.json"));
    let audio = Media::of(MediaKind::Audio, "audio/ogg", "bytes").with_caption("x").with_file_name("x");
    assert_eq!(media(&given, &audio, &id).unwrap()["audio"], json!({ "id": "1037543291543636" }));
}

#[test]
fn a_code_without_a_template_goes_out_as_a_reply_only() {
    let code = sample_message();
    let error = message(&code, None).unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unsupported, crate::RetryAdvice::Never));
    assert_eq!(message(&code.as_reply(), None).unwrap()["text"]["body"], "Kode Anda:\n*482915*");
}

#[test]
fn what_the_api_would_refuse_is_refused_here() {
    let code = |digits: &str| {
        let code =
            OneTimeCode::new(Secret::new(digits), Secret::new("x"), Locale::Id, std::time::Duration::ZERO);
        Content::OneTimeCode(code)
    };
    let options = |count: usize, title: &str, id: &str| {
        Content::Choice(Choice::new("?", std::iter::repeat_n((id.to_owned(), title.to_owned()), count)))
    };
    let mut long_button = Choice::new("?", (0..4).map(|n| (n.to_string(), "ya")));
    long_button.list_button = "x".repeat(21);
    for (content, why) in [
        (Content::Text("".into()), "empty text"),
        (Content::Text("ä".repeat(4_097).into()), "text too long"),
        (code(""), "code of none or more than 15 characters"),
        (code("1234567890123456"), "code of none or more than 15 characters"),
        (options(0, "ya", "1"), "choice of none or more than 10 answers"),
        (options(11, "ya", "1"), "choice of none or more than 10 answers"),
        (options(2, "", "1"), "answer of none or more than 20 characters"),
        (options(2, &"é".repeat(21), "1"), "answer of none or more than 20 characters"),
        (options(2, "ya", ""), "answer's id of none or more than 200 bytes"),
        (options(2, "ya", &"x".repeat(201)), "answer's id of none or more than 200 bytes"),
        (Content::Choice(long_button), "list button of none or more than 20 characters"),
    ] {
        let error = message(&to(content), Some(&otp())).unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (SendErrorKind::Rejected, Some(why)));
    }
    for content in [Content::Text("ä".repeat(4_096).into()), code("123456789012345")] {
        assert!(message(&to(content), Some(&otp())).is_ok());
    }
    let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
    let lid = wartel_core::Jid::parse("123456789012345@lid").unwrap();
    let mut hidden = OutboundMessage::text_to(phone, "x");
    hidden.to = crate::Recipient::Lid(lid);
    assert_eq!(message(&hidden, None).unwrap_err().kind(), SendErrorKind::Unsupported);
    let id = wartel_core::Jid::parse("ID.13491208655302741918@bsuid").unwrap();
    hidden.to = crate::Recipient::Lid(id);
    let body = message(&hidden, None).unwrap();
    assert_eq!((&body["recipient"], body.get("to")), (&json!("ID.13491208655302741918"), None));
}
