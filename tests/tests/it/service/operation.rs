//! The service in the hands of its operator.

use std::time::{Duration, Instant};

use serde_json::json;
use wartel_sandbox::{Endpoint, Fault, Sandbox};
use wartel_tests::flows::Api;
use wartel_tests::process::{Service, printed, run};

use super::store::Store;
use super::{PHONE, SECRET, Stage, on_every_store};

#[test]
fn production_refuses_what_is_risky_and_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let good = [
        ("WARTEL_ENV", "production"),
        ("WARTEL_SECRET", SECRET),
        ("WHATSAPP_PROVIDER", "fonnte"),
        ("WHATSAPP_API_TOKEN", "made-up-token"),
        ("WARTEL_BIND", "127.0.0.1:0"),
    ];
    for (name, value) in [
        ("WHATSAPP_PROVIDER", "sandbox"),
        ("WARTEL_SECRET", ""),
        ("DATABASE_URL", "memory:"),
        ("WHATSAPP_API_URL", "http://fonnte.example"),
        ("WARTEL_OTP_LENGHT", "6"),
    ] {
        let mut vars: Vec<_> = good.into_iter().filter(|(other, _)| *other != name).collect();
        vars.push((name, value));
        let output = run(folder.path(), &vars, &["serve"]);
        let text = printed(&output);
        assert!(!output.status.success(), "{name}={value}");
        assert!(text.contains(&format!("{name}: ")), "{name} is named in: {text}");
        assert!(!text.contains(SECRET));
    }
    // A database whose schema is not there yet.
    let output = run(folder.path(), &good, &[]);
    assert!(!output.status.success());
    assert!(printed(&output).contains("wartel-service migrate"), "{}", printed(&output));
    assert!(run(folder.path(), &good, &["migrate"]).status.success());
    let service = Service::start(folder.path(), &good);
    assert!(!service.printed().contains("sandbox"));
}

#[test]
fn the_doctor_says_what_to_mend() {
    let empty = tempfile::tempdir().unwrap();
    let nobody = ("WARTEL_BIND", "127.0.0.1:9");
    let well = run(empty.path(), &[nobody], &["doctor"]);
    assert!(well.status.success(), "{}", printed(&well));
    assert_eq!(std::fs::read_dir(empty.path()).unwrap().count(), 0, "the doctor leaves nothing behind");

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let sandbox = runtime.block_on(Sandbox::builder().start()).unwrap();
    let (url, token) = (sandbox.url().to_owned(), sandbox.token().to_owned());
    let doctor = |token: &str| {
        run(empty.path(), &[("WHATSAPP_API_TOKEN", token), ("WHATSAPP_API_URL", &url), nobody], &["doctor"])
    };

    let sick = doctor("another-made-up-token");
    assert!(!sick.status.success());
    assert!(printed(&sick).contains("FAIL  provider") && printed(&sick).contains("WHATSAPP_API_TOKEN"));
    assert!(!printed(&sick).contains("another-made-up-token"));
    sandbox.set_connected(false);
    let sick = doctor(&token);
    assert!(
        !sick.status.success()
            && printed(&sick).contains("FAIL  device")
            && printed(&sick).contains("pair it with its phone again")
    );
    sandbox.set_connected(true);
    sandbox.set_quota(0);
    assert!(!doctor(&token).status.success());
    sandbox.set_quota(78);
    let well = doctor(&token);
    assert!(well.status.success() && printed(&well).contains("78 messages left"), "{}", printed(&well));
    let unset = run(empty.path(), &[("WHATSAPP_ENABLED", "false"), nobody], &["doctor"]);
    assert!(!unset.status.success() && printed(&unset).contains("WHATSAPP_ENABLED=true"));
    let wrong = run(empty.path(), &[("WARTEL_BIND", "here")], &["doctor"]);
    assert!(!wrong.status.success() && printed(&wrong).contains("WARTEL_BIND"));
}

