//! Chats: what was said, what waits for an answer, what waits to be sent, and who speaks.
//!
//! A [`Chat`] is one document; every change of it is a pure function, and [`ConversationStore`] only loads and saves.
//! Whoever saves says which revision was read, so that what another process has stored meanwhile (a person taking over,
//! another message) is never overwritten and always seen before something is sent.

mod chat;
mod line;
mod memory;
mod part;
mod person;
mod sending;
mod silence;
mod steps;
mod store;

pub use chat::{BurstItem, Chat, Notice, Pause, PauseBy, SentMark};
pub use line::{Line, LineAuthor, LineOutcome};
pub use memory::MemoryConversationStore;
pub(crate) use part::PHOTO;
pub use part::{Effect, Part, PartContent, PartState, PartTo};
pub use person::Said;
pub use sending::PartEnd;
pub(crate) use steps::cut;
pub use steps::{Heard, Incoming};
pub use store::{ChatWrite, ConversationStore, Fence, LeaseChange, LeasedChat};
