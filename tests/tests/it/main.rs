//! Scenarios across crates.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod arrows;
mod browser;
mod canary;
mod conformance;
mod crash;
mod providers;
mod races;
mod readme;
mod service;
mod stores;
mod threats;
mod wire;
