//! Who may hand out what, and until when.

use std::collections::HashSet;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;
use crate::inbox::{InboxEntryId, InboxState, MAX_LAPSES};

async fn state(inbox: &dyn Inbox, id: InboxEntryId) -> Option<InboxState> {
    good(inbox.state(id).await)
}

/// Records a message of a contact of its own.
async fn put(inbox: &dyn Inbox, n: u32, now: Timestamp) {
    record_new(inbox, message(by_phone(n), &format!("m{n}")), now).await;
}

fn ids(leased: &[LeasedInboxEntry]) -> Vec<&str> {
    leased.iter().map(|leased| text(&leased.entry)).collect()
}

/// Nobody knows an id that was never given, and nothing can be settled for it.
pub async fn an_unknown_entry_is_nothing(inbox: impl Inbox) {
    let id = InboxEntryId::random();
    assert_eq!(state(&inbox, id).await, None);
    assert!(!good(inbox.settle(id, 1, &InboxOutcome::Done, T0).await));
    nothing_due(&inbox, T0).await;
}

/// The longest waiting come first, and no more than were asked for.
pub async fn the_longest_waiting_come_first(inbox: impl Inbox) {
    put(&inbox, 3, T0 + 2 * SECOND).await;
    put(&inbox, 1, T0).await;
    put(&inbox, 2, T0 + SECOND).await;
    assert_eq!(ids(&lease(&inbox, 2, T0 + HOUR).await), ["m1", "m2"]);
    assert_eq!(ids(&lease(&inbox, 2, T0 + HOUR).await), ["m3"]);
    nothing_due(&inbox, T0 + HOUR).await;
}

/// Nothing is leased when nothing is asked for.
pub async fn no_more_than_the_limit_is_leased(inbox: impl Inbox) {
    for n in 0..5 {
        put(&inbox, n, T0).await;
    }
    assert_eq!(lease(&inbox, 0, T0).await.len(), 0);
    assert_eq!(lease(&inbox, 3, T0).await.len(), 3);
    assert_eq!(lease(&inbox, 3, T0).await.len(), 2);
}

/// Whoever takes receipts only gets receipts only.
pub async fn only_the_kinds_asked_for_are_leased(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    record_new(&inbox, receipt("x", DeliveryState::Sent), T0).await;
    let asked = |kinds: &'static [InboxKind]| {
        let inbox = &inbox;
        async move { good(inbox.lease(kinds, 10, LEASE, T0).await) }
    };
    assert_eq!(asked(&[]).await.len(), 0);
    assert_eq!(asked(&[InboxKind::Device, InboxKind::Echo]).await.len(), 0);
    let receipts = asked(&[InboxKind::Receipt, InboxKind::Device]).await;
    assert_eq!(receipts.iter().map(|leased| leased.entry.kind()).collect::<Vec<_>>(), [InboxKind::Receipt]);
    assert_eq!(ids(&asked(&[InboxKind::Message]).await), ["m1"]);
}

/// A leased entry is nobody else's until the lease ends, to the microsecond.
pub async fn a_lease_holds_until_its_end(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let first = lease_one(&inbox, T0).await;
    assert_eq!(state(&inbox, first.entry.id).await, Some(InboxState::Processing));
    nothing_due(&inbox, T0 + LEASE - MICRO).await;
    let second = lease_one(&inbox, T0 + LEASE).await;
    assert!(second.fence > first.fence, "the fence does not grow");
}

/// What a dead holder had is handed out again, unchanged.
pub async fn what_a_crash_left_is_handed_out_again(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let lost = lease_one(&inbox, T0).await;
    let found = lease_one(&inbox, T0 + LEASE).await;
    assert_eq!(found.entry, lost.entry);
    done(&inbox, &found, T0 + LEASE).await;
    nothing_due(&inbox, T0 + HOUR).await;
}

/// An entry whose holders all died is given up, and takes no place of others.
pub async fn lapsed_too_often_is_dead(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let mut now = T0;
    let mut id = None;
    for _ in 0..MAX_LAPSES {
        id = Some(lease_one(&inbox, now).await.entry.id);
        now = now + LEASE;
    }
    put(&inbox, 2, now).await;
    let mut found = Vec::new();
    for _ in 0..2 {
        found.extend(lease(&inbox, 1, now).await);
    }
    assert_eq!(ids(&found), ["m2"]);
    assert_eq!(state(&inbox, there(id, "an entry")).await, Some(InboxState::Dead));
}