#[test]
fn the_doctor_says_which_model_answers_customers() {
    let empty = tempfile::tempdir().unwrap();
    // Nobody listens at this base: a call would fail, and the doctor makes none.
    let base = ("AI_BASE_URL", "http://127.0.0.1:9/v1");
    let zai = [("AI_PROVIDER", "zai"), ("AI_MODEL", "glm-4.7-flash"), ("AI_API_KEY", "made-up.ai-key")];
    let doctor = |vars: &[(&str, &str)]| {
        let vars = [&[("WARTEL_BIND", "127.0.0.1:9")], vars].concat();
        let output = run(empty.path(), &vars, &["doctor"]);
        let text = printed(&output);
        assert!(!text.contains("made-up.ai-key"), "{text}");
        (output.status.success(), text)
    };
    for (vars, line) in [
        (vec![], "ok    ai        the sandbox plays the language model"),
        (vec![("AI_PROVIDER", "none")], "ok    ai        no language model, rules answer customers"),
        ([&zai[..], &[base]].concat(), "ok    ai        zai, model glm-4.7-flash, a key is set"),
    ] {
        let (well, text) = doctor(&vars);
        assert!(well && text.contains(line), "{line}: {text}");
    }
    for (vars, name) in [
        (vec![zai[0], zai[1]], "AI_API_KEY"),
        (vec![zai[0], zai[2]], "AI_MODEL"),
        (vec![("AI_PROVIDER", "chatty")], "AI_PROVIDER"),
        ([&zai[..], &[("AI_PRICE", "cheap")]].concat(), "AI_PRICE"),
        ([&zai[..], &[("AI_TOKEN", "x")]].concat(), "AI_TOKEN"),
    ] {
        let (well, text) = doctor(&vars);
        assert!(!well && text.contains("FAIL  settings") && text.contains(name), "{name}: {text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_doctor_asks_the_service_and_looks_at_the_database() {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), &[]);
    let bind = service.base().trim_start_matches("http://").to_owned();
    let vars = [("WARTEL_BIND", bind.as_str())];
    let output = run(folder.path(), &vars, &["doctor"]);
    assert!(printed(&output).contains("is running and ready"), "{}", printed(&output));
    // Somebody who is no listed proxy says where a request comes from.
    let request =
        reqwest::Client::new().post(format!("{}/api/registrations/public/request-otp", service.base()));
    let body = json!({"phone": PHONE, "full_name": "Test User"});
    request.json(&body).header("x-forwarded-for", "203.0.113.7").send().await.unwrap();
    let output = tokio::task::block_in_place(|| {
        let started = Instant::now();
        loop {
            let output = run(folder.path(), &vars, &["doctor"]);
            if printed(&output).contains("X-Forwarded-For") || started.elapsed() > Duration::from_secs(10) {
                return output;
            }
        }
    });
    assert!(printed(&output).contains("warn  service"), "{}", printed(&output));

    // An old schema: development mends it at the start, production is told the command.
    let empty = tempfile::tempdir().unwrap();
    std::fs::create_dir(empty.path().join("data")).unwrap();
    rusqlite::Connection::open(empty.path().join("data/wartel.db"))
        .unwrap()
        .execute_batch("CREATE TABLE x(y)")
        .unwrap();
    let nobody = ("WARTEL_BIND", "127.0.0.1:9");
    assert!(run(empty.path(), &[nobody], &["doctor"]).status.success());
    let vars = [
        nobody,
        ("WARTEL_ENV", "production"),
        ("WARTEL_SECRET", SECRET),
        ("WHATSAPP_PROVIDER", "fonnte"),
        ("WHATSAPP_API_TOKEN", "made-up"),
        ("WHATSAPP_API_URL", "http://127.0.0.1:9"),
    ];
    let output = run(empty.path(), &vars, &["doctor"]);
    assert!(printed(&output).contains("wartel-service migrate"), "{}", printed(&output));
}

on_every_store!(a_stop_is_not_a_crash);

async fn a_stop_is_not_a_crash(stage: Stage) {
    stage.sandbox.fault(Fault::slow(Duration::from_secs(4)).on(Endpoint::Send).times(1));
    let asked = stage.api.request_otp(PHONE, "Test User").await.unwrap();
    assert_eq!(asked.status, 202, "{}", asked.body);
    assert!(tokio::task::block_in_place(|| stage.service.stop()));
    let ledgers = stage.store.ledgers().await;
    assert!(
        ledgers.len() == 1 && !ledgers[0].contains("queued"),
        "the answer was waited for: it is not sent again"
    );
    assert_eq!(stage.sandbox.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_postgres), ignore = "needs PostgreSQL")]
async fn production_on_postgres_needs_its_migrations_and_shows_no_password() {
    let Store::Postgres(url) = Store::postgres().await else { panic!("no Postgres") };
    let url = url.replace("wartel@", "wartel:hunter2@");
    let folder = tempfile::tempdir().unwrap();
    let vars = [
        ("WARTEL_ENV", "production"),
        ("WARTEL_SECRET", SECRET),
        ("WHATSAPP_PROVIDER", "fonnte"),
        ("WHATSAPP_API_TOKEN", "made-up-token"),
        ("WHATSAPP_API_URL", "http://127.0.0.1:9"),
        ("WARTEL_BIND", "127.0.0.1:9"),
        ("DATABASE_URL", &url),
    ];
    let run = |arguments: &[&str]| tokio::task::block_in_place(|| run(folder.path(), &vars, arguments));
    let refused = run(&["serve"]);
    assert!(!refused.status.success());
    let doctor = run(&["doctor"]);
    let migrated = run(&["migrate"]);
    assert!(migrated.status.success(), "{}", printed(&migrated));
    let again = run(&["migrate"]);
    assert!(printed(&again).contains("is up to date"), "{}", printed(&again));
    let well = run(&["doctor"]);
    assert!(printed(&well).contains("ok    database"), "{}", printed(&well));
    for output in [&refused, &doctor] {
        assert!(printed(output).contains("wartel-service migrate"), "{}", printed(output));
    }
    for output in [&refused, &doctor, &migrated, &again, &well] {
        assert!(!printed(output).contains("hunter2"), "{}", printed(output));
    }
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is kept in files");

    // A server that is not there, and a database that is not.
    for (wrong, said) in [
        (url.replace("%2F", "%2Fnowhere%2F"), "the connection failed"),
        (url.replace("/postgres?", "/nothing?"), "there is no such database"),
    ] {
        let mut vars = vars;
        vars[6].1 = &wrong;
        let output =
            tokio::task::block_in_place(|| wartel_tests::process::run(folder.path(), &vars, &["serve"]));
        assert!(!output.status.success());
        let text = printed(&output);
        assert!(text.contains("DATABASE_URL: ") && text.contains(said), "{text}");
        assert!(!text.contains("hunter2"), "{text}");
    }
}

/// A Redis server that may forget is said to be unfit, and what it is asked is not answered by another store.
#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_redis), ignore = "needs redis-server")]
async fn a_redis_server_that_forgets_is_not_ready() {
    use super::store::redis::Server;
    for (settings, said) in [
        (["--appendonly", "no", "--maxmemory-policy", "noeviction"], "set appendonly to yes"),
        (["--appendonly", "yes", "--maxmemory-policy", "allkeys-lru"], "set maxmemory-policy to noeviction"),
    ] {
        let server = tokio::task::block_in_place(|| Server::with(&settings));
        let folder = tempfile::tempdir().unwrap();
        let url = server.url();
        let vars = [("REDIS_URL", url.as_str()), ("WARTEL_BIND", "127.0.0.1:9")];
        let service = tokio::task::block_in_place(|| Service::start(folder.path(), &vars));
        let ready = Api::new(service.base()).get("/health/ready").await.unwrap();
        assert_eq!(ready.status, 503, "{}", ready.body);
        let reason = ready.text("/checks/redis/reason");
        assert!(reason.ends_with(said), "{reason}");
        assert_eq!(ready.body["checks"]["database"]["ok"], json!(true), "{}", ready.body);
        assert_eq!(ready.body["checks"]["clock"]["ok"], json!(true), "{}", ready.body);
        let doctor = tokio::task::block_in_place(|| run(folder.path(), &vars, &["doctor"]));
        assert!(
            printed(&doctor).contains("FAIL  redis") && printed(&doctor).contains(said),
            "{}",
            printed(&doctor)
        );
    }
}

#[test]
fn staging_shows_nobody_the_codes() {
    let folder = tempfile::tempdir().unwrap();
    let vars = [("WARTEL_ENV", "staging"), ("WARTEL_SECRET", SECRET), ("WHATSAPP_PROVIDER", "sandbox")];
    assert!(run(folder.path(), &vars, &["migrate"]).status.success());
    let service = Service::start(folder.path(), &vars);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let status = runtime.block_on(Api::new(service.base()).get("/sandbox/api/messages")).unwrap().status;
    assert_eq!(status, 404);
}
