//! Who sends messages, out of the variables `WHATSAPP_…`.

use std::time::Duration;

use wartel_core::AccountId;
use wartel_messaging::AccountSettings;
use wartel_messaging::adapters::{ConfigError, ConnectError, connect, names};
use wartel_otp::parse_span;

use super::{ConfigProblem, Environment, Fallback, Messaging, Vars};

/// Variables that are no settings of the provider.
const NOT_SETTINGS: [&str; 5] = [
    "WHATSAPP_ENABLED",
    "WHATSAPP_PROVIDER",
    "WHATSAPP_WEBHOOK_TOKEN",
    "WHATSAPP_FALLBACK",
    "WHATSAPP_FALLBACK_AFTER",
];

/// How long the first provider has where nothing is said.
const FALLBACK_AFTER: Duration = Duration::from_secs(20);

/// Settings whose variable has another name than `WHATSAPP_` and theirs. The first two are the names of the system that
/// this one replaces.
const RENAMED: [(&str, &str); 3] =
    [("WHATSAPP_API_TOKEN", "token"), ("WHATSAPP_API_URL", "url"), ("WHATSAPP_API_URL", "base_url")];

pub(super) fn read(vars: &Vars, environment: Environment, problems: &mut Vec<ConfigProblem>) -> Messaging {
    let mut problem =
        |name: &str, advice: String| problems.push(ConfigProblem { name: name.to_owned(), advice });
    match vars.get("WHATSAPP_ENABLED").map(str::to_ascii_lowercase).as_deref() {
        None | Some("true" | "1" | "yes" | "on") => {}
        Some("false" | "0" | "no" | "off") => return Messaging::Disabled,
        Some(_) => problem("WHATSAPP_ENABLED", "must be true or false".to_owned()),
    }
    // A token is a Fonnte token unless a provider is named.
    let default = match (environment, vars.get("WHATSAPP_API_TOKEN")) {
        (Environment::Development, None) => Some("sandbox"),
        (_, Some(_)) => Some("fonnte"),
        (_, None) => None,
    };
    let chosen = vars.get("WHATSAPP_PROVIDER").or(default);
    if chosen == Some("sandbox") {
        return Messaging::Sandbox;
    }
    let Some(name) = names().iter().find(|name| Some(**name) == chosen) else {
        let advice = format!("must be one of {}, sandbox", names().join(", "));
        let missing = "is missing: set it to fonnte, and WHATSAPP_API_TOKEN to its device token".to_owned();
        problem("WHATSAPP_PROVIDER", if chosen.is_some() { advice } else { missing });
        return Messaging::Disabled;
    };
    let settings = settings(vars);
    match connect(name, &settings) {
        Ok(_) => Messaging::Provider { name, settings },
        Err(ConnectError::Config(error)) => {
            problem(&variable(&error), advice(name, &error));
            Messaging::Disabled
        }
        Err(error) => {
            problem("WHATSAPP_PROVIDER", error.to_string());
            Messaging::Disabled
        }
    }
}

/// The account that codes go over when the first provider does not come far enough. Whether there is such an account is
/// known when the store is open.
pub(super) fn fallback(vars: &Vars, problems: &mut Vec<ConfigProblem>) -> Option<Fallback> {
    let mut problem = |name: &str, advice: &str| {
        problems.push(ConfigProblem { name: name.to_owned(), advice: advice.to_owned() });
    };
    let (name, span) = ("WHATSAPP_FALLBACK", "WHATSAPP_FALLBACK_AFTER");
    let after = vars.get(span).map_or(Some(FALLBACK_AFTER), parse_span);
    let after = after.filter(|after| (5..=120).contains(&after.as_secs()) && after.subsec_nanos() == 0);
    if after.is_none() {
        problem(span, "must be a span from 5s to 2m, such as 20s");
    }
    let Some(account) = vars.get(name) else {
        if vars.get(span).is_some() {
            problem(span, "says nothing without WHATSAPP_FALLBACK; set that to an account, or remove this");
        }
        return None;
    };
    match AccountId::parse(account) {
        Ok(account) if account != AccountId::default() => Some(Fallback { account, after: after? }),
        Ok(_) => {
            problem(name, "`default` is the account of these settings itself; name another one");
            None
        }
        Err(_) => {
            problem(name, "must be the name of an account: 1 to 64 characters of a-z, 0-9, `_` and `-`");
            None
        }
    }
}

/// Every variable `WHATSAPP_…` that is a setting of the provider.
fn settings(vars: &Vars) -> AccountSettings {
    vars.names().filter(|name| name.starts_with("WHATSAPP_") && !NOT_SETTINGS.contains(name)).fold(
        AccountSettings::new(),
        |settings, name| {
            let renamed = RENAMED.iter().find(|(variable, _)| *variable == name).map(|(_, setting)| *setting);
            let plain = || name.trim_start_matches("WHATSAPP_").to_ascii_lowercase();
            match vars.get(name) {
                Some(value) => settings.with(renamed.map_or_else(plain, str::to_owned), value),
                None => settings,
            }
        },
    )
}

