//! The form in which stores keep what came in: JSON with names of its own, so that no change of the types here makes
//! old entries unreadable.

use serde::{Deserialize, Serialize};
use wartel_core::{Jid, PhoneNumber, Timestamp};

use super::entry::{InboxEvent, InboxKind};
use crate::device::DeviceEvent;
use crate::error::SendErrorKind;
use crate::inbound::{Author, ContactAddress, InboundContent, InboundMessage, MAX_INBOUND_TEXT, cut};
use crate::message::MediaKind;
use crate::provider::ProviderMessageId;
use crate::receipt::{DeliveryReceipt, DeliveryState, ReceiptKey};

/// The longest id, title or type of a file that is kept, in bytes.
const MAX_WORD: usize = 1_024;
/// The longest reference to a file, in bytes. A longer one is of no use cut, and is left out.
const MAX_REFERENCE: usize = 4_096;

#[derive(Serialize, Deserialize)]
struct Message {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<ProviderMessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    phone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lid: Option<String>,
    author: Author,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quotes: Option<ProviderMessageId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    content: Content,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum Content {
    Text {
        text: String,
    },
    Choice {
        id: String,
        title: String,
    },
    Media {
        media: String,
        mime: Option<String>,
        caption: Option<String>,
        reference: Option<String>,
        file_name: Option<String>,
    },
    Location {
        latitude_micro: i64,
        longitude_micro: i64,
        name: Option<String>,
    },
    Reaction {
        to: Option<ProviderMessageId>,
        emoji: String,
    },
    Other {
        word: String,
    },
}

#[derive(Serialize, Deserialize)]
struct Receipt {
    provider: String,
    key: ReceiptKey,
    state: DeliveryState,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    /// Why it failed; a word that this program does not know is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    failure: Option<String>,
}

#[derive(Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
enum Device {
    Paired,
    Connected,
    Disconnected,
    LoggedOut,
    Banned { until: Option<Timestamp> },
    QrChanged,
    PairingRefused,
    PasskeyRequired,
}

impl InboxEvent {
    /// What it is.
    #[must_use]
    pub fn kind(&self) -> InboxKind {
        match self {
            Self::Message(message) if message.author == Author::OwnAccount => InboxKind::Echo,
            Self::Message(_) => InboxKind::Message,
            Self::Receipt(_) => InboxKind::Receipt,
            Self::Device(_) => InboxKind::Device,
        }
    }

    /// The text that stores keep: JSON, in which texts are bounded.
    #[must_use]
    pub fn to_stored(&self) -> String {
        let json = match self {
            Self::Message(message) => serde_json::to_string(&Message::of(message)),
            Self::Receipt(receipt) => serde_json::to_string(&Receipt {
                provider: receipt.provider.clone(),
                key: receipt.key.clone(),
                state: receipt.state,
                at: receipt.at,
                failure: receipt.failure.map(|kind| kind.as_str().to_owned()),
            }),
            Self::Device(event) => serde_json::to_string(&Device::of(*event)),
        };
        // Texts and numbers always have a form in JSON.
        json.unwrap_or_default()
    }

    /// Reads back what [`to_stored`](Self::to_stored) gave; `None` if the text is anything else.
    #[must_use]
    pub fn from_stored(kind: InboxKind, text: &str) -> Option<Self> {
        Some(match kind {
            InboxKind::Message | InboxKind::Echo => {
                Self::Message(serde_json::from_str::<Message>(text).ok()?.read()?)
            }
            InboxKind::Receipt => {
                let Receipt { provider, key, state, at, failure } = serde_json::from_str(text).ok()?;
                let failure = failure.and_then(|word| SendErrorKind::from_stored(&word));
                Self::Receipt(DeliveryReceipt::new(provider, key, state).with_at(at).with_failure(failure))
            }
            InboxKind::Device => Self::Device(serde_json::from_str::<Device>(text).ok()?.read()),
        })
    }
}

impl Message {
    fn of(message: &InboundMessage) -> Self {
        Self {
            id: message.id.clone(),
            phone: message.contact.phone.as_ref().map(|phone| phone.e164().to_owned()),
            lid: message.contact.lid.as_ref().map(Jid::to_wire),
            author: message.author,
            name: message.name.clone(),
            quotes: message.quotes.clone(),
            at: message.at,
            content: Content::of(&message.content),
        }
    }

