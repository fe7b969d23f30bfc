//! Sign-up on top of a proven phone number: validate, create once, confirm by message.
//!
//! For apps whose sign-up form asks for a name and a WhatsApp number. [`RegistrationService`] takes the proof
//! that `wartel-otp` gave for a right code, and leaves one registration and one confirmation message behind,
//! however many requests race and wherever the process dies.
//!
//! ```
//! use std::sync::Arc;
//! use wartel_core::{Country, MasterKey, PhoneNumber};
//! use wartel_messaging::{outbox::MemoryOutbox, testing::FakeProvider};
//! use wartel_otp::{Check, MemoryOtpStore, OtpService, Purpose, Start};
//! use wartel_registration::{MemoryRegistrationStore, Register, RegistrationService};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let provider = FakeProvider::default();
//! let (otp, _worker) = OtpService::builder(MasterKey::generate()?).app_name("Toko Budi")
//!     .provider(Arc::new(provider.clone())).store(Arc::new(MemoryOtpStore::new())).build()?;
//! let outbox = MemoryOutbox::default();
//! let store = MemoryRegistrationStore::new(outbox);
//! let registrations = RegistrationService::new(otp.clone(), Arc::new(store));
//!
//! let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
//! let started = otp.start(Start::new(phone, Purpose::REGISTRATION)).await?;
//! # let code = provider.last_code(&started.phone).unwrap();
//! # let code = code.as_str();
//! if let Check::Approved(proof) = otp.check(started.id, code).await? {
//!     let done = registrations.register(Register::new(proof, "Budi Santoso")).await?;
//!     assert_eq!(done.phone, started.phone);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `testing` | a mock of the store port and its contract suite; semver-exempt |
//!
//! # Why not insert a row yourself?
//!
//! Do, if you have no confirmation to send and one instance: [`wartel_otp::OtpService::redeem`] gives you the
//! verified phone. This crate is for "one registration, one message, whatever happens".
#![cfg_attr(docsrs, feature(doc_cfg))]

mod error;
mod memory;
mod registration;
mod service;
mod store;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod text;
mod validate;

pub use error::{FieldError, FieldProblem, RegisterError};
pub use memory::MemoryRegistrationStore;
pub use registration::{Registration, RegistrationId};
pub use service::{Register, RegistrationService};
pub use store::{Creation, RegistrationStore};
pub use validate::{MAX_ADDRESS_CHARACTERS, MAX_EMAIL_BYTES, MAX_EXTRA_BYTES};
