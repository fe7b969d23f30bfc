//! Several instances on one database, at once.

use std::collections::HashSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_core::{TenantId, Timestamp};
use wartel_messaging::{DeliveryState, ProviderMessageId};
use wartel_otp::store::{
    Admission, AttemptOutcome, DeliveryRecord, LeasedSend, Recorded, Redemption, Refusal, SendOutcome, Target,
};
use wartel_otp::testing::{
    T0, admit_for, attempt, by_phone, client, default_rules, phone_number, receipt, redeem, sample_phone,
};
use wartel_otp::{Budget, ChallengeId, OtpStore, Purpose, Rate, VerificationId, VerificationState};
use wartel_storage::PostgresStores;

use super::support::{database, number, stores};

const INSTANCES: usize = 3;

fn at(seconds: u64) -> Timestamp {
    T0 + Duration::from_secs(seconds)
}

async fn instances(url: &str) -> Vec<PostgresStores> {
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(stores(url).await);
    }
    instances
}

/// Runs `count` tasks that all begin together, spread over the instances, and gathers what they answer.
async fn together<T, F>(
    instances: &[PostgresStores],
    count: usize,
    task: impl Fn(usize, PostgresStores) -> F,
) -> Vec<T>
where
    T: Send + 'static,
    F: Future<Output = T> + Send + 'static,
{
    let gate = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for n in 0..count {
        let (gate, work) = (Arc::clone(&gate), task(n, instances[n % instances.len()].clone()));
        tasks.spawn(async move {
            gate.wait().await;
            work.await
        });
    }
    tasks.join_all().await
}

fn count<T>(all: &[T], wanted: impl Fn(&T) -> bool) -> usize {
    all.iter().filter(|one| wanted(one)).count()
}

async fn given(store: &PostgresStores, n: u32, now: Timestamp) -> (VerificationId, LeasedSend) {
    match store.admit(admit_for(&phone_number(n)).client(client(1)).build(), now).await.unwrap() {
        Admission::Send { view, send, .. } => (view.id, send),
        other => panic!("{other:?}"),
    }
}

async fn live(store: &PostgresStores, id: VerificationId, now: Timestamp) -> ChallengeId {
    let snapshot = OtpStore::get(store, &TenantId::default(), &Target::Id(id), now).await.unwrap().unwrap();
    snapshot.live.unwrap().id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn of_many_right_codes_at_several_instances_one_is_approved() {
    let url = database().await;
    let instances = instances(&url).await;
    for round in 0..20 {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[1], id, T0).await;
        let outcomes = together(&instances, 150, |_, store| {
            let check = attempt(Target::Id(id), Some(live), true);
            async move { store.attempt(check, at(1)).await.unwrap() }
        })
        .await;
        let approved = |outcome: &AttemptOutcome| matches!(outcome, AttemptOutcome::Approved { .. });
        assert_eq!(count(&outcomes, approved), 1);
        assert_eq!(count(&outcomes, |outcome| *outcome == AttemptOutcome::NoActiveCode), 149);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn of_many_wrong_codes_at_several_instances_five_count() {
    let url = database().await;
    let instances = instances(&url).await;
    for round in 0..10 {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[1], id, T0).await;
        let outcomes = together(&instances, 150, |_, store| {
            let check = attempt(Target::Id(id), Some(live), false);
            async move { store.attempt(check, at(1)).await.unwrap() }
        })
        .await;
        for left in 0..5 {
            let counted =
                |outcome: &AttemptOutcome| *outcome == AttemptOutcome::Mismatch { attempts_left: left };
            assert_eq!(count(&outcomes, counted), 1, "{left} left");
        }
    }
}

/// The first request of a phone finds no row that could be locked.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn of_many_first_requests_one_is_sent() {
    let url = database().await;
    let instances = instances(&url).await;
    for round in 0..10 {
        let answers = together(&instances, 60, |n, store| {
            let request = admit_for(&phone_number(round)).client(client(u8::try_from(n).unwrap())).build();
            async move { store.admit(request, T0).await.unwrap() }
        })
        .await;
        assert_eq!(count(&answers, |answer| matches!(answer, Admission::Send { .. })), 1);
        let too_soon =
            |answer: &Admission| matches!(answer, Admission::Refused { reason: Refusal::ResendTooSoon, .. });
        assert_eq!(count(&answers, too_soon), 59);
    }
}

