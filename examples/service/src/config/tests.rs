use super::*;

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
const PRODUCTION: [(&str, &str); 5] = [
    ("WARTEL_ENV", "production"),
    ("WARTEL_SECRET", SECRET),
    ("DATABASE_URL", "sqlite:///var/lib/wartel/wartel.db"),
    ("WHATSAPP_PROVIDER", "fonnte"),
    ("WHATSAPP_API_TOKEN", "made-up-token"),
];

fn read(vars: &[(&str, &str)]) -> Result<Config, Vec<String>> {
    from_vars(&vars.iter().copied().collect())
        .map_err(|problems| problems.0.into_iter().map(|problem| problem.name).collect())
}

fn production_with(change: (&'static str, &'static str)) -> Result<Config, Vec<String>> {
    let mut vars: Vec<_> = PRODUCTION.into_iter().filter(|(name, _)| *name != change.0).collect();
    vars.push(change);
    read(&vars)
}

#[test]
fn development_needs_nothing() {
    let config = read(&[]).unwrap();
    assert_eq!(config.bind.to_string(), "127.0.0.1:8080");
    assert_eq!(config.database.shown(), "data/wartel.db");
    assert!(matches!(config.database, Database::Sqlite(_)));
    assert!(matches!(config.messaging, Messaging::Sandbox));
    assert!(matches!(config.secret, SecretSource::Kept(_)));
    assert_eq!(config.policy, OtpPolicy::default());
    assert!(config.warnings.is_empty());
}

#[test]
fn production_names_what_is_risky() {
    assert!(read(&PRODUCTION).is_ok());
    for (change, name) in [
        (("WARTEL_SECRET", ""), "WARTEL_SECRET"),
        (("WARTEL_SECRET", "short"), "WARTEL_SECRET"),
        (("DATABASE_URL", "memory:"), "DATABASE_URL"),
        (("DATABASE_URL", "sqlite::memory:"), "DATABASE_URL"),
        (("DATABASE_URL", "sqlite://wartel.db?mode=memory"), "DATABASE_URL"),
        (("DATABASE_URL", "postgres://wartel@db.example/wartel?slmode=require"), "DATABASE_URL"),
        (("DATABASE_URL", "postgres://wartel@db.example:many/wartel"), "DATABASE_URL"),
        (("WHATSAPP_PROVIDER", "sandbox"), "WHATSAPP_PROVIDER"),
        (("WHATSAPP_API_TOKEN", ""), "WHATSAPP_API_TOKEN"),
        (("WHATSAPP_API_URL", "http://fonnte.example/send"), "WHATSAPP_API_URL"),
        (("WHATSAPP_API_URL", "not a url"), "WHATSAPP_API_URL"),
        (("WHATSAPP_WEBHOOK_TOKEN", "short"), "WHATSAPP_WEBHOOK_TOKEN"),
        (("WARTEL_APP_NAME", "***"), "WARTEL_APP_NAME"),
        (("WARTEL_PUBLIC_URL", "toko.example"), "WARTEL_PUBLIC_URL"),
        (("WARTEL_OTP_SENDS_PER_IP", "6/1h,10/1h"), "WARTEL_OTP_SENDS_PER_IP"),
        (("WARTEL_OTP_REFUSED_PER_IP", "65/1h"), "WARTEL_OTP_REFUSED_PER_IP"),
        (("WARTEL_OTP_PUMPING", "off"), "WARTEL_OTP_PUMPING"),
        (("WARTEL_TEST_NUMBERS", "081200000001=123456@2026-12-31"), "WARTEL_TEST_NUMBERS"),
        (("WARTEL_TEST_NUMBERS", "081200000001=123456"), "WARTEL_TEST_NUMBERS"),
    ] {
        assert_eq!(production_with(change).unwrap_err(), [name], "{change:?}");
    }
    assert!(production_with(("WHATSAPP_API_URL", "http://127.0.0.1:9000")).is_ok());
}

#[test]
fn test_numbers_are_for_development_and_for_those_who_say_so() {
    let number = ("WARTEL_TEST_NUMBERS", "081200000001=123456@2026-12-31");
    assert_eq!(read(&[number]).unwrap().test_numbers.len(), 1);
    let mut vars = vec![("WARTEL_ENV", "production"), ("WARTEL_SECRET", SECRET), number];
    vars.extend([("WHATSAPP_PROVIDER", "fonnte"), ("WHATSAPP_API_TOKEN", "token")]);
    assert_eq!(read(&vars).unwrap_err(), ["WARTEL_TEST_NUMBERS"]);
    vars.push(("WARTEL_DANGEROUS_TEST_NUMBERS_IN_PRODUCTION", "true"));
    let config = read(&vars).unwrap();
    assert!(config.warnings.iter().any(|warning| warning.starts_with("WARTEL_TEST_NUMBERS")));
}

#[test]
fn production_without_a_provider_names_it() {
    let vars = [("WARTEL_ENV", "production"), ("WARTEL_SECRET", SECRET)];
    assert_eq!(read(&vars).unwrap_err(), ["WHATSAPP_PROVIDER"]);
}

#[test]
fn staging_may_use_the_sandbox_but_not_memory() {
    let vars = [("WARTEL_ENV", "staging"), ("WARTEL_SECRET", SECRET), ("WHATSAPP_PROVIDER", "sandbox")];
    assert!(read(&vars).is_ok());
    let mut memory = vars.to_vec();
    memory.push(("DATABASE_URL", "memory:"));
    assert_eq!(read(&memory).unwrap_err(), ["DATABASE_URL"]);
}

