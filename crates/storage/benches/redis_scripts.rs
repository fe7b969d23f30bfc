//! Steps per second on Redis, beside the least that one script costs, in one run on one server.
//!
//! `cargo bench -p wartel-storage --features redis,otp --bench redis_scripts -- [TASKS] [SECONDS]` starts a server of
//! its own, with its append-only file on. The floor is what an app without any rules would do: one script that keeps a
//! code with its end, one script that counts a check and reads, on one shared connection. `admit` and `attempt` are
//! whole steps of the OTP store with all their rules and budgets; `get` reads; `check` is what an engine does: read,
//! compare elsewhere, spend; `sent` records that a provider took the message. Beside each stands what the server says
//! of it: how long a script took, how much of its processor a step needed, and how many commands each script called.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::indexing_slicing,
    missing_docs
)]

#[path = "../tests/redis/server.rs"]
mod server;

use std::collections::{BTreeMap, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Script};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use wartel_core::{Country, PhoneNumber, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_otp::store::{
    Admission, AttemptOutcome, DeliveryRecord, LeasedSend, Refusal, SendOutcome, Target,
};
use wartel_otp::testing::{T0, admit_for, attempt, client, default_rules};
use wartel_otp::{Budget, ChallengeId, OtpStore as _, Purpose, Rate};
use wartel_storage::RedisStores;

const HOUR: Duration = Duration::from_secs(3_600);
const ROUNDS: u32 = 3;

/// Keeps a code with its end.
const FLOOR_SET: &str =
    "redis.call('HSET', KEYS[1], 'nonce', ARGV[1], 'checks', 0) redis.call('PEXPIRE', KEYS[1], ARGV[2])";

/// Counts a check and reads.
const FLOOR_CHECK: &str = "local checks = redis.call('HINCRBY', KEYS[1], 'checks', 1) \
    return { checks, redis.call('HGET', KEYS[1], 'nonce') }";

fn main() {
    let mut numbers = std::env::args().skip(1).filter_map(|argument| argument.parse::<u64>().ok());
    let tasks = numbers.next().unwrap_or(64);
    let time = Duration::from_secs(numbers.next().unwrap_or(4));
    let server = server::Server::start();
    server.end_with_this_program();
    let url = server.url();
    let runtime = Runtime::new().unwrap();
    let (floor, stores) = runtime.block_on(async {
        let config = AsyncConnectionConfig::new().set_pipeline_buffer_size(1_024);
        let client = Client::open(url.as_str()).unwrap();
        let connection = client.get_multiplexed_async_connection_with_config(&config).await.unwrap();
        let [set, check] = [FLOOR_SET, FLOOR_CHECK].map(|text| Arc::new(Script::new(text)));
        set.load_async(&mut connection.clone()).await.unwrap();
        check.load_async(&mut connection.clone()).await.unwrap();
        (Floor { connection, set, check }, RedisStores::connect(&url).await.unwrap())
    });

    let mut results: BTreeMap<&str, Vec<(f64, Duration)>> = BTreeMap::new();
    let mut first = 0;
    for round in 0..=ROUNDS {
        // The first round warms up: the connections, the server's memory.
        let time = if round == 0 { time / 4 } else { time };
        let mut before = runtime.block_on(Server::asked(&url));
        let mut keep = |name, measured: Measured| {
            let after = runtime.block_on(Server::asked(&url));
            let server = after.since(&before, measured.steps);
            before = after;
            println!("{name:>14}: {:>7.0}/s, p99 {:>6.2} ms; {server}", measured.rate, millis(measured.p99));
            if round > 0 {
                results.entry(name).or_default().push((measured.rate, measured.p99));
            }
            measured.steps
        };
        let from = floor.clone();
        let rows = keep("floor set", run(&runtime, tasks, time, None, first, move |n| set(from.clone(), n)));
        let (from, rows) = (floor.clone(), Some(rows));
        keep("floor check", run(&runtime, tasks, time, rows, first, move |n| floor_check(from.clone(), n)));
        let (from, sends) = (stores.clone(), Sends::default());
        let asked = Arc::clone(&sends);
        let steps = keep(
            "admit",
            run(&runtime, tasks, time, None, first, move |n| admit(from.clone(), Arc::clone(&asked), n)),
        );
        let (from, sends, half) = (stores.clone(), Arc::clone(&sends), Some(steps / 2));
        keep(
            "sent",
            run(&runtime, tasks, time, half, first, move |n| sent(from.clone(), Arc::clone(&sends), n)),
        );
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
        ("floor set", "floor set"),
        ("admit", "floor set"),
        ("floor check", "floor check"),
        ("attempt", "floor check"),
        ("sent", "floor set"),
        ("get", "floor check"),
        ("check", "floor check"),
    ] {
        let (rate, p99) = median(name);
        let ratio = 100.0 * rate / median(beside).0;
        println!("{name:>14}: {rate:>7.0}/s, p99 {:>6.2} ms, {ratio:>4.0} % of its floor", millis(p99));
    }
}

/// The connection of the floor, with its scripts.
#[derive(Clone)]
struct Floor {
    connection: MultiplexedConnection,
    set: Arc<Script>,
    check: Arc<Script>,
}

/// How many requests were refused.
static REFUSED: AtomicU64 = AtomicU64::new(0);

/// The live challenges that were read, by number.
type Live = Arc<Mutex<HashMap<u64, ChallengeId>>>;

/// The sends that were leased, by number.
type Sends = Arc<Mutex<HashMap<u64, LeasedSend>>>;

/// What the server tells of its work so far.
#[derive(Default)]
struct Server {
    /// How many scripts ran, and for how many microseconds.
    scripts: (f64, f64),
    /// How many commands there were, those that scripts called among them.
    commands: f64,
    /// How long its main thread has worked, in microseconds.
    busy: f64,
}

/// The work for one step.
struct Cost {
    script: f64,
    busy: f64,
    commands: f64,
}

impl Server {
    async fn asked(url: &str) -> Self {
        let client = Client::open(url).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let mut info = redis::cmd("INFO");
        let text: String = info.arg("commandstats").arg("cpu").query_async(&mut connection).await.unwrap();
        let mut server = Self::default();
        for line in text.lines() {
            let Some((name, value)) = line.split_once(':') else { continue };
            if name.ends_with("_main_thread") {
                server.busy += value.trim().parse::<f64>().unwrap() * 1e6;
            } else if name.starts_with("cmdstat_") {
                let numbers: Vec<f64> =
                    value.split([',', '=']).filter_map(|part| part.trim().parse().ok()).collect();
                server.commands += numbers[0];
                if name == "cmdstat_evalsha" {
                    server.scripts = (numbers[0], numbers[1]);
                }
            }
        }
        server
    }

    fn since(&self, before: &Self, steps: u64) -> Cost {
        let scripts = (self.scripts.0 - before.scripts.0).max(1.0);
        let each = |all: f64| all / steps as f64;
        Cost {
            script: (self.scripts.1 - before.scripts.1) / scripts,
            busy: each(self.busy - before.busy),
            commands: each(self.commands - before.commands),
        }
    }
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { script, busy, commands } = self;
        write!(f, "{script:>5.1} µs a script, {busy:>5.1} µs and {commands:>4.1} commands a step")
    }
}

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

