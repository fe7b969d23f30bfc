//! One send: derive the code, write the text, hand it over, record what came of it.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout_at};
use wartel_core::StoreErrorKind;
use wartel_messaging::{
    Accepted, Content, DeliveryState, MessageProvider, OneTimeCode, OutboundMessage, RetryAdvice, SendError,
    SendErrorKind,
};

use crate::service::{Channel, Shared};
use crate::sightings::Sight;
use crate::store::{DeliveryRecord, LeasedSend, Recorded, SendOutcome};
use crate::template::Texting;

/// All waits, retries and time-outs of one send together. Shorter than the lease, so that nobody else sends
/// the same code meanwhile.
pub(crate) const SEND_DEADLINE: Duration = Duration::from_secs(25);

/// What stands for the provider of a number that exists for tests.
const TEST_PROVIDER: &str = "test";

/// Carries out a leased send, over one channel after the other while each refuses, and records the outcomes.
///
/// # Errors
/// [`SendError`] of the last channel if none took it, or gave an answer that cannot be read; in the latter case the
/// send counts all the same. An answer that never came is [`DeliveryState::Unknown`].
pub(crate) async fn deliver(shared: &Arc<Shared>, leased: &LeasedSend) -> Result<DeliveryState, SendError> {
    let key = Sight::Key(leased.key.clone());
    if !shared.sightings.is_noted(&key, shared.clock.now()) {
        // Beside the send, which must not wait for it.
        let noting = Arc::clone(shared);
        shared.sends.spawn(async move { noting.see(key, noting.clock.now()).await });
    }
    let (mut answer, mut next) = deliver_over(shared, leased).await;
    while let Some(leased) = next {
        (answer, next) = deliver_over(shared, &leased).await;
    }
    answer
}

/// One channel.
async fn deliver_over(
    shared: &Arc<Shared>,
    leased: &LeasedSend,
) -> (Result<DeliveryState, SendError>, Option<LeasedSend>) {
    if shared.test_numbers.code_of(&leased.phone, shared.clock.now()).is_some() {
        let outcome = SendOutcome::Accepted { message_id: None };
        let next = record(shared, leased, TEST_PROVIDER, outcome).await;
        return (Ok(DeliveryState::Accepted), next);
    }
    let until = Instant::now() + SEND_DEADLINE;
    let finding = timeout_at(until, shared.channel(&leased.tenant, leased.channel)).await;
    // Nothing has been handed over yet.
    let late = |_| Err(SendError::new("account", SendErrorKind::Unavailable, RetryAdvice::After(None)));
    let (result, name) = match finding.unwrap_or_else(late) {
        Ok(channel) => send_over(shared, leased, channel.as_ref(), until).await,
        Err(error) => (Err(error), "none".to_owned()),
    };
    let (outcome, answer) = match result {
        Ok(accepted) => {
            (SendOutcome::Accepted { message_id: accepted.message_id }, Ok(DeliveryState::Accepted))
        }
        Err(error) if error.is_ambiguous() => (SendOutcome::Unknown, Ok(DeliveryState::Unknown)),
        // An answer that says neither yes nor no: an error to the caller, and all the same no certain refusal.
        Err(error) if is_unreadable(&error) => (SendOutcome::Unknown, Err(error)),
        Err(error) => (SendOutcome::Refused, Err(error)),
    };
    match &answer {
        Ok(state) => tracing::debug!(
            tenant = %leased.tenant, purpose = leased.purpose.as_str(), to = %leased.phone.masked(),
            provider = name.as_str(), delivery = state.as_str(), "one-time code handed over"
        ),
        Err(error) => tracing::warn!(
            tenant = %leased.tenant, purpose = leased.purpose.as_str(), to = %leased.phone.masked(),
            provider = name.as_str(), error = %error, kind = error.kind().as_str(), "one-time code not sent"
        ),
    }
    let next = record(shared, leased, &name, outcome).await;
    (answer, next)
}

