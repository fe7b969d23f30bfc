//! The customers' side: which messages they got and wrote, and how far each one came.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use serde_json::{Value, json};
use wartel_core::Timestamp;

use crate::provider::ProviderKind;
use crate::ring::Ring;
use crate::webhooks::Target;

/// How many bytes of message text are kept at most, however many messages are allowed.
const MAX_TEXT_BYTES: usize = 64 << 20;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The application sent it through the provider.
    ToCustomer,
    /// The customer wrote it on the phone.
    FromCustomer,
}

impl Direction {
    /// The word that the control API uses: `to_customer` or `from_customer`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ToCustomer => "to_customer",
            Self::FromCustomer => "from_customer",
        }
    }
}

/// How far a message came. It only rises, in the order of the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum MessageStatus {
    /// It is held until its scheduled time.
    Waiting,
    /// It is queued and not sent yet.
    Pending,
    /// It left the device. One tick.
    Sent,
    /// It failed, mostly because the number has no WhatsApp; nothing follows.
    Invalid,
    /// It reached the customer's phone. Two ticks. For a message from the customer: a webhook took it.
    Delivered,
    /// The customer opened the chat. Blue ticks.
    Read,
}

impl MessageStatus {
    /// The word on the wire: `waiting`, `pending`, `sent`, `invalid`, `delivered` or `read`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Invalid => "invalid",
            Self::Delivered => "delivered",
            Self::Read => "read",
        }
    }
}

/// One message in a customer's chat.
///
/// `Debug` shows neither numbers nor text, so that a failing test does not print a code into a public log.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SandboxMessage {
    /// The provider that carries it.
    pub provider: ProviderKind,
    /// The id that the provider answered with, or that the sandbox gave a message from the customer.
    pub id: String,
    /// The id that later status webhooks of Fonnte carry instead of `id`.
    pub stateid: String,
    /// Who wrote it.
    pub direction: Direction,
    /// The writer's number in digits, without `+`.
    pub from: String,
    /// The receiver's number in digits, without `+`; or a group id.
    pub to: String,
    /// The text as it was sent, WhatsApp markup included. May be empty beside an attachment.
    pub text: String,
    /// What was attached: a URL, a file name, a location or the name of a poll.
    pub attachment: Option<String>,
    /// When the provider took it.
    pub at: Timestamp,
    /// How far it came by the time it was looked up.
    pub status: MessageStatus,
    /// Why it is `Invalid`: the provider's own code. `None` stands for "the number has no WhatsApp".
    pub failure: Option<String>,
    /// Where its status webhooks go instead of to the device's target.
    pub(crate) callback: Option<Arc<Target>>,
}

impl SandboxMessage {
    /// The one-time code in the text: a line that holds nothing but 4 to 10 digits in WhatsApp bold (`*123456*`).
    #[must_use]
    pub fn code(&self) -> Option<&str> {
        self.text.lines().find_map(|line| {
            let code = line.trim().strip_prefix('*')?.strip_suffix('*')?;
            ((4..=10).contains(&code.len()) && code.bytes().all(|b| b.is_ascii_digit())).then_some(code)
        })
    }

    /// The customer's number, whoever wrote.
    #[must_use]
    pub fn customer(&self) -> &str {
        match self.direction {
            Direction::ToCustomer => &self.to,
            Direction::FromCustomer => &self.from,
        }
    }

    /// The message as the control API and the event stream show it.
    pub(crate) fn to_json(&self) -> Value {
        json!({
            "id": self.id,
            "provider": self.provider.name(),
            "direction": self.direction.as_str(),
            "from": self.from,
            "to": self.to,
            "text": self.text,
            "attachment": self.attachment,
            "at": self.at.to_rfc3339(),
            "status": self.status.as_str(),
        })
    }

    fn size(&self) -> usize {
        self.text.len() + self.attachment.as_ref().map_or(0, String::len) + 256
    }
}

impl fmt::Debug for SandboxMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxMessage")
            .field("id", &self.id)
            .field("direction", &self.direction)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}

