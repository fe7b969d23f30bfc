//! Pairs of request and verification per second over HTTP on loopback, each store beside its floor, in one run; then
//! webhooks that are acknowledged per second, and how long that takes at a fixed rate.
//!
//! A floor is the least code that does one such operation honestly: axum, one JSON in, one store step, one JSON out,
//! no policy. Absolute figures move from machine to machine; compare the ratios.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout
)]

mod client;
mod floor;
#[cfg(any(has_postgres, has_redis))]
mod servers;
mod subject;
mod webhooks;

use std::any::Any;
use std::path::Path;
use std::time::Duration;

use client::{Figures, Load, Subject};

/// The allocator of the service; the floors have it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// One thing that is measured, and the floor that it is compared with.
struct Row {
    name: &'static str,
    floor: Option<&'static str>,
    figures: Vec<(usize, Figures)>,
    /// The most memory of this process (server and clients, without a database server) while the row was measured.
    peak_kib: Option<u64>,
}

/// What is measured, each after its floor. A store whose server is not installed here is not among them.
const ROWS: &[(&str, Option<&str>)] = &[
    ("floor: memory", None),
    ("wartel: memory", Some("floor: memory")),
    ("floor: SQLite, one writer, group commit, FULL", None),
    ("wartel: SQLite, FULL", Some("floor: SQLite, one writer, group commit, FULL")),
    #[cfg(has_postgres)]
    ("floor: Postgres, one statement", None),
    #[cfg(has_postgres)]
    ("wartel: Postgres", Some("floor: Postgres, one statement")),
    #[cfg(has_redis)]
    ("floor: Redis, one script", None),
    #[cfg(has_redis)]
    ("wartel: Redis", Some("floor: Redis, one script")),
];

/// The stores on which webhooks are acknowledged.
const WEBHOOKS: &[&str] = &[
    "webhooks: memory",
    "webhooks: SQLite, FULL",
    #[cfg(has_postgres)]
    "webhooks: Postgres",
];

/// A server for webhooks, and the database that it needs.
async fn prepare_webhooks(name: &str, path: &Path) -> (webhooks::Desk, Box<dyn Any>) {
    match name {
        "webhooks: memory" => (webhooks::memory().await, Box::new(())),
        #[cfg(has_postgres)]
        "webhooks: Postgres" => servers::postgres_inbox().await,
        _ => (webhooks::sqlite(path).await, Box::new(())),
    }
}

/// A subject and the server that it needs.
async fn prepare(name: &str, path: &Path) -> (Subject, Box<dyn Any>) {
    let alone = |subject: Subject| -> (Subject, Box<dyn Any>) { (subject, Box::new(())) };
    match name {
        "floor: memory" => alone(floor::memory().await),
        "wartel: memory" => alone(subject::memory().await),
        "wartel: SQLite, FULL" => alone(subject::sqlite(path).await),
        #[cfg(has_postgres)]
        "floor: Postgres, one statement" => servers::postgres_floor().await,
        #[cfg(has_postgres)]
        "wartel: Postgres" => servers::postgres().await,
        #[cfg(has_redis)]
        "floor: Redis, one script" => servers::redis_floor().await,
        #[cfg(has_redis)]
        "wartel: Redis" => servers::redis().await,
        _ => alone(floor::sqlite(path).await),
    }
}