/// The variable behind a setting.
fn variable(error: &ConfigError) -> String {
    let renamed = RENAMED.iter().find(|(_, setting)| *setting == error.setting());
    match renamed {
        Some((variable, _)) => (*variable).to_owned(),
        None if error.setting() == "settings" => "WHATSAPP_…".to_owned(),
        None => format!("WHATSAPP_{}", error.setting().to_ascii_uppercase()),
    }
}

fn advice(provider: &str, error: &ConfigError) -> String {
    let mend = match (provider, error.setting()) {
        ("fonnte", "token") => "; copy the device token from Fonnte's device page",
        (_, "base_url" | "url") => "; it is a URL such as https://api.example.com",
        (_, "settings") => {
            " (in lower case and without WHATSAPP_; token is WHATSAPP_API_TOKEN, url is WHATSAPP_API_URL)"
        }
        _ => "",
    };
    format!("{provider}: {}{mend}", error.problem())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_settings_by_their_names() {
        let vars: Vars = [
            ("WHATSAPP_ENABLED", "true"),
            ("WHATSAPP_PROVIDER", "fonnte"),
            ("WHATSAPP_WEBHOOK_TOKEN", "x"),
            ("WHATSAPP_FALLBACK", "backup"),
            ("WHATSAPP_FALLBACK_AFTER", "20s"),
            ("WHATSAPP_API_TOKEN", "made-up-token"),
            ("WHATSAPP_API_URL", "https://api.fonnte.com"),
            ("WHATSAPP_COUNTRY_CODE", "62"),
            ("WHATSAPP_EMPTY", " "),
            ("OTHER", "y"),
        ]
        .into_iter()
        .collect();
        assert_eq!(settings(&vars).names().collect::<Vec<_>>(), ["country_code", "token", "url"]);
    }

    #[test]
    fn a_wrong_setting_is_named_by_its_variable() {
        for (name, value, variable) in [
            ("WHATSAPP_API_TOKEN", "two words", "WHATSAPP_API_TOKEN"),
            ("WHATSAPP_API_URL", "http://fonnte.example", "WHATSAPP_API_URL"),
            ("WHATSAPP_COUNTRY_CODE", "x", "WHATSAPP_COUNTRY_CODE"),
            ("WHATSAPP_TOKN", "x", "WHATSAPP_…"),
        ] {
            let mut vars = vec![("WHATSAPP_API_TOKEN", "made-up-token")];
            vars.retain(|(other, _)| *other != name);
            vars.extend([("WHATSAPP_PROVIDER", "fonnte"), (name, value)]);
            if name == "WHATSAPP_TOKN" {
                vars.push(("WHATSAPP_API_TOKEN", "made-up-token"));
            }
            let mut problems = Vec::new();
            read(&vars.into_iter().collect(), Environment::Production, &mut problems);
            let names: Vec<_> = problems.iter().map(|problem| problem.name.as_str()).collect();
            assert_eq!(names, [variable], "{name}");
            assert!(!problems[0].advice.contains(value) || value == "x", "{}", problems[0].advice);
        }
    }

    #[test]
    fn a_fallback_is_another_account_after_a_while() {
        let read = |name: &str, after: &str| {
            let vars =
                [("WHATSAPP_FALLBACK", name), ("WHATSAPP_FALLBACK_AFTER", after)].into_iter().collect();
            let mut problems = Vec::new();
            let fallback = fallback(&vars, &mut problems);
            (fallback, problems.into_iter().map(|problem| problem.name).collect::<Vec<_>>())
        };
        let fine = |secs| {
            let account = AccountId::parse("backup").unwrap();
            (Some(Fallback { account, after: Duration::from_secs(secs) }), Vec::<String>::new())
        };
        let wrong = |name: &str| (None, vec![name.to_owned()]);
        for (name, after, expected) in [
            ("backup", "", fine(20)),
            ("backup", "5s", fine(5)),
            ("backup", "2m", fine(120)),
            ("", "", (None, Vec::new())),
            ("default", "", wrong("WHATSAPP_FALLBACK")),
            ("Back up", "", wrong("WHATSAPP_FALLBACK")),
            ("backup", "4s", wrong("WHATSAPP_FALLBACK_AFTER")),
            ("backup", "121s", wrong("WHATSAPP_FALLBACK_AFTER")),
            ("backup", "soon", wrong("WHATSAPP_FALLBACK_AFTER")),
            ("", "20s", wrong("WHATSAPP_FALLBACK_AFTER")),
        ] {
            assert_eq!(read(name, after), expected, "{name} {after}");
        }
    }
}
