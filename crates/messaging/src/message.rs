//! What is sent: meaning, not markup of one provider.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use wartel_core::{Locale, PhoneNumber, Secret};

use crate::provider::ProviderMessageId;
use crate::recipient::Recipient;

/// A message on its way out. `Debug` shows its kind, never its text or its recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutboundMessage {
    /// Who gets it.
    pub to: Recipient,
    /// What it says.
    pub content: Content,
    /// Whether it answers somebody who wrote within the last 24 hours. Default: false. While WhatsApp forbids an
    /// account to start chats ([`SendErrorKind::ReachoutLocked`](crate::SendErrorKind::ReachoutLocked)), only answers go out.
    pub reply: bool,
    /// The message that this one quotes, by the provider's id. Providers that cannot quote leave it out. Default: none.
    pub quotes: Option<ProviderMessageId>,
}

/// What a message says, by meaning. Each adapter renders it in its provider's way, or refuses it with
/// [`SendErrorKind::Unsupported`](crate::SendErrorKind::Unsupported); [`Capabilities`](crate::Capabilities) say which.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Content {
    /// A one-time code. Providers with authentication templates use `code`, others send `text`.
    OneTimeCode(OneTimeCode),
    /// Plain text with WhatsApp markup, at most 4,096 characters.
    Text(Secret),
    /// A template that the provider has approved. The only content that the official API takes outside the 24 hours
    /// after the recipient's last message.
    Template(Template),
    /// A picture, a document, a recording or a film, with a caption.
    Media(Media),
    /// A question with answers to tap on. Providers without buttons send it as numbered text.
    Choice(Choice),
}

/// A one-time code and the text that carries it.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OneTimeCode {
    /// The digits.
    pub code: Secret,
    /// The whole message for providers that send text.
    pub text: Secret,
    /// The language of the text, for providers that choose a template by it.
    pub locale: Locale,
    /// How long the code is still valid.
    pub valid_for: Duration,
}

impl OneTimeCode {
    /// A code, the text that carries it, and how long it is still valid.
    #[must_use]
    pub fn new(code: Secret, text: Secret, locale: Locale, valid_for: Duration) -> Self {
        Self { code, text, locale, valid_for }
    }
}

/// An approved template and what fills its gaps.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Template {
    /// Its name, as it was approved: `order_ready`. Twilio: the `ContentSid`.
    pub name: String,
    /// The language it was approved in, as the provider writes it: `id`, `en_US`.
    pub language: String,
    /// What fills `{{1}}`, `{{2}}`, … of the body, in order.
    pub parameters: Vec<Secret>,
    /// The text as the recipient will read it, for providers without templates, which send it as text. `None` refuses
    /// to send it there.
    pub text: Option<Secret>,
}

impl Template {
    /// A template without parameters.
    #[must_use]
    pub fn new(name: impl Into<String>, language: impl Into<String>) -> Self {
        Self { name: name.into(), language: language.into(), parameters: Vec::new(), text: None }
    }

    /// With what fills its gaps, in order.
    #[must_use]
    pub fn with_parameters<P: Into<Secret>>(mut self, parameters: impl IntoIterator<Item = P>) -> Self {
        self.parameters = parameters.into_iter().map(Into::into).collect();
        self
    }

    /// With the text for providers that have no templates.
    #[must_use]
    pub fn with_text(mut self, text: impl Into<Secret>) -> Self {
        self.text = Some(text.into());
        self
    }
}

/// What kind of file a [`Media`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum MediaKind {
    /// A picture.
    Image,
    /// A file with a name.
    Document,
    /// A recording.
    Audio,
    /// A film.
    Video,
    /// A sticker.
    Sticker,
}

impl MediaKind {
    /// A stable name: `image`, `document`, `audio`, `video`, `sticker`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Image => "image",
            Self::Document => "document",
            Self::Audio => "audio",
            Self::Video => "video",
            Self::Sticker => "sticker",
        }
    }
}

/// Where the bytes of a [`Media`] are. `Debug` shows neither the address nor the bytes.
#[derive(Clone)]
#[non_exhaustive]
pub enum MediaSource {
    /// At a public `https://` address, which the provider fetches.
    Url(Secret),
    /// Here. Adapters that can only name an address refuse it.
    Bytes(Bytes),
}

impl fmt::Debug for MediaSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(_) => f.write_str("Url(…)"),
            Self::Bytes(bytes) => write!(f, "Bytes({})", bytes.len()),
        }
    }
}

/// A file to send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Media {
    /// What kind of file.
    pub kind: MediaKind,
    /// Where it is.
    pub source: MediaSource,
    /// Its type, such as `image/jpeg`. Required for [`MediaSource::Bytes`].
    pub mime: Option<String>,
    /// The text below it. Audio and stickers have none.
    pub caption: Option<Secret>,
    /// The name that a document is shown with.
    pub file_name: Option<Secret>,
}

impl Media {
    /// A file at a public address.
    #[must_use]
    pub fn at(kind: MediaKind, url: impl Into<Secret>) -> Self {
        Self { kind, source: MediaSource::Url(url.into()), mime: None, caption: None, file_name: None }
    }

    /// A file of these bytes.
    #[must_use]
    pub fn of(kind: MediaKind, mime: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        let source = MediaSource::Bytes(bytes.into());
        Self { kind, source, mime: Some(mime.into()), caption: None, file_name: None }
    }

