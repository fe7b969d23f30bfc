//! What the cases have in common.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::{DeliveryState, ProviderMessageId};

use super::super::{AdmitBuilder, T0, admit_for, attempt, by_phone, client, sample_phone};
use crate::purpose::Purpose;
use crate::store::{
    Admission, Attempt, AttemptOutcome, DeliveryRecord, LeasedSend, OtpStore, Recorded, Refusal, Rules,
    SendOutcome, Snapshot, Target,
};
use crate::verification::{ChallengeId, VerificationId, VerificationState, VerificationView};

pub(super) type Store = Arc<dyn OtpStore>;

pub(super) const MICRO: Duration = Duration::from_micros(1);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);
pub(super) const DAY: Duration = Duration::from_secs(86_400);

pub(super) fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

/// This many seconds after the beginning.
pub(super) fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

pub(super) fn other_tenant() -> TenantId {
    TenantId::parse("toko-budi").unwrap_or_else(|error| panic!("{error}"))
}

/// A request for the sample phone from an address.
pub(super) fn ask(from: u8) -> AdmitBuilder {
    admit_for(&sample_phone()).client(client(from))
}

/// The same, with no limit but that of failed checks.
pub(super) fn ask_quick(from: u8) -> AdmitBuilder {
    ask(from).quick()
}

/// What a request bought.
#[derive(Debug)]
pub(super) struct Given {
    pub(super) id: VerificationId,
    pub(super) view: VerificationView,
    pub(super) send: LeasedSend,
}

pub(super) async fn given(store: &Store, request: &AdmitBuilder, now: Timestamp) -> Given {
    match good(store.admit(request.build(), now).await) {
        Admission::Send { view, send, .. } => Given { id: view.id, view, send },
        other => panic!("no code is sent but {other:?}, at {now:?}"),
    }
}

pub(super) async fn refused(store: &Store, request: &AdmitBuilder, now: Timestamp) -> (Refusal, Timestamp) {
    match good(store.admit(request.build(), now).await) {
        Admission::Refused { reason, until } => (reason, until),
        other => panic!("not refused but {other:?}, at {now:?}"),
    }
}

pub(super) async fn snapshot(store: &Store, target: &Target, now: Timestamp) -> Option<Snapshot> {
    good(store.get(&TenantId::default(), target, now).await)
}

pub(super) async fn view(store: &Store, id: VerificationId, now: Timestamp) -> VerificationView {
    let snapshot = snapshot(store, &Target::Id(id), now).await;
    snapshot.and_then(|snapshot| snapshot.view).unwrap_or_else(|| panic!("the id is not known"))
}

pub(super) async fn state(store: &Store, id: VerificationId, now: Timestamp) -> VerificationState {
    view(store, id, now).await.state
}

pub(super) async fn delivery(store: &Store, id: VerificationId, now: Timestamp) -> DeliveryState {
    view(store, id, now).await.delivery
}

/// The live challenge behind an id.
pub(super) async fn challenge(store: &Store, id: VerificationId, now: Timestamp) -> ChallengeId {
    let live = snapshot(store, &Target::Id(id), now).await.and_then(|snapshot| snapshot.live);
    live.unwrap_or_else(|| panic!("the id has no live challenge")).id
}

/// Reads and then checks, as the engine does.
pub(super) async fn check_target(
    store: &Store,
    target: &Target,
    matched: bool,
    rules: Rules,
    now: Timestamp,
) -> AttemptOutcome {
    let live = snapshot(store, target, now).await.and_then(|snapshot| snapshot.live).map(|live| live.id);
    let attempt = Attempt { rules, ..attempt(target.clone(), live, matched) };
    good(store.attempt(attempt, now).await)
}

pub(super) async fn right(store: &Store, id: VerificationId, now: Timestamp) -> AttemptOutcome {
    check_target(store, &Target::Id(id), true, super::super::default_rules(), now).await
}

pub(super) async fn wrong(store: &Store, id: VerificationId, now: Timestamp) -> AttemptOutcome {
    check_target(store, &Target::Id(id), false, super::super::default_rules(), now).await
}

/// Gives wrong codes until the id is locked; all must count.
pub(super) async fn lock(store: &Store, id: VerificationId, now: Timestamp) {
    for expected in (0..5).rev() {
        assert_eq!(wrong(store, id, now).await, left(expected));
    }
}

/// A check of the sample phone by somebody without an id.
pub(super) async fn check_phone(
    store: &Store,
    from: Option<u8>,
    matched: bool,
    now: Timestamp,
) -> AttemptOutcome {
    let target = by_phone(&sample_phone(), Purpose::REGISTRATION, from.map(client));
    check_target(store, &target, matched, super::super::default_rules(), now).await
}

pub(super) const fn left(attempts_left: u32) -> AttemptOutcome {
    AttemptOutcome::Mismatch { attempts_left }
}

pub(super) const fn is_approved(outcome: &AttemptOutcome) -> bool {
    matches!(outcome, AttemptOutcome::Approved { .. })
}

pub(super) const fn is_locked(outcome: &AttemptOutcome) -> bool {
    matches!(outcome, AttemptOutcome::Locked { .. })
}

pub(super) async fn record(store: &Store, send: &LeasedSend, outcome: SendOutcome, now: Timestamp) -> bool {
    let record = DeliveryRecord::new(send, "fake", outcome, super::super::default_rules());
    match good(store.record_delivery(record, now).await) {
        Recorded::Stale => false,
        Recorded::Done => true,
        Recorded::Next(next) => panic!("there is no next channel, and yet {next:?}"),
    }
}

/// The provider took the message and gave it this id.
pub(super) fn accepted(message_id: &str) -> SendOutcome {
    SendOutcome::Accepted { message_id: Some(ProviderMessageId::new(message_id)) }
}

pub(super) async fn lease(store: &Store, limit: usize, now: Timestamp) -> Vec<LeasedSend> {
    good(store.lease_due(limit, &super::super::default_rules(), now).await)
}

pub(super) async fn cancel(store: &Store, id: VerificationId, now: Timestamp) -> bool {
    good(store.cancel(&TenantId::default(), id, now).await)
}

pub(super) async fn purge(store: &Store, limit: usize, now: Timestamp) -> usize {
    good(store.purge(&super::super::default_rules(), limit, now).await)
}

/// Deletes until nothing more goes.
pub(super) async fn purge_all(store: &Store, now: Timestamp) {
    for _ in 0..100 {
        if purge(store, 10, now).await == 0 {
            return;
        }
    }
    panic!("purge does not come to an end");
}

pub(super) async fn forget(store: &Store, phone: &PhoneNumber, now: Timestamp) -> bool {
    good(store.forget(&TenantId::default(), phone, now).await)
}
