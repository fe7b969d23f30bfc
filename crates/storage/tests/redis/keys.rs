//! What stands in the server: whose keys, for how long, and nothing that a code can be found from.

use std::sync::Arc;
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Value, cmd};
use wartel_core::{Country, PhoneNumber, StoreErrorKind, TenantId};
use wartel_messaging::{DeliveryState, ProviderMessageId};
use wartel_otp::store::{Admission, AttemptOutcome, DeliveryRecord, Redemption, SendOutcome, Target};
use wartel_otp::testing::flows::{purge_all, run_flows};
use wartel_otp::testing::{
    T0, admit_for, attempt, client, default_rules, phone_number, receipt, redeem, sample_phone,
};
use wartel_otp::{Budget, OtpStore, Rate};
use wartel_storage::RedisStores;

use super::support::{at, connection, database, fresh, given, keys, live, rounds, stores};

const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// A flow with everything in it: a wrong code, receipts that come early, budgets, a proof that is redeemed, a code that
/// was refused and one that nobody used.
async fn flow(stores: &RedisStores, n: u32) {
    let phone = phone_number(n);
    let budgets =
        [Budget::new("ip", Rate::new(1_000_000, HOUR)), Budget::new("all", Rate::new(9_000_000, HOUR))];
    let request =
        admit_for(&phone).client(client(7)).shared(budgets).refusals([Budget::new("no", Rate::new(9, HOUR))]);
    let Admission::Send { view, send, .. } = stores.admit(request.build(), T0).await.unwrap() else {
        panic!("refused")
    };
    let early = receipt("fake", Some(&format!("m{n}")), Some(&format!("s{n}")), DeliveryState::Sent);
    stores.record_receipt(early, at(1)).await.unwrap();
    stores
        .record_receipt(receipt("fake", Some(&format!("lost{n}")), None, DeliveryState::Sent), at(1))
        .await
        .unwrap();
    let message_id = Some(ProviderMessageId::new(format!("m{n}")));
    let record = DeliveryRecord::new(&send, "fake", SendOutcome::Accepted { message_id }, default_rules());
    stores.record_delivery(record, at(2)).await.unwrap();
    let live = live(stores, view.id, at(3)).await;
    let wrong = stores.attempt(attempt(Target::Id(view.id), Some(live), false), at(3)).await.unwrap();
    assert_eq!(wrong, AttemptOutcome::Mismatch { attempts_left: 4 });
    let right = attempt(Target::Id(view.id), Some(live), true);
    let proof = right.proof_hash.clone();
    assert!(matches!(stores.attempt(right, at(4)).await.unwrap(), AttemptOutcome::Approved { .. }));
    assert!(matches!(stores.redeem(redeem(&proof, "user"), at(5)).await.unwrap(), Redemption::Phone(_)));
    let (_, refused) = given(stores, n, at(70)).await;
    let record = DeliveryRecord::new(&refused, "fake", SendOutcome::Refused, default_rules());
    stores.record_delivery(record, at(71)).await.unwrap();
    given(stores, n, at(140)).await;
    OtpStore::lease_due(stores, 10, &default_rules(), at(200)).await.unwrap();
}

async fn life(direct: &mut MultiplexedConnection, key: &str) -> i64 {
    cmd("PTTL").arg(key).query_async(direct).await.unwrap()
}

/// Everything goes by itself, also if nobody cleans up.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn every_key_has_its_tag_and_its_end() {
    let (url, tag) = database().await;
    let stores = stores(&url, &tag).await;
    let mut direct = connection(&url).await;
    flow(&stores, 1).await;
    let all = keys(&mut direct, &tag).await;
    let kinds = ["p:", "l:v:", "l:p:", "l:m:", "l:s:", "r:", "b:", "ends", "receipts"];
    for kind in kinds {
        let head = format!("{{{tag}}}:{kind}");
        assert!(all.iter().any(|key| key.starts_with(&head)), "no key begins with {kind}: {all:?}");
    }
    for key in &all {
        let life = life(&mut direct, key).await;
        assert!(life > 0, "{key} never ends");
        let days = life / 86_400_000;
        assert!(days <= 32, "{key} lives for {days} days");
    }
}