/// One key for the spellings of a number that tests and people use: `+62 812-3456`, `08123456`, `628123456`.
///
/// A leading `0` means Indonesia, as it does for the provider. A group id is left as it is.
pub(crate) fn phone_key(phone: &str) -> String {
    let phone = phone.trim();
    if phone.contains('@') {
        return phone.to_owned();
    }
    let digits: String = phone.chars().filter(char::is_ascii_digit).collect();
    match digits.strip_prefix('0') {
        Some(national) => format!("62{national}"),
        None => digits,
    }
}

#[derive(Debug)]
struct Kept {
    message: SandboxMessage,
    /// Whether `wait_for_message` gave it out already.
    taken: bool,
}

/// All messages of all customers, oldest first, within a bound.
#[derive(Debug)]
pub(crate) struct MessageBook {
    ring: Ring<Kept>,
    by_id: HashMap<String, u64>,
}

impl MessageBook {
    pub(crate) fn new(max_messages: usize) -> Self {
        Self { ring: Ring::new(max_messages, MAX_TEXT_BYTES), by_id: HashMap::new() }
    }

    pub(crate) fn push(&mut self, message: SandboxMessage) {
        let id = message.id.clone();
        let size = message.size();
        let (position, evicted) = self.ring.push(Kept { message, taken: false }, size);
        for old in evicted {
            self.by_id.remove(&old.message.id);
        }
        self.by_id.insert(id, position);
    }

    pub(crate) fn get(&self, id: &str) -> Option<&SandboxMessage> {
        self.ring.get(*self.by_id.get(id)?).map(|kept| &kept.message)
    }

    /// Raises a message to a status. `None` if it is unknown (evicted, reset) or already as far.
    pub(crate) fn advance(&mut self, id: &str, status: MessageStatus) -> Option<SandboxMessage> {
        self.raise(id, status, None)
    }

    /// Makes a message that has not arrived yet `Invalid`, for the reason that the provider's code names.
    pub(crate) fn fail(&mut self, id: &str, code: &str) -> Option<SandboxMessage> {
        self.raise(id, MessageStatus::Invalid, Some(code))
    }

    fn raise(&mut self, id: &str, status: MessageStatus, failure: Option<&str>) -> Option<SandboxMessage> {
        let kept = self.ring.get_mut(*self.by_id.get(id)?)?;
        if kept.message.status >= status || kept.message.status == MessageStatus::Invalid {
            return None;
        }
        kept.message.status = status;
        kept.message.failure = failure.map(str::to_owned);
        Some(kept.message.clone())
    }

    /// The messages of one customer, or of all, oldest first.
    pub(crate) fn list(&self, phone: Option<&str>) -> Vec<SandboxMessage> {
        self.ring
            .iter()
            .map(|kept| &kept.message)
            .filter(|message| phone.is_none_or(|phone| message.customer() == phone))
            .cloned()
            .collect()
    }

    /// The newest message that the application sent to this customer.
    pub(crate) fn last_to(&self, phone: &str) -> Option<&SandboxMessage> {
        self.ring
            .iter()
            .rev()
            .map(|kept| &kept.message)
            .find(|message| message.direction == Direction::ToCustomer && message.to == phone)
    }

    /// Whether this customer ever wrote to the device with this number.
    pub(crate) fn wrote(&self, phone: &str, device: &str) -> bool {
        self.ring.iter().map(|kept| &kept.message).any(|message| {
            message.direction == Direction::FromCustomer && message.from == phone && message.to == device
        })
    }

    /// When this customer last wrote to the device with this number.
    pub(crate) fn last_written(&self, phone: &str, device: &str) -> Option<Timestamp> {
        let mut newest = self.ring.iter().rev().map(|kept| &kept.message);
        let theirs = newest.find(|message| {
            message.direction == Direction::FromCustomer && message.from == phone && message.to == device
        });
        theirs.map(|message| message.at)
    }

