//! What production refuses, and what deserves a word.

use super::{Ai, Config, ConfigProblem, Database, Environment, Messaging, SecretSource, Vars};

/// Refuses what is too risky outside development, and collects warnings for what is only unwise.
pub(super) fn forbid_risks(mut config: Config, vars: &Vars, problems: &mut Vec<ConfigProblem>) -> Config {
    let environment = config.environment;
    let mut refuse = |name: &str, advice: &str| {
        // A value that could not be read is told of already.
        if !problems.iter().any(|problem| problem.name == name) {
            problems.push(ConfigProblem { name: name.to_owned(), advice: advice.to_owned() });
        }
    };
    if environment != Environment::Development {
        if matches!(config.secret, SecretSource::Kept(_)) {
            refuse(
                "WARTEL_SECRET",
                "is missing: make one with `openssl rand -hex 32` and keep it apart from the database",
            );
        }
        if matches!(config.database, Database::Memory) {
            refuse(
                "DATABASE_URL",
                "memory: loses everything with the process; use postgres://user:password@host/database, or \
                 sqlite://path/to/wartel.db for a single instance",
            );
        }
    }
    if environment == Environment::Production && matches!(config.messaging, Messaging::Sandbox) {
        refuse(
            "WHATSAPP_PROVIDER",
            "the sandbox sends nothing to real phones; set it to your provider, such as fonnte",
        );
    }
    if environment == Environment::Production && matches!(config.ai, Ai::Sandbox) {
        refuse(
            "AI_PROVIDER",
            "the sandbox answers by rules and is no language model; set it to your provider",
        );
    }
    if matches!(config.ai, Ai::None) {
        config.warnings.push(
            "AI_PROVIDER is not set: no language model answers customers, rules do (hours, address, stock)"
                .to_owned(),
        );
    }

    let allowed = vars.get("WARTEL_DANGEROUS_TEST_NUMBERS_IN_PRODUCTION") == Some("true");
    if environment == Environment::Production && !config.test_numbers.is_empty() && !allowed {
        refuse(
            "WARTEL_TEST_NUMBERS",
            "whoever knows a fixed code can verify its number; remove it, or set \
             WARTEL_DANGEROUS_TEST_NUMBERS_IN_PRODUCTION=true while an app is reviewed",
        );
    }
    if !config.test_numbers.is_empty() && environment != Environment::Development {
        config.warnings.push(
            "WARTEL_TEST_NUMBERS: whoever knows a fixed code can verify its number, until its last day"
                .to_owned(),
        );
    }

    if matches!(config.messaging, Messaging::Disabled) && vars.get("WHATSAPP_ENABLED").is_some() {
        config.warnings.push(
            "WHATSAPP_ENABLED=false: messaging is switched off; every request for a code is refused with 503"
                .to_owned(),
        );
    }
    if environment != Environment::Development {
        if vars.get("DATABASE_URL").is_none() {
            config.warnings.push(
                "DATABASE_URL is not set: state is kept in data/wartel.db, in the present folder".to_owned(),
            );
        }
        if let Database::Postgres(postgres) = &config.database
            && travels_in_clear(postgres.url.expose())
        {
            config.warnings.push(
                "DATABASE_URL: what is kept may travel in clear to the database; add ?sslmode=verify-full to it"
                    .to_owned(),
            );
        }
        if config.redis.as_ref().is_some_and(|url| travels_in_clear(url.expose())) {
            config.warnings.push(
                "REDIS_URL: what is kept travels in clear to the Redis server; use rediss://".to_owned(),
            );
        }
        if config.redis.is_some() && matches!(config.database, Database::Sqlite(_)) {
            config.warnings.push(
                "REDIS_URL shares codes, but DATABASE_URL is a file of this machine: run a single instance"
                    .to_owned(),
            );
        }
        if config.webhook_token.is_none() {
            config.warnings.push(
                "WHATSAPP_WEBHOOK_TOKEN is not set: no receipts come in, so delivery stays at `accepted`"
                    .to_owned(),
            );
        }
        if vars.get("WARTEL_APP_NAME").is_none() {
            config.warnings.push("WARTEL_APP_NAME is not set: messages speak for `Wartel`".to_owned());
        }
    }
    if config.trusted_proxies.iter().any(|network| network.prefix_len() == 0) {
        config.warnings.push(
            "WARTEL_TRUSTED_PROXIES trusts everybody: each caller may choose the address that limits count"
                .to_owned(),
        );
    }
    if vars.get("WARTEL_DATABASE_CONNECTIONS").is_some() && !matches!(config.database, Database::Postgres(_))
    {
        config
            .warnings
            .push("WARTEL_DATABASE_CONNECTIONS is set, but means nothing without Postgres".to_owned());
    }
    if vars.get("WARTEL_ADMIN_PASSWORD").is_some() {
        config
            .warnings
            .push("WARTEL_ADMIN_PASSWORD is set, but there are no admin pages that it would open".to_owned());
    }
    config
}

/// Whether a connection leaves this machine and need not be encrypted.
fn travels_in_clear(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    if matches!(url.scheme(), "rediss" | "redis+unix" | "unix") {
        return false;
    }
    let on_this_machine = match url.host() {
        // A socket stands in the place of the host with its slashes written as %2F.
        Some(url::Host::Domain(name)) => {
            name == "localhost"
                || name.to_ascii_lowercase().starts_with("%2f")
                || name.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
        }
        Some(url::Host::Ipv4(ip)) => ip.is_loopback(),
        Some(url::Host::Ipv6(ip)) => ip.is_loopback(),
        None => true,
    };
    let encrypted = url.query_pairs().any(|(name, value)| {
        matches!(&*name, "sslmode" | "ssl-mode") && matches!(&*value, "require" | "verify-ca" | "verify-full")
    });
    !on_this_machine && !encrypted
}
