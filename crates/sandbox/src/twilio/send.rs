//! `POST /2010-04-01/Accounts/{AccountSid}/Messages.json`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::error::Refusal;
use super::sid;
use crate::device::{Device, Link};
use crate::ladder::{Outgoing, accept};
use crate::provider::Call;
use crate::shared::Shared;
use crate::webhooks::Target;

/// The longest `Body`, in characters.
const MAX_BODY: usize = 1_600;
/// How long a customer may be written to freely after each of their messages.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);

/// The digits of `whatsapp:+62…`; nothing else is an address of this channel.
pub(super) fn digits(address: &str) -> Option<&str> {
    let digits = address.strip_prefix("whatsapp:+")?;
    let fits = (7..=15).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    (fits && !digits.starts_with('0')).then_some(digits)
}

/// `SM…` for texts, `MM…` for files.
pub(super) fn message_sid(kind: &str, number: u64) -> String {
    format!("{kind}{number:016x}{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
}

pub(super) fn send(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call) -> Result<Value, Refusal> {
    let form = call.form.as_ref().map_err(|_| Refusal::because(21_211, "The body is not a form"))?;
    if call.header("content-type").is_some_and(|kind| kind.contains("json")) {
        return Err(Refusal::because(21_211, "A 'To' phone number is required: the body has to be a form"));
    }
    let to = form.get("To").and_then(digits).ok_or_else(|| Refusal::of(21_211))?;
    sender(device, form.get("From"), form.get("MessagingServiceSid"))?;
    match device.link() {
        Link::Connected => {}
        Link::Banned { .. } => return Err(Refusal::of(63_013)),
        _ => return Err(Refusal::of(63_007)),
    }
    let content = form.get("ContentSid");
    let media = form.get("MediaUrl");
    let text = match (content, form.raw("Body")) {
        (Some(content), _) => approved(device, content, form.get("ContentVariables"))?,
        (None, Some(body)) if !body.is_empty() => body.to_owned(),
        (None, _) if media.is_some() => String::new(),
        (None, _) => return Err(Refusal::because(21_602, "Message body is required.")),
    };
    if text.chars().count() > MAX_BODY {
        return Err(Refusal::because(21_617, "The message body exceeds the 1600 character limit"));
    }
    if media.is_some_and(|url| !url.starts_with("https://") && !url.starts_with("http://")) {
        return Err(Refusal::because(21_620, "Invalid media URL(s)"));
    }
    // What goes to `https://` cannot be delivered from here, as the crate's documentation says.
    let callback = form.get("StatusCallback").and_then(|url| Target::parse(url).ok()).map(Arc::new);
    if !device.spend(1) {
        return Err(Refusal::of(20_429));
    }
    let free = content.is_none();
    let number = shared.next_message();
    let id = message_sid(if media.is_some() { "MM" } else { "SM" }, number);
    let outgoing = Outgoing {
        to: to.to_owned(),
        text: text.clone(),
        attachment: media.map(str::to_owned),
        id: Some(id),
        callback,
        ..Outgoing::default()
    };
    let id = accept(shared, device, outgoing);
    // It is taken all the same; that it did not arrive is told later.
    if free && shared.options.service_window && !shared.wrote_within(to, device, WINDOW) {
        shared.fail(&id, "63016");
    }
    Ok(message(device, &id, to, &text, media.is_some()))
}

/// Either the device's number or its messaging service.
fn sender(device: &Device, from: Option<&str>, service: Option<&str>) -> Result<(), Refusal> {
    match (from, service) {
        (Some(from), _) if digits(from) == Some(&device.number) => Ok(()),
        (None, Some(service)) if service == sid("MG", device) => Ok(()),
        (None, None) => Err(Refusal::because(21_603, "A 'From' phone number is required.")),
        _ => Err(Refusal::of(63_007)),
    }
}

/// The one approved content of the account: a code. It has exactly one gap.
fn approved(device: &Device, content: &str, variables: Option<&str>) -> Result<String, Refusal> {
    if content != sid("HX", device) {
        return Err(Refusal::of(21_655));
    }
    let variables: Option<Map<String, Value>> = serde_json::from_str(variables.unwrap_or("{}")).ok();
    let variables = variables.filter(|variables| variables.len() == 1);
    let code = variables.as_ref().and_then(|variables| variables.get("1")).and_then(Value::as_str);
    let code = code.filter(|code| !code.is_empty()).ok_or_else(|| Refusal::of(21_656))?;
    // WhatsApp writes it in one line. Here the code has a line of its own, where the phone page and tests look for it.
    Ok(format!("*{code}*\nadalah kode verifikasi Anda."))
}

fn message(device: &Device, id: &str, to: &str, text: &str, media: bool) -> Value {
    let account = sid("AC", device);
    let uri = format!("/2010-04-01/Accounts/{account}/Messages/{id}");
    json!({
        "account_sid": account,
        "api_version": "2010-04-01",
        "body": text,
        "direction": "outbound-api",
        "error_code": null,
        "error_message": null,
        "from": format!("whatsapp:+{}", device.number),
        "messaging_service_sid": null,
        "num_media": if media { "1" } else { "0" },
        "num_segments": "1",
        "price": null,
        "price_unit": null,
        "sid": id,
        "status": "queued",
        "subresource_uris": { "media": format!("{uri}/Media.json") },
        "to": format!("whatsapp:+{to}"),
        "uri": format!("{uri}.json"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_the_channel_are_numbers() {
        assert_eq!(digits("whatsapp:+6281234567890"), Some("6281234567890"));
        for other in
            ["+6281234567890", "whatsapp:6281234567890", "whatsapp:+0812345678", "whatsapp:+x", "sms:+62"]
        {
            assert_eq!(digits(other), None, "{other}");
        }
    }
}
