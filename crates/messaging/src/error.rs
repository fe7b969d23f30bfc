//! The error of a send, with what is known about sending again.

use std::error::Error;
use std::fmt;
use std::time::Duration;

/// Why a message was not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SendErrorKind {
    /// The provider does not take this for a recipient.
    InvalidRecipient,
    /// The recipient has no WhatsApp.
    NotOnWhatsApp,
    /// The template is missing, paused or does not fit its parameters.
    TemplateRejected,
    /// The credentials are wrong, expired or lack a right.
    Unauthenticated,
    /// The device behind the account is not connected.
    DeviceOffline,
    /// The account has no messages left to send.
    QuotaExhausted,
    /// The provider asks for fewer messages.
    RateLimited,
    /// The recipient has not written within 24 hours, so only a template may be sent.
    OutsideWindow,
    /// WhatsApp forbids this account to start chats for now; answers still go out.
    ReachoutLocked,
    /// WhatsApp takes no further tries to pair this number for now.
    PairingThrottled,
    /// The phone, or WhatsApp, refused to link the device.
    PairingRefused,
    /// The account is banned or locked, for now or for good.
    Banned,
    /// The recipient does not want such messages from this account.
    OptedOut,
    /// The file could not be fetched, is too large or of a kind that is not taken.
    MediaRejected,
    /// The provider refuses the request as it is.
    Rejected,
    /// This provider cannot send this content.
    Unsupported,
    /// Messaging is switched off here.
    Disabled,
    /// The provider could not be reached, failed, or did not answer in time.
    Unavailable,
    /// The provider answered something that it never answered before. Never tried again by itself.
    Unexpected,
}

impl SendErrorKind {
    /// A stable name for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidRecipient => "invalid_recipient",
            Self::NotOnWhatsApp => "not_on_whatsapp",
            Self::TemplateRejected => "template_rejected",
            Self::Unauthenticated => "unauthenticated",
            Self::DeviceOffline => "device_offline",
            Self::QuotaExhausted => "quota_exhausted",
            Self::RateLimited => "rate_limited",
            Self::OutsideWindow => "outside_window",
            Self::ReachoutLocked => "reachout_locked",
            Self::PairingThrottled => "pairing_throttled",
            Self::PairingRefused => "pairing_refused",
            Self::Banned => "banned",
            Self::OptedOut => "opted_out",
            Self::MediaRejected => "media_rejected",
            Self::Rejected => "rejected",
            Self::Unsupported => "unsupported",
            Self::Disabled => "disabled",
            Self::Unavailable => "unavailable",
            Self::Unexpected => "unexpected",
        }
    }

    /// Reads back what [`as_str`](Self::as_str) gave; `None` for every other word.
    #[must_use]
    pub fn from_stored(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// All kinds there are.
    const ALL: [Self; 19] = [
        Self::InvalidRecipient,
        Self::NotOnWhatsApp,
        Self::TemplateRejected,
        Self::Unauthenticated,
        Self::DeviceOffline,
        Self::QuotaExhausted,
        Self::RateLimited,
        Self::OutsideWindow,
        Self::ReachoutLocked,
        Self::PairingThrottled,
        Self::PairingRefused,
        Self::Banned,
        Self::OptedOut,
        Self::MediaRejected,
        Self::Rejected,
        Self::Unsupported,
        Self::Disabled,
        Self::Unavailable,
        Self::Unexpected,
    ];
}

/// Whether sending the same message again is safe and useful.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryAdvice {
    /// The same request will fail again.
    Never,
    /// Certainly not accepted: safe to send again, after this long if given.
    After(Option<Duration>),
    /// May have been accepted, for instance when the answer was cut off. Sending again may send twice.
    Ambiguous,
}

/// A message was not accepted, or nobody knows whether it was.
///
/// Its text names the provider, the kind and the provider's own code; never the phone number, the text, the
/// token or the raw answer.
#[derive(Debug)]
pub struct SendError {
    provider: &'static str,
    kind: SendErrorKind,
    advice: RetryAdvice,
    provider_code: Option<String>,
    request_id: Option<String>,
    source: Option<Box<dyn Error + Send + Sync>>,
}

