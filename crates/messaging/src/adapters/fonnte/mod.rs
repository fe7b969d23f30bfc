#![doc = include_str!("docs.md")]

mod client;
mod config;
mod devices;
mod inbound;
mod media;
mod webhook;
mod wire;

pub use client::Fonnte;
pub use config::FonnteConfig;
pub use webhook::FonnteWebhooks;

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "fonnte";
