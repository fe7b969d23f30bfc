//! The contract suites of the store ports, run on the databases, and what only a durable store can show.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

#[path = "shared/bot.rs"]
mod bot;
#[path = "shared/pairing.rs"]
mod pairing;
mod postgres;
mod redis;
mod sqlite;
