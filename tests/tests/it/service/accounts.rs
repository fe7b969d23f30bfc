//! Accounts that are not the environment's: each tenant sends through its own, and codes fall back to another.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use wartel_sandbox::{Endpoint, Fault, Sandbox};
use wartel_tests::flows::{Api, code_in};
use wartel_tests::process::{Service, printed, run};

use super::v1::Program;
use super::{DIGITS, PHONE, Stage, stage, start};

/// Somebody else's Fonnte.
async fn another_sandbox() -> Sandbox {
    Sandbox::builder().token("another-made-up-token").quota(1_000).start().await.unwrap()
}

/// Runs a command beside the service, with these variables too. Answers whether it succeeded, and what it printed.
fn command(stage: &Stage, more: &[(&str, &str)], arguments: &[&str]) -> (bool, String) {
    let known = stage.vars.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let vars: Vec<_> = known.chain(more.iter().copied()).collect();
    let output = tokio::task::block_in_place(|| run(stage.folder.path(), &vars, arguments));
    (output.status.success(), printed(&output))
}

/// Makes an account of a tenant at a sandbox, from the command line, and gives the path of its webhooks.
fn create(stage: &Stage, tenant: &str, id: &str, sandbox: &Sandbox) -> String {
    let url = format!("url={}", sandbox.url());
    let arguments = ["account", "create", "--tenant", tenant, "--id", id, "--provider", "fonnte"];
    let settings = ["--set", &url, "--set-env", "token=SHOP_TOKEN"];
    let arguments: Vec<&str> = arguments.into_iter().chain(settings).collect();
    let (is_made, printed) = command(stage, &[("SHOP_TOKEN", sandbox.token())], &arguments);
    assert!(is_made, "{printed}");
    printed.lines().find(|line| line.starts_with("/webhook/")).expect("the path").to_owned()
}

/// Waits until the delivery of a verification is this.
async fn delivered(program: &Program, path: &str, wanted: &str) {
    let started = Instant::now();
    loop {
        let (_, view) = program.get(path).await;
        let delivery: &Value = &view["data"]["delivery"];
        if delivery == wanted {
            return;
        }
        assert!(started.elapsed() < Duration::from_secs(10), "{view}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_tenant_sends_through_its_own_provider() {
    let stage = stage(&[]).await;
    let shop = another_sandbox().await;
    // While the service runs: nothing has to be started again.
    let path = create(&stage, "toko-budi", "shop", &shop);
    shop.set_status_webhook(&format!("{}{path}", stage.service.base())).unwrap();
    let budi = Program::new(&stage, &["--tenant", "toko-budi"]);
    let (ours, third) = (Program::new(&stage, &[]), Program::new(&stage, &["--tenant", "toko-lain"]));

    let of_budi = budi.start(PHONE).await;
    let message = shop.wait_for_message(DIGITS, Duration::from_secs(10)).await.unwrap();
    assert!(stage.sandbox.messages().is_empty(), "it went out through the environment's account");
    delivered(&budi, &of_budi, "delivered").await;
    let code = code_in(&message.text).unwrap();
    let (status, checked) = budi.post(&format!("{of_budi}/check"), json!({"code": code})).await;
    assert_eq!(status, 200, "{checked}");

    // The others have no account of their own.
    for (program, count) in [(&ours, 1), (&third, 2)] {
        let path = program.start(PHONE).await;
        delivered(program, &path, "delivered").await;
        assert_eq!((stage.sandbox.messages().len(), shop.messages().len()), (count, 1));
    }

    // The message of the environment's account that has the number of this one is not told of by it.
    let before = stage.sandbox.messages().len();
    stage.sandbox.clear_webhooks();
    let silent = ours.start("081234567891").await;
    assert_eq!(stage.sandbox.messages().len(), before + 1);
    let id = &stage.sandbox.messages()[before].id;
    let news = json!({"device": "6281100000001", "id": id, "status": "failed", "state": "failed"});
    let posted = stage.api.post(&path, &news).await.unwrap();
    assert_eq!(posted.status, 200);
    let again = budi.start("081234567892").await;
    delivered(&budi, &again, "delivered").await;
    delivered(&ours, &silent, "accepted").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_go_over_another_account_while_the_first_provider_is_down() {
    let stage = stage(&[]).await;
    let backup = another_sandbox().await;
    let path = create(&stage, "default", "backup", &backup);
    let mut vars = stage.vars.clone();
    vars.push(("WHATSAPP_FALLBACK".to_owned(), "backup".to_owned()));
    vars.push(("WHATSAPP_FALLBACK_AFTER".to_owned(), "20s".to_owned()));
    stage.service.kill();
    let service: Service = start(stage.folder.path(), &vars);
    backup.set_status_webhook(&format!("{}{path}", service.base())).unwrap();
    let api = Api::new(service.base());

    // The first provider is well: nothing goes over the second.
    assert_eq!(api.request_otp("081234567899", "Test User").await.unwrap().status, 200);
    assert_eq!((stage.sandbox.messages().len(), backup.messages().len()), (1, 0));

    stage.sandbox.fault(Fault::refuse("disconnected device").on(Endpoint::Send));
    let asked = api.request_otp(PHONE, "Test User").await.unwrap();
    assert!(asked.status.is_success(), "{}", asked.body);
    let message = backup.wait_for_message(DIGITS, Duration::from_secs(20)).await.unwrap();
    let verification = format!("/api/verifications/{}", asked.text("/data/verification_id"));
    let started = Instant::now();
    while api.get(&verification).await.unwrap().text("/data/delivery") != "delivered" {
        assert!(started.elapsed() < Duration::from_secs(10), "its receipts are not heard");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let verified = api.verify_otp(PHONE, &code_in(&message.text).unwrap()).await.unwrap();
    assert_eq!(verified.status, 200, "{}", verified.body);
    assert_eq!(stage.sandbox.messages().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fallback_that_is_not_there_is_told_at_the_start_and_by_doctor() {
    let stage = stage(&[]).await;
    let vars = |name| [("WHATSAPP_FALLBACK", name), ("WARTEL_BIND", "127.0.0.1:0")];
    let (serves, printed) = command(&stage, &vars("backup"), &[]);
    let advice = "WHATSAPP_FALLBACK: tenant default has no account backup";
    assert!(!serves && printed.contains(advice), "{printed}");
    let (_, printed) = command(&stage, &vars("backup"), &["doctor"]);
    assert!(printed.contains(&format!("FAIL  fallback  {advice}")), "{printed}");

    create(&stage, "default", "backup", &another_sandbox().await);
    let (is_well, printed) = command(&stage, &vars("backup"), &["doctor"]);
    assert!(is_well && printed.contains("ok    fallback  account backup at fonnte"), "{printed}");
    assert!(printed.contains("after 20 s"), "{printed}");
}