    /// The oldest message to this customer that was not taken before.
    pub(crate) fn take_next(&mut self, phone: &str) -> Option<SandboxMessage> {
        let kept = self.ring.iter_mut().find(|kept| {
            !kept.taken && kept.message.direction == Direction::ToCustomer && kept.message.to == phone
        })?;
        kept.taken = true;
        Some(kept.message.clone())
    }

    /// Ids of the messages that opening this customer's chat reads: what was sent or delivered.
    pub(crate) fn unread(&self, phone: &str) -> Vec<String> {
        self.ring
            .iter()
            .map(|kept| &kept.message)
            .filter(|message| message.direction == Direction::ToCustomer && message.to == phone)
            .filter(|message| matches!(message.status, MessageStatus::Sent | MessageStatus::Delivered))
            .map(|message| message.id.clone())
            .collect()
    }

    pub(crate) fn clear(&mut self) {
        self.ring.clear();
        self.by_id.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(id: &str, to: &str, text: &str) -> SandboxMessage {
        SandboxMessage {
            provider: ProviderKind::Fonnte,
            id: id.into(),
            stateid: format!("S{id}"),
            direction: Direction::ToCustomer,
            from: "6281100000001".into(),
            to: to.into(),
            text: text.into(),
            attachment: None,
            at: Timestamp::EPOCH,
            status: MessageStatus::Pending,
            failure: None,
            callback: None,
        }
    }

    #[test]
    fn a_code_is_bold_digits_alone_on_a_line() {
        let code = |text: &str| message("1", "62", text).code().map(str::to_owned);
        assert_eq!(code("Kode:\n*123456*\nberlaku 5 menit").as_deref(), Some("123456"));
        assert_eq!(code("  *1234*  ").as_deref(), Some("1234"));
        assert_eq!(code("Kode *123456* berlaku"), None);
        assert_eq!(code("*123*"), None);
        assert_eq!(code("*12345678901*"), None);
        assert_eq!(code("*12a456*"), None);
        assert_eq!(code("123456"), None);
    }

    #[test]
    fn spellings_of_a_number_have_one_key() {
        for spelling in ["081234567890", "6281234567890", "+6281234567890", "+62 812-3456-7890"] {
            assert_eq!(phone_key(spelling), "6281234567890");
        }
        assert_eq!(phone_key("120363@g.us"), "120363@g.us");
    }

    #[test]
    fn a_status_only_rises() {
        let mut book = MessageBook::new(10);
        book.push(message("1", "62", "x"));
        assert!(book.advance("1", MessageStatus::Delivered).is_some());
        assert!(book.advance("1", MessageStatus::Sent).is_none());
        assert!(book.advance("1", MessageStatus::Delivered).is_none());
        assert_eq!(book.get("1").unwrap().status, MessageStatus::Delivered);
        assert!(book.advance("2", MessageStatus::Sent).is_none());
        book.push(message("3", "62", "x"));
        assert!(book.fail("3", "63016").is_some());
        assert!(book.advance("3", MessageStatus::Delivered).is_none(), "nothing follows a failure");
    }

    #[test]
    fn taking_gives_each_message_once_and_in_order() {
        let mut book = MessageBook::new(10);
        book.push(message("1", "621", "x"));
        book.push(message("2", "622", "x"));
        book.push(message("3", "621", "x"));
        assert_eq!(book.take_next("621").unwrap().id, "1");
        assert_eq!(book.take_next("621").unwrap().id, "3");
        assert_eq!(book.take_next("621"), None);
    }

    #[test]
    fn old_messages_are_forgotten_with_their_ids() {
        let mut book = MessageBook::new(2);
        for id in ["1", "2", "3"] {
            book.push(message(id, "62", "x"));
        }
        assert!(book.get("1").is_none());
        assert_eq!(book.by_id.len(), 2);
        assert_eq!(book.list(Some("62")).len(), 2);
    }

    #[test]
    fn debug_shows_no_number_and_no_text() {
        let shown = format!("{:?}", message("1", "6281234567890", "*123456*"));
        assert!(!shown.contains("81234") && !shown.contains("123456"), "{shown}");
    }
}
