//! Chats.

use serde::Serialize;
use utoipa::ToSchema;
use wartel_bot::conversation::{Chat, Line, LineAuthor, LineOutcome, PauseBy};
use wartel_core::{Locale, Timestamp};

use super::shown;

/// Why the assistant is silent.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ChatPause {
    /// `person`: somebody of the shop wrote; `hand_over`: the assistant handed over; `command`: somebody told it to;
    /// `loop`: the other side seems to be a machine; `unclear`: something was written from the shop's side, and it is not
    /// clear yet by whom.
    #[schema(example = "person")]
    by: &'static str,
    /// Since when (RFC 3339).
    since: String,
    /// Until when (RFC 3339); null: until it is resumed.
    until: Option<String>,
}

/// How a chat stands.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ChatState {
    /// Through which account.
    account: String,
    /// The id of the customer.
    contact: String,
    /// Their number, if it is known.
    #[schema(example = "+6281234567890")]
    phone: Option<String>,
    /// What they call themselves.
    name: Option<String>,
    /// The language that they wrote last.
    #[schema(example = "id")]
    language: Option<&'static str>,
    /// Why the assistant is silent now; null if it is not.
    pause: Option<ChatPause>,
    /// Since when the customer wants no automatic messages (RFC 3339).
    opted_out_at: Option<String>,
    /// How many of their messages wait for an answer of the assistant.
    unanswered: usize,
    /// How many messages wait to be sent.
    unsent: usize,
    /// When the customer wrote last (RFC 3339).
    last_message_at: Option<String>,
}

impl ChatState {
    pub(in crate::shop) fn of(chat: &Chat, now: Timestamp) -> Self {
        let pause = chat.pause.as_ref().filter(|_| chat.is_paused(now)).map(|pause| ChatPause {
            by: match pause.by {
                PauseBy::Person => "person",
                PauseBy::HandOver { .. } => "hand_over",
                PauseBy::Command => "command",
                PauseBy::Loop => "loop",
                _ => "unclear",
            },
            since: pause.since.to_rfc3339(),
            until: pause.until.map(Timestamp::to_rfc3339),
        });
        Self {
            account: chat.key.account.to_string(),
            contact: chat.key.contact.to_string(),
            phone: shown(chat.phone.as_ref()),
            name: chat.name.clone(),
            language: chat.locale.map(Locale::tag),
            pause,
            opted_out_at: chat.opted_out.map(Timestamp::to_rfc3339),
            unanswered: chat.burst.len(),
            unsent: chat.outgoing.len(),
            last_message_at: chat.last_inbound_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Chats.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ChatList {
    /// Those in which somebody wrote last first.
    pub(in crate::shop) chats: Vec<ChatState>,
}

/// A line of a chat.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct SaidLine {
    /// Its number within the chat.
    number: u64,
    /// `customer`, `assistant`, `person` (of the shop) or `notice`.
    #[schema(example = "customer")]
    author: &'static str,
    /// What was said.
    text: String,
    /// When (RFC 3339).
    at: String,
    /// What became of it if it was sent from here: `sent`, `unknown`, `refused` or `expired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sent")]
    outcome: Option<&'static str>,
}

impl From<Line> for SaidLine {
    fn from(line: Line) -> Self {
        Self {
            number: line.number,
            author: match line.author {
                LineAuthor::Customer => "customer",
                LineAuthor::Assistant => "assistant",
                LineAuthor::Person => "person",
                _ => "notice",
            },
            text: line.text,
            at: line.at.to_rfc3339(),
            outcome: line.outcome.map(|outcome| match outcome {
                LineOutcome::Sent => "sent",
                LineOutcome::Refused => "refused",
                LineOutcome::Expired => "expired",
                _ => "unknown",
            }),
        }
    }
}

/// A chat with what was said.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ChatLines {
    /// How it stands.
    pub(in crate::shop) chat: ChatState,
    /// The oldest first.
    pub(in crate::shop) lines: Vec<SaidLine>,
}

/// How much was deleted of a customer.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ForgottenCustomer {
    /// How many chats, with their lines.
    pub(in crate::shop) chats: usize,
    /// How many leads.
    pub(in crate::shop) leads: usize,
}
