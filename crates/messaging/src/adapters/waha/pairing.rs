//! The device of a WAHA session: how it is, and how it is paired.
//!
//! Source: WAHA documentation, "Sessions" and "Get QR", 2026-07-24, read in November 2026.

use bytes::Bytes;
use serde_json::{Value, json};
use wartel_core::Jid;

use super::client::Waha;
use super::errors::{Status, is_session_missing, send_error, unexpected_status};
use super::{NAME, wire};
use crate::adapters::{caller, json as read};
use crate::transport::HttpResponse;
use crate::{
    DeviceEvent, DeviceInfo, DevicePairing, DeviceReconnect, DeviceStatus, PairingCode, PairingMethod,
    PairingOffer, QrCode, SendError,
};

/// A session as WAHA describes it; without one, WAHA does not know the session.
struct Session {
    status: Option<Status>,
    info: Value,
}

fn session(response: &HttpResponse) -> Result<Option<Session>, SendError> {
    if is_session_missing(response) {
        return Ok(None);
    }
    let info = wire::success(response)?;
    let word = read::text(&info, &["status"]).ok_or_else(|| caller::unreadable(NAME))?;
    Ok(Some(Session { status: Status::parse(word), info }))
}

/// What `me` says: the address with the device's number where WAHA gives it, and the phone number.
fn device_info(session: Option<&Session>) -> DeviceInfo {
    let Some(Session { status, info }) = session else {
        return DeviceInfo::new(false).with_paired(false);
    };
    let connected = *status == Some(Status::Working);
    let me = |field| read::text(info, &["me", field]);
    let id = me("jid").or_else(|| me("id"));
    let phone = [me("id"), me("jid")].into_iter().flatten().filter_map(|text| Jid::parse(text).ok());
    let phone = phone.into_iter().find_map(|jid| jid.phone());
    let device = DeviceInfo::new(connected).with_identity(id.map(str::to_owned), phone);
    match status {
        Some(Status::Passkey) => device.with_paired(false).with_pairing(Some(DeviceEvent::PasskeyRequired)),
        Some(Status::ScanQr) => device.with_paired(false),
        // A session without a phone fails because nobody used its codes, or because they were refused.
        Some(Status::Failed) if id.is_none() => device.with_pairing(Some(DeviceEvent::PairingRefused)),
        _ if connected || id.is_some() => device.with_paired(true),
        // A session that is stopped or starts does not say whether it will need a code.
        _ => device,
    }
}

impl Waha {
    async fn session(&self) -> Result<Option<Session>, SendError> {
        session(&self.get(&format!("/api/sessions/{}", self.session)).await?)
    }

    /// Makes, starts or restarts the session where it would never ask for a code by itself.
    async fn awake(&self, found: Option<Session>) -> Result<Option<Status>, SendError> {
        let action = match found.as_ref().map(|session| session.status) {
            None => {
                let body = json!({ "name": &*self.session, "start": true }).to_string();
                return self.status_after("/api/sessions", body.into()).await;
            }
            Some(Some(Status::Stopped)) => "start",
            Some(Some(Status::Failed)) => "restart",
            Some(status) => return Ok(status),
        };
        self.status_after(&format!("/api/sessions/{}/{action}", self.session), Bytes::new()).await
    }

    async fn status_after(&self, path: &str, body: Bytes) -> Result<Option<Status>, SendError> {
        Ok(session(&self.post(path, body).await?)?.and_then(|session| session.status))
    }

    async fn ask(&self, method: &PairingMethod) -> Result<HttpResponse, SendError> {
        match method {
            PairingMethod::Qr => self.get(&format!("/api/{}/auth/qr?format=raw", self.session)).await,
            PairingMethod::Code(phone) => {
                let body = json!({ "phoneNumber": phone.digits() }).to_string();
                self.post(&format!("/api/{}/auth/request-code", self.session), body.into()).await
            }
        }
    }
}

fn offer(method: &PairingMethod, response: &HttpResponse) -> Result<PairingOffer, SendError> {
    // The phone may have been quicker than the question.
    match unexpected_status(response) {
        Some(Status::Working) => return Ok(PairingOffer::AlreadyConnected),
        Some(Status::Passkey) => return Ok(PairingOffer::PasskeyRequired),
        _ => {}
    }
    let answer = wire::success(response)?;
    let text = |field| read::text(&answer, &[field]).ok_or_else(|| caller::unreadable(NAME));
    Ok(match method {
        PairingMethod::Qr => {
            PairingOffer::Qr { qr: QrCode::Text(text("value")?.to_owned()), valid_for: None }
        }
        PairingMethod::Code(_) => {
            PairingOffer::Code { code: PairingCode::new(text("code")?), valid_for: None }
        }
    })
}

#[async_trait::async_trait]
impl DeviceStatus for Waha {
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        Ok(device_info(self.session().await?.as_ref()))
    }
}

#[async_trait::async_trait]
impl DevicePairing for Waha {
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        let found = self.session().await?;
        match self.awake(found).await? {
            Some(Status::Working) => Ok(PairingOffer::AlreadyConnected),
            Some(Status::Passkey) => Ok(PairingOffer::PasskeyRequired),
            // WAHA itself waits some seconds for a session that starts.
            _ => offer(method, &self.ask(method).await?),
        }
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        let response = self.post(&format!("/api/sessions/{}/logout", self.session), Bytes::new()).await?;
        let unlinked = matches!(unexpected_status(&response), Some(Status::ScanQr | Status::Passkey));
        if response.status.is_success() || is_session_missing(&response) || unlinked {
            return Ok(());
        }
        Err(send_error(&response))
    }
}

#[async_trait::async_trait]
impl DeviceReconnect for Waha {
    /// Starts a session that stopped, and restarts one that failed; WAHA keeps its link to the phone. One that runs looks
    /// for its connection by itself, and one that WAHA does not know has no link to be connected.
    async fn reconnect(&self) -> Result<(), SendError> {
        match self.session().await? {
            Some(found) => self.awake(Some(found)).await.map(drop),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
