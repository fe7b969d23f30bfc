//! The contract of [`Inbox`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_messaging::inbox_contract!(async { wartel_messaging::inbox::MemoryInbox::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a case of a test suite fails by panicking"
)]

mod contacts;
mod forgetting;
mod leases;
mod log;
mod order;
mod recording;
mod waiting;

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use wartel_core::{AccountId, Jid, StoreError, TenantId, Timestamp};

pub use contacts::*;
pub use forgetting::*;
pub use leases::*;
pub use log::*;
pub use order::*;
pub use recording::*;
pub use waiting::*;

use super::phone;
use crate::inbox::{
    Contact, Delivery, Inbox, InboxEntry, InboxEvent, InboxKind, InboxOutcome, LEASE, LeasedInboxEntry,
    Recorded,
};
use crate::{
    Authenticity, ContactAddress, DeliveryReceipt, DeliveryState, InboundContent, InboundEvent,
    InboundMessage, ProviderMessageId, ReceiptKey,
};

/// 2026-01-01T00:00:00Z.
const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const SECOND: Duration = Duration::from_secs(1);
const MICRO: Duration = Duration::from_micros(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

fn there<T>(found: Option<T>, what: &str) -> T {
    found.unwrap_or_else(|| panic!("missing: {what}"))
}

fn jid(text: &str) -> Jid {
    Jid::parse(text).unwrap_or_else(|error| panic!("a test uses an address that is none: {error}"))
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap_or_default()
}

fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap_or_default()
}

/// The contact with number `n`.
fn by_phone(n: u32) -> ContactAddress {
    phone(&format!("+62812{n:07}")).into()
}

/// The contact with LID `n`.
fn by_lid(n: u32) -> ContactAddress {
    there(ContactAddress::new(None, Some(lid(n))), "an address")
}

fn lid(n: u32) -> Jid {
    jid(&format!("1{n:014}@lid"))
}

/// The contact with number and LID `n`.
fn by_both(n: u32) -> ContactAddress {
    ContactAddress { lid: Some(lid(n)), ..by_phone(n) }
}

/// A message with an id, which is its text as well.
fn message(contact: ContactAddress, id: &str) -> InboundEvent {
    InboundEvent::Message(InboundMessage::new(contact, InboundContent::text(id)).with_id(Some(id)))
}

fn receipt(id: &str, state: DeliveryState) -> InboundEvent {
    let key = there(ReceiptKey::new(Some(ProviderMessageId::new(id)), None), "a key");
    InboundEvent::Receipt(DeliveryReceipt::new("fake", key, state))
}

/// A delivery to the default account of the default tenant.
fn delivery(events: Vec<InboundEvent>) -> Delivery {
    delivery_to("default", "default", events)
}

fn delivery_to(of: &str, to: &str, events: Vec<InboundEvent>) -> Delivery {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", HeaderValue::from_static("application/json"));
    let body = Bytes::from_static(b"{\"made\":\"up\"}");
    Delivery::new(tenant(of), account(to), Authenticity::TokenOnly, &headers, body, events)
}

async fn record(inbox: &dyn Inbox, events: Vec<InboundEvent>, now: Timestamp) -> Recorded {
    good(inbox.record(delivery(events), now).await)
}

/// Records one event that must be new.
async fn record_new(inbox: &dyn Inbox, event: InboundEvent, now: Timestamp) {
    assert_eq!(record(inbox, vec![event], now).await.new, 1, "a new event is taken for a known one");
}

async fn lease(inbox: &dyn Inbox, limit: usize, now: Timestamp) -> Vec<LeasedInboxEntry> {
    good(inbox.lease(&InboxKind::ALL, limit, LEASE, now).await)
}

async fn lease_one(inbox: &dyn Inbox, now: Timestamp) -> LeasedInboxEntry {
    let mut leased = lease(inbox, 10, now).await;
    match (leased.pop(), leased.pop()) {
        (Some(one), None) => one,
        (first, _) => panic!("one due entry expected, found {}", leased.len() + usize::from(first.is_some())),
    }
}

async fn nothing_due(inbox: &dyn Inbox, now: Timestamp) {
    let leased = lease(inbox, 10, now).await;
    assert!(leased.is_empty(), "{} entries are leased that are not due", leased.len());
}

async fn settle(inbox: &dyn Inbox, leased: &LeasedInboxEntry, outcome: InboxOutcome, now: Timestamp) -> bool {
    good(inbox.settle(leased.entry.id, leased.fence, &outcome, now).await)
}

