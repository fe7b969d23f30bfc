//! What the adapters have in common: posting, reading others' JSON, and making an answer whole.

mod base_url;
mod calls;
mod draft;
mod endpoint;
mod history;
pub(super) mod json;
mod refusal;
#[cfg(any(feature = "openai", feature = "anthropic"))]
mod sse;
#[cfg(any(feature = "openai", feature = "anthropic"))]
pub(super) mod zai;

pub(super) use calls::RawCall;
pub(super) use draft::{Draft, End};
pub(super) use endpoint::{Endpoint, EndpointSettings, Transports};
pub(super) use history::{arguments_as_object, has_a_question, tenths, with_schema};
pub(super) use refusal::{broken, kind_of_status, refusal};
#[cfg(any(feature = "openai", feature = "anthropic"))]
pub(super) use sse::{events, is_event_stream};
