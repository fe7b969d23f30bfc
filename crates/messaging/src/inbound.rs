//! What customers write, in the words of no provider.

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{Jid, PhoneNumber, Secret, Timestamp};

use crate::message::MediaKind;
use crate::provider::ProviderMessageId;
use crate::recipient::Recipient;

/// By what a person is known: a phone number, a LID, or both. At least one of the two.
///
/// `…@c.us`, `…@s.whatsapp.net` and the addresses of one person's devices are one address here. `Debug` masks both.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct ContactAddress {
    /// The phone number, if the provider gives it.
    pub phone: Option<PhoneNumber>,
    /// The address that stands for a hidden number, if the provider gives one: a LID without its device, or the
    /// business-scoped id of Meta's Cloud API ([`BusinessScoped`](wartel_core::JidServer::BusinessScoped)). It is not a phone number.
    pub lid: Option<Jid>,
}

impl ContactAddress {
    /// An address by number, by LID, or both; `None` if neither is given or the second one is no LID.
    #[must_use]
    pub fn new(phone: Option<PhoneNumber>, lid: Option<Jid>) -> Option<Self> {
        let lid = lid.filter(Jid::is_hidden_person).map(|jid| jid.without_device());
        (phone.is_some() || lid.is_some()).then_some(Self { phone, lid })
    }

    /// What one WhatsApp address and its counterpart say together, in either order. `None` unless one of them names a
    /// person.
    #[must_use]
    pub fn from_jids(jid: Option<&Jid>, alternative: Option<&Jid>) -> Option<Self> {
        let both = || [jid, alternative].into_iter().flatten();
        Self::new(both().find_map(Jid::phone), both().find(|jid| jid.is_hidden_person()).cloned())
    }

    /// The address of a person of whom both are known. What is no LID is left out.
    #[must_use]
    pub fn linked(phone: &PhoneNumber, lid: &Jid) -> Self {
        let phone = Self::from(phone.clone());
        Self { lid: lid.is_hidden_person().then(|| lid.without_device()), ..phone }
    }

    /// Where an answer goes: to the number if it is known, or else to the LID.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        let phone = self.phone.clone().map(Recipient::Phone);
        phone.or_else(|| self.lid.clone().map(Recipient::Lid))
    }
}

impl From<PhoneNumber> for ContactAddress {
    fn from(phone: PhoneNumber) -> Self {
        Self { phone: Some(phone), lid: None }
    }
}

impl fmt::Debug for ContactAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ContactAddress").field("phone", &self.phone).field("lid", &self.lid).finish()
    }
}

/// Who wrote a message in the chat with a contact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Author {
    /// The contact.
    Contact,
    /// Our own side: an echo of what the application sent, or a person who wrote on the paired phone. Never a turn of
    /// the conversation for an assistant; of an id that the application does not know it means that a person took over.
    OwnAccount,
}

/// A message that came in. `Debug` shows neither text, name nor numbers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InboundMessage {
    /// The provider's id, without the part that names the chat: unique within the account and the contact. `None` if the
    /// provider gives none; such a message cannot be told from its own repetition.
    pub id: Option<ProviderMessageId>,
    /// The other person of the chat, whoever wrote. Groups, channels and status posts never get here.
    pub contact: ContactAddress,
    /// Who wrote it.
    pub author: Author,
    /// The name that the contact has given themselves, at most 100 characters. Anybody may call themselves anything.
    pub name: Option<String>,
    /// What it says.
    pub content: InboundContent,
    /// The message that this one quotes.
    pub quotes: Option<ProviderMessageId>,
    /// When it was written, if the provider says.
    pub at: Option<Timestamp>,
}

/// What a message that came in says.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboundContent {
    /// Text, at most 65,536 bytes; what comes after it is cut off.
    Text(String),
    /// An answer that was tapped: of buttons, a list or a template.
    Choice {
        /// The id that the application gave the answer.
        id: String,
        /// What the person read.
        title: String,
    },
    /// A file.
    Media {
        /// What kind.
        kind: MediaKind,
        /// Its type, such as `image/jpeg`.
        mime: Option<String>,
        /// The text below it.
        caption: Option<String>,
        /// Where its bytes are, or the provider's id to fetch them with.
        reference: Option<String>,
        /// The name of a document.
        file_name: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees north times 10⁶.
        latitude_micro: i64,
        /// Degrees east times 10⁶.
        longitude_micro: i64,
        /// What the person or the map calls it.
        name: Option<String>,
    },
    /// A reaction to a message; empty if it was taken back.
    Reaction {
        /// To which message.
        to: Option<ProviderMessageId>,
        /// The emoji.
        emoji: String,
    },
    /// Something that has no word here, such as a poll or a contact card; its kind in the provider's words.
    Other {
        /// The kind, at most 64 characters.
        kind: String,
    },
}

/// The longest text that is kept of a message, in bytes.
pub const MAX_INBOUND_TEXT: usize = 65_536;
/// The longest name that is kept of a contact, in characters.
pub const MAX_CONTACT_NAME: usize = 100;

