//! What may happen, and how often each thing is tried.

use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;
use wartel_messaging::DeliveryState;

use super::facts::{ACCOUNTS, Model, PURPOSES};

/// One thing that happens. Callers, sends and proofs are counted back from the latest one; what does not exist
/// yet is skipped.
#[derive(Debug, Clone)]
#[allow(missing_docs, reason = "the fields say what they are")]
pub enum Step {
    /// Somebody asks for a code, again or for the first time.
    Ask { account: usize, purpose: usize, client: Option<u8>, own: Option<usize> },
    /// Somebody checks a code with an id; `foreign` through another tenant, `stale` against another challenge.
    CheckId { caller: usize, foreign: bool, matched: bool, stale: bool },
    /// Somebody checks a code without an id.
    CheckPhone { account: usize, purpose: usize, client: Option<u8>, matched: bool, stale: bool },
    /// A right code is given once more with the same proof.
    Repeat { proof: usize },
    /// Somebody takes an id back.
    Cancel { caller: usize, foreign: bool },
    /// A sender reports what came of a send; `late` with the fence of the lease before.
    Report { send: usize, late: bool, outcome: Outcome },
    /// A provider tells news of a message.
    News { send: usize, named: Named, state: DeliveryState },
    /// A worker leases what is due.
    Lease,
    /// Somebody redeems a proof; with the phone beside it if `phone`.
    Redeem { proof: usize, account: usize, phone: bool, purpose: usize, by: u8 },
    /// An operator clears a phone's failed checks.
    Unlock { account: usize },
    /// A worker deletes what is over.
    Purge,
    /// A phone is forgotten.
    Forget { account: usize },
    /// Time goes by.
    Wait { seconds: u64 },
    /// Time goes by until an instant at which something changes, and so many microseconds more.
    WaitFor { what: Deadline, micros: i8 },
}

/// An instant at which something changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deadline {
    /// One of all that are to come, the next one first.
    Next(usize),
    /// The latest code dies.
    Code,
    /// The latest lease ends.
    Lease,
    /// The latest proof dies.
    Proof,
    /// The latest phone that was sent to may be sent to again.
    Wait,
}

/// What came of a send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Taken; the provider gave an id.
    Accepted,
    /// Taken; the provider gave no id.
    AcceptedWithoutId,
    /// Certainly not taken.
    Refused,
    /// Nobody knows.
    Unknown,
}

/// By what news name their message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Named {
    /// The id of the acceptance.
    First,
    /// The second id.
    Second,
    /// Both.
    Both,
}

fn step() -> impl Strategy<Value = Step> {
    let account = || prop_oneof![4 => Just(0_usize), 1 => 1..ACCOUNTS];
    let purpose = || prop_oneof![3 => Just(0_usize), 1 => 0..PURPOSES];
    let client = || proptest::option::weighted(0.8, 0_u8..5);
    let latest = || prop_oneof![3 => 0_usize..2, 1 => 0_usize..8];
    let seldom = || prop::bool::weighted(0.06);
    let right = || prop::bool::weighted(0.1);
    prop_oneof![
        10 => (account(), purpose(), client(), proptest::option::of(latest()))
            .prop_map(|(account, purpose, client, own)| Step::Ask { account, purpose, client, own }),
        16 => (latest(), seldom(), right(), seldom()).prop_map(|(caller, foreign, matched, stale)| {
            Step::CheckId { caller, foreign, matched, stale }
        }),
        10 => (account(), purpose(), client(), right(), seldom()).prop_map(
            |(account, purpose, client, matched, stale)| Step::CheckPhone {
                account, purpose, client, matched, stale
            }
        ),
        1 => latest().prop_map(|proof| Step::Repeat { proof }),
        2 => (latest(), seldom()).prop_map(|(caller, foreign)| Step::Cancel { caller, foreign }),
        6 => (latest(), seldom(), outcome()).prop_map(|(send, late, outcome)| {
            Step::Report { send, late, outcome }
        }),
        5 => (latest(), named(), state()).prop_map(|(send, named, state)| Step::News { send, named, state }),
        3 => Just(Step::Lease),
        5 => (latest(), account(), any::<bool>(), purpose(), 0_u8..2).prop_map(
            |(proof, account, phone, purpose, by)| Step::Redeem { proof, account, phone, purpose, by }
        ),
        1 => account().prop_map(|account| Step::Unlock { account }),
        1 => Just(Step::Purge),
        1 => account().prop_map(|account| Step::Forget { account }),
        6 => prop_oneof![Just(1_u64), Just(30), Just(60), Just(120), Just(300), Just(3_600), Just(86_400)]
            .prop_map(|seconds| Step::Wait { seconds }),
        12 => (deadline(), prop_oneof![1 => Just(-1_i8), 3 => Just(0), 1 => Just(1)])
            .prop_map(|(what, micros)| Step::WaitFor { what, micros }),
    ]
}

fn outcome() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        4 => Just(Outcome::Accepted),
        1 => Just(Outcome::AcceptedWithoutId),
        3 => Just(Outcome::Refused),
        2 => Just(Outcome::Unknown),
    ]
}

fn deadline() -> impl Strategy<Value = Deadline> {
    prop_oneof![
        4 => (0_usize..3).prop_map(Deadline::Next),
        1 => (0_usize..12).prop_map(Deadline::Next),
        2 => Just(Deadline::Code),
        2 => Just(Deadline::Lease),
        1 => Just(Deadline::Proof),
        4 => Just(Deadline::Wait),
    ]
}

fn named() -> impl Strategy<Value = Named> {
    prop_oneof![3 => Just(Named::First), 2 => Just(Named::Both), 2 => Just(Named::Second)]
}

fn state() -> impl Strategy<Value = DeliveryState> {
    prop_oneof![
        Just(DeliveryState::Sent),
        Just(DeliveryState::Failed),
        Just(DeliveryState::Delivered),
        Just(DeliveryState::Read),
    ]
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Step;

    fn init_state() -> BoxedStrategy<Self> {
        prop_oneof![Just(Self::usual()), Just(Self::tight())].boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Step> {
        step().boxed()
    }

    fn apply(mut state: Self, step: &Step) -> Self {
        drop(state.step(step));
        state
    }

    fn preconditions(state: &Self, step: &Step) -> bool {
        state.can(step)
    }
}
