//! Steps per second on Postgres, beside the least that one statement costs, in one run on one server.
//!
//! `cargo bench -p wartel-storage --features postgres,otp,messaging --bench postgres_batches -- [TASKS] [SECONDS]`
//! starts a server of its own, with `fsync` on. The floor is what an app without any rules would do: one UPSERT for
//! a code, one UPDATE … RETURNING for a check, on a pool of connections. `admit` and `attempt` are whole steps of the
//! OTP store with all their rules and budgets; `get` reads; `check` is what an engine does: read, compare elsewhere, spend.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../tests/postgres/server.rs"]
mod server;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use sqlx::Row as _;
use sqlx::postgres::{PgPool, PgPoolOptions};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wartel_core::{Country, PhoneNumber, TenantId, Timestamp};
use wartel_otp::store::{Admission, AttemptOutcome, Refusal, Target};
use wartel_otp::testing::{T0, admit_for, attempt, client};
use wartel_otp::{Budget, ChallengeId, OtpStore as _, Purpose, Rate};
use wartel_storage::PostgresStores;

const HOUR: Duration = Duration::from_secs(3_600);
const ROUNDS: u32 = 3;

/// Connections of the floor: the best of 8, 16, 32 and 64 on two cores.
const FLOOR_CONNECTIONS: u32 = 16;

const FLOOR_TABLE: &str = "CREATE TABLE floor (
    phone TEXT PRIMARY KEY, nonce TEXT NOT NULL, checks INTEGER NOT NULL, expires_at BIGINT NOT NULL)";

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let tasks = numbers.next().unwrap_or(64);
    let time = Duration::from_secs(numbers.next().unwrap_or(4));
    let server = server::Server::start();
    server.end_with_this_program();
    let url = server.url("postgres");
    let runtime = Runtime::new().unwrap();
    let (floor, stores) = runtime.block_on(async {
        let options = PgPoolOptions::new().max_connections(FLOOR_CONNECTIONS).test_before_acquire(false);
        let floor = options.connect(&url).await.unwrap();
        sqlx::raw_sql(FLOOR_TABLE).execute(&floor).await.unwrap();
        let stores = PostgresStores::connect(&url).await.unwrap();
        stores.migrate().await.unwrap();
        (floor, stores)
    });

    let mut results: BTreeMap<&str, Vec<(f64, Duration)>> = BTreeMap::new();
    let mut first = 0;
    for round in 0..=ROUNDS {
        // The first round warms up: connections, plans, caches.
        let time = if round == 0 { time / 4 } else { time };
        let mut keep = |name, measured: Measured| {
            println!("{name:>14}: {:>7.0}/s, p99 {:>6.2} ms", measured.rate, millis(measured.p99));
            if round > 0 {
                results.entry(name).or_default().push((measured.rate, measured.p99));
            }
            measured.steps
        };
        let from = floor.clone();
        let rows =
            keep("floor upsert", run(&runtime, tasks, time, None, first, move |n| upsert(from.clone(), n)));
        let (from, rows) = (floor.clone(), Some(rows));
        keep("floor update", run(&runtime, tasks, time, rows, first, move |n| update(from.clone(), n)));
        let from = stores.clone();
        let steps = keep("admit", run(&runtime, tasks, time, None, first, move |n| admit(from.clone(), n)));
        let (from, live) = (stores.clone(), Live::default());
        let known = Arc::clone(&live);
        let half = Some(steps / 2);
        keep(
            "get",
            run(&runtime, tasks, time, half, first, move |n| get(from.clone(), Arc::clone(&known), n)),
        );
        let (from, half) = (stores.clone(), Some(u64::try_from(live.lock().unwrap().len()).unwrap()));
        keep(
            "attempt",
            run(&runtime, tasks, time, half, first, move |n| spend(from.clone(), Arc::clone(&live), n)),
        );
        let (from, middle) = (stores.clone(), steps / 2);
        let rest = Some(steps - middle);
        keep("check", run(&runtime, tasks, time, rest, first + middle, move |n| check(from.clone(), n)));
        first += 10_000_000;
    }

    println!("\n{tasks} tasks, medians of {ROUNDS} rounds");
    let median = |name: &str| {
        let mut all = results[name].clone();
        all.sort_by(|one, other| one.0.total_cmp(&other.0));
        all[all.len() / 2]
    };
    for (name, beside) in [
        ("floor upsert", "floor upsert"),
        ("admit", "floor upsert"),
        ("floor update", "floor update"),
        ("attempt", "floor update"),
        ("get", "floor update"),
        ("check", "floor update"),
    ] {
        let (rate, p99) = median(name);
        let ratio = 100.0 * rate / median(beside).0;
        println!("{name:>14}: {rate:>7.0}/s, p99 {:>6.2} ms, {ratio:>4.0} % of its floor", millis(p99));
    }
    runtime.block_on(async {
        stores.close().await;
        floor.close().await;
    });
}

