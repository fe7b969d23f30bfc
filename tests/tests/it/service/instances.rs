//! Three processes on one store: what one of them knows, all know, and no race is won twice.

use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinSet;
use wartel_sandbox::{Endpoint, Fault};
use wartel_tests::flows::{Answer, Api, wrong};
use wartel_tests::process::Service;

use super::store::Store;
use super::{DIGITS, PHONE, Stage, stage_on};
use crate::races::{Rounds, Seen, Tally, rounds};

const AT_ONCE: usize = 1_000;

/// Three instances, of which the first is the stage's.
struct Trio {
    stage: Stage,
    apis: Vec<Api>,
    /// Kept alive.
    _others: [Service; 2],
}

async fn trio(store: Store) -> Trio {
    let stage = stage_on(store, &[("RUST_LOG", "warn")]).await;
    let others = [stage.another(), stage.another()];
    let mut apis = vec![stage.api.clone()];
    apis.extend(others.iter().map(|service| Api::new(service.base())));
    Trio { stage, apis, _others: others }
}

impl Trio {
    /// Asks one of the instances for a code; answers the verification's id and the code.
    async fn started(&self, round: usize) -> (String, String) {
        let api = &self.apis[round % 3];
        let asked = api.request_otp(&format!("08123{round:07}"), "Test User").await.unwrap();
        assert!(matches!(asked.status.as_u16(), 200 | 202), "{}", asked.body);
        let code = self.stage.code(&format!("628123{round:07}")).await;
        (asked.text("/data/verification_id"), code)
    }

    /// Checks each of `codes` at the same moment, at all instances in turn. Whoever is told to come back, because a
    /// busy machine did not get through with all of them in time, asks again.
    async fn check_all(&self, id: &str, codes: impl IntoIterator<Item = String>) -> (Tally, Vec<Answer>) {
        let mut checks = JoinSet::new();
        for (n, code) in codes.into_iter().enumerate() {
            let api = self.apis[n % 3].clone();
            let body = json!({"verification_id": id, "otp": code});
            checks.spawn(async move {
                let mut late = 0;
                loop {
                    assert!(late < 20, "it never has time");
                    late += 1;
                    match api.post("/api/registrations/public/verify-otp", &body).await {
                        Ok(answer) if answer.status == 503 => {
                            assert!(answer.retry_after.is_some(), "{}", answer.body);
                        }
                        Ok(answer) => return (answer, late - 1),
                        // The service closes connections on which nothing was said for 10 s.
                        Err(error) => assert!(error.is_request(), "{error:?}"),
                    }
                }
            });
        }
        let mut tally = Tally::default();
        let mut answers = Vec::new();
        while let Some(answer) = checks.join_next().await {
            let (answer, late) = answer.unwrap();
            tally.late += late;
            match answer.status.as_u16() {
                200 => tally.approved += 1,
                422 => tally.wrong += 1,
                429 => tally.locked += 1,
                410 => tally.none += 1,
                other => panic!("verify-otp answered {other}: {}", answer.body),
            }
            answers.push(answer);
        }
        (tally, answers)
    }
}