impl SendError {
    /// An error of the provider named `provider`.
    #[must_use]
    pub const fn new(provider: &'static str, kind: SendErrorKind, advice: RetryAdvice) -> Self {
        Self { provider, kind, advice, provider_code: None, request_id: None, source: None }
    }

    /// With the provider's own code or reason. Pass only values from a known list or plain numbers: this
    /// text is logged.
    #[must_use]
    pub fn with_provider_code(mut self, code: impl Into<String>) -> Self {
        self.provider_code = Some(code.into());
        self
    }

    /// With the provider's id of the request.
    #[must_use]
    pub fn with_request_id(mut self, id: Option<String>) -> Self {
        self.request_id = id;
        self
    }

    /// With its cause. The cause must not show a URL, a body or a header.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// The same error, but nobody knows whether the message was taken.
    #[must_use]
    pub const fn into_ambiguous(mut self) -> Self {
        self.advice = RetryAdvice::Ambiguous;
        self
    }

    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// Why the message was not accepted.
    #[must_use]
    pub const fn kind(&self) -> SendErrorKind {
        self.kind
    }

    /// Whether sending again is safe and useful.
    #[must_use]
    pub const fn advice(&self) -> RetryAdvice {
        self.advice
    }

    /// Whether the provider may have taken the message all the same.
    #[must_use]
    pub const fn is_ambiguous(&self) -> bool {
        matches!(self.advice, RetryAdvice::Ambiguous)
    }

    /// The provider's own code or reason.
    #[must_use]
    pub fn provider_code(&self) -> Option<&str> {
        self.provider_code.as_deref()
    }

    /// The provider's id of the request.
    #[must_use]
    pub fn request_id(&self) -> Option<&str> {
        self.request_id.as_deref()
    }
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            SendErrorKind::InvalidRecipient => "the recipient is not a valid one",
            SendErrorKind::NotOnWhatsApp => "the recipient is not on WhatsApp",
            SendErrorKind::TemplateRejected => "the template was refused",
            SendErrorKind::Unauthenticated => "the credentials were refused",
            SendErrorKind::DeviceOffline => "the device is not connected",
            SendErrorKind::QuotaExhausted => "the account has no messages left",
            SendErrorKind::RateLimited => "too many messages for the provider",
            SendErrorKind::OutsideWindow => "only a template may be sent to the recipient now",
            SendErrorKind::ReachoutLocked => "the account may not start chats for now",
            SendErrorKind::PairingThrottled => "the number may not be paired for now",
            SendErrorKind::PairingRefused => "the phone refused to link the device",
            SendErrorKind::Banned => "the account is banned or locked",
            SendErrorKind::OptedOut => "the recipient does not want such messages",
            SendErrorKind::MediaRejected => "the file was refused",
            SendErrorKind::Rejected => "the request was refused",
            SendErrorKind::Unsupported => "this content cannot be sent",
            SendErrorKind::Disabled => "messaging is switched off",
            SendErrorKind::Unavailable => "the provider is unavailable",
            SendErrorKind::Unexpected => "the provider gave an unknown answer",
        };
        write!(f, "{}: {what}", self.provider)?;
        if let Some(code) = &self.provider_code {
            write!(f, " ({code})")?;
        }
        if self.is_ambiguous() {
            f.write_str(", and may have taken the message")?;
        }
        Ok(())
    }
}

impl Error for SendError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as &(dyn Error + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_names_provider_kind_and_code() {
        let error = SendError::new("fonnte", SendErrorKind::Unauthenticated, RetryAdvice::Never)
            .with_provider_code("token invalid");
        assert_eq!(error.to_string(), "fonnte: the credentials were refused (token invalid)");
        let cut = SendError::new("fonnte", SendErrorKind::Unavailable, RetryAdvice::Ambiguous);
        assert_eq!(cut.to_string(), "fonnte: the provider is unavailable, and may have taken the message");
        assert!(cut.is_ambiguous());
    }
}