/// A key is claimed over all phones; who waited for the claim sees whose it has become.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn one_key_for_many_phones_at_several_instances_sends_one() {
    let url = database().await;
    let instances = instances(&url).await;
    for round in 0..20 {
        let answers = together(&instances, 30, |n, store| {
            let phone = phone_number(round * 100 + u32::try_from(n).unwrap());
            let request = admit_for(&phone).idempotency(&format!("k{round}"), &format!("body {n}")).build();
            async move { store.admit(request, T0).await.unwrap() }
        })
        .await;
        assert_eq!(count(&answers, |answer| matches!(answer, Admission::Send { .. })), 1, "round {round}");
        assert_eq!(count(&answers, |answer| matches!(answer, Admission::Conflict)), 29);
    }
}

/// The first charge of a budget finds no row that could be locked, and neither does the first event of a large one.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_shared_budget_is_exact_over_all_instances() {
    let url = database().await;
    let instances = instances(&url).await;
    let hour = Duration::from_secs(3_600);
    let mut phones = 0;
    for max in [1, 7, 50, 1_024, 1_100] {
        let budget = Budget::new(format!("all/{max}"), Rate::new(max, hour));
        let requests = usize::try_from(max).unwrap() + 30;
        let first = phones;
        phones += u32::try_from(requests).unwrap();
        let answers = together(&instances, requests, |n, store| {
            let phone = phone_number(first + u32::try_from(n).unwrap());
            let request = admit_for(&phone).shared([budget.clone()]).build();
            async move { store.admit(request, T0).await.unwrap() }
        })
        .await;
        let sent = count(&answers, |answer| matches!(answer, Admission::Send { .. }));
        assert_eq!(sent, usize::try_from(max).unwrap(), "of {max}");
    }
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_otp_budget_events").await, 1_100);

    // A smaller limit from one day to the next, and a larger one again.
    let small = Budget::new("all/1100", Rate::new(5, hour));
    let refused = |answer| matches!(answer, Admission::Refused { reason: Refusal::SharedBudget, .. });
    let request = |budget: &Budget| admit_for(&sample_phone()).quick().shared([budget.clone()]).build();
    assert!(refused(instances[0].admit(request(&small), at(10)).await.unwrap()));
    assert!(!refused(instances[0].admit(request(&small), at(3_600)).await.unwrap()));
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_otp_budget_events").await, 0);
    let large = Budget::new("all/1100", Rate::new(1_100, hour));
    assert!(!refused(instances[1].admit(request(&large), at(3_610)).await.unwrap()));
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_otp_budget_events").await, 6);
}

