//! The service from outside: a process, a sandbox beside it, and HTTP between them.

mod input;
mod operation;
mod provider;
mod signup;

use std::time::Duration;

use wartel_sandbox::Sandbox;
use wartel_tests::flows::{Api, code_in};
use wartel_tests::process::Service;

const SECRET: &str = "5f1d7e84c2a90b3655aa10f2c4d8e9b7016253748596a7b8c9daebfc0d1e2f30";
const PHONE: &str = "081234567890";
const DIGITS: &str = "6281234567890";
const WEBHOOK_TOKEN: &str = "made-up-webhook-token-0123456789";

struct Stage {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    service: Service,
    api: Api,
}

/// The service with Fonnte played by a sandbox of the test's.
async fn stage(more: &[(&str, &str)]) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::builder().start().await.unwrap();
    let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
    let mut vars = vec![
        ("WARTEL_SECRET", SECRET),
        ("WHATSAPP_PROVIDER", "fonnte"),
        ("WHATSAPP_API_URL", &url),
        ("WHATSAPP_API_TOKEN", &token),
        ("WHATSAPP_WEBHOOK_TOKEN", WEBHOOK_TOKEN),
        ("WARTEL_OTP_SENDS_PER_IP", "1000/1h"),
    ];
    vars.extend_from_slice(more);
    let service = Service::start(folder.path(), &vars);
    sandbox.set_status_webhook(&format!("{}/webhook/whatsapp/{WEBHOOK_TOKEN}", service.base())).unwrap();
    let api = Api::new(service.base());
    Stage { folder, sandbox, service, api }
}

impl Stage {
    async fn code(&self, digits: &str) -> String {
        let message = self.sandbox.wait_for_message(digits, Duration::from_secs(10)).await.unwrap();
        code_in(&message.text).unwrap()
    }

    /// Every byte of every file that the service wrote.
    fn files(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut folders = vec![self.folder.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    bytes.extend(std::fs::read(path).unwrap());
                }
            }
        }
        bytes
    }

    /// Rows in all tables that hold what callers caused.
    fn rows(&self) -> i64 {
        let file = rusqlite::Connection::open(self.folder.path().join("data/wartel.db")).unwrap();
        [
            "wartel_otp_phones",
            "wartel_otp_locators",
            "wartel_otp_budgets",
            "wartel_messaging_outbox",
            "wartel_registration_registrations",
        ]
        .iter()
        .map(|table| {
            file.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
        })
        .sum()
    }
}
