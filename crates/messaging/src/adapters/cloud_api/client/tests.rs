use std::time::Duration;

use http::StatusCode;

use super::*;
use crate::testing::{ScriptedTransport, sample_message, sample_phone};
use crate::transport::{HttpResponse, TransportErrorKind};
use crate::{MediaKind, SendErrorKind};

const TOKEN: &str = "made-up-token";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/cloud_api/", $name))
    };
}

fn config() -> CloudApiConfig {
    CloudApiConfig::new(TOKEN, "106540352242922")
        .with_base_url("https://graph.example/v25.0")
        .with_otp_template(OtpTemplate::new("kode_masuk").unwrap())
}

fn provider(transport: &ScriptedTransport) -> CloudApi {
    CloudApi::with_transport(config(), Arc::new(transport.clone())).unwrap()
}

fn ok(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, body)
}

fn image() -> OutboundMessage {
    let image = Media::of(MediaKind::Image, "image/jpeg", &b"\xFF\xD8picture"[..]).with_caption("Baju");
    OutboundMessage::new(sample_phone(), Content::Media(image))
}

#[tokio::test]
async fn a_code_goes_out_as_its_template() {
    let transport = ScriptedTransport::default().then_respond(ok(sample!("send_ok.json")));
    let accepted = provider(&transport).send(&sample_message()).await.unwrap();
    assert!(accepted.message_id.unwrap().as_str().starts_with("wamid."));
    let requests = transport.requests();
    let [request] = requests.as_slice() else { panic!("one request") };
    assert_eq!(request.method, Method::POST);
    assert_eq!(request.url, "https://graph.example/v25.0/106540352242922/messages");
    assert_eq!(request.headers[header::AUTHORIZATION], format!("Bearer {TOKEN}"));
    assert!(request.headers[header::AUTHORIZATION].is_sensitive());
    assert_eq!(request.headers[header::CONTENT_TYPE], "application/json");
    let sent: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!(sent, serde_json::from_str::<Value>(sample!("send_one_time_code.json")).unwrap());
}

#[tokio::test]
async fn bytes_are_uploaded_and_then_sent_by_their_id() {
    let transport = ScriptedTransport::default()
        .then_respond(ok(r#"{"id":"1037543291543636"}"#))
        .then_respond(ok(sample!("send_ok.json")));
    provider(&transport).send(&image()).await.unwrap();
    let requests = transport.requests();
    let [upload, message] = requests.as_slice() else { panic!("two requests") };
    assert_eq!(upload.url, "https://graph.example/v25.0/106540352242922/media");
    let kind = upload.headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
    let body = String::from_utf8_lossy(&upload.body);
    for part in ["name=\"messaging_product\"\r\n\r\nwhatsapp", "Content-Type: image/jpeg", "picture"] {
        assert!(body.contains(part), "{part}");
    }
    let sent: Value = serde_json::from_slice(&message.body).unwrap();
    assert_eq!(sent, serde_json::from_str::<Value>(sample!("send_image_id.json")).unwrap());
}

#[tokio::test]
async fn an_upload_that_fails_sent_no_message() {
    let transport = ScriptedTransport::default().then_fail(TransportErrorKind::Timeout);
    let error = provider(&transport).send(&image()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unavailable, RetryAdvice::After(None)));
    let refused = HttpResponse::new(StatusCode::BAD_REQUEST, r#"{"error":{"code":131053}}"#);
    let transport = ScriptedTransport::default().then_respond(refused);
    let error = provider(&transport).send(&image()).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::MediaRejected, RetryAdvice::Never));
    assert_eq!(transport.requests().len(), 1);
}

#[tokio::test]
async fn the_second_ports_ask_their_endpoints() {
    let done = || ok(r#"{"success":true}"#);
    let transport = ScriptedTransport::default()
        .then_respond(ok(sample!("device_connected.json")))
        .then_respond(done())
        .then_respond(done());
    let account = provider(&transport).account();
    assert!(account.device.unwrap().device().await.unwrap().connected);
    let presence = account.presence.unwrap();
    let (chat, id) = (Recipient::from(sample_phone()), ProviderMessageId::new("wamid.x"));
    presence.mark_read(&chat, &id).await.unwrap();
    presence.typing(&chat, Some(&id)).await.unwrap();
    let error = presence.typing(&chat, None).await.unwrap_err();
    assert_eq!(error.kind(), SendErrorKind::Unsupported);
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(
        urls,
        [
            "https://graph.example/v25.0/106540352242922?fields=id,display_phone_number,verified_name,\
             quality_rating,status,throughput",
            "https://graph.example/v25.0/106540352242922/messages",
            "https://graph.example/v25.0/106540352242922/messages",
        ]
    );
    assert_eq!(transport.requests()[0].method, Method::GET);
}

#[test]
fn the_account_has_what_its_settings_allow() {
    let account = |config: CloudApiConfig| CloudApi::new(config).unwrap().account();
    let bare = account(CloudApiConfig::new(TOKEN, "1065"));
    let can = bare.provider.capabilities();
    assert!(!can.one_time_code && !can.receipts && can.text && can.media_bytes && can.templates);
    assert!(bare.webhooks.is_none() && bare.handshake.is_none() && bare.pairing.is_none());
    let full = account(config().with_app_secret("made-up-secret").with_verify_token("made-up-too"));
    assert!(full.provider.capabilities().one_time_code && full.provider.capabilities().receipts);
    assert_eq!(full.webhooks.as_ref().unwrap().authenticity(), crate::Authenticity::Signed);
    assert!(full.handshake.is_some());
    let open = account(config().with_webhook_unverified_dangerous());
    assert_eq!(open.webhooks.as_ref().unwrap().authenticity(), crate::Authenticity::TokenOnly);
    assert!(!format!("{full:?} {open:?}").contains("made-up"));
    assert_eq!(CloudApi::new(CloudApiConfig::new("", "1")).unwrap_err().setting(), "token");
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_never_answers_is_given_up_in_time() {
    let transport = ScriptedTransport::default().then_hang();
    let config = config().with_timeout(Duration::from_secs(3));
    let provider = CloudApi::with_transport(config, Arc::new(transport)).unwrap();
    assert!(provider.send(&sample_message()).await.unwrap_err().is_ambiguous());
}
