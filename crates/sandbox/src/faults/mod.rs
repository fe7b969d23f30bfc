//! What should go wrong, for whom and how often. Planned by count, never by chance, so that a run can be repeated.

mod book;
pub(crate) mod wire;

use std::fmt;
use std::time::Duration;

pub(crate) use book::FaultBook;
pub use wire::FaultError;

use crate::phone::phone_key;
use crate::provider::{Endpoint, ProviderKind};

/// One planned fault: target × trigger × kind. It means every provider unless it names one.
///
/// A fault is looked at after the token, so that it never hides a token error. When several match a request, the
/// first one added that fires decides; those behind it do not count the request.
///
/// ```
/// use wartel_sandbox::{Endpoint, Fault};
///
/// // The next two messages to this number are refused.
/// let fault = Fault::refuse("insufficient quota").on(Endpoint::Send).to_phone("6281234567890").times(2);
/// // The same, as the control API takes it.
/// let json = r#"{"kind":"refuse","reason":"insufficient quota","endpoint":"send",
///                "phone":"6281234567890","trigger":{"next":2}}"#;
/// assert_eq!(Fault::from_json(json)?, fault);
/// # Ok::<(), wartel_sandbox::FaultError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Fault {
    pub(crate) provider: Option<ProviderKind>,
    pub(crate) endpoint: Option<Endpoint>,
    pub(crate) phone: Option<String>,
    pub(crate) trigger: Trigger,
    pub(crate) kind: FaultKind,
}

/// How often a fault fires among the requests that it matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trigger {
    /// Each time, until it is cleared.
    Always,
    /// The next so many times, then never again.
    Next(u32),
    /// On each n-th match: `Every(3)` fires on the third, the sixth, …
    Every(u32),
}

impl Trigger {
    /// Whether it fires on the match with this number; the first is 1.
    pub(crate) fn fires(self, seen: u32) -> bool {
        match self {
            Self::Always => true,
            Self::Next(count) => seen <= count,
            Self::Every(nth) => seen.checked_rem(nth) == Some(0),
        }
    }

    /// Whether it never fires again after so many matches.
    pub(crate) fn spent(self, seen: u32) -> bool {
        matches!(self, Self::Next(count) if seen >= count)
    }
}

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// The provider's own refusal; of Fonnte HTTP 200 with `{"status":false,"reason":…}`. Nothing is accepted.
    Refuse {
        /// The provider's words or its code. Fonnte's `token invalid` comes with the key `Status`, as in reality.
        reason: String,
    },
    /// An HTTP error status with a short HTML body. Nothing is accepted.
    HttpError {
        /// The status. Range: 400..=599.
        status: u16,
    },
    /// The request hangs for this long, then the connection is cut. Nothing is accepted.
    Hang(Duration),
    /// The request is carried out (a message is accepted and delivered), but its answer never comes.
    CutAfterAccept,
    /// The connection is cut before anything is accepted.
    CutBeforeAccept,
    /// The request is carried out at once; its answer comes this much later.
    Slow(Duration),
    /// An answer that is not JSON.
    Malformed(Malformed),
    /// The right answer with its keys in another case.
    KeyCase(KeyCase),
    /// Success of `/send` in another shape that is seen in the wild. Errors keep their shape.
    SuccessShape(SuccessShape),
    /// Something goes wrong with the status webhooks of a message, not with its request.
    Webhook(WebhookFault),
}

/// How an answer is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// The right JSON, cut in the middle. The request is carried out.
    Truncated,
    /// An HTML page with status 200, as a proxy in front would send it. Nothing is accepted.
    Html,
    /// Status 200 and no body. Nothing is accepted.
    Empty,
}

/// How the keys of an answer are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyCase {
    /// `Status`
    Capitalised,
    /// `STATUS`
    Upper,
}

/// Shapes of success other than `{"id":["…"],…}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SuccessShape {
    /// `{"status":true,"message":"Success","data":{"id":…,"phone":…,"message":…,"status":"sent"}}`
    DataId,
    /// `{"status":true,"id":"…"}`
    StringId,
    /// `{"status":true,"detail":"success"}`
    NoId,
}

