//! The contract of [`RegistrationStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_registration::registration_store_contract!(async {
//!         let outbox = wartel_messaging::outbox::MemoryOutbox::new();
//!         (wartel_registration::MemoryRegistrationStore::new(outbox.clone()), outbox)
//!     });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store and the outbox that it writes its confirmations to (or an
//! `Arc` of either); it is evaluated anew in each test. The crate that runs the suite needs `tokio` with `macros`,
//! `rt` and `rt-multi-thread`.
#![allow(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{StoreError, TenantId, Timestamp};
use wartel_messaging::outbox::{LEASE, LeasedEntry, Outbox, OutboxEntryId, OutboxState};

use super::{T0, confirmation_of, phone, registration_of};
use crate::registration::{Registration, RegistrationId};
use crate::store::{Creation, RegistrationStore};

type Store = Arc<dyn RegistrationStore>;
type Queue = Arc<dyn Outbox>;

const NUMBER: &str = "+6281234567890";

fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

fn other_tenant() -> TenantId {
    TenantId::parse("toko-budi").unwrap_or_else(|error| panic!("{error}"))
}

async fn create(store: &Store, registration: &Registration) -> Creation {
    good(store.create(registration, &confirmation_of(registration)).await)
}

async fn read(store: &Store, registration: &Registration) -> Option<Registration> {
    good(store.get(&registration.tenant, registration.id).await)
}

/// Every confirmation that is due.
async fn confirmations(queue: &Queue, now: Timestamp) -> Vec<LeasedEntry> {
    good(queue.lease_due(1_000, LEASE, now).await)
}

/// What went in comes out, to the microsecond and to the last character.
pub async fn a_registration_comes_out_as_it_went_in(store: Store, _queue: Queue) {
    let registration = Registration {
        full_name: "👩\u{200D}👧 O'Neil; DROP TABLE \"x\" -- *_~`\\ é 山田".to_owned(),
        email: Some("budi@example.com".to_owned()),
        address: Some("Jl. Melati 5\nRT 01/RW 02\t'x'".to_owned()),
        extra: r#"{"plan":{"speed":[20,"Mb"],"note":"\u0001 '"},"kosong":null}"#.to_owned(),
        created_at: T0 + Duration::from_micros(123_457),
        ..registration_of(NUMBER)
    };
    assert_eq!(create(&store, &registration).await, Creation::Created);
    assert!(read(&store, &registration).await.as_ref() == Some(&registration), "it comes out changed");
    let found = good(store.find_by_phone(&registration.tenant, &registration.phone).await);
    assert!(found == Some(registration), "it comes out changed");
}

/// What is not given stays absent.
pub async fn what_is_not_given_is_absent(store: Store, _queue: Queue) {
    let registration = registration_of(NUMBER);
    create(&store, &registration).await;
    let read = read(&store, &registration).await.unwrap_or_else(|| panic!("it is gone"));
    assert_eq!((read.email, read.address, read.extra.as_str()), (None, None, "{}"));
}

