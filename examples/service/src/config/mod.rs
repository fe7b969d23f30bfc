//! The configuration: read once from the environment, checked whole, then handed on as plain data.

mod ai;
mod messaging;
mod production;
mod read;
mod test_numbers;
#[cfg(test)]
mod tests;
mod vars;

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use wartel_bot::llm::BackendSettings;
use wartel_core::{AccountId, MasterKey, Secret, TenantId};
use wartel_messaging::AccountSettings;
use wartel_otp::guard::PumpingPolicy;
use wartel_otp::{OtpPolicy, TestNumber};
use wartel_storage::postgres::PostgresConfig;

pub(crate) use read::from_vars;
pub(crate) use vars::{Vars, read_environment};

/// Where the service runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Environment {
    /// Everything has a default; the sandbox stands in for WhatsApp.
    Development,
    /// As production, but the sandbox may stand in for WhatsApp.
    Staging,
    /// Nothing risky has a default.
    Production,
}

impl Environment {
    /// The word of `WARTEL_ENV`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }
}

/// Where the installation's secret comes from.
#[derive(Debug, Clone)]
pub(crate) enum SecretSource {
    /// `WARTEL_SECRET`.
    Given(MasterKey),
    /// A file that is made when it is missing; development only.
    Kept(PathBuf),
}

/// Where state is kept.
#[derive(Debug, Clone)]
pub(crate) enum Database {
    /// An SQLite file, for one instance.
    Sqlite(PathBuf),
    /// A Postgres database, which many instances may share.
    Postgres(PostgresConfig),
    /// In memory; development only.
    Memory,
}

impl Database {
    /// What it is called in words for the operator: without user and password.
    pub(crate) fn shown(&self) -> String {
        match self {
            Self::Sqlite(path) => path.display().to_string(),
            Self::Postgres(config) => {
                let url = url::Url::parse(config.url.expose()).ok();
                let host = url.as_ref().and_then(url::Url::host_str).unwrap_or("this machine");
                let name =
                    url.as_ref().map(|url| url.path().trim_matches('/')).filter(|name| !name.is_empty());
                format!("the Postgres database {} on {host}", name.unwrap_or("of the user's name"))
            }
            Self::Memory => "memory".to_owned(),
        }
    }
}

/// Who sends messages.
#[derive(Debug, Clone)]
pub(crate) enum Messaging {
    /// `WHATSAPP_ENABLED=false`.
    Disabled,
    /// The sandbox, through the real Fonnte adapter.
    Sandbox,
    /// A provider.
    Provider {
        /// Its name: one of [`wartel_messaging::adapters::names`].
        name: &'static str,
        /// What its adapter needs, from the variables `WHATSAPP_…`.
        settings: AccountSettings,
    },
}

impl Messaging {
    /// The name of the provider for logs.
    pub(crate) const fn as_str(&self) -> &'static str {
        match self {
            Self::Disabled => "disabled",
            Self::Sandbox => "sandbox",
            Self::Provider { name, .. } => name,
        }
    }
}

/// Which language model answers customers.
#[derive(Debug, Clone)]
pub(crate) enum Ai {
    /// None: rules answer.
    None,
    /// The sandbox's, which plays an assistant by rules.
    Sandbox,
    /// A model at a server.
    Backend(BackendSettings),
}

impl Ai {
    /// The name of the provider for logs.
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Self::None => "none",
            Self::Sandbox => "sandbox",
            Self::Backend(settings) => &settings.provider,
        }
    }
}

/// Over which account codes go when the first provider does not come far enough.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fallback {
    /// An account of the tenant of the public routes.
    pub(crate) account: AccountId,
    /// How long the first provider has, from 5 s to 2 min.
    pub(crate) after: Duration,
}

/// The whole configuration.
#[derive(Debug, Clone)]
pub(crate) struct Config {
    pub(crate) environment: Environment,
    pub(crate) bind: SocketAddr,
    pub(crate) secret: SecretSource,
    pub(crate) previous_secrets: Vec<MasterKey>,
    pub(crate) app_name: String,
    pub(crate) tenant: TenantId,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// Where providers reach the service.
    pub(crate) public_url: Option<String>,
    pub(crate) database: Database,
    /// The address of a Redis server that keeps the codes, where it is not the database.
    pub(crate) redis: Option<Secret>,
    pub(crate) messaging: Messaging,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) ai: Ai,
    pub(crate) webhook_token: Option<Secret>,
    pub(crate) policy: OtpPolicy,
    /// When somebody is thought to have messages sent for money, and what is done then.
    pub(crate) pumping: PumpingPolicy,
    /// Numbers with fixed codes, which get no messages.
    pub(crate) test_numbers: Vec<TestNumber>,
    /// What is allowed but deserves a word at the start.
    pub(crate) warnings: Vec<String>,
}

/// One thing that is wrong with the configuration, and how to mend it. Never shows a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigProblem {
    /// The variable.
    pub(crate) name: String,
    /// What is wrong, and what to do.
    pub(crate) advice: String,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.name, self.advice)
    }
}

/// Everything that is wrong with the configuration, so that nobody mends it one error at a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ConfigProblems(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration is not valid")?;
        self.0.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
    }
}

impl std::error::Error for ConfigProblems {}