/// Cuts a text at a number of bytes, between characters.
pub(crate) fn cut(mut text: String, bytes: usize) -> String {
    let end = (0..=bytes.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    text.truncate(end);
    text
}

impl InboundContent {
    /// Text, cut at [`MAX_INBOUND_TEXT`].
    #[must_use]
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text(cut(text.into(), MAX_INBOUND_TEXT))
    }

    /// What it is called in logs: `text`, `choice`, `media`, `location`, `reaction`, `other`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Choice { .. } => "choice",
            Self::Media { .. } => "media",
            Self::Location { .. } => "location",
            Self::Reaction { .. } => "reaction",
            Self::Other { .. } => "other",
        }
    }

    /// The words of the person: text, caption, or the title of the answer that was tapped.
    #[must_use]
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Choice { title, .. } => Some(title),
            Self::Media { caption, .. } => caption.as_deref(),
            _ => None,
        }
    }
}

impl InboundMessage {
    /// A message that the contact wrote.
    #[must_use]
    pub const fn new(contact: ContactAddress, content: InboundContent) -> Self {
        Self { id: None, contact, author: Author::Contact, name: None, content, quotes: None, at: None }
    }

    /// With the provider's id; an empty one counts as none.
    #[must_use]
    pub fn with_id(mut self, id: Option<impl Into<String>>) -> Self {
        self.id = id.map(Into::into).filter(|id| !id.trim().is_empty()).map(ProviderMessageId::new);
        self
    }

    /// Written by our own side.
    #[must_use]
    pub const fn from_own_account(mut self) -> Self {
        self.author = Author::OwnAccount;
        self
    }

    /// With the contact's own name, without control characters, cut at [`MAX_CONTACT_NAME`]; an empty one counts as none.
    #[must_use]
    pub fn with_name(mut self, name: Option<impl AsRef<str>>) -> Self {
        self.name = name.and_then(|name| {
            let plain = name.as_ref().chars().filter(|c| !c.is_control()).take(MAX_CONTACT_NAME);
            let name: String = plain.collect::<String>().trim().to_owned();
            (!name.is_empty()).then_some(name)
        });
        self
    }

    /// With the message that it quotes.
    #[must_use]
    pub fn with_quotes(mut self, id: Option<impl Into<String>>) -> Self {
        self.quotes = id.map(Into::into).filter(|id| !id.is_empty()).map(ProviderMessageId::new);
        self
    }

    /// With the instant at which it was written.
    #[must_use]
    pub const fn with_at(mut self, at: Option<Timestamp>) -> Self {
        self.at = at;
        self
    }

    /// The text as a secret, where there is one, for whoever looks for a code in it.
    #[must_use]
    pub fn secret_words(&self) -> Option<Secret> {
        self.content.words().map(Secret::from)
    }
}

impl fmt::Debug for InboundContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InboundContent({})", self.kind())
    }
}

impl fmt::Debug for InboundMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundMessage")
            .field("contact", &self.contact)
            .field("author", &self.author)
            .field("content", &self.content.kind())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn jid(text: &str) -> Jid {
        Jid::parse(text).unwrap()
    }

    #[test]
    fn all_addresses_of_a_person_are_one() {
        let plain = ContactAddress::from_jids(Some(&jid("6281234567890@s.whatsapp.net")), None).unwrap();
        for (one, other) in [
            ("6281234567890@c.us", None),
            ("6281234567890:14@s.whatsapp.net", None),
            ("6281234567890@s.whatsapp.net", Some("6281234567890@c.us")),
        ] {
            let other = other.map(jid);
            assert_eq!(
                ContactAddress::from_jids(Some(&jid(one)), other.as_ref()),
                Some(plain.clone()),
                "{one}"
            );
        }
        let lid = jid("123456789012345:3@lid");
        let both = ContactAddress::from_jids(Some(&lid), Some(&jid("6281234567890@c.us"))).unwrap();
        assert_eq!(both.lid, Some(jid("123456789012345@lid")));
        assert_eq!(both.recipient(), plain.recipient());
        let hidden = ContactAddress::from_jids(Some(&lid), None).unwrap();
        assert!(matches!(hidden.recipient(), Some(Recipient::Lid(_))) && hidden.phone.is_none());
        for nobody in ["120363000000000000@g.us", "status@broadcast", "120363000000000000@newsletter"] {
            assert_eq!(ContactAddress::from_jids(Some(&jid(nobody)), None), None, "{nobody}");
        }
    }

    #[test]
    fn what_is_kept_is_bounded_and_never_printed() {
        let contact = ContactAddress::from_jids(Some(&jid("6281234567890@c.us")), None).unwrap();
        let long = "é".repeat(MAX_INBOUND_TEXT);
        let message = InboundMessage::new(contact, InboundContent::text(long))
            .with_name(Some("\u{7}Budi".to_owned() + &"x".repeat(500)))
            .with_id(Some("  "));
        assert!(matches!(&message.content, InboundContent::Text(text) if text.len() == MAX_INBOUND_TEXT));
        assert!(message.name.as_ref().is_some_and(|name| name.starts_with("Budi") && name.len() == 100));
        assert_eq!(message.id, None);
        let shown = format!("{message:?} {:?}", message.content);
        assert!(!shown.contains("Budi") && !shown.contains("é") && !shown.contains("1234567"), "{shown}");
    }
}
