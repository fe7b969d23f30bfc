//! `kill -9` in the middle of sign-ups: what was promised is kept, and nothing happens twice.
//!
//! Many sign-ups run at once, so that one kill hits all points between a request and its confirmation. The provider
//! is a sandbox in this process, which goes on living.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;
use tokio::task::JoinSet;
use wartel_sandbox::Sandbox;
use wartel_tests::flows::{Api, code_in};
use wartel_tests::process::Service;

/// A lapsed lease is 30 s old; then the worker and the provider need a moment.
const RECOVERY: Duration = Duration::from_secs(45);
const PHONES: usize = 60;
const SECRET: &str = "5f1d7e84c2a90b3655aa10f2c4d8e9b7016253748596a7b8c9daebfc0d1e2f30";

/// How far a sign-up is known to have come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Nothing,
    CodePromised,
    Registered,
}

type Board = Arc<Mutex<HashMap<String, Step>>>;

fn vars(sandbox: &Sandbox, folder: &Path) -> Vec<(&'static str, String)> {
    vec![
        ("WARTEL_SECRET", SECRET.to_owned()),
        ("WHATSAPP_PROVIDER", "fonnte".to_owned()),
        ("WHATSAPP_API_TOKEN", sandbox.token().to_owned()),
        ("WHATSAPP_API_URL", sandbox.url().to_owned()),
        ("DATABASE_URL", format!("sqlite://{}/wartel.db", folder.display())),
        ("WARTEL_OTP_SENDS_PER_IP", "100000/1h".to_owned()),
        ("WARTEL_OTP_SENDS_PER_TENANT", "100000/10m".to_owned()),
        ("RUST_LOG", "warn".to_owned()),
    ]
}

fn start(folder: &Path, vars: &[(&str, String)]) -> Service {
    let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
    Service::start(folder, &vars)
}

/// The newest code that a phone received, if any.
fn code_on(sandbox: &Sandbox, phone: &str) -> Option<String> {
    sandbox.messages_to(phone).iter().rev().find_map(|message| code_in(&message.text))
}

async fn wait_for_code(sandbox: &Sandbox, phone: &str, patience: Duration) -> Option<String> {
    let started = Instant::now();
    while started.elapsed() < patience {
        if let Some(code) = code_on(sandbox, phone) {
            return Some(code);
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    None
}

/// Signs up until it is done or the connection breaks.
async fn sign_up(
    api: Api,
    sandbox: Arc<Sandbox>,
    phone: String,
    board: Board,
    patience: Duration,
) -> Option<()> {
    let national = format!("0{}", phone.strip_prefix("62").unwrap());
    let name = "Siti Uji";
    for _ in 0..3 {
        let asked = api.request_otp(&national, name).await.ok()?;
        match asked.status.as_u16() {
            200 | 202 => {
                board
                    .lock()
                    .await
                    .entry(phone.clone())
                    .and_modify(|step| *step = (*step).max(Step::CodePromised));
            }
            // The request before the crash was admitted: its code comes all the same.
            429 => {}
            other => panic!("request-otp answered {other}: {}", asked.body),
        }
        let code = wait_for_code(&sandbox, &phone, patience).await?;
        let verified = api.verify_otp(&national, &code).await.ok()?;
        match verified.status.as_u16() {
            200 => {}
            // Used by the check whose answer the crash swallowed: ask for a new code.
            410 => continue,
            other => panic!("verify-otp answered {other}: {}", verified.body),
        }
        let registered = api.register(&verified.text("/data/proof"), name).await.ok()?;
        assert!(matches!(registered.status.as_u16(), 201 | 409), "{}", registered.body);
        board.lock().await.insert(phone.clone(), Step::Registered);
        return Some(());
    }
    panic!("no sign-up after three codes");
}

async fn sign_up_all(
    service: &Service,
    sandbox: &Arc<Sandbox>,
    phones: &[String],
    board: &Board,
    patience: Duration,
) -> JoinSet<Option<()>> {
    let api = Api::new(service.base());
    let mut all = JoinSet::new();
    for phone in phones {
        all.spawn(sign_up(api.clone(), Arc::clone(sandbox), phone.clone(), Arc::clone(board), patience));
        // Spread out, so that the kill meets every step.
        tokio::time::sleep(Duration::from_millis(4)).await;
    }
    all
}

/// What the database says right after the kill.
struct Wreck {
    /// Confirmations that were being sent: of these a second one may come.
    uncertain: HashSet<String>,
}

fn look_at_wreck(folder: &Path) -> Wreck {
    let file = rusqlite::Connection::open(folder.join("wartel.db")).unwrap();
    let mut rows =
        file.prepare("SELECT recipient FROM wartel_messaging_outbox WHERE state = 'processing'").unwrap();
    let phones = rows.query_map([], |row| row.get::<_, String>(0)).unwrap();
    Wreck { uncertain: phones.map(|phone| phone.unwrap().trim_start_matches('+').to_owned()).collect() }
}

fn registrations_by_phone(folder: &Path) -> HashMap<String, i64> {
    let file = rusqlite::Connection::open(folder.join("wartel.db")).unwrap();
    let mut rows =
        file.prepare("SELECT phone, count(*) FROM wartel_registration_registrations GROUP BY phone").unwrap();
    let counts = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, i64>(1)?))).unwrap();
    counts
        .map(|row| row.unwrap())
        .map(|(phone, count)| (phone.trim_start_matches('+').to_owned(), count))
        .collect()
}

