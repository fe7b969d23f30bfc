//! `POST /{phone-number-id}/messages` and `POST /{phone-number-id}/media`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::content;
use super::error::Refusal;
use crate::device::{Device, Link};
use crate::ladder::{Outgoing, accept};
use crate::provider::Call;
use crate::shared::Shared;

/// One message to the same person in so many seconds.
const PAIR_WAIT: Duration = Duration::from_secs(6);
/// How long a customer may be written to freely after each of their messages.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The number as WhatsApp knows it: `input` may have a plus sign, spaces and dashes.
pub(super) fn digits(input: &str) -> String {
    input.chars().filter(char::is_ascii_digit).collect()
}

/// The number behind the business's own id of a customer who has written.
pub(super) fn behind(shared: &Shared, id: &str) -> Option<String> {
    shared.contacts.phone(id.split_once('.')?.1)
}

/// The number of whoever the message is for, and how the answer names that person: by `to` as WhatsApp knows it, or by
/// the business-scoped id in `recipient`. What Meta answers beside such an id is not documented.
fn recipient(shared: &Shared, message: &Value) -> Result<(String, Value), Refusal> {
    let text = |name: &str| message.get(name).and_then(Value::as_str);
    if let (None, Some(id)) = (text("to"), text("recipient")) {
        let phone = behind(shared, id).ok_or_else(|| Refusal::of(131_026))?;
        return Ok((phone, json!({ "input": id, "user_id": id })));
    }
    let input = text("to").unwrap_or_default();
    let to = digits(input);
    if !(7..=15).contains(&to.len()) || input.chars().any(char::is_alphabetic) {
        return Err(Refusal::because(100, "The parameter to is required and is a phone number."));
    }
    let contact = json!({ "input": input, "wa_id": to });
    Ok((to, contact))
}

pub(super) fn send(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call) -> Result<Value, Refusal> {
    let message = body(call)?;
    let (to, contact) = recipient(shared, &message)?;
    match device.link() {
        Link::Connected => {}
        Link::Banned { .. } => return Err(Refusal::of(131_031)),
        _ => return Err(Refusal::of(133_010)),
    }
    if to == device.number {
        return Err(Refusal::of(131_021));
    }
    let (text, attachment) = content::shown(&message)?;
    if shared.options.pair_limit && written_within(shared, device, &to, PAIR_WAIT) {
        return Err(Refusal::of(131_056).with_details("too many messages to the same phone number"));
    }
    let free = message.get("type").and_then(Value::as_str) != Some("template");
    if free && shared.options.service_window && !shared.wrote_within(&to, device, WINDOW) {
        return Err(
            Refusal::of(131_047).with_details("more than 24 hours have passed since the customer wrote")
        );
    }
    if !device.spend(1) {
        return Err(Refusal::of(131_042));
    }
    let id = accept(shared, device, Outgoing { to, text, attachment, ..Outgoing::default() });
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [contact],
        "messages": [{ "id": id, "message_status": "accepted" }],
    }))
}

fn written_within(shared: &Shared, device: &Device, to: &str, time: Duration) -> bool {
    let last = shared.with_book(|book| book.last_to(to).map(|last| (last.from.clone(), last.at)));
    last.is_some_and(|(from, at)| from == device.number && shared.now().since(at) < time)
}

/// Marks a message of a customer as read, and shows that somebody is typing.
pub(super) fn presence(shared: &Shared, device: &Device, call: &Call) -> Result<Value, Refusal> {
    let body = body(call)?;
    let text = |pointer: &str| body.pointer(pointer).and_then(Value::as_str);
    if text("/status") != Some("read") {
        return Err(Refusal::because(100, "Param status must be one of {READ}"));
    }
    if body.get("typing_indicator").is_some() && text("/typing_indicator/type") != Some("text") {
        return Err(Refusal::because(100, "Param typing_indicator['type'] must be one of {TEXT}"));
    }
    let id = text("/message_id").unwrap_or_default();
    let ours = shared.with_book(|book| book.get(id).is_some_and(|message| message.to == device.number));
    if ours {
        Ok(json!({ "success": true }))
    } else {
        Err(Refusal::because(131_009, "Parameter value is not valid"))
    }
}

/// Takes a file; its bytes are not kept.
pub(super) fn upload(shared: &Shared, call: &Call) -> Result<Value, Refusal> {
    let files = call.form.as_ref().map(|form| form.files.as_slice()).unwrap_or_default();
    if call.field("messaging_product") != Some("whatsapp") {
        return Err(Refusal::because(100, "The parameter messaging_product is required."));
    }
    if call.field("type").is_none_or(|kind| !kind.contains('/')) {
        return Err(Refusal::because(100, "The parameter type is required."));
    }
    match files.iter().find(|file| file.field == "file") {
        Some(file) if file.size > 0 => Ok(json!({ "id": super::media_id(shared.next_message()) })),
        _ => Err(Refusal::because(100, "The parameter file is required.")),
    }
}

fn body(call: &Call) -> Result<Value, Refusal> {
    let body = call.json().ok_or_else(|| Refusal::because(100, "Invalid parameter: the body is not JSON"))?;
    if body.get("messaging_product").and_then(Value::as_str) == Some("whatsapp") {
        Ok(body)
    } else {
        Err(Refusal::because(100, "The parameter messaging_product is required."))
    }
}
