//! The JSON of the control API.

use serde::Deserialize;
use serde_json::{Value, json};

use crate::customer::{CustomerMessage, Extra};
use crate::provider::Shown;
use crate::recorder::{Authorization, RecordedRequest};

/// Longest text that a customer can write, in characters: WhatsApp's own limit.
pub(super) const MAX_TEXT: usize = 65_536;

/// `POST messages`: the customer writes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WriteCall {
    pub(super) from: String,
    #[serde(default)]
    pub(super) text: String,
    /// The name that the customer gave themselves in WhatsApp.
    name: Option<String>,
    /// To which device: its number, or its provider.
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    /// `phone` (default), `lid`, `both` or `twice`.
    shown: Option<String>,
    group: Option<String>,
    #[serde(default)]
    story: bool,
    /// Written by the person at the device's phone, to the customer in `from`.
    #[serde(default)]
    own_phone: bool,
    quotes: Option<String>,
    pub(super) extra: Option<ExtraWire>,
}

/// What a message is beside its text: `{"media":{…}}`, `{"choice":{"id"}}` or `{"location":{…}}`.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(super) enum ExtraWire {
    Media { kind: String, mime: String, url: String, file_name: Option<String> },
    Choice { id: String },
    Location { latitude: f64, longitude: f64 },
}

impl WriteCall {
    /// The message of the customer with this number.
    pub(super) fn message(self, phone: String) -> Result<CustomerMessage, String> {
        let shown = match self.shown.as_deref() {
            None | Some("phone") => Shown::Phone,
            Some("lid") => Shown::Lid,
            Some("both") => Shown::Both,
            Some("twice") => Shown::Twice,
            Some(_) => return Err("unknown shown; known are: phone, lid, both, twice".into()),
        };
        let mut message = CustomerMessage::new(phone, self.text).shown_as(shown);
        if let Some(name) = self.name {
            message.name = name;
        }
        message.group = self.group;
        message.story = self.story;
        message.from_own_phone = self.own_phone;
        message.quotes = self.quotes;
        message.extra = match self.extra {
            None => Extra::Nothing,
            Some(ExtraWire::Media { kind, mime, url, file_name }) => {
                Extra::Media { kind, mime, url, file_name }
            }
            Some(ExtraWire::Choice { id }) => Extra::Choice { id },
            Some(ExtraWire::Location { latitude, longitude }) => Extra::Location { latitude, longitude },
        };
        Ok(message)
    }
}

/// Which device is meant: by its number, or the first one of its provider. Neither means Fonnte's.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeviceCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) connected: Option<bool>,
    pub(super) quota: Option<u64>,
    pub(super) deaf: Option<bool>,
    /// Where all its webhooks go; an empty one sends none.
    pub(super) webhook: Option<String>,
}

/// `POST scan`, `POST refuse-scan`, `POST remove`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ScanCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    /// The text of the QR code, or the code that was typed. Default: whatever is shown.
    pub(super) qr: Option<String>,
    /// Whether the connection follows. Default: true.
    pub(super) connect: Option<bool>,
}

/// `POST passkey`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct PasskeyCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) step: PasskeyStep,
}

/// What happens with a passkey.
#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum PasskeyStep {
    /// WhatsApp asks for it.
    Ask,
    /// The person gives it.
    Give,
    /// The person confirms its code.
    Confirm,
}

/// `POST ban`, `POST timelock`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct UntilCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    /// RFC 3339; `null` or absent: a ban is for good, a timelock ends.
    pub(super) until: Option<String>,
}

/// `POST stories`: status posts of a customer.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct StoriesCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) from: String,
    pub(super) count: u32,
}

/// `POST fail`: the newest message to a customer fails.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FailCall {
    pub(super) device: Option<String>,
    pub(super) provider: Option<String>,
    pub(super) phone: String,
    /// The provider's code.
    pub(super) code: String,
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
            let list = |fields: &[(String, String)]| -> Vec<Value> {
                fields.iter().map(|(name, value)| json!({"name": name, "value": value})).collect()
            };
            json!({
                "at": request.at.to_rfc3339(),
                "provider": request.provider.name(),
                "method": request.method,
                "path": request.path,
                "content_type": request.content_type,
                "authorization": authorization,
                "query": list(&request.query),
                "fields": list(&request.fields),
                "files": request.files.len(),
            })
        })
        .collect();
    json!({"requests": list})
}
