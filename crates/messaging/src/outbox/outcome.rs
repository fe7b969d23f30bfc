//! What the result of a send means for its entry.

use std::time::Duration;

use wartel_core::Timestamp;

use super::{LeasedEntry, OutboxOutcome};
use crate::{Accepted, RetryAdvice, SendError, SendErrorKind};

/// The wait after the first certain refusal; it doubles with each.
const FIRST_WAIT: Duration = Duration::from_secs(5);

/// The longest wait between tries, unless the provider asks for more.
const LONGEST_WAIT: Duration = Duration::from_secs(10 * 60);

/// Decides what is recorded.
pub(super) fn decide(
    result: Result<&Accepted, &SendError>,
    leased: &LeasedEntry,
    now: Timestamp,
) -> OutboxOutcome {
    let error = match result {
        Ok(accepted) => return OutboxOutcome::Accepted { message_id: accepted.message_id.clone() },
        Err(error) => error,
    };
    let asked = match (error.advice(), error.kind()) {
        (RetryAdvice::Ambiguous, _) => return OutboxOutcome::Unknown,
        (RetryAdvice::After(asked), _) => asked,
        // An answer that cannot be read: the message may have been taken.
        (RetryAdvice::Never, SendErrorKind::Unavailable) => return OutboxOutcome::Unknown,
        // The operator can mend these while the message waits.
        (
            RetryAdvice::Never,
            SendErrorKind::Unauthenticated
            | SendErrorKind::DeviceOffline
            | SendErrorKind::QuotaExhausted
            | SendErrorKind::Disabled
            | SendErrorKind::RateLimited,
        ) => None,
        (RetryAdvice::Never, _) => return OutboxOutcome::Abandoned,
    };
    let at = now + wait(leased.refusals).max(asked.unwrap_or_default());
    if at < leased.entry.expires_at { OutboxOutcome::RetryAt(at) } else { OutboxOutcome::Abandoned }
}

fn wait(refusals: u32) -> Duration {
    FIRST_WAIT.saturating_mul(2_u32.saturating_pow(refusals)).min(LONGEST_WAIT)
}

pub(super) const fn outcome_word(outcome: &OutboxOutcome) -> &'static str {
    match outcome {
        OutboxOutcome::Accepted { .. } => "accepted",
        OutboxOutcome::RetryAt(_) => "retry_at",
        OutboxOutcome::Unknown => "unknown",
        OutboxOutcome::Abandoned => "abandoned",
    }
}

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests {
    use wartel_core::TenantId;

    use super::*;
    use crate::outbox::{OutboxEntry, OutboxEntryId};
    use crate::testing::sample_phone;

    const NOW: Timestamp = Timestamp::from_micros(1_800_000_000_000_000);

    fn leased(refusals: u32) -> LeasedEntry {
        let expires = NOW + Duration::from_secs(3_600);
        let entry =
            OutboxEntry::text(OutboxEntryId::random(), TenantId::default(), sample_phone(), "Halo", expires);
        LeasedEntry::new(entry, 1, refusals)
    }

    fn after(error: (SendErrorKind, RetryAdvice), refusals: u32) -> OutboxOutcome {
        decide(Err(&SendError::new("fake", error.0, error.1)), &leased(refusals), NOW)
    }

    #[test]
    fn each_error_has_its_outcome() {
        use RetryAdvice::{After, Ambiguous, Never};
        use SendErrorKind as Kind;
        let again = OutboxOutcome::RetryAt(NOW + FIRST_WAIT);
        for (kind, advice, expected) in [
            (Kind::Unavailable, Ambiguous, OutboxOutcome::Unknown),
            (Kind::Unavailable, Never, OutboxOutcome::Unknown),
            (Kind::Unavailable, After(None), again.clone()),
            (Kind::RateLimited, After(None), again.clone()),
            (Kind::RateLimited, Never, again.clone()),
            (Kind::Unauthenticated, Never, again.clone()),
            (Kind::DeviceOffline, Never, again.clone()),
            (Kind::QuotaExhausted, Never, again.clone()),
            (Kind::Disabled, Never, again.clone()),
            (Kind::Rejected, After(None), again),
            (Kind::InvalidRecipient, Never, OutboxOutcome::Abandoned),
            (Kind::NotOnWhatsApp, Never, OutboxOutcome::Abandoned),
            (Kind::Rejected, Never, OutboxOutcome::Abandoned),
            (Kind::Unsupported, Never, OutboxOutcome::Abandoned),
            (Kind::TemplateRejected, Never, OutboxOutcome::Abandoned),
            (Kind::Unexpected, Never, OutboxOutcome::Abandoned),
        ] {
            assert_eq!(after((kind, advice), 0), expected, "{kind:?} {advice:?}");
        }
        let accepted = Accepted::new().with_message_id("m1");
        let OutboxOutcome::Accepted { message_id } = decide(Ok(&accepted), &leased(0), NOW) else {
            panic!("accepted")
        };
        assert_eq!(message_id.unwrap().as_str(), "m1");
    }

    #[test]
    fn waits_grow_to_ten_minutes_and_never_fall_below_what_was_asked() {
        let seconds: Vec<u64> = (0..9).map(|refusals| wait(refusals).as_secs()).collect();
        assert_eq!(seconds, [5, 10, 20, 40, 80, 160, 320, 600, 600]);
        assert_eq!(wait(u32::MAX), LONGEST_WAIT);
        let asked = Duration::from_secs(900);
        let limited = (SendErrorKind::RateLimited, RetryAdvice::After(Some(asked)));
        assert_eq!(after(limited, 0), OutboxOutcome::RetryAt(NOW + asked));
    }

    #[test]
    fn a_message_that_would_come_too_late_is_given_up() {
        let late = (SendErrorKind::RateLimited, RetryAdvice::After(Some(Duration::from_secs(3_600))));
        assert_eq!(after(late, 0), OutboxOutcome::Abandoned);
    }
}
