//! How a device is linked to a phone, from the first QR code to the ban.

use std::time::Duration;

use wartel_core::Timestamp;

/// How a device is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceState {
    /// It is linked to no phone, and nobody is linking it.
    Unpaired,
    /// A QR code waits for a scan.
    QrShown,
    /// A code waits to be typed on the phone.
    CodeShown,
    /// The phone took it, and WhatsApp asks for a passkey.
    PasskeyRequired,
    /// The passkey was given, and waits to be confirmed.
    PasskeyConfirmation,
    /// The phone took it; it is not connected yet.
    Paired,
    /// Messages go out and come in.
    Connected,
    /// It is linked, but without a connection.
    Disconnected,
    /// The phone removed it, or somebody logged it out.
    LoggedOut,
    /// WhatsApp has banned the number.
    Banned,
}

impl DeviceState {
    /// The word of the control API: `unpaired`, `qr_shown`, `code_shown`, `passkey_required`,
    /// `passkey_confirmation`, `paired`, `connected`, `disconnected`, `logged_out` or `banned`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unpaired => "unpaired",
            Self::QrShown => "qr_shown",
            Self::CodeShown => "code_shown",
            Self::PasskeyRequired => "passkey_required",
            Self::PasskeyConfirmation => "passkey_confirmation",
            Self::Paired => "paired",
            Self::Connected => "connected",
            Self::Disconnected => "disconnected",
            Self::LoggedOut => "logged_out",
            Self::Banned => "banned",
        }
    }
}

/// The same with what is shown and until when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Link {
    Unpaired,
    QrShown {
        text: String,
        /// 1 for the first of a pairing.
        number: u32,
        until: Timestamp,
    },
    CodeShown {
        code: String,
        /// The number in whose phone it is to be typed.
        phone: String,
        until: Timestamp,
    },
    /// WhatsApp asks whoever links it for a passkey.
    PasskeyRequired,
    /// The phone shows this code too; somebody has to say that it is the same.
    PasskeyConfirmation {
        code: String,
    },
    Paired,
    Connected,
    Disconnected,
    LoggedOut,
    Banned {
        /// `None` for good.
        until: Option<Timestamp>,
    },
}

impl Link {
    pub(crate) fn state(&self) -> DeviceState {
        match self {
            Self::Unpaired => DeviceState::Unpaired,
            Self::QrShown { .. } => DeviceState::QrShown,
            Self::CodeShown { .. } => DeviceState::CodeShown,
            Self::PasskeyRequired => DeviceState::PasskeyRequired,
            Self::PasskeyConfirmation { .. } => DeviceState::PasskeyConfirmation,
            Self::Paired => DeviceState::Paired,
            Self::Connected => DeviceState::Connected,
            Self::Disconnected => DeviceState::Disconnected,
            Self::LoggedOut => DeviceState::LoggedOut,
            Self::Banned { .. } => DeviceState::Banned,
        }
    }

    /// Whether it is linked to a phone.
    pub(crate) fn is_paired(&self) -> bool {
        matches!(self, Self::Paired | Self::Connected | Self::Disconnected)
    }

    /// Whether something waits to be scanned or typed.
    pub(crate) fn shows_code(&self) -> bool {
        matches!(self, Self::QrShown { .. } | Self::CodeShown { .. })
    }

    /// Whether WhatsApp waits for a passkey or for its confirmation.
    pub(crate) fn asks_for_passkey(&self) -> bool {
        matches!(self, Self::PasskeyRequired | Self::PasskeyConfirmation { .. })
    }

    /// Whether somebody is linking it just now.
    pub(crate) fn is_pairing(&self) -> bool {
        self.shows_code() || self.asks_for_passkey()
    }
}

impl From<DeviceState> for Link {
    /// The states in which something is shown or asked for are no way to start: they count as unpaired.
    fn from(state: DeviceState) -> Self {
        match state {
            DeviceState::Unpaired
            | DeviceState::QrShown
            | DeviceState::CodeShown
            | DeviceState::PasskeyRequired
            | DeviceState::PasskeyConfirmation => Self::Unpaired,
            DeviceState::Paired => Self::Paired,
            DeviceState::Connected => Self::Connected,
            DeviceState::Disconnected => Self::Disconnected,
            DeviceState::LoggedOut => Self::LoggedOut,
            DeviceState::Banned => Self::Banned { until: None },
        }
    }
}

/// QR codes of one pairing: WhatsApp hands out six, then the pairing ends.
pub(crate) const MAX_QRS: u32 = 6;
/// How long a code to type is valid.
pub(crate) const CODE_LIFE: Duration = Duration::from_secs(180);

/// How long the QR code of this number is shown: the first 60 s, later ones 20 s.
pub(crate) fn qr_life(number: u32) -> Duration {
    Duration::from_secs(if number <= 1 { 60 } else { 20 })
}

/// What the QR code says. Made up, and different for each device, pairing and number.
pub(crate) fn qr_text(device: &str, pairing: u64, number: u32) -> String {
    let part = |salt: u64| {
        let mixed = scramble(device, pairing * 100 + u64::from(number) + salt);
        format!("{mixed:016x}{:016x}", mixed.rotate_left(23) ^ 0x5bd1_e995_5bd1_e995)
    };
    format!("2@{},{},{}", part(1_000_003), part(2_000_003), part(3_000_017))
}

/// A code to type: eight characters without those that are easily mistaken.
pub(crate) fn pairing_code(device: &str, pairing: u64) -> String {
    const LETTERS: &[u8; 32] = b"123456789ABCDEFGHJKLMNPQRSTVWXYZ";
    let mixed = scramble(device, pairing);
    (0..8)
        .filter_map(|place| LETTERS.get(usize::try_from(mixed >> (place * 5) & 31).unwrap_or_default()))
        .map(|letter| char::from(*letter))
        .collect()
}

/// Numbers that look random and are always the same.
fn scramble(text: &str, number: u64) -> u64 {
    let seed = crate::contacts::fnv(text.bytes().chain(number.to_be_bytes()));
    let mixed = (seed ^ (seed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_two_codes_are_the_same() {
        let mut seen = HashSet::new();
        for pairing in 0..20 {
            for number in 1..=MAX_QRS {
                assert!(seen.insert(qr_text("62811", pairing, number)));
            }
            let code = pairing_code("62811", pairing);
            assert_eq!(code.len(), 8);
            assert!(!code.contains(['0', 'I', 'O', 'U']), "{code}");
            assert!(seen.insert(code));
        }
        assert_eq!(qr_text("62811", 1, 1), qr_text("62811", 1, 1), "but always the same ones");
    }

    #[test]
    fn the_first_qr_code_lives_longest() {
        let total: u64 = (1..=MAX_QRS).map(|number| qr_life(number).as_secs()).sum();
        assert_eq!((qr_life(1).as_secs(), total), (60, 160));
    }
}
