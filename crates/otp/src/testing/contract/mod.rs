//! The contract of [`OtpStore`](crate::store::OtpStore): what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_otp::otp_store_contract!(async { wartel_otp::MemoryOtpStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store (or an `Arc` of one); it is evaluated anew in each test. A
//! store that needs something to live as long as it does, such as a temporary folder, holds it. The crate that
//! runs the suite needs `tokio` with `macros`, `rt` and `rt-multi-thread`.
//!
//! Cases hand the time in, from [`T0`](super::T0) on; no case waits.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a case of a test suite fails by panicking"
)]

mod admission;
mod attempts;
mod failures;
mod fallbacks;
mod ids;
mod kit;
mod limits;
mod proofs;
mod purging;
mod races;
mod receipts;
mod refusals;
mod replays;
mod reservations;
mod sends;
mod strangers;

pub use admission::*;
pub use attempts::*;
pub use failures::*;
pub use fallbacks::*;
pub use ids::*;
pub use limits::*;
pub use proofs::*;
pub use purging::*;
pub use races::*;
pub use receipts::*;
pub use refusals::*;
pub use replays::*;
pub use reservations::*;
pub use sends::*;
pub use strangers::*;

/// The names of all cases, read from their source in the order of the files. `suite_is_complete` compares what the
/// macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    let files = [
        include_str!("admission.rs"),
        include_str!("ids.rs"),
        include_str!("replays.rs"),
        include_str!("limits.rs"),
        include_str!("reservations.rs"),
        include_str!("attempts.rs"),
        include_str!("strangers.rs"),
        include_str!("failures.rs"),
        include_str!("sends.rs"),
        include_str!("refusals.rs"),
        include_str!("fallbacks.rs"),
        include_str!("receipts.rs"),
        include_str!("proofs.rs"),
        include_str!("purging.rs"),
        include_str!("races.rs"),
    ];
    let lines = files.iter().flat_map(|file| file.lines());
    lines.filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}

