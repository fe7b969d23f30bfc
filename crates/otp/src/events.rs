//! What the engine tells whoever watches it: refusals, hot spots, verdicts of the challenge.

use std::fmt;
use std::sync::Arc;

use wartel_core::{PhoneNumber, TenantId, Timestamp};

use crate::guard::{Level, Window};
use crate::store::Refusal;

/// Which limit refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Limit {
    /// The policy sends no codes to the country.
    Country,
    /// The number is not a mobile one.
    NumberKind,
    /// The wait since the last send of the phone.
    ResendTooSoon,
    /// The sends of the phone.
    PhoneSends,
    /// A budget that others share: the client's or the tenant's.
    SharedBudget,
    /// The failed checks of the phone.
    FailedChecks,
    /// The checks of one verification.
    Checks,
    /// Too many codes were asked for and not used in this range of numbers from this network.
    Pumping,
    /// The challenge was not passed.
    Challenge,
    /// The open reverse verifications of the phone and purpose.
    OpenVerifications,
    /// A code came to us from a source that is not signed, so that it proves nothing.
    UnsignedInbound,
}

impl Limit {
    /// A stable lower-case name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Country => "country",
            Self::NumberKind => "number_kind",
            Self::ResendTooSoon => "resend_too_soon",
            Self::PhoneSends => "phone_sends",
            Self::SharedBudget => "shared_budget",
            Self::FailedChecks => "failed_checks",
            Self::Checks => "checks",
            Self::Pumping => "pumping",
            Self::Challenge => "challenge",
            Self::OpenVerifications => "open_verifications",
            Self::UnsignedInbound => "unsigned_inbound",
        }
    }
}

impl From<Refusal> for Limit {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::ResendTooSoon => Self::ResendTooSoon,
            Refusal::PhoneSends => Self::PhoneSends,
            Refusal::SharedBudget => Self::SharedBudget,
            Refusal::FailedChecks => Self::FailedChecks,
        }
    }
}

/// What came of a request that had to pass the challenge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeVerdict {
    /// The hook let it through.
    Passed,
    /// The hook did not, and the caller brought no response.
    Missing,
    /// The hook did not, although the caller brought a response.
    Failed,
    /// The hook could not answer. The request was refused.
    Unavailable,
}

impl ChallengeVerdict {
    /// A stable lower-case name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Unavailable => "unavailable",
        }
    }
}

/// What the store of tallies could not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TallyFailure {
    /// The guard decides by what it read before, or lets everything through.
    Read,
    /// The tallies wait in memory for the next try.
    Write,
}

impl TallyFailure {
    /// A stable lower-case name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }
}

/// Something that whoever runs the engine may want to know. Holds no code, no full phone number and no full address:
/// `phone` is [masked](PhoneNumber::masked).
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum OtpEvent {
    /// A request was refused.
    Refused {
        /// Whose installation.
        tenant: TenantId,
        /// The masked number.
        phone: String,
        /// Which limit.
        limit: Limit,
        /// When to try again, if that helps.
        until: Option<Timestamp>,
    },
    /// A request would have been refused, if the policy did not say to record only.
    WouldRefuse {
        /// Whose installation.
        tenant: TenantId,
        /// The masked number.
        phone: String,
        /// Which limit.
        limit: Limit,
        /// Until when.
        until: Option<Timestamp>,
    },
    /// Many codes are asked for and not used. Told once when it begins, then every ten minutes while it lasts and
    /// requests come.
    Hot {
        /// Whose installation.
        tenant: TenantId,
        /// Where.
        level: Level,
        /// What is hot: a range of numbers (its last four digits are missing) and a network, a range of numbers, or
        /// the code of a country. Empty for the whole tenant.
        subject: String,
        /// In which span.
        window: Window,
        /// How many challenges of the span expired without being verified.
        unverified: u64,
        /// How many were verified.
        verified: u64,
        /// Until when, if nothing more happens.
        until: Timestamp,
    },
    /// A request had to pass the challenge.
    Challenged {
        /// Whose installation.
        tenant: TenantId,
        /// The masked number.
        phone: String,
        /// What was hot.
        why: Level,
        /// What came of it.
        verdict: ChallengeVerdict,
    },
    /// The store of tallies fails. Told at most once a minute for each kind of failure.
    TalliesUnavailable {
        /// What it could not do.
        failure: TallyFailure,
        /// How many tallies were thrown away since the last time this was told, because too many wait.
        lost: u64,
    },
}

