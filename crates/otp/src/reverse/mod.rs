//! Reverse verification: the person sends a shown code to us.
//!
//! [`start_reverse`](crate::OtpService::start_reverse) gives a code to show;
//! [`receive`](crate::OtpService::receive) takes the messages that come in;
//! [`claim`](crate::OtpService::claim) gives the proof to whoever holds the id.
//!
//! # What it is worth
//!
//! - It costs no message, so nobody can make us pay by asking for codes.
//! - It proves no more than that the messaging service says that the message came from this number. So only messages
//!   count whose source is signed.
//! - A stranger who has somebody send a code of his gets the proof. The text names the app, but nothing forces a
//!   stranger to use that text: for what must withstand deceit, send the code ([`start`](crate::OtpService::start)).
//! - NIST SP 800-63B-4 knows this direction (figure 3), but allows the method that relies on a SIM only from the
//!   verifier to the device (§3.1.3.1). Whoever must conform to it uses [`start`](crate::OtpService::start).
//!
//! # Who gets the proof
//!
//! The id. It is a capability: show it to nobody but the caller, and never to a second caller who names the same
//! phone. That is why an address keeps no id here, as it does when we send the code.

mod builder;
mod claim;
mod error;
mod memory;
mod policy;
mod reading;
mod receive;
mod start;
mod text;

pub(crate) use builder::{Reverse, ReverseParts};
pub use claim::Claim;
pub use error::{ClaimError, StartReverseError};
pub use policy::ReversePolicy;
pub use receive::{InboundProof, InboundTrust, Received};
pub use start::{ReverseStart, ReverseStarted};