/// Further fields of sixteen KiB are kept whole.
pub async fn large_extras_are_kept(store: Store, _queue: Queue) {
    let extra = format!(r#"{{"n":"{}"}}"#, "x".repeat(crate::MAX_EXTRA_BYTES - 8));
    let registration = Registration { extra, ..registration_of(NUMBER) };
    assert_eq!(create(&store, &registration).await, Creation::Created);
    assert!(read(&store, &registration).await == Some(registration), "it comes out changed");
}

/// An id or a phone that nobody registered is nothing.
pub async fn what_is_unknown_is_nothing(store: Store, _queue: Queue) {
    create(&store, &registration_of(NUMBER)).await;
    let unknown = registration_of("+6281234567891");
    assert!(read(&store, &unknown).await.is_none());
    assert!(good(store.find_by_phone(&unknown.tenant, &unknown.phone).await).is_none());
}

/// The confirmation is in the outbox, due at once, as it was written.
pub async fn the_confirmation_is_in_the_outbox(store: Store, queue: Queue) {
    let registration = registration_of(NUMBER);
    let confirmation = confirmation_of(&registration);
    assert_eq!(good(queue.state(confirmation.id).await), None);
    create(&store, &registration).await;
    assert_eq!(good(queue.state(confirmation.id).await), Some(OutboxState::Queued));
    let due = confirmations(&queue, T0).await;
    let [due] = due.as_slice() else { panic!("{} confirmations are due", due.len()) };
    assert_eq!(
        (due.entry.id, &due.entry.tenant, &due.entry.to),
        (confirmation.id, &confirmation.tenant, &confirmation.to)
    );
    assert_eq!(due.entry.expires_at, confirmation.expires_at);
    assert!(due.entry.text.expose() == confirmation.text.expose(), "another text is confirmed");
}

/// A phone registers once; the second try changes nothing and confirms nothing.
pub async fn a_phone_registers_once(store: Store, queue: Queue) {
    let first = registration_of(NUMBER);
    let second = Registration { full_name: "Somebody Else".to_owned(), ..registration_of(NUMBER) };
    assert_eq!(create(&store, &first).await, Creation::Created);
    assert_eq!(create(&store, &second).await, Creation::AlreadyRegistered);
    assert!(read(&store, &second).await.is_none(), "a refused registration is kept");
    assert!(
        good(store.find_by_phone(&first.tenant, &first.phone).await) == Some(first),
        "the first is changed"
    );
    assert_eq!(good(queue.state(confirmation_of(&second).id).await), None);
    assert_eq!(confirmations(&queue, T0).await.len(), 1);
}

/// An id registers once, whatever phone comes with it.
pub async fn an_id_registers_once(store: Store, queue: Queue) {
    let first = registration_of(NUMBER);
    let second = Registration { id: first.id, ..registration_of("+6281234567891") };
    assert_eq!(create(&store, &first).await, Creation::Created);
    assert_eq!(create(&store, &second).await, Creation::AlreadyRegistered);
    assert!(
        good(store.find_by_phone(&second.tenant, &second.phone).await).is_none(),
        "it is kept all the same"
    );
    assert!(read(&store, &first).await == Some(first), "the first is changed");
    assert_eq!(confirmations(&queue, T0).await.len(), 1);
}

/// The very same registration again is known, and confirmed once.
pub async fn the_same_again_is_known(store: Store, queue: Queue) {
    let registration = registration_of(NUMBER);
    assert_eq!(create(&store, &registration).await, Creation::Created);
    for _ in 0..3 {
        assert_eq!(create(&store, &registration).await, Creation::AlreadyRegistered);
    }
    assert_eq!(confirmations(&queue, T0).await.len(), 1);
}

/// Trying again after the confirmation was sent confirms nothing anew.
pub async fn a_sent_confirmation_is_not_written_again(store: Store, queue: Queue) {
    let registration = registration_of(NUMBER);
    create(&store, &registration).await;
    for due in confirmations(&queue, T0).await {
        let outcome = wartel_messaging::outbox::OutboxOutcome::Accepted { message_id: None };
        assert!(good(queue.record(due.entry.id, due.fence, &outcome, T0).await));
    }
    assert_eq!(create(&store, &registration).await, Creation::AlreadyRegistered);
    assert_eq!(confirmations(&queue, T0 + Duration::from_secs(60)).await.len(), 0);
}

/// A phone registers once with each tenant.
pub async fn tenants_register_for_themselves(store: Store, queue: Queue) {
    let first = registration_of(NUMBER);
    let second = Registration { tenant: other_tenant(), ..registration_of(NUMBER) };
    for registration in [&first, &second] {
        assert_eq!(create(&store, registration).await, Creation::Created);
        let found = good(store.find_by_phone(&registration.tenant, &registration.phone).await);
        assert_eq!(found.map(|found| found.id), Some(registration.id));
    }
    assert_eq!(confirmations(&queue, T0).await.len(), 2);
}

/// No tenant reads another's registrations.
pub async fn tenants_do_not_see_each_other(store: Store, _queue: Queue) {
    let registration = registration_of(NUMBER);
    create(&store, &registration).await;
    assert!(good(store.get(&other_tenant(), registration.id).await).is_none());
    assert!(good(store.find_by_phone(&other_tenant(), &registration.phone).await).is_none());
}

/// Of a hundred who register one phone at once one is registered, and one confirmation is written.
pub async fn of_many_at_once_one_is_registered(store: Store, queue: Queue) {
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let store = Arc::clone(&store);
        tasks.spawn(async move {
            let registration = registration_of(NUMBER);
            (create(&store, &registration).await, registration.id)
        });
    }
    let answers = tasks.join_all().await;
    let created: Vec<RegistrationId> =
        answers.iter().filter(|(creation, _)| *creation == Creation::Created).map(|(_, id)| *id).collect();
    let [created] = created.as_slice() else { panic!("{} are registered", created.len()) };
    let found = good(store.find_by_phone(&TenantId::default(), &phone(NUMBER)).await);
    assert_eq!(found.map(|found| found.id), Some(*created));
    let due = confirmations(&queue, T0).await;
    let [due] = due.as_slice() else { panic!("{} confirmations are written", due.len()) };
    assert_eq!(due.entry.id, OutboxEntryId::from_uuid(created.as_uuid()));
}

