//! Tests across the modules of this crate: the contract of the store on its implementations, and the engine with a
//! fake provider and a clock that stands still.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "tests fail by panicking, and the long ones print their figures"
)]

#[path = "it/accounts.rs"]
mod accounts;
#[path = "it/attacker.rs"]
mod attacker;
#[path = "it/broken_store.rs"]
mod broken_store;
#[path = "it/canaries.rs"]
mod canaries;
#[path = "it/check.rs"]
mod check;
#[path = "it/contract.rs"]
mod contract;
#[path = "it/debug.rs"]
mod debug;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/dump.rs"]
mod dump;
#[path = "it/events.rs"]
mod events;
#[path = "it/fallback.rs"]
mod fallback;
#[path = "it/flows.rs"]
mod flows;
#[path = "it/guard.rs"]
mod guard;
#[path = "it/inbound.rs"]
mod inbound;
#[path = "it/json_store.rs"]
mod json_store;
#[path = "it/keys.rs"]
mod keys;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/logs.rs"]
mod logs;
#[path = "it/model.rs"]
mod model;
#[path = "it/proof.rs"]
mod proof;
#[path = "it/races.rs"]
mod races;
#[path = "it/requests.rs"]
mod requests;
#[path = "it/reverse.rs"]
mod reverse;
#[path = "it/reverse_sequences.rs"]
mod reverse_sequences;
#[path = "it/secrets.rs"]
mod secrets;
#[path = "it/sending.rs"]
mod sending;
#[path = "it/sequences.rs"]
mod sequences;
#[path = "it/statistics.rs"]
mod statistics;
#[path = "it/streams.rs"]
mod streams;
#[path = "it/texts.rs"]
mod texts;
#[path = "it/threats.rs"]
mod threats;
#[path = "it/waiting.rs"]
mod waiting;
#[path = "it/worker.rs"]
mod worker;
