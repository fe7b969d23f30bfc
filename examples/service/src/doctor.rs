//! Checks everything that the service needs, a line each, and says how to mend what is wrong.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock as _, KeyId, MasterKey, Probe as _, Secret, SystemClock, Timestamp};
use wartel_http::axum::http::Method;
use wartel_messaging::transport::{HttpRequest, HttpTransport, ReqwestTransport, TransportConfig};
use wartel_messaging::{DeviceInfo, SendError, SendErrorKind};
use wartel_otp::{KeyUse, TallyStore, key_uses};
use wartel_storage::clock::StoreClock;
use wartel_storage::redis::RedisStores;

use crate::config::{Ai, Config, ConfigProblems, Database, Environment, Messaging, SecretSource};
use crate::stores::Engine;
use crate::{fallback, messaging, tell};

/// How long each question may take.
const PATIENCE: Duration = Duration::from_secs(15);

/// How a check ended.
enum Finding {
    Good(String),
    Unwise(String),
    Bad(String),
}

use Finding::{Bad, Good, Unwise};

/// Checks all there is to check; fails if anything is bad.
pub(crate) async fn run(config: Result<Config, ConfigProblems>) -> ExitCode {
    let findings = match config {
        Err(problems) => problems.0.into_iter().map(|p| ("settings", Bad(p.to_string()))).collect(),
        Ok(config) => examine(&config).await,
    };
    let mut report = String::new();
    for (what, finding) in &findings {
        let (mark, text) = match finding {
            Good(text) => ("ok  ", text),
            Unwise(text) => ("warn", text),
            Bad(text) => ("FAIL", text),
        };
        // Writing to a string does not fail.
        let _ = writeln!(report, "{mark}  {what:<9} {text}");
    }
    let bad = findings.iter().filter(|(_, finding)| matches!(finding, Bad(_))).count();
    report.push_str(&match bad {
        0 if findings.iter().any(|(_, finding)| matches!(finding, Unwise(_))) => {
            "works; see the warnings".to_owned()
        }
        0 => "all well".to_owned(),
        1 => "1 thing to mend".to_owned(),
        many => format!("{many} things to mend"),
    });
    tell(&report);
    if bad == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

async fn examine(config: &Config) -> Vec<(&'static str, Finding)> {
    let mut findings = vec![(
        "settings",
        Good(format!(
            "{}, listening on {}, messages speak for {}",
            config.environment.as_str(),
            config.bind,
            config.app_name
        )),
    )];
    findings.extend(config.warnings.iter().map(|warning| ("settings", Unwise(warning.clone()))));
    findings.push(("secret", secret(config)));
    if !config.previous_secrets.is_empty() {
        findings.extend(previous_secrets(config).await.into_iter().map(|finding| ("secret", finding)));
    }
    findings.push(("database", database(config).await));
    if let Some(url) = &config.redis {
        findings.push(("redis", redis(url).await));
    }
    findings.extend(provider(config).await);
    if let Some(account) = &config.fallback {
        let examined = fallback::examine(config, account, PATIENCE).await;
        findings.push(("fallback", examined.map_or_else(Bad, Good)));
    }
    findings.push(("webhook", webhook(config)));
    findings.push(("ai", ai(config)));
    findings.extend(running(config).await);
    findings
}

fn secret(config: &Config) -> Finding {
    match &config.secret {
        SecretSource::Given(key) => Good(format!("from WARTEL_SECRET, key {}", key.id().as_str())),
        SecretSource::Kept(path) if path.exists() => match crate::keys::load(&config.secret) {
            Ok(key) => {
                Good(format!("from {}, key {}; for development only", path.display(), key.id().as_str()))
            }
            Err(error) => Bad(format!("{error:#}")),
        },
        SecretSource::Kept(path) => match can_be_made(path) {
            Ok(()) => Good(format!("will be made in {}; for development only", path.display())),
            Err(error) => Bad(format!("{} cannot be made: {error}; set WARTEL_SECRET", path.display())),
        },
    }
}

/// Says of each earlier secret until when it is needed.
async fn previous_secrets(config: &Config) -> Vec<Finding> {
    if matches!(&config.database, Database::Sqlite(path) if !path.exists()) {
        // Looking must not make it.
        return Vec::new();
    }
    let ids: Vec<KeyId> = config.previous_secrets.iter().map(MasterKey::id).collect();
    let asked = tokio::time::timeout(PATIENCE, async {
        let engine = Engine::open(&config.database).await.map_err(|error| chain(&error))?;
        let tallies: Option<Arc<dyn TallyStore>> = match &config.redis {
            Some(url) => {
                let redis = RedisStores::connect(url.expose()).await.map_err(|error| chain(&error))?;
                Some(Arc::new(redis))
            }
            None => engine.tallies(),
        };
        let now = SystemClock.now();
        let uses = match tallies {
            Some(tallies) => key_uses(tallies.as_ref(), &ids, now).await.map_err(|error| chain(&error)),
            None => Ok(Vec::new()),
        };
        engine.close().await;
        Ok::<_, String>((uses?, now))
    });
    match asked.await {
        Ok(Ok((uses, now))) => uses.iter().map(|used| previous_secret(used, now)).collect(),
        Ok(Err(reason)) => {
            vec![Unwise(format!("cannot tell until when WARTEL_SECRET_PREVIOUS is needed: {reason}"))]
        }
        Err(_) => vec![Unwise("cannot tell until when WARTEL_SECRET_PREVIOUS is needed".to_owned())],
    }
}

fn previous_secret(used: &KeyUse, now: Timestamp) -> Finding {
    let id = used.id.as_str();
    if used.codes_until.is_none() {
        return Good(format!(
            "key {id} has made no code for a day: keep it in WARTEL_SECRET_PREVIOUS if you are about to change to it, \
             or else take it out"
        ));
    }
    if used.may_go(now) {
        return Unwise(format!("key {id} is not needed any more: take it out of WARTEL_SECRET_PREVIOUS"));
    }
    let [codes, requests] = [used.codes_until, used.requests_until]
        .map(|until| until.map(Timestamp::to_rfc3339).unwrap_or_default());
    Good(format!("key {id} is needed until {codes} for codes, until {requests} for Idempotency-Keys"))
}

async fn database(config: &Config) -> Finding {
    let shown = config.database.shown();
    match &config.database {
        Database::Memory => return Unwise("in memory: everything is lost with the process".to_owned()),
        Database::Sqlite(path) if !path.exists() => {
            return match config.environment {
                Environment::Development => match can_be_made(path) {
                    Ok(()) => Good(format!("{shown} will be made at the start")),
                    Err(error) => Bad(format!("{shown} cannot be made: {error}; set DATABASE_URL")),
                },
                _ => Bad(format!("{shown} does not exist; run `wartel-service migrate`")),
            };
        }
        Database::Sqlite(_) | Database::Postgres(_) => {}
    }
    let examined = tokio::time::timeout(PATIENCE, async {
        let engine = Engine::open(&config.database).await.map_err(|error| chain(&error))?;
        let pending = engine.pending_migrations().await.map_err(|error| chain(&error))?;
        let mut probed = Ok(());
        // A probe of tables that are not there yet would only say so again.
        if let Some(probe) = engine.probe().filter(|_| pending == 0) {
            probed = probe.probe().await;
        }
        if let Engine::Postgres(postgres) = &engine
            && probed.is_ok()
        {
            let clock = StoreClock::start(Arc::new(postgres.clone())).await;
            probed = clock.map_err(|error| chain(&error))?.0.probe().await;
        }
        engine.close().await;
        probed.map(|()| pending).map_err(|failure| failure.reason().to_owned())
    });
    match examined.await {
        Ok(Ok(0)) => Good(format!("{shown} can be read and written, its schema is up to date")),
        Ok(Ok(_)) if config.environment == Environment::Development => {
            Good(format!("{shown} can be read, its schema is brought up to date at the start"))
        }
        Ok(Ok(pending)) => {
            Bad(format!("{shown}: migrations are pending ({pending}); run `wartel-service migrate`"))
        }
        Ok(Err(reason)) => Bad(format!("{shown}: {reason}")),
        Err(_) => Bad(format!("{shown} does not answer; is another program holding it locked?")),
    }
}

async fn redis(url: &Secret) -> Finding {
    let examined = tokio::time::timeout(PATIENCE, async {
        let stores = RedisStores::connect(url.expose()).await.map_err(|error| chain(&error))?;
        stores.probe().await.map_err(|failure| failure.reason().to_owned())?;
        let clock = StoreClock::start(Arc::new(stores)).await.map_err(|error| chain(&error))?.0;
        clock.probe().await.map_err(|failure| failure.reason().to_owned())
    });
    match examined.await {
        Ok(Ok(())) => Good("the Redis server keeps what it is told and can be written".to_owned()),
        Ok(Err(reason)) => Bad(format!("REDIS_URL: {reason}")),
        Err(_) => Bad("REDIS_URL: the Redis server does not answer".to_owned()),
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let _ = write!(text, ": {error}");
        cause = error.source();
    }
    text
}

/// Whether a file can be made here, without leaving one: tries in the nearest folder that is there.
fn can_be_made(path: &Path) -> std::io::Result<()> {
    let present = path.ancestors().skip(1).find(|folder| folder.as_os_str().is_empty() || folder.is_dir());
    let folder = present.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    let trial = folder.join(format!(".wartel-doctor-{}", std::process::id()));
    std::fs::OpenOptions::new().write(true).create_new(true).open(&trial)?;
    std::fs::remove_file(trial)
}

/// What the service says of itself, if it is running on this machine.
async fn running(config: &Config) -> Vec<(&'static str, Finding)> {
    let Ok(transport) = ReqwestTransport::new(&TransportConfig::default().with_plain_http(true)) else {
        return Vec::new();
    };
    let url = format!("http://{}/health/ready", config.bind);
    let asked = tokio::time::timeout(PATIENCE, transport.execute(HttpRequest::new(Method::GET, url))).await;
    let Ok(Ok(answer)) = asked else { return vec![("service", Good("is not running here".to_owned()))] };
    let Ok(health) = serde_json::from_slice::<serde_json::Value>(&answer.body) else {
        let text = format!("something else answers at {}; choose another WARTEL_BIND", config.bind);
        return vec![("service", Unwise(text))];
    };
    let mut findings: Vec<_> = health
        .get("warnings")
        .and_then(serde_json::Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(serde_json::Value::as_str)
        .map(|warning| ("service", Unwise(warning.to_owned())))
        .collect();
    findings.push((
        "service",
        match health.get("status").and_then(serde_json::Value::as_str) {
            Some("ok") => Good("is running and ready".to_owned()),
            _ => Bad(format!("is running and not ready: see http://{}/health/ready", config.bind)),
        },
    ));
    findings
}

async fn provider(config: &Config) -> Vec<(&'static str, Finding)> {
    if matches!(config.messaging, Messaging::Disabled) {
        let text = "messaging is switched off, no code can be sent; set WHATSAPP_ENABLED=true";
        return vec![("provider", Bad(text.to_owned()))];
    }
    let wired = match messaging::wire(&config.messaging).await {
        Ok(wired) => wired,
        Err(error) => return vec![("provider", Bad(format!("{error:#}")))],
    };
    let name = config.messaging.as_str();
    let Some(device) = &wired.device else {
        return vec![("provider", Good(format!("{name}; it cannot be asked about its device")))];
    };
    let asked = tokio::time::timeout(PATIENCE, device.device()).await;
    if let Some(sandbox) = wired.sandbox {
        sandbox.shutdown().await;
    }
    match asked {
        Ok(Ok(info)) => {
            vec![("provider", Good(format!("{name} accepts the token"))), ("device", device_finding(&info))]
        }
        Ok(Err(error)) => vec![("provider", Bad(refusal(name, &error)))],
        Err(_) => {
            vec![("provider", Bad(format!("{name} does not answer; check the network and WHATSAPP_API_URL")))]
        }
    }
}

fn device_finding(info: &DeviceInfo) -> Finding {
    let quota =
        info.quota.map_or_else(|| "quota unknown".to_owned(), |quota| format!("{quota} messages left"));
    let package = info.package.as_ref().map(|package| format!(", package {package}")).unwrap_or_default();
    let expires = info.expires.as_ref().map(|expires| format!(", until {expires}")).unwrap_or_default();
    if !info.connected {
        return Bad(format!(
            "the device is not connected ({quota}{package}{expires}); pair it with its phone again, on the provider's pages"
        ));
    }
    match info.quota {
        Some(0) => {
            Bad(format!("connected, but no messages are left{package}{expires}; buy quota or a package"))
        }
        Some(1..=50) => Unwise(format!("connected, only {quota}{package}{expires}")),
        _ => Good(format!("connected, {quota}{package}{expires}")),
    }
}

fn refusal(name: &str, error: &SendError) -> String {
    let mend = match error.kind() {
        SendErrorKind::Unauthenticated => "copy the token from the provider's pages into WHATSAPP_API_TOKEN",
        SendErrorKind::DeviceOffline => "pair the device with its phone again, on the provider's pages",
        SendErrorKind::QuotaExhausted => "buy quota or a package",
        SendErrorKind::Unavailable => "check the network and WHATSAPP_API_URL",
        _ => "check WHATSAPP_API_URL and the provider's status page",
    };
    let what = if error.kind() == SendErrorKind::Unavailable { "cannot be reached" } else { "refuses" };
    format!("{name} {what}: {error}; {mend}")
}

fn webhook(config: &Config) -> Finding {
    match (&config.messaging, &config.webhook_token) {
        (Messaging::Disabled, _) => Good("not needed while messaging is off".to_owned()),
        (Messaging::Sandbox, _) => Good("the sandbox reports what becomes of messages".to_owned()),
        (Messaging::Provider { name, .. }, Some(_)) => Good(format!(
            "let {name} call https://<your host>/webhook/whatsapp/<WHATSAPP_WEBHOOK_TOKEN>: docs/providers.md says where"
        )),
        (Messaging::Provider { .. }, None) => Unwise(
            "WHATSAPP_WEBHOOK_TOKEN is not set, so delivery stays at `accepted`; make one with `openssl rand -hex 20`"
                .to_owned(),
        ),
    }
}

/// Says which model answers customers. It is not asked: that would cost money.
fn ai(config: &Config) -> Finding {
    match (&config.ai, &config.messaging) {
        (Ai::None, _) => Good("no language model, rules answer customers; set AI_PROVIDER for one".to_owned()),
        (Ai::Sandbox, Messaging::Sandbox) => Good("the sandbox plays the language model".to_owned()),
        (Ai::Sandbox, _) => Unwise(
            "AI_PROVIDER=sandbox needs WHATSAPP_PROVIDER=sandbox, so rules answer customers; set AI_PROVIDER to a \
             provider or to none"
                .to_owned(),
        ),
        (Ai::Backend(settings), _) => {
            let key = if settings.api_key.is_some() { "a key is set" } else { "without a key" };
            Good(format!("{}, model {}, {key}; it has not been asked", settings.provider, settings.model))
        }
    }
}