    fn read(self) -> Option<InboundMessage> {
        let phone = self.phone.and_then(|phone| PhoneNumber::from_e164(&phone).ok());
        let lid = self.lid.and_then(|lid| Jid::parse(&lid).ok());
        let contact = ContactAddress::new(phone, lid)?;
        Some(InboundMessage {
            id: self.id,
            contact,
            author: self.author,
            name: self.name,
            content: self.content.read()?,
            quotes: self.quotes,
            at: self.at,
        })
    }
}

fn word(text: &str) -> String {
    cut(text.to_owned(), MAX_WORD)
}

impl Content {
    fn of(content: &InboundContent) -> Self {
        let words = |text: &Option<String>| text.as_deref().map(word);
        match content {
            InboundContent::Text(text) => Self::Text { text: cut(text.clone(), MAX_INBOUND_TEXT) },
            InboundContent::Choice { id, title } => Self::Choice { id: word(id), title: word(title) },
            InboundContent::Media { kind, mime, caption, reference, file_name } => Self::Media {
                media: kind.as_str().to_owned(),
                mime: words(mime),
                caption: caption.clone().map(|caption| cut(caption, MAX_INBOUND_TEXT)),
                reference: reference.clone().filter(|reference| reference.len() <= MAX_REFERENCE),
                file_name: words(file_name),
            },
            InboundContent::Location { latitude_micro, longitude_micro, name } => Self::Location {
                latitude_micro: *latitude_micro,
                longitude_micro: *longitude_micro,
                name: words(name),
            },
            InboundContent::Reaction { to, emoji } => Self::Reaction { to: to.clone(), emoji: word(emoji) },
            InboundContent::Other { kind } => Self::Other { word: word(kind) },
        }
    }

    fn read(self) -> Option<InboundContent> {
        Some(match self {
            Self::Text { text } => InboundContent::Text(text),
            Self::Choice { id, title } => InboundContent::Choice { id, title },
            Self::Media { media, mime, caption, reference, file_name } => {
                let kind = media_kind(&media)?;
                InboundContent::Media { kind, mime, caption, reference, file_name }
            }
            Self::Location { latitude_micro, longitude_micro, name } => {
                InboundContent::Location { latitude_micro, longitude_micro, name }
            }
            Self::Reaction { to, emoji } => InboundContent::Reaction { to, emoji },
            Self::Other { word } => InboundContent::Other { kind: word },
        })
    }
}

fn media_kind(word: &str) -> Option<MediaKind> {
    use MediaKind::{Audio, Document, Image, Sticker, Video};
    [Image, Document, Audio, Video, Sticker].into_iter().find(|kind| kind.as_str() == word)
}

impl Device {
    const fn of(event: DeviceEvent) -> Self {
        match event {
            DeviceEvent::Paired => Self::Paired,
            DeviceEvent::Connected => Self::Connected,
            DeviceEvent::Disconnected => Self::Disconnected,
            DeviceEvent::LoggedOut => Self::LoggedOut,
            DeviceEvent::Banned { until } => Self::Banned { until },
            DeviceEvent::QrChanged => Self::QrChanged,
            DeviceEvent::PairingRefused => Self::PairingRefused,
            DeviceEvent::PasskeyRequired => Self::PasskeyRequired,
        }
    }

    const fn read(self) -> DeviceEvent {
        match self {
            Self::Paired => DeviceEvent::Paired,
            Self::Connected => DeviceEvent::Connected,
            Self::Disconnected => DeviceEvent::Disconnected,
            Self::LoggedOut => DeviceEvent::LoggedOut,
            Self::Banned { until } => DeviceEvent::Banned { until },
            Self::QrChanged => DeviceEvent::QrChanged,
            Self::PairingRefused => DeviceEvent::PairingRefused,
            Self::PasskeyRequired => DeviceEvent::PasskeyRequired,
        }
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::Country;

    use super::*;

    fn contact() -> ContactAddress {
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).ok();
        ContactAddress::new(phone, Jid::parse("123456789012345@lid").ok()).unwrap()
    }

