use std::time::Duration;

use http::StatusCode;
use wartel_core::PhoneNumber;

use super::*;
use crate::Authenticity;
use crate::testing::{ScriptedTransport, sample_message};
use crate::transport::HttpResponse;

const SID: &str = "AC0123456789abcdef0123456789abcdef";

macro_rules! sample {
    ($name:literal) => {
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/samples/twilio/", $name))
    };
}

fn config() -> TwilioConfig {
    let sender = TwilioSender::From(PhoneNumber::from_e164("+14155238886").unwrap());
    TwilioConfig::new(SID, "made-up-token", sender).with_base_url("https://twilio.example")
}

#[tokio::test]
async fn a_send_is_a_form_with_user_and_password() {
    let answer = HttpResponse::new(StatusCode::CREATED, sample!("send_ok.json"));
    let transport = ScriptedTransport::default().then_respond(answer.clone()).then_respond(answer);
    let with_token = Twilio::with_transport(config(), Arc::new(transport.clone())).unwrap();
    let key = config().with_api_key("SK0123456789abcdef0123456789abcdef", "made-up-secret");
    let with_key = Twilio::with_transport(key, Arc::new(transport.clone())).unwrap();
    with_token.send(&sample_message()).await.unwrap();
    with_key.send(&sample_message()).await.unwrap();
    let requests = transport.requests();
    for (request, pair) in requests.iter().zip([
        "QUMwMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjptYWRlLXVwLXRva2Vu",
        "U0swMTIzNDU2Nzg5YWJjZGVmMDEyMzQ1Njc4OWFiY2RlZjptYWRlLXVwLXNlY3JldA==",
    ]) {
        assert_eq!(request.method, Method::POST);
        assert_eq!(request.url, format!("https://twilio.example/2010-04-01/Accounts/{SID}/Messages.json"));
        assert_eq!(request.headers[header::AUTHORIZATION], format!("Basic {pair}"));
        assert!(request.headers[header::AUTHORIZATION].is_sensitive());
        assert_eq!(request.headers[header::CONTENT_TYPE], "application/x-www-form-urlencoded");
    }
    assert_eq!(requests.len(), 2);
}

#[test]
fn the_account_has_what_its_settings_allow() {
    let account = |config: TwilioConfig| Twilio::new(config).unwrap().account();
    let signed = account(config());
    assert_eq!(signed.webhooks.as_ref().unwrap().authenticity(), Authenticity::Signed);
    assert!(signed.provider.capabilities().receipts && signed.provider.capabilities().max_text == 1_600);
    let open = account(config().with_webhook_unverified_dangerous());
    assert_eq!(open.webhooks.as_ref().unwrap().authenticity(), Authenticity::TokenOnly);
    let mut key_only = config().with_api_key("SK0123456789abcdef0123456789abcdef", "made-up-secret");
    key_only.token = None;
    let deaf = account(key_only);
    assert!(deaf.webhooks.is_none() && !deaf.provider.capabilities().receipts);
    assert!(!format!("{signed:?} {deaf:?}").contains("made-up"));
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_never_answers_is_given_up_in_time() {
    let transport = ScriptedTransport::default().then_hang();
    let config = config().with_timeout(Duration::from_secs(3));
    let provider = Twilio::with_transport(config, Arc::new(transport)).unwrap();
    assert!(provider.send(&sample_message()).await.unwrap_err().is_ambiguous());
}
