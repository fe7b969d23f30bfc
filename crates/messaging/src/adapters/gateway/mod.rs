#![doc = include_str!("docs.md")]

mod client;
mod config;
mod webhook;
mod wire;

pub use client::Gateway;
pub use config::GatewayConfig;
pub use webhook::GatewayWebhooks;

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "gateway";
