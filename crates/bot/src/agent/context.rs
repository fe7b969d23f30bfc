//! Which of the earlier lines a model is shown.

use crate::conversation::{Line, LineAuthor, LineOutcome, PHOTO};
use crate::llm::LlmMessage;

/// How many tokens of earlier lines a model is shown, and how many bytes are one token: cautious for Indonesian.
const HISTORY_TOKENS: usize = 2_500;
const BYTES_PER_TOKEN: usize = 3;
/// How much of one line is shown.
const LINE_BYTES: usize = 2_000;

/// What was said before, within the budget of tokens: the newest lines that fit, the oldest of them first. Lines that did
/// not reach the customer and automatic notices are left out; what a person of the shop wrote is marked as such.
#[must_use]
pub fn history_of(lines: &[Line]) -> Vec<LlmMessage> {
    let mut left = HISTORY_TOKENS * BYTES_PER_TOKEN;
    let mut shown = Vec::new();
    for line in lines.iter().rev() {
        let Some(message) = message_of(line) else { continue };
        let size = line.text.len().min(LINE_BYTES);
        if size > left {
            break;
        }
        left -= size;
        shown.push(message);
    }
    shown.reverse();
    // Some servers refuse a conversation that begins with their own words.
    let first = shown.iter().position(|message| matches!(message, LlmMessage::User { .. }));
    shown.drain(..first.unwrap_or(shown.len()));
    shown
}

fn message_of(line: &Line) -> Option<LlmMessage> {
    let text = crate::conversation::cut(&line.text, LINE_BYTES);
    match line.author {
        LineAuthor::Customer => Some(LlmMessage::user(super::prompt::fence(text))),
        // A model that reads of pictures among its own words writes such a line instead of sending one.
        LineAuthor::Assistant if text.starts_with(PHOTO) => None,
        LineAuthor::Assistant if line.outcome == Some(LineOutcome::Sent) => Some(LlmMessage::assistant(text)),
        LineAuthor::Person => Some(LlmMessage::assistant(format!("[staff of the shop] {text}"))),
        _ => None,
    }
}
