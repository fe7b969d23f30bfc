use http::StatusCode;
use wartel_core::Jid;

use super::*;
use crate::testing::{ScriptedTransport, sample_message, sample_phone};
use crate::{Choice, Media, MediaKind, SendErrorKind, Template};

const SENT: &str = r#"{"code":"SUCCESS","message":"x","results":{"message_id":"3EB0"}}"#;
const DONE: &str = r#"{"code":"SUCCESS","message":"x"}"#;

fn gowa(transport: &ScriptedTransport) -> Gowa {
    let config = GowaConfig::new("https://gowa.example/").with_login("toko", "hush").with_device("toko-1");
    Gowa::with_transport(config, Arc::new(transport.clone())).unwrap()
}

fn answer(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, body)
}

#[tokio::test]
async fn a_send_is_json_for_the_device() {
    let transport = ScriptedTransport::default().then_respond(answer(SENT));
    let accepted = gowa(&transport).send(&sample_message()).await.unwrap();
    assert_eq!(accepted.message_id.unwrap().as_str(), "3EB0");
    let requests = transport.requests();
    let [request] = requests.as_slice() else { panic!("one request") };
    assert_eq!((&request.method, request.url.as_str()), (&Method::POST, "https://gowa.example/send/message"));
    assert_eq!(request.headers[header::AUTHORIZATION], "Basic dG9rbzpodXNo");
    assert!(request.headers[header::AUTHORIZATION].is_sensitive());
    assert_eq!(request.headers["x-device-id"], "toko-1");
    assert_eq!(request.headers[header::CONTENT_TYPE], "application/json");
    let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(body["message"], "Kode Anda:\n*482915*");
}

#[tokio::test]
async fn without_a_login_and_a_device_neither_is_named() {
    let transport = ScriptedTransport::default().then_respond(answer(SENT));
    let gowa =
        Gowa::with_transport(GowaConfig::new("https://gowa.example"), Arc::new(transport.clone())).unwrap();
    gowa.send(&sample_message()).await.unwrap();
    let headers = &transport.requests()[0].headers;
    assert!(headers.get(header::AUTHORIZATION).is_none() && headers.get("x-device-id").is_none());
}

#[tokio::test]
async fn a_choice_goes_out_as_text_and_a_file_as_a_form() {
    let transport = ScriptedTransport::default().then_respond(answer(SENT)).then_respond(answer(SENT));
    let gowa = gowa(&transport);
    let choice = Content::Choice(Choice::new("Mau apa?", [("a", "Stok"), ("b", "Orang")]));
    gowa.send(&OutboundMessage::new(sample_phone(), choice)).await.unwrap();
    let lid = Recipient::Lid(Jid::parse("123456789012345@lid").unwrap());
    let file = Content::Media(Media::of(MediaKind::Image, "image/png", vec![1_u8]));
    gowa.send(&OutboundMessage::new(lid, file)).await.unwrap();
    let requests = transport.requests();
    let body: serde_json::Value = serde_json::from_slice(&requests[0].body).unwrap();
    assert_eq!(body["message"], "Mau apa?\n1. Stok\n2. Orang");
    assert_eq!(requests[1].url, "https://gowa.example/send/image");
    assert_eq!(requests[1].headers[header::CONTENT_TYPE], "multipart/form-data; boundary=wartel-form-0");
}

#[tokio::test]
async fn the_second_ports_ask_where_gowa_answers() {
    let transport = ScriptedTransport::default()
        .then_respond(answer(r#"{"code":"SUCCESS","results":{"is_on_whatsapp":true}}"#))
        .then_respond(answer(DONE))
        .then_respond(answer(DONE));
    let account = gowa(&transport).account();
    let numbers = account.numbers.unwrap();
    assert_eq!(numbers.check_number(&sample_phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    let presence = account.presence.unwrap();
    let chat = Recipient::from(sample_phone());
    presence.typing(&chat, None).await.unwrap();
    presence.mark_read(&chat, &ProviderMessageId::new("3EB0")).await.unwrap();
    let bad = presence.mark_read(&chat, &ProviderMessageId::new("../app/logout")).await.unwrap_err();
    assert_eq!(bad.kind(), SendErrorKind::Rejected);
    let asked: Vec<String> =
        transport.requests().iter().map(|r| r.url.replace("https://gowa.example", "")).collect();
    assert_eq!(asked, ["/user/check?phone=6281234567890", "/send/chat-presence", "/message/3EB0/read"]);
    assert!(account.webhooks.is_some() && account.pairing.is_some() && account.device.is_some());
    assert!(account.lids.is_none());
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_here() {
    let transport = ScriptedTransport::default();
    let gowa = gowa(&transport);
    let text = |text: String| Content::Text(text.into());
    for (content, kind, code) in [
        (text(String::new()), SendErrorKind::Rejected, "empty text"),
        (text("ä".repeat(65_537)), SendErrorKind::Rejected, "text too long"),
        (Content::Template(Template::new("t", "id")), SendErrorKind::Unsupported, "template"),
    ] {
        let error = gowa.send(&OutboundMessage::new(sample_phone(), content)).await.unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (kind, Some(code)));
    }
    let id = wartel_core::Jid::parse("ID.13491208655302741918@bsuid").unwrap();
    let to = Recipient::Lid(id);
    let error = gowa.send(&OutboundMessage::text_to(to.clone(), "x")).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("business-scoped id"), "only Meta knows them by it");
    assert_eq!(gowa.typing(&to, None).await.unwrap_err().kind(), SendErrorKind::Unsupported);
    assert!(transport.requests().is_empty());
}

#[test]
fn a_wrong_setting_is_an_error_and_nothing_shows_a_secret() {
    let public = GowaConfig::new("https://gowa.example").with_webhook_secret("secret");
    assert_eq!(Gowa::new(public).unwrap_err().setting(), "webhook_secret");
    let config =
        GowaConfig::new("http://127.0.0.1:1").with_login("toko", "hush").with_webhook_secret("quiet");
    let gowa = Gowa::new(config).unwrap();
    let shown = format!("{gowa:?} {:?}", gowa.account());
    for secret in ["hush", "quiet", "dG9rbz"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
