//! Codes, numbers and tokens as canaries: thousands of verifications, and none of them is seen anywhere.

use std::collections::HashSet;
use std::error::Error;
use std::fmt::{Debug, Write as _};
use std::sync::{Arc, Mutex};

use wartel_core::PhoneNumber;
use wartel_messaging::testing::FakeProvider;
use wartel_messaging::{
    Accepted, Capabilities, MessageProvider, OutboundMessage, RetryAdvice, SendError, SendErrorKind,
};
use wartel_otp::testing::phone_number;
use wartel_otp::{Check, CheckTarget, OtpPolicy, OtpStore, Purpose, Start};

use crate::desk::{Desk, SECRET, another, ip, rounds, seconds};
use crate::json_store::JsonStore;
use crate::logs;

const NAME: &str = "Wulandari";
const KINDS: [SendErrorKind; 8] = [
    SendErrorKind::InvalidRecipient,
    SendErrorKind::NotOnWhatsApp,
    SendErrorKind::TemplateRejected,
    SendErrorKind::Unauthenticated,
    SendErrorKind::RateLimited,
    SendErrorKind::Unsupported,
    SendErrorKind::Unavailable,
    SendErrorKind::Unexpected,
];

/// Shows each message as `Debug` does, as a careless provider would, and panics with it when told to.
#[derive(Debug, Clone)]
struct Careless {
    inner: FakeProvider,
    shown: Arc<Mutex<String>>,
    panics: Arc<Mutex<bool>>,
}

#[async_trait::async_trait]
impl MessageProvider for Careless {
    fn name(&self) -> &'static str {
        self.inner.name()
    }

    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        write!(self.shown.lock().unwrap(), "{message:?} {message:#?}").unwrap();
        let sent = self.inner.send(message).await;
        if std::mem::take(&mut *self.panics.lock().unwrap()) {
            panic!("{}: {message:?}", logs::MADE_UP_PANIC);
        }
        sent
    }
}

/// What must not be seen.
#[derive(Default)]
struct Canaries {
    codes: HashSet<String>,
    numbers: HashSet<String>,
}

impl Canaries {
    fn add(&mut self, phone: &PhoneNumber, code: &str) {
        // Without the country's prefix, which spellings differ in.
        self.numbers.insert(phone.digits()[2..].to_owned());
        self.codes.insert(code.to_owned());
    }

    fn are_hidden_in(&self, what: &str, text: &str) {
        for (secret, of) in
            [(NAME, "name"), ("wtp_", "token"), (&SECRET[..16], "key"), ("203.0.113.", "address")]
        {
            assert!(!text.contains(secret), "{what} shows a {of}");
        }
        for run in text.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() >= 10) {
            // An instant in microseconds, as stores keep it, holds seven numbers of ten digits by chance.
            if run.len() == 16 && run.starts_with("1767") {
                continue;
            }
            let any = |length: usize, of: &HashSet<String>| {
                (0..(run.len() + 1).saturating_sub(length)).any(|at| of.contains(&run[at..at + length]))
            };
            assert!(!any(10, &self.codes), "{what} shows a code");
            assert!(!any(11, &self.numbers), "{what} shows a phone number");
        }
    }
}

/// An error as careful and careless programs print it, with all its causes.
fn error(error: &dyn Error, shown: &mut String) {
    let mut next = Some(error);
    while let Some(error) = next {
        writeln!(shown, "{error} {error:?} {error:#?}").unwrap();
        next = error.source();
    }
}

fn debug(value: &dyn Debug, shown: &mut String) {
    writeln!(shown, "{value:?} {value:#?}").unwrap();
}

struct Round {
    desk: Desk,
    provider: Careless,
    store: JsonStore,
    canaries: Canaries,
    shown: String,
}

impl Round {
    fn new() -> Self {
        let inner = FakeProvider::default();
        let provider = Careless { inner: inner.clone(), shown: Arc::default(), panics: Arc::default() };
        let store = JsonStore::default();
        let shared: Arc<dyn OtpStore> = Arc::new(store.clone());
        let mut policy = OtpPolicy::default();
        // Ten digits are not met by chance in a log.
        policy.length = 10;
        policy.sends_per_tenant.clear();
        policy.sends_per_ip.clear();
        policy.refused_per_ip.clear();
        let used = Arc::new(provider.clone());
        let mut desk = Desk::with(|builder| builder.provider(used).store(shared).policy(policy));
        desk.provider = inner;
        Self { desk, provider, store, canaries: Canaries::default(), shown: String::new() }
    }

