//! Why a device is as it is, and what the operator can do about it.

use serde::{Deserialize, Serialize};
use wartel_core::Locale;

use crate::error::{RetryAdvice, SendError, SendErrorKind};

/// Why a device is as it is. [`as_str`](Self::as_str) is a stable word, [`advice`](Self::advice) a sentence for the
/// operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PairingReason {
    /// The code ran out before somebody used it.
    CodeExpired,
    /// As many QR codes were shown as one try may have, and none was scanned.
    CodesUsedUp,
    /// The phone, or WhatsApp, refused the scan, the code or the passkey.
    ScanRefused,
    /// An operator ended the try.
    Cancelled,
    /// WhatsApp takes no further tries for this number for now.
    Throttled,
    /// This program takes no further try yet, so that WhatsApp does not block the number.
    CoolingDown,
    /// So many tries failed that this program waits for a day or two, so that WhatsApp does not block the number.
    TriesUsedUp,
    /// The phone asks for a passkey, in pages or an app of the provider's.
    PasskeyRequired,
    /// The link was made, but no connection followed.
    NeverConnected,
    /// The connection was lost; it may come back by itself.
    ConnectionLost,
    /// The phone removed the device, or WhatsApp did.
    RemovedByPhone,
    /// An operator disconnected the device here.
    DisconnectedHere,
    /// WhatsApp banned the number for a time.
    TemporarilyBanned,
    /// WhatsApp banned the number.
    Banned,
    /// The device is connected, but nothing was heard of it although something should have been.
    Deaf,
    /// The provider refuses the credentials.
    CredentialsRefused,
    /// The provider cannot pair in this way.
    MethodUnsupported,
    /// The provider refused, or answered something unknown.
    ProviderRefused,
    /// The provider could not be reached.
    ProviderUnavailable,
}

impl PairingReason {
    /// Every reason.
    pub const ALL: [Self; 19] = [
        Self::CodeExpired,
        Self::CodesUsedUp,
        Self::ScanRefused,
        Self::Cancelled,
        Self::Throttled,
        Self::CoolingDown,
        Self::TriesUsedUp,
        Self::PasskeyRequired,
        Self::NeverConnected,
        Self::ConnectionLost,
        Self::RemovedByPhone,
        Self::DisconnectedHere,
        Self::TemporarilyBanned,
        Self::Banned,
        Self::Deaf,
        Self::CredentialsRefused,
        Self::MethodUnsupported,
        Self::ProviderRefused,
        Self::ProviderUnavailable,
    ];

