//! The JSON of the control API.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::recorder::{Authorization, RecordedRequest};

/// Longest text that a customer can write, in characters: WhatsApp's own limit.
pub(super) const MAX_TEXT: usize = 65_536;

/// `POST messages`: the customer writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteCall {
    pub(super) from: String,
    pub(super) text: String,
    /// The name that the customer gave themselves in WhatsApp.
    pub(super) name: Option<String>,
}

/// `POST device`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceCall {
    pub(super) connected: Option<bool>,
    pub(super) quota: Option<u64>,
}

/// `POST read`: the customer opens the chat.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ReadCall {
    pub(super) phone: String,
}

/// `GET requests`.
pub(super) fn requests(requests: &[RecordedRequest]) -> Value {
    let list: Vec<Value> = requests
        .iter()
        .map(|request| {
            let authorization = match request.authorization {
                Authorization::Missing => "missing",
                Authorization::Refused => "refused",
                Authorization::Accepted => "accepted",
            };
            let fields: Vec<Value> =
                request.fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
            json!({
                "at": request.at.to_rfc3339(),
                "method": request.method,
                "path": request.path,
                "content_type": request.content_type,
                "authorization": authorization,
                "fields": fields,
                "files": request.files.len(),
            })
        })
        .collect();
    json!({"requests": list})
}
