//! Chat completions in the shape of OpenAI: Z.AI GLM, OpenAI, llama.cpp, and whatever else speaks it.
//!
//! | | Z.AI | OpenAI | llama.cpp | custom |
//! |---|---|---|---|---|
//! | tools | ✓ | ✓ | ✓ | as configured |
//! | JSON schema of the answer | in the prompt | ✓ | ✓ | as configured |
//! | thinking switched off | ✓ (from GLM 5.3: little) | as configured | ✓ | as configured |
//! | streamed answers, collected | ✓ | ✓ | ✓ | ✓ |
//! | own error codes | ✓ | ✓ | ✓ | those of OpenAI |
//!
//! Source: zai-sdk 0.2.3, recorded traffic of 2026-03, docs.z.ai and platform.openai.com, read 2026-11.

mod client;
mod config;
mod errors;
mod prices;
mod reply;
mod request;
mod stream;

pub use client::OpenAi;
pub use config::{OpenAiConfig, Profile};