/// A receipt that comes while its message is being made known is never left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn no_receipt_is_left_behind() {
    let url = database().await;
    let instances = instances(&url).await;
    let mut sends = Vec::new();
    for n in 0..100 {
        sends.push(given(&instances[0], n, T0).await);
    }
    // The second id is taught by one receipt, the other names its message by it alone.
    together(&instances, 300, |n, store| {
        let (message, state_id) = (format!("m{}", n / 3), format!("s{}", n / 3));
        let send = sends[n / 3].1.clone();
        async move {
            match n % 3 {
                0 => {
                    let message_id = Some(ProviderMessageId::new(message.as_str()));
                    let record = DeliveryRecord::new(
                        &send,
                        "fake",
                        SendOutcome::Accepted { message_id },
                        default_rules(),
                    );
                    assert!(matches!(store.record_delivery(record, at(1)).await.unwrap(), Recorded::Done));
                }
                1 => {
                    let taught = receipt("fake", Some(&message), Some(&state_id), DeliveryState::Sent);
                    store.record_receipt(taught, at(1)).await.unwrap();
                }
                _ => {
                    let by_second = receipt("fake", None, Some(&state_id), DeliveryState::Delivered);
                    store.record_receipt(by_second, at(1)).await.unwrap();
                }
            }
        }
    })
    .await;
    assert_eq!(number(&url, "SELECT count(*) FROM wartel_otp_receipts").await, 0);
    for (id, _) in sends {
        let read = OtpStore::get(&instances[2], &TenantId::default(), &Target::Id(id), at(2)).await.unwrap();
        assert_eq!(read.unwrap().view.unwrap().delivery, DeliveryState::Delivered);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn workers_of_several_instances_lease_each_send_once() {
    let url = database().await;
    let instances = instances(&url).await;
    for n in 0..60 {
        given(&instances[0], n, T0).await;
    }
    let mut leased = Vec::new();
    // A worker passes over what another one has locked just then, and finds it the next time.
    for _ in 0..20 {
        let found = together(&instances, 9, |_, store| async move {
            OtpStore::lease_due(&store, 5, &default_rules(), at(30)).await.unwrap()
        });
        leased.extend(found.await.into_iter().flatten());
    }
    assert_eq!(leased.len(), 60);
    assert_eq!(leased.iter().map(|send| send.send).collect::<HashSet<_>>().len(), 60);
}

/// Every verb on few phones, with budgets that all share, in random order at all instances: nobody waits in a circle,
/// nothing fails, and no promise is broken.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_tangle_of_phones_and_budgets_has_no_deadlock() {
    let url = database().await;
    let instances = instances(&url).await;
    let deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()";
    let before = number(&url, deadlocks).await;
    let minute = Duration::from_secs(60);
    together(&instances, 48, |task, store| async move {
        let mut random = u64::try_from(task).unwrap() * 7_919 + 1;
        let mut below = |n: u64| {
            // xorshift64: the same on every run.
            random ^= random << 13;
            random ^= random >> 7;
            random ^= random << 17;
            random % n
        };
        let mut last: Option<(VerificationId, LeasedSend)> = None;
        for round in 0..60_u64 {
            let now = at(round * 61);
            let phone = phone_number(u32::try_from(below(12)).unwrap());
            let from = below(4);
            let budgets = [
                Budget::new(format!("ip/{from}"), Rate::new(20, minute)),
                Budget::new("all", Rate::new(300, minute)),
            ];
            match below(10) {
                0..=3 => {
                    let request = admit_for(&phone)
                        .quick()
                        .client(client(u8::try_from(from).unwrap()))
                        .shared(budgets.clone())
                        .refusals([Budget::new(format!("refused/{from}"), Rate::new(5, minute))]);
                    if let Admission::Send { view, send, .. } =
                        store.admit(request.build(), now).await.unwrap()
                    {
                        last = Some((view.id, send));
                    }
                }
                4 => {
                    let Some((_, send)) = &last else { continue };
                    let outcome = match below(2) {
                        0 => SendOutcome::Refused,
                        _ => SendOutcome::Accepted {
                            message_id: Some(ProviderMessageId::new(format!("m{}", below(30)))),
                        },
                    };
                    let record = DeliveryRecord::new(send, "fake", outcome, default_rules());
                    store.record_delivery(record, now).await.unwrap();
                }
                5 => {
                    let (message, state_id) = (format!("m{}", below(30)), format!("s{}", below(30)));
                    let state_id = (below(2) == 0).then_some(state_id.as_str());
                    let news = receipt("fake", Some(&message), state_id, DeliveryState::Sent);
                    store.record_receipt(news, now).await.unwrap();
                }
                6 | 7 => {
                    let target = match &last {
                        Some((id, _)) if below(2) == 0 => Target::Id(*id),
                        _ => by_phone(&phone, Purpose::REGISTRATION, None),
                    };
                    let read = OtpStore::get(&store, &TenantId::default(), &target, now).await.unwrap();
                    let live = read.and_then(|snapshot| snapshot.live).map(|live| live.id);
                    let check = attempt(target, live, below(2) == 0);
                    let proof = check.proof_hash.clone();
                    if let AttemptOutcome::Approved { .. } = store.attempt(check, now).await.unwrap() {
                        // Somebody else may have had the phone forgotten meanwhile.
                        store.redeem(redeem(&proof, "user"), now).await.unwrap();
                    }
                }
                8 => {
                    let Some((id, _)) = &last else { continue };
                    store.cancel(&TenantId::default(), *id, now).await.unwrap();
                    store.forget(&TenantId::default(), &phone, now).await.unwrap();
                }
                _ => {
                    OtpStore::lease_due(&store, 5, &default_rules(), now).await.unwrap();
                    OtpStore::purge(&store, &default_rules(), 5, now + minute * 2_000).await.unwrap();
                }
            }
        }
    })
    .await;
    // The server gathers its figures when a session ends.
    for instance in instances {
        instance.close().await;
    }
    assert_eq!(number(&url, deadlocks).await - before, 0);
}

/// What one instance answered, another one sees at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn every_instance_sees_what_any_has_answered() {
    let url = database().await;
    let instances = instances(&url).await;
    for n in 0..50 {
        let [one, two, three] = [0, 1, 2].map(|step| &instances[(n + step) % INSTANCES]);
        let (id, _) = given(one, u32::try_from(n).unwrap(), T0).await;
        let live = live(two, id, T0).await;
        let check = attempt(Target::Id(id), Some(live), true);
        let proof = check.proof_hash.clone();
        assert!(matches!(three.attempt(check, at(1)).await.unwrap(), AttemptOutcome::Approved { .. }));
        assert!(matches!(one.redeem(redeem(&proof, "user"), at(2)).await.unwrap(), Redemption::Phone(_)));
        let read = OtpStore::get(two, &TenantId::default(), &Target::Id(id), at(2)).await.unwrap();
        assert_eq!(read.unwrap().view.unwrap().state, VerificationState::Approved);
    }
}
