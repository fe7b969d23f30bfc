//! The native chat of Ollama.
//!
//! - Tools: as configured, because it depends on the model. JSON schema of the answer: yes. Streamed answers (lines of
//!   JSON), collected: yes.
//! - Calls have no ids there; they are made up. `num_ctx` is always sent: without it prompts are cut in silence.
//!
//! Source: the documentation and source of Ollama, read 2026-11.

mod client;
mod config;
mod reply;
mod request;

pub use client::Ollama;
pub use config::OllamaConfig;
