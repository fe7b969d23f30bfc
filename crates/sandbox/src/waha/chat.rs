//! How WAHA names chats and messages.

use serde_json::Value;

use crate::provider::Call;
use crate::shared::Shared;

/// The chat with a customer, by the number.
pub(super) fn by_number(phone: &str) -> String {
    format!("{phone}@c.us")
}

/// The chat with a customer, by the LID.
pub(super) fn by_lid(lid: &str) -> String {
    format!("{lid}@lid")
}

/// A message's id: whose, in which chat, and in a group by whom.
pub(super) fn message_id(from_me: bool, chat: &str, id: &str, participant: Option<&str>) -> String {
    match participant {
        Some(participant) => format!("{from_me}_{chat}_{id}_{participant}"),
        None => format!("{from_me}_{chat}_{id}"),
    }
}

/// The customer's number behind a `chatId`, or the group as it is. `None` for what WAHA cannot send to: another form, a LID
/// that nobody knows, and `@s.whatsapp.net`, which is WhatsApp's own way of writing.
pub(super) fn customer(shared: &Shared, chat: &str) -> Option<String> {
    let (user, server) = chat.split_once('@')?;
    let digits = !user.is_empty() && user.bytes().all(|b| b.is_ascii_digit());
    match server {
        "c.us" if digits && !user.starts_with('0') => Some(user.to_owned()),
        "lid" if digits => shared.contacts.phone(user),
        "g.us" => Some(chat.to_owned()),
        _ => None,
    }
}

/// The numbers that a request is about.
pub(super) fn phones(shared: &Shared, call: &Call) -> Vec<String> {
    let body = call.json().unwrap_or_default();
    let chat = body.get("chatId").and_then(Value::as_str).and_then(|chat| customer(shared, chat));
    chat.into_iter().chain(call.query("phone").map(str::to_owned)).collect()
}