    /// One verification, each of another kind.
    async fn flow(&mut self, number: u32) {
        let (otp, provider) = (self.desk.otp.clone(), &self.desk.provider);
        let phone = phone_number(number);
        let kind = KINDS[number as usize / 8 % KINDS.len()];
        let start = || Start::new(phone.clone(), Purpose::REGISTRATION).name(NAME).client_ip(ip(7));
        debug(&start(), &mut self.shown);
        match number % 8 {
            0 => drop(provider.then_fail(kind)),
            1 => drop(provider.then_fail_with(kind, RetryAdvice::Never)),
            2 => drop(provider.then_lose_answer()),
            3 => *self.provider.panics.lock().unwrap() = true,
            _ => {}
        }
        let started = match otp.start(start()).await {
            Ok(started) => started,
            Err(refused) => {
                error(&refused, &mut self.shown);
                // Some refusals are not certain, and count as sent.
                self.desk.clock.advance(seconds(60));
                otp.start(start()).await.unwrap()
            }
        };
        debug(&started, &mut self.shown);
        let code = self.desk.code_of(&phone);
        self.canaries.add(&phone, &code);
        if let Err(too_soon) = otp.start(start()).await {
            error(&too_soon, &mut self.shown);
        }
        if let Err(malformed) = otp.check(started.id, &code[1..]).await {
            error(&malformed, &mut self.shown);
        }
        debug(&otp.check(started.id, &another(&code)).await.unwrap(), &mut self.shown);
        debug(&otp.get(started.id).await.unwrap(), &mut self.shown);
        let target = CheckTarget::phone(phone.clone(), Purpose::REGISTRATION).client_ip(ip(7));
        debug(&target, &mut self.shown);
        let check = otp.check(target, &code).await.unwrap();
        debug(&check, &mut self.shown);
        let Check::Approved(proof) = check else { panic!("not approved") };
        if let Err(refused) = otp.redeem(proof.clone(), Purpose::LOGIN, "user").await {
            error(&refused, &mut self.shown);
        }
        debug(&otp.redeem(proof, Purpose::REGISTRATION, "user").await.unwrap(), &mut self.shown);
    }
}

/// Threat 12. 1,000 verifications by default; `WARTEL_LONG=10` makes it 10,000. The log at TRACE, errors with their
/// causes, panics, `Debug` of everything that callers are handed, and every document that the store ever wrote.
#[tokio::test]
async fn no_canary_is_seen_anywhere() {
    logs::install();
    let (mut lines, mut errors, mut documents) = (0, 0, 0);
    for batch in 0..rounds(10) {
        logs::listen();
        let mut round = Round::new();
        for number in 0..100 {
            round.flow(batch * 100 + number).await;
        }
        round.desk.clock.advance(seconds(60));
        round.desk.worker.send_due().await.unwrap();
        debug(&(&round.desk.otp, &round.desk.worker, &round.provider), &mut round.shown);
        let log = logs::heard();
        assert!(log.contains(logs::MADE_UP_PANIC), "the panics are not heard");
        assert!(log.contains(&phone_number(batch * 100).masked()), "the log is not heard");
        round.canaries.are_hidden_in("the log", &log);
        round.canaries.are_hidden_in("what is printed", &round.shown);
        round.canaries.are_hidden_in("a message's Debug", &round.provider.shown.lock().unwrap());
        for document in round.store.written() {
            // The store may hold names, until they go; nothing else of these.
            round.canaries.are_hidden_in("a document", &document.replace(NAME, "").replace("203.0.113.", ""));
            documents += 1;
        }
        assert_eq!(round.canaries.codes.len(), 100);
        lines += log.lines().count();
        errors += round.shown.lines().count();
    }
    println!("nothing in {lines} lines of log, {errors} lines of errors and values, {documents} documents");
}

/// The search finds what it looks for.
#[test]
fn a_canary_that_is_shown_is_seen() {
    let mut canaries = Canaries::default();
    canaries.add(&phone_number(42), "0123456789");
    for shown in ["code=0123456789", "x01234567890y", "to +6281234500042", "081234500042", "name Wulandari"] {
        let seen = std::panic::catch_unwind(|| canaries.are_hidden_in("it", shown));
        assert!(seen.is_err(), "{shown} is not seen");
    }
    canaries.are_hidden_in("it", "+62812•••••042, 1767225600000000, 2026-01-01T00:00:00.123456Z");
}