/// A thousand right codes at once, at three processes: one succeeds, and its proof is the only one.
async fn one_right_code_succeeds(trio: Trio, usual: usize) {
    let (mut registered, mut rounds) = (0, Rounds::new(usual));
    while let Some(round) = rounds.next() {
        let (id, code) = trio.started(round).await;
        let (tally, answers) = trio.check_all(&id, std::iter::repeat_n(code, AT_ONCE)).await;
        let seen = tally.of_right_codes();
        rounds.note(seen, &tally);
        if seen == Seen::Hidden {
            // The one that succeeded is among those that were told too late.
            let seen = trio.apis[0].get(&format!("/api/verifications/{id}")).await.unwrap();
            assert_eq!(
                (seen.text("/data/state").as_str(), tally.none),
                ("approved", AT_ONCE),
                "round {round}"
            );
            continue;
        }
        registered += 1;
        // The proof is exchanged once, though all three are asked at once and many times.
        let proof = answers.iter().find(|answer| answer.status == 200).unwrap().text("/data/proof");
        let mut registrations = JoinSet::new();
        for n in 0..30 {
            let (api, proof) = (trio.apis[n % 3].clone(), proof.clone());
            registrations
                .spawn(async move { api.register(&proof, "Test User").await.unwrap().status.as_u16() });
        }
        let statuses = registrations.join_all().await;
        assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1, "{statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 201 | 409)), "{statuses:?}");
    }
    rounds.end("a thousand right codes at three processes");
    let count = "SELECT CAST(count(*) AS TEXT) FROM wartel_registration_registrations";
    assert_eq!(trio.stage.store.texts(count).await, [registered.to_string()]);
}

/// A thousand wrong codes at once, at three processes: five are counted, and each is told another number.
async fn five_wrong_codes_are_counted(trio: Trio, usual: usize) {
    let mut rounds = Rounds::new(usual);
    while let Some(round) = rounds.next() {
        let (id, code) = trio.started(round).await;
        let (tally, answers) = trio.check_all(&id, std::iter::repeat_n(wrong(&code), AT_ONCE)).await;
        rounds.note(tally.of_wrong_codes(), &tally);
        assert_eq!(tally.wrong + tally.locked, AT_ONCE, "round {round}: {tally:?}");
        let mut left: Vec<_> =
            answers.iter().filter_map(|answer| answer.body["attempts_left"].as_u64()).collect();
        let told = left.len();
        left.sort_unstable();
        left.dedup();
        assert!(left.len() == told && left.iter().all(|left| *left < 5), "round {round}: {left:?}");
        assert_eq!(trio.check_all(&id, [code]).await.0.locked, 1, "round {round}");
    }
    rounds.end("a thousand wrong codes at three processes");
}

/// A right code and a wrong one at the same moment, at two of three processes: the right one wins.
async fn the_right_code_wins(trio: Trio, usual: usize) {
    let mut rounds = Rounds::new(usual);
    while let Some(round) = rounds.next() {
        let (id, code) = trio.started(round).await;
        let mut codes = vec![wrong(&code), code];
        codes.rotate_left(round % 2);
        let (tally, _) = trio.check_all(&id, codes).await;
        rounds.note(tally.of_one_right_code(), &tally);
    }
    rounds.end("a right code and a wrong one at three processes");
}

/// Whoever asks another instance is known there: one code, one wait, one view.
async fn what_one_knows_all_know(trio: Trio) {
    let [one, two, three] = &trio.apis[..] else { panic!("three instances") };
    let asked = one.request_otp(PHONE, "Test User").await.unwrap();
    let id = asked.text("/data/verification_id");
    let code = trio.stage.code(DIGITS).await;
    let refused = two.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(refused.problem(), (429, "resend_too_soon".to_owned()));
    let seen = three.get(&format!("/api/verifications/{id}")).await.unwrap();
    assert_eq!((seen.status.as_u16(), seen.text("/data/state")), (200, "pending".to_owned()));
    let missed = two.verify_otp(PHONE, &wrong(&code)).await.unwrap();
    assert_eq!(missed.body["attempts_left"], json!(4));
    let verified = three.verify_otp(PHONE, &code).await.unwrap();
    assert_eq!(verified.status, 200, "{}", verified.body);
    let seen = one.get(&format!("/api/verifications/{id}")).await.unwrap();
    assert_eq!(seen.text("/data/state"), "approved");
    assert_eq!(two.register(&verified.text("/data/proof"), "Test User").await.unwrap().status, 201);
    assert_eq!(trio.stage.sandbox.messages_to(DIGITS).iter().filter(|m| m.text.contains(&code)).count(), 1);
    let ready = two.get("/health/ready").await.unwrap();
    assert_eq!(ready.status, 200, "{}", ready.body);
    assert_eq!(ready.body["checks"]["clock"], json!({"ok": true}), "{}", ready.body);
}

