//! For tests: a sender that records, a brain that follows a script, and the contract suites of the ports.

mod responder;
mod sender;

pub use responder::ScriptedResponder;
pub use sender::{RecordingSender, SentMessage};
//! For tests: models that follow a script, and the contract suites of the ports.

pub mod llm;
