use http::StatusCode;

use super::*;
use crate::testing::{ScriptedTransport, sample_message, sample_phone};
use crate::{Choice, Media, MediaKind, RetryAdvice, SendErrorKind, Template};

const KEY: &str = "made-up-key";
const SENT: &str = r#"{"id":"true_6281234567890@c.us_3EB0"}"#;

fn waha(transport: &ScriptedTransport) -> Waha {
    let config = WahaConfig::new("https://waha.example/", KEY).with_session("toko");
    Waha::with_transport(config, Arc::new(transport.clone())).unwrap()
}

fn answer(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::CREATED, body)
}

fn body(request: &HttpRequest) -> serde_json::Value {
    serde_json::from_slice(&request.body).unwrap()
}

#[tokio::test]
async fn a_send_is_json_with_the_key_in_its_header() {
    let transport = ScriptedTransport::default().then_respond(answer(SENT));
    let accepted = waha(&transport).send(&sample_message()).await.unwrap();
    assert_eq!(accepted.message_id.unwrap().as_str(), "3EB0");
    let requests = transport.requests();
    let [request] = requests.as_slice() else { panic!("one request") };
    assert_eq!((&request.method, request.url.as_str()), (&Method::POST, "https://waha.example/api/sendText"));
    assert_eq!(request.headers["x-api-key"], KEY);
    assert!(request.headers["x-api-key"].is_sensitive());
    assert_eq!(request.headers[header::CONTENT_TYPE], "application/json");
    let body = body(request);
    assert_eq!(body["text"], "Kode Anda:\n*482915*");
    assert_eq!((&body["session"], &body["chatId"]), (&"toko".into(), &"6281234567890@c.us".into()));
}

#[tokio::test]
async fn a_choice_goes_out_as_text_and_a_file_as_a_file() {
    let transport = ScriptedTransport::default().then_respond(answer(SENT)).then_respond(answer(SENT));
    let waha = waha(&transport);
    let choice = Content::Choice(Choice::new("Mau apa?", [("a", "Stok"), ("b", "Orang")]));
    waha.send(&OutboundMessage::new(sample_phone(), choice)).await.unwrap();
    let file = Content::Media(Media::of(MediaKind::Image, "image/png", vec![1_u8]));
    let lid = Recipient::Lid(Jid::parse("123456789012345@lid").unwrap());
    let quoting = OutboundMessage::new(lid, file).quoting(ProviderMessageId::new("AB"));
    waha.send(&quoting).await.unwrap();
    let requests = transport.requests();
    assert_eq!(body(&requests[0])["text"], "Mau apa?\n1. Stok\n2. Orang");
    assert_eq!(requests[1].url, "https://waha.example/api/sendImage");
    assert_eq!(body(&requests[1])["reply_to"], "false_123456789012345@lid_AB");
}

#[tokio::test]
async fn the_second_ports_ask_where_waha_answers() {
    let transport = ScriptedTransport::default()
        .then_respond(answer(r#"{"numberExists":true}"#))
        .then_respond(answer(r#"{"lid":"1@lid","pn":"6281234567890@c.us"}"#))
        .then_respond(HttpResponse::new(StatusCode::NOT_FOUND, r#"{"message":"Not Found"}"#))
        .then_respond(answer(r#"{"result":true}"#))
        .then_respond(answer(""));
    let account = waha(&transport).account();
    let numbers = account.numbers.unwrap();
    assert_eq!(numbers.check_number(&sample_phone()).await.unwrap(), NumberCheckResult::OnWhatsApp);
    let lid = Jid::parse("123456789012345@lid").unwrap();
    let lids = account.lids.unwrap();
    assert_eq!(lids.phone_of(&lid).await.unwrap(), Some(sample_phone()));
    assert_eq!(lids.phone_of(&lid).await.unwrap(), None);
    let presence = account.presence.unwrap();
    let chat = Recipient::from(sample_phone());
    presence.typing(&chat, None).await.unwrap();
    presence.mark_read(&chat, &ProviderMessageId::new("AB")).await.unwrap();
    let asked: Vec<String> =
        transport.requests().iter().map(|r| r.url.replace("https://waha.example", "")).collect();
    let lid_path = "/api/toko/lids/123456789012345%40lid";
    assert_eq!(
        asked,
        [
            "/api/contacts/check-exists?phone=6281234567890&session=toko",
            lid_path,
            lid_path,
            "/api/startTyping",
            "/api/sendSeen"
        ]
    );
    assert!(account.webhooks.is_some() && account.pairing.is_some() && account.device.is_some());
}

#[tokio::test]
async fn a_session_that_is_missing_is_no_unknown_lid() {
    let missing = r#"{"message":"We didn't find a session with name 'toko'.","statusCode":404}"#;
    let transport =
        ScriptedTransport::default().then_respond(HttpResponse::new(StatusCode::NOT_FOUND, missing));
    let lid = Jid::parse("123456789012345@lid").unwrap();
    let error = waha(&transport).phone_of(&lid).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_here() {
    let transport = ScriptedTransport::default();
    let waha = waha(&transport);
    let text = |text: String| Content::Text(text.into());
    let sticker = Content::Media(Media::at(MediaKind::Sticker, "https://shop.example/a.webp"));
    for (content, kind, code) in [
        (text(String::new()), SendErrorKind::Rejected, "empty text"),
        (text("ä".repeat(65_537)), SendErrorKind::Rejected, "text too long"),
        (sticker, SendErrorKind::Unsupported, "sticker"),
        (Content::Template(Template::new("t", "id")), SendErrorKind::Unsupported, "template"),
    ] {
        let error = waha.send(&OutboundMessage::new(sample_phone(), content)).await.unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (kind, Some(code)));
    }
    let id = wartel_core::Jid::parse("ID.13491208655302741918@bsuid").unwrap();
    let to = Recipient::Lid(id);
    let error = waha.send(&OutboundMessage::text_to(to.clone(), "x")).await.unwrap_err();
    assert_eq!(error.provider_code(), Some("business-scoped id"), "only Meta knows them by it");
    assert_eq!(waha.typing(&to, None).await.unwrap_err().kind(), SendErrorKind::Unsupported);
    assert!(transport.requests().is_empty());
}

#[test]
fn a_wrong_setting_is_an_error_and_nothing_shows_a_secret() {
    assert_eq!(Waha::new(WahaConfig::new("https://waha.example", "")).unwrap_err().setting(), "token");
    let config = WahaConfig::new("http://127.0.0.1:1", KEY).with_webhook_secret("hush");
    let waha = Waha::new(config).unwrap();
    let shown = format!("{waha:?} {:?}", waha.account());
    assert!(!shown.contains(KEY) && !shown.contains("hush"), "{shown}");
}
