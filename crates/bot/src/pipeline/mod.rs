//! From a stored message to an answer.
//!
//! [`BotConsumer`] takes entries of the inbox: control comes before conversation, so that STOP, commands and a person who
//! takes over never wait behind a model. [`BotWorker`] answers what waits, chat by chat, from the store: any number of
//! them may run, and nothing is lost when one dies.

mod brain;
mod change;
mod consumer;
mod gate;
mod hands;
mod heard;
mod hold;
mod pending;
mod plan;
mod turn;
mod waker;
mod worker;

pub use brain::Brain;
pub(crate) use change::change_chat;
pub use consumer::BotConsumer;
pub use pending::{InboxPending, NothingPending, PendingEntries};
pub use waker::BotWaker;
pub use worker::{BotParts, BotWorker, Worked};