impl OtpEvent {
    /// A request for `phone` was refused.
    #[must_use]
    pub fn refused(
        tenant: &TenantId,
        phone: &PhoneNumber,
        limit: impl Into<Limit>,
        until: Option<Timestamp>,
    ) -> Self {
        Self::Refused { tenant: tenant.clone(), phone: phone.masked(), limit: limit.into(), until }
    }
}

/// Who is told. Called where things happen, on the way of a request: it must answer at once and not block, so it
/// counts, or puts the event into a queue.
pub trait OtpEvents: fmt::Debug + Send + Sync + 'static {
    /// Takes note of an event.
    fn record(&self, event: &OtpEvent);
}

#[deny(clippy::missing_trait_methods)]
impl<T: OtpEvents + ?Sized> OtpEvents for Arc<T> {
    fn record(&self, event: &OtpEvent) {
        (**self).record(event);
    }
}

/// Writes every event to the log: the default. Hot spots and an unanswered challenge at WARN, the rest at INFO. Of a
/// failing store of tallies the guard itself warns, whoever is told of events.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogEvents;

impl OtpEvents for LogEvents {
    fn record(&self, event: &OtpEvent) {
        match event {
            OtpEvent::Refused { tenant, phone, limit, until } => tracing::info!(
                %tenant, phone, limit = limit.as_str(), until = shown(*until), "a request was refused"
            ),
            OtpEvent::WouldRefuse { tenant, phone, limit, until } => tracing::info!(
                %tenant, phone, limit = limit.as_str(), until = shown(*until),
                "a request would have been refused; the policy records only"
            ),
            OtpEvent::Hot { tenant, level, subject, window, unverified, verified, until } => tracing::warn!(
                %tenant, level = level.as_str(), subject, window = window.as_str(), unverified, verified,
                until = until.to_rfc3339(), "many codes are asked for and not used"
            ),
            OtpEvent::Challenged { tenant, phone, why, verdict: ChallengeVerdict::Unavailable } => {
                tracing::warn!(
                    %tenant, phone, why = why.as_str(),
                    "the challenge could not be verified, a request was refused"
                );
            }
            OtpEvent::Challenged { tenant, phone, why, verdict } => tracing::info!(
                %tenant, phone, why = why.as_str(), verdict = verdict.as_str(), "a request was challenged"
            ),
            // The guard has logged it, with the cause.
            OtpEvent::TalliesUnavailable { .. } => {}
        }
    }
}

fn shown(until: Option<Timestamp>) -> Option<String> {
    until.map(Timestamp::to_rfc3339)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_is_a_limit_of_the_same_name() {
        for (refusal, name) in [
            (Refusal::ResendTooSoon, "resend_too_soon"),
            (Refusal::PhoneSends, "phone_sends"),
            (Refusal::SharedBudget, "shared_budget"),
            (Refusal::FailedChecks, "failed_checks"),
        ] {
            assert_eq!(Limit::from(refusal).as_str(), name);
        }
    }

    #[test]
    fn names_are_stable() {
        for (verdict, name) in [
            (ChallengeVerdict::Passed, "passed"),
            (ChallengeVerdict::Missing, "missing"),
            (ChallengeVerdict::Failed, "failed"),
            (ChallengeVerdict::Unavailable, "unavailable"),
        ] {
            assert_eq!(verdict.as_str(), name);
        }
        assert_eq!([TallyFailure::Read, TallyFailure::Write].map(TallyFailure::as_str), ["read", "write"]);
    }

    #[test]
    fn a_refusal_shows_no_number() {
        let phone = PhoneNumber::from_e164("+6281234567890").unwrap();
        let event = OtpEvent::refused(&TenantId::default(), &phone, Limit::Pumping, None);
        let shown = format!("{event:?}");
        assert!(shown.contains("+62812") && !shown.contains("34567"), "{shown}");
    }
}
