//! The device behind GOWA: how it is, and how it is paired.
//!
//! The paths under `/app` are used, with the device in a header: they work with and without a name of the device.
//! Source: GOWA docs/openapi.yaml and source at v9.2.0, 2026-08-22, read in November 2026.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;
use wartel_core::Jid;

use super::client::Gowa;
use super::errors::{code, send_error};
use super::{NAME, wire};
use crate::adapters::{caller, json};
use crate::transport::{BodyEnd, HttpResponse};
use crate::{
    DeviceEvent, DeviceInfo, DevicePairing, DeviceReconnect, DeviceStatus, PairingCode, PairingMethod,
    PairingOffer, QrCode, SendError,
};

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";

fn has_code(response: &HttpResponse, expected: &str) -> bool {
    code(response).as_deref() == Some(expected)
}

fn device_info(results: &Value) -> DeviceInfo {
    let (online, logged_in) =
        (json::flag(results, &["is_connected"]), json::flag(results, &["is_logged_in"]));
    let jid = json::text(results, &["jid"]).and_then(|text| Jid::parse(text).ok());
    let named = json::text(results, &["device_id"]).map(str::to_owned);
    let id = jid.as_ref().map(Jid::to_wire).or(named);
    let device = DeviceInfo::new(online && logged_in).with_identity(id, jid.as_ref().and_then(Jid::phone));
    match (logged_in || jid.is_some(), online) {
        (true, _) => device.with_paired(true),
        (false, true) => device.with_paired(false),
        // Offline, GOWA says "not logged in" of a device that is linked, too.
        (false, false) => device,
    }
}

impl Gowa {
    /// How the device is. `None` if GOWA does not know it.
    async fn state(&self) -> Result<Option<DeviceInfo>, SendError> {
        let response = self.get("/app/status").await?;
        if has_code(&response, "DEVICE_NOT_FOUND") {
            return Ok(None);
        }
        if has_code(&response, "AUTHENTICATION_ERROR") {
            return Ok(Some(DeviceInfo::new(false)));
        }
        wire::results(&response).map(|results| Some(device_info(&results)))
    }

    /// Whether the phone has scanned and now asks for a passkey. Gateways before v9 do not know the question.
    async fn asks_for_passkey(&self) -> Result<bool, SendError> {
        let response = self.get("/app/passkey").await?;
        if response.status == StatusCode::NOT_FOUND {
            return Ok(false);
        }
        let results = wire::results(&response)?;
        Ok(matches!(json::text(&results, &["status"]), Some("awaiting_response" | "awaiting_confirmation")))
    }

    async fn qr(&self, results: &Value) -> Result<PairingOffer, SendError> {
        let link = json::text(results, &["qr_link"]).and_then(wire::static_path);
        let response = self.get_png(link.ok_or_else(|| caller::unreadable(NAME))?).await?;
        if !response.status.is_success() {
            return Err(send_error(&response));
        }
        if !response.body.starts_with(PNG) || response.end != BodyEnd::Complete {
            return Err(caller::unreadable(NAME));
        }
        let seconds = json::number(results, &["qr_duration"]).and_then(|n| u64::try_from(n).ok());
        let valid_for = seconds.filter(|seconds| (1..=300).contains(seconds)).map(Duration::from_secs);
        Ok(PairingOffer::Qr { qr: QrCode::Png(response.body), valid_for })
    }
}

#[async_trait::async_trait]
impl DeviceStatus for Gowa {
    /// GOWA has no webhook about a pairing, so a device that is linked to no phone is asked for its passkey too. That the
    /// phone refused it tells nobody but its own page.
    async fn device(&self) -> Result<DeviceInfo, SendError> {
        let Some(state) = self.state().await? else {
            return Ok(DeviceInfo::new(false).with_paired(false));
        };
        if state.connected || state.paired == Some(true) || !self.asks_for_passkey().await.unwrap_or(false) {
            return Ok(state);
        }
        Ok(state.with_paired(false).with_pairing(Some(DeviceEvent::PasskeyRequired)))
    }
}

#[async_trait::async_trait]
impl DevicePairing for Gowa {
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        match (self.state().await?, &self.device) {
            (Some(state), _) if state.connected => return Ok(PairingOffer::AlreadyConnected),
            (None, Some(device)) => {
                wire::results(&self.post(wire::new_device(device)).await?)?;
            }
            _ => {}
        }
        if self.asks_for_passkey().await? {
            return Ok(PairingOffer::PasskeyRequired);
        }
        let response = match method {
            PairingMethod::Qr => self.get("/app/login").await?,
            PairingMethod::Code(phone) => self.get(&wire::code_path(phone)).await?,
        };
        if has_code(&response, "ALREADY_LOGGED_IN") {
            return Ok(PairingOffer::AlreadyConnected);
        }
        let results = wire::results(&response)?;
        match method {
            PairingMethod::Qr => self.qr(&results).await,
            PairingMethod::Code(_) => {
                let code = json::text(&results, &["pair_code"]).ok_or_else(|| caller::unreadable(NAME))?;
                Ok(PairingOffer::Code { code: PairingCode::new(code), valid_for: None })
            }
        }
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        let response = self.get("/app/logout").await?;
        if has_code(&response, "DEVICE_NOT_FOUND") {
            return Ok(());
        }
        match wire::results(&response) {
            // "you are not logged in" is what was asked for; "you are not connect…" is not: the link may be there still.
            Err(error) if error.provider_code() == Some("AUTHENTICATION_ERROR") => match error.advice() {
                crate::RetryAdvice::Never => Ok(()),
                _ => Err(error),
            },
            other => other.map(drop),
        }
    }
}

#[async_trait::async_trait]
impl DeviceReconnect for Gowa {
    /// A device that GOWA does not know has no link to be connected.
    async fn reconnect(&self) -> Result<(), SendError> {
        let response = self.get("/app/reconnect").await?;
        if has_code(&response, "DEVICE_NOT_FOUND") {
            return Ok(());
        }
        wire::results(&response).map(drop)
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