/// Done and dead are the end: nothing is leased or settled afterwards.
pub async fn what_is_settled_stays_settled(inbox: impl Inbox) {
    for (n, outcome, expected) in
        [(1, InboxOutcome::Done, InboxState::Done), (2, InboxOutcome::Dead, InboxState::Dead)]
    {
        put(&inbox, n, T0).await;
        let leased = lease_one(&inbox, T0).await;
        assert!(settle(&inbox, &leased, outcome, T0).await);
        let again = InboxOutcome::Retry { at: T0, taken: Vec::new() };
        for later in [again, InboxOutcome::Release, InboxOutcome::Done, InboxOutcome::Dead] {
            assert!(!settle(&inbox, &leased, later, T0).await);
        }
        assert_eq!(state(&inbox, leased.entry.id).await, Some(expected));
        nothing_due(&inbox, T0 + HOUR).await;
    }
}

/// Only the newest holder of a lease settles; an older one changes nothing.
pub async fn the_fence_keeps_old_holders_out(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let old = lease_one(&inbox, T0).await;
    let new = lease_one(&inbox, T0 + LEASE).await;
    for outcome in [InboxOutcome::Done, InboxOutcome::Dead, InboxOutcome::Release] {
        assert!(!settle(&inbox, &old, outcome, T0 + LEASE).await);
    }
    assert_eq!(state(&inbox, new.entry.id).await, Some(InboxState::Processing));
    done(&inbox, &new, T0 + LEASE).await;
}

/// An entry that nobody holds takes no outcome, and neither does one that waits for its next try.
pub async fn only_a_leased_entry_is_settled(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let leased = lease_one(&inbox, T0).await;
    let later = InboxOutcome::Retry { at: T0 + HOUR, taken: Vec::new() };
    assert!(settle(&inbox, &leased, later, T0).await);
    assert!(!settle(&inbox, &leased, InboxOutcome::Done, T0).await);
    assert_eq!(state(&inbox, leased.entry.id).await, Some(InboxState::Queued));
}

/// A late outcome counts as long as nobody else took the entry over.
pub async fn a_late_outcome_counts_if_nobody_took_over(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let leased = lease_one(&inbox, T0).await;
    done(&inbox, &leased, T0 + LEASE + SECOND).await;
    nothing_due(&inbox, T0 + HOUR).await;
}

/// A postponed entry is due again at its instant, counts its tries and remembers who took it.
pub async fn a_postponed_entry_comes_back_in_time(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    let mut now = T0;
    let mut taken: Vec<String> = Vec::new();
    // More often than leases may lapse: these did not.
    for refusals in 0..MAX_LAPSES + 2 {
        let leased = lease_one(&inbox, now).await;
        assert_eq!((leased.refusals, &leased.taken), (refusals, &taken));
        taken.push(format!("consumer-{refusals}"));
        let again = now + 10 * SECOND;
        let outcome = InboxOutcome::Retry { at: again, taken: taken.clone() };
        assert!(settle(&inbox, &leased, outcome, now + SECOND).await);
        nothing_due(&inbox, again - MICRO).await;
        now = again;
    }
}

/// A released entry is due at once, and it counts as if it had never been leased, however often.
pub async fn a_released_entry_is_due_at_once(inbox: impl Inbox) {
    put(&inbox, 1, T0).await;
    for _ in 0..2 * MAX_LAPSES {
        let leased = lease_one(&inbox, T0).await;
        assert_eq!(leased.refusals, 0);
        assert!(settle(&inbox, &leased, InboxOutcome::Release, T0).await);
    }
    done(&inbox, &lease_one(&inbox, T0).await, T0).await;
}

/// Dispatchers that lease at the same time never get the same entry.
pub async fn no_entry_is_leased_twice_at_once(inbox: impl Inbox) {
    const ENTRIES: u32 = 100;
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    for n in 0..ENTRIES {
        put(&inbox, n, T0).await;
    }
    let mut dispatchers = JoinSet::new();
    for _ in 0..8 {
        let inbox = Arc::clone(&inbox);
        dispatchers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let leased = lease(&inbox, 7, T0).await;
                if leased.is_empty() {
                    return mine;
                }
                mine.extend(leased.into_iter().map(|leased| leased.entry.id));
            }
        });
    }
    let mut all: Vec<InboxEntryId> = dispatchers.join_all().await.into_iter().flatten().collect();
    // One that skips what others look at may leave something behind.
    all.extend(lease(&inbox, 200, T0).await.into_iter().map(|leased| leased.entry.id));
    assert_eq!(all.len(), 100);
    assert_eq!(all.into_iter().collect::<HashSet<_>>().len(), 100);
}

/// Outcomes recorded many times at once settle an entry once.
pub async fn settling_together_settles_once(inbox: impl Inbox) {
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    put(&inbox, 1, T0).await;
    let leased = lease_one(&inbox, T0).await;
    let mut settlers = JoinSet::new();
    for _ in 0..20 {
        let (inbox, leased) = (Arc::clone(&inbox), leased.clone());
        settlers.spawn(async move { settle(&inbox, &leased, InboxOutcome::Done, T0).await });
    }
    assert_eq!(settlers.join_all().await.into_iter().filter(|done| *done).count(), 1);
}