    /// A stable word for programs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CodeExpired => "code_expired",
            Self::CodesUsedUp => "codes_used_up",
            Self::ScanRefused => "scan_refused",
            Self::Cancelled => "cancelled",
            Self::Throttled => "throttled",
            Self::CoolingDown => "cooling_down",
            Self::TriesUsedUp => "tries_used_up",
            Self::PasskeyRequired => "passkey_required",
            Self::NeverConnected => "never_connected",
            Self::ConnectionLost => "connection_lost",
            Self::RemovedByPhone => "removed_by_phone",
            Self::DisconnectedHere => "disconnected_here",
            Self::TemporarilyBanned => "temporarily_banned",
            Self::Banned => "banned",
            Self::Deaf => "deaf",
            Self::CredentialsRefused => "credentials_refused",
            Self::MethodUnsupported => "method_unsupported",
            Self::ProviderRefused => "provider_refused",
            Self::ProviderUnavailable => "provider_unavailable",
        }
    }

    /// What the operator can do, as a sentence.
    #[must_use]
    pub const fn advice(self, locale: Locale) -> &'static str {
        match locale {
            Locale::En => self.english(),
            _ => self.indonesian(),
        }
    }

    const fn english(self) -> &'static str {
        match self {
            Self::CodeExpired => "The code ran out. Have the phone at hand, then start again.",
            Self::CodesUsedUp => "No QR code was scanned. Have the phone at hand, then start again.",
            Self::ScanRefused => {
                "The phone refused. Update WhatsApp, remove a linked device if there are four, and start again."
            }
            Self::Cancelled => "The try was ended here. Start again when you are ready.",
            Self::Throttled => {
                "WhatsApp takes no more tries for this number for now. Wait until the time shown; trying elsewhere makes it longer."
            }
            Self::CoolingDown => {
                "Wait until the time shown: WhatsApp blocks numbers that are paired too often."
            }
            Self::TriesUsedUp => {
                "Too many tries failed. Wait until the time shown, and send a message from the phone by hand meanwhile; WhatsApp blocks numbers that are paired too often."
            }
            Self::PasskeyRequired => {
                "The phone asks for a passkey. Finish the pairing in the provider's own page or app."
            }
            Self::NeverConnected => {
                "The phone was linked, but no connection followed. Open WhatsApp on the phone with a good network, and wait."
            }
            Self::ConnectionLost => {
                "The connection was lost and is being looked for. Check the phone's network and the provider."
            }
            Self::RemovedByPhone => {
                "The device was removed from the phone's list of linked devices. Pair it again."
            }
            Self::DisconnectedHere => "The device was disconnected here. Pair it again to use it.",
            Self::TemporarilyBanned => {
                "WhatsApp banned the number for a time. Do not pair it before the time shown."
            }
            Self::Banned => "WhatsApp banned the number. Ask for a review in the WhatsApp app.",
            Self::Deaf => {
                "The device says that it is connected, but nothing is heard of it. Check that its webhook comes here, then restart it at the provider."
            }
            Self::CredentialsRefused => "The provider refuses the credentials. Check the account's settings.",
            Self::MethodUnsupported => {
                "The provider cannot pair in this way. Use the other one: QR code or code."
            }
            Self::ProviderRefused => "The provider refused. Look into its own page for the reason.",
            Self::ProviderUnavailable => "The provider cannot be reached. Try again later.",
        }
    }

    const fn indonesian(self) -> &'static str {
        match self {
            Self::CodeExpired => "Kode sudah kedaluwarsa. Siapkan ponsel, lalu mulai lagi.",
            Self::CodesUsedUp => "Tidak ada kode QR yang dipindai. Siapkan ponsel, lalu mulai lagi.",
            Self::ScanRefused => {
                "Ponsel menolak. Perbarui WhatsApp, hapus satu perangkat tertaut jika sudah empat, lalu mulai lagi."
            }
            Self::Cancelled => "Percobaan dihentikan di sini. Mulai lagi bila sudah siap.",
            Self::Throttled => {
                "WhatsApp tidak menerima percobaan lagi untuk nomor ini. Tunggu sampai waktu yang tertera; mencoba di tempat lain memperpanjangnya."
            }
            Self::CoolingDown => {
                "Tunggu sampai waktu yang tertera: WhatsApp memblokir nomor yang terlalu sering ditautkan."
            }
            Self::TriesUsedUp => {
                "Terlalu banyak percobaan gagal. Tunggu sampai waktu yang tertera, dan kirim pesan manual dari ponsel sementara itu; WhatsApp memblokir nomor yang terlalu sering ditautkan."
            }
            Self::PasskeyRequired => {
                "Ponsel meminta kunci sandi (passkey). Selesaikan penautan di halaman atau aplikasi penyedia."
            }
            Self::NeverConnected => {
                "Ponsel sudah tertaut, tetapi belum tersambung. Buka WhatsApp di ponsel dengan jaringan yang baik, lalu tunggu."
            }
            Self::ConnectionLost => {
                "Sambungan terputus dan sedang dicari. Periksa jaringan ponsel dan penyedia."
            }
            Self::RemovedByPhone => {
                "Perangkat dihapus dari daftar perangkat tertaut di ponsel. Tautkan lagi."
            }
            Self::DisconnectedHere => "Perangkat diputus di sini. Tautkan lagi untuk memakainya.",
            Self::TemporarilyBanned => {
                "WhatsApp memblokir nomor ini untuk sementara. Jangan menautkannya sebelum waktu yang tertera."
            }
            Self::Banned => "WhatsApp memblokir nomor ini. Ajukan peninjauan di aplikasi WhatsApp.",
            Self::Deaf => {
                "Perangkat mengaku tersambung, tetapi tidak ada kabar darinya. Periksa webhook-nya, lalu mulai ulang di penyedia."
            }
            Self::CredentialsRefused => "Penyedia menolak kredensial. Periksa pengaturan akun.",
            Self::MethodUnsupported => {
                "Penyedia tidak bisa menautkan dengan cara ini. Pakai cara lain: kode QR atau kode."
            }
            Self::ProviderRefused => "Penyedia menolak. Lihat alasannya di halaman penyedia.",
            Self::ProviderUnavailable => "Penyedia tidak dapat dihubungi. Coba lagi nanti.",
        }
    }
}