    #[test]
    fn every_event_is_read_as_it_was_written() {
        let some = |text: &str| Some(text.to_owned());
        let id = || Some(ProviderMessageId::new("3EB0"));
        let contents = [
            InboundContent::text("Halo\n\"dunia\" \u{0} 👋"),
            InboundContent::Choice { id: "1".to_owned(), title: "Ya".to_owned() },
            InboundContent::Media {
                kind: MediaKind::Sticker,
                mime: some("image/webp"),
                caption: some("foto"),
                reference: some("https://files.test/x"),
                file_name: None,
            },
            InboundContent::Location { latitude_micro: -6_200_000, longitude_micro: 106_816_666, name: None },
            InboundContent::Reaction { to: id(), emoji: "👍".to_owned() },
            InboundContent::Other { kind: "poll".to_owned() },
        ];
        let mut events: Vec<InboxEvent> = contents
            .into_iter()
            .map(|content| {
                InboundMessage::new(contact(), content)
                    .with_id(some("A1"))
                    .with_name(some("Budi"))
                    .with_quotes(some("Q1"))
                    .with_at(Some(Timestamp::from_micros(5)))
            })
            .map(InboxEvent::Message)
            .collect();
        events.push(InboxEvent::Message(
            InboundMessage::new(contact(), InboundContent::text("dari kami")).from_own_account(),
        ));
        let key = ReceiptKey::new(id(), Some(ProviderMessageId::new("S"))).unwrap();
        let failed = DeliveryReceipt::new("fonnte", key.clone(), DeliveryState::Failed);
        events.push(InboxEvent::Receipt(failed.with_failure(Some(SendErrorKind::NotOnWhatsApp))));
        events.push(InboxEvent::Receipt(DeliveryReceipt::new("fonnte", key, DeliveryState::Delivered)));
        let until = Some(Timestamp::from_micros(7));
        for device in [
            DeviceEvent::Paired,
            DeviceEvent::Connected,
            DeviceEvent::Disconnected,
            DeviceEvent::LoggedOut,
            DeviceEvent::Banned { until },
            DeviceEvent::Banned { until: None },
            DeviceEvent::QrChanged,
            DeviceEvent::PairingRefused,
            DeviceEvent::PasskeyRequired,
        ] {
            events.push(InboxEvent::Device(device));
        }
        for event in events {
            let stored = event.to_stored();
            assert!(!stored.contains('\0'), "no database takes a NUL");
            assert_eq!(InboxEvent::from_stored(event.kind(), &stored), Some(event));
        }
    }

    #[test]
    fn what_is_something_else_is_not_read() {
        for kind in InboxKind::ALL {
            for text in ["", "{}", "[]", "null", r#"{"state":"flying"}"#] {
                assert_eq!(InboxEvent::from_stored(kind, text), None, "{kind:?} {text}");
            }
        }
        // What a newer program adds does not hide what this one knows.
        let newer = r#"{"state":"connected","since":5}"#;
        assert!(InboxEvent::from_stored(InboxKind::Device, newer).is_some());
    }

    #[test]
    fn what_a_stranger_sends_is_bounded() {
        let long = "x".repeat(1_000_000);
        let some = || Some(long.clone());
        for content in [
            InboundContent::Text(long.clone()),
            InboundContent::Choice { id: long.clone(), title: long.clone() },
            InboundContent::Media {
                kind: MediaKind::Image,
                mime: some(),
                caption: some(),
                reference: some(),
                file_name: some(),
            },
            InboundContent::Reaction { to: None, emoji: long.clone() },
            InboundContent::Other { kind: long.clone() },
        ] {
            let stored = InboxEvent::Message(InboundMessage::new(contact(), content)).to_stored();
            assert!(stored.len() < MAX_INBOUND_TEXT + 4_096, "{} bytes", stored.len());
        }
    }
}
