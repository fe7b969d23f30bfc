use std::time::Duration;

use crate::transport::TransportErrorKind;
use crate::{RetryAdvice, SendErrorKind};

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
    let fields: Vec<(String, String)> = form_urlencoded::parse(&request.body).into_owned().collect();
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
