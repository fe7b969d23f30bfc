//! For tests: a sender that records, a brain and a model that follow scripts, and the contract suites of the ports.

pub mod llm;
mod responder;
mod sender;

pub use responder::ScriptedResponder;
pub use sender::{RecordingSender, SentMessage};
