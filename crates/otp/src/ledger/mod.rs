//! The rules of verification, as functions on data without I/O. For authors of stores.
//!
//! A [`PhoneLedger`] holds everything that is kept of one (tenant, phone). A store implements
//! [`Transaction`]: it loads and saves ledgers, finds them by [`Locator`], and counts shared budgets. The
//! functions of [`steps`] are the verbs of [`OtpStore`](crate::store::OtpStore) on top of that; each runs
//! inside one transaction that has locked the ledger, then the shared budgets in the order given.
//! [`reverse_steps`] are those of [`ReverseStore`](crate::ReverseStore).
//!
//! Why one document for each phone: every rule reads several of its parts (a new id needs the failed checks,
//! the reservations of the other ids and the sends), so they are locked together anyway. One document is one
//! read and one write, and the rules are written once for all stores.

mod admit;
mod attempt;
mod counter;
mod delivery;
mod lease;
mod locator;
mod replay;
mod retention;
mod reverse;
pub mod reverse_steps;
mod state;
pub mod steps;

pub use counter::Counter;
pub use locator::Locator;
pub use state::PhoneLedger;
pub use steps::{ReceiptOrphan, Transaction};