#[tokio::main]
async fn main() {
    let seconds = argument("--seconds").and_then(|text| text.parse().ok()).unwrap_or(4.0);
    let clients = argument("--clients").unwrap_or_else(|| "1,16,64".to_owned());
    let clients: Vec<usize> =
        clients.split(',').map(|text| text.parse().expect("--clients 1,16,64")).collect();
    let only = argument("--only").unwrap_or_default();
    let load = Load { phase: Duration::from_secs_f64(seconds) };

    let folder = tempfile::tempdir().expect("a folder for databases");
    let mut rows = Vec::new();
    for &(name, floor) in ROWS {
        if !name.contains(&only) {
            continue;
        }
        // The kernel begins its mark of the most memory anew.
        let _ = std::fs::write("/proc/self/clear_refs", "5");
        let mut figures = Vec::new();
        for &clients in &clients {
            let path = folder.path().join(format!("{}.db", figures.len() + rows.len() * 10));
            let (subject, _server) = prepare(name, &path).await;
            figures.push((clients, load.run(&subject, clients).await));
        }
        rows.push(Row { name, floor, figures, peak_kib: peak_memory_kib() });
    }
    print_table(&rows);
    println!();
    for row in &rows {
        if let Some(kib) = row.peak_kib {
            println!("{}: at most {} MB, clients included", row.name, kib / 1024);
        }
    }
    println!();
    measure_webhooks(&load, &clients, &only, folder.path()).await;
    println!();
    let rate = argument("--rate").and_then(|text| text.parse().ok()).unwrap_or(2_000);
    measure_paced_webhooks(&load, rate, &only, folder.path()).await;
}

async fn measure_webhooks(load: &Load, clients: &[usize], only: &str, folder: &Path) {
    println!("| webhook acknowledgements | clients | acks/s | handed over/s | CPU µs | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|");
    for name in WEBHOOKS.iter().filter(|name| name.contains(only)) {
        for &clients in clients {
            let path = folder.join(format!("{}-{clients}.db", name.len()));
            let (desk, _server) = prepare_webhooks(name, &path).await;
            let figures = load.acknowledge(&desk, clients).await;
            let acked = &figures.acknowledged;
            println!(
                "| {name} | {clients} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} |",
                acked.per_second, figures.handed_per_second, acked.cpu_us, acked.p50_ms, acked.p99_ms,
            );
        }
    }
}

async fn measure_paced_webhooks(load: &Load, rate: u32, only: &str, folder: &Path) {
    println!("| webhooks at a fixed rate | sent/s | acks/s | handed over/s | CPU µs | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|");
    for name in WEBHOOKS.iter().filter(|name| name.contains(only)) {
        let path = folder.join(format!("{}-paced.db", name.len()));
        let (desk, _server) = prepare_webhooks(name, &path).await;
        let figures = load.acknowledge_paced(&desk, rate).await;
        let acked = &figures.acknowledged;
        println!(
            "| {name} | {rate} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} |",
            acked.per_second, figures.handed_per_second, acked.cpu_us, acked.p50_ms, acked.p99_ms,
        );
    }
}

fn argument(name: &str) -> Option<String> {
    std::env::args().skip_while(|argument| argument != name).nth(1)
}

fn print_table(rows: &[Row]) {
    println!("| who | clients | request/s | verify/s | pairs/s | of its floor | CPU µs | p50 ms | p99 ms |");
    println!("|---|---|---|---|---|---|---|---|---|");
    for row in rows {
        for (clients, figures) in &row.figures {
            let floor = rows.iter().find(|other| Some(other.name) == row.floor);
            let floor = floor.and_then(|floor| floor.figures.iter().find(|(other, _)| other == clients));
            let ratio = floor.map_or_else(
                || "–".to_owned(),
                |(_, floor)| {
                    format!("{:.0} %", 100.0 * figures.pairs_per_second() / floor.pairs_per_second())
                },
            );
            println!(
                "| {} | {clients} | {:.0} | {:.0} | {:.0} | {ratio} | {:.0} / {:.0} | {:.2} / {:.2} | {:.2} / {:.2} |",
                row.name,
                figures.request.per_second,
                figures.verify.per_second,
                figures.pairs_per_second(),
                figures.request.cpu_us,
                figures.verify.cpu_us,
                figures.request.p50_ms,
                figures.verify.p50_ms,
                figures.request.p99_ms,
                figures.verify.p99_ms,
            );
        }
    }
}

fn peak_memory_kib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.split_whitespace().next()?.parse().ok()
}
