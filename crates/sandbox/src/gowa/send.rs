//! Sends, presence and the question whether a number has WhatsApp.

use std::sync::Arc;

use serde_json::{Value, json};

use super::answer::{self, Code};
use crate::device::Device;
use crate::ladder::{Outgoing, accept};
use crate::provider::{Call, Reply};
use crate::shared::Shared;

/// The most bytes of a picture and of another file.
/// Source: GOWA readme at v9.2.0, 2026-08-22.
const MAX_IMAGE: usize = 20_000_000;
const MAX_FILE: usize = 50_000_000;

/// An address as GOWA completes it: short ones are numbers, long ones groups.
/// Source: GOWA's source at v9.2.0, 2026-08-22.
fn address(phone: &str) -> String {
    match (phone.contains('@'), phone.len()) {
        (true, _) => phone.to_owned(),
        (false, 0..=15) => format!("{phone}@s.whatsapp.net"),
        (false, _) => format!("{phone}@g.us"),
    }
}

/// The customer's number behind an address, or the group as it is.
fn customer(shared: &Shared, address: &str) -> Option<String> {
    let (user, server) = address.split_once('@')?;
    match server {
        "s.whatsapp.net" => Some(user.split(':').next().unwrap_or_default().to_owned()),
        "lid" => shared.contacts.phone(user),
        "g.us" => Some(address.to_owned()),
        _ => None,
    }
}

/// The numbers that a request is about.
pub(super) fn phones(shared: &Shared, call: &Call) -> Vec<String> {
    let phone = call.field("phone").or_else(|| call.query("phone"));
    phone.and_then(|phone| customer(shared, &address(phone))).into_iter().collect()
}

/// The words of a refusal, and its code.
type Refused = (Code, String);

fn invalid(message: &str) -> Refused {
    (Code::Validation, message.to_owned())
}

/// Checks `phone` as every call does: its form first, then the device, then whether it has WhatsApp.
fn recipient(shared: &Shared, device: &Device, phone: Option<&str>) -> Result<String, Refused> {
    let phone = phone.ok_or_else(|| invalid("phone: cannot be blank."))?;
    if phone.starts_with('0') {
        return Err(invalid(
            "phone number must be in international format (should not start with 0). For Indonesian numbers, use \
             62xxx format instead of 08xxx",
        ));
    }
    if !device.link().is_paired() {
        return Err((Code::Authentication, "you are not logged in".to_owned()));
    }
    if !device.is_connected() {
        let words = "you are not connect to services server, please reconnect";
        return Err((Code::Authentication, words.to_owned()));
    }
    let address = address(phone);
    match customer(shared, &address) {
        Some(customer) if shared.on_whatsapp(&customer) => Ok(customer),
        _ => Err((Code::InvalidJid, format!("Phone {address} is not on whatsapp"))),
    }
}

fn refused((code, message): Refused) -> Reply {
    answer::error_saying(code, &message, Value::Null)
}

/// `POST /send/…`.
pub(super) fn send(shared: &Arc<Shared>, device: &Arc<Device>, action: &str, call: &Call) -> Reply {
    let content = if action == "message" {
        let raw = call.form.as_ref().ok().and_then(|form| form.raw("message")).unwrap_or_default();
        if raw.trim().is_empty() {
            return refused(invalid("message: cannot be blank."));
        }
        (raw.to_owned(), None)
    } else {
        match file(action, call) {
            Ok(name) => (call.field("caption").unwrap_or_default().to_owned(), Some(name)),
            Err(why) => return refused(why),
        }
    };
    let to = match recipient(shared, device, call.field("phone")) {
        Ok(to) => to,
        Err(why) => return refused(why),
    };
    if shared.new_chat_locked(device, &to).is_some() {
        return answer::error(Code::ReachoutTimelock);
    }
    let (text, attachment) = content;
    let shown = address(call.field("phone").unwrap_or_default());
    let id = accept(shared, device, Outgoing { to, text, attachment, ..Outgoing::default() });
    let status = format!("Message sent to {shown} (server timestamp: {})", shared.now().to_rfc3339());
    answer::success(&status, json!({ "message_id": id, "status": status }))
}

/// The file of a call: uploaded, or at an address.
fn file(action: &str, call: &Call) -> Result<String, Refused> {
    let upload = call.form.as_ref().ok().and_then(|form| form.files.iter().find(|file| file.field == action));
    if let Some(upload) = upload {
        let limit = if action == "image" { MAX_IMAGE } else { MAX_FILE };
        if upload.size > limit {
            return Err(invalid("max file upload"));
        }
        return Ok(upload.name.clone().unwrap_or_else(|| action.to_owned()));
    }
    let field = format!("{action}_url");
    match call.field(&field) {
        Some(url) if url.starts_with("http://") || url.starts_with("https://") => Ok(url.to_owned()),
        Some(_) => Err(invalid(&format!("{field}: must be a valid URL."))),
        None => Err(invalid(&format!("either {action} or {field} must be provided"))),
    }
}

/// `POST /send/chat-presence` and `POST /message/{id}/read`.
pub(super) fn presence(shared: &Shared, device: &Device, action: &str, call: &Call) -> Reply {
    if let Err(why) = recipient(shared, device, call.field("phone")) {
        return refused(why);
    }
    match (action, call.field("action")) {
        ("read", _) => {
            let id = call.segments().get(1).cloned().unwrap_or_default();
            let status = format!("Mark as read success {id}");
            answer::success(&status, json!({ "message_id": id, "status": status }))
        }
        (_, Some(word @ ("start" | "stop"))) => answer::success(
            "Success send chat presence",
            json!({ "message_id": format!("chat-presence-{word}"), "status": "success" }),
        ),
        _ => refused(invalid("action: must be a valid value.")),
    }
}

/// `GET /user/check`.
pub(super) fn check(shared: &Shared, device: &Device, call: &Call) -> Reply {
    match recipient(shared, device, call.query("phone").filter(|phone| !phone.is_empty())) {
        Ok(_) => answer::success("Success check user", json!({ "is_on_whatsapp": true })),
        Err((Code::InvalidJid, _)) => {
            answer::success("Success check user", json!({ "is_on_whatsapp": false }))
        }
        Err(why) => refused(why),
    }
}