/// What a provider's refusal to start means: the reason, and whether WhatsApp has counted the try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PairingFailure {
    /// Why.
    pub reason: PairingReason,
    /// Whether the try may have reached WhatsApp, so that it counts.
    pub counts: bool,
    /// How long the provider asks to wait, if it says.
    pub wait: Option<std::time::Duration>,
}

impl From<&SendError> for PairingFailure {
    /// A try that certainly did not get as far as WhatsApp is given back; of every other one nobody knows, so it counts.
    fn from(error: &SendError) -> Self {
        let wait = match error.advice() {
            RetryAdvice::After(wait) => wait,
            RetryAdvice::Never | RetryAdvice::Ambiguous => None,
        };
        let (reason, counts) = match error.kind() {
            SendErrorKind::PairingThrottled => (PairingReason::Throttled, true),
            SendErrorKind::PairingRefused => (PairingReason::ScanRefused, true),
            SendErrorKind::Banned => (PairingReason::Banned, true),
            SendErrorKind::Unauthenticated => (PairingReason::CredentialsRefused, false),
            SendErrorKind::Unsupported | SendErrorKind::Disabled => (PairingReason::MethodUnsupported, false),
            SendErrorKind::Unavailable | SendErrorKind::RateLimited => {
                (PairingReason::ProviderUnavailable, error.is_ambiguous())
            }
            _ => (PairingReason::ProviderRefused, true),
        };
        Self { reason, counts, wait }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_a_word_of_its_own_and_advice_in_both_languages() {
        let mut words: Vec<&str> = PairingReason::ALL.iter().map(|reason| reason.as_str()).collect();
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), PairingReason::ALL.len());
        for reason in PairingReason::ALL {
            assert_eq!(serde_json::to_string(&reason).unwrap(), format!("\"{}\"", reason.as_str()));
            assert_ne!(reason.advice(Locale::En), reason.advice(Locale::Id), "{reason:?}");
            assert!(reason.advice(Locale::En).ends_with('.'), "{reason:?}");
        }
    }

    #[test]
    fn only_what_certainly_did_not_reach_whatsapp_is_given_back() {
        use PairingReason as R;
        use SendErrorKind as K;
        let never = RetryAdvice::Never;
        for (kind, advice, reason, counts) in [
            (K::PairingThrottled, never, R::Throttled, true),
            (K::PairingRefused, never, R::ScanRefused, true),
            (K::Banned, never, R::Banned, true),
            (K::Unauthenticated, never, R::CredentialsRefused, false),
            (K::Unsupported, never, R::MethodUnsupported, false),
            (K::Disabled, never, R::MethodUnsupported, false),
            (K::Unavailable, RetryAdvice::After(None), R::ProviderUnavailable, false),
            (K::Unavailable, RetryAdvice::Ambiguous, R::ProviderUnavailable, true),
            (K::RateLimited, RetryAdvice::After(None), R::ProviderUnavailable, false),
            (K::Rejected, never, R::ProviderRefused, true),
            (K::Unexpected, never, R::ProviderRefused, true),
        ] {
            let failure = PairingFailure::from(&SendError::new("fake", kind, advice));
            assert_eq!((failure.reason, failure.counts), (reason, counts), "{kind:?} {advice:?}");
        }
    }
}
