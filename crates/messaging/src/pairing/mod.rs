//! Pairing a device with a phone, without getting its number blocked.
//!
//! ```text
//! unpaired → code_shown → paired → connected → (disconnected | logged_out | banned)
//! ```
//!
//! [`PairingService`] is what an application uses: it starts a try, shows its code, replaces QR codes before they end,
//! notices what becomes of the device, and says why something is not possible and until when. [`apply`] holds the rules
//! as a function on documents; [`PairingStore`] is the port of the store that locks, loads and saves them, and
//! [`MemoryPairingStore`] keeps them in memory.
//!
//! # What holds
//!
//! - Of any number of calls that start at the same time, in any number of processes, one asks the provider. The others
//!   get the same code.
//! - WhatsApp blocks numbers that are paired too often. A try counts from its beginning; after it there is a wait that
//!   grows from 2 min to 48 h ([`COOL_DOWNS`]), for the account and for the number, and it outlives a restart.
//! - Only *connected* is a success. *Paired* tells of a link that may still break, and nothing may be done because of it.

mod memory;
mod probe;
mod reason;
mod record;
mod rules;
mod schedule;
mod service;
mod snapshot;
mod step;
mod store;
mod tries;
mod worker;

pub use memory::MemoryPairingStore;
pub use probe::{DeviceReadiness, WithHearing};
pub use reason::{PairingFailure, PairingReason};
pub use record::{PairingDocs, PairingRecord, PairingState};
pub use rules::apply;
pub use service::{PairingBuilder, PairingError, PairingRefusal, PairingService, PairingStart};
pub use snapshot::PairingSnapshot;
pub use step::{
    ASK_LEASE, CODES_PER_TRY, CONNECT_TIME, DEAF_AFTER, PairingOutcome, PairingStep, REPLACE_GRACE,
};
#[cfg(feature = "testing")]
pub use store::MockPairingStore;
pub use store::{DeviceKey, PairingStore};
pub use tries::{COOL_DOWNS, FORGOTTEN_AFTER, FREE_TRIES, SHORT_PAUSE, Tries};
pub use worker::PairingWorker;
