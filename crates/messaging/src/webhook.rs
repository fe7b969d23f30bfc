//! Second port: reading a provider's webhooks.

use std::fmt;

use crate::receipt::DeliveryReceipt;

/// A webhook request as it came in: the raw bytes, before anybody parsed them.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct WebhookRequest<'a> {
    /// The headers.
    pub headers: &'a http::HeaderMap,
    /// The body, byte for byte: signatures are made over it.
    pub body: &'a [u8],
}

impl<'a> WebhookRequest<'a> {
    /// A request of headers and body.
    #[must_use]
    pub const fn new(headers: &'a http::HeaderMap, body: &'a [u8]) -> Self {
        Self { headers, body }
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
    /// News of a message that we sent.
    Receipt(DeliveryReceipt),
    /// The device behind the account connected or disconnected.
    DeviceState {
        /// Whether messages can go out through it now.
        connected: bool,
    },
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

/// Reads the webhooks of one provider: checks what signature there is, then decodes.
pub trait WebhookSource: fmt::Debug + Send + Sync + 'static {
    /// Every event in one request. Unknown kinds become [`InboundEvent::Ignored`]; one bad item does not
    /// lose its neighbours.
    ///
    /// # Errors
    /// [`WebhookError`] if the signature or the whole body is bad.
    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError>;
}
