//! A WhatsApp that runs offline: a provider to send through, a phone to read on, and faults on demand.
//!
//! For test suites of applications that send WhatsApp messages, and for everyone who wants to see a code arrive
//! without an account, a SIM card or a network. A [`Sandbox`] listens on a free port of the loopback interface and is
//! three things at once:
//!
//! - **a provider**: the real wire format of Fonnte (form, multipart and JSON bodies, HTTP 200 for failures, quota,
//!   status webhooks with retries), so that the adapter under test is the one that runs in production;
//! - **a phone**: `GET /sandbox/` is a page with the customers' chats, live;
//! - **a control room**: faults, the customer's replies and the device's connection, from Rust or over HTTP.
//!
//! It is deterministic: nothing fails unless a [`Fault`] says so, and ids, quotas and faults go by count.
//!
//! ```
//! use std::time::Duration;
//! use wartel_sandbox::{Fault, Sandbox};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let sandbox = Sandbox::builder().start().await?;
//! // Point the application at `sandbox.url()` with `sandbox.token()`. Here a plain client stands in for it.
//! let send = || {
//!     reqwest::Client::new()
//!         .post(format!("{}/send", sandbox.url()))
//!         .header("Authorization", sandbox.token())
//!         .form(&[("target", "081234567890"), ("message", "Kode Anda:\n*123456*")])
//!         .send()
//! };
//!
//! send().await?;
//! let message = sandbox.wait_for_message("6281234567890", Duration::from_secs(5)).await?;
//! assert_eq!(message.code(), Some("123456"));
//! assert_eq!(sandbox.requests()[0].field("target"), Some("081234567890"));
//!
//! sandbox.fault(Fault::refuse("insufficient quota").times(1));
//! let answer = send().await?.text().await?;
//! assert!(answer.contains(r#""reason":"insufficient quota""#));
//! # sandbox.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # The control API
//!
//! JSON below `/sandbox/api/`, on the sandbox's own port and wherever [`SandboxHandle::handle`] is mounted:
//!
//! | call | does |
//! |---|---|
//! | `GET messages?phone=628…` | `{"messages":[{id, to, from, direction, text, attachment, at, status}]}`; `phone` is optional |
//! | `POST messages {from, text, name?}` | the customer writes; the incoming-message webhook follows |
//! | `POST read {phone}` | the customer opens the chat |
//! | `POST faults`, `GET faults`, `DELETE faults` | plans ([`Fault::from_json`]), lists, clears |
//! | `GET device`, `POST device {connected?, quota?}` | shows, connects, disconnects |
//! | `GET requests` | the recorded provider requests |
//! | `POST reset` | back to the start |
//! | `GET events?phone=628…` | server-sent events `message`, `status`, `device`, `reset`; resumes after `Last-Event-ID` |
//!
//! # Limits
//!
//! Never for production: whoever reaches the port reads every message. Webhooks go to `http://` only. Bodies are
//! limited to 8 MiB; messages, requests and events are kept up to a number and a size, then the oldest are forgotten.
//!
//! # Why not a mock of the HTTP client?
//!
//! A mock repeats what its author believes about the provider. The sandbox's wire types are its own, written from the
//! provider's documentation, so that it cannot share an adapter's misreading.
#![cfg_attr(docsrs, feature(doc_cfg))]
// Parts that only some of the providers need.
#![allow(dead_code)]

mod builder;
mod contacts;
mod control;
mod customer;
mod device;
mod error;
mod events;
mod faults;
mod fonnte;
mod form;
mod handle;
mod http_io;
mod ladder;
mod pages;
mod phone;
mod provider;
mod recorder;
mod ring;
mod server;
mod shared;
mod signing;
mod steer;
mod tasks;
mod webhooks;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use builder::SandboxBuilder;
pub use customer::{CustomerMessage, Extra};
pub use device::DeviceState;
pub use error::SandboxError;
pub use faults::{Fault, FaultError, FaultKind, KeyCase, Malformed, SuccessShape, Trigger, WebhookFault};
pub use handle::SandboxHandle;
pub use http_io::SandboxBody;
pub use phone::{Direction, MessageStatus, SandboxMessage};
pub use provider::{Endpoint, ProviderKind, Shown};
pub use recorder::{Authorization, RecordedFile, RecordedRequest};
pub use server::Sandbox;
pub use steer::{SandboxAccount, SandboxDevice};
pub use webhooks::{WebhookAttempt, WebhookKind};

/// Locks, whatever became of the thread that held the lock before: the data is plain and stays whole.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
