//! Phone verification by one-time codes over WhatsApp. The code is derived when it is needed and never stored.
//!
//! For developers who embed verification in their own app: bring a message provider and a store, keep the
//! rest of your stack. No service to run.
//!
//! ```
//! use std::sync::Arc;
//! use wartel_core::{Country, MasterKey, PhoneNumber};
//! use wartel_messaging::testing::FakeProvider;
//! use wartel_otp::{Check, MemoryOtpStore, OtpService, Purpose, Start};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
//! let provider = FakeProvider::default();          // or Fonnte::new(FonnteConfig::new(token))?, or your own
//! let store = MemoryOtpStore::new();               // or SqliteStores::open("otp.db").await?
//! let secret = MasterKey::generate()?;             // or MasterKey::parse(&env)?
//! let (otp, worker) = OtpService::builder(secret).app_name("Toko Budi")
//!     .provider(Arc::new(provider.clone())).store(Arc::new(store)).build()?;
//! tokio::spawn(worker.run(std::future::pending()));  // sends again after a crash, cleans up
//!
//! let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
//! let started = otp.start(Start::new(phone, Purpose::REGISTRATION).name("Budi")).await?;
//! # let code = provider.last_code(&started.phone).unwrap();
//! # let code = code.as_str();
//! match otp.check(started.id, code).await? {
//!     Check::Approved(proof) => {
//!         let phone = otp.redeem(proof, Purpose::REGISTRATION, "user-17").await?; // the verified phone
//!         println!("signed up {}", phone.masked());
//!     }
//!     Check::Wrong { attempts_left } => println!("wrong, {attempts_left} tries left"),
//!     Check::NoActiveCode | Check::Locked { .. } => println!("ask for a new code"),
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! ```
//!
//! Without the worker `start` still makes the first send. What is lost: a code whose send was cut off by a
//! crash is not sent again, and what is over is never deleted.
//!
//! # What holds
//!
//! - A dump of the store holds no code, and without the key nothing to try codes against.
//! - A right code is accepted once, however many requests race. Five wrong ones lock a verification.
//! - Nobody gets more guesses by asking for new codes: failed checks have a budget for each phone.
//! - What was not sent is never reported as sent.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `testing` | a mock of the store port and its contract suite; semver-exempt |
//!
//! # The other direction
//!
//! [`start_reverse`](OtpService::start_reverse) shows a code that the person sends to us. It costs no message and
//! cannot be pumped, and proves less: whoever can talk somebody into sending a code gets that person's proof. NIST
//! SP 800-63B-4 knows the direction (figure 3), but allows the method that relies on a SIM only from the verifier to
//! the device (§3.1.3.1). Only messages whose source is signed count.
//!
//! # Why not store a hash of the code?
//!
//! A million hashes are tried in a second: whoever has the table has the codes. A derived code needs the key,
//! which is not in the table; and the same code can be sent again after a crash or over another channel.
#![cfg_attr(docsrs, feature(doc_cfg))]

mod budget;
pub mod challenge_hook;
mod code;
mod delivery;
mod error;
pub mod events;
pub mod guard;
mod hex;
mod inbound;
pub mod ledger;
mod memory;
mod memory_tallies;
mod policy;
mod proof;
mod purpose;
mod reverse;
pub mod reverse_store;
mod service;
mod sightings;
pub mod store;
mod tally;
mod template;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod unstoppable;
mod verification;
mod worker;

pub use budget::{Budget, ClientKey, ParseRateError, RESERVABLE, Rate, parse_span};
pub use code::{Code, CodeKeys, MalformedCode, NoRandomness, Nonce, TypedCode};
pub use error::{BuildError, CheckError, RedeemError, StartError, VariableError};
pub use inbound::{ReceiptConsumer, ReverseConsumer};
pub use memory::MemoryOtpStore;
pub use memory_tallies::MemoryTallies;
pub use policy::{MAX_CODE_LIFE, OtpPolicy, PolicyError};
pub use proof::{Proof, ProofHash, ProofToken};
pub use purpose::{Purpose, PurposeError};
pub use reverse::{
    Claim, ClaimError, InboundProof, InboundTrust, Received, ReversePolicy, ReverseStart, ReverseStarted,
    StartReverseError,
};
pub use reverse_store::ReverseStore;
pub use service::{Check, CheckTarget, Deadline, OtpBuilder, OtpService, Start, Started, TestNumber};
pub use sightings::{KeyUse, key_uses};
pub use store::OtpStore;
pub use tally::{Tally, TallyStore};
pub use template::{MessageTemplates, TemplateError};
pub use verification::{ChallengeId, SendId, VerificationId, VerificationState, VerificationView};
pub use worker::OtpWorker;
