//! `POST /chat/…/{instance}`: numbers, typing and read marks.

use serde_json::{Value, json};

use super::{answer, target};
use crate::device::Device;
use crate::provider::{Call, Reply};
use crate::shared::Shared;

pub(super) fn carry_out(shared: &Shared, device: &Device, call: &Call, name: &str) -> Reply {
    let Some(body) = call.json() else { return answer::bad_request("Unexpected end of JSON input") };
    match name {
        "whatsappNumbers" => numbers(shared, device, &body),
        "markMessageAsRead" => mark_read(device, &body),
        _ => presence(shared, device, &body, name == "sendPresence"),
    }
}

/// Which of the numbers have WhatsApp. A LID never has.
fn numbers(shared: &Shared, device: &Device, body: &Value) -> Reply {
    let Some(numbers) = body.get("numbers").and_then(Value::as_array) else {
        return answer::missing("numbers");
    };
    if !device.is_connected() {
        return answer::closed();
    }
    let look = |number: &str| {
        let jid = target::jid(number);
        match target::phone(&jid).filter(|phone| shared.on_whatsapp(phone)) {
            Some(phone) => {
                let lid = format!("{}@lid", shared.contacts.lid(phone));
                json!({"jid": jid, "exists": true, "number": number, "lid": lid})
            }
            None => json!({"jid": jid, "exists": false, "number": number}),
        }
    };
    Reply::json(200, numbers.iter().filter_map(Value::as_str).map(look).collect::<Vec<_>>().into())
}

/// Needs the address, who wrote it and the id of each message.
fn mark_read(device: &Device, body: &Value) -> Reply {
    let Some(messages) = body.get("readMessages").and_then(Value::as_array) else {
        return answer::missing("readMessages");
    };
    let whole = |message: &Value| {
        let text = |name| message.get(name).is_some_and(Value::is_string);
        text("remoteJid") && text("id") && message.get("fromMe").is_some_and(Value::is_boolean)
    };
    if !messages.iter().all(whole) {
        return answer::missing("id");
    }
    if !device.is_connected() {
        return answer::closed();
    }
    Reply::json(201, json!({"message": "Read messages", "read": "success"}))
}

fn presence(shared: &Shared, device: &Device, body: &Value, in_chat: bool) -> Reply {
    let presence = body.get("presence").and_then(Value::as_str).unwrap_or_default();
    if !matches!(presence, "composing" | "recording" | "paused" | "available" | "unavailable") {
        return answer::missing("presence");
    }
    if in_chat {
        let Some(number) = body.get("number").and_then(Value::as_str) else {
            return answer::missing("number");
        };
        if !body.get("delay").is_some_and(Value::is_u64) {
            return answer::missing("delay");
        }
        let jid = target::jid(number);
        if device.is_connected() && !target::phone(&jid).is_some_and(|phone| shared.on_whatsapp(phone)) {
            return answer::error(400, &json!([{"jid": jid, "exists": false, "number": number}]));
        }
    }
    if !device.is_connected() {
        return answer::closed();
    }
    Reply::json(201, json!({"presence": presence}))
}