async fn kill_and_recover(round: usize, alive_for: Duration) {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Arc::new(Sandbox::builder().quota(1_000_000).start().await.unwrap());
    let vars = vars(&sandbox, folder.path());
    let phones: Vec<String> = (0..PHONES).map(|n| format!("62812{round:02}{n:06}")).collect();
    let board: Board =
        Arc::new(Mutex::new(phones.iter().map(|phone| (phone.clone(), Step::Nothing)).collect()));

    let service = start(folder.path(), &vars);
    let killed_at = tokio::time::Instant::now() + alive_for;
    let running = sign_up_all(&service, &sandbox, &phones, &board, Duration::from_secs(5));
    let running = tokio::time::timeout_at(killed_at, running).await;
    tokio::time::sleep_until(killed_at).await;
    service.kill();
    drop(running);
    let before = board.lock().await.clone();
    let wreck = look_at_wreck(folder.path());

    let service = start(folder.path(), &vars);
    // No code that was promised is lost, though nobody asks again.
    for (phone, _) in before.iter().filter(|(_, step)| **step >= Step::CodePromised) {
        assert!(wait_for_code(&sandbox, phone, RECOVERY).await.is_some(), "a promised code never came");
    }
    // Everybody gets to the end, and nobody is registered twice.
    let unfinished: Vec<String> =
        before.iter().filter(|(_, step)| **step < Step::Registered).map(|(phone, _)| phone.clone()).collect();
    let mut rest = sign_up_all(&service, &sandbox, &unfinished, &board, RECOVERY).await;
    while let Some(done) = rest.join_next().await {
        assert_eq!(done.unwrap(), Some(()), "a sign-up did not end:\n{}", service.printed());
    }
    let registered = registrations_by_phone(folder.path());
    assert_eq!(registered.len(), PHONES);
    assert!(registered.values().all(|count| *count == 1));

    // No registration without its confirmation, and none twice but where the crash fell between the provider's
    // acceptance and the record of it.
    let confirmations = |phone: &String| {
        sandbox.messages_to(phone).iter().filter(|message| message.text.contains("Nomor pendaftaran")).count()
    };
    let started = Instant::now();
    while phones.iter().any(|phone| confirmations(phone) == 0) {
        assert!(started.elapsed() < RECOVERY, "a confirmation never came:\n{}", service.printed());
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for phone in &phones {
        let count = confirmations(phone);
        assert!(count == 1 || (count == 2 && wreck.uncertain.contains(phone)), "{count} confirmations");
    }
    let met: HashSet<_> = before.values().map(|step| *step as u8).collect();
    println!(
        "round {round}: killed after {alive_for:?} with sign-ups at {} kinds of steps, {} confirmations in the air",
        met.len(),
        wreck.uncertain.len()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_early_loses_nothing() {
    kill_and_recover(1, Duration::from_millis(90)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_midway_loses_nothing() {
    kill_and_recover(2, Duration::from_millis(200)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_late_loses_nothing() {
    kill_and_recover(3, Duration::from_millis(330)).await;
}
