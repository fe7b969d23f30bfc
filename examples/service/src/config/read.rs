//! From variables to a configuration. Collects every problem before it gives up.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use ipnet::IpNet;
use wartel_core::{Country, MasterKey, Secret, TenantId};
use wartel_http::HttpConfig;
use wartel_otp::guard::PumpingPolicy;
use wartel_otp::{OtpPolicy, Rate, TestNumber, parse_span};
use wartel_storage::postgres::{PostgresConfig, PostgresConfigError};

use super::production::forbid_risks;
use super::test_numbers;
use super::{Config, ConfigProblem, ConfigProblems, Database, Environment, SecretSource, Vars};

/// Where development keeps its database and its secret.
pub(crate) const DATA_FOLDER: &str = "data";

/// Every `WARTEL_*` name there is. Others are typing errors, and are told so.
const KNOWN: &[&str] = &[
    "WARTEL_ENV",
    "WARTEL_BIND",
    "WARTEL_SECRET",
    "WARTEL_SECRET_PREVIOUS",
    "WARTEL_APP_NAME",
    "WARTEL_PUBLIC_TENANT",
    "WARTEL_TRUSTED_PROXIES",
    "WARTEL_PUBLIC_URL",
    "WARTEL_ADMIN_PASSWORD",
    "WARTEL_DATABASE_CONNECTIONS",
    "WARTEL_OTP_LENGTH",
    "WARTEL_OTP_TTL",
    "WARTEL_OTP_CHECKS",
    "WARTEL_OTP_RESEND",
    "WARTEL_OTP_COUNTRIES",
    "WARTEL_OTP_SENDS_PER_PHONE",
    "WARTEL_OTP_SENDS_PER_IP",
    "WARTEL_OTP_SENDS_PER_NETWORK",
    "WARTEL_OTP_SENDS_PER_TENANT",
    "WARTEL_OTP_REFUSED_PER_IP",
    "WARTEL_OTP_FAILED_PER_PHONE",
    "WARTEL_OTP_PUMPING",
    "WARTEL_TEST_NUMBERS",
    "WARTEL_DANGEROUS_TEST_NUMBERS_IN_PRODUCTION",
];

/// Reads the configuration out of variables.
///
/// # Errors
/// [`ConfigProblems`] holds everything that is wrong, each with its variable and the way to mend it.
pub(crate) fn from_vars(vars: &Vars) -> Result<Config, ConfigProblems> {
    let mut reader = Reader { vars, problems: Vec::new() };
    reader.refuse_unknown_names();
    let environment = reader.environment();
    let config = Config {
        environment,
        bind: reader.bind(),
        secret: reader.secret(),
        previous_secrets: reader.previous_secrets(),
        app_name: reader.app_name(),
        tenant: reader.tenant(),
        trusted_proxies: reader.trusted_proxies(),
        public_url: reader.public_url(),
        database: reader.database(),
        redis: reader.redis(),
        messaging: super::messaging::read(vars, environment, &mut reader.problems),
        fallback: super::messaging::fallback(vars, &mut reader.problems),
        ai: super::ai::read(vars, environment, &mut reader.problems),
        webhook_token: reader.webhook_token(),
        test_numbers: reader.test_numbers(),
        policy: reader.policy(),
        pumping: reader.pumping(),
        warnings: Vec::new(),
    };
    let mut problems = reader.problems;
    let config = forbid_risks(config, vars, &mut problems);
    if problems.is_empty() { Ok(config) } else { Err(ConfigProblems(problems)) }
}

struct Reader<'a> {
    vars: &'a Vars,
    problems: Vec<ConfigProblem>,
}

