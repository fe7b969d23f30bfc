//! What the cases have in common.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_core::{KeyId, PhoneNumber, StoreError, TenantId, Timestamp};

use super::super::{T0, client, default_rules, phone_number, proof_hash, sample_phone};
use crate::budget::Budget;
use crate::code::Nonce;
use crate::policy::OtpPolicy;
use crate::purpose::Purpose;
use crate::reverse::ReversePolicy;
use crate::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseRefusal, ReverseState, ReverseStore, ReverseTarget,
};
use crate::store::{OtpStore, Target};
use crate::verification::{VerificationId, VerificationView};

/// A store with both ports.
pub trait BothStores: OtpStore + ReverseStore {}

impl<T: OtpStore + ReverseStore + ?Sized> BothStores for T {}

pub(super) type Store = Arc<dyn BothStores>;

pub(super) const MICRO: Duration = Duration::from_micros(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

/// This many seconds after the beginning.
pub(super) fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

pub(super) fn tenant() -> TenantId {
    TenantId::default()
}

pub(super) fn other_tenant() -> TenantId {
    TenantId::parse("toko-budi").unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn other_phone() -> PhoneNumber {
    phone_number(2)
}

/// A request for the sample phone from an address, with the default policy and no budget that others share.
pub(super) fn wish(from: u8) -> OpenReverse {
    let key = KeyId::from_stored("00000000000000a1");
    OpenReverse {
        tenant: tenant(),
        phone: sample_phone(),
        purpose: Purpose::REGISTRATION,
        own_id: None,
        client: Some(client(from)),
        id: VerificationId::random(),
        nonce: Nonce::from_bytes(uuid::Uuid::new_v4().into_bytes()),
        key: key.clone(),
        usable_keys: vec![key],
        rules: ReversePolicy::default().rules(&OtpPolicy::default()),
        shared_budgets: Vec::new(),
    }
}

/// The same with budgets.
pub(super) fn wish_within(from: u8, budgets: &[Budget]) -> OpenReverse {
    OpenReverse { shared_budgets: budgets.to_vec(), ..wish(from) }
}

pub(super) async fn open(store: &Store, request: OpenReverse, now: Timestamp) -> ReverseChallenge {
    match good(store.open_reverse(request, now).await) {
        ReverseAdmission::Opened(challenge) => challenge,
        refused @ ReverseAdmission::Refused { .. } => panic!("{refused:?}, at {now:?}"),
    }
}

/// Opens one from an address and answers its id.
pub(super) async fn opened(store: &Store, from: u8, now: Timestamp) -> VerificationId {
    open(store, wish(from), now).await.id
}

pub(super) async fn refused(
    store: &Store,
    request: OpenReverse,
    now: Timestamp,
) -> (ReverseRefusal, Timestamp) {
    match good(store.open_reverse(request, now).await) {
        ReverseAdmission::Refused { reason, until } => (reason, until),
        ReverseAdmission::Opened(_) => panic!("one is opened that must be refused, at {now:?}"),
    }
}

pub(super) async fn read(store: &Store, target: &ReverseTarget, now: Timestamp) -> Vec<ReverseChallenge> {
    good(store.read_reverse(&tenant(), target, now).await)
}

/// How one stands; `None` if it is not known.
pub(super) async fn state(store: &Store, id: VerificationId, now: Timestamp) -> Option<ReverseState> {
    let found = read(store, &ReverseTarget::Id(id), now).await;
    assert!(found.len() <= 1 && found.iter().all(|one| one.id == id), "one id, one verification");
    found.first().map(|one| one.state)
}

pub(super) async fn view(store: &Store, id: VerificationId, now: Timestamp) -> Option<VerificationView> {
    good(store.get(&tenant(), &Target::Id(id), now).await).and_then(|snapshot| {
        assert!(snapshot.live.is_none(), "no code of ours is behind it");
        snapshot.view
    })
}

/// A message of the sample phone with the code of `id`.
pub(super) fn message(id: VerificationId) -> ReverseReceipt {
    ReverseReceipt::new(tenant(), sample_phone(), Some(id), vec![id], wish(1).rules)
}

pub(super) async fn send(store: &Store, receipt: ReverseReceipt, now: Timestamp) -> ReverseOutcome {
    good(store.receive_reverse(receipt, now).await)
}

/// A message of the sample phone with the right code; it must confirm.
pub(super) async fn confirm(store: &Store, id: VerificationId, now: Timestamp) -> Timestamp {
    match send(store, message(id), now).await {
        ReverseOutcome::Confirmed { until } => until,
        other => panic!("not confirmed but {other:?}"),
    }
}

/// A message of the sample phone with a wrong code, compared with all that there are.
pub(super) async fn wrong(store: &Store, now: Timestamp) -> ReverseOutcome {
    let found = read(store, &ReverseTarget::Phone(sample_phone()), now).await;
    let seen = found.iter().map(|one| one.id).collect();
    send(store, ReverseReceipt::new(tenant(), sample_phone(), None, seen, wish(1).rules), now).await
}

pub(super) fn claim_of(id: VerificationId) -> ReverseClaim {
    ReverseClaim::new(tenant(), id, proof_hash())
}

pub(super) async fn claim(store: &Store, id: VerificationId, now: Timestamp) -> ReverseClaimed {
    good(store.claim_reverse(claim_of(id), now).await)
}

pub(super) const fn is_approved(claimed: &ReverseClaimed) -> bool {
    matches!(claimed, ReverseClaimed::Approved { .. })
}

pub(super) async fn cancel(store: &Store, id: VerificationId, now: Timestamp) -> bool {
    good(store.cancel(&tenant(), id, now).await)
}

/// Deletes until nothing more goes.
pub(super) async fn purge_all(store: &Store, now: Timestamp) {
    for _ in 0..100 {
        if good(store.purge(&default_rules(), 10, now).await) == 0 {
            return;
        }
    }
    panic!("purge does not come to an end");
}

/// Runs `count` tasks that all begin together, and gathers what they answer.
pub(super) async fn together<T, F>(count: usize, task: impl Fn(usize) -> F) -> Vec<T>
where
    T: Send + fmt::Debug + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (gate, work) = (Arc::clone(&gate), task(n));
        tasks.spawn(async move {
            gate.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}
