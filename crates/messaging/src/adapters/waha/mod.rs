#![doc = include_str!("docs.md")]

mod client;
mod config;
mod errors;
mod message;
mod pairing;
mod webhook;
mod wire;

pub use client::Waha;
pub use config::WahaConfig;
pub use webhook::WahaWebhooks;

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "waha";