impl Reader<'_> {
    fn problem(&mut self, name: &str, advice: impl Into<String>) {
        self.problems.push(ConfigProblem { name: name.to_owned(), advice: advice.into() });
    }

    fn refuse_unknown_names(&mut self) {
        let unknown: Vec<String> = self
            .vars
            .names()
            .filter(|name| name.starts_with("WARTEL_") && !KNOWN.contains(name))
            .map(str::to_owned)
            .collect();
        for name in unknown {
            self.problem(&name, "there is no such setting; check the spelling, or remove it");
        }
    }

    fn environment(&mut self) -> Environment {
        match self.vars.get("WARTEL_ENV") {
            None | Some("development") => Environment::Development,
            Some("staging") => Environment::Staging,
            Some("production") => Environment::Production,
            Some(_) => {
                self.problem("WARTEL_ENV", "must be development, staging or production");
                Environment::Production
            }
        }
    }

    fn bind(&mut self) -> SocketAddr {
        let loopback = SocketAddr::from(([127, 0, 0, 1], 8080));
        self.vars.get("WARTEL_BIND").map_or(Ok(loopback), str::parse).unwrap_or_else(|_| {
            self.problem("WARTEL_BIND", "must be an address and a port such as 127.0.0.1:8080");
            loopback
        })
    }

    fn secret(&mut self) -> SecretSource {
        let kept = SecretSource::Kept(PathBuf::from(DATA_FOLDER).join("secret"));
        match self.vars.get("WARTEL_SECRET").map(MasterKey::parse) {
            None => kept,
            Some(Ok(key)) => SecretSource::Given(key),
            Some(Err(error)) => {
                self.problem("WARTEL_SECRET", error.to_string());
                kept
            }
        }
    }

    fn previous_secrets(&mut self) -> Vec<MasterKey> {
        let texts = self.vars.get("WARTEL_SECRET_PREVIOUS").unwrap_or_default();
        let keys = texts.split(',').map(str::trim).filter(|text| !text.is_empty()).map(MasterKey::parse);
        keys.collect::<Result<_, _>>().unwrap_or_else(|error| {
            self.problem("WARTEL_SECRET_PREVIOUS", error.to_string());
            Vec::new()
        })
    }

    fn app_name(&mut self) -> String {
        let name = self.vars.get("WARTEL_APP_NAME").unwrap_or("Wartel");
        // As messages show it: markup is no name.
        let shown = wartel_messaging::markup::harmless(name);
        if !(1..=60).contains(&shown.chars().count()) || name.chars().any(char::is_control) {
            self.problem("WARTEL_APP_NAME", "must be 1 to 60 visible characters");
        }
        name.to_owned()
    }

    fn tenant(&mut self) -> TenantId {
        let name = "WARTEL_PUBLIC_TENANT";
        self.vars.get(name).map_or_else(|| Ok(TenantId::default()), TenantId::parse).unwrap_or_else(|error| {
            self.problem(name, error.to_string());
            TenantId::default()
        })
    }

    fn trusted_proxies(&mut self) -> Vec<IpNet> {
        let name = "WARTEL_TRUSTED_PROXIES";
        let texts = self.vars.get(name).unwrap_or_default();
        let read = |text: &str| {
            text.parse::<IpNet>().ok().or_else(|| text.parse::<std::net::IpAddr>().ok().map(IpNet::from))
        };
        let networks = texts.split(',').map(str::trim).filter(|text| !text.is_empty()).map(read);
        networks.collect::<Option<_>>().unwrap_or_else(|| {
            self.problem(name, "must be networks such as 10.0.0.0/8,127.0.0.1/32, separated by commas");
            Vec::new()
        })
    }

    fn public_url(&mut self) -> Option<String> {
        let mut config = HttpConfig::default();
        config.public_url = Some(self.vars.get("WARTEL_PUBLIC_URL")?.to_owned());
        if config.validate().is_err() {
            self.problem(
                "WARTEL_PUBLIC_URL",
                "must be an address such as https://toko.example, without a query",
            );
        }
        config.public_url
    }

    fn database(&mut self) -> Database {
        let default = || Database::Sqlite(PathBuf::from(DATA_FOLDER).join("wartel.db"));
        let Some(url) = self.vars.get("DATABASE_URL") else { return default() };
        if url == "memory:" || url == "memory" {
            return Database::Memory;
        }
        if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            return Database::Postgres(self.postgres(url));
        }
        let path = url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:"));
        match path {
            Some(":memory:") => Database::Memory,
            Some(path) if !path.is_empty() && !path.contains('?') => Database::Sqlite(PathBuf::from(path)),
            _ => {
                self.problem(
                    "DATABASE_URL",
                    "must be postgres://user:password@host/database, or sqlite://path/to/wartel.db without options, or, \
                     in development, memory:",
                );
                default()
            }
        }
    }

    fn postgres(&mut self, url: &str) -> PostgresConfig {
        let mut config = PostgresConfig::new(url);
        let connections = "WARTEL_DATABASE_CONNECTIONS";
        self.set(connections, "a number such as 10", &mut config.connections, |text| text.parse().ok());
        match config.validate() {
            Ok(()) => {}
            Err(error @ PostgresConfigError::Connections) => self.problem(connections, error.to_string()),
            Err(error) => self.problem("DATABASE_URL", error.to_string()),
        }
        config
    }

    fn redis(&mut self) -> Option<Secret> {
        let url = self.vars.get("REDIS_URL")?;
        let parsed = url::Url::parse(url).ok();
        if !parsed.is_some_and(|url| matches!(url.scheme(), "redis" | "rediss" | "redis+unix" | "unix")) {
            self.problem(
                "REDIS_URL",
                "must be redis://user:password@host:6379/0, rediss://… for TLS, or redis+unix:///path/to/socket",
            );
        }
        Some(Secret::new(url))
    }

    fn webhook_token(&mut self) -> Option<Secret> {
        let token = self.vars.get("WHATSAPP_WEBHOOK_TOKEN")?;
        let fits = (20..=128).contains(&token.len())
            && token.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'~' | b'.'));
        if !fits {
            self.problem(
                "WHATSAPP_WEBHOOK_TOKEN",
                "must be 20 to 128 of A-Z, a-z, 0-9, `-`, `_`, `.` and `~`; make one with `openssl rand -hex 20`",
            );
        }
        Some(Secret::new(token))
    }

    fn policy(&mut self) -> OtpPolicy {
        let mut policy = OtpPolicy::default();
        self.set("WARTEL_OTP_LENGTH", "a number of digits such as 6", &mut policy.length, |text| {
            text.parse().ok()
        });
        self.set("WARTEL_OTP_TTL", "a span such as 5m", &mut policy.ttl, parse_span);
        self.set("WARTEL_OTP_CHECKS", "a number such as 5", &mut policy.checks, |text| text.parse().ok());
        self.set("WARTEL_OTP_RESEND", "spans such as 60s,120s,300s", &mut policy.waits, |text| {
            text.split(',').map(parse_span).collect::<Option<Vec<Duration>>>()
        });
        let name = "WARTEL_OTP_COUNTRIES";
        self.set(name, "country codes such as ID,MY, or nothing for none", &mut policy.countries, |text| {
            text.split(',').map(|code| Country::parse(code.trim()).ok()).collect()
        });
        if self.vars.is_empty(name) {
            policy.countries.clear();
        }
        let rates = "rates such as 5/10m,10/1d";
        let list = |text: &str| Rate::parse_list(text).ok().filter(|rates| !rates.is_empty());
        self.set("WARTEL_OTP_SENDS_PER_PHONE", rates, &mut policy.sends_per_phone, list);
        self.set("WARTEL_OTP_SENDS_PER_IP", rates, &mut policy.sends_per_ip, list);
        self.set("WARTEL_OTP_SENDS_PER_NETWORK", rates, &mut policy.sends_per_network, list);
        self.set("WARTEL_OTP_SENDS_PER_TENANT", rates, &mut policy.sends_per_tenant, list);
        self.set("WARTEL_OTP_REFUSED_PER_IP", rates, &mut policy.refused_per_ip, list);
        self.set(
            "WARTEL_OTP_FAILED_PER_PHONE",
            "a rate such as 15/1d",
            &mut policy.failed_per_phone,
            |text| text.parse().ok(),
        );
        if let Err(error) = policy.validate() {
            self.problem(policy_variable(error.field()), error.to_string());
        }
        policy
    }

    fn test_numbers(&mut self) -> Vec<TestNumber> {
        let mut length = OtpPolicy::default().length;
        // A length that cannot be read is told of where the policy is read.
        if let Some(Ok(given)) = self.vars.get("WARTEL_OTP_LENGTH").map(str::parse) {
            length = given;
        }
        let mut numbers = Vec::new();
        let what =
            "numbers with a code as long as others and a last day, such as 081200000001=123456@2026-12-31";
        self.set("WARTEL_TEST_NUMBERS", what, &mut numbers, |text| test_numbers::read(text, length));
        numbers
    }

    fn pumping(&mut self) -> PumpingPolicy {
        let mut pumping = PumpingPolicy::default();
        self.set("WARTEL_OTP_PUMPING", "deny or record", &mut pumping.action, |text| text.parse().ok());
        pumping
    }

    fn set<T>(&mut self, name: &str, what: &str, field: &mut T, read: impl Fn(&str) -> Option<T>) {
        let Some(text) = self.vars.get(name) else { return };
        match read(text) {
            Some(value) => *field = value,
            None => self.problem(name, format!("must be {what}")),
        }
    }
}

/// The variable behind a field of the policy.
fn policy_variable(field: &str) -> &'static str {
    match field {
        "length" => "WARTEL_OTP_LENGTH",
        "ttl" => "WARTEL_OTP_TTL",
        "checks" => "WARTEL_OTP_CHECKS",
        "waits" => "WARTEL_OTP_RESEND",
        "sends_per_ip" => "WARTEL_OTP_SENDS_PER_IP",
        "sends_per_network" => "WARTEL_OTP_SENDS_PER_NETWORK",
        "sends_per_tenant" => "WARTEL_OTP_SENDS_PER_TENANT",
        "refused_per_ip" => "WARTEL_OTP_REFUSED_PER_IP",
        "failed_per_phone" | "failed_in_row" => "WARTEL_OTP_FAILED_PER_PHONE",
        _ => "WARTEL_OTP_SENDS_PER_PHONE",
    }
}
