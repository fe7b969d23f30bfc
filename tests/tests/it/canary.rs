//! Codes of ten digits as canaries: what the service prints, counts and keeps holds none of them.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use wartel_core::{Country, MasterKey, PhoneNumber};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{Check, OtpPolicy, OtpService, Purpose, Start};
use wartel_sandbox::Sandbox;
use wartel_storage::SqliteStores;
use wartel_tests::flows::{Api, code_in, wrong};
use wartel_tests::process::Service;

use crate::races::rounds;

/// Every byte of every file in a folder.
fn bytes(folder: &Path) -> Vec<u8> {
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            bytes.extend(self::bytes(&path))
        } else {
            bytes.extend(std::fs::read(path).unwrap())
        }
    }
    bytes
}

/// What of `secrets`, all of `length` digits, stands somewhere in `bytes`. Sixteen digits are an instant in
/// microseconds, and hold seven numbers of ten digits by chance.
fn seen(bytes: &[u8], secrets: &HashSet<String>, length: usize) -> usize {
    let runs =
        bytes.split(|byte| !byte.is_ascii_digit()).filter(|run| run.len() >= length && run.len() != 16);
    let windows = runs.flat_map(|run| run.windows(length));
    windows.filter(|window| std::str::from_utf8(window).is_ok_and(|text| secrets.contains(text))).count()
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// The search finds what it looks for.
#[test]
fn a_canary_in_a_file_is_seen() {
    let secrets = HashSet::from(["0123456789".to_owned()]);
    assert_eq!(seen(b"\x00code\x000123456789\x07", &secrets, 10), 1);
    assert_eq!(seen(b"x90123456789", &secrets, 10), 1);
    assert_eq!(seen(b"0123456780 1767225600123456789", &secrets, 10), 1);
    assert_eq!(seen(b"012345678 1234567890", &secrets, 10), 0);
}

/// 300 verifications by default; `WARTEL_LONG=34` makes it 10,000. The file, its log and its index, while they are
/// in use and after they are closed.
#[tokio::test(flavor = "multi_thread")]
async fn no_code_and_no_proof_stands_in_the_files_of_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let stores = SqliteStores::open(folder.path().join("canary.db")).await.unwrap();
    let provider = FakeProvider::default();
    let mut policy = OtpPolicy::default();
    policy.length = 10;
    policy.sends_per_tenant.clear();
    let (otp, _worker) = OtpService::builder(MasterKey::generate().unwrap())
        .app_name("Toko Budi")
        .provider(Arc::new(provider.clone()))
        .store(Arc::new(stores.clone()))
        .policy(policy)
        .build()
        .unwrap();
    let mut codes = HashSet::new();
    for number in 0..rounds(300) {
        let phone = PhoneNumber::parse(&format!("08123{number:07}"), Country::INDONESIA).unwrap();
        let started = otp.start(Start::new(phone, Purpose::LOGIN).name("Wulandari")).await.unwrap();
        let code = provider.last_code(&started.phone).unwrap();
        otp.check(started.id, &wrong(&code)).await.unwrap();
        if number % 2 == 0 {
            let Check::Approved(proof) = otp.check(started.id, &code).await.unwrap() else {
                panic!("refused")
            };
            otp.redeem(proof, Purpose::LOGIN, "user").await.unwrap();
        }
        codes.insert(code);
    }
    let while_open = bytes(folder.path());
    stores.close().await;
    for bytes in [while_open, bytes(folder.path())] {
        assert!(contains(&bytes, "Wulandari"), "these are not the files");
        assert_eq!(seen(&bytes, &codes, 10), 0, "a code stands in a file");
        assert!(!contains(&bytes, "wtp_"), "a proof stands in a file");
    }
}

/// 30 sign-ups by default; `WARTEL_LONG=334` makes it 10,000. What the service prints, its metrics and its files.
#[tokio::test(flavor = "multi_thread")]
async fn the_service_shows_no_canary() {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::builder().start().await.unwrap();
    let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
    let service = Service::start(
        folder.path(),
        &[
            ("WARTEL_SECRET", "5f1d7e84c2a90b3655aa10f2c4d8e9b7016253748596a7b8c9daebfc0d1e2f30"),
            ("WHATSAPP_PROVIDER", "fonnte"),
            ("WHATSAPP_API_URL", &url),
            ("WHATSAPP_API_TOKEN", &token),
            ("WARTEL_OTP_LENGTH", "10"),
            ("WARTEL_OTP_SENDS_PER_IP", "1000000/1h"),
            ("WARTEL_OTP_SENDS_PER_TENANT", "1000000/1h"),
            ("RUST_LOG", "trace"),
        ],
    );
    let api = Api::new(service.base());
    let (mut codes, mut numbers) = (HashSet::new(), HashSet::new());
    for number in 0..rounds(30) {
        let phone = format!("08123{number:07}");
        let started = api.request_otp(&phone, "Wulandari").await.unwrap();
        assert_eq!(started.status, 200, "{:?}", started.problem());
        let digits = format!("62{}", &phone[1..]);
        let message = sandbox.wait_for_message(&digits, Duration::from_secs(10)).await.unwrap();
        let code = code_in(&message.text).unwrap();
        assert_eq!(api.verify_otp(&phone, &wrong(&code)).await.unwrap().status, 422);
        api.verify_otp(&phone, "no code").await.unwrap();
        let id = started.text("/data/verification_id");
        let body = json!({"verification_id": id, "phone": phone, "otp": code});
        let verified = api.post("/api/registrations/public/verify-otp", &body).await.unwrap();
        let proof = verified.text("/data/proof");
        assert_eq!(api.register(&proof, "Wulandari").await.unwrap().status, 201);
        codes.insert(code);
        numbers.insert(phone[1..].to_owned());
    }
    let metrics = api.http().get(api.url("/metrics")).send().await.unwrap();
    assert_eq!(metrics.status(), 200);
    let (metrics, printed) = (metrics.bytes().await.unwrap(), service.printed());
    assert!(printed.contains("/api/registrations/public/verify-otp"), "the log shows nothing: {printed}");
    for (what, shown) in [("the log", printed.as_bytes()), ("the metrics", &metrics[..])] {
        assert_eq!(seen(shown, &codes, 10), 0, "{what} shows a code");
        assert_eq!(seen(shown, &numbers, 11), 0, "{what} shows a phone number");
        for secret in ["wtp_", "Wulandari", "5f1d7e84c2a90b36", &token] {
            assert!(!contains(shown, secret), "{what} shows a secret");
        }
    }
    let kept = bytes(folder.path());
    assert_eq!(seen(&kept, &codes, 10), 0, "a file holds a code");
    assert!(!contains(&kept, "wtp_"), "a file holds a proof");
}
