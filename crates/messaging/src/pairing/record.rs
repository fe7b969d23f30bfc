//! What is kept of the pairing of one device, as one document.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use wartel_core::{PhoneNumber, Timestamp};

use super::{PairingReason, Tries};
use crate::device::{PairingCode, PairingMethod, QrCode};

/// Where a device stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PairingState {
    /// It is linked to no phone.
    #[default]
    Unpaired,
    /// A code is shown, to be scanned or typed.
    CodeShown,
    /// It is linked to a phone, but not connected yet. Nothing may be done because of this.
    Paired,
    /// Messages can go out through it. The only success.
    Connected,
    /// It is linked, and lost its connection.
    Disconnected,
    /// The phone removed it: it has to be paired again.
    LoggedOut,
    /// WhatsApp banned the number.
    Banned,
}

impl PairingState {
    /// A stable word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unpaired => "unpaired",
            Self::CodeShown => "code_shown",
            Self::Paired => "paired",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged_out",
            Self::Banned => "banned",
        }
    }

    /// Reads back what [`as_str`](Self::as_str) gave.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        let all = [
            Self::Unpaired,
            Self::CodeShown,
            Self::Paired,
            Self::Connected,
            Self::Disconnected,
            Self::LoggedOut,
            Self::Banned,
        ];
        all.into_iter().find(|state| state.as_str() == word)
    }
}

/// Everything that is kept of the pairing of one device: one document, which stores load, lock and save as a whole.
///
/// Fields that a newer version adds are passed over, those that it takes away have defaults.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PairingRecord {
    /// Grows with every change that somebody can see.
    pub(super) version: u64,
    pub(super) state: PairingState,
    /// Since when it is in this state.
    pub(super) since: Option<Timestamp>,
    pub(super) reason: Option<PairingReason>,
    /// Until when the number is banned, if WhatsApp says.
    pub(super) banned_until: Option<Timestamp>,
    /// The last right to ask the provider that was given away.
    pub(super) fence: u64,
    pub(super) asking: Option<Asking>,
    pub(super) code: Option<ShownCode>,
    /// How many codes the present try has shown.
    pub(super) codes_shown: u32,
    pub(super) tries: Tries,
    pub(super) device_id: Option<String>,
    #[serde(with = "e164")]
    pub(super) phone: Option<PhoneNumber>,
    /// The number that the last try was for, or that was last connected: whose tries these are.
    #[serde(with = "e164")]
    pub(super) tried_phone: Option<PhoneNumber>,
    pub(super) gateway: Option<String>,
    pub(super) next_look_at: Option<Timestamp>,
    /// How often it was looked for since it lost its connection.
    pub(super) looks: u32,
    pub(super) last_event_at: Option<Timestamp>,
    /// Since when news is overdue: the first message that went out after the last event.
    pub(super) awaited_since: Option<Timestamp>,
}

impl PairingRecord {
    /// Where the device stands.
    #[must_use]
    pub const fn state(&self) -> PairingState {
        self.state
    }

    /// Grows with every change that somebody can see.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The number that the last try was for, or that was last connected: whose tries count beside those of the account.
    #[must_use]
    pub const fn tried_phone(&self) -> Option<&PhoneNumber> {
        self.tried_phone.as_ref()
    }
}

impl fmt::Debug for PairingRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PairingRecord")
            .field("version", &self.version)
            .field("state", &self.state)
            .field("reason", &self.reason)
            .finish_non_exhaustive()
    }
}

/// Somebody asks the provider just now.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Asking {
    pub(super) fence: u64,
    /// When whoever asks is taken for lost.
    pub(super) until: Timestamp,
    /// Whether a code of the same try is to be replaced.
    #[serde(default)]
    pub(super) replaces: bool,
}

/// The code that is shown. It stands here until it is used or runs out, so that every instance shows the same.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ShownCode {
    pub(super) content: CodeContent,
    pub(super) expires_at: Timestamp,
}

#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum CodeContent {
    QrText(String),
    /// Base64.
    QrPng(String),
    Code(String),
}

/// The longest text of a QR code that is kept, in bytes: no QR code holds more (version 40, level L).
const MAX_QR_TEXT: usize = 2_953;
/// The largest picture of a QR code that is kept, in bytes.
const MAX_QR_PNG: usize = 262_144;
/// The longest code to be typed that is kept, in bytes.
const MAX_CODE: usize = 64;

impl CodeContent {
    /// `None` if it is too large to be a QR code.
    pub(super) fn of_qr(qr: &QrCode) -> Option<Self> {
        match qr {
            QrCode::Text(text) => (1..=MAX_QR_TEXT).contains(&text.len()).then(|| Self::QrText(text.clone())),
            QrCode::Png(png) => {
                (1..=MAX_QR_PNG).contains(&png.len()).then(|| Self::QrPng(STANDARD.encode(png)))
            }
        }
    }

