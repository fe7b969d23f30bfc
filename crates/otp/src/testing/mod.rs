//! For test suites: a mock of the store port, requests with the default policy, the contract suite that every store
//! passes, and a reference model that every store agrees with.
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
mod events;
pub mod flows;
pub mod model;
mod requests;
pub mod reverse;
pub mod tallies;

pub use events::RecordedEvents;
#[doc(hidden)]
pub use mockall;
pub use requests::{
    AdmitBuilder, T0, admit_for, attempt, by_phone, client, default_rules, phone_number, proof_hash, receipt,
    redeem, sample_phone,
};

pub use crate::challenge_hook::MockChallengeHook;
pub use crate::reverse_store::MockReverseStore;
pub use crate::store::MockOtpStore;
pub use crate::tally::MockTallyStore;
