//! The calls that need a session that works: sends, presence, numbers and LIDs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::route::Route;
use super::session::Status;
use super::{answer, chat};
use crate::device::Device;
use crate::ladder::{Outgoing, accept};
use crate::provider::{Call, Endpoint, Reply};
use crate::shared::Shared;

/// How long WAHA waits for a session that starts.
/// Source: WAHA's public source, 2026-07; a session in another state is refused at once here, though there it waits too.
const PATIENCE: Duration = Duration::from_secs(10);

/// Carries such a call out, or refuses it for the session's state.
pub(super) fn working(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call, route: &Route) -> Reply {
    let status = Status::of(device);
    if status != Status::Working {
        let refusal = answer::wrong_status(&device.session, status, &[Status::Working]);
        return if status == Status::Starting { refusal.after(PATIENCE) } else { refusal };
    }
    match route.endpoint {
        Endpoint::Send => send(shared, device, call, &route.action),
        Endpoint::Presence => presence(shared, call, &route.action),
        Endpoint::Validate => check_exists(shared, call),
        _ => lid(shared, &route.action),
    }
}

fn text<'b>(body: &'b Value, path: &str) -> Option<&'b str> {
    body.pointer(path)?.as_str()
}

fn send(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call, action: &str) -> Reply {
    let Some(body) = call.json() else { return answer::bad_request("body must be an object") };
    let Some(chat_id) = text(&body, "/chatId") else {
        return answer::bad_request("chatId must be a string");
    };
    let Some(to) = chat::customer(shared, chat_id) else {
        return answer::exception(shared, "No LID for user");
    };
    let (words, attachment) = if action == "sendText" {
        match text(&body, "/text") {
            Some(words) if !words.is_empty() => (words, None),
            _ => return answer::bad_request("text must be a string"),
        }
    } else {
        match attachment(&body) {
            Some(attachment) => (text(&body, "/caption").unwrap_or_default(), Some(attachment)),
            None => return answer::bad_request("file must be a RemoteFile or a BinaryFile"),
        }
    };
    if shared.new_chat_locked(device, &to).is_some() {
        return answer::timelock(shared);
    }
    let outgoing = Outgoing {
        to,
        text: words.to_owned(),
        attachment: attachment.clone(),
        id: text(&body, "/id").map(str::to_owned),
        ..Outgoing::default()
    };
    let id = accept(shared, device, outgoing);
    Reply::json(
        201,
        json!({
            "id": chat::message_id(true, chat_id, &id, None),
            "timestamp": shared.now().as_micros() / 1_000_000,
            "from": chat::by_number(&device.number),
            "fromMe": true,
            "source": "api",
            "to": chat_id,
            "participant": null,
            "body": words,
            "hasMedia": attachment.is_some(),
            "media": null,
            "ack": 0,
            "ackName": "PENDING",
            "vCards": [],
            "_data": { "Info": { "ID": id, "IsFromMe": true } },
        }),
    )
}

/// What the file is called: its name, or where it is. A type has to stand with it.
/// Source: WAHA OpenAPI 2026.7.1, schemas `RemoteFile` and `BinaryFile`.
fn attachment(body: &Value) -> Option<String> {
    text(body, "/file/mimetype").filter(|mime| mime.contains('/'))?;
    let url = text(body, "/file/url").filter(|url| url.starts_with("http"));
    let data = text(body, "/file/data").filter(|data| !data.is_empty());
    let name = text(body, "/file/filename").filter(|name| !name.is_empty());
    url.or(data)?;
    Some(name.or(url).unwrap_or("file").to_owned())
}

fn presence(shared: &Shared, call: &Call, action: &str) -> Reply {
    let body = call.json().unwrap_or_default();
    match text(&body, "/chatId").and_then(|chat_id| chat::customer(shared, chat_id)) {
        None => answer::bad_request("chatId must be a string"),
        Some(_) if action == "sendSeen" => Reply::json(201, json!({})),
        Some(_) => Reply::json(201, json!({ "result": true })),
    }
}

fn check_exists(shared: &Shared, call: &Call) -> Reply {
    match call.query("phone") {
        None => answer::bad_request("phone must be a string"),
        Some(phone) if shared.on_whatsapp(phone) => {
            Reply::json(200, json!({ "numberExists": true, "chatId": chat::by_number(phone) }))
        }
        Some(_) => Reply::json(200, json!({ "numberExists": false })),
    }
}

/// `lids/{lid}` and `lids/pn/{phone}`; the number behind a LID that was never seen is null.
fn lid(shared: &Shared, asked: &str) -> Reply {
    if let Some(phone) = asked.strip_suffix("@c.us") {
        let lid = chat::by_lid(&shared.contacts.lid(phone));
        return Reply::json(200, json!({ "lid": lid, "pn": chat::by_number(phone) }));
    }
    let user = asked.split('@').next().unwrap_or_default();
    let pn = shared.contacts.phone(user).map(|phone| chat::by_number(&phone));
    Reply::json(200, json!({ "lid": chat::by_lid(user), "pn": pn }))
}