async fn done(inbox: &dyn Inbox, leased: &LeasedInboxEntry, now: Timestamp) {
    assert!(settle(inbox, leased, InboxOutcome::Done, now).await, "an entry cannot be settled");
}

/// Hands out everything that is due, and what becomes due by it; gives it in order.
async fn drain(inbox: &dyn Inbox, now: Timestamp) -> Vec<InboxEntry> {
    let mut all = Vec::new();
    loop {
        let leased = lease(inbox, 100, now).await;
        if leased.is_empty() {
            return all;
        }
        for leased in leased {
            done(inbox, &leased, now).await;
            all.push(leased.entry);
        }
    }
}

/// The text of a message.
fn text(entry: &InboxEntry) -> &str {
    match &entry.event {
        InboxEvent::Message(message) => message.content.words().unwrap_or_default(),
        _ => panic!("a message expected"),
    }
}

fn texts(entries: &[InboxEntry]) -> Vec<&str> {
    entries.iter().map(text).collect()
}

fn contact_of(entry: &InboxEntry) -> Contact {
    there(entry.contact.clone(), "the contact of a message")
}

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "a_message_comes_out_as_it_went_in",
    "every_kind_of_event_comes_out_as_it_went_in",
    "a_message_is_recorded_once",
    "messages_without_an_id_are_each_their_own",
    "the_same_id_of_two_contacts_is_two_messages",
    "the_same_id_of_two_accounts_is_two_messages",
    "the_same_id_of_two_tenants_is_two_messages",
    "a_receipt_is_recorded_once_for_each_state",
    "receipts_are_known_by_either_id",
    "news_of_a_device_are_each_their_own",
    "messages_and_receipts_of_one_id_are_apart",
    "a_delivery_that_repeats_itself_is_recorded_once",
    "fifty_at_once_record_a_message_once",
    "many_at_once_make_one_contact",
    "a_large_batch_is_recorded_whole",
    "ids_with_odd_characters_are_kept_apart",
    "what_is_kept_is_bounded",
    "a_signed_delivery_is_known_as_signed",
    "an_echo_keeps_no_code",
    "all_addresses_of_a_person_are_one_contact",
    "a_message_under_two_addresses_is_one",
    "a_contact_learns_its_number_and_its_lid",
    "two_halves_of_a_person_become_one",
    "entries_go_with_their_contact",
    "messages_of_merged_contacts_collapse",
    "what_was_handed_out_stays_when_contacts_merge",
    "a_contact_is_found_by_all_ids_it_had",
    "a_link_joins_a_lid_and_a_number",
    "a_link_of_strangers_is_nothing",
    "a_number_that_changed_hands_is_another_contact",
    "contacts_of_tenants_are_apart",
    "a_contact_is_the_same_in_all_accounts",
    "the_last_name_of_a_contact_counts",
    "merging_together_leaves_one_contact",
    "an_unknown_entry_is_nothing",
    "the_longest_waiting_come_first",
    "no_more_than_the_limit_is_leased",
    "only_the_kinds_asked_for_are_leased",
    "a_lease_holds_until_its_end",
    "what_a_crash_left_is_handed_out_again",
    "lapsed_too_often_is_dead",
    "what_is_settled_stays_settled",
    "the_fence_keeps_old_holders_out",
    "only_a_leased_entry_is_settled",
    "a_late_outcome_counts_if_nobody_took_over",
    "a_postponed_entry_comes_back_in_time",
    "a_released_entry_is_due_at_once",
    "no_entry_is_leased_twice_at_once",
    "settling_together_settles_once",
    "messages_of_a_contact_come_one_after_the_other",
    "a_postponed_message_holds_up_the_next",
    "a_dead_message_lets_the_next_pass",
    "contacts_do_not_wait_for_each_other",
    "accounts_do_not_wait_for_each_other",
    "echoes_keep_their_place",
    "kinds_that_nobody_asks_for_hold_up_nothing",
    "news_of_a_device_come_in_order",
    "receipts_have_no_order",
    "merged_contacts_are_one_conversation",
    "many_dispatchers_keep_the_order_of_each_contact",
    "what_is_open_waits_for_those_who_did_not_take_it",
    "receipts_and_news_wait_for_nobody",
    "what_waits_is_of_one_contact_account_and_tenant",
    "what_waits_is_found_by_all_ids_of_a_contact",
    "every_delivery_stands_in_the_log",
    "what_is_ignored_stands_in_the_log_only",
    "the_log_is_read_in_pages",
    "the_log_is_of_one_tenant_and_account",
    "a_delivery_is_given_back_as_it_came",
    "a_strangers_delivery_is_not_given_back",
    "a_replay_records_nothing_twice",
    "a_replay_finds_what_was_not_understood",
    "a_replay_may_hand_out_again",
    "purge_deletes_what_is_old",
    "purge_is_bounded",
    "what_was_deleted_may_come_again",
    "a_forgotten_person_is_gone",
    "forgetting_is_for_one_person",
    "forgetting_looks_through_the_whole_log",
];