/// How many requests were refused.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// The live challenges that were read, by number.
type Live = Arc<Mutex<HashMap<u64, ChallengeId>>>;

struct Measured {
    rate: f64,
    p99: Duration,
    steps: u64,
}

fn millis(span: Duration) -> f64 {
    span.as_secs_f64() * 1_000.0
}

/// Runs steps in `tasks` tasks that each wait for their answer, for some time or until so many are done.
fn run<S: Future<Output = ()> + Send>(
    runtime: &Runtime,
    tasks: u64,
    time: Duration,
    most: Option<u64>,
    first: u64,
    step: impl Fn(u64) -> S + Clone + Send + 'static,
) -> Measured {
    let numbers = Arc::new(AtomicU64::new(first));
    let end = most.map_or(u64::MAX, |most| first + most);
    let started = Instant::now();
    let mut waits = runtime.block_on(async {
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let (numbers, step) = (Arc::clone(&numbers), step.clone());
            running.spawn(async move {
                let mut waits = Vec::new();
                while started.elapsed() < time {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    let begun = Instant::now();
                    step(number).await;
                    waits.push(begun.elapsed());
                }
                waits
            });
        }
        running.join_all().await.concat()
    });
    let rate = waits.len() as f64 / started.elapsed().as_secs_f64();
    waits.sort_unstable();
    let p99 = waits.get(waits.len() * 99 / 100).copied().unwrap_or_default();
    Measured { rate, p99, steps: u64::try_from(waits.len()).unwrap() }
}

fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::parse(&format!("0812{:08}", number % 100_000_000), Country::INDONESIA).unwrap()
}

/// So slow a clock that the default budgets are never spent, also if some steps overtake others, and their windows
/// move.
fn instant(number: u64) -> Timestamp {
    T0 + Duration::from_secs(3) * u32::try_from(number).unwrap()
}

async fn upsert(pool: PgPool, number: u64) {
    sqlx::query(
        "INSERT INTO floor (phone, nonce, checks, expires_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (phone) DO UPDATE SET nonce = excluded.nonce, checks = 0, expires_at = excluded.expires_at",
    )
    .bind(phone(number).e164())
    .bind(format!("{number:032x}"))
    .bind(instant(number).as_micros())
    .execute(&pool)
    .await
    .unwrap();
}

async fn update(pool: PgPool, number: u64) {
    let row = sqlx::query("UPDATE floor SET checks = checks + 1 WHERE phone = $1 RETURNING checks, nonce")
        .bind(phone(number).e164())
        .fetch_optional(&pool)
        .await
        .unwrap();
    if let Some(row) = row {
        assert!(row.get::<i32, _>(0) > 0);
    }
}

async fn admit(stores: PostgresStores, number: u64) {
    let from = u8::try_from(number % 251).unwrap();
    let hourly = Rate::new(30, HOUR);
    let request = admit_for(&phone(number))
        .client(client(from))
        .shared([
            Budget::new(format!("ip/{from}"), hourly),
            Budget::new("all", Rate::new(600, Duration::from_secs(600))),
        ])
        .refusals([Budget::new(format!("refused/{from}"), hourly)])
        .build();
    match stores.admit(request, instant(number)).await.unwrap() {
        Admission::Send { .. } => {}
        // On a busy machine a task may be held up until hundreds of later steps have filled its window.
        Admission::Refused { reason: Refusal::SharedBudget, .. } => {
            let refused = REFUSED.fetch_add(1, Ordering::Relaxed);
            assert!(refused < 100, "the budgets of this benchmark are too small");
        }
        Admission::Refused { reason, .. } => panic!("refused: {reason:?}"),
        other => panic!("no caller names a key: {other:?}"),
    }
}

fn target(number: u64) -> Target {
    Target::Phone { phone: phone(number), purpose: Purpose::REGISTRATION, client: None }
}

async fn get(stores: PostgresStores, known: Live, number: u64) {
    let now = instant(number) + Duration::from_secs(1);
    let Some(read) = stores.get(&TenantId::default(), &target(number), now).await.unwrap() else { return };
    known.lock().unwrap().insert(number, read.live.unwrap().id);
}

async fn spend(stores: PostgresStores, known: Live, number: u64) {
    let Some(live) = known.lock().unwrap().get(&number).copied() else { return };
    let now = instant(number) + Duration::from_secs(1);
    let outcome = stores.attempt(attempt(target(number), Some(live), true), now).await.unwrap();
    assert!(matches!(outcome, AttemptOutcome::Approved { .. }));
}

async fn check(stores: PostgresStores, number: u64) {
    let now = instant(number) + Duration::from_secs(1);
    let target = target(number);
    let Some(read) = stores.get(&TenantId::default(), &target, now).await.unwrap() else { return };
    let live = read.live.unwrap();
    let outcome = stores.attempt(attempt(target, Some(live.id), true), now).await.unwrap();
    assert!(matches!(outcome, AttemptOutcome::Approved { .. }));
}
