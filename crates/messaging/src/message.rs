//! What is sent: meaning, not markup of one provider.

use std::time::Duration;

use wartel_core::{Locale, PhoneNumber, Secret};

/// A message on its way out. `Debug` shows its kind, never its text or its recipient.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct OutboundMessage {
    /// Who gets it.
    pub to: PhoneNumber,
    /// What it says.
    pub content: Content,
}

/// What a message says, by meaning. Each adapter renders it in its provider's way.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Content {
    /// A one-time code. Providers with authentication templates use `code`, others send `text`.
    OneTimeCode(OneTimeCode),
    /// Plain text with WhatsApp markup, at most 4,096 characters.
    Text(Secret),
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

impl OutboundMessage {
    /// A message of any content.
    #[must_use]
    pub const fn new(to: PhoneNumber, content: Content) -> Self {
        Self { to, content }
    }

    /// A message of plain text.
    #[must_use]
    pub fn text_to(to: PhoneNumber, text: impl Into<Secret>) -> Self {
        Self::new(to, Content::Text(text.into()))
    }

    /// The text, whatever the content.
    #[must_use]
    pub const fn text(&self) -> &Secret {
        match &self.content {
            Content::OneTimeCode(code) => &code.text,
            Content::Text(text) => text,
        }
    }
}
