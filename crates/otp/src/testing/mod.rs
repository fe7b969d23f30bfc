//! For test suites: a mock of the store port, requests with the default policy, and the contract suite that every
//! store passes.
//!
//! ```
//! use wartel_otp::store::Admission;
//! use wartel_otp::testing::{T0, admit_for, client, sample_phone};
//! use wartel_otp::{MemoryOtpStore, OtpStore as _};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let store = MemoryOtpStore::new();
//! let request = admit_for(&sample_phone()).client(client(1)).build();
//! let admission = store.admit(request, T0).await.unwrap();
//! assert!(matches!(admission, Admission::Send { .. }));
//! # });
//! ```
//!
//! Semver-exempt: it may change in any release.

pub mod contract;
mod requests;

#[doc(hidden)]
pub use mockall;
pub use requests::{
    AdmitBuilder, T0, admit_for, attempt, by_phone, client, default_rules, phone_number, proof_hash, receipt,
    redeem, sample_phone,
};

pub use crate::store::MockOtpStore;
