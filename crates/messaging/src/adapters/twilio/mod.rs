#![doc = include_str!("docs.md")]

mod client;
mod config;
mod errors;
mod webhook;
mod wire;

pub use client::Twilio;
pub use config::{OtpContent, TwilioConfig, TwilioSender};
pub use webhook::TwilioWebhooks;

/// The provider's name in logs, metrics, errors and receipts.
pub(crate) const NAME: &str = "twilio";

/// What stands before every address of WhatsApp's.
const CHANNEL: &str = "whatsapp:";
