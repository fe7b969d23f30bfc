//! Who may work on a chat.

use std::collections::HashSet;
use std::sync::Arc;

use super::super::samples::{HOUR, MICRO, SECOND, T0, contact, good, refused, saved, there, together};
use super::{LEASE, by_holder, chat, key, lease, lease_one, line, nothing_due, put, waiting};
use crate::conversation::{ChatWrite, ConversationStore, Fence, LeaseChange};
use crate::key::{ChatKey, Revision};

/// From its instant on, and not once nothing waits any more.
pub async fn what_is_not_due_is_not_leased(store: impl ConversationStore) {
    put(&store, &chat("toko", 2), T0).await;
    let chat = waiting(1, T0 + SECOND);
    let revision = put(&store, &chat, T0).await;
    nothing_due(&store, T0 + SECOND - MICRO).await;
    let leased = lease_one(&store, T0 + SECOND).await;
    assert_eq!((&leased.chat, leased.revision), (&chat, revision));
    let mut answered = leased.chat.clone();
    answered.burst.clear();
    answered.burst_due = None;
    let write = ChatWrite::new(answered, revision).with_lease(LeaseChange::Release(leased.fence));
    saved(store.save(&write, T0 + SECOND).await);
    nothing_due(&store, T0 + HOUR).await;
}

/// Across all tenants, at most so many.
pub async fn the_longest_waiting_are_leased_first(store: impl ConversationStore) {
    for (n, after) in [(1, 3), (2, 1), (3, 4), (4, 2)] {
        let mut chat = waiting(n, T0 + after * SECOND);
        chat.key.tenant = super::tenant(&format!("toko-{n}"));
        put(&store, &chat, T0).await;
    }
    for expected in [vec![2, 4, 1], vec![3], vec![]] {
        let leased = lease(&store, 3, T0 + HOUR).await;
        let leased: Vec<_> = leased.iter().map(|leased| leased.chat.key.contact).collect();
        assert_eq!(leased, expected.into_iter().map(contact).collect::<Vec<_>>());
    }
}

/// Then somebody else may take over.
pub async fn a_lease_holds_until_its_end(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let first = lease_one(&store, T0).await;
    nothing_due(&store, T0).await;
    nothing_due(&store, T0 + LEASE - MICRO).await;
    let second = lease_one(&store, T0 + LEASE).await;
    assert!(second.fence > first.fence);
    assert_eq!(second.revision, first.revision);
}

/// However many workers look at once.
pub async fn no_chat_is_leased_twice_at_once(store: impl ConversationStore) {
    let store: Arc<dyn ConversationStore> = Arc::new(store);
    for n in 0..20 {
        put(store.as_ref(), &waiting(n, T0), T0).await;
    }
    let mut leased: Vec<ChatKey> = Vec::new();
    // A worker that finds what another one looks at just now passes it by, so there may be something left.
    for _ in 0..20 {
        let workers = (0..10).map(|_| {
            let store = store.clone();
            async move { lease(store.as_ref(), 5, T0).await }
        });
        leased.extend(together(workers).await.into_iter().flatten().map(|leased| leased.chat.key));
        if leased.len() >= 20 {
            break;
        }
    }
    assert_eq!(leased.len(), 20);
    assert_eq!(leased.iter().collect::<HashSet<_>>().len(), 20);
}

/// Who lost the lease writes nothing, and gives back nothing.
pub async fn the_fence_keeps_old_holders_out(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let old = lease_one(&store, T0).await;
    let new = lease_one(&store, T0 + LEASE).await;
    for change in [LeaseChange::Keep, LeaseChange::Release] {
        let write = by_holder(&old, change).with_lines(vec![line(0, T0)]);
        refused(store.save(&write, T0 + LEASE).await);
    }
    good(store.release(&new.chat.key, old.fence).await);
    nothing_due(&store, T0 + LEASE).await;
    assert_eq!(good(store.lines(&new.chat.key, 0, 10).await), []);
    saved(store.save(&by_holder(&new, LeaseChange::Release), T0 + LEASE).await);
}

/// A worker that was slow, and alone, has not worked in vain.
pub async fn a_lapsed_lease_counts_if_nobody_took_over(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let leased = lease_one(&store, T0).await;
    let now = T0 + LEASE + HOUR;
    let revision = saved(store.save(&by_holder(&leased, LeaseChange::Keep), now).await);
    let write = ChatWrite::new(leased.chat.clone(), revision).with_lease(LeaseChange::Release(leased.fence));
    saved(store.save(&write, now).await);
}

/// The consumer that takes a message down breaks no lease, and the worker sees that something came.
pub async fn saving_without_a_lease_leaves_a_lease(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let leased = lease_one(&store, T0).await;
    let now = T0 + SECOND;
    let mut heard = leased.chat.clone();
    heard.next_line = 1;
    let write = ChatWrite::new(heard.clone(), leased.revision).with_lines(vec![line(0, T0)]);
    let revision = saved(store.save(&write, now).await);
    nothing_due(&store, now).await;
    refused(store.save(&by_holder(&leased, LeaseChange::Keep), now).await);
    let write = ChatWrite::new(heard, revision).with_lease(LeaseChange::Keep(leased.fence));
    saved(store.save(&write, now).await);
    nothing_due(&store, now).await;
}

/// It ends when it would have ended.
pub async fn a_kept_lease_goes_on(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let leased = lease_one(&store, T0).await;
    saved(store.save(&by_holder(&leased, LeaseChange::Keep), T0 + SECOND).await);
    nothing_due(&store, T0 + LEASE - MICRO).await;
    let next = lease_one(&store, T0 + LEASE).await;
    assert!(next.fence > leased.fence);
}

/// With what was written, or without writing.
pub async fn a_released_chat_is_due_at_once(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let first = lease_one(&store, T0).await;
    let revision = saved(store.save(&by_holder(&first, LeaseChange::Release), T0).await);
    let second = lease_one(&store, T0).await;
    assert_eq!(second.revision, revision);
    good(store.release(&second.chat.key, second.fence).await);
    let third = lease_one(&store, T0).await;
    assert_eq!(third.revision, revision);
    assert!(first.fence < second.fence && second.fence < third.fence);
}

/// Who names one for a chat that is gone writes nothing.
pub async fn a_new_chat_has_no_lease(store: impl ConversationStore) {
    put(&store, &waiting(1, T0), T0).await;
    let leased = lease_one(&store, T0).await;
    assert_eq!(good(store.forget(&leased.chat.key.tenant, leased.chat.key.contact).await), 1);
    for change in [LeaseChange::Keep(leased.fence), LeaseChange::Release(leased.fence)] {
        for read in [leased.revision, Revision::NEW] {
            let write = ChatWrite::new(leased.chat.clone(), read).with_lease(change);
            refused(store.save(&write, T0).await);
        }
    }
    put(&store, &waiting(1, T0), T0).await;
    refused(store.save(&by_holder(&leased, LeaseChange::Keep), T0).await);
    good(store.release(&key("toko", 1), Fence(leased.fence.0)).await);
    // The new chat's own lease is another one, although it is the first one, too.
    there(lease(&store, 1, T0 + SECOND).await.pop(), "the new chat");
    refused(store.save(&by_holder(&leased, LeaseChange::Keep), T0 + SECOND).await);
}
