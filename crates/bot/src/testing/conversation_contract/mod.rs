//! The contract of [`ConversationStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::conversation_store_contract!(async { wartel_bot::conversation::MemoryConversationStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![expect(clippy::indexing_slicing, clippy::panic, reason = "a case of a test suite fails by panicking")]

mod keeping;
mod leases;
mod reading;

use std::time::Duration;

use wartel_core::Timestamp;
use wartel_messaging::inbox::InboxEntryId;

pub use keeping::*;
pub use leases::*;
pub use reading::*;

use super::samples::{account, contact, good, tenant};
use crate::conversation::{
    BurstItem, Chat, ChatWrite, ConversationStore, LeaseChange, LeasedChat, Line, LineAuthor,
};
use crate::key::{ChatKey, Revision};

/// How long leases last here.
const LEASE: Duration = Duration::from_secs(30);

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "a_chat_comes_out_as_it_went_in",
    "an_unknown_chat_is_nothing",
    "the_revision_that_was_read_decides",
    "fifty_writers_of_a_revision_have_one_winner",
    "chat_and_lines_are_written_together_or_not_at_all",
    "a_line_stands_once",
    "chats_of_tenants_accounts_and_customers_are_apart",
    "what_was_sent_outside_of_chats_is_known",
    "a_forgotten_customer_has_no_chats",
    "what_is_not_due_is_not_leased",
    "the_longest_waiting_are_leased_first",
    "a_lease_holds_until_its_end",
    "no_chat_is_leased_twice_at_once",
    "the_fence_keeps_old_holders_out",
    "a_lapsed_lease_counts_if_nobody_took_over",
    "saving_without_a_lease_leaves_a_lease",
    "a_kept_lease_goes_on",
    "a_released_chat_is_due_at_once",
    "a_new_chat_has_no_lease",
    "the_newest_lines_are_read_oldest_first",
    "chats_are_listed_by_the_last_message",
    "paused_chats_are_listed",
    "purge_deletes_what_is_old",
    "purge_is_bounded",
];

/// Runs the contract of [`ConversationStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! conversation_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::conversation_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::conversation_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            conversation_contract $attributes $store,
            a_chat_comes_out_as_it_went_in an_unknown_chat_is_nothing the_revision_that_was_read_decides
            fifty_writers_of_a_revision_have_one_winner chat_and_lines_are_written_together_or_not_at_all
            a_line_stands_once chats_of_tenants_accounts_and_customers_are_apart
            what_was_sent_outside_of_chats_is_known a_forgotten_customer_has_no_chats
            what_is_not_due_is_not_leased the_longest_waiting_are_leased_first a_lease_holds_until_its_end
            no_chat_is_leased_twice_at_once the_fence_keeps_old_holders_out
            a_lapsed_lease_counts_if_nobody_took_over saving_without_a_lease_leaves_a_lease a_kept_lease_goes_on
            a_released_chat_is_due_at_once a_new_chat_has_no_lease the_newest_lines_are_read_oldest_first
            chats_are_listed_by_the_last_message paused_chats_are_listed purge_deletes_what_is_old purge_is_bounded
        }
    };
}

/// The chat of customer `n` with the default account.
fn key(of: &str, n: u32) -> ChatKey {
    ChatKey::new(tenant(of), account("default"), contact(n))
}

fn chat(of: &str, n: u32) -> Chat {
    Chat::new(key(of, n))
}

/// A chat in which a message waits for an answer from this instant on.
fn waiting(n: u32, due: Timestamp) -> Chat {
    let mut chat = chat("toko", n);
    chat.burst.push(BurstItem {
        entry: InboxEntryId::sequential(),
        line: 0,
        provider_id: None,
        text: "Halo".to_owned(),
        at: due,
    });
    chat.burst_due = Some(due);
    chat
}

fn line(number: u64, at: Timestamp) -> Line {
    Line::new(number, LineAuthor::Customer, format!("baris {number}"), at)
}

fn by_holder(leased: &LeasedChat, change: fn(crate::conversation::Fence) -> LeaseChange) -> ChatWrite {
    ChatWrite::new(leased.chat.clone(), leased.revision).with_lease(change(leased.fence))
}

async fn put(store: &dyn ConversationStore, chat: &Chat, now: Timestamp) -> Revision {
    super::samples::saved(store.save(&ChatWrite::new(chat.clone(), Revision::NEW), now).await)
}

async fn lease(store: &dyn ConversationStore, limit: usize, now: Timestamp) -> Vec<LeasedChat> {
    good(store.lease_due(limit, LEASE, now).await)
}

async fn lease_one(store: &dyn ConversationStore, now: Timestamp) -> LeasedChat {
    let mut leased = lease(store, 10, now).await;
    match (leased.pop(), leased.pop()) {
        (Some(one), None) => one,
        (first, _) => panic!("one due chat expected, found {}", leased.len() + usize::from(first.is_some())),
    }
}

async fn nothing_due(store: &dyn ConversationStore, now: Timestamp) {
    let leased = lease(store, 10, now).await;
    assert!(leased.is_empty(), "{} chats are leased that are not due", leased.len());
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let sources = [include_str!("keeping.rs"), include_str!("leases.rs"), include_str!("reading.rs")];
        let written: Vec<&str> =
            sources.iter().flat_map(|source| crate::testing::suite::written(source)).collect();
        assert_eq!(written, super::CASES);
    }

    mod memory {
        crate::conversation_store_contract!(async { crate::conversation::MemoryConversationStore::new() });
    }
}
