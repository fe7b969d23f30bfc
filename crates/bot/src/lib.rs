//! A shop's assistant on WhatsApp that tells the truth.
//!
//! For shops that answer customers with a language model and must not promise what is not so: every price, year, mileage,
//! date, code and address in a reply comes from what was looked up in this turn, from the shop's profile, or from the
//! customer's own words. A lead is kept, a person can take over at any moment, staff run the shop from the same chat, and
//! without a model customers still get hours, address, stock and a person.
//!
//! - [`AiResponder`] is the whole brain, [`llm::LanguageModel`] one backend, [`tool::Tool`] one capability: swap any.
//! - [`conversation`], [`lead`], [`catalogue`], [`tenant`], [`spend`] and [`admin`] have the ports of the stores.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod admin;
pub mod agent;
pub mod answers;
pub mod catalogue;
pub mod conversation;
pub mod demo;
pub mod fact;
pub mod guard;
mod key;
pub mod lead;
pub mod llm;
pub mod pipeline;
pub mod render;
mod responder;
mod rules;
mod serde_phone;
mod speech;
pub mod spend;
pub mod tenant;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
mod texts;
pub mod tool;
pub mod tools;
pub mod verify;
mod words;

pub use key::{ChatKey, Revision, Saved, TurnId};
pub use responder::{
    AiResponder, Evidence, FactGroup, Repair, Reply, TurnError, TurnErrorKind, TurnInput, TurnOutput,
};
pub use rules::RuleResponder;
#[cfg(feature = "testing")]
pub use speech::MockChatSender;
pub use speech::{BookSender, ChatSender, Connections, NotedBook, NotedSends};
