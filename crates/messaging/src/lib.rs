//! One port for WhatsApp providers: send a message, learn what became of it, know whether trying again helps.
//!
//! For integrators who swap providers and for test suites that mock them. [`MessageProvider`] is the port;
//! the adapters live behind features; [`layers`] wrap any provider with retries, throttling and health;
//! [`outbox`] sends what must not be forgotten; [`inbox`] records what comes in, once, and hands it to consumers.
//!
//! ```
//! use wartel_core::{Country, PhoneNumber};
//! use wartel_messaging::{Accepted, Capabilities, MessageProvider, OutboundMessage, SendError};
//!
//! /// A provider that writes to a printer.
//! #[derive(Debug)]
//! struct Printer;
//!
//! #[async_trait::async_trait]
//! impl MessageProvider for Printer {
//!     fn name(&self) -> &'static str { "printer" }
//!     fn capabilities(&self) -> Capabilities { Capabilities::none().with_text().with_one_time_code() }
//!     async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
//!         let _paper = message.text().expose();
//!         Ok(Accepted::new())
//!     }
//! }
//!
//! let phone = PhoneNumber::parse("081234567890", Country::INDONESIA)?;
//! let message = OutboundMessage::text_to(phone, "Halo!");
//! # let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
//! # runtime.block_on(async {
//! Printer.send(&message).await?;
//! # Ok::<(), SendError>(()) }).unwrap();
//! # Ok::<(), wartel_core::PhoneError>(())
//! ```
//!
//! # Features
//!
//! | feature | adds |
//! |---|---|
//! | `cloud-api`, `evolution`, `fonnte`, `gateway`, `gowa`, `twilio`, `waha` | an adapter, and the HTTP client with it |
//! | `adapters` | all of them |
//! | `http-client` | an HTTP client on reqwest, for adapters of your own |
//! | `accounts` | accounts of tenants, with their credentials encrypted, and their devices |
//! | `testing` | a mock, a recording fake and the contract suite; semver-exempt |
//!
//! # Why not a client of one provider?
//!
//! Providers answer HTTP 200 to failures, call acceptance "sent", and time out after they have accepted. The
//! port has one word for each of these, so that no caller has to know which provider it talks to.
#![cfg_attr(docsrs, feature(doc_cfg))]

#[cfg(feature = "accounts")]
#[cfg_attr(docsrs, doc(cfg(feature = "accounts")))]
pub mod accounts;
pub mod adapters;
mod capabilities;
mod chat;
mod device;
mod error;
mod inbound;
pub mod inbox;
pub mod layers;
pub mod markup;
mod message;
pub mod outbox;
pub mod pairing;
mod provider;
mod receipt;
mod recipient;
mod senders;
mod settings;
#[cfg(feature = "testing")]
#[cfg_attr(docsrs, doc(cfg(feature = "testing")))]
pub mod testing;
pub mod transport;
mod under_way;
mod webhook;

pub use capabilities::Capabilities;
pub use chat::ChatPresence;
pub use device::{
    DeviceEvent, DeviceInfo, DevicePairing, DeviceReconnect, DeviceStatus, PairingCode, PairingMethod,
    PairingOffer, QrCode,
};
pub use error::{RetryAdvice, SendError, SendErrorKind};
pub use inbound::{
    Author, ContactAddress, InboundContent, InboundMessage, MAX_CONTACT_NAME, MAX_INBOUND_TEXT,
};
pub use message::{
    Choice, ChoiceOption, Content, Media, MediaKind, MediaSource, OneTimeCode, OutboundMessage, Template,
};
pub use provider::{
    Accepted, Account, DisabledProvider, LidLookup, MessageProvider, NumberCheck, NumberCheckResult,
    ProviderMessageId,
};
pub use receipt::{DeliveryReceipt, DeliveryState, ReceiptKey};
pub use recipient::Recipient;
pub use senders::{AccountSender, Sender, SenderBook, channel_name, own_sender};
pub use settings::AccountSettings;
pub use webhook::{
    Authenticity, InboundEvent, WebhookError, WebhookHandshake, WebhookRequest, WebhookSource,
};