#[test]
fn every_problem_is_told_at_once_and_no_value_is_shown() {
    let vars: Vars = [
        ("WARTEL_ENV", "prod"),
        ("WARTEL_BIND", "hunter2"),
        ("WARTEL_TRUSTED_PROXIES", "hunter2"),
        ("WARTEL_OTP_TTL", "11m"),
        ("WARTEL_OTP_CHECKS", "many"),
        ("WARTEL_OPT_LENGTH", "6"),
        ("DATABASE_URL", "mysql://root:hunter2@db/x"),
        ("WHATSAPP_ENABLED", "maybe"),
        ("WHATSAPP_PROVIDER", "pigeon"),
        ("REDIS_URL", "memcached://:hunter2@cache"),
    ]
    .into_iter()
    .collect();
    let problems = from_vars(&vars).unwrap_err();
    let text = problems.to_string();
    for name in [
        "WARTEL_ENV",
        "WARTEL_BIND",
        "WARTEL_TRUSTED_PROXIES",
        "WARTEL_OTP_TTL",
        "WARTEL_OTP_CHECKS",
        "WARTEL_OPT_LENGTH",
        "DATABASE_URL",
        "WHATSAPP_ENABLED",
        "WHATSAPP_PROVIDER",
        "REDIS_URL",
        "WARTEL_SECRET",
    ] {
        assert!(text.contains(&format!("\n  {name}: ")), "{name} in {text}");
    }
    assert!(!text.contains("hunter2"));
}

#[test]
fn a_switched_off_messaging_is_warned_of() {
    let config = read(&[("WHATSAPP_ENABLED", "false")]).unwrap();
    assert!(matches!(config.messaging, Messaging::Disabled));
    assert!(config.warnings[0].starts_with("WHATSAPP_ENABLED=false"));
}

#[test]
fn the_policy_comes_from_the_environment() {
    let config = read(&[
        ("WARTEL_OTP_LENGTH", "8"),
        ("WARTEL_OTP_RESEND", "30s, 1m"),
        ("WARTEL_OTP_COUNTRIES", "ID,MY"),
        ("WARTEL_OTP_SENDS_PER_PHONE", "3/10m"),
        ("WARTEL_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"),
        ("WARTEL_PUBLIC_URL", "https://toko.example/wartel"),
    ])
    .unwrap();
    assert_eq!(config.policy.length, 8);
    assert_eq!(config.policy.waits.len(), 2);
    assert_eq!(config.policy.countries.len(), 2);
    assert_eq!(config.policy.sends_per_phone[0].max, 3);
    assert_eq!(config.trusted_proxies.len(), 2);
    assert_eq!(config.public_url.as_deref(), Some("https://toko.example/wartel"));
    assert!(read(&[("WARTEL_OTP_COUNTRIES", "")]).unwrap().policy.countries.is_empty());
}

#[test]
fn a_postgres_database_is_shown_without_its_password() {
    let url = ("DATABASE_URL", "postgres://wartel:hunter2@db.example:5433/shop?sslmode=verify-full");
    let config = production_with(url).unwrap();
    assert_eq!(config.database.shown(), "the Postgres database shop on db.example");
    assert!(!format!("{config:?}").contains("hunter2"));
    let Database::Postgres(postgres) = &config.database else { panic!("{config:?}") };
    assert_eq!(postgres.connections, 10);
    let vars = [url, ("WARTEL_DATABASE_CONNECTIONS", "40")];
    let Database::Postgres(postgres) = read(&vars).unwrap().database else { panic!("no Postgres") };
    assert_eq!(postgres.connections, 40);
    for connections in ["1", "1001", "many"] {
        let vars = [url, ("WARTEL_DATABASE_CONNECTIONS", connections)];
        assert_eq!(read(&vars).unwrap_err(), ["WARTEL_DATABASE_CONNECTIONS"]);
    }
}

#[test]
fn a_connection_that_may_go_in_clear_is_warned_of() {
    for (url, warned) in [
        ("postgres://wartel@db.example/wartel", true),
        ("postgres://wartel@db.example/wartel?sslmode=prefer", true),
        ("postgres://wartel@10.0.0.7/wartel", true),
        ("postgres://wartel@db.example/wartel?sslmode=require", false),
        ("postgres://wartel@localhost/wartel", false),
        ("postgres://wartel@127.0.0.1:5433/wartel", false),
        ("postgres://wartel@%2Fvar%2Frun%2Fpostgresql/wartel", false),
    ] {
        let config = production_with(("DATABASE_URL", url)).unwrap();
        let told = config.warnings.iter().any(|warning| warning.starts_with("DATABASE_URL"));
        assert_eq!(told, warned, "{url}");
    }
    for (url, warned) in [
        ("redis://:hunter2@cache.example:6379/0", true),
        ("rediss://:hunter2@cache.example:6379/0", false),
        ("redis://127.0.0.1/0", false),
        ("redis+unix:///run/redis.sock", false),
    ] {
        let config = production_with(("REDIS_URL", url)).unwrap();
        let told = config.warnings.iter().any(|warning| warning.starts_with("REDIS_URL:"));
        assert_eq!(told, warned, "{url}");
        assert!(config.warnings.iter().any(|warning| warning.starts_with("REDIS_URL shares")));
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}
