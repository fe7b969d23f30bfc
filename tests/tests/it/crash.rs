//! `kill -9` in the middle of sign-ups, again and again: what was promised is kept, and nothing happens twice.
//!
//! Many sign-ups run at once, and each life of the service ends after another span, so that the kills hit all points
//! between a request and its confirmation. The provider is a sandbox in this process, which goes on living.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use wartel_sandbox::Sandbox;
use wartel_tests::flows::{Api, code_in, wrong};
use wartel_tests::process::Service;

use crate::service::store::Store;

/// A lapsed lease is 30 s old; then the worker and the provider need a moment.
const RECOVERY: Duration = Duration::from_secs(45);
/// Scenes that run beside one another, each with its own store.
const SCENES: usize = 3;
/// How often the service is killed in each: all of it within the time of a lease, so that nothing is being sent at
/// two kills. Who was handed over twice is not sent again.
const KILLS: usize = 10;
/// Who signs up in each life, and who guesses.
const PEOPLE: usize = 10;
const GUESSERS: usize = 2;
const NAME: &str = "Siti Uji";
const SECRET: &str = "5f1d7e84c2a90b3655aa10f2c4d8e9b7016253748596a7b8c9daebfc0d1e2f30";

/// What the service is known to have answered to somebody.
#[derive(Debug, Clone, Default)]
struct Known {
    promised: bool,
    /// The code that was taken, and the proof that was given for it.
    proof: Option<(String, String)>,
    registered: bool,
    attempts_left: Option<u64>,
}

/// Where the state is kept.
#[derive(Debug, Clone, Copy)]
enum Place {
    Sqlite,
    Postgres,
    /// The codes; the rest in SQLite.
    Redis,
}

type Board = Arc<Mutex<HashMap<String, Known>>>;

struct Scene {
    number: usize,
    place: Place,
    folder: tempfile::TempDir,
    sandbox: Arc<Sandbox>,
    store: Store,
    board: Board,
}

fn note(board: &Board, phone: &str, change: impl FnOnce(&mut Known)) {
    change(board.lock().unwrap().entry(phone.to_owned()).or_default());
}

fn national(phone: &str) -> String {
    format!("0{}", phone.strip_prefix("62").unwrap())
}

/// The address of the person with this phone, made of its last digits.
fn address(phone: &str) -> String {
    let number: u32 = phone[phone.len() - 7..].parse().unwrap();
    format!("10.{}.{}.{}", number / 100_000, number / 256 % 256, number % 256)
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
    for _ in 0..3 {
        let asked = api.request_otp(&national(&phone), NAME).await.ok()?;
        match asked.status.as_u16() {
            200 | 202 => note(&board, &phone, |known| known.promised = true),
            // The request before the crash was admitted: its code comes all the same.
            429 => {}
            other => panic!("request-otp answered {other}: {}", asked.body),
        }
        let code = wait_for_code(&sandbox, &phone, patience).await?;
        let verified = api.verify_otp(&national(&phone), &code).await.ok()?;
        match verified.status.as_u16() {
            200 => {}
            // Used by the check whose answer the crash swallowed: ask for a new code.
            410 => continue,
            other => panic!("verify-otp answered {other}: {}", verified.body),
        }
        let proof = verified.text("/data/proof");
        note(&board, &phone, |known| known.proof = Some((code, proof.clone())));
        let registered = api.register(&proof, NAME).await.ok()?;
        assert!(matches!(registered.status.as_u16(), 201 | 409), "{}", registered.body);
        note(&board, &phone, |known| known.registered = true);
        return Some(());
    }
    panic!("no sign-up after three codes");
}

/// Types a wrong code once and notes how many checks are left. Answers `false` if there is no code to guess.
async fn guess(api: &Api, phone: &str, board: &Board, code: &str) -> Option<bool> {
    let answer = api.verify_otp(&national(phone), &wrong(code)).await.ok()?;
    let left = match answer.status.as_u16() {
        422 => answer.body["attempts_left"].as_u64().unwrap(),
        429 => 0,
        410 => return Some(false),
        other => panic!("verify-otp answered {other}: {}", answer.body),
    };
    let locked = answer.status == 429;
    note(board, phone, |known| {
        let fewer = known.attempts_left.is_none_or(|before| left < before || locked);
        assert!(fewer, "a counter went back: {left} left after {:?}", known.attempts_left);
        known.attempts_left = Some(left);
    });
    Some(true)
}