/// Of a hundred retries of one registration at once one is registered.
pub async fn of_many_retries_one_is_registered(store: Store, queue: Queue) {
    let registration = registration_of(NUMBER);
    let mut tasks = JoinSet::new();
    for _ in 0..100 {
        let (store, registration) = (Arc::clone(&store), registration.clone());
        tasks.spawn(async move { create(&store, &registration).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|creation| **creation == Creation::Created).count(), 1);
    assert_eq!(confirmations(&queue, T0).await.len(), 1);
}

/// Different phones at once are all registered and confirmed.
pub async fn different_phones_at_once_are_all_registered(store: Store, queue: Queue) {
    let mut tasks = JoinSet::new();
    for n in 0..50 {
        let store = Arc::clone(&store);
        tasks.spawn(async move { create(&store, &registration_of(&format!("+628123456{n:04}"))).await });
    }
    let answers = tasks.join_all().await;
    assert_eq!(answers.iter().filter(|creation| **creation == Creation::Created).count(), 50);
    assert_eq!(confirmations(&queue, T0).await.len(), 50);
}

/// Nobody ever sees a registration without its confirmation.
pub async fn a_registration_is_never_without_its_confirmation(store: Store, queue: Queue) {
    for n in 0..20 {
        let registration = registration_of(&format!("+628123456{n:04}"));
        let reader = {
            let (store, queue, wanted) = (Arc::clone(&store), Arc::clone(&queue), registration.clone());
            tokio::spawn(async move {
                while read(&store, &wanted).await.is_none() {
                    tokio::task::yield_now().await;
                }
                good(queue.state(confirmation_of(&wanted).id).await)
            })
        };
        assert_eq!(create(&store, &registration).await, Creation::Created);
        let seen = reader.await.unwrap_or_else(|error| panic!("{error}"));
        assert_eq!(seen, Some(OutboxState::Queued));
    }
}

/// Forgetting a phone deletes its registration, no other phone's and no other tenant's; it may register again.
pub async fn a_forgotten_phone_has_no_registration(store: Store, _queue: Queue) {
    let ours = registration_of(NUMBER);
    let another = registration_of("+6281234567891");
    let mut of_others = registration_of(NUMBER);
    of_others.tenant = other_tenant();
    of_others.id = RegistrationId::random();
    for registration in [&ours, &another, &of_others] {
        assert_eq!(create(&store, registration).await, Creation::Created);
    }
    let number = phone(NUMBER);
    assert!(good(store.forget(&ours.tenant, &number).await));
    assert!(!good(store.forget(&ours.tenant, &number).await), "nothing is left");
    assert_eq!(read(&store, &ours).await, None);
    assert_eq!(good(store.find_by_phone(&ours.tenant, &number).await), None);
    for registration in [&another, &of_others] {
        assert_eq!(read(&store, registration).await.as_ref(), Some(registration));
    }
    assert_eq!(create(&store, &ours).await, Creation::Created);
}

/// The names of all cases, read from their source. `suite_is_complete` compares what the macro runs with it.
#[must_use]
pub fn cases() -> Vec<&'static str> {
    let lines = include_str!("contract.rs").lines();
    lines.filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect()
}

/// Runs the contract of [`RegistrationStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store and its outbox, as a pair. Put each use in a module of its
/// own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! registration_store_contract {
    ($(#[$attribute:meta])+ $env:expr) => {
        $crate::registration_store_contract! { @all [$(#[$attribute])+] $env }
    };
    ($env:expr) => {
        $crate::registration_store_contract! { @all [] $env }
    };
    (@all $attributes:tt $env:expr) => {
        $crate::registration_store_contract! {
            @suite $attributes $env,
            a_registration_comes_out_as_it_went_in what_is_not_given_is_absent large_extras_are_kept
            what_is_unknown_is_nothing the_confirmation_is_in_the_outbox a_phone_registers_once an_id_registers_once
            the_same_again_is_known a_sent_confirmation_is_not_written_again tenants_register_for_themselves
            tenants_do_not_see_each_other of_many_at_once_one_is_registered of_many_retries_one_is_registered
            different_phones_at_once_are_all_registered a_registration_is_never_without_its_confirmation
            a_forgotten_phone_has_no_registration
        }
    };
    (@case [$($attributes:tt)*] $env:expr, $case:ident) => {
        $($attributes)*
        #[::tokio::test(flavor = "multi_thread", worker_threads = 4)]
        async fn $case() {
            let (store, outbox) = $env.await;
            let (store, outbox) = (::std::sync::Arc::new(store), ::std::sync::Arc::new(outbox));
            $crate::testing::contract::$case(store, outbox).await;
        }
    };
    (@suite $attributes:tt $env:expr, $($case:ident)+) => {
        $($crate::registration_store_contract! { @case $attributes $env, $case })+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case)),+];
            assert_eq!(run.as_slice(), $crate::testing::contract::cases());
        }
    };
}
