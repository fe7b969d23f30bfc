//! The shop run from the chat: typed commands of staff. No model reads or writes them.

mod store;

pub use store::{AdminStore, AuditRow, Confirmation, Undo};
