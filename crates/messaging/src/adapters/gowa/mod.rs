#![doc = include_str!("docs.md")]

mod client;
mod config;
mod errors;
mod message;
mod pairing;
mod webhook;
mod wire;

pub use client::Gowa;
pub use config::GowaConfig;
pub use webhook::GowaWebhooks;

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "gowa";
