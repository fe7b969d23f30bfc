//! The device of an instance: how it is, and how it is paired.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};

use super::errors::{is_instance_missing, is_not_connected};
use super::{Evolution, NAME, wire};
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    DeviceInfo, DevicePairing, DeviceReconnect, DeviceStatus, PairingCode, PairingMethod, PairingOffer,
    QrCode, RetryAdvice, SendError, SendErrorKind,
};

/// Reads the answer to a `connect` that was to bring a link back. A code to scan means that there is none.
fn reconnected(response: &HttpResponse) -> Result<(), SendError> {
    let body = wire::success(response)?;
    if body.get("error") == Some(&Value::Bool(true)) {
        return Err(caller::unavailable(NAME, RetryAdvice::After(None), "connect failed"));
    }
    if ["code", "base64", "pairingCode"].iter().any(|field| read::text(&body, &[field]).is_some()) {
        let gone = SendError::new(NAME, SendErrorKind::DeviceOffline, RetryAdvice::Never);
        return Err(gone.with_provider_code("not linked"));
    }
    Ok(())
}

impl Evolution {
    async fn connection_state(&self) -> Result<HttpResponse, SendError> {
        let path = format!("/instance/connectionState/{}", self.instance);
        self.call(Method::GET, &path, Bytes::new()).await
    }

    async fn connect(&self, method: &PairingMethod) -> Result<HttpResponse, SendError> {
        let path = match method {
            PairingMethod::Qr => format!("/instance/connect/{}", self.instance),
            PairingMethod::Code(phone) => {
                format!("/instance/connect/{}?number={}", self.instance, phone.digits())
            }
        };
        self.call(Method::GET, &path, Bytes::new()).await
    }

    /// Makes the instance. It needs the global key.
    async fn create(&self) -> Result<(), SendError> {
        let body =
            json!({ "instanceName": &*self.instance, "integration": "WHATSAPP-BAILEYS", "qrcode": false });
        let answer = self.call(Method::POST, "/instance/create", Bytes::from(body.to_string())).await?;
        wire::success(&answer).map(|_| ())
    }
}

/// Reads the answer of `GET /instance/connect`, which is 200 for failures as well.
///
/// Source: the public source code of Evolution API 2.3.6, November 2026; `pairingCode`, `code`, `base64`, `count`.
fn offer(response: &HttpResponse, method: &PairingMethod) -> Result<PairingOffer, SendError> {
    let body = wire::success(response)?;
    if body.get("error") == Some(&Value::Bool(true)) {
        return Err(caller::unavailable(NAME, RetryAdvice::After(None), "connect failed"));
    }
    if read::text(&body, &["instance", "state"]) == Some("open") {
        return Ok(PairingOffer::AlreadyConnected);
    }
    if let PairingMethod::Code(_) = method {
        let code = read::text(&body, &["pairingCode"]);
        // Without a code for the number it shows a QR code, which nobody has asked for.
        let none = || caller::unavailable(NAME, RetryAdvice::After(None), "no pairing code");
        return code
            .map(|code| PairingOffer::Code { code: PairingCode::new(code), valid_for: None })
            .ok_or_else(none);
    }
    if let Some(code) = read::text(&body, &["code"]) {
        return Ok(PairingOffer::Qr { qr: QrCode::Text(code.to_owned()), valid_for: None });
    }
    let picture = read::text(&body, &["base64"]).map(|text| text.rsplit(',').next().unwrap_or_default());
    match picture.and_then(|text| STANDARD.decode(text).ok()) {
        Some(png) => Ok(PairingOffer::Qr { qr: QrCode::Png(png.into()), valid_for: None }),
        None => Err(caller::unavailable(NAME, RetryAdvice::After(None), "no code yet")),
    }
}

#[async_trait::async_trait]
impl DeviceStatus for Evolution {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        wire::device(&self.connection_state().await?)
    }
}