/// Hands the code over to a channel. Answers also by what name its receipts come.
async fn send_over(
    shared: &Shared,
    leased: &LeasedSend,
    channel: Option<&Channel>,
    until: Instant,
) -> (Result<Accepted, SendError>, String) {
    let name = channel.map_or("none", |channel| channel.provider.name());
    let result = match (compose(shared, leased), channel) {
        (Some(message), Some(channel)) => hand_over(channel.provider.as_ref(), &message, until).await,
        // The key was dropped, the template fails, or the policy has fewer channels now: nobody can send this.
        _ => Err(SendError::new(name, SendErrorKind::Unsupported, RetryAdvice::Never)),
    };
    let via = result.as_ref().ok().and_then(|accepted| accepted.via);
    let name = channel.map_or_else(|| name.to_owned(), |channel| channel.name(via));
    (result, name)
}

/// What adapters say of an answer that they cannot read. Sending again might send twice.
pub(crate) fn is_unreadable(error: &SendError) -> bool {
    error.kind() == SendErrorKind::Unavailable && error.advice() == RetryAdvice::Never
}

fn compose(shared: &Shared, leased: &LeasedSend) -> Option<OutboundMessage> {
    let length = shared.policy.length;
    let code = shared.keys.derive(
        &leased.key,
        &leased.tenant,
        &leased.purpose,
        &leased.phone,
        &leased.nonce,
        length,
    );
    let code = code?.expose();
    let valid_for = leased.expires_at.since(shared.clock.now());
    let texting = Texting {
        locale: leased.locale,
        greeting: leased.greeting.as_deref(),
        app: &shared.app_name,
        purpose: &leased.purpose,
        code: &code,
        valid_for,
        variables: &leased.variables,
    };
    let text = match shared.templates.render(&texting) {
        Ok(text) => text,
        Err(error) => {
            tracing::error!(error = %error, "the text of a one-time code cannot be written");
            return None;
        }
    };
    let content = Content::OneTimeCode(OneTimeCode::new(code, text, leased.locale, valid_for));
    Some(OutboundMessage::new(leased.phone.clone(), content))
}

async fn hand_over(
    provider: &dyn MessageProvider,
    message: &OutboundMessage,
    until: Instant,
) -> Result<Accepted, SendError> {
    let sent = timeout_at(until, provider.send(message)).await;
    // Cut off in the middle: nobody knows how far the provider came.
    sent.unwrap_or_else(|_| {
        Err(SendError::new(provider.name(), SendErrorKind::Unavailable, RetryAdvice::Ambiguous))
    })
}

/// Records the outcome, patiently: a send that was accepted and not recorded is made again when its lease ends.
/// Answers the send over the next channel, if there is one.
async fn record(
    shared: &Shared,
    leased: &LeasedSend,
    provider: &str,
    outcome: SendOutcome,
) -> Option<LeasedSend> {
    let record = DeliveryRecord::new(leased, provider, outcome, shared.rules.clone());
    for wait in [Duration::from_millis(100), Duration::from_millis(400), Duration::from_secs(1)] {
        match shared.store.record_delivery(record.clone(), shared.clock.now()).await {
            Ok(recorded) => {
                shared.changes.notify_waiters();
                return match recorded {
                    Recorded::Next(next) => Some(next),
                    Recorded::Done => None,
                    Recorded::Stale => {
                        tracing::warn!("the outcome of a send came after its lease had ended");
                        None
                    }
                };
            }
            Err(error) if matches!(error.kind(), StoreErrorKind::Corrupt | StoreErrorKind::Schema) => {
                tracing::error!(error = %error, "the outcome of a send cannot be recorded");
                return None;
            }
            Err(error) => tracing::warn!(error = %error, "the outcome of a send is not recorded yet"),
        }
        tokio::time::sleep(wait).await;
    }
    tracing::error!("the outcome of a send was not recorded; the code is sent again when its lease ends");
    None
}
