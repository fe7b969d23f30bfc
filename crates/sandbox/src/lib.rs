//! A WhatsApp that runs offline: a provider to send through, a phone to read on, and faults on demand.
//!
//! For test suites of applications that send WhatsApp messages, and for everyone who wants to see a code arrive
//! without an account, a SIM card or a network. A [`Sandbox`] listens on a free port of the loopback interface and is
//! four things at once:
//!
//! - **providers**: their real wire formats (bodies, errors, signed webhooks with their retries), so that the adapter
//!   under test is the one that runs in production. Each has the paths below its name (`/waha/…`); Fonnte also has all
//!   paths that nobody else has. [`SandboxHandle::account`] tells the credentials;
//! - **language models**: the servers of [`LlmKind`] below `/llm/`, for bots; see below;
//! - **a phone**: `GET /sandbox/` is a page with the customers' chats, live;
//! - **a control room**: faults, the customers' replies and the devices' links to their phones, from Rust
//!   ([`SandboxDevice`]) or over HTTP.
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
//! | `GET messages?phone=628…` | `{"messages":[{id, provider, to, from, direction, text, attachment, at, status}]}`; `phone` is optional |
//! | `POST messages {from, text, name?, shown?, group?, story?, own_phone?, quotes?, extra?}` | somebody writes; the webhook follows (below) |
//! | `POST read {phone}` | the customer opens the chat |
//! | `POST fail {phone, code}` | the newest message to the customer fails with the provider's code |
//! | `POST stories {from, count}` | so many status posts of a customer |
//! | `POST faults`, `GET faults`, `DELETE faults` | plans ([`Fault::from_json`]), lists, clears |
//! | `GET devices`, `GET device?provider=…` | shows the devices of all providers, or of one (of Fonnte, if none is named) |
//! | `POST device {connected?, quota?, deaf?, webhook?}` | connects, disconnects, loses what comes in, sets where webhooks go |
//! | `POST scan {qr?, connect?}`, `POST refuse-scan {}` | scans what the device shows (`qr`: only if it shows that), or refuses |
//! | `POST passkey {step}` | WhatsApp asks for a passkey (`ask`), the person gives it (`give`) and confirms it (`confirm`): WAHA and GOWA |
//! | `POST remove {}` | the phone removes the device |
//! | `POST ban {until?}`, `POST timelock {until?}` | WhatsApp bans the number, or lets it answer only (error 463) |
//! | `GET requests` | the recorded provider requests |
//! | `GET llm` | `{"key", "bases":{"openai", "zai", "anthropic", "ollama"}}` |
//! | `POST llm/answers`, `GET llm/answers`, `DELETE llm/answers` | the script: one `{text?, reasoning?, tool_calls?:[{name, arguments}], when?}` or a list of them |
//! | `POST llm/faults`, `GET llm/faults`, `DELETE llm/faults` | plans ([`LlmFault::from_json`]), lists, clears |
//! | `GET llm/requests` | the recorded requests to language models: `{at, server, authorization, key, model, stream, system, messages:[{role, text, tools}], tools, body}` |
//! | `POST reset` | back to the start |
//! | `GET events?phone=628…` | server-sent events `message`, `status`, `device`, `reset`; resumes after `Last-Event-ID` |
//!
//! Calls about a device take `device` (its number) or `provider` (the first one of it); with neither they mean Fonnte's.
//! A customer is `shown` as `phone`, `lid` (the number stays hidden), `both`, or `twice`: the same message once by the
//! number and once by the LID. With `own_phone` the person at the device's phone writes to the customer. `extra` is
//! `{"media":{kind, mime, url, file_name?}}`, `{"choice":{id}}` or `{"location":{latitude, longitude}}`. A receipt before
//! the answer to its send is a fault `slow`; a slow application is [`SandboxBuilder::webhook_timeout`].
//!
//! # Language models
//!
//! | server | adapter's base URL | call |
//! |---|---|---|
//! | OpenAI and what speaks like it | `{url}/llm/openai/v1` | `POST /chat/completions` |
//! | Z.AI | `{url}/llm/zai/api/paas/v4` | `POST /chat/completions` |
//! | Anthropic | `{url}/llm/anthropic` | `POST /v1/messages` |
//! | Ollama | `{url}/llm/ollama` | `POST /api/chat` |
//!
//! Each speaks its own wire format, whole and as a stream, with tools, JSON schemas and `max_tokens`. All but Ollama
//! ask for the key `sandbox-key`, or one of [`SandboxBuilder::llm_key`]. A token is four bytes.
//!
//! An answer is the next one of the script. Without a script the model plays the assistant of a shop of used cars by
//! rules, in Indonesian or English: it calls the tool that fits among those that are offered (`search_stock`,
//! `car_details`, `send_photos`, `shop_profile`, `credit_estimate`, `book_visit`, `record_interest`, `hand_over`, and
//! names like them), fills the arguments in by the names and types of their schemas, and says only what results say.
//! An [`LlmFault`] makes it slow, rude, broken, careless with numbers, or obedient to attackers.
//!
//! ```
//! use serde_json::{Value, json};
//! use wartel_sandbox::{LlmAnswer, LlmFault, LlmKind, Sandbox};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let sandbox = Sandbox::builder().start().await?;
//! let llm = sandbox.llm();
//! let ask = || {
//!     reqwest::Client::new()
//!         .post(format!("{}/chat/completions", sandbox.llm_base(LlmKind::Zai)))
//!         .bearer_auth(llm.key())
//!         .json(&json!({"model": "glm-4.7-flash", "messages": [{"role": "user", "content": "Avanza ada?"}]}))
//!         .send()
//! };
//!
//! llm.answer(LlmAnswer::text("Ada, Kak."));
//! let answer: Value = ask().await?.json().await?;
//! assert_eq!(answer["choices"][0]["message"]["content"], "Ada, Kak.");
//! assert_eq!(llm.requests()[0].last_user_text(), Some("Avanza ada?"));
//!
//! llm.fault(LlmFault::refuse("1302").times(1));
//! assert_eq!(ask().await?.status(), 429);
//! # sandbox.shutdown().await;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! # How a provider is added
//!
//! 1. A module `src/<name>/` with a unit struct that implements the trait `Provider` (`src/provider/mod.rs`), and a line
//!    in `FAKES` there. Its name, its device and its paths exist already. Wire types are the module's own, written from
//!    the provider's documentation.
//! 2. `settings`: what the adapter is configured with, by the adapter's own setting names. Credentials are
//!    `Device::token`, `Device::session` (what paths call it), `Device::number` and `Device::secret` (for signatures).
//! 3. `receive`: which endpoint, whose credentials (`Devices::with_token`, `with_session`), which customers' numbers. It
//!    changes nothing. Wrong routes and credentials answer here, so that no fault hides them.
//! 4. `carry_out`: the answer. Sends check what the provider checks (`Device::is_connected`, `Shared::on_whatsapp`,
//!    `Shared::new_chat_locked` for the timelock, `Device::spend` for a quota; a LID's number is `Contacts::phone`) and
//!    hand over to `ladder::accept`, which gives the id, shows the message and lets it climb. Pairing is
//!    `Shared::show_qr`, `show_code`, `log_out`. Recorder, hangs, cuts, slowness and HTTP errors are none of its business.
//! 5. `webhooks`: an event becomes no, one or several `Webhook`s: bytes, content type and headers, signed with
//!    `signing::…` over exactly these bytes. `retry` and `delivered` say how they are delivered.
//! 6. Tests in `tests/it/`, and the adapter's contract over it in the crate `wartel-tests`.
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

mod builder;
mod cloud_api;
mod contacts;
mod control;
mod customer;
mod device;
mod error;
mod events;
mod evolution;
mod faults;
mod fonnte;
mod form;
mod gateway;
mod gowa;
mod handle;
mod http_io;
mod ladder;
mod llm;
mod pages;
mod phone;
mod provider;
mod qr;
mod recorder;
mod ring;
mod server;
mod shared;
mod signing;
mod steer;
mod tasks;
mod twilio;
mod waha;
mod webhooks;

use std::sync::{Mutex, MutexGuard, PoisonError};

pub use builder::SandboxBuilder;
pub use customer::{CustomerMessage, Extra};
pub use device::DeviceState;
pub use error::SandboxError;
pub use faults::{Fault, FaultError, FaultKind, KeyCase, Malformed, SuccessShape, Trigger, WebhookFault};
pub use handle::SandboxHandle;
pub use http_io::SandboxBody;
pub use llm::{
    BadCall, LlmAnswer, LlmFault, LlmFaultKind, LlmKind, RecordedMessage, RecordedPrompt, SandboxLlm,
};
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
