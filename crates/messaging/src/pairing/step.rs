//! What can happen to a device, and what comes of it, as data.

use std::time::Duration;

use wartel_core::{PhoneNumber, Timestamp};

use super::{PairingFailure, PairingReason, PairingRecord};
use crate::device::{DeviceEvent, DeviceInfo, PairingMethod, PairingOffer};

/// How long whoever asks the provider may take before he is taken for lost: longer than every provider's time-out.
pub const ASK_LEASE: Duration = Duration::from_secs(30);

/// How many QR codes one try shows at the most, as WhatsApp's own clients do. After them somebody has to start again, so
/// that no page that was left open asks for codes for ever.
pub const CODES_PER_TRY: u32 = 6;

/// How long after its end a QR code may still be replaced by the next one of the same try.
pub const REPLACE_GRACE: Duration = Duration::from_secs(15);

/// How long a linked device may take to connect before that is called a failure.
pub const CONNECT_TIME: Duration = Duration::from_secs(120);

/// How long after a message went out something must be heard of the device, where something was heard before.
pub const DEAF_AFTER: Duration = Duration::from_secs(600);

/// One thing that happens to a device.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum PairingStep {
    /// Somebody wants it paired.
    Begin {
        /// How.
        method: PairingMethod,
    },
    /// The provider gave something to show.
    Offered {
        /// The right to ask, from [`PairingOutcome::Ask`] or [`PairingOutcome::Look`].
        fence: u64,
        /// How the provider was asked.
        method: PairingMethod,
        /// What it gave.
        offer: PairingOffer,
    },
    /// The provider gave nothing.
    Failed {
        /// The right to ask.
        fence: u64,
        /// Why.
        failure: PairingFailure,
    },
    /// A webhook told something of it.
    Event(DeviceEvent),
    /// A webhook told something else, such as a message or a receipt: so the device is not deaf.
    Heard {
        /// When.
        at: Timestamp,
    },
    /// A message went out, so something has to be heard soon.
    Sent,
    /// Is it time to look at it? Of many who ask one gets the look.
    Look,
    /// It was looked at.
    Seen(DeviceInfo),
    /// It was looked at in vain: the provider did not say.
    NotSeen,
    /// An operator ends the try.
    Cancel,
    /// The provider was told to disconnect it, and did.
    Disconnected,
}

impl PairingStep {
    /// The number that the step is about, whose tries are loaded with the record and saved with it.
    #[must_use]
    pub fn phone(&self, record: &PairingRecord) -> Option<PhoneNumber> {
        let own = match self {
            Self::Begin { method: PairingMethod::Code(phone) } => Some(phone),
            Self::Seen(info) => info.phone.as_ref(),
            _ => None,
        };
        own.or(record.tried_phone.as_ref()).cloned()
    }
}

/// What is to be done after a step.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum PairingOutcome {
    /// Nothing: the record says how the device stands.
    Done,
    /// Ask the provider now, and tell what it said with this fence.
    Ask {
        /// The right to ask.
        fence: u64,
    },
    /// Somebody asks the provider just now: wait for what comes of it.
    Wait {
        /// When he is taken for lost.
        until: Timestamp,
    },
    /// No try is allowed now.
    Refused {
        /// Why.
        reason: PairingReason,
        /// Until when.
        until: Timestamp,
    },
    /// Look at the device now.
    Look {
        /// The right to ask for the next QR code, if the present one is about to end.
        replace: Option<u64>,
        /// Whether to tell the device to connect again, where the provider can.
        reconnect: bool,
    },
    /// What was told comes too late: somebody else has asked the provider since.
    Stale,
}