/// Runs the contract of [`Inbox`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! inbox_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::inbox_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::inbox_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::inbox_contract! {
            @suite $attributes $store,
            a_message_comes_out_as_it_went_in every_kind_of_event_comes_out_as_it_went_in
            a_message_is_recorded_once messages_without_an_id_are_each_their_own
            the_same_id_of_two_contacts_is_two_messages the_same_id_of_two_accounts_is_two_messages
            the_same_id_of_two_tenants_is_two_messages a_receipt_is_recorded_once_for_each_state
            receipts_are_known_by_either_id news_of_a_device_are_each_their_own
            messages_and_receipts_of_one_id_are_apart a_delivery_that_repeats_itself_is_recorded_once
            fifty_at_once_record_a_message_once many_at_once_make_one_contact a_large_batch_is_recorded_whole
            ids_with_odd_characters_are_kept_apart what_is_kept_is_bounded a_signed_delivery_is_known_as_signed an_echo_keeps_no_code
            all_addresses_of_a_person_are_one_contact a_message_under_two_addresses_is_one
            a_contact_learns_its_number_and_its_lid two_halves_of_a_person_become_one
            entries_go_with_their_contact messages_of_merged_contacts_collapse
            what_was_handed_out_stays_when_contacts_merge a_contact_is_found_by_all_ids_it_had
            a_link_joins_a_lid_and_a_number a_link_of_strangers_is_nothing
            a_number_that_changed_hands_is_another_contact contacts_of_tenants_are_apart
            a_contact_is_the_same_in_all_accounts the_last_name_of_a_contact_counts
            merging_together_leaves_one_contact an_unknown_entry_is_nothing the_longest_waiting_come_first
            no_more_than_the_limit_is_leased only_the_kinds_asked_for_are_leased a_lease_holds_until_its_end
            what_a_crash_left_is_handed_out_again lapsed_too_often_is_dead what_is_settled_stays_settled
            the_fence_keeps_old_holders_out only_a_leased_entry_is_settled
            a_late_outcome_counts_if_nobody_took_over a_postponed_entry_comes_back_in_time
            a_released_entry_is_due_at_once no_entry_is_leased_twice_at_once settling_together_settles_once
            messages_of_a_contact_come_one_after_the_other a_postponed_message_holds_up_the_next
            a_dead_message_lets_the_next_pass contacts_do_not_wait_for_each_other
            accounts_do_not_wait_for_each_other echoes_keep_their_place
            kinds_that_nobody_asks_for_hold_up_nothing news_of_a_device_come_in_order receipts_have_no_order
            merged_contacts_are_one_conversation many_dispatchers_keep_the_order_of_each_contact
            what_is_open_waits_for_those_who_did_not_take_it receipts_and_news_wait_for_nobody
            what_waits_is_of_one_contact_account_and_tenant what_waits_is_found_by_all_ids_of_a_contact
            every_delivery_stands_in_the_log what_is_ignored_stands_in_the_log_only the_log_is_read_in_pages
            the_log_is_of_one_tenant_and_account a_delivery_is_given_back_as_it_came
            a_strangers_delivery_is_not_given_back a_replay_records_nothing_twice
            a_replay_finds_what_was_not_understood a_replay_may_hand_out_again purge_deletes_what_is_old
            purge_is_bounded what_was_deleted_may_come_again a_forgotten_person_is_gone
            forgetting_is_for_one_person forgetting_looks_through_the_whole_log
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::inbox_contract::$case($store.await).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::inbox_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::inbox_contract::CASES);
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let sources = [
            include_str!("recording.rs"),
            include_str!("contacts.rs"),
            include_str!("leases.rs"),
            include_str!("order.rs"),
            include_str!("waiting.rs"),
            include_str!("log.rs"),
            include_str!("forgetting.rs"),
        ];
        let lines = sources.iter().flat_map(|source| source.lines());
        let written: Vec<&str> =
            lines.filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(written, super::CASES);
    }
}
