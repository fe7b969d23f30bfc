//! The contract of [`ReverseStore`](crate::ReverseStore): what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_otp::reverse_store_contract!(async { wartel_otp::MemoryOtpStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store, or an `Arc` of one, which is an
//! [`OtpStore`](crate::store::OtpStore) too: proofs are redeemed there, and phones purged and forgotten. What is said
//! of [`otp_store_contract`](crate::otp_store_contract) holds here.
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a case of a test suite fails by panicking"
)]

mod claiming;
mod keeping;
mod kit;
mod opening;
mod races;
mod receiving;

pub use claiming::*;
pub use keeping::*;
pub use kit::BothStores;
pub use opening::*;
pub use races::*;
pub use receiving::*;

/// The names of all cases, read from their source in the order of the files. `suite_is_complete` compares what the
/// macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    let files = [
        include_str!("opening.rs"),
        include_str!("receiving.rs"),
        include_str!("claiming.rs"),
        include_str!("keeping.rs"),
        include_str!("races.rs"),
    ];
    let lines = files.iter().flat_map(|file| file.lines());
    lines.filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}

/// Runs the contract of [`ReverseStore`](crate::ReverseStore) as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh, empty store with both ports. Put each use in a module of its own.
/// Attributes before the expression are put on every case: `#[cfg_attr(no_server, ignore = "needs a server")]`.
#[macro_export]
macro_rules! reverse_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::reverse_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::reverse_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::reverse_store_contract! {
            @suite $attributes $store,
            a_new_one_waits_for_its_code it_shows_as_a_verification everybody_gets_an_id_of_their_own
            the_named_id_is_kept a_foreign_id_counts_as_none a_stranger_pushes_nobody_out
            one_client_has_two_places places_are_per_phone_and_purpose a_place_is_free_when_it_is_over
            shared_budgets_are_exact a_dropped_key_ends_it an_older_key_keeps_it
            tenants_do_not_see_each_other an_unknown_one_is_nothing what_is_over_is_bounded
            the_right_code_confirms_once only_the_claimed_number_confirms only_the_right_tenant_confirms
            it_ends_exactly_at_its_end what_was_cancelled_is_over others_are_left_alone
            ten_wrong_codes_end_it the_most_patient_one_counts the_tenth_may_be_right wrong_codes_count_only_for_those_who_wait
            what_was_not_compared_is_said an_unknown_match_is_over what_is_over_is_still_known
            a_claim_waits_for_the_code a_proof_is_shown_once a_repeated_claim_answers_the_same
            an_unclaimed_proof_ends_exactly who_has_no_such_id_gets_nothing the_proof_redeems_as_any_other
            nothing_redeems_before_it_is_claimed a_check_finds_no_code_behind_it checks_are_counted_apart
            a_code_that_we_send_ends_nothing it_spends_no_sends all_of_it_goes_after_a_day
            a_forgotten_phone_is_gone both_kinds_are_kept_side_by_side of_many_messages_one_confirms
            of_many_claims_one_shows_its_proof of_many_wrong_messages_ten_count
            a_right_message_among_wrong_ones_wins places_hold_at_once cancel_and_the_code_agree
        }
    };
    (@case [$($attributes:tt)*] $store:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            $crate::testing::reverse::$case(::std::sync::Arc::new($store.await)).await;
        }
    };
    (@suite $attributes:tt $store:expr, $($case:ident)+) => {
        $($crate::reverse_store_contract! { @case $attributes $store, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::reverse::cases());
        }
    };
}