    /// `None` if it is too long to be typed.
    pub(super) fn of_code(code: &PairingCode) -> Option<Self> {
        let code = code.expose();
        (1..=MAX_CODE).contains(&code.len()).then(|| Self::Code(code.to_owned()))
    }

    pub(super) const fn is_qr(&self) -> bool {
        matches!(self, Self::QrText(_) | Self::QrPng(_))
    }

    pub(super) fn qr(&self) -> Option<QrCode> {
        match self {
            Self::QrText(text) => Some(QrCode::Text(text.clone())),
            Self::QrPng(png) => STANDARD.decode(png).ok().map(|png| QrCode::Png(png.into())),
            Self::Code(_) => None,
        }
    }

    pub(super) fn code(&self) -> Option<PairingCode> {
        match self {
            Self::Code(code) => Some(PairingCode::new(code.as_str())),
            _ => None,
        }
    }
}

/// What is kept of one device and of the number that it is paired with: what one step reads and writes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct PairingDocs {
    /// The device.
    pub device: PairingRecord,
    /// The tries of the number that the step is about, over all accounts of the tenant; `None` if it is about none.
    pub phone: Option<Tries>,
}

impl PairingDocs {
    /// The first reason and instant that forbid a try now: of the account or of the number, whichever is later.
    #[must_use]
    pub fn refusal(&self, now: Timestamp) -> Option<(PairingReason, Timestamp)> {
        let phone = self.phone.as_ref().and_then(|tries| tries.refusal(now));
        [self.device.tries.refusal(now), phone].into_iter().flatten().max_by_key(|(_, until)| *until)
    }

    /// How many tries are left before a wait of a day or more.
    #[must_use]
    pub fn tries_left(&self, now: Timestamp) -> u32 {
        let device = self.device.tries.left(now);
        self.phone.as_ref().map_or(device, |phone| device.min(phone.left(now)))
    }

    pub(super) fn each_tries(&mut self, mut change: impl FnMut(&mut Tries)) {
        change(&mut self.device.tries);
        if let Some(phone) = &mut self.phone {
            change(phone);
        }
    }
}

/// How long a code lives if the provider does not say. Source: WhatsApp's clients show the first QR code for 60 s and
/// the later ones for 20 s, and a code to be typed for about 180 s.
pub(super) const fn usual_life(method: &PairingMethod, codes_shown: u32) -> Duration {
    match method {
        PairingMethod::Qr if codes_shown == 0 => Duration::from_secs(60),
        PairingMethod::Qr => Duration::from_secs(20),
        PairingMethod::Code(_) => Duration::from_secs(180),
    }
}

/// A phone number as its E.164 text.
mod e164 {
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serialize as _, Serializer};
    use wartel_core::PhoneNumber;

    pub(super) fn serialize<S: Serializer>(phone: &Option<PhoneNumber>, to: S) -> Result<S::Ok, S::Error> {
        phone.as_ref().map(PhoneNumber::e164).serialize(to)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PhoneNumber>, D::Error> {
        let text = Option::<String>::deserialize(from)?;
        text.map(|text| PhoneNumber::from_e164(&text))
            .transpose()
            .map_err(|_| D::Error::custom("not a number"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_survives_json_and_tolerates_other_versions() {
        let record = PairingRecord {
            state: PairingState::CodeShown,
            phone: PhoneNumber::from_e164("+6281234567890").ok(),
            code: CodeContent::of_qr(&QrCode::Png(b"png".as_slice().into()))
                .map(|content| ShownCode { content, expires_at: Timestamp::EPOCH }),
            ..PairingRecord::default()
        };
        let json = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<PairingRecord>(&json).unwrap(), record);
        assert_eq!(record.code.unwrap().content.qr(), Some(QrCode::Png(b"png".as_slice().into())));
        for word in ["unpaired", "code_shown", "paired", "connected", "disconnected", "logged_out", "banned"]
        {
            let state = PairingState::from_stored(word).unwrap();
            assert_eq!(serde_json::to_string(&state).unwrap(), format!("\"{word}\""));
        }
        let other: PairingRecord = serde_json::from_str(r#"{"state":"connected","later":1}"#).unwrap();
        assert_eq!(other.state(), PairingState::Connected);
    }

    #[test]
    fn nothing_that_links_a_phone_is_printed() {
        let code = PairingCode::new("ABCD1234");
        let record = PairingRecord {
            code: CodeContent::of_code(&code)
                .map(|content| ShownCode { content, expires_at: Timestamp::EPOCH }),
            phone: PhoneNumber::from_e164("+6281234567890").ok(),
            ..PairingRecord::default()
        };
        let printed = format!("{record:?}");
        assert!(!printed.contains("ABCD") && !printed.contains("812345"), "{printed}");
        assert!(CodeContent::of_qr(&QrCode::Text("x".repeat(MAX_QR_TEXT + 1))).is_none());
    }
}