/// What goes wrong with status webhooks. Looked at once per event, not per try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum WebhookFault {
    /// The event is never sent.
    Drop,
    /// The event is sent twice.
    Duplicate,
    /// `delivered` is sent before `sent`. Only `sent` events count and fire.
    Reorder,
    /// `read` is sent before `delivered`. Only `delivered` events count and fire.
    ReadFirst,
    /// Of Fonnte `sent` comes first with the `stateid` alone, and only then with the `id`; the others have no such
    /// thing. With them (and with Fonnte) a [slow](FaultKind::Slow) answer to a send comes after its webhooks. Only
    /// `sent` events count and fire.
    StatusBeforeId,
}

impl Fault {
    /// A fault of this kind on every endpoint, for every number, each time.
    #[must_use]
    pub fn new(kind: FaultKind) -> Self {
        Self { provider: None, endpoint: None, phone: None, trigger: Trigger::Always, kind }
    }

    /// Refuses with this reason; see [`FaultKind::Refuse`].
    #[must_use]
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::new(FaultKind::Refuse { reason: reason.into() })
    }

    /// Answers with this HTTP status; see [`FaultKind::HttpError`].
    #[must_use]
    pub fn http_error(status: u16) -> Self {
        Self::new(FaultKind::HttpError { status })
    }

    /// Hangs for this long; see [`FaultKind::Hang`].
    #[must_use]
    pub fn hang(time: Duration) -> Self {
        Self::new(FaultKind::Hang(time))
    }

    /// Accepts and never answers; see [`FaultKind::CutAfterAccept`].
    #[must_use]
    pub fn cut_after_accept() -> Self {
        Self::new(FaultKind::CutAfterAccept)
    }

    /// Cuts before anything is accepted; see [`FaultKind::CutBeforeAccept`].
    #[must_use]
    pub fn cut_before_accept() -> Self {
        Self::new(FaultKind::CutBeforeAccept)
    }

    /// Answers late; see [`FaultKind::Slow`].
    #[must_use]
    pub fn slow(time: Duration) -> Self {
        Self::new(FaultKind::Slow(time))
    }

    /// Breaks the answer; see [`Malformed`].
    #[must_use]
    pub fn malformed(form: Malformed) -> Self {
        Self::new(FaultKind::Malformed(form))
    }

    /// Writes the keys of the answer in another case; see [`KeyCase`].
    #[must_use]
    pub fn key_case(case: KeyCase) -> Self {
        Self::new(FaultKind::KeyCase(case))
    }

    /// Answers success in another shape; see [`SuccessShape`].
    #[must_use]
    pub fn success_shape(shape: SuccessShape) -> Self {
        Self::new(FaultKind::SuccessShape(shape))
    }

    /// Disturbs the status webhooks; see [`WebhookFault`].
    #[must_use]
    pub fn webhook(fault: WebhookFault) -> Self {
        Self::new(FaultKind::Webhook(fault))
    }

    /// Only at this provider.
    #[must_use]
    pub fn at(mut self, provider: ProviderKind) -> Self {
        self.provider = Some(provider);
        self
    }

    /// Only on this endpoint. Means nothing to a webhook fault.
    #[must_use]
    pub fn on(mut self, endpoint: Endpoint) -> Self {
        self.endpoint = Some(endpoint);
        self
    }

    /// Only for requests with this number among their targets, in any spelling.
    #[must_use]
    pub fn to_phone(mut self, phone: &str) -> Self {
        self.phone = Some(phone_key(phone));
        self
    }

    /// Only the next `count` times.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.trigger = Trigger::Next(count);
        self
    }

    /// Only every `nth` time; 0 never fires.
    #[must_use]
    pub fn every(mut self, nth: u32) -> Self {
        self.trigger = Trigger::Every(nth);
        self
    }

    /// What goes wrong.
    #[must_use]
    pub fn kind(&self) -> &FaultKind {
        &self.kind
    }

    /// How often.
    #[must_use]
    pub fn trigger(&self) -> Trigger {
        self.trigger
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fault")
            .field("provider", &self.provider)
            .field("endpoint", &self.endpoint)
            .field("phone", &self.phone.as_ref().map(|_| "…"))
            .field("trigger", &self.trigger)
            .field("kind", &self.kind)
            .finish()
    }
}