/// Runs the contract of [`OtpStore`](crate::store::OtpStore) as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh, empty store. Put each use in a module of its own. Attributes
/// before the expression are put on every case: `#[cfg_attr(no_server, ignore = "needs a server")]`.
#[macro_export]
macro_rules! otp_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::otp_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::otp_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::otp_store_contract! {
            @suite $attributes $store,
            a_new_phone_gets_a_code a_verification_can_be_read an_unknown_id_is_nothing
            the_same_code_is_sent_while_it_lives a_code_ends_when_its_time_is_over
            a_resend_prolongs_the_code a_code_never_lives_past_its_longest_life
            a_resend_never_shortens_a_code no_code_is_sent_with_too_little_life
            purposes_have_their_own_codes tenants_do_not_see_each_other phones_do_not_see_each_other
            a_message_is_for_who_asked a_dropped_key_makes_a_new_code an_older_key_keeps_its_code
            an_unknown_phone_is_nothing a_new_challenge_is_told_from_a_resend
            the_own_id_is_kept the_same_client_keeps_its_id another_client_gets_its_own_id
            unknown_clients_are_not_one the_named_id_comes_before_the_address
            an_unknown_own_id_counts_as_none an_id_of_another_purpose_counts_as_none
            an_id_of_another_purpose_joins_no_code
            an_id_of_another_phone_counts_as_none an_id_of_another_tenant_counts_as_none
            a_locked_id_gives_a_new_one a_cancelled_id_gives_a_new_one an_expired_id_gives_a_new_one
            an_approved_id_gives_a_new_one cancel_ends_only_the_callers_id a_code_ends_with_its_last_id
            an_ended_code_is_dead_for_strangers what_is_over_is_not_cancelled
            the_same_key_is_answered_the_same a_key_stands_for_one_request a_request_is_known_by_any_of_its_hashes a_refused_request_keeps_no_key a_key_of_a_refused_send_may_be_used_again a_key_of_a_refused_send_is_of_no_phone a_replay_admits_nothing a_key_stands_for_a_day a_key_of_a_forgotten_phone_may_be_used_again of_many_requests_with_one_key_one_is_sent of_many_phones_with_one_key_one_is_sent
            waits_grow waits_hold_for_everybody waits_begin_again_after_an_hour
            waits_begin_again_after_success a_refused_request_changes_nothing sends_of_a_phone_are_exact
            every_budget_of_a_phone_counts sends_count_over_purposes success_gives_no_sends_back
            the_default_budgets_of_a_phone_hold a_shared_budget_is_exact
            shared_budgets_are_told_apart_by_key a_budget_is_its_key_alone every_shared_budget_counts
            a_refused_request_charges_no_budget sends_do_not_spend_the_refusal_budget
            three_ids_fill_the_budget unspent_checks_return_at_the_end unspent_checks_return_on_cancel
            spent_checks_do_not_return everything_returns_on_success an_owner_needs_no_room
            reservations_last_as_long_as_the_code reservations_count_over_purposes
            reservations_are_per_phone strangers_cannot_spend_reserved_checks
            an_owner_always_gets_her_checks all_together_fail_fifteen_times_at_most
            the_right_code_is_approved the_right_code_is_dead_for_everybody wrong_codes_count_down_and_lock
            a_locked_id_refuses_the_right_code a_locked_id_stays_locked a_lock_says_until_when
            the_last_check_may_be_right another_challenge_is_stale an_older_challenge_is_stale_for_a_phone
            a_repeated_attempt_answers_the_same a_code_dies_exactly_at_its_end a_cancelled_id_has_no_code
            an_unknown_id_has_no_code an_id_of_another_tenant_has_no_code nothing_is_spent_on_what_is_over
            wrong_codes_are_ones_own an_id_keeps_its_number_of_checks
            the_same_address_counts_as_its_id the_same_address_approves_its_id a_locked_address_is_told_so
            the_newest_id_of_an_address_counts from_elsewhere_no_id_is_spent
            from_elsewhere_five_checks_of_a_code from_elsewhere_each_code_has_its_checks
            from_elsewhere_the_right_code_is_approved from_elsewhere_what_is_left_is_true
            without_a_code_nothing_is_counted another_purpose_has_no_code a_phone_finds_its_code
            a_repeated_check_by_phone_answers_the_same
            fifteen_in_a_day_stop_new_codes failed_checks_count_over_purposes
            failed_checks_without_id_count_too success_clears_the_failed_checks
            success_clears_for_all_purposes failed_checks_are_per_phone a_hundred_in_a_row_stop_new_codes
            a_row_is_counted_over_days an_id_must_fit_into_the_row an_operator_unlocks_a_phone
            a_lapsed_send_is_leased_again lapsed_twice_is_unknown a_due_send_is_leased_once
            no_more_than_the_limit_is_leased the_longest_waiting_come_first a_reported_send_is_not_due
            an_ended_code_is_not_sent_again no_code_is_sent_again_with_too_little_life
            the_fence_keeps_old_holders_out a_late_report_counts_if_nobody_took_over
            an_ambiguous_send_counts_as_sent a_late_acceptance_raises_an_unknown_send
            a_reported_state_never_falls a_report_of_nothing_changes_nothing each_id_shows_its_own_messages
            nothing_is_due_at_first
            a_refused_first_send_ends_its_code a_refused_send_costs_the_phone_nothing
            a_refused_resend_gives_back_its_own_wait
            a_late_refusal_gives_no_later_wait_back sends_of_one_instant_are_told_apart a_refused_send_counts_for_shared_budgets
            refused_sends_have_a_budget sends_under_way_keep_a_place_for_their_refusal a_refused_resend_keeps_the_code
            a_refused_send_beside_an_uncertain_one_keeps_the_code a_refusal_is_counted_once
            a_refused_send_returns_its_checks a_refusal_after_a_lapsed_lease_is_not_certain
            sends_that_are_given_up_keep_no_place a_send_that_may_still_be_refused_keeps_its_place
            an_accepted_send_is_not_given_back
            a_refused_channel_is_followed_by_the_next refused_by_all_channels_is_refused a_silent_channel_is_followed_at_its_deadline silence_means_nothing_without_receipts an_uncertain_channel_is_followed_at_its_deadline a_hanging_channel_is_followed_and_not_used_again a_message_that_came_far_enough_is_not_followed a_message_that_was_only_sent_may_be_followed a_failed_message_is_followed_at_once channels_are_used_in_order_and_once no_more_than_the_limit_is_followed a_crashed_fallback_is_leased_again an_ended_code_is_not_followed a_code_about_to_die_is_not_followed a_fallback_costs_the_phone_nothing a_fallback_keeps_one_place_for_its_refusal workers_at_once_follow_once
            a_receipt_raises_the_state a_receipt_before_its_message_waits several_receipts_wait_together
            a_second_id_is_learned a_receipt_by_the_second_id_waits a_chain_of_waiting_receipts_is_followed
            either_id_is_enough duplicates_change_nothing late_receipts_lower_nothing
            failed_stands_between_sent_and_delivered providers_have_their_own_ids
            first_and_second_ids_are_told_apart a_receipt_is_of_one_message
            news_of_an_earlier_message_counts news_counts_after_the_end
            a_receipt_of_nothing_goes_after_a_day news_of_a_repeated_id_are_of_the_later_message
            a_proof_gives_its_phone the_first_owns_a_proof a_proof_is_for_its_purpose
            a_proof_is_of_its_phone a_proof_is_of_its_tenant a_proof_dies_exactly_at_its_end
            what_is_no_proof_is_refused a_wrong_code_gives_no_proof a_proof_outlives_further_codes
            what_is_over_goes_after_a_day the_end_counts_not_the_expiry what_lives_stays purge_is_bounded
            failed_checks_outlive_their_code sends_outlive_their_code shared_budgets_outlive_their_code
            everything_is_gone_at_the_end a_forgotten_phone_is_gone forgetting_keeps_the_counters
            forgetting_is_for_one_phone a_forgotten_message_is_not_sent_again
            of_many_right_codes_one_is_approved of_many_callers_one_is_approved
            of_many_wrong_codes_five_count a_right_code_among_wrong_ones_wins
            strangers_at_once_spend_nothing_reserved of_many_requests_one_is_sent
            a_shared_budget_is_exact_at_once workers_lease_each_send_once
            of_many_redeemers_one_owns_the_proof receipts_at_once_end_at_the_furthest
            a_late_answer_and_its_heir_agree cancel_and_the_right_code_agree
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::contract::$case(::std::sync::Arc::new($store.await)).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::otp_store_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::contract::cases());
        }
    };
}
