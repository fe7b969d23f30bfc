//! What people wrote, in the hands of the operator: listed, replayed, and deleted for who asks for it.

use serde_json::json;
use wartel_tests::process::{printed, run};

use super::store::Store;
use super::{DIGITS, PHONE, Stage, WEBHOOK_TOKEN, on_every_store};

on_every_store!(a_forgotten_phone_is_in_no_store, a_webhook_is_listed_and_replayed);

const OTHER: &str = "6281234567899";

/// Runs a command beside the service; it must succeed. Gives what it printed.
fn command(stage: &Stage, arguments: &[&str]) -> String {
    let vars: Vec<(&str, &str)> =
        stage.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let output = tokio::task::block_in_place(|| run(stage.folder.path(), &vars, arguments));
    assert!(output.status.success(), "{}", printed(&output));
    printed(&output)
}

async fn writes(stage: &Stage, sender: &str, text: &str) {
    let message = json!({"device": "6281100000001", "sender": sender, "name": "Budi", "message": text, "inboxid": text});
    let answer = stage.api.post(&format!("/webhook/whatsapp/{WEBHOOK_TOKEN}"), &message).await.unwrap();
    assert_eq!(answer.status, 200, "{}", answer.body);
}

/// Everything that the tables hold of messages and people, as text.
async fn tables(stage: &Stage) -> Vec<String> {
    let bodies = match &stage.store {
        Store::Postgres(_) => "SELECT convert_from(body, 'UTF8') FROM wartel_messaging_webhooks",
        _ => "SELECT CAST(body AS TEXT) FROM wartel_messaging_webhooks",
    };
    let mut all = Vec::new();
    for query in [
        bodies,
        "SELECT coalesce(phone, '') FROM wartel_messaging_contacts",
        "SELECT event FROM wartel_messaging_inbox",
        "SELECT recipient FROM wartel_messaging_outbox",
        "SELECT phone FROM wartel_registration_registrations",
    ] {
        all.extend(stage.store.texts(query).await);
    }
    all
}

/// The count before these words in what `forget` printed.
fn count(printed: &str, what: &str) -> u32 {
    let line =
        printed.lines().find(|line| line.contains(what)).unwrap_or_else(|| panic!("{what}: {printed}"));
    line.split_whitespace().next().unwrap().parse().unwrap()
}

async fn a_forgotten_phone_is_in_no_store(stage: Stage) {
    stage.api.request_otp(PHONE, "Test User").await.unwrap();
    let code = stage.code(DIGITS).await;
    let proof = stage.api.verify_otp(PHONE, &code).await.unwrap().text("/data/proof");
    assert_eq!(stage.api.register(&proof, "Test User").await.unwrap().status, 201);
    writes(&stage, DIGITS, "halo").await;
    writes(&stage, DIGITS, "masih ada?").await;
    writes(&stage, OTHER, "lain").await;
    let holds = |rows: &[String], digits: &str| rows.iter().filter(|row| row.contains(digits)).count();
    assert!(holds(&tables(&stage).await, DIGITS) >= 7);
    let theirs = holds(&tables(&stage).await, OTHER);

    let told = command(&stage, &["forget", "--phone", "+6281234567890"]);
    assert!(!told.contains(DIGITS) && told.contains("+62812•••••890"), "{told}");
    for (what, expected) in [
        ("verifications", 1),
        ("registrations", 1),
        ("messages of the outbox", 1),
        ("contacts", 1),
        ("entries of the inbox", 2),
        ("bodies of webhooks", 2),
    ] {
        assert_eq!(count(&told, what), expected, "{what}: {told}");
    }
    let left = tables(&stage).await;
    assert_eq!((holds(&left, DIGITS), holds(&left, OTHER)), (0, theirs), "{left:?}");
    let audit = stage
        .store
        .texts("SELECT action || ' ' || subject FROM wartel_access_audit WHERE action = 'phone.forget'")
        .await;
    assert_eq!(audit, ["phone.forget +62812•••••890"]);

    let again = command(&stage, &["forget", "--phone", PHONE]);
    // Of verifications the counters are left, and count as something.
    for what in ["registrations", "outbox", "contacts", "entries", "bodies"] {
        assert_eq!(count(&again, what), 0, "{what}: {again}");
    }
    let other = command(&stage, &["forget", "--phone", "+6281234567899", "--tenant", "toko-budi"]);
    assert_eq!((count(&other, "contacts"), count(&other, "bodies")), (0, 0), "{other}");
    // Whoever was forgotten may sign up again; the service that runs need not be told.
    writes(&stage, DIGITS, "lagi").await;
    assert!(holds(&tables(&stage).await, DIGITS) >= 2);
}

async fn a_webhook_is_listed_and_replayed(stage: Stage) {
    writes(&stage, DIGITS, "halo").await;
    let listed = command(&stage, &["webhook", "list", "--account", "default"]);
    assert!(!listed.contains("halo") && !listed.contains(DIGITS), "{listed}");
    let line = listed.lines().nth(1).unwrap_or_else(|| panic!("{listed}"));
    let id = line.split_whitespace().next().unwrap();
    let replay = ["webhook", "replay", id, "--account", "default"];
    let done = command(&stage, &replay);
    assert!(done.contains("1 events: 0 new, 1 known"), "{done}");
    assert!(command(&stage, &["webhook", "list", "--account", "other"]).contains("no webhooks"));
    let listed = command(&stage, &["webhook", "list", "--account", "default"]);
    assert_eq!(listed.lines().count(), 2, "one line, however often it is replayed: {listed}");
    let audit =
        stage.store.texts("SELECT subject FROM wartel_access_audit WHERE action = 'webhook.replay'").await;
    assert_eq!(audit, [format!("default/{id}")]);

    command(&stage, &["forget", "--phone", PHONE]);
    let vars: Vec<(&str, &str)> =
        stage.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let refused = tokio::task::block_in_place(|| run(stage.folder.path(), &vars, &replay));
    assert!(!refused.status.success() && printed(&refused).contains("not kept"), "{}", printed(&refused));
}
