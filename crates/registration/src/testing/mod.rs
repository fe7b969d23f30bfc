//! For test suites: a mock of the store port, and the contract suite that every store passes.
//!
//! ```
//! use wartel_registration::testing::{confirmation_of, registration_of};
//! use wartel_registration::{Creation, MemoryRegistrationStore, RegistrationStore as _};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryRegistrationStore::default();
//! let registration = registration_of("+6281234567890");
//! let confirmation = confirmation_of(&registration);
//! assert_eq!(store.create(&registration, &confirmation).await.unwrap(), Creation::Created);
//! # });
//! ```
//!
//! Semver-exempt: it may change in any release.

pub mod contract;

use std::time::Duration;

use wartel_core::{Country, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::outbox::{OutboxEntry, OutboxEntryId};

#[doc(hidden)]
pub use mockall;

use crate::registration::{Registration, RegistrationId};
pub use crate::store::MockRegistrationStore;

/// 2026-01-01T00:00:00Z, when the tests begin.
pub const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

/// A number that is known to be one. Tests panic on a wrong one.
#[expect(clippy::panic, reason = "a wrong number in a test is a mistake of the test")]
pub(crate) fn phone(text: &str) -> PhoneNumber {
    match PhoneNumber::parse(text, Country::INDONESIA) {
        Ok(phone) => phone,
        Err(error) => panic!("a test uses a number that is none: {error}"),
    }
}

/// A new registration of a made-up phone number, in the default tenant.
///
/// # Panics
/// If the text is no phone number.
#[must_use]
pub fn registration_of(number: &str) -> Registration {
    Registration::new(RegistrationId::random(), TenantId::default(), phone(number), "Budi Santoso", T0)
}

/// The confirmation of a registration, as the service writes it: with the registration's id, for a day.
#[must_use]
pub fn confirmation_of(registration: &Registration) -> OutboxEntry {
    OutboxEntry::text(
        OutboxEntryId::from_uuid(registration.id.as_uuid()),
        registration.tenant.clone(),
        registration.phone.clone(),
        "Pendaftaran Anda telah berhasil.",
        registration.created_at + Duration::from_secs(86_400),
    )
}
