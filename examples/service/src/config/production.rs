//! What production refuses, and what deserves a word.

use super::{Config, ConfigProblem, Database, Environment, Messaging, SecretSource, Vars};

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
        if config.database == Database::Memory {
            refuse(
                "DATABASE_URL",
                "memory: loses everything with the process; use sqlite://path/to/wartel.db",
            );
        }
    }
    if environment == Environment::Production && matches!(config.messaging, Messaging::Sandbox) {
        refuse("WHATSAPP_PROVIDER", "the sandbox sends nothing to real phones; set it to fonnte");
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
    if vars.get("WARTEL_ADMIN_PASSWORD").is_some() {
        config
            .warnings
            .push("WARTEL_ADMIN_PASSWORD is set, but there are no admin pages that it would open".to_owned());
    }
    config
}