/// A message that somebody wrote is sent at once by whoever heard of it, not at the next look into the outbox: a
/// dispatcher looks every second, so that on the average a message would wait for half of one, or a sixth of one
/// with three of them.
async fn another_instance_sends_at_once(trio: Trio) {
    let Store::Postgres(url) = &trio.stage.store else { panic!("it needs Postgres") };
    // A moment in which nobody looks: the messages come one by one, each at another distance from the last look.
    let mut heard = 0;
    for n in 0..20 {
        let entry = format!(
            "INSERT INTO wartel_messaging_outbox (id, tenant, recipient, body, state, due_at, expires_at) \
             VALUES (gen_random_uuid(), 'default', '+62812999{n:05}', 'halo', 'queued', 0, {}); \
             SELECT pg_notify('wartel_outbox', '')",
            i64::MAX
        );
        super::store::execute(url, &entry).await;
        let written = Instant::now();
        let digits = format!("62812999{n:05}");
        trio.stage.sandbox.wait_for_message(&digits, Duration::from_secs(10)).await.unwrap();
        heard += usize::from(written.elapsed() < Duration::from_millis(150));
    }
    // By looking alone it would be about nine of twenty.
    assert!(heard >= 16, "{heard} of 20 were sent at once");
}

/// A provider that hangs at one instance holds no other up, and nothing is sent twice by the others' workers.
async fn nothing_is_sent_twice(trio: Trio) {
    trio.stage.sandbox.fault(Fault::slow(Duration::from_secs(3)).on(Endpoint::Send).times(1));
    let asked = trio.apis[0].request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(asked.status, 202, "{}", asked.body);
    let path = format!("/api/verifications/{}", asked.text("/data/verification_id"));
    let started = Instant::now();
    loop {
        let seen = trio.apis[1].get(&path).await.unwrap();
        if matches!(seen.text("/data/delivery").as_str(), "accepted" | "sent" | "delivered" | "read") {
            break;
        }
        assert!(started.elapsed() < Duration::from_secs(15), "{}", seen.body);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(trio.stage.sandbox.messages_to(DIGITS).len(), 1);
}

macro_rules! with_three_processes {
    ($($store:ident ($has:meta, $reason:literal, $make:expr)),+ $(,)?) => {
        $(
            mod $store {
                use super::*;

                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not($has), ignore = $reason)]
                async fn one_of_a_thousand_right_codes_succeeds() {
                    one_right_code_succeeds(trio($make.await).await, rounds(3)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not($has), ignore = $reason)]
                async fn five_of_a_thousand_wrong_codes_are_counted() {
                    five_wrong_codes_are_counted(trio($make.await).await, rounds(3)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not($has), ignore = $reason)]
                async fn a_right_code_wins_over_a_wrong_one() {
                    the_right_code_wins(trio($make.await).await, rounds(50)).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not($has), ignore = $reason)]
                async fn what_one_instance_knows_all_know() {
                    what_one_knows_all_know(trio($make.await).await).await;
                }

                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not($has), ignore = $reason)]
                async fn a_slow_provider_gets_one_message() {
                    nothing_is_sent_twice(trio($make.await).await).await;
                }
            }
        )+
    };
}

async fn redis_beside_postgres() -> Store {
    Store::postgres().await.with_redis()
}

with_three_processes!(
    on_postgres(has_postgres, "needs PostgreSQL", Store::postgres()),
    on_redis(all(has_redis, has_postgres), "needs redis-server and PostgreSQL", redis_beside_postgres()),
);

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn a_message_of_another_instance_is_heard_of_at_once() {
    another_instance_sends_at_once(trio(Store::postgres().await).await).await;
}
