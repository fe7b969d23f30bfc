//! `POST /send`.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{answer, device};
use crate::device::Device;
use crate::ladder::{Outgoing, accept};
use crate::provider::{Call, Reply};
use crate::shared::Shared;

#[derive(Deserialize)]
struct Request {
    #[serde(default)]
    number: String,
    #[serde(default)]
    message: String,
    #[serde(default)]
    attachments: Option<Vec<Attachment>>,
}

#[derive(Deserialize)]
struct Attachment {
    #[serde(default, rename = "type")]
    kind: String,
    #[serde(default)]
    url: String,
    #[serde(default)]
    filename: String,
    #[serde(default)]
    caption: String,
}

/// One message of a request.
struct Part {
    text: String,
    attachment: Option<String>,
    /// How the answer tells it.
    told: Value,
}

/// Sends the text and each attachment as a message of its own; a text beside one image becomes its caption. Media URLs
/// are never fetched.
pub(super) fn send(shared: &Arc<Shared>, device: &Arc<Device>, call: &Call) -> Reply {
    // Before it looks at the body.
    if !device::is_paired(device) {
        return answer::refusal("Not paired with WhatsApp. Please use /pair endpoint first");
    }
    let Ok(request) = serde_json::from_slice::<Request>(&call.body) else {
        return answer::refusal("Invalid request body");
    };
    if request.number.is_empty() {
        return answer::refusal("Number is required");
    }
    let attachments = request.attachments.as_deref().unwrap_or_default();
    if request.message.is_empty() && attachments.is_empty() {
        return answer::refusal("Either message or attachments are required");
    }
    // The real one takes whatever WhatsApp's library can make an address of.
    if !request.number.bytes().all(|b| b.is_ascii_digit()) {
        return answer::refusal("Invalid phone number: not digits only");
    }
    let parts = match parts(&request.message, attachments) {
        Ok(parts) => parts,
        Err(reason) => return answer::refusal(&reason),
    };
    if !device.is_connected() {
        return answer::refusal("Failed to send message 1: websocket not connected");
    }
    if shared.new_chat_locked(device, &request.number).is_some() {
        return answer::refusal("Failed to send message 1: server returned error 463");
    }
    let mut sent = Vec::new();
    for (index, part) in (1..).zip(parts) {
        let (to, text, attachment) = (request.number.clone(), part.text, part.attachment);
        accept(shared, device, Outgoing { to, text, attachment, ..Outgoing::default() });
        let mut told = part.told;
        if let Some(fields) = told.as_object_mut() {
            fields.insert("index".into(), Value::from(index));
        }
        sent.push(told);
    }
    let echoed = request.attachments.as_ref().map(|list| {
        let one = |a: &Attachment| {
            json!({"caption": a.caption, "filename": a.filename, "type": a.kind, "url": a.url})
        };
        list.iter().map(one).collect::<Vec<_>>()
    });
    let message = format!("Successfully sent {} message(s)", sent.len());
    let data = json!({
        "attachments": echoed,
        "message": request.message,
        "number": request.number,
        "sent": sent,
    });
    answer::success(&message, Some(data))
}

fn parts(message: &str, attachments: &[Attachment]) -> Result<Vec<Part>, String> {
    for attachment in attachments {
        if !matches!(attachment.kind.as_str(), "image" | "document" | "audio" | "video") {
            return Err(format!("Failed to prepare attachment: unsupported type: {}", attachment.kind));
        }
        if !attachment.url.starts_with("http://") && !attachment.url.starts_with("https://") {
            return Err("Failed to prepare attachment: the URL cannot be fetched".to_owned());
        }
    }
    let file = |attachment: &Attachment| {
        let named = !attachment.filename.is_empty();
        Some(if named { attachment.filename.clone() } else { attachment.url.clone() })
    };
    if let ([image], false) = (attachments, message.is_empty())
        && image.kind == "image"
    {
        let told = json!({"content": message, "filename": image.filename, "type": "image_with_caption"});
        return Ok(vec![Part { text: message.to_owned(), attachment: file(image), told }]);
    }
    let text = (!message.is_empty()).then(|| Part {
        text: message.to_owned(),
        attachment: None,
        told: json!({"content": message, "type": "text"}),
    });
    let files = attachments.iter().map(|one| Part {
        text: one.caption.clone(),
        attachment: file(one),
        told: json!({"content": one.caption, "filename": one.filename, "type": one.kind}),
    });
    Ok(text.into_iter().chain(files).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attachment(kind: &str, url: &str) -> Attachment {
        Attachment { kind: kind.into(), url: url.into(), filename: String::new(), caption: "c".into() }
    }

    #[test]
    fn a_text_joins_one_image_and_nothing_else() {
        let told = |message: &str, kinds: &[&str]| {
            let list: Vec<_> = kinds.iter().map(|kind| attachment(kind, "https://x.example/a")).collect();
            let parts = parts(message, &list).unwrap();
            parts.into_iter().map(|part| (part.text, part.told["type"].clone())).collect::<Vec<_>>()
        };
        let part = |text: &str, kind: &str| (text.to_owned(), json!(kind));
        assert_eq!(told("Halo", &[]), [part("Halo", "text")]);
        assert_eq!(told("Halo", &["image"]), [part("Halo", "image_with_caption")]);
        assert_eq!(told("", &["image"]), [part("c", "image")]);
        assert_eq!(told("Halo", &["video"]), [part("Halo", "text"), part("c", "video")]);
        assert_eq!(told("Halo", &["image", "image"]).len(), 3);
        for (kind, url) in [("sticker", "https://x.example/a"), ("image", "file:///x")] {
            let reason = parts("", &[attachment(kind, url)]).err().unwrap();
            assert!(reason.starts_with("Failed to prepare attachment: "), "{reason}");
        }
    }
}
