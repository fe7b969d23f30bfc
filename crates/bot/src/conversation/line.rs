//! What was said.

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::Timestamp;

use crate::key::TurnId;

/// A line of a chat. `Debug` shows no words.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Line {
    /// Its number within the chat, from 0. There is one line of each number.
    pub number: u64,
    /// Who said it.
    pub author: LineAuthor,
    /// What.
    pub text: String,
    /// When.
    pub at: Timestamp,
    /// In which turn, if the assistant said it.
    #[serde(default)]
    pub turn: Option<TurnId>,
    /// What became of it, if it was sent from here.
    #[serde(default)]
    pub outcome: Option<LineOutcome>,
}

/// Who said a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LineAuthor {
    /// The customer.
    Customer,
    /// The assistant.
    Assistant,
    /// A person of the shop.
    Person,
    /// An automatic notice, which is no part of prompts.
    Notice,
}

/// What became of a line that was sent from here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum LineOutcome {
    /// The provider took it.
    Sent,
    /// Nobody knows whether the provider took it. It is not sent again.
    Unknown,
    /// The provider refused it.
    Refused,
    /// It was too late for it.
    Expired,
}

impl Line {
    /// A line with its number.
    #[must_use]
    pub fn new(number: u64, author: LineAuthor, text: impl Into<String>, at: Timestamp) -> Self {
        Self { number, author, text: text.into(), at, turn: None, outcome: None }
    }

    /// Said in a turn of the assistant, with what became of it.
    #[must_use]
    pub const fn sent(mut self, turn: Option<TurnId>, outcome: LineOutcome) -> Self {
        self.turn = turn;
        self.outcome = Some(outcome);
        self
    }
}

impl fmt::Debug for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Line")
            .field("number", &self.number)
            .field("author", &self.author)
            .field("outcome", &self.outcome)
            .finish_non_exhaustive()
    }
}
