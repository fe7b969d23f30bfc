//! How a device stands, for people and for programs.

use std::fmt;

use wartel_core::{PhoneNumber, Timestamp};

use super::PairingReason;
use super::record::{PairingDocs, PairingState};
use super::rules::settle;
use super::step::DEAF_AFTER;
use crate::device::{PairingCode, QrCode};

/// How a device stands at one instant. `Debug` shows neither codes nor numbers.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct PairingSnapshot {
    /// Grows with every change; a snapshot with the same version shows the same, but for what time alone brings about.
    pub version: u64,
    /// Where it stands. Only [`PairingState::Connected`] is a success.
    pub state: PairingState,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Why, if there is something to say; [`PairingReason::advice`] says what to do.
    pub reason: Option<PairingReason>,
    /// Until when the number is banned, if WhatsApp says.
    pub banned_until: Option<Timestamp>,
    /// Whether the provider is asked for a code just now.
    pub starting: bool,
    /// The QR code to scan, while it is valid.
    pub qr: Option<QrCode>,
    /// The code to type on the phone, while it is valid.
    pub code: Option<PairingCode>,
    /// When the code ends. A QR code is replaced before, as long as there are codes left.
    pub code_expires_at: Option<Timestamp>,
    /// How many tries are left before a wait of a day or more.
    pub tries_left: u32,
    /// When the next try is allowed, if not now.
    pub next_try_at: Option<Timestamp>,
    /// Why it is not allowed now.
    pub next_try_reason: Option<PairingReason>,
    /// The provider's id of the device, such as the address that WhatsApp gave it.
    pub device_id: Option<String>,
    /// The number of the phone that it is linked to.
    pub phone: Option<PhoneNumber>,
    /// The version of the gateway, if it says.
    pub gateway_version: Option<String>,
    /// When a webhook last told anything.
    pub last_event_at: Option<Timestamp>,
    /// Since when something should have been heard, if that is too long ago: connected, but deaf.
    pub deaf_since: Option<Timestamp>,
}

impl PairingSnapshot {
    /// How the documents of a device stand at an instant, with what time alone has brought about since they were saved.
    #[must_use]
    pub fn of(docs: &PairingDocs, now: Timestamp) -> Self {
        let mut docs = docs.clone();
        settle(&mut docs, now);
        let device = &docs.device;
        let shown = device.code.as_ref().filter(|code| code.expires_at > now);
        let is_connected = device.state == PairingState::Connected;
        let deaf_since = device.awaited_since.filter(|since| is_connected && *since + DEAF_AFTER <= now);
        let refusal = docs.refusal(now);
        Self {
            version: device.version,
            state: device.state,
            since: device.since,
            reason: deaf_since.map(|_| PairingReason::Deaf).or(device.reason),
            banned_until: device.banned_until.filter(|until| *until > now),
            starting: device.asking.as_ref().is_some_and(|asking| asking.until > now && !asking.replaces),
            qr: shown.and_then(|code| code.content.qr()),
            code: shown.and_then(|code| code.content.code()),
            code_expires_at: shown.map(|code| code.expires_at),
            tries_left: docs.tries_left(now),
            // Of a device that stands nobody wants to know when it may be paired.
            next_try_at: refusal.filter(|_| !is_connected && shown.is_none()).map(|(_, until)| until),
            next_try_reason: refusal.filter(|_| !is_connected && shown.is_none()).map(|(reason, _)| reason),
            device_id: device.device_id.clone(),
            phone: device.phone.clone(),
            gateway_version: device.gateway.clone(),
            last_event_at: device.last_event_at,
            deaf_since,
        }
    }

    /// Whether messages can go out: what anything downstream has to wait for. A device that is
    /// [`PairingState::Paired`] only is not connected.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.state == PairingState::Connected
    }

    /// Whether it is linked to a phone.
    #[must_use]
    pub const fn is_paired(&self) -> bool {
        matches!(self.state, PairingState::Paired | PairingState::Connected | PairingState::Disconnected)
    }

    /// Whether somebody who has seen the other one sees something new. When something was last heard is no news.
    #[must_use]
    pub fn is_news_after(&self, seen: &Self) -> bool {
        let plain = |snapshot: &Self| Self { last_event_at: None, ..snapshot.clone() };
        plain(self) != plain(seen)
    }
}

impl fmt::Debug for PairingSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingSnapshot")
            .field("version", &self.version)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .field("code_expires_at", &self.code_expires_at)
            .field("tries_left", &self.tries_left)
            .field("next_try_at", &self.next_try_at)
            .finish_non_exhaustive()
    }
}
