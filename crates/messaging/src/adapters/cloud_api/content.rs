//! What goes out to the Cloud API, as JSON. Pure; nothing here touches a network.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>, read in November 2026.

use serde_json::{Map, Value, json};
use wartel_core::Secret;

use super::NAME;
use super::config::OtpTemplate;
use crate::adapters::caller::{refused_here, unsupported};
use crate::{Choice, Content, Media, MediaKind, OneTimeCode, OutboundMessage, SendError, Template};

/// The longest text, in characters.
const MAX_TEXT: usize = 4_096;
/// The longest code that an authentication template takes, in characters.
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/authentication-templates>, November 2026.
const MAX_CODE: usize = 15;
/// The most answers that are shown as buttons.
const MAX_BUTTONS: usize = 3;
/// The most answers that a list has.
const MAX_ROWS: usize = 10;
/// The longest words on a button, and the longest title of an answer here, in characters.
const MAX_TITLE: usize = 20;
/// The longest id of an answer, in bytes.
const MAX_CHOICE_ID: usize = 200;

/// How a file is named to the API: by its address, or by the id under which it was uploaded.
pub(super) enum MediaRef<'a> {
    /// A public address, which Meta fetches.
    Link(&'a str),
    /// The id of an upload.
    Id(&'a str),
}

/// The body of `POST /{phone-number-id}/messages` for everything but media, whose reference has to be found first.
pub(super) fn message(message: &OutboundMessage, otp: Option<&OtpTemplate>) -> Result<Value, SendError> {
    let (kind, node) = match &message.content {
        Content::OneTimeCode(code) => match otp {
            Some(template) => ("template", one_time_code(code, template)?),
            // Outside the window a text would be refused after all, and inside it nobody knows without being told.
            None if message.reply => ("text", text(&code.text)?),
            None => return Err(unsupported(NAME, "one_time_code without otp_template")),
        },
        Content::Text(body) => ("text", text(body)?),
        Content::Template(given) => ("template", template(given)),
        Content::Choice(given) => ("interactive", choice(given)?),
        Content::Media(_) => return Err(unsupported(NAME, "media without a reference")),
    };
    envelope(message, kind, node)
}

/// The body of `POST /{phone-number-id}/messages` for a file.
pub(super) fn media(
    message: &OutboundMessage,
    media: &Media,
    reference: &MediaRef<'_>,
) -> Result<Value, SendError> {
    let mut node = Map::new();
    match reference {
        MediaRef::Link(link) => node.insert("link".to_owned(), json!(link)),
        MediaRef::Id(id) => node.insert("id".to_owned(), json!(id)),
    };
    if let (Some(caption), false) =
        (&media.caption, matches!(media.kind, MediaKind::Audio | MediaKind::Sticker))
    {
        node.insert("caption".to_owned(), json!(caption.expose()));
    }
    if let (Some(name), MediaKind::Document) = (&media.file_name, media.kind) {
        node.insert("filename".to_owned(), json!(name.expose()));
    }
    envelope(message, media.kind.as_str(), Value::Object(node))
}

/// The body that marks a message as read, and shows that somebody is typing if `typing`.
pub(super) fn read(message_id: &str, typing: bool) -> Value {
    let mut body = json!({ "messaging_product": "whatsapp", "status": "read", "message_id": message_id });
    if let (true, Some(fields)) = (typing, body.as_object_mut()) {
        fields.insert("typing_indicator".to_owned(), json!({ "type": "text" }));
    }
    body
}

/// The field that names the recipient: a business-scoped id stands in `recipient`, in the place of `to`. A LID is not one.
pub(super) fn recipient(message: &OutboundMessage) -> Result<(&'static str, &str), SendError> {
    match (message.phone(), message.to.business_scoped_id()) {
        (Some(phone), _) => Ok(("to", phone.digits())),
        (None, Some(id)) => Ok(("recipient", id)),
        (None, None) => Err(unsupported(NAME, "lid")),
    }
}

fn envelope(message: &OutboundMessage, kind: &str, node: Value) -> Result<Value, SendError> {
    let (field, to) = recipient(message)?;
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "type": kind,
    });
    if let Some(fields) = body.as_object_mut() {
        fields.insert(field.to_owned(), to.into());
        fields.insert(kind.to_owned(), node);
        if let Some(quoted) = &message.quotes {
            fields.insert("context".to_owned(), json!({ "message_id": quoted.as_str() }));
        }
    }
    Ok(body)
}

/// Without a preview of links: a code or an address in a text is nobody else's to fetch.
fn text(text: &Secret) -> Result<Value, SendError> {
    let text = text.expose();
    if text.is_empty() {
        return Err(refused_here(NAME, "empty text"));
    }
    if text.chars().count() > MAX_TEXT {
        return Err(refused_here(NAME, "text too long"));
    }
    Ok(json!({ "body": text, "preview_url": false }))
}

/// The code stands in the text and again in the button, also where the button is filled in by itself (one-tap, zero-tap).
///
/// Source: <https://developers.facebook.com/docs/whatsapp/business-management-api/authentication-templates>, November 2026.
fn one_time_code(code: &OneTimeCode, template: &OtpTemplate) -> Result<Value, SendError> {
    let digits = code.code.expose();
    if digits.is_empty() || digits.chars().count() > MAX_CODE {
        return Err(refused_here(NAME, "code of none or more than 15 characters"));
    }
    let (name, language) = template.of(code.locale);
    let parameters = json!([{ "type": "text", "text": digits }]);
    Ok(json!({
        "name": name,
        "language": { "code": language },
        "components": [
            { "type": "body", "parameters": parameters },
            { "type": "button", "sub_type": "url", "index": "0", "parameters": parameters },
        ],
    }))
}

fn template(template: &Template) -> Value {
    let parameters = template.parameters.iter();
    let parameters: Vec<Value> =
        parameters.map(|parameter| json!({ "type": "text", "text": parameter.expose() })).collect();
    let mut node = json!({ "name": template.name, "language": { "code": template.language } });
    if let (false, Some(fields)) = (parameters.is_empty(), node.as_object_mut()) {
        fields.insert("components".to_owned(), json!([{ "type": "body", "parameters": parameters }]));
    }
    node
}

fn choice(choice: &Choice) -> Result<Value, SendError> {
    let fits = |title: &str| (1..=MAX_TITLE).contains(&title.chars().count());
    if !(1..=MAX_ROWS).contains(&choice.options.len()) {
        return Err(refused_here(NAME, "choice of none or more than 10 answers"));
    }
    if choice.options.iter().any(|option| !fits(option.title.expose())) {
        return Err(refused_here(NAME, "answer of none or more than 20 characters"));
    }
    if choice.options.iter().any(|option| !(1..=MAX_CHOICE_ID).contains(&option.id.len())) {
        return Err(refused_here(NAME, "answer's id of none or more than 200 bytes"));
    }
    let body = json!({ "text": choice.body.expose() });
    let options =
        choice.options.iter().map(|option| json!({ "id": option.id, "title": option.title.expose() }));
    if choice.options.len() <= MAX_BUTTONS {
        let buttons: Vec<Value> = options.map(|reply| json!({ "type": "reply", "reply": reply })).collect();
        return Ok(json!({ "type": "button", "body": body, "action": { "buttons": buttons } }));
    }
    if !fits(&choice.list_button) {
        return Err(refused_here(NAME, "list button of none or more than 20 characters"));
    }
    // A title of a section is only needed where there are several.
    let rows: Vec<Value> = options.collect();
    let action = json!({ "button": choice.list_button, "sections": [{ "rows": rows }] });
    Ok(json!({ "type": "list", "body": body, "action": action }))
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
