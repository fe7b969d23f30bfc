//! Twilio's webhooks: forms, signed over the URL and the fields.
//!
//! Source: <https://www.twilio.com/docs/messaging/guides/webhook-request>,
//! <https://www.twilio.com/docs/messaging/guides/track-outbound-message-status> and
//! <https://www.twilio.com/docs/usage/security>, 2026-11.

use super::sid;
use crate::customer::Extra;
use crate::device::Device;
use crate::phone::{MessageStatus, SandboxMessage};
use crate::provider::{Chat, Event, Inbound, Origin, Shown};
use crate::signing::hmac_sha1_base64;
use crate::webhooks::{Target, Webhook};

type Fields = Vec<(&'static str, String)>;

/// What a message fails with unless a code was named: the recipient cannot be reached.
const UNREACHABLE: &str = "63024";

/// The fields for an event, if Twilio tells of it: it knows no groups, stories, devices, nor what a person writes on a phone.
pub(super) fn fields(device: &Device, event: &Event<'_>) -> Option<Fields> {
    match event {
        Event::Status(message) => status(device, message),
        Event::Message(inbound) if inbound.chat == Chat::Private && inbound.origin == Origin::Customer => {
            Some(incoming(device, inbound))
        }
        Event::Message(_) | Event::StatusBeforeId(_) | Event::Device(_) => None,
    }
}

/// Signed with the account's token, whatever makes the calls: the URL, then each field in the order of their names.
pub(super) fn signed(device: &Device, target: &Target, fields: &Fields) -> Webhook {
    let mut sorted = fields.clone();
    sorted.sort();
    let mut text = target.url().to_owned();
    for (name, value) in &sorted {
        text.push_str(name);
        text.push_str(value);
    }
    Webhook::form(fields.iter().map(|(name, value)| (*name, value.as_str())))
        .with_header("x-twilio-signature", &hmac_sha1_base64(&device.token, text.as_bytes()))
        .with_header("user-agent", "TwilioProxy/1.1")
}

fn common(device: &Device, id: &str) -> Fields {
    vec![
        ("AccountSid", sid("AC", device)),
        ("ApiVersion", "2010-04-01".to_owned()),
        ("MessageSid", id.to_owned()),
        ("SmsSid", id.to_owned()),
    ]
}

fn status(device: &Device, message: &SandboxMessage) -> Option<Fields> {
    let word = match message.status {
        MessageStatus::Sent => "sent",
        MessageStatus::Delivered => "delivered",
        MessageStatus::Read => "read",
        MessageStatus::Invalid => "undelivered",
        MessageStatus::Waiting | MessageStatus::Pending => return None,
    };
    let mut fields = common(device, &message.id);
    fields.extend([
        ("ChannelInstallSid", sid("XE", device)),
        ("ChannelPrefix", "whatsapp".to_owned()),
        ("EventType", word.to_uppercase()),
        ("From", format!("whatsapp:+{}", message.from)),
        ("MessageStatus", word.to_owned()),
        ("SmsStatus", word.to_owned()),
        ("To", format!("whatsapp:+{}", message.to)),
    ]);
    if message.status == MessageStatus::Invalid {
        fields.push(("ErrorCode", message.failure.clone().unwrap_or_else(|| UNREACHABLE.to_owned())));
    }
    Some(fields)
}

fn incoming(device: &Device, inbound: &Inbound<'_>) -> Fields {
    let text = &inbound.message.text;
    // The id of a customer for this business alone.
    let hidden = format!("whatsapp:ID.{}", inbound.lid);
    let mut fields = common(device, &inbound.message.id);
    fields.extend([
        ("NumSegments", "1".to_owned()),
        ("ProfileName", inbound.name.to_owned()),
        ("ReferralNumMedia", "0".to_owned()),
        ("SmsMessageSid", inbound.message.id.clone()),
        ("SmsStatus", "received".to_owned()),
        ("To", format!("whatsapp:+{}", device.number)),
    ]);
    if inbound.shown == Shown::Lid {
        fields.push(("From", hidden.clone()));
    } else {
        fields.push(("From", format!("whatsapp:+{}", inbound.phone)));
        fields.push(("WaId", inbound.phone.to_owned()));
    }
    if matches!(inbound.shown, Shown::Lid | Shown::Both) {
        fields.push(("ExternalUserId", hidden));
    }
    if let Some(quoted) = inbound.quotes {
        fields.push(("OriginalRepliedMessageSender", format!("whatsapp:+{}", device.number)));
        fields.push(("OriginalRepliedMessageSid", quoted.to_owned()));
    }
    let (kind, media) = match inbound.extra {
        Extra::Nothing => ("text", "0"),
        Extra::Choice { id } => {
            fields.push(("ButtonPayload", id.clone()));
            fields.push(("ButtonText", text.clone()));
            ("button", "0")
        }
        Extra::Location { latitude, longitude } => {
            fields.push(("Latitude", latitude.to_string()));
            fields.push(("Longitude", longitude.to_string()));
            fields.push(("Label", text.clone()));
            ("location", "0")
        }
        Extra::Media { kind, mime, url, .. } => {
            fields.push(("MediaContentType0", mime.clone()));
            fields.push(("MediaUrl0", url.clone()));
            (kind.as_str(), "1")
        }
    };
    let body = if kind == "location" { String::new() } else { text.clone() };
    fields.extend([("Body", body), ("MessageType", kind.to_owned()), ("NumMedia", media.to_owned())]);
    fields
}
