//! Tests across the modules of this crate: the contract of the store on its implementations, and the engine with a
//! fake provider and a clock that stands still.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

#[path = "it/broken_store.rs"]
mod broken_store;
#[path = "it/check.rs"]
mod check;
#[path = "it/contract.rs"]
mod contract;
#[path = "it/desk.rs"]
mod desk;
#[path = "it/json_store.rs"]
mod json_store;
#[path = "it/keys.rs"]
mod keys;
#[path = "it/limits.rs"]
mod limits;
#[path = "it/logs.rs"]
mod logs;
#[path = "it/proof.rs"]
mod proof;
#[path = "it/races.rs"]
mod races;
#[path = "it/secrets.rs"]
mod secrets;
#[path = "it/sending.rs"]
mod sending;
#[path = "it/sequences.rs"]
mod sequences;
#[path = "it/texts.rs"]
mod texts;
#[path = "it/worker.rs"]
mod worker;
