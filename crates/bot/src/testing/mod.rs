//! For tests: a sender that records, a brain and a model that follow scripts, and the contract suites of the ports.

pub mod admin_contract;
pub mod catalogue_contract;
pub mod conversation_contract;
pub mod lead_contract;
pub mod llm;
mod responder;
mod samples;
mod sender;
pub mod spend_contract;
mod suite;
pub mod tenant_contract;

pub use responder::ScriptedResponder;
pub use sender::{RecordingSender, SentMessage};