/// Whoever does not clean up must not lose what still counts: failed checks count for thirty days.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn failed_checks_do_not_expire_with_their_code() {
    let (url, tag) = database().await;
    let stores = stores(&url, &tag).await;
    let mut direct = connection(&url).await;
    let (id, _) = given(&stores, 1, T0).await;
    let key = format!("{{{tag}}}:p:default/{}", phone_number(1).e164());
    let before = life(&mut direct, &key).await;
    assert!((86_400_000..2 * 86_400_000).contains(&before), "{before}");
    let live = live(&stores, id, at(1)).await;
    stores.attempt(attempt(Target::Id(id), Some(live), false), at(1)).await.unwrap();
    let after = life(&mut direct, &key).await;
    assert!(after > 30 * 86_400_000, "{after}");
    // Success forgives them: then only the code is kept, for a day.
    let right = attempt(Target::Id(id), Some(live), true);
    assert!(matches!(stores.attempt(right, at(2)).await.unwrap(), AttemptOutcome::Approved { .. }));
    let forgiven = life(&mut direct, &key).await;
    assert!(forgiven < 2 * 86_400_000, "{forgiven}");
}

/// Of many flows of all kinds only the counters of failed checks are left two days after their end, and nothing at all
/// a month later. Budgets go by the server's clock alone, and do so when their window is over.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn flows_past_their_end_leave_only_counters_of_failed_checks() {
    let (url, tag) = database().await;
    let store: Arc<dyn OtpStore> = Arc::new(stores(&url, &tag).await);
    let mut direct = connection(&url).await;
    // One after the other: a flow whose sender crashed leases whatever else is under way.
    let flows = run_flows(&store, rounds(400), 1).await;
    let most = keys(&mut direct, &tag).await.len();
    let later = flows.ended_at + 2 * DAY;
    purge_all(&store, later).await;
    let (budgets, left): (Vec<_>, Vec<_>) =
        keys(&mut direct, &tag).await.into_iter().partition(|key| key.contains("}:b:"));
    assert!(!budgets.is_empty(), "the flows have no budgets");
    for key in &budgets {
        let life = Duration::from_millis(life(&mut direct, key).await.unsigned_abs());
        assert!(life <= DAY + 2 * HOUR, "{key} lives for {life:?}");
    }
    let (phones, others): (Vec<_>, Vec<_>) = left.iter().partition(|key| key.contains("}:p:"));
    assert_eq!(phones.len(), flows.phones_with_failed_checks);
    assert_eq!(others, [&format!("{{{tag}}}:ends")]);
    assert!(most > 2 * left.len(), "the flows keep nothing that could be left");
    purge_all(&store, later + 30 * DAY).await;
    assert_eq!(keys(&mut direct, &tag).await, budgets);
}

/// Neither a code nor a proof, nor anything that either can be tried against.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_dump_holds_no_code() {
    use wartel_messaging::testing::FakeProvider;
    use wartel_otp::{Check, OtpService, Purpose, Start};

    let (url, tag) = database().await;
    let stores = stores(&url, &tag).await;
    let provider = FakeProvider::default();
    let secret = wartel_core::MasterKey::generate().unwrap();
    let (otp, _worker) = OtpService::builder(secret)
        .app_name("Toko Budi")
        .provider(Arc::new(provider.clone()))
        .store(Arc::new(stores))
        .build()
        .unwrap();
    let mut secrets = Vec::new();
    for n in 0..50 {
        let phone = PhoneNumber::parse(&format!("0813222{n:05}"), Country::INDONESIA).unwrap();
        let started = otp.start(Start::new(phone.clone(), Purpose::REGISTRATION)).await.unwrap();
        let code = provider.last_code(&phone).unwrap();
        if n % 2 == 0 {
            let Check::Approved(proof) = otp.check(started.id, &code).await.unwrap() else {
                panic!("refused")
            };
            secrets.push(proof.expose().to_owned());
        }
        secrets.push(code);
    }
    let mut direct = connection(&url).await;
    let mut dump = String::new();
    for key in keys(&mut direct, &tag).await {
        let kind: String = cmd("TYPE").arg(&key).query_async(&mut direct).await.unwrap();
        let value: Value = match kind.as_str() {
            "string" => cmd("GET").arg(&key).query_async(&mut direct).await.unwrap(),
            "list" => cmd("LRANGE").arg(&key).arg(0).arg(-1).query_async(&mut direct).await.unwrap(),
            _ => cmd("ZRANGE").arg(&key).arg(0).arg(-1).query_async(&mut direct).await.unwrap(),
        };
        dump.push_str(&key);
        push_text(&value, &mut dump);
        dump.push('\n');
    }
    assert!(dump.contains("+62813222"), "the dump is empty");
    // Digits of six stand in instants, numbers and random ids by chance; a code would stand alone.
    for secret in secrets {
        let alone = dump.match_indices(secret.as_str()).any(|(at, found)| {
            let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
            !word(dump[..at].chars().next_back()) && !word(dump[at + found.len()..].chars().next())
        });
        assert!(!alone, "a secret is stored");
    }
}

