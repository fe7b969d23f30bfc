//! The device (the paired phone) behind an account: how it is, and how it is paired.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wartel_core::{PhoneNumber, Secret, Timestamp};

use crate::error::SendError;

/// How the device is.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeviceInfo {
    /// Whether messages can go out through it now.
    pub connected: bool,
    /// Whether it is linked to a phone. `None` if the provider does not say; a connected one is.
    pub paired: Option<bool>,
    /// The provider's id of the device, such as the address that WhatsApp gave it. For the operator; not for logs.
    pub device_id: Option<String>,
    /// The number of the phone that it is linked to.
    pub phone: Option<PhoneNumber>,
    /// The version of the gateway, if it says.
    pub version: Option<String>,
    /// How many messages the account may still send. `None` if the provider does not say.
    pub quota: Option<u64>,
    /// The provider's package or plan, if it says.
    pub package: Option<String>,
    /// When the package ends, in the provider's own words.
    pub expires: Option<String>,
    /// What the provider says of a pairing that is under way, as its webhook would: [`DeviceEvent::PasskeyRequired`] or
    /// [`DeviceEvent::PairingRefused`]. `None` if it says nothing of it.
    pub pairing: Option<DeviceEvent>,
}

impl DeviceInfo {
    /// A device of which only the connection is known.
    #[must_use]
    pub const fn new(connected: bool) -> Self {
        Self {
            connected,
            paired: None,
            device_id: None,
            phone: None,
            version: None,
            quota: None,
            package: None,
            expires: None,
            pairing: None,
        }
    }

    /// With whether it is linked to a phone.
    #[must_use]
    pub const fn with_paired(mut self, paired: bool) -> Self {
        self.paired = Some(paired);
        self
    }

    /// With the provider's id of it and the number of its phone.
    #[must_use]
    pub fn with_identity(mut self, device_id: Option<String>, phone: Option<PhoneNumber>) -> Self {
        self.device_id = device_id;
        self.phone = phone;
        self
    }

    /// With the version of the gateway.
    #[must_use]
    pub fn with_version(mut self, version: Option<String>) -> Self {
        self.version = version;
        self
    }

    /// With the number of messages left.
    #[must_use]
    pub const fn with_quota(mut self, quota: Option<u64>) -> Self {
        self.quota = quota;
        self
    }

    /// With what became of a pairing that is under way.
    #[must_use]
    pub const fn with_pairing(mut self, pairing: Option<DeviceEvent>) -> Self {
        self.pairing = pairing;
        self
    }

    /// With the name of the package and its end.
    #[must_use]
    pub fn with_package(mut self, package: Option<String>, expires: Option<String>) -> Self {
        self.package = package;
        self.expires = expires;
        self
    }
}

/// Second port: providers that can say how their device is.
#[async_trait::async_trait]
pub trait DeviceStatus: fmt::Debug + Send + Sync + 'static {
    /// Asks how the device is.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked; a device that is not connected is an
    /// answer, not an error.
    async fn device(&self) -> Result<DeviceInfo, SendError>;
}

/// What a webhook says of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DeviceEvent {
    /// It is linked to a phone. That is not yet a connection: nothing may be sent because of it.
    Paired,
    /// Messages can go out through it.
    Connected,
    /// It lost its connection, and may come back by itself.
    Disconnected,
    /// The phone removed it, or somebody logged it out: it has to be paired again.
    LoggedOut,
    /// WhatsApp banned the number, until the instant if one is given.
    Banned {
        /// Until when.
        until: Option<Timestamp>,
    },
    /// A new QR code is to be shown; it has to be fetched.
    QrChanged,
    /// The provider gave the pairing up: the phone, or WhatsApp, refused the scan or the code that was typed, or nobody
    /// used the last code.
    PairingRefused,
    /// The phone asks for a passkey before it links the device, in pages or an app of the provider's.
    PasskeyRequired,
}

/// How a device is to be paired.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairingMethod {
    /// By a QR code that the phone scans.
    Qr,
    /// By a code that is typed on the phone of this number.
    Code(PhoneNumber),
}

/// What the person has to do to pair the device.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairingOffer {
    /// Scan this QR code.
    Qr {
        /// The code.
        qr: QrCode,
        /// How long it is valid. `None` if the provider does not say: WhatsApp's first code lives 60 s, later ones 20 s.
        valid_for: Option<Duration>,
    },
    /// Type this code on the phone.
    Code {
        /// The code, mostly eight characters.
        code: PairingCode,
        /// How long it is valid. `None` if the provider does not say: WhatsApp's live about 180 s.
        valid_for: Option<Duration>,
    },
    /// Nothing: the device is connected already.
    AlreadyConnected,
    /// Confirm with a passkey in the provider's own pages or app, which this port cannot carry.
    PasskeyRequired,
}

/// A QR code, as text or as a picture. `Debug` shows neither: whoever scans it has the account.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum QrCode {
    /// What the QR code says.
    Text(String),
    /// A PNG picture of it; the provider gives no text.
    Png(Bytes),
}

impl fmt::Debug for QrCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "QrCode(text)",
            Self::Png(_) => "QrCode(png)",
        })
    }
}

/// A code to type on the phone. Compared and kept as a secret: whoever types it has the account.
#[derive(Debug, Clone)]
pub struct PairingCode(Secret);

impl PairingCode {
    /// Takes a code, as the provider wrote it.
    #[must_use]
    pub fn new(code: impl Into<Secret>) -> Self {
        Self(code.into())
    }

    /// Shows the code.
    #[must_use]
    pub fn expose(&self) -> &str {
        self.0.expose()
    }
}

impl PartialEq for PairingCode {
    fn eq(&self, other: &Self) -> bool {
        self.expose() == other.expose()
    }
}

impl Eq for PairingCode {}

/// Second port: providers whose device is paired with a phone.
#[async_trait::async_trait]
pub trait DevicePairing: DeviceStatus {
    /// Asks for something to show to the person, so that the device is paired. Asked again while a code is shown, it
    /// gives the present one or a newer one.
    ///
    /// # Behavior
    /// - One try only: WhatsApp blocks numbers that try too often, so who calls limits and spaces the tries.
    /// - A method that the provider does not have is [`SendErrorKind::Unsupported`](crate::SendErrorKind::Unsupported).
    ///
    /// # Errors
    /// [`SendError`]; among its kinds [`SendErrorKind::PairingThrottled`](crate::SendErrorKind::PairingThrottled) and
    /// [`SendErrorKind::Banned`](crate::SendErrorKind::Banned).
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError>;

    /// Disconnects the device and forgets the link to the phone. One that is not linked is no error.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked.
    async fn disconnect(&self) -> Result<(), SendError>;
}

/// Second port: providers that can be told to connect a linked device again.
#[async_trait::async_trait]
pub trait DeviceReconnect: fmt::Debug + Send + Sync + 'static {
    /// Asks for one try to connect. What became of it is told by [`DeviceStatus::device`] and by webhook. It never
    /// unlinks the device, and never asks WhatsApp for a code.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked. If the provider says that the device is linked to no
    /// phone any more, [`SendErrorKind::DeviceOffline`](crate::SendErrorKind::DeviceOffline) with
    /// [`RetryAdvice::Never`](crate::RetryAdvice::Never).
    async fn reconnect(&self) -> Result<(), SendError>;
}
