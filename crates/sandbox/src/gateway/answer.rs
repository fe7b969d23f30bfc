//! What the gateway answers: an envelope of JSON as Go writes it, mostly with HTTP 200.

use bytes::Bytes;
use serde::Serialize;
use serde_json::Value;

use crate::provider::Reply;

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// The fields in this order; `data` has its keys sorted.
#[derive(Serialize)]
struct Envelope<'a> {
    success: bool,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<Value>,
}

/// Reasons that have another status than 200, by their beginning; `true` marks those that are plain text.
const STATUSES: &[(&str, u16, bool)] = &[
    ("Invalid request body", 400, false),
    ("Number is required", 400, false),
    ("Either message or attachments", 400, false),
    ("Client not initialized", 500, false),
    ("Failed to get QR channel", 500, true),
    ("Failed to connect", 500, true),
    ("QR generation error", 500, true),
    ("QR code generation timeout", 408, true),
    ("Invalid filename", 400, true),
    ("Image not found", 404, true),
];

/// `{"success":true,…}`.
pub(super) fn success(message: &str, data: Option<Value>) -> Reply {
    envelope(200, &Envelope { success: true, message, data })
}

/// What a request gets that fails for this reason: an envelope with HTTP 200, unless the reason has its own way.
pub(super) fn refusal(reason: &str) -> Reply {
    // The gateway itself asks nobody who they are; a proxy in front of it does.
    if reason == "Unauthorized" {
        return Reply::html(401);
    }
    match STATUSES.iter().find(|(begins, ..)| reason.starts_with(begins)) {
        // Go's `http.Error` ends its text with a line break.
        Some((_, status, true)) => Reply::bytes(*status, TEXT, format!("{reason}\n")),
        Some((_, status, false)) => {
            envelope(*status, &Envelope { success: false, message: reason, data: None })
        }
        None => envelope(200, &Envelope { success: false, message: reason, data: None }),
    }
}

pub(super) fn not_found() -> Reply {
    Reply::bytes(404, TEXT, "404 page not found\n")
}

/// The page that describes the API.
pub(super) fn swagger() -> Reply {
    let page = "<!DOCTYPE html><html><head><title>WhatsApp API v1.7.0</title></head><body><h1>WhatsApp API v1.7.0</h1>\
                <ul><li>GET /pair</li><li>POST /send</li><li>GET /health</li><li>GET /devices</li>\
                <li>POST /disconnect</li><li>GET /images/{filename}</li></ul></body></html>\n";
    Reply::bytes(200, "text/html; charset=utf-8", page)
}

fn envelope(status: u16, envelope: &Envelope<'_>) -> Reply {
    let mut body = go_json(envelope).to_vec();
    body.push(b'\n');
    Reply::bytes(status, JSON, body)
}

/// JSON as Go writes it: safe inside a page of HTML.
pub(super) fn go_json(value: &impl Serialize) -> Bytes {
    let json = serde_json::to_string(value).unwrap_or_default();
    let mut safe = String::with_capacity(json.len());
    for letter in json.chars() {
        match letter {
            // None of these stands outside of a text, so all may be escaped.
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' => {
                safe.push_str(&format!("\\u{:04x}", u32::from(letter)))
            }
            other => safe.push(other),
        }
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_special_in_html_is_escaped_and_read_back() {
        let value = json!({"b": "<b> & \u{2028} \"x\"", "a": 1});
        let bytes = go_json(&value);
        assert_eq!(bytes, &br#"{"a":1,"b":"\u003cb\u003e \u0026 \u2028 \"x\""}"#[..]);
        assert_eq!(serde_json::from_slice::<Value>(&bytes).unwrap(), value);
    }

    #[test]
    fn each_reason_has_its_status() {
        for (reason, status) in [
            ("Not paired with WhatsApp. Please use /pair endpoint first", 200),
            ("Failed to send message 1: server returned error 463", 200),
            ("Number is required", 400),
            ("Client not initialized", 500),
            ("QR generation error: err-client-outdated", 500),
            ("QR code generation timeout - please try again", 408),
        ] {
            assert_eq!(refusal(reason).respond().status().as_u16(), status, "{reason}");
        }
    }
}
