//! A reference model of the rules, and a machine that drives a store and the model by the same random steps.
//!
//! The model keeps plain lists of what happened and counts them anew each time. It shares no code with
//! [`crate::ledger`], so that a mistake there does not hide here.
//!
//! ```
//! use std::sync::Arc;
//! use wartel_otp::MemoryOtpStore;
//! use wartel_otp::testing::model::store_agrees_with_the_model;
//!
//! # tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap().block_on(async {
//! store_agrees_with_the_model(Arc::new(MemoryOtpStore::new()), 4).await;
//! # });
//! ```
#![allow(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a test fails by panicking"
)]

mod budgets;
mod checks;
mod deliveries;
mod facts;
mod machine;
mod requests;
mod steps;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use proptest::strategy::Strategy as _;
use proptest::test_runner::{Config, TestCaseError, TestError, TestRunner};
use proptest_state_machine::ReferenceStateMachine as _;

pub use facts::Model;
pub use steps::{Deadline, Named, Outcome, Step};

use crate::store::OtpStore;

/// At most so many steps in a row.
const STEPS: usize = 120;

/// Drives `store` and the model by `cases` random sequences of at most 120 steps, and compares every answer and
/// what every caller may see in between. On a difference it looks for the shortest sequence that shows it.
///
/// Each sequence has tenants of its own and takes back what it made, so the store may be shared with others as
/// long as nobody else leases or purges meanwhile. Call it in tokio's multi-threaded runtime.
///
/// # Panics
/// If the store differs from the model: with the shortest sequence of steps that was found.
pub async fn store_agrees_with_the_model(store: Arc<dyn OtpStore>, cases: u32) {
    let runtime = tokio::runtime::Handle::current();
    let run = || -> Result<(), String> {
        let config =
            Config { cases, failure_persistence: None, max_shrink_iters: 4_096, ..Config::default() };
        let strategy =
            Model::sequential_strategy(1..=STEPS).prop_map(|(first, steps, seen)| (first, steps, Seen(seen)));
        let tested = TestRunner::new(config).run(&strategy, |(first, steps, seen)| {
            let differs = runtime.block_on(machine::run(&store, first, &steps, || seen.one_more()));
            differs.map_err(TestCaseError::fail)
        });
        tested.map_err(|error| match error {
            TestError::Fail(reason, (_, steps, _)) => format!("{reason}\nafter {steps:#?}"),
            TestError::Abort(reason) => format!("no sequences of steps could be made: {reason}"),
        })
    };
    if let Err(differs) = tokio::task::block_in_place(run) {
        panic!("{differs}");
    }
}

/// Counts the steps that were really made, so that shrinking drops the others at once.
#[derive(Clone)]
struct Seen(Option<Arc<std::sync::atomic::AtomicUsize>>);

impl Seen {
    fn one_more(&self) {
        if let Some(count) = &self.0 {
            count.fetch_add(1, Ordering::SeqCst);
        }
    }
}

impl std::fmt::Debug for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seen")
    }
}
