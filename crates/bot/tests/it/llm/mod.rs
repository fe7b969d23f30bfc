//! Models: the contract on every adapter over a socket, and the layers.

mod anthropic;
mod cuts;
mod double;
mod failover;
mod logged;
mod metered;
mod models;
mod ollama;
mod openai;
mod retry;
mod schema;

use std::time::Duration;

use wartel_bot::llm::{LlmMessage, LlmRequest};

/// A question with half a minute to answer it.
fn question() -> LlmRequest {
    LlmRequest::new("Be brief.", vec![LlmMessage::user("ada avanza?")], "turn-0001")
        .with_timeout(Duration::from_secs(30))
}
