//! For test suites: a mock, a scripted and recording fake, and the contract suites of the ports.
//!
//! ```
//! use wartel_messaging::testing::{FakeProvider, sample_message};
//! use wartel_messaging::{MessageProvider, SendErrorKind};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let provider = FakeProvider::default().then_fail(SendErrorKind::RateLimited);
//! assert!(provider.send(&sample_message()).await.is_err());
//! assert!(provider.send(&sample_message()).await.is_ok());
//! assert_eq!(provider.count(), 1);
//! # });
//! ```
//!
//! Semver-exempt: it may change in any release.

#[cfg(feature = "accounts")]
pub mod account_contract;
pub mod contract;
mod fake;
mod fake_device;
mod fake_env;
mod fake_senders;
pub mod inbox_contract;
mod mock;
pub mod outbox_contract;
pub mod pairing_contract;
mod transport;

use std::time::Duration;

use wartel_core::{Country, Locale, PhoneNumber, Secret};

pub use fake::FakeProvider;
pub use fake_device::{FakeDevice, TokioClock};
pub use fake_env::FakeEnv;
pub use fake_senders::FakeSenders;
pub use mock::{MockMessageProvider, MockOutbox, MockSenderBook};
#[doc(hidden)]
pub use mockall;
pub use transport::ScriptedTransport;

use crate::{Content, OneTimeCode, OutboundMessage};

/// A made-up phone number, `+6281234567890`.
#[must_use]
pub fn sample_phone() -> PhoneNumber {
    phone("+6281234567890")
}

/// A number that is known to be one. Tests panic on a wrong one.
#[expect(clippy::panic, reason = "a wrong number in a test is a mistake of the test")]
pub(crate) fn phone(text: &str) -> PhoneNumber {
    match PhoneNumber::parse(text, Country::INDONESIA) {
        Ok(phone) => phone,
        Err(error) => panic!("a test uses a number that is none: {error}"),
    }
}

/// A one-time code for the [`sample_phone`].
#[must_use]
pub fn sample_message() -> OutboundMessage {
    let (code, text) = (Secret::new("482915"), Secret::new("Kode Anda:\n*482915*"));
    let code = OneTimeCode::new(code, text, Locale::Id, Duration::from_secs(300));
    OutboundMessage::new(sample_phone(), Content::OneTimeCode(code))
}
