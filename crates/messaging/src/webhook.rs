//! Second port: reading a provider's webhooks.

use std::fmt;

use bytes::Bytes;

use crate::device::DeviceEvent;
use crate::inbound::InboundMessage;
use crate::receipt::DeliveryReceipt;

/// A webhook request as it came in: the raw bytes, before anybody parsed them.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct WebhookRequest<'a> {
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The body, byte for byte: signatures are made over it.
    pub body: &'a [u8],
    /// The whole URL that the provider called, as the provider knows it: some sign it (Twilio). `None` if nobody knows
    /// what proxies have made of it.
    pub url: Option<&'a str>,
}

impl<'a> WebhookRequest<'a> {
    /// A request of headers and body.
    #[must_use]
    pub const fn new(headers: &'a http::HeaderMap, body: &'a [u8]) -> Self {
        Self { headers, body, url: None }
    }

    /// With the whole URL that the provider called.
    #[must_use]
    pub const fn with_url(mut self, url: &'a str) -> Self {
        self.url = Some(url);
        self
    }

    /// A header as text, if it is there once and readable.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&'a str> {
        self.headers.get(name)?.to_str().ok()
    }
}

impl fmt::Debug for WebhookRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookRequest({} bytes)", self.body.len())
    }
}

/// One thing that a webhook says, in the words of no provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum InboundEvent {
    /// Somebody wrote in a chat with one person: the contact, or our own side.
    Message(InboundMessage),
    /// News of a message that we sent.
    Receipt(DeliveryReceipt),
    /// News of the device behind the account.
    DeviceState(DeviceEvent),
    /// Nothing to act on: answered with 200 all the same, so that the provider does not repeat it.
    Ignored {
        /// Why, for the log.
        why: &'static str,
    },
}

/// Why a webhook was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// The signature is missing or wrong: HTTP 401.
    #[error("the signature does not fit the body")]
    BadSignature,
    /// The body cannot be read at all: HTTP 400.
    #[error("the body is not what this provider sends")]
    Unreadable,
}

/// How the requests of a [`WebhookSource`] are known to come from the provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Authenticity {
    /// By the provider's signature over the request, which [`WebhookSource::decode`] has checked.
    Signed,
    /// Only by the unguessable URL that they came to. Whoever learns it can write in everybody's name, so nothing in
    /// such a request proves who sent it.
    TokenOnly,
}

/// Reads the webhooks of one account: checks what signature there is, then decodes.
pub trait WebhookSource: fmt::Debug + Send + Sync + 'static {
    /// Whether requests are signed. Stays the same for the life of the source.
    fn authenticity(&self) -> Authenticity;

    /// Whether the provider takes the body of our answer for a message to the customer, so that it has to be empty. Default:
    /// false.
    fn reads_answers(&self) -> bool {
        false
    }

    /// Every event in one request. Unknown kinds become [`InboundEvent::Ignored`]; one bad item does not
    /// lose its neighbours. Events of another account are [`InboundEvent::Ignored`] too.
    ///
    /// # Errors
    /// [`WebhookError`] if the signature or the whole body is bad.
    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError>;

    /// The body as it may be kept in the log and shown from there: without the secrets that it carries. Nothing, if that
    /// cannot be made of it. What this gave once, it gives back as it is. Default: the body as it came.
    fn kept(&self, body: Bytes) -> Bytes {
        body
    }

    /// Every event in a request of the log, whose body is what [`kept`](Self::kept) gave. Who sent it was checked when it
    /// came and is not checked again: the URL, the secret or the header that proved it is not kept, and may have changed.
    /// Default: as [`decode`](Self::decode), for a source that checks nothing but what is kept.
    ///
    /// # Errors
    /// [`WebhookError`] if the whole body is bad.
    fn decode_kept(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        self.decode(request)
    }
}

/// Second port: providers that ask the address of a webhook a question before they use it (Meta).
pub trait WebhookHandshake: fmt::Debug + Send + Sync + 'static {
    /// The answer to a `GET` with this query (without `?`): plain text, to be answered with 200. `None` if the query is
    /// not a question of this provider's, or does not know the secret agreed upon: HTTP 403.
    fn answer(&self, query: &str) -> Option<String>;
}
