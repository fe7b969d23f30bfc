use std::sync::Mutex;

use http::StatusCode;
use wartel_core::{Country, Jid, PhoneNumber};

use super::*;
use crate::transport::{TransportError, TransportErrorKind};
use crate::{QrCode, Recipient, SendErrorKind};

/// A far end that answers each path in turn, and writes down what was called.
#[derive(Debug)]
struct FarEnd {
    answers: Vec<(&'static str, u16, &'static [u8])>,
    called: Mutex<Vec<String>>,
}

#[async_trait::async_trait]
impl HttpTransport for FarEnd {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let path = request.url.strip_prefix("https://gateway.example").unwrap();
        self.called.lock().unwrap().push(format!("{} {path}", request.method));
        let answer = self.answers.iter().find(|(known, ..)| *known == path);
        let (_, status, body) = answer.ok_or(TransportError::new(TransportErrorKind::Connect))?;
        Ok(HttpResponse::new(StatusCode::from_u16(*status).unwrap(), *body))
    }
}

fn gateway(answers: &[(&'static str, u16, &'static [u8])]) -> (Gateway, Arc<FarEnd>) {
    let far_end = Arc::new(FarEnd { answers: answers.to_vec(), called: Mutex::default() });
    let config = GatewayConfig::new("https://gateway.example");
    (Gateway::with_transport(config, far_end.clone()).unwrap(), far_end)
}

const ONLINE: &[u8] =
    br#"{"success":true,"data":{"connected":true,"device_id":"6281111111111:14@s.whatsapp.net"}}"#;
const UNPAIRED: &[u8] = br#"{"success":true,"data":{"connected":true,"device_id":null,"paired":false}}"#;

#[tokio::test]
async fn a_device_that_is_online_is_not_paired_again() {
    let (gateway, far_end) = gateway(&[("/devices", 200, ONLINE), ("/pair", 200, b"\x89PNG\r\n\x1a\n")]);
    assert_eq!(gateway.start_pairing(&PairingMethod::Qr).await.unwrap(), PairingOffer::AlreadyConnected);
    assert_eq!(*far_end.called.lock().unwrap(), ["GET /devices"]);
}

#[tokio::test]
async fn nor_is_one_of_which_nothing_is_known() {
    let (gateway, far_end) = gateway(&[("/pair", 200, b"\x89PNG\r\n\x1a\n")]);
    assert!(gateway.start_pairing(&PairingMethod::Qr).await.is_err());
    assert_eq!(*far_end.called.lock().unwrap(), ["GET /devices"]);
}

#[tokio::test]
async fn an_unpaired_one_shows_a_picture() {
    let (gateway, _) = gateway(&[("/devices", 200, UNPAIRED), ("/pair", 200, b"\x89PNG\r\n\x1a\n")]);
    let offer = gateway.start_pairing(&PairingMethod::Qr).await.unwrap();
    assert!(matches!(offer, PairingOffer::Qr { qr: QrCode::Png(_), .. }));
}

#[tokio::test]
async fn the_version_is_welcome_but_not_needed() {
    let health: &[u8] = br#"{"success":true,"data":{"version":"v1.7.0"}}"#;
    let (with, _) = gateway(&[("/devices", 200, ONLINE), ("/health", 200, health)]);
    assert_eq!(with.device().await.unwrap().version.as_deref(), Some("v1.7.0"));
    let (without, _) = gateway(&[("/devices", 200, ONLINE)]);
    let info = without.device().await.unwrap();
    assert!(info.connected && info.version.is_none());
}

#[tokio::test]
async fn what_it_cannot_do_is_refused_without_a_call() {
    let (gateway, far_end) = gateway(&[]);
    let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
    let by_code = gateway.start_pairing(&PairingMethod::Code(phone)).await.unwrap_err();
    let lid = Recipient::Lid(Jid::parse("123456789012345@lid").unwrap());
    let to_lid = gateway.send(&OutboundMessage::text_to(lid, "Halo")).await.unwrap_err();
    assert_eq!([by_code.kind(), to_lid.kind()], [SendErrorKind::Unsupported; 2]);
    assert!(far_end.called.lock().unwrap().is_empty());
}

#[tokio::test]
async fn disconnecting_is_one_call() {
    let (gateway, far_end) = gateway(&[("/disconnect", 200, br#"{"success":true}"#)]);
    gateway.disconnect().await.unwrap();
    assert_eq!(*far_end.called.lock().unwrap(), ["POST /disconnect"]);
}
