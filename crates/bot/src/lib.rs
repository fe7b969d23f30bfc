//! A shop's assistant on WhatsApp that tells the truth.
//!
//! For shops that answer customers with a language model and must not promise what is not so: every price, year, mileage,
//! date, code and address in a reply comes from what was looked up in this turn, from the shop's profile, or from the
//! customer's own words. A lead is kept, a person can take over at any moment, staff run the shop from the same chat, and
//! without a model customers still get hours, address, stock and a person.
//!
//! ```
//! use std::sync::Arc;
//! use wartel_bot::catalogue::{CatalogueStore, MemoryCatalogueStore, Schema};
//! use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
//! use wartel_bot::{AiResponder, ChatKey, Revision, RuleResponder, TurnId, TurnInput, TurnOutput, demo};
//! use wartel_bot::{verify::{Ground, Verdict, Verifier}, fact::Date};
//! use wartel_core::{AccountId, TenantId, Timestamp};
//! use wartel_messaging::inbox::ContactId;
//!
//! # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
//! // A showroom with twelve cars, in memory.
//! let (shop, cars) = demo::shop(TenantId::default(), "https://showroom.example/photos");
//! let (shops, items) = (Arc::new(MemoryTenantStore::new()), Arc::new(MemoryCatalogueStore::new()));
//! shops.save(&shop, Revision::NEW).await?;
//! for car in &cars {
//!     items.save(car, Revision::NEW).await?;
//! }
//!
//! // A brain without a model; `agent::AgentResponder` is one with a model and tools.
//! let brain = RuleResponder::new(shops, items, Schema::cars());
//! let chat = ChatKey::new(TenantId::default(), AccountId::default(), ContactId::random());
//! let words = vec!["Ada Avanza di bawah 170 juta?".to_owned()];
//! let now = Timestamp::parse_rfc3339("2026-12-01T05:00:00Z")?;
//! let turn = TurnInput::new(chat, TurnId::random(), Arc::new(shop.clone()), words, now);
//! let TurnOutput::Reply(reply) = brain.respond(&turn).await? else { panic!("it answers") };
//! assert!(reply.text.contains("Rp165.000.000"));
//!
//! // What the pipeline asks of every draft: is it true?
//! let ground = Ground::new(&shop, Date::parse("2026-12-01")?);
//! assert_eq!(Verifier::new().verify(&reply.text, &reply.evidence, &ground), Verdict::Pass);
//! let lie = reply.text.replace("165", "156");
//! assert_ne!(Verifier::new().verify(&lie, &reply.evidence, &ground), Verdict::Pass);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! - [`pipeline`] is the way from a stored message to an answer: [`pipeline::BotConsumer`] takes entries of the inbox,
//!   [`pipeline::BotWorker`] answers.
//! - [`AiResponder`] is the whole brain, [`llm::LanguageModel`] one backend, [`tool::Tool`] one capability: swap any.
//! - [`conversation`], [`lead`], [`catalogue`], [`tenant`], [`spend`] and [`admin`] have the ports of the stores, each with a
//!   memory store and, with the feature `testing`, a contract suite.
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `openai`, `anthropic`, `ollama` | language models: OpenAI-compatible servers (Z.AI, OpenAI, llama.cpp, your own), Anthropic, Ollama |
//! | `models` | all of them |
//! | `accounts` | knows from the pairing of accounts which devices are connected |
//! | `testing` | scripted brains and models, a recording sender, contract suites; semver-exempt |
//!
//! # Why not an agent framework?
//!
//! A framework lets a model act and hopes that its words are true. Here the model proposes and code decides: tools answer with
//! facts, actions happen only with a reply that was checked against them, and every state is in a store.
//! - [`console::Console`] is the shop as its own people see it: profile, items, leads, chats, what models cost.
//! - [`conversation`], [`lead`], [`catalogue`], [`tenant`], [`spend`] and [`admin`] have the ports of the stores.
#![cfg_attr(docsrs, feature(doc_cfg))]

pub mod admin;
pub mod agent;
pub mod answers;
pub mod catalogue;
pub mod console;
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
