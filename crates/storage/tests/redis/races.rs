//! Several instances on one server, at once.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Barrier;
use tokio::task::JoinSet;
use wartel_core::TenantId;
use wartel_messaging::{DeliveryState, ProviderMessageId};
use wartel_otp::store::{
    Admission, AttemptOutcome, DeliveryRecord, Redemption, Refusal, SendOutcome, Target,
};
use wartel_otp::testing::{
    T0, admit_for, attempt, client, default_rules, phone_number, receipt, redeem, sample_phone,
};
use wartel_otp::{Budget, OtpStore, Rate, VerificationState};
use wartel_storage::RedisStores;

use super::support::{at, connection, database, given, keys, live, rounds, stores};

const INSTANCES: usize = 3;

async fn instances() -> Vec<RedisStores> {
    let (url, tag) = database().await;
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(stores(&url, &tag).await);
    }
    instances
}

/// Runs `count` tasks that all begin together, spread over the instances, and gathers what they answer.
async fn together<T, F>(
    instances: &[RedisStores],
    count: usize,
    task: impl Fn(usize, RedisStores) -> F,
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

fn is_approved(outcome: &AttemptOutcome) -> bool {
    matches!(outcome, AttemptOutcome::Approved { .. })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn of_a_thousand_right_codes_at_several_instances_one_is_approved() {
    let instances = instances().await;
    for round in 0..rounds(5) {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[1], id, T0).await;
        let outcomes = together(&instances, 1_000, |_, store| {
            let check = attempt(Target::Id(id), Some(live), true);
            async move { store.attempt(check, at(1)).await.unwrap() }
        })
        .await;
        assert_eq!(count(&outcomes, is_approved), 1);
        assert_eq!(count(&outcomes, |outcome| *outcome == AttemptOutcome::NoActiveCode), 999);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn of_a_thousand_wrong_codes_at_several_instances_five_count() {
    let instances = instances().await;
    for round in 0..rounds(3) {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[1], id, T0).await;
        let outcomes = together(&instances, 1_000, |_, store| {
            let check = attempt(Target::Id(id), Some(live), false);
            async move { store.attempt(check, at(1)).await.unwrap() }
        })
        .await;
        for left in 0..5 {
            let counted =
                |outcome: &AttemptOutcome| *outcome == AttemptOutcome::Mismatch { attempts_left: left };
            assert_eq!(count(&outcomes, counted), 1, "{left} left");
        }
        assert_eq!(count(&outcomes, |outcome| matches!(outcome, AttemptOutcome::Locked { .. })), 995);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_right_code_beside_a_wrong_one_always_wins() {
    let instances = instances().await;
    for round in 0..rounds(200) {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[1], id, T0).await;
        let outcomes = together(&instances, 2, |n, store| {
            let check = attempt(Target::Id(id), Some(live), n == 1);
            async move { store.attempt(check, at(1)).await.unwrap() }
        })
        .await;
        assert_eq!(count(&outcomes, is_approved), 1, "{outcomes:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn of_many_first_requests_one_is_sent() {
    let instances = instances().await;
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

/// Also when the clocks of the instances differ a little, so that events come out of order.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_shared_budget_is_exact_over_all_instances() {
    let (url, tag) = database().await;
    let mut instances = Vec::new();
    for _ in 0..INSTANCES {
        instances.push(stores(&url, &tag).await);
    }
    let hour = Duration::from_secs(3_600);
    let mut phones = 0;
    for (max, skew) in [(1, 0), (7, 40), (50, 0), (300, 1_000), (300, 7)] {
        let budget = Budget::new(format!("all/{max}/{skew}"), Rate::new(max, hour));
        let requests = usize::try_from(max).unwrap() + 30;
        let first = phones;
        phones += u32::try_from(requests).unwrap();
        let answers = together(&instances, requests, |n, store| {
            let phone = phone_number(first + u32::try_from(n).unwrap());
            let request = admit_for(&phone).shared([budget.clone()]).build();
            let late = Duration::from_micros(skew * (u64::try_from(n).unwrap() % 3));
            async move { store.admit(request, T0 + late).await.unwrap() }
        })
        .await;
        let sent = count(&answers, |answer| matches!(answer, Admission::Send { .. }));
        assert_eq!(sent, usize::try_from(max).unwrap(), "of {max}");
        // In order, and not more than are needed.
        let mut direct = connection(&url).await;
        let key = format!("{{{tag}}}:b:all/{max}/{skew}");
        let events: Vec<i64> =
            redis::cmd("LRANGE").arg(&key).arg(0).arg(-1).query_async(&mut direct).await.unwrap();
        assert_eq!(events.len(), usize::try_from(max).unwrap());
        assert!(events.is_sorted(), "{events:?}");
    }

    // A smaller limit from one day to the next.
    let small = Budget::new("all/300/7", Rate::new(5, hour));
    let refused = |answer| matches!(answer, Admission::Refused { reason: Refusal::SharedBudget, .. });
    let request = |budget: &Budget| admit_for(&sample_phone()).quick().shared([budget.clone()]).build();
    assert!(refused(instances[0].admit(request(&small), at(10)).await.unwrap()));
    assert!(!refused(instances[0].admit(request(&small), at(3_601)).await.unwrap()));
    let mut direct = connection(&url).await;
    let kept: usize =
        redis::cmd("LLEN").arg(format!("{{{tag}}}:b:all/300/7")).query_async(&mut direct).await.unwrap();
    assert_eq!(kept, 5);
}

/// A clock that stepped back an hour renews nothing, whoever's it is.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_clock_that_steps_back_renews_no_budget() {
    let instances = instances().await;
    let hour = Duration::from_secs(3_600);
    let budget = Budget::new("all", Rate::new(2, hour));
    let ask = |n: u32| admit_for(&phone_number(n)).shared([budget.clone()]).build();
    let sent = |answer| matches!(answer, Admission::Send { .. });
    assert!(sent(instances[0].admit(ask(1), T0 + hour).await.unwrap()));
    assert!(sent(instances[1].admit(ask(2), T0).await.unwrap()));
    // The second one counts as if it had been at the first one's time.
    assert!(!sent(instances[2].admit(ask(3), T0 + hour + hour - Duration::from_micros(1)).await.unwrap()));
    assert!(sent(instances[2].admit(ask(3), T0 + hour + hour).await.unwrap()));
}

/// A receipt that comes while its message is being made known is never left behind.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn receipts_that_meet_their_message_are_not_lost() {
    let (url, tag) = database().await;
    let one = stores(&url, &tag).await;
    let instances = [one.clone(), stores(&url, &tag).await];
    for round in 0..rounds(100) {
        let (id, send) = given(&one, round, T0).await;
        let message = format!("m{round}");
        together(&instances, 4, |n, store| {
            let (send, message) = (send.clone(), message.clone());
            async move {
                if n == 0 {
                    let message_id = Some(ProviderMessageId::new(message));
                    let record = DeliveryRecord::new(
                        &send,
                        "fake",
                        SendOutcome::Accepted { message_id },
                        default_rules(),
                    );
                    store.record_delivery(record, at(1)).await.unwrap();
                } else {
                    let state = [DeliveryState::Sent, DeliveryState::Delivered, DeliveryState::Read][n - 1];
                    store.record_receipt(receipt("fake", Some(&message), None, state), at(1)).await.unwrap();
                }
            }
        })
        .await;
        let read = OtpStore::get(&one, &TenantId::default(), &Target::Id(id), at(2)).await.unwrap().unwrap();
        assert_eq!(read.view.unwrap().delivery, DeliveryState::Read);
    }
    let left = keys(&mut connection(&url).await, &tag).await;
    assert!(!left.iter().any(|key| key.contains("}:r:")), "a receipt waits for a message that is known");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_proof_is_owned_by_one_over_all_instances() {
    let instances = instances().await;
    for round in 0..10 {
        let (id, _) = given(&instances[0], round, T0).await;
        let live = live(&instances[0], id, T0).await;
        let check = attempt(Target::Id(id), Some(live), true);
        let proof = check.proof_hash.clone();
        assert!(is_approved(&instances[1].attempt(check, at(1)).await.unwrap()));
        let answers = together(&instances, 60, |n, store| {
            let redeem = redeem(&proof, &format!("user-{n}"));
            async move { store.redeem(redeem, at(2)).await.unwrap() }
        })
        .await;
        assert_eq!(count(&answers, |answer| matches!(answer, Redemption::Phone(_))), 1);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn workers_of_several_instances_lease_each_send_once() {
    let instances = instances().await;
    for n in 0..100 {
        given(&instances[0], n, T0).await;
    }
    let leased = together(&instances, 12, |_, store| async move {
        OtpStore::lease_due(&store, 20, &default_rules(), at(30)).await.unwrap()
    })
    .await;
    let mut sends: Vec<_> = leased.iter().flatten().map(|send| send.send).collect();
    let rest = OtpStore::lease_due(&instances[0], 100, &default_rules(), at(30)).await.unwrap();
    sends.extend(rest.iter().map(|send| send.send));
    sends.sort_unstable();
    sends.dedup();
    assert_eq!(leased.iter().flatten().count() + rest.len(), 100);
    assert_eq!(sends.len(), 100);
}

/// What one instance answered, another one sees at once.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn every_instance_sees_what_any_has_answered() {
    let instances = instances().await;
    for n in 0..50 {
        let [one, two, three] = [0, 1, 2].map(|step| &instances[(n + step) % INSTANCES]);
        let (id, _) = given(one, u32::try_from(n).unwrap(), T0).await;
        let live = live(two, id, T0).await;
        let check = attempt(Target::Id(id), Some(live), true);
        let proof = check.proof_hash.clone();
        assert!(is_approved(&three.attempt(check, at(1)).await.unwrap()));
        assert!(matches!(one.redeem(redeem(&proof, "user"), at(2)).await.unwrap(), Redemption::Phone(_)));
        let read = OtpStore::get(two, &TenantId::default(), &Target::Id(id), at(2)).await.unwrap();
        assert_eq!(read.unwrap().view.unwrap().state, VerificationState::Approved);
    }
}
