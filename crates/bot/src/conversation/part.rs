//! What waits to be sent or done.

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{PhoneNumber, Timestamp};

use super::line::LineAuthor;
use crate::key::TurnId;
use crate::lead::LeadEventId;
use crate::tool::{Booking, Interest};

/// How the line of a picture begins.
pub(crate) const PHOTO: &str = "[photo]";

/// One message that waits to be sent. `Debug` shows neither words nor numbers.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Part {
    /// To whom.
    pub to: PartTo,
    /// What.
    pub content: PartContent,
    /// As whose line it is kept.
    pub author: LineAuthor,
    /// In which turn it was written.
    #[serde(default)]
    pub turn: Option<TurnId>,
    /// What the parts of the same turn after it become, as one text, if this one does not go out: "the pictures" were
    /// promised only if they came.
    #[serde(default)]
    pub or_else: Option<String>,
    /// Whether it goes out although the assistant is paused, switched off or not wanted: answers to commands, the
    /// confirmation of an opt-out, and what staff are told.
    #[serde(default)]
    pub in_any_case: bool,
    /// How often a provider refused it for a while.
    #[serde(default)]
    pub refusals: u32,
    /// How far it has come.
    pub state: PartState,
    /// From when on it is not sent any more.
    pub expires_at: Timestamp,
}

/// To whom a part goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartTo {
    /// The person of the chat.
    Chat,
    /// Somebody of the shop.
    Staff(#[serde(with = "crate::serde_phone")] PhoneNumber),
}

/// What a part says.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartContent {
    /// Text in WhatsApp's markup, at most 4,096 characters.
    Text(String),
    /// A picture.
    Photo {
        /// Its public address.
        url: String,
        /// The words below it.
        #[serde(default)]
        caption: Option<String>,
    },
}

/// How far a part has come. What is finished leaves the chat's document and becomes a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum PartState {
    /// No provider has it.
    Planned,
    /// It is being handed over, since then. Found so after a crash it may have been sent, and is not sent again.
    Trying {
        /// Since when.
        since: Timestamp,
    },
}

/// Something that is done once a reply is on its way. Each may be done twice, and is the same then.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "effect", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Effect {
    /// The lead learns of plans.
    LeadTold {
        /// Names it.
        id: LeadEventId,
        /// What was told.
        interest: Interest,
        /// When.
        at: Timestamp,
    },
    /// The lead learns of a visit.
    LeadBooked {
        /// Names it.
        id: LeadEventId,
        /// Which visit.
        booking: Booking,
        /// When.
        at: Timestamp,
    },
    /// The lead learns that the customer wants a person.
    LeadAskedForPerson {
        /// Names it.
        id: LeadEventId,
        /// When.
        at: Timestamp,
    },
}

impl Part {
    /// A text to the person of the chat.
    #[must_use]
    pub fn text(text: impl Into<String>, author: LineAuthor, expires_at: Timestamp) -> Self {
        Self {
            to: PartTo::Chat,
            content: PartContent::Text(text.into()),
            author,
            turn: None,
            or_else: None,
            in_any_case: false,
            refusals: 0,
            state: PartState::Planned,
            expires_at,
        }
    }

    /// A text to somebody of the shop.
    #[must_use]
    pub fn to_staff(phone: PhoneNumber, text: impl Into<String>, expires_at: Timestamp) -> Self {
        let part = Self::text(text, LineAuthor::Notice, expires_at);
        Self { to: PartTo::Staff(phone), in_any_case: true, ..part }
    }

    /// Going out in any case.
    #[must_use]
    pub const fn in_any_case(mut self) -> Self {
        self.in_any_case = true;
        self
    }

    /// Whether it is a part of an answer to the customer, and no notice.
    #[must_use]
    pub fn is_answer(&self) -> bool {
        self.to == PartTo::Chat && self.author == LineAuthor::Assistant && !self.in_any_case
    }

    /// Its words, or a note about the picture.
    #[must_use]
    pub fn words(&self) -> String {
        match &self.content {
            PartContent::Text(text) => text.clone(),
            PartContent::Photo { caption, .. } => {
                caption.as_ref().map_or_else(|| PHOTO.to_owned(), |caption| format!("{PHOTO} {caption}"))
            }
        }
    }
}

impl fmt::Debug for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Part").field("to", &self.to).field("state", &self.state).finish_non_exhaustive()
    }
}

impl fmt::Debug for PartContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Text(_) => "Text",
            Self::Photo { .. } => "Photo",
        })
    }
}

impl fmt::Debug for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LeadTold { .. } => "LeadTold",
            Self::LeadBooked { .. } => "LeadBooked",
            Self::LeadAskedForPerson { .. } => "LeadAskedForPerson",
        })
    }
}