#[async_trait::async_trait]
impl DevicePairing for Evolution {
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        let mut response = self.connect(method).await?;
        if is_instance_missing(&response) {
            self.create().await?;
            response = self.connect(method).await?;
        }
        offer(&response, method)
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        let path = format!("/instance/logout/{}", self.instance);
        let response = self.call(Method::DELETE, &path, Bytes::new()).await?;
        if is_not_connected(&response) || is_instance_missing(&response) {
            return Ok(());
        }
        wire::success(&response).map(|_| ())
    }
}

#[async_trait::async_trait]
impl DeviceReconnect for Evolution {
    /// Starts an instance whose connection is closed: `restart` refuses those. One that is open or connecting is left
    /// alone, and one that nobody made has no link to be connected.
    ///
    /// Source: the public source code of Evolution API 2.3.6, November 2026; `connectToWhatsapp`, `restartInstance`.
    async fn reconnect(&self) -> Result<(), SendError> {
        let response = self.connection_state().await?;
        if is_instance_missing(&response) {
            return Ok(());
        }
        let body = wire::success(&response)?;
        if read::text(&body, &["instance", "state"]) != Some("close") {
            return Ok(());
        }
        reconnected(&self.connect(&PairingMethod::Qr).await?)
    }
}

#[cfg(test)]
mod tests {
    use http::StatusCode;
    use wartel_core::{Country, PhoneNumber};

    use super::*;

    fn qr(body: &str) -> Result<PairingOffer, SendError> {
        offer(&HttpResponse::new(StatusCode::OK, body.to_owned()), &PairingMethod::Qr)
    }

    fn code(body: &str) -> Result<PairingOffer, SendError> {
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        offer(&HttpResponse::new(StatusCode::OK, body.to_owned()), &PairingMethod::Code(phone))
    }

    #[test]
    fn what_is_offered_is_what_was_asked_for() {
        let both = r#"{"pairingCode":"WZYEH1YY","code":"2@abc","base64":"data:image/png;base64,aGFsbw==","count":1}"#;
        let text = PairingOffer::Qr { qr: QrCode::Text("2@abc".to_owned()), valid_for: None };
        assert_eq!(qr(both).unwrap(), text);
        let typed = PairingOffer::Code { code: PairingCode::new("WZYEH1YY"), valid_for: None };
        assert_eq!(code(both).unwrap(), typed);
        let picture = PairingOffer::Qr { qr: QrCode::Png("halo".into()), valid_for: None };
        assert_eq!(qr(r#"{"code":null,"base64":"data:image/png;base64,aGFsbw=="}"#).unwrap(), picture);
        let open = r#"{"instance":{"instanceName":"toko","state":"open"}}"#;
        assert_eq!(
            (qr(open).unwrap(), code(open).unwrap()),
            (PairingOffer::AlreadyConnected, PairingOffer::AlreadyConnected)
        );
    }

    #[test]
    fn a_code_instead_of_a_connection_means_that_the_link_is_gone() {
        let answer = |body: &str| reconnected(&HttpResponse::new(StatusCode::OK, body.to_owned()));
        for body in [r#"{"count":0}"#, r#"{"instance":{"instanceName":"toko","state":"open"}}"#] {
            assert!(answer(body).is_ok(), "{body}");
        }
        let gone = answer(r#"{"pairingCode":null,"code":"2@abc","count":1}"#).unwrap_err();
        assert_eq!((gone.kind(), gone.advice()), (SendErrorKind::DeviceOffline, RetryAdvice::Never));
        let failed = answer(r#"{"error":true,"message":"Error: timed out"}"#).unwrap_err();
        assert_eq!(failed.kind(), SendErrorKind::Unavailable);
    }

    #[test]
    fn success_without_a_code_is_none() {
        for (result, expected) in [
            (qr(r#"{"error":true,"message":"Error: timed out"}"#), "connect failed"),
            (qr(r#"{"count":0}"#), "no code yet"),
            (code(r#"{"pairingCode":null,"code":"2@abc","count":1}"#), "no pairing code"),
            (qr("<html>"), "unreadable_answer"),
        ] {
            let error = result.unwrap_err();
            assert_eq!((error.kind(), error.provider_code()), (SendErrorKind::Unavailable, Some(expected)));
        }
    }
}