fn push_text(value: &Value, to: &mut String) {
    match value {
        Value::BulkString(bytes) => to.push_str(&format!(" {}", String::from_utf8_lossy(bytes))),
        Value::Array(values) => values.iter().for_each(|value| push_text(value, to)),
        other => to.push_str(&format!(" {other:?}")),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn installations_with_other_tags_do_not_see_each_other() {
    let (url, tag) = database().await;
    let one = stores(&url, &tag).await;
    let other = one.clone().with_tag(&format!("{tag}-other")).unwrap();
    let (id, _) = given(&one, 1, T0).await;
    assert!(OtpStore::get(&other, &TenantId::default(), &Target::Id(id), T0).await.unwrap().is_none());
    given(&other, 1, T0).await;
    for bad in ["", "a}b", "{a", "a b", "ü", &"a".repeat(65)] {
        let error = one.clone().with_tag(bad).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Unexpected, "{bad}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_damaged_document_is_an_error_and_not_an_empty_phone() {
    let (url, tag) = database().await;
    let stores = stores(&url, &tag).await;
    let mut direct = connection(&url).await;
    given(&stores, 67_890, T0).await;
    given(&stores, 1, T0).await;
    let key = format!("{{{tag}}}:p:default/{}", sample_phone().e164());
    let document: Vec<u8> = cmd("GETRANGE").arg(&key).arg(0).arg(60).query_async(&mut direct).await.unwrap();
    let () = cmd("SET").arg(&key).arg(document).query_async(&mut direct).await.unwrap();
    let error = stores.admit(admit_for(&sample_phone()).build(), T0).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(!format!("{error:?}").contains("81234567890"));
    // Others are served: new ones, and those that the worker looks for, also one by one.
    given(&stores, 2, at(1)).await;
    for _ in 0..2 {
        assert_eq!(OtpStore::lease_due(&stores, 1, &default_rules(), at(40)).await.unwrap().len(), 1);
    }
    assert!(OtpStore::lease_due(&stores, 10, &default_rules(), at(40)).await.unwrap().is_empty());
    let late = T0 + 40 * DAY;
    assert_eq!(OtpStore::purge(&stores, &default_rules(), 10, late).await.unwrap(), 2);
    assert_eq!(OtpStore::purge(&stores, &default_rules(), 10, late).await.unwrap(), 0);
}

/// Somebody else's value under a name of ours fails the step before anything is written.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_value_of_another_kind_fails_the_whole_step() {
    for name in ["p:default/+6281234567890", "b:all", "ends"] {
        let (url, tag) = database().await;
        let stores = stores(&url, &tag).await;
        let mut direct = connection(&url).await;
        let () = cmd("HSET")
            .arg(format!("{{{tag}}}:{name}"))
            .arg("a")
            .arg("b")
            .query_async(&mut direct)
            .await
            .unwrap();
        let budget = Budget::new("all", Rate::new(9, HOUR));
        let error = stores.admit(admit_for(&sample_phone()).shared([budget]).build(), T0).await.unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Corrupt, "{name}");
        assert_eq!(keys(&mut direct, &tag).await.len(), 1, "{name}");
    }
}

/// Ids of messages come from outside, with whatever is in them.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn strange_ids_of_messages_are_kept_and_found() {
    let stores = fresh().await;
    let ids = ["\r\nFLUSHALL\r\n".to_owned(), "a\0b".to_owned(), "ü{}".repeat(40_000)];
    for (n, id) in (0..).zip(ids) {
        let (verification, send) = given(&stores, n, T0).await;
        let early = receipt("fake", Some(&id), None, DeliveryState::Sent);
        assert!(!stores.record_receipt(early.clone(), at(1)).await.unwrap());
        // The same again is kept once.
        assert!(!stores.record_receipt(early, at(1)).await.unwrap());
        let outcome = SendOutcome::Accepted { message_id: Some(ProviderMessageId::new(id.as_str())) };
        stores
            .record_delivery(DeliveryRecord::new(&send, "fake", outcome, default_rules()), at(2))
            .await
            .unwrap();
        let late = receipt("fake", Some(&id), None, DeliveryState::Read);
        assert!(stores.record_receipt(late, at(3)).await.unwrap());
        let read =
            OtpStore::get(&stores, &TenantId::default(), &Target::Id(verification), at(3)).await.unwrap();
        assert_eq!(read.unwrap().view.unwrap().delivery, DeliveryState::Read);
    }
}