/// Asks for a code and guesses it, wrongly, until no check is left or the connection breaks.
async fn guesses(api: Api, sandbox: Arc<Sandbox>, phone: String, board: Board) -> Option<()> {
    let asked = api.request_otp(&national(&phone), NAME).await.ok()?;
    assert!(matches!(asked.status.as_u16(), 200 | 202), "{}", asked.body);
    note(&board, &phone, |known| known.promised = true);
    let code = wait_for_code(&sandbox, &phone, Duration::from_secs(5)).await?;
    for _ in 0..4 {
        guess(&api, &phone, &board, &code).await?;
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    Some(())
}

impl Scene {
    async fn new(number: usize, place: Place) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = match place {
            Place::Sqlite => Store::sqlite(folder.path()),
            Place::Postgres => Store::postgres().await,
            Place::Redis => Store::sqlite(folder.path()).with_redis(),
        };
        let sandbox = Arc::new(Sandbox::builder().quota(1_000_000).start().await.unwrap());
        Self { number, place, folder, sandbox, store, board: Board::default() }
    }

    fn start(&self) -> Service {
        let mut vars = vec![
            ("WARTEL_SECRET", SECRET.to_owned()),
            ("WHATSAPP_PROVIDER", "fonnte".to_owned()),
            ("WHATSAPP_API_TOKEN", self.sandbox.token().to_owned()),
            ("WHATSAPP_API_URL", self.sandbox.url().to_owned()),
            // Everybody comes from an address of their own.
            ("WARTEL_TRUSTED_PROXIES", "127.0.0.1/32".to_owned()),
            ("WARTEL_OTP_SENDS_PER_TENANT", "100000/10m".to_owned()),
            ("RUST_LOG", "warn".to_owned()),
        ];
        vars.extend(self.store.vars());
        let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let folder: &Path = self.folder.path();
        tokio::task::block_in_place(|| Service::start(folder, &vars))
    }

    /// One life of the service, ended by a kill.
    async fn life(&self, life: usize) {
        // The spans of all scenes together: 30 points between 15 and 450 ms; twice that where a first step takes
        // longer.
        let point = u64::try_from(life * SCENES + self.number + 1).unwrap();
        let alive_for =
            Duration::from_millis(point * if matches!(self.place, Place::Postgres) { 30 } else { 15 });
        let service = self.start();
        let api = Api::new(service.base());
        let killed_at = tokio::time::Instant::now() + alive_for;
        let mut people = JoinSet::new();
        for n in 0..PEOPLE + GUESSERS {
            let phone = format!("62812{}{life:02}{n:05}", self.number);
            let api = api.at_address(address(&phone));
            let (sandbox, board) = (Arc::clone(&self.sandbox), Arc::clone(&self.board));
            note(&board, &phone, |_| ());
            if n < PEOPLE {
                people.spawn(sign_up(api, sandbox, phone, board, Duration::from_secs(5)));
            } else {
                people.spawn(guesses(api, sandbox, phone, board));
            }
            // Spread out, so that the kill meets every step.
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        tokio::time::sleep_until(killed_at).await;
        service.kill();
        // All of them see their connections break, or had ended before.
        while let Some(person) = people.join_next().await {
            person.unwrap();
        }
    }

    /// Who was being sent a confirmation when the service was killed.
    async fn uncertain(&self) -> Vec<String> {
        let query = "SELECT recipient FROM wartel_messaging_outbox WHERE state = 'processing'";
        let phones = self.store.texts(query).await;
        phones.iter().map(|phone| phone.trim_start_matches('+').to_owned()).collect()
    }

    async fn lives_and_recovery(&self) {
        let mut uncertain = HashSet::new();
        for life in 0..KILLS {
            self.life(life).await;
            uncertain.extend(self.uncertain().await);
        }
        let before = self.board.lock().unwrap().clone();
        let service = self.start();
        let api = Api::new(service.base());

        // No counter went back: the next wrong code leaves fewer checks than were left.
        for (phone, known) in &before {
            if known.attempts_left.is_some() {
                let code = code_on(&self.sandbox, phone).unwrap();
                let api = api.at_address(address(phone));
                assert_eq!(guess(&api, phone, &self.board, &code).await, Some(true), "a code is gone");
            }
        }
        // No consumption was lost: a code that was taken is not taken again, and its proof is still good, once.
        for (phone, known) in &before {
            let Some((code, proof)) = &known.proof else { continue };
            let api = api.at_address(address(phone));
            let again = api.verify_otp(&national(phone), code).await.unwrap();
            assert_eq!(again.problem(), (410, "no_active_code".to_owned()));
            let registered = api.register(proof, NAME).await.unwrap().status.as_u16();
            assert!(registered == 409 || (registered == 201 && !known.registered), "{registered}");
            assert_eq!(api.register(proof, NAME).await.unwrap().status, 409);
            note(&self.board, phone, |known| known.registered = true);
        }
        // No code that was promised is lost, though nobody asks again.
        for (phone, _) in before.iter().filter(|(_, known)| known.promised) {
            let code = wait_for_code(&self.sandbox, phone, RECOVERY).await;
            assert!(code.is_some(), "a promised code never came:\n{}", service.printed());
        }
        // Everybody gets to the end, and nobody is registered twice.
        let mut rest = JoinSet::new();
        let mut signed_up = 0;
        for (phone, known) in &before {
            if is_guesser(phone) {
                continue;
            }
            signed_up += 1;
            if known.proof.is_none() {
                let api = api.at_address(address(phone));
                let (sandbox, board) = (Arc::clone(&self.sandbox), Arc::clone(&self.board));
                rest.spawn(sign_up(api, sandbox, phone.clone(), board, RECOVERY));
            }
        }
        while let Some(done) = rest.join_next().await {
            assert_eq!(done.unwrap(), Some(()), "a sign-up did not end:\n{}", service.printed());
        }
        let registered = self.store.texts("SELECT phone FROM wartel_registration_registrations").await;
        assert_eq!(registered.iter().collect::<HashSet<_>>().len(), signed_up);
        assert_eq!(registered.len(), signed_up, "somebody is registered twice");
        self.all_are_told_once(&uncertain, &service).await;

        let promised = before.values().filter(|known| known.promised).count();
        let proven = before.values().filter(|known| known.proof.is_some()).count();
        println!(
            "scene {}: {KILLS} kills met {} people, {promised} with a code, {proven} with a proof, {} whose \
             confirmation was in the air",
            self.number,
            before.len(),
            uncertain.len()
        );
    }

    /// No registration without its confirmation, and none twice but where the kill fell between the provider's
    /// acceptance and the record of it.
    async fn all_are_told_once(&self, uncertain: &HashSet<String>, service: &Service) {
        let people: Vec<String> = self.board.lock().unwrap().keys().cloned().collect();
        let people: Vec<String> = people.into_iter().filter(|phone| !is_guesser(phone)).collect();
        let confirmations = |phone: &String| {
            let messages = self.sandbox.messages_to(phone);
            messages.iter().filter(|message| message.text.contains("Nomor pendaftaran")).count()
        };
        let started = Instant::now();
        while people.iter().any(|phone| confirmations(phone) == 0) {
            assert!(started.elapsed() < RECOVERY, "a confirmation never came:\n{}", service.printed());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        for phone in &people {
            let count = confirmations(phone);
            assert!(count == 1 || (count == 2 && uncertain.contains(phone)), "{count} confirmations");
        }
    }
}

fn is_guesser(phone: &str) -> bool {
    let number: usize = phone[phone.len() - 5..].parse().unwrap();
    number >= PEOPLE
}

/// Thirty kills, ten in each of three scenes.
async fn kills_lose_nothing(place: Place) {
    let mut scenes = JoinSet::new();
    for number in 0..SCENES {
        scenes.spawn(async move { Scene::new(number, place).await.lives_and_recovery().await });
    }
    while let Some(scene) = scenes.join_next().await {
        scene.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_kills_lose_nothing_on_sqlite() {
    kills_lose_nothing(Place::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn thirty_kills_lose_nothing_on_postgres() {
    kills_lose_nothing(Place::Postgres).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn thirty_kills_lose_nothing_on_redis() {
    kills_lose_nothing(Place::Redis).await;
}
