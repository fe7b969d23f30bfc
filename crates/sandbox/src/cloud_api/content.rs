//! What a message says: its text on the customer's phone and what is attached, or why it is refused.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/messages>, 2026-11.

use std::collections::HashSet;

use serde_json::Value;

use super::error::Refusal;
use super::{is_media_id, template};

/// The longest text, in characters.
const MAX_TEXT: usize = 4_096;
/// The longest text of a message with answers to tap on.
const MAX_INTERACTIVE: usize = 1_024;

/// A text and an attachment.
pub(super) type Shown = (String, Option<String>);

fn missing(name: &str) -> Refusal {
    Refusal::because(131_008, &format!("Required parameter is missing: {name}"))
}

fn invalid(name: &str) -> Refusal {
    Refusal::because(131_009, &format!("Parameter value is not valid: {name}"))
}

/// Reads the node that is named after the type; no type means text.
pub(super) fn shown(message: &Value) -> Result<Shown, Refusal> {
    let kind = message.get("type").map_or(Some("text"), Value::as_str).unwrap_or_default();
    let node = || message.get(kind).ok_or_else(|| missing(kind));
    match kind {
        "text" => Ok((limited(node()?, "/body", MAX_TEXT)?, None)),
        "template" => Ok((template::text(node()?)?, None)),
        "interactive" => Ok((interactive(node()?)?, None)),
        "image" | "video" | "document" => media(node()?, true),
        "audio" | "sticker" => media(node()?, false),
        _ => Err(Refusal::because(
            100,
            "Param type must be one of {AUDIO, DOCUMENT, IMAGE, INTERACTIVE, STICKER, TEMPLATE, TEXT, VIDEO}",
        )),
    }
}

/// A text of at least one character and at most so many.
fn limited(node: &Value, pointer: &str, most: usize) -> Result<String, Refusal> {
    let text = node.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty());
    let text = text.ok_or_else(|| missing(pointer))?;
    if text.chars().count() > most { Err(invalid(pointer)) } else { Ok(text.to_owned()) }
}

fn media(node: &Value, captioned: bool) -> Result<Shown, Refusal> {
    let text = |key: &str| node.get(key).and_then(Value::as_str);
    let reference = match (text("id"), text("link")) {
        (Some(id), None) if is_media_id(id) => id,
        (Some(_), None) => {
            return Err(Refusal::because(
                100,
                "Param is not a valid whatsapp business account media attachment ID",
            ));
        }
        (None, Some(link)) if link.starts_with("https://") || link.starts_with("http://") => link,
        (None, Some(_)) => return Err(invalid("link")),
        (Some(_), Some(_)) => return Err(invalid("id and link")),
        (None, None) => return Err(missing("id or link")),
    };
    if !captioned && text("caption").is_some() {
        return Err(invalid("caption"));
    }
    let name = text("filename").unwrap_or(reference);
    Ok((text("caption").unwrap_or_default().to_owned(), Some(name.to_owned())))
}

/// The question and its answers, each in a line.
fn interactive(node: &Value) -> Result<String, Refusal> {
    let body = limited(node, "/body/text", MAX_INTERACTIVE)?;
    let list = |value: &Value, pointer: &str| {
        value.pointer(pointer).and_then(Value::as_array).cloned().unwrap_or_default()
    };
    let answers = match node.get("type").and_then(Value::as_str) {
        Some("button") => {
            let buttons = list(node, "/action/buttons");
            if !(1..=3).contains(&buttons.len())
                || !buttons.iter().all(|b| b.get("type") == Some(&"reply".into()))
            {
                return Err(invalid("/action/buttons"));
            }
            titles(&buttons, "/reply", 256, 20)?
        }
        Some("list") => {
            limited(node, "/action/button", 20)?;
            let sections = list(node, "/action/sections");
            let untitled = sections.iter().any(|section| section.get("title").is_none());
            if sections.len() > 1 && untitled {
                return Err(missing("title of a section"));
            }
            let rows: Vec<Value> = sections.iter().flat_map(|section| list(section, "/rows")).collect();
            if !(1..=10).contains(&rows.len()) {
                return Err(invalid("/action/sections"));
            }
            titles(&rows, "", 200, 24)?
        }
        _ => return Err(invalid("type of interactive")),
    };
    Ok(answers.iter().fold(body, |text, title| format!("{text}\n[{title}]")))
}

/// The titles of answers, whose ids differ.
fn titles(answers: &[Value], pointer: &str, id: usize, title: usize) -> Result<Vec<String>, Refusal> {
    let mut ids = HashSet::new();
    answers
        .iter()
        .map(|answer| {
            if !ids.insert(limited(answer, &format!("{pointer}/id"), id)?) {
                return Err(invalid("id that is there twice"));
            }
            limited(answer, &format!("{pointer}/title"), title)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::media_id;
    use super::*;

    #[test]
    fn each_type_has_its_node_and_its_limits() {
        let row = |id: usize| json!({ "id": id.to_string(), "title": "Ya" });
        let rows = |count: usize| json!({ "rows": (0..count).map(row).collect::<Vec<_>>() });
        let list = |sections: Value| {
            let action = json!({ "button": "Pilih", "sections": sections });
            json!({ "type": "interactive", "interactive": { "type": "list", "body": { "text": "?" }, "action": action } })
        };
        let buttons = |ids: &[usize]| {
            let all: Vec<_> = ids.iter().map(|id| json!({ "type": "reply", "reply": row(*id) })).collect();
            let action = json!({ "buttons": all });
            json!({ "type": "interactive", "interactive": { "type": "button", "body": { "text": "?" }, "action": action } })
        };
        let text = |body: &str| json!({ "type": "text", "text": { "body": body } });
        let image = |node: Value| json!({ "type": "image", "image": node });
        for (message, expected) in [
            (text("Halo"), Some("Halo")),
            (json!({ "text": { "body": "Halo" } }), Some("Halo")),
            (text(""), None),
            (text(&"ä".repeat(4_097)), None),
            (json!({ "type": "text" }), None),
            (json!({ "type": "hologram", "hologram": {} }), None),
            (buttons(&[1, 2]), Some("?\n[Ya]\n[Ya]")),
            (buttons(&[]), None),
            (buttons(&[1, 2, 3, 4]), None),
            (buttons(&[1, 1]), None),
            (list(json!([rows(4)])), Some("?\n[Ya]\n[Ya]\n[Ya]\n[Ya]")),
            (list(json!([rows(11)])), None),
            (list(json!([rows(1), rows(1)])), None),
            (image(json!({ "link": "https://x.example/a.jpg", "caption": "Baju" })), Some("Baju")),
            (image(json!({ "id": media_id(7) })), Some("")),
            (image(json!({ "id": "1037543291543636" })), None),
            (image(json!({ "link": "file:///x" })), None),
            (image(json!({})), None),
            (json!({ "type": "audio", "audio": { "link": "https://x.example/a", "caption": "x" } }), None),
        ] {
            assert_eq!(shown(&message).ok().map(|(text, _)| text).as_deref(), expected, "{message}");
        }
    }
}
