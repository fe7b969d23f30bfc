//! The Messages API of Anthropic, and of servers that speak it, such as the Anthropic route of Z.AI.
//!
//! - Tools: yes. JSON schema of the answer: in the prompt. Streamed answers, collected: yes.
//! - The error codes of Z.AI that ride on its Anthropic route are understood.
//!
//! Source: docs.anthropic.com and the source of the SDKs, read 2026-11.

mod client;
mod config;
mod errors;
mod reply;
mod request;
mod stream;

pub use client::Anthropic;
pub use config::AnthropicConfig;
