//! Durable steps per second with 1 and 64 tasks that each wait for their answer.
//!
//! `enqueue` is one small statement, near to what the engine can do at the most; `admit` and `check` are whole steps
//! of the OTP store with all their rules and budgets (`check` reads, compares elsewhere, and spends the code).
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, missing_docs)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use criterion::{Criterion, Throughput};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wartel_core::{Country, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::outbox::{Outbox as _, OutboxEntry, OutboxEntryId};
use wartel_otp::store::{Admission, AttemptOutcome};
use wartel_otp::testing::{T0, admit_for, attempt, client};
use wartel_otp::{Budget, OtpStore as _, Purpose, Rate, store::Target};
use wartel_storage::SqliteStores;

const HOUR: Duration = Duration::from_secs(3_600);

fn main() {
    let runtime = Runtime::new().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let stores = runtime.block_on(SqliteStores::open(folder.path().join("bench.db"))).unwrap();
    // Each step has a number: its phone, its client and its instant follow from it.
    let numbers = Arc::new(AtomicU64::new(0));

    let mut criterion = Criterion::default().configure_from_args().measurement_time(Duration::from_secs(5));
    let mut group = criterion.benchmark_group("sqlite");
    group.throughput(Throughput::Elements(1)).sample_size(10);
    for tasks in [1, 64] {
        group.bench_function(format!("enqueue/{tasks}"), |bencher| {
            bencher.iter_custom(|steps| measure(&runtime, &stores, &numbers, tasks, steps, enqueue));
        });
        group.bench_function(format!("admit/{tasks}"), |bencher| {
            bencher.iter_custom(|steps| measure(&runtime, &stores, &numbers, tasks, steps, admit));
        });
        group.bench_function(format!("check/{tasks}"), |bencher| {
            bencher.iter_custom(|steps| {
                let first = numbers.load(Ordering::Relaxed);
                measure(&runtime, &stores, &numbers, 64, steps, admit);
                let admitted = Arc::new(AtomicU64::new(first));
                measure(&runtime, &stores, &admitted, tasks, steps, check)
            });
        });
    }
    group.finish();
    criterion.final_summary();
    let stats = stores.writer_stats();
    println!("{} steps in {} commits", stats.steps, stats.commits);
    runtime.block_on(stores.close());
}

/// How long `tasks` tasks take for `steps` steps together.
fn measure<F, S>(
    runtime: &Runtime,
    stores: &SqliteStores,
    numbers: &Arc<AtomicU64>,
    tasks: u64,
    steps: u64,
    step: F,
) -> Duration
where
    F: Fn(SqliteStores, u64) -> S + Copy + Send + 'static,
    S: Future<Output = ()> + Send,
{
    let end = numbers.load(Ordering::Relaxed) + steps;
    let started = Instant::now();
    runtime.block_on(async {
        let mut running = JoinSet::new();
        for _ in 0..tasks {
            let (stores, numbers) = (stores.clone(), Arc::clone(numbers));
            running.spawn(async move {
                loop {
                    let number = numbers.fetch_add(1, Ordering::Relaxed);
                    if number >= end {
                        break;
                    }
                    step(stores.clone(), number).await;
                }
            });
        }
        while let Some(ended) = running.join_next().await {
            ended.unwrap();
        }
    });
    // Each task took one number too many.
    numbers.store(end, Ordering::Relaxed);
    started.elapsed()
}

fn phone(number: u64) -> PhoneNumber {
    PhoneNumber::parse(&format!("0812{:08}", number % 100_000_000), Country::INDONESIA).unwrap()
}

/// So slow a clock that the default budgets are never spent, and their windows move.
fn instant(number: u64) -> Timestamp {
    T0 + Duration::from_millis(1_500) * u32::try_from(number).unwrap()
}

async fn enqueue(stores: SqliteStores, number: u64) {
    let text = "Selamat datang di Toko Budi! Pendaftaran Anda sudah kami terima.";
    let entry =
        OutboxEntry::text(OutboxEntryId::sequential(), TenantId::default(), phone(number), text, T0 + HOUR);
    assert!(stores.enqueue(&entry, T0).await.unwrap());
}

async fn admit(stores: SqliteStores, number: u64) {
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
        other => panic!("{other:?}"),
    }
}

async fn check(stores: SqliteStores, number: u64) {
    let target = Target::Phone { phone: phone(number), purpose: Purpose::REGISTRATION, client: None };
    let now = instant(number) + Duration::from_secs(1);
    let live = stores.get(&TenantId::default(), &target, now).await.unwrap().unwrap().live.unwrap();
    let outcome = stores.attempt(attempt(target, Some(live.id), true), now).await.unwrap();
    assert!(matches!(outcome, AttemptOutcome::Approved { .. }));
}
