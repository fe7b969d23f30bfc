//! The list of ends: a sorted set that says when which phone has to be looked at.
//!
//! While something is under way to a phone its place is the instant at which the worker has to look at it. Otherwise
//! it is when something of it can be deleted, and such places come after all others. One place instead of two, because
//! what is under way is nearly always over before anything can be deleted. Where it is not, the phone is listed twice.

use std::ops::RangeInclusive;

use wartel_core::Timestamp;
use wartel_otp::ledger::PhoneLedger;

use super::{Owner, keys};

/// Where the places of what can be deleted begin, in microseconds: half of what the server's numbers hold exactly.
/// Earlier instants are those until the year 2112; later ones count as that.
const DELETABLE: i64 = 1 << 52;

/// What the name of a second place begins with; a tenant's name does not.
const SECOND: &str = "+";

/// The place of a phone.
pub(super) fn place(ledger: &PhoneLedger) -> i64 {
    match ledger.due_at() {
        Some(due_at) => within(due_at),
        None => DELETABLE + within(ledger.purge_at()),
    }
}

/// The second place of a phone: something of it can be deleted before the worker has to look at it.
pub(super) fn second_place(ledger: &PhoneLedger) -> Option<i64> {
    let purge_at = ledger.purge_at();
    ledger.due_at().filter(|due_at| purge_at < *due_at).map(|_| DELETABLE + within(purge_at))
}

/// The name under which a phone has its second place.
pub(super) fn second(member: &str) -> String {
    format!("{SECOND}{member}")
}

/// The phone of a member; `None` if it is unreadable.
pub(super) fn owner(member: &[u8]) -> Option<Owner> {
    keys::owner(member.strip_prefix(SECOND.as_bytes()).unwrap_or(member))
}

/// The places of phones at which the worker has to look by `now`.
pub(super) fn due(now: Timestamp) -> RangeInclusive<i64> {
    i64::MIN..=within(now)
}

/// The places of phones of which something can be deleted by `now`.
pub(super) fn deletable(now: Timestamp) -> RangeInclusive<i64> {
    DELETABLE..=DELETABLE + within(now)
}

fn within(at: Timestamp) -> i64 {
    at.as_micros().clamp(0, DELETABLE - 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_apart_and_exact() {
        let now = Timestamp::from_micros(1_767_225_600_000_000);
        let later = Timestamp::from_micros(1_767_225_600_000_001);
        assert_eq!(due(now), i64::MIN..=now.as_micros());
        assert_eq!(due(Timestamp::MAX), i64::MIN..=DELETABLE - 1);
        assert!(deletable(now).contains(&DELETABLE), "what has no end can go at once");
        for range in [due(Timestamp::MAX), deletable(now)] {
            assert!(!range.contains(&(DELETABLE + later.as_micros())));
        }
        // The largest one is a whole number for the server.
        let last = *deletable(Timestamp::MAX).end();
        assert!(last < 1 << 53 && last as f64 as i64 == last);
        assert_eq!(place(&PhoneLedger::default()), DELETABLE);
        assert_eq!(second_place(&PhoneLedger::default()), None);
    }

    #[test]
    fn both_names_lead_to_the_phone() {
        let member = "default/+6281234567890";
        let phone = keys::owner(member.as_bytes());
        assert!(phone.is_some());
        assert_eq!(owner(member.as_bytes()), phone);
        assert_eq!(owner(second(member).as_bytes()), phone);
        assert_eq!(owner(b"+"), None);
    }
}
