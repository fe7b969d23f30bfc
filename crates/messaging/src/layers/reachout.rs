//! Starting no new chats while WhatsApp forbids it.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};

/// How long new chats are held back if the provider does not say until when it forbids them.
const UNTIL_ASKED_AGAIN: Duration = Duration::from_secs(60 * 60);

/// After WhatsApp has forbidden the account to start chats (error 463, the "reach-out timelock"), refuses messages that
/// are no answers until that is over, without asking the provider: each further try may prolong it. Answers go on.
///
/// # Behavior
/// - It begins with an error of the kind [`SendErrorKind::ReachoutLocked`] and lasts as long as that error's
///   [`RetryAdvice::After`] says, or an hour.
/// - A message is an answer if [`OutboundMessage::reply`] says so.
/// - What is refused here has the same kind, the rest of the time as advice, and the code `paused`.
/// - It is remembered in this process only: after a restart the provider says it again.
#[derive(Debug)]
pub struct WithReachoutPause<P> {
    inner: P,
    until: Mutex<Option<Instant>>,
}

impl<P> WithReachoutPause<P> {
    /// Wraps a provider.
    #[must_use]
    pub const fn new(inner: P) -> Self {
        Self { inner, until: Mutex::new(None) }
    }

    fn left(&self) -> Option<Duration> {
        let until = *self.until.lock().unwrap_or_else(PoisonError::into_inner);
        until.map(|until| until.saturating_duration_since(Instant::now())).filter(|left| !left.is_zero())
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<P: MessageProvider> MessageProvider for WithReachoutPause<P> {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        if !message.reply
            && let Some(left) = self.left()
        {
            let advice = RetryAdvice::After(Some(left));
            let error = SendError::new(self.name(), SendErrorKind::ReachoutLocked, advice);
            return Err(error.with_provider_code("paused"));
        }
        let result = self.inner.send(message).await;
        if let Err(error) = &result
            && error.kind() == SendErrorKind::ReachoutLocked
        {
            let pause = match error.advice() {
                RetryAdvice::After(Some(pause)) => pause,
                _ => UNTIL_ASKED_AGAIN,
            };
            let until = Instant::now().checked_add(pause);
            *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
            let seconds = pause.as_secs();
            tracing::warn!(provider = self.name(), seconds, "no new chats for now; answers still go out");
        }
        result
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use super::*;
    use crate::testing::{FakeProvider, sample_message};

    #[tokio::test(start_paused = true)]
    async fn new_chats_pause_and_answers_go_on() {
        for (advice, seconds) in [
            (RetryAdvice::After(Some(Duration::from_secs(7_200))), 7_200),
            (RetryAdvice::Never, 3_600),
            (RetryAdvice::After(None), 3_600),
        ] {
            let fake = FakeProvider::default().then_fail_with(SendErrorKind::ReachoutLocked, advice);
            let provider = WithReachoutPause::new(fake.clone());
            assert_eq!(provider.send(&sample_message()).await.unwrap_err().provider_code(), None);
            let error = provider.send(&sample_message()).await.unwrap_err();
            assert_eq!(error.kind(), SendErrorKind::ReachoutLocked);
            assert_eq!(error.advice(), RetryAdvice::After(Some(Duration::from_secs(seconds))));
            assert!(provider.send(&sample_message().as_reply()).await.is_ok());
            assert_eq!(fake.calls(), 2);
            tokio::time::advance(Duration::from_secs(seconds - 1)).await;
            assert!(provider.send(&sample_message()).await.is_err());
            tokio::time::advance(Duration::from_secs(1)).await;
            assert!(provider.send(&sample_message()).await.is_ok());
        }
    }

    #[tokio::test(start_paused = true)]
    async fn other_errors_pause_nothing() {
        let fake = FakeProvider::default().then_fail(SendErrorKind::Banned);
        let provider = WithReachoutPause::new(fake.clone());
        assert!(provider.send(&sample_message()).await.is_err());
        assert!(provider.send(&sample_message()).await.is_ok());
    }
}
