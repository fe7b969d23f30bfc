//! The service from outside: a process, a sandbox beside it, and HTTP between them.

mod accounts;
mod bot;
mod input;
mod instances;
mod operation;
mod outages;
mod personal;
mod provider;
mod signup;
pub(crate) mod store;
mod v1;

use std::path::Path;
use std::time::Duration;

use wartel_sandbox::Sandbox;
use wartel_tests::flows::{Api, code_in};
use wartel_tests::process::Service;

use store::Store;

const SECRET: &str = "5f1d7e84c2a90b3655aa10f2c4d8e9b7016253748596a7b8c9daebfc0d1e2f30";
const PHONE: &str = "081234567890";
const DIGITS: &str = "6281234567890";
const WEBHOOK_TOKEN: &str = "made-up-webhook-token-0123456789";

struct Stage {
    folder: tempfile::TempDir,
    sandbox: Sandbox,
    service: Service,
    api: Api,
    store: Store,
    vars: Vec<(String, String)>,
}

/// Makes tests of scenarios that hold wherever the state is kept.
macro_rules! on_every_store {
    ($($scenario:ident),+ $(,)?) => {
        mod on_sqlite {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $scenario() {
                    super::$scenario(crate::service::stage(&[]).await).await;
                }
            )+
        }

        mod on_postgres {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
                async fn $scenario() {
                    let store = crate::service::store::Store::postgres().await;
                    super::$scenario(crate::service::stage_on(store, &[]).await).await;
                }
            )+
        }

        mod on_redis {
            $(
                #[tokio::test(flavor = "multi_thread")]
                #[cfg_attr(not(has_redis), ignore = "needs redis-server")]
                async fn $scenario() {
                    let folder = tempfile::tempdir().unwrap();
                    let store = crate::service::store::Store::sqlite(folder.path()).with_redis();
                    super::$scenario(crate::service::stage_in(folder, store, &[]).await).await;
                }
            )+
        }
    };
}
pub(crate) use on_every_store;

/// The service on SQLite, with Fonnte played by a sandbox of the test's.
async fn stage(more: &[(&str, &str)]) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    std::fs::create_dir(&data).unwrap();
    stage_in(folder, Store::sqlite(&data), more).await
}

/// The service on this store, with Fonnte played by a sandbox of the test's.
async fn stage_on(store: Store, more: &[(&str, &str)]) -> Stage {
    stage_in(tempfile::tempdir().unwrap(), store, more).await
}

async fn stage_in(folder: tempfile::TempDir, store: Store, more: &[(&str, &str)]) -> Stage {
    let sandbox = Sandbox::builder().quota(1_000_000).start().await.unwrap();
    let mut vars = vec![
        ("WARTEL_SECRET", SECRET.to_owned()),
        ("WHATSAPP_PROVIDER", "fonnte".to_owned()),
        ("WHATSAPP_API_URL", sandbox.url().to_owned()),
        ("WHATSAPP_API_TOKEN", sandbox.token().to_owned()),
        ("WHATSAPP_WEBHOOK_TOKEN", WEBHOOK_TOKEN.to_owned()),
        ("WARTEL_OTP_SENDS_PER_IP", "100000/1h".to_owned()),
        ("WARTEL_OTP_SENDS_PER_NETWORK", "100000/1h".to_owned()),
        ("WARTEL_OTP_SENDS_PER_TENANT", "100000/10m".to_owned()),
    ];
    vars.extend(store.vars());
    vars.extend(more.iter().map(|(name, value)| (*name, (*value).to_owned())));
    let vars: Vec<_> = vars.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let service = start(folder.path(), &vars);
    sandbox.set_status_webhook(&format!("{}/webhook/whatsapp/{WEBHOOK_TOKEN}", service.base())).unwrap();
    let api = Api::new(service.base());
    Stage { folder, sandbox, service, api, store, vars }
}

fn start(folder: &Path, vars: &[(String, String)]) -> Service {
    let vars: Vec<(&str, &str)> = vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    tokio::task::block_in_place(|| Service::start(folder, &vars))
}

impl Stage {
    /// One more instance of the same service on the same store.
    fn another(&self) -> Service {
        start(self.folder.path(), &self.vars)
    }

    async fn code(&self, digits: &str) -> String {
        let message = self.sandbox.wait_for_message(digits, Duration::from_secs(10)).await.unwrap();
        code_in(&message.text).unwrap()
    }
}
