//! Another provider where the first one cannot send.

use std::sync::Arc;

use crate::{
    Accepted, Capabilities, Content, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// Asks providers in their order until one takes the message.
///
/// # Behavior
/// - The next one is asked after an error that is about the provider or the account: it is unavailable, not
///   authenticated, without a device or a quota, banned, limited, switched off, cannot send such content, knows no such
///   template, or gave an unknown answer that certainly took nothing. An error about the recipient or the request, such
///   as [`SendErrorKind::NotOnWhatsApp`], is handed on: another provider would say the same.
/// - After an ambiguous answer only a one-time code goes to the next one: the same code twice is harmless. Anything else
///   stays ambiguous, because nobody wants to read it twice.
/// - If all fail, the error of the first one is handed on, ambiguous if any of them was.
/// - [`Accepted::via`] names the provider that took it, whose receipts will come.
/// - Put it around stacks of their own: each provider with its own retries, turns and breaker. One that hangs holds up the
///   message until its own time limit.
///
/// For one-time codes over several providers with deadlines and receipts, the engine of `wartel-otp` has channels; this is
/// for everything else.
#[derive(Debug, Clone)]
pub struct Failover {
    first: Arc<dyn MessageProvider>,
    others: Vec<Arc<dyn MessageProvider>>,
}

impl Failover {
    /// Only this provider so far.
    #[must_use]
    pub fn new(first: Arc<dyn MessageProvider>) -> Self {
        Self { first, others: Vec::new() }
    }

    /// And this one after those before it.
    #[must_use]
    pub fn then(mut self, next: Arc<dyn MessageProvider>) -> Self {
        self.others.push(next);
        self
    }

    fn all(&self) -> impl Iterator<Item = &Arc<dyn MessageProvider>> {
        std::iter::once(&self.first).chain(&self.others)
    }
}

/// Whether another provider may take what this error refused.
const fn another_may(kind: SendErrorKind) -> bool {
    !matches!(
        kind,
        SendErrorKind::InvalidRecipient
            | SendErrorKind::NotOnWhatsApp
            | SendErrorKind::OptedOut
            | SendErrorKind::Rejected
            | SendErrorKind::MediaRejected
    )
}

/// Whether the provider may have taken the message: it says so, or its answer could not be read.
const fn may_be_taken(error: &SendError) -> bool {
    error.is_ambiguous()
        || matches!((error.kind(), error.advice()), (SendErrorKind::Unavailable, RetryAdvice::Never))
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl MessageProvider for Failover {
    /// The name of the first one.
    fn name(&self) -> &'static str {
        self.first.name()
    }

    /// What any of them can send, and texts as long as all of them take; ids and receipts only if all of them have them.
    fn capabilities(&self) -> Capabilities {
        let all: Vec<Capabilities> = self.all().map(|provider| provider.capabilities()).collect();
        let any = |has: fn(&Capabilities) -> bool| all.iter().filter(|one| one.enabled).any(has);
        let every = |has: fn(&Capabilities) -> bool| all.iter().filter(|one| one.enabled).all(has);
        Capabilities {
            enabled: any(|_| true),
            one_time_code: any(|one| one.one_time_code),
            text: any(|one| one.text),
            // Whoever comes last must still be able to take it.
            max_text: all.iter().map(|one| one.max_text).min().unwrap_or(Capabilities::none().max_text),
            media_urls: any(|one| one.media_urls),
            media_bytes: any(|one| one.media_bytes),
            buttons: any(|one| one.buttons),
            templates: any(|one| one.templates),
            quotes: any(|one| one.quotes),
            lid_recipients: any(|one| one.lid_recipients),
            message_ids: any(|_| true) && every(|one| one.message_ids),
            receipts: any(|_| true) && every(|one| one.receipts),
        }
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let twice_is_harmless = matches!(message.content, Content::OneTimeCode(_));
        let mut first: Option<SendError> = None;
        let mut ambiguous = false;
        for provider in self.all() {
            let error = match provider.send(message).await {
                Ok(mut accepted) => {
                    accepted.via = accepted.via.or(Some(provider.name()));
                    return Ok(accepted);
                }
                Err(error) => error,
            };
            ambiguous |= error.is_ambiguous();
            let stop = !another_may(error.kind()) || (may_be_taken(&error) && !twice_is_harmless);
            if stop && first.is_none() {
                return Err(error);
            }
            let kind = error.kind().as_str();
            tracing::debug!(
                provider = provider.name(),
                kind,
                stop,
                "another provider is asked, if there is one"
            );
            first = first.or(Some(error));
            if stop {
                break;
            }
        }
        let error = first.unwrap_or_else(|| {
            SendError::new(self.name(), SendErrorKind::Unavailable, RetryAdvice::After(None))
        });
        Err(if ambiguous { error.into_ambiguous() } else { error })
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, sample_message, sample_phone};

    fn two() -> (FakeProvider, FakeProvider, Failover) {
        let (one, other) = (FakeProvider::default().named("one"), FakeProvider::default().named("other"));
        let both = Failover::new(Arc::new(one.clone())).then(Arc::new(other.clone()));
        (one, other, both)
    }

    #[tokio::test]
    async fn what_one_provider_cannot_send_another_may() {
        for kind in [
            SendErrorKind::Unauthenticated,
            SendErrorKind::DeviceOffline,
            SendErrorKind::QuotaExhausted,
            SendErrorKind::Banned,
            SendErrorKind::ReachoutLocked,
            SendErrorKind::RateLimited,
            SendErrorKind::TemplateRejected,
            SendErrorKind::Unsupported,
            SendErrorKind::Unavailable,
            SendErrorKind::Unexpected,
        ] {
            let (one, other, both) = two();
            one.then_fail(kind);
            let accepted = both.send(&sample_message()).await.unwrap();
            assert_eq!((accepted.via, one.count(), other.count()), (Some("other"), 0, 1), "{kind:?}");
            assert_eq!(both.send(&sample_message()).await.unwrap().via, Some("one"));
        }
    }

    #[tokio::test]
    async fn what_is_about_the_recipient_is_handed_on() {
        for kind in [
            SendErrorKind::InvalidRecipient,
            SendErrorKind::NotOnWhatsApp,
            SendErrorKind::OptedOut,
            SendErrorKind::Rejected,
            SendErrorKind::MediaRejected,
        ] {
            let (one, other, both) = two();
            one.then_fail(kind);
            assert_eq!(both.send(&sample_message()).await.unwrap_err().kind(), kind);
            assert_eq!(other.calls(), 0);
        }
    }

    #[tokio::test]
    async fn only_a_code_is_sent_again_after_an_ambiguous_answer() {
        let (one, other, both) = two();
        one.then_lose_answer().then_lose_answer();
        assert_eq!(both.send(&sample_message()).await.unwrap().via, Some("other"));
        let text = OutboundMessage::text_to(sample_phone(), "Halo");
        assert!(both.send(&text).await.unwrap_err().is_ambiguous());
        // An answer that cannot be read: it may have been taken, too.
        one.then_fail_with(SendErrorKind::Unavailable, RetryAdvice::Never);
        assert_eq!(both.send(&text).await.unwrap_err().provider(), "one");
        assert_eq!(other.count(), 1);
    }

    #[tokio::test]
    async fn when_all_fail_the_first_error_is_told_and_doubt_is_kept() {
        let (one, other, both) = two();
        one.then_fail(SendErrorKind::QuotaExhausted);
        other.then_fail(SendErrorKind::NotOnWhatsApp);
        let error = both.send(&sample_message()).await.unwrap_err();
        assert_eq!((error.provider(), error.kind()), ("one", SendErrorKind::QuotaExhausted));
        assert!(!error.is_ambiguous());
        one.then_lose_answer();
        other.then_fail(SendErrorKind::QuotaExhausted);
        let error = both.send(&sample_message()).await.unwrap_err();
        assert!(error.is_ambiguous() && error.provider() == "one");
        one.then_fail(SendErrorKind::QuotaExhausted);
        other.then_lose_answer();
        assert!(both.send(&sample_message()).await.unwrap_err().is_ambiguous());
    }

    #[test]
    fn it_can_what_any_of_them_can() {
        let (one, other, both) = two();
        let _ = one.with_capabilities(Capabilities::none().with_text().with_message_ids());
        let _ = other.with_capabilities(Capabilities::none().with_one_time_code().with_max_text(1_600));
        let can = both.capabilities();
        assert_eq!(can.max_text, 1_600);
        assert!(can.enabled && can.text && can.one_time_code && !can.message_ids && !can.buttons);
        let off = Failover::new(Arc::new(crate::DisabledProvider));
        assert_eq!(off.capabilities(), Capabilities::disabled());
    }
}
