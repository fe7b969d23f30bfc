use std::sync::Mutex;

use http::StatusCode;
use wartel_core::{Country, Jid};

use super::*;
use crate::transport::TransportError;
use crate::{DevicePairing, PairingMethod, PairingOffer, SendErrorKind};

/// A far end that gives its answers in turn, and writes down what was called.
#[derive(Debug)]
struct FarEnd {
    answers: Mutex<Vec<(u16, &'static str)>>,
    called: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl HttpTransport for FarEnd {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let path = request.url.strip_prefix("https://evolution.example").unwrap();
        let body = String::from_utf8(request.body.to_vec()).unwrap();
        self.called.lock().unwrap().push(format!("{} {path} {body}", request.method).trim().to_owned());
        assert_eq!(request.headers.get("apikey").unwrap(), "made-up-key");
        let (status, body) = self.answers.lock().unwrap().remove(0);
        Ok(HttpResponse::new(StatusCode::from_u16(status).unwrap(), body))
    }
}

fn evolution(answers: &[(u16, &'static str)]) -> (Evolution, Arc<FarEnd>) {
    let far_end = Arc::new(FarEnd { answers: Mutex::new(answers.to_vec()), called: Mutex::default() });
    let config = EvolutionConfig::new("https://evolution.example", "made-up-key", "toko");
    (Evolution::with_transport(config, far_end.clone()).unwrap(), far_end)
}

const MISSING: &str = r#"{"status":404,"response":{"message":["The \"toko\" instance does not exist"]}}"#;

#[tokio::test]
async fn an_instance_that_does_not_exist_is_made_first() {
    let (api, far_end) = evolution(&[(404, MISSING), (201, "{}"), (200, r#"{"code":"2@abc","count":1}"#)]);
    let offer = api.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(matches!(offer, PairingOffer::Qr { .. }));
    let called = far_end.called.lock().unwrap();
    assert_eq!(called[0], "GET /instance/connect/toko");
    assert!(called[1].starts_with("POST /instance/create ") && called[1].contains("WHATSAPP-BAILEYS"));
    assert_eq!(called[2], "GET /instance/connect/toko");
}

#[tokio::test]
async fn a_code_is_asked_for_with_the_number() {
    let (api, far_end) = evolution(&[(200, r#"{"pairingCode":"WZYEH1YY"}"#)]);
    let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
    assert!(matches!(
        api.start_pairing(&PairingMethod::Code(phone)).await.unwrap(),
        PairingOffer::Code { .. }
    ));
    assert_eq!(*far_end.called.lock().unwrap(), ["GET /instance/connect/toko?number=6281234567890"]);
}

#[tokio::test]
async fn what_is_not_linked_is_disconnected_already() {
    let not_connected = r#"{"response":{"message":["The \"toko\" instance is not connected"]}}"#;
    for answer in [(200, r#"{"status":"SUCCESS","error":false}"#), (400, not_connected), (404, MISSING)] {
        let (api, far_end) = evolution(&[answer]);
        api.disconnect().await.unwrap();
        assert_eq!(*far_end.called.lock().unwrap(), ["DELETE /instance/logout/toko"]);
    }
    let (api, _) = evolution(&[(401, "{}")]);
    assert_eq!(api.disconnect().await.unwrap_err().kind(), SendErrorKind::Unauthenticated);
}

#[tokio::test]
async fn a_lid_is_refused_without_a_call() {
    let (api, far_end) = evolution(&[]);
    let lid = Recipient::Lid(Jid::parse("123456789012345@lid").unwrap());
    let sent = api.send(&OutboundMessage::text_to(lid.clone(), "Halo")).await.unwrap_err();
    let typed = api.typing(&lid, None).await.unwrap_err();
    assert_eq!([sent.kind(), typed.kind()], [SendErrorKind::Unsupported; 2]);
    assert!(far_end.called.lock().unwrap().is_empty());
}

#[tokio::test]
async fn presence_names_the_chat() {
    let (api, far_end) = evolution(&[(201, "{}"), (201, "{}")]);
    let to = Recipient::Phone(PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap());
    api.typing(&to, None).await.unwrap();
    api.mark_read(&to, &ProviderMessageId::new("3EB0")).await.unwrap();
    let called = far_end.called.lock().unwrap();
    assert!(called[0].starts_with("POST /chat/sendPresence/toko ") && called[0].contains("composing"));
    assert!(called[1].starts_with("POST /chat/markMessageAsRead/toko ") && called[1].contains("3EB0"));
}
