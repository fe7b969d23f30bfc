//! The words of Wartel: phone numbers in E.164, WhatsApp addresses, ids, time, locales and secrets.
//!
//! For everyone: each other crate speaks these types at its edges. There is no I/O here, no runtime and no
//! global state, so that the words can be used in any program, test or tool.
//!
//! ```
//! use wartel_core::{Country, PhoneNumber};
//!
//! let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
//! assert_eq!(phone.e164(), "+6281234567890");
//! assert_eq!(phone.masked(), "+62812•••••890");
//!
//! // A spelling that the strict form refuses comes back with the form to type instead.
//! let error = PhoneNumber::parse("0812-3456-7890", Country::INDONESIA).unwrap_err();
//! assert_eq!(error.suggestion(), Some("081234567890"));
//! # Ok::<(), wartel_core::PhoneError>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `testing` | [`ManualClock`], a clock that tests move by hand; semver-exempt |
//!
//! # Why not `String`?
//!
//! A phone number that is a `String` has as many keys as spellings, and prints itself into logs. A
//! [`PhoneNumber`] has one key and no `Display`.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod clock;
mod id;
mod jid;
mod locale;
mod name;
mod phone;
mod probe;
mod secret;
mod store_error;

#[cfg(feature = "testing")]
pub use clock::ManualClock;
pub use clock::{Clock, ParseTimestampError, SystemClock, Timestamp};
#[doc(hidden)]
pub use id::__private;
pub use id::{AccountId, AccountIdError, ParseIdError, TenantId, TenantIdError};
pub use jid::{Jid, JidError, JidServer};
pub use locale::Locale;
pub use name::{FullName, NameError};
pub use phone::{Country, CountryError, PhoneError, PhoneNumber, PhoneProblem};
pub use probe::{Probe, ProbeFailure, ProbeFailureKind};
pub use secret::{KeyId, MasterKey, MasterKeyError, Secret};
pub use store_error::{StoreError, StoreErrorKind};
