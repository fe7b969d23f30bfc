//! What the assistant reads of a message.

use wartel_messaging::{InboundContent, MediaKind};

/// What a message is to the assistant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum HeardContent {
    /// Words to answer; `flushes` if nothing more is to be waited for.
    Words { text: String, flushes: bool },
    /// A file, a place or another thing without words: kept with this note, and the customer is asked to type.
    Wordless { note: String },
    /// Nothing to answer and nothing to keep: a reaction, a call, a deletion.
    Nothing,
}

/// Kinds of other content that somebody meant to say something with.
const MEANT: [&str; 6] = ["contact", "contacts", "order", "poll", "product", "list"];

pub(crate) fn read(content: &InboundContent) -> HeardContent {
    let words = |text: &str, flushes| {
        let text = text.trim();
        (!text.is_empty()).then(|| HeardContent::Words { text: text.to_owned(), flushes })
    };
    match content {
        InboundContent::Text(text) => words(text, false).unwrap_or(HeardContent::Nothing),
        InboundContent::Choice { title, .. } => words(title, true).unwrap_or(HeardContent::Nothing),
        InboundContent::Media { kind, caption, .. } => caption
            .as_deref()
            .and_then(|caption| words(caption, true))
            .unwrap_or_else(|| HeardContent::Wordless { note: format!("[{}]", media(*kind)) }),
        InboundContent::Location { .. } => HeardContent::Wordless { note: "[location]".to_owned() },
        InboundContent::Other { kind } if MEANT.iter().any(|meant| kind.to_lowercase().contains(meant)) => {
            HeardContent::Wordless { note: "[other message]".to_owned() }
        }
        _ => HeardContent::Nothing,
    }
}

const fn media(kind: MediaKind) -> &'static str {
    match kind {
        MediaKind::Image => "picture",
        MediaKind::Audio => "voice message",
        MediaKind::Video => "film",
        MediaKind::Sticker => "sticker",
        _ => "document",
    }
}
