#![doc = include_str!("docs.md")]

mod client;
mod config;
mod content;
mod errors;
mod media;
mod webhook;
mod wire;

pub use client::CloudApi;
pub use config::{CloudApiConfig, OtpTemplate};
pub use webhook::{CloudApiHandshake, CloudApiWebhooks};

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "cloud_api";
