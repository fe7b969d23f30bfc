use std::time::Duration;

use crate::transport::TransportErrorKind;
use crate::{PairingMethod, PairingOffer, RetryAdvice, SendErrorKind};

use http::StatusCode;
use tokio::time::Instant;

use super::*;
use crate::testing::{ScriptedTransport, sample_message, sample_phone};

const TOKEN: &str = "made-up-token";

fn fonnte(transport: &ScriptedTransport) -> Fonnte {
    let config = FonnteConfig::new(TOKEN).with_base_url("https://fonnte.example/send");
    Fonnte::with_transport(config, Arc::new(transport.clone())).unwrap()
}

fn answer(body: &'static str) -> HttpResponse {
    HttpResponse::new(StatusCode::OK, body)
}

#[tokio::test]
async fn a_send_is_a_form_with_the_raw_token() {
    let transport = ScriptedTransport::default()
        .then_respond(answer(r#"{"status":true,"id":["80367170"],"requestid":1}"#));
    let accepted = fonnte(&transport).send(&sample_message()).await.unwrap();
    assert_eq!(accepted.message_id.unwrap().as_str(), "80367170");

    let requests = transport.requests();
    let [request] = requests.as_slice() else { panic!("one request") };
    assert_eq!((&request.method, request.url.as_str()), (&Method::POST, "https://fonnte.example/send"));
    assert_eq!(request.headers[header::AUTHORIZATION], TOKEN);
    assert!(request.headers[header::AUTHORIZATION].is_sensitive());
    assert_eq!(request.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    let fields = fields_of(request);
    let expected = [("target", "6281234567890"), ("message", "Kode Anda:\n*482915*"), ("countryCode", "62")];
    assert_eq!(fields, expected.map(|(key, value)| (key.to_owned(), value.to_owned())));
}

#[tokio::test]
async fn the_other_endpoints_are_asked_the_same_way() {
    let transport = ScriptedTransport::default()
        .then_respond(answer(r#"{"status":true,"device_status":"connect","quota":"78"}"#))
        .then_respond(answer(r#"{"status":true,"registered":["6281234567890"],"not_registered":[]}"#));
    let account = fonnte(&transport).account();
    let device = account.device.unwrap().device().await.unwrap();
    assert_eq!((device.connected, device.quota), (true, Some(78)));
    let known = account.numbers.unwrap().check_number(&sample_phone()).await.unwrap();
    assert_eq!(known, NumberCheckResult::OnWhatsApp);
    assert!(account.webhooks.is_some());
    let urls: Vec<String> = transport.requests().into_iter().map(|request| request.url).collect();
    assert_eq!(urls, ["https://fonnte.example/device", "https://fonnte.example/validate"]);
    assert!(transport.requests().iter().all(|request| request.headers[header::AUTHORIZATION] == TOKEN));
}

fn fields_of(request: &HttpRequest) -> Vec<(String, String)> {
    form_urlencoded::parse(&request.body).into_owned().collect()
}

fn field(request: &HttpRequest, name: &str) -> Option<String> {
    fields_of(request).into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
}

fn accepting(sends: usize) -> ScriptedTransport {
    (0..sends).fold(ScriptedTransport::default(), |transport, _| {
        transport.then_respond(answer(r#"{"status":true,"id":["80367170"]}"#))
    })
}

#[tokio::test]
async fn a_file_goes_by_its_address_or_as_bytes() {
    let transport = accepting(2);
    let fonnte = fonnte(&transport);
    let send =
        async |media: Media| fonnte.send(&OutboundMessage::new(sample_phone(), Content::Media(media))).await;
    let at = Media::at(MediaKind::Document, "https://shop.example/brosur.pdf");
    send(at.with_caption("Brosur").with_file_name("brosur.pdf")).await.unwrap();
    let of = Media::of(MediaKind::Image, "image/png", &b"\x89PNG"[..]).with_caption("Foto");
    send(of).await.unwrap();
    let requests = transport.requests();
    let by_address = &requests[0];
    assert_eq!(field(by_address, "url").as_deref(), Some("https://shop.example/brosur.pdf"));
    assert_eq!(field(by_address, "message").as_deref(), Some("Brosur"));
    assert_eq!(field(by_address, "filename").as_deref(), Some("brosur.pdf"));
    let content_type = requests[1].headers[header::CONTENT_TYPE].to_str().unwrap();
    assert!(content_type.starts_with("multipart/form-data; boundary="), "{content_type}");
    let body = String::from_utf8_lossy(&requests[1].body);
    assert!(body.contains("name=\"file\"; filename=\"file.png\"") && body.contains("Foto"), "{body}");

    let large = vec![0; media::MAX_FILE + 1];
    for (media, kind, code) in [
        (Media::of(MediaKind::Image, "image/png", large), SendErrorKind::Rejected, "file too large"),
        (Media::at(MediaKind::Sticker, "https://x.example/s"), SendErrorKind::Unsupported, "sticker"),
        (
            Media::at(MediaKind::Image, "https://x.example/s").with_caption("x".repeat(60_001)),
            SendErrorKind::Rejected,
            "text too long",
        ),
    ] {
        let error = send(media).await.unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (kind, Some(code)));
    }
    assert_eq!(transport.requests().len(), 2, "what is refused here is not asked");
}

#[tokio::test]
async fn a_message_that_came_in_is_quoted_by_its_number() {
    let transport = accepting(2);
    let fonnte = fonnte(&transport);
    for (id, expected) in [("417", Some("417")), ("3EB0D6F1A2", None)] {
        let message =
            OutboundMessage::text_to(sample_phone(), "Ya").quoting(crate::ProviderMessageId::new(id));
        fonnte.send(&message).await.unwrap();
        let request = transport.requests().pop().unwrap();
        assert_eq!(field(&request, "inboxid").as_deref(), expected, "{id}");
    }
}

#[tokio::test]
async fn the_device_is_paired_moved_and_another_one_added() {
    let transport = ScriptedTransport::default()
        .then_respond(answer(r#"{"status":false,"reason":"device already connect"}"#))
        .then_respond(answer(r#"{"status":true,"code":"ABCD1234"}"#))
        .then_respond(answer(r#"{"status":true,"detail":"device disconnected"}"#))
        .then_respond(answer(r#"{"status":true,"token":"made-up-new-token"}"#))
        .then_respond(answer(r#"{"status":true,"detail":"device updated!"}"#));
    let fonnte = fonnte(&transport);
    let pairing = fonnte.account().pairing.unwrap();
    let offer = pairing.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert_eq!(offer, PairingOffer::AlreadyConnected);
    let offer = pairing.start_pairing(&PairingMethod::Code(sample_phone())).await.unwrap();
    assert!(matches!(offer, PairingOffer::Code { .. }));
    pairing.disconnect().await.unwrap();
    let account = Secret::new("made-up-account-token");
    let token = fonnte.add_device(&account, "Cabang", &sample_phone()).await.unwrap();
    assert_eq!(token.expose(), "made-up-new-token");
    let url = "https://shop.example/webhook/whatsapp/made-up";
    fonnte.set_webhooks(&Secret::new(url)).await.unwrap();
    assert!(fonnte.set_webhooks(&Secret::new("ftp://x")).await.is_err());

    let requests = transport.requests();
    let seen: Vec<_> = requests
        .iter()
        .map(|request| {
            let path = request.url.rsplit('/').next().unwrap().to_owned();
            (path, request.headers[header::AUTHORIZATION].to_str().unwrap().to_owned())
        })
        .collect();
    let expected = [
        ("qr", TOKEN),
        ("qr", TOKEN),
        ("disconnect", TOKEN),
        ("add-device", "made-up-account-token"),
        ("update-device", TOKEN),
    ];
    assert_eq!(seen, expected.map(|(path, token)| (path.to_owned(), token.to_owned())));
    assert!(requests[3].headers[header::AUTHORIZATION].is_sensitive());
    assert_eq!(field(&requests[0], "type").as_deref(), Some("qr"));
    assert_eq!(field(&requests[1], "whatsapp").as_deref(), Some("6281234567890"));
    assert_eq!(field(&requests[3], "device").as_deref(), Some("6281234567890"));
    for name in ["webhook", "webhookconnect", "webhookstatus"] {
        assert_eq!(field(&requests[4], name).as_deref(), Some(url), "{name}");
    }
}

#[tokio::test]
async fn a_failure_of_the_transport_says_what_is_certain() {
    use TransportErrorKind as Transport;
    for (failure, kind, advice) in [
        (Transport::Connect, SendErrorKind::Unavailable, RetryAdvice::After(None)),
        (Transport::Dns, SendErrorKind::Unavailable, RetryAdvice::After(None)),
        (Transport::Tls, SendErrorKind::Unavailable, RetryAdvice::After(None)),
        (Transport::Timeout, SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        (Transport::Cut, SendErrorKind::Unavailable, RetryAdvice::Ambiguous),
        (Transport::BadRequest, SendErrorKind::Unexpected, RetryAdvice::Never),
    ] {
        let transport = ScriptedTransport::default().then_fail(failure);
        let error = fonnte(&transport).send(&sample_message()).await.unwrap_err();
        assert_eq!((error.kind(), error.advice()), (kind, advice), "{failure:?}");
        assert_eq!(error.provider_code(), Some(failure.as_str()));
    }
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_never_answers_is_given_up_in_time() {
    let transport = ScriptedTransport::default().then_hang();
    let config = FonnteConfig::new(TOKEN).with_timeout(Duration::from_secs(3));
    let started = Instant::now();
    let fonnte = Fonnte::with_transport(config, Arc::new(transport)).unwrap();
    assert!(fonnte.send(&sample_message()).await.unwrap_err().is_ambiguous());
    assert_eq!(started.elapsed().as_secs(), 3);
}

#[tokio::test]
async fn what_cannot_be_sent_is_refused_here() {
    let transport = ScriptedTransport::default();
    let fonnte = fonnte(&transport);
    for (text, code) in [(String::new(), "empty text"), ("ä".repeat(60_001), "text too long")] {
        let error = fonnte.send(&OutboundMessage::text_to(sample_phone(), text)).await.unwrap_err();
        assert_eq!((error.kind(), error.provider_code()), (SendErrorKind::Rejected, Some(code)));
    }
    assert!(transport.requests().is_empty());
}

#[test]
fn a_wrong_setting_is_an_error_and_nothing_shows_the_token() {
    assert_eq!(Fonnte::new(FonnteConfig::new("")).unwrap_err().setting(), "token");
    let fonnte = fonnte(&ScriptedTransport::default());
    assert!(!format!("{fonnte:?} {:?}", fonnte.account()).contains(TOKEN));
    assert!(Fonnte::new(FonnteConfig::new(TOKEN).with_base_url("http://127.0.0.1:1")).is_ok());
}