    /// With a text below it.
    #[must_use]
    pub fn with_caption(mut self, caption: impl Into<Secret>) -> Self {
        self.caption = Some(caption.into());
        self
    }

    /// With the name that a document is shown with.
    #[must_use]
    pub fn with_file_name(mut self, name: impl Into<Secret>) -> Self {
        self.file_name = Some(name.into());
        self
    }
}

/// A question with answers to tap on.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Choice {
    /// The question.
    pub body: Secret,
    /// The answers: 1 to 10. The official API shows up to three as buttons and more as a list.
    pub options: Vec<ChoiceOption>,
    /// The words on the button that opens a list. Default: `Pilih`. At most 20 characters.
    pub list_button: String,
}

/// One answer of a [`Choice`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ChoiceOption {
    /// By what the application knows it when it comes back. At most 200 bytes.
    pub id: String,
    /// What the person reads. At most 20 characters.
    pub title: Secret,
}

impl Choice {
    /// A question and its answers, each an id and a title.
    #[must_use]
    pub fn new<I, T>(body: impl Into<Secret>, options: impl IntoIterator<Item = (I, T)>) -> Self
    where
        I: Into<String>,
        T: Into<Secret>,
    {
        let options = options.into_iter();
        let options = options.map(|(id, title)| ChoiceOption { id: id.into(), title: title.into() });
        Self { body: body.into(), options: options.collect(), list_button: "Pilih".to_owned() }
    }

    /// The question and its answers as numbered text, for providers without buttons.
    #[must_use]
    pub fn as_text(&self) -> Secret {
        let mut text = self.body.expose().to_owned();
        for (number, option) in (1..).zip(&self.options) {
            text.push_str(&format!("\n{number}. {}", option.title.expose()));
        }
        Secret::new(text)
    }
}

impl Content {
    /// What it is called in logs: `one_time_code`, `text`, `template`, `media`, `choice`.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OneTimeCode(_) => "one_time_code",
            Self::Text(_) => "text",
            Self::Template(_) => "template",
            Self::Media(_) => "media",
            Self::Choice(_) => "choice",
        }
    }

    /// The content as plain text, where it can be said so: codes, texts, choices as numbered lines, and templates that
    /// bring their text. `None` for media and for templates without a text.
    #[must_use]
    pub fn as_text(&self) -> Option<Secret> {
        match self {
            Self::OneTimeCode(code) => Some(code.text.clone()),
            Self::Text(text) => Some(text.clone()),
            Self::Template(template) => template.text.clone(),
            Self::Choice(choice) => Some(choice.as_text()),
            Self::Media(_) => None,
        }
    }
}

impl OutboundMessage {
    /// A message of any content.
    #[must_use]
    pub fn new(to: impl Into<Recipient>, content: Content) -> Self {
        Self { to: to.into(), content, reply: false, quotes: None }
    }

    /// A message of plain text.
    #[must_use]
    pub fn text_to(to: impl Into<Recipient>, text: impl Into<Secret>) -> Self {
        Self::new(to, Content::Text(text.into()))
    }

    /// As an answer to somebody who wrote within the last 24 hours.
    #[must_use]
    pub const fn as_reply(mut self) -> Self {
        self.reply = true;
        self
    }

    /// As an answer that quotes this message.
    #[must_use]
    pub fn quoting(mut self, id: ProviderMessageId) -> Self {
        self.quotes = Some(id);
        self.as_reply()
    }

    /// The number that it goes to; `None` if only a LID is known.
    #[must_use]
    pub const fn phone(&self) -> Option<&PhoneNumber> {
        self.to.phone()
    }

    /// The content as plain text; empty where it cannot be said so ([`Content::as_text`] tells).
    #[must_use]
    pub fn text(&self) -> Secret {
        self.content.as_text().unwrap_or_else(|| Secret::new(""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_choice_reads_as_numbered_text() {
        let choice = Choice::new("Mau apa?", [("a", "Lihat stok"), ("b", "Bicara dengan orang")]);
        assert_eq!(choice.as_text().expose(), "Mau apa?\n1. Lihat stok\n2. Bicara dengan orang");
        assert_eq!(Content::Choice(choice).kind(), "choice");
    }

    #[test]
    fn only_what_can_be_said_as_text_has_a_text() {
        let media =
            Content::Media(Media::at(MediaKind::Image, "https://shop.example/a.jpg").with_caption("x"));
        assert!(media.as_text().is_none());
        assert!(Content::Template(Template::new("t", "id")).as_text().is_none());
        let template = Content::Template(Template::new("t", "id").with_text("Halo"));
        assert_eq!(template.as_text().unwrap().expose(), "Halo");
    }

    #[test]
    fn debug_shows_no_content() {
        let media = Media::of(MediaKind::Document, "application/pdf", "rahasia").with_file_name("Budi.pdf");
        let template = Template::new("t", "id").with_parameters(["482915"]).with_text("482915");
        let shown = format!("{media:?} {template:?} {:?}", Choice::new("rahasia", [("1", "Budi")]));
        assert!(!["rahasia", "Budi", "482915"].iter().any(|secret| shown.contains(secret)), "{shown}");
    }
}