async fn set(mut floor: Floor, number: u64) {
    let mut call = floor.set.key(format!("floor:{}", phone(number).e164()));
    call.arg(format!("{number:032x}")).arg(600_000);
    let () = call.invoke_async(&mut floor.connection).await.unwrap();
}

async fn floor_check(mut floor: Floor, number: u64) {
    let call = floor.check.key(format!("floor:{}", phone(number).e164()));
    let (checks, _nonce): (u32, Option<String>) = call.invoke_async(&mut floor.connection).await.unwrap();
    assert!(checks > 0);
}

async fn admit(stores: RedisStores, sends: Sends, number: u64) {
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
        Admission::Send { send, .. } => {
            sends.lock().unwrap().insert(number, send);
        }
        // On a busy machine a task may be held up until hundreds of later steps have filled its window.
        Admission::Refused { reason: Refusal::SharedBudget, .. } => {
            let refused = REFUSED.fetch_add(1, Ordering::Relaxed);
            assert!(refused < 100, "the budgets of this benchmark are too small");
        }
        other => panic!("{other:?}"),
    }
}

async fn sent(stores: RedisStores, sends: Sends, number: u64) {
    let Some(send) = sends.lock().unwrap().remove(&number) else { return };
    let outcome = SendOutcome::Accepted { message_id: Some(ProviderMessageId::new(format!("m{number}"))) };
    let record = DeliveryRecord::new(&send, "fake", outcome, default_rules());
    stores.record_delivery(record, instant(number)).await.unwrap();
}

fn target(number: u64) -> Target {
    Target::Phone { phone: phone(number), purpose: Purpose::REGISTRATION, client: None }
}

async fn get(stores: RedisStores, known: Live, number: u64) {
    let now = instant(number) + Duration::from_secs(1);
    let Some(read) = stores.get(&TenantId::default(), &target(number), now).await.unwrap() else { return };
    known.lock().unwrap().insert(number, read.live.unwrap().id);
}

async fn spend(stores: RedisStores, known: Live, number: u64) {
    let Some(live) = known.lock().unwrap().get(&number).copied() else { return };
    let now = instant(number) + Duration::from_secs(1);
    let outcome = stores.attempt(attempt(target(number), Some(live), true), now).await.unwrap();
    assert!(matches!(outcome, AttemptOutcome::Approved { .. }));
}

async fn check(stores: RedisStores, number: u64) {
    let now = instant(number) + Duration::from_secs(1);
    let target = target(number);
    let Some(read) = stores.get(&TenantId::default(), &target, now).await.unwrap() else { return };
    let live = read.live.unwrap();
    let outcome = stores.attempt(attempt(target, Some(live.id), true), now).await.unwrap();
    assert!(matches!(outcome, AttemptOutcome::Approved { .. }));
}
