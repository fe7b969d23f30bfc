//! A program with an API key, as curl would call: the key comes from the command line, everything else over HTTP.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::task::JoinSet;
use wartel_tests::flows::code_in;
use wartel_tests::process::{printed, run};

use super::{DIGITS, PHONE, Stage, on_every_store, stage};

on_every_store!(
    a_program_verifies_a_number,
    a_revoked_key_is_refused_by_every_instance,
    what_belongs_to_another_tenant_is_not_there,
    a_repeated_request_sends_one_message,
    news_reach_whoever_waits_at_another_instance,
);

const START: &str = "/v1/verifications";

/// Runs `wartel-service api-key …` beside the service; the command must succeed. Gives its standard output.
fn api_key(stage: &Stage, arguments: &[&str]) -> String {
    let vars: Vec<(&str, &str)> =
        stage.vars.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let arguments: Vec<&str> = ["api-key"].iter().chain(arguments).copied().collect();
    let output = tokio::task::block_in_place(|| run(stage.folder.path(), &vars, &arguments));
    assert!(output.status.success(), "{}", printed(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// A program that calls one instance with one key.
#[derive(Clone)]
pub(super) struct Program {
    http: Client,
    base: String,
    key: String,
}

impl Program {
    pub(super) fn new(stage: &Stage, arguments: &[&str]) -> Self {
        let create: Vec<&str> =
            ["create", "--name", "shop back end"].iter().chain(arguments).copied().collect();
        let key = api_key(stage, &create).trim_end().to_owned();
        assert!(key.starts_with("wtl_") && key.len() == 59, "standard output is the key and nothing else");
        Self { http: Client::new(), base: stage.service.base().to_owned(), key }
    }

    /// The status and the body of an answer.
    async fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<Value>,
        name: Option<&str>,
    ) -> (u16, Value) {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.key);
        if let Some(body) = body {
            request = request.json(&body);
        }
        if let Some(name) = name {
            request = request.header("Idempotency-Key", name);
        }
        let response = request.send().await.unwrap();
        let status = response.status().as_u16();
        if status == 401 {
            assert!(response.headers()["www-authenticate"].to_str().unwrap().starts_with("Bearer "));
        }
        (status, response.json().await.unwrap())
    }

    pub(super) async fn post(&self, path: &str, body: Value) -> (u16, Value) {
        self.call(Method::POST, path, Some(body), None).await
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        self.call(Method::GET, path, None, None).await
    }

    /// Asks for a code to log in, and gives the path of the verification.
    pub(super) async fn start(&self, phone: &str) -> String {
        let (status, body) = self.post(START, login(phone)).await;
        assert_eq!(status, 201, "{body}");
        format!("{START}/{}", body["data"]["verification_id"].as_str().unwrap())
    }
}

fn login(phone: &str) -> Value {
    json!({"phone": phone, "purpose": "login", "name": "Siti"})
}

async fn a_program_verifies_a_number(stage: Stage) {
    let program = Program::new(&stage, &[]);
    let path = program.start(PHONE).await;
    let message = stage.sandbox.wait_for_message(DIGITS, Duration::from_secs(10)).await.unwrap();
    assert!(message.text.starts_with("Halo Siti,") && message.text.contains("masuk ke"), "{}", message.text);
    let code = code_in(&message.text).unwrap();
    let (status, wrong) =
        program.post(&format!("{path}/check"), json!({"code": wartel_tests::flows::wrong(&code)})).await;
    assert_eq!((status, &wrong["code"], &wrong["attempts_left"]), (422, &json!("wrong_code"), &json!(4)));
    let (status, checked) = program.post(&format!("{path}/check"), json!({"code": code})).await;
    assert_eq!(status, 200, "{checked}");
    let proof = json!({"proof": checked["data"]["proof"], "purpose": "login", "by": "user-17"});
    let (status, redeemed) = program.post("/v1/verifications/redeem", proof).await;
    assert_eq!((status, &redeemed["data"]["phone"]), (200, &json!("+6281234567890")));
    let (status, view) = program.get(&path).await;
    assert_eq!((status, &view["data"]["state"]), (200, &json!("approved")));
    // The key stands in no log and in no list, its id and its use do in the list.
    assert!(!stage.service.printed().contains(&program.key[16..]));
    let listed = api_key(&stage, &["list"]);
    assert!(!listed.contains(&program.key[16..]), "{listed}");
    let row = listed.lines().find(|line| line.starts_with(&program.key[4..16])).expect("its row");
    assert!(row.contains("shop back end") && !row.contains("never") && row.ends_with("valid"), "{row}");
}

async fn a_revoked_key_is_refused_by_every_instance(stage: Stage) {
    let other = stage.another();
    let here = Program::new(&stage, &["--scope", "verifications:read", "--expires", "90d"]);
    let there = Program { base: other.base().to_owned(), ..here.clone() };
    let path = "/v1/verifications/00000000-0000-4000-8000-000000000000";
    for program in [&here, &there] {
        assert_eq!(program.get(path).await.0, 404);
        let (status, refused) = program.post(START, login(PHONE)).await;
        assert_eq!((status, &refused["code"]), (403, &json!("forbidden")));
    }
    assert!(api_key(&stage, &["revoke", &here.key[4..16]]).contains("is revoked since"));
    for program in [&here, &there] {
        let (status, refused) = program.get(path).await;
        assert_eq!((status, &refused["code"]), (401, &json!("unauthorized")));
    }
    assert!(api_key(&stage, &["list", "--tenant", "default"]).contains("revoked 20"));
    // A key that was found somewhere is revoked with itself.
    let leaked = Program::new(&stage, &[]);
    api_key(&stage, &["revoke", &leaked.key]);
    assert_eq!(leaked.get(path).await.0, 401);
    assert!(stage.sandbox.messages().is_empty());
}

async fn what_belongs_to_another_tenant_is_not_there(stage: Stage) {
    let budi = Program::new(&stage, &["--tenant", "toko-budi"]);
    let siti = Program::new(&stage, &["--tenant", "warung-siti"]);
    let path = budi.start(PHONE).await;
    let code = stage.code(DIGITS).await;
    for (method, path, body) in [
        (Method::GET, path.clone(), None),
        (Method::GET, format!("{path}/events"), None),
        (Method::DELETE, path.clone(), None),
        (Method::POST, format!("{path}/check"), Some(json!({"code": code}))),
    ] {
        let (status, body) = siti.call(method.clone(), &path, body, None).await;
        assert_eq!((status, &body["code"]), (404, &json!("not_found")), "{method} {path}");
    }
    let id = path.rsplit('/').next().unwrap();
    assert_eq!(stage.api.get(&format!("/api/verifications/{id}")).await.unwrap().status, 404);
    assert_eq!(budi.post(&format!("{path}/check"), json!({"code": code})).await.0, 200);
    let listed = api_key(&stage, &["list", "--tenant", "toko-budi"]);
    assert!(listed.contains(&budi.key[4..16]) && !listed.contains(&siti.key[4..16]), "{listed}");
}

async fn a_repeated_request_sends_one_message(stage: Stage) {
    let here = Program::new(&stage, &[]);
    let other = stage.another();
    let there = Program { base: other.base().to_owned(), ..here.clone() };
    // Fifty at once, at two instances.
    let mut calls = JoinSet::new();
    for n in 0..50 {
        let program = if n % 2 == 0 { here.clone() } else { there.clone() };
        calls.spawn(
            async move { program.call(Method::POST, START, Some(login(PHONE)), Some("order-17")).await },
        );
    }
    let mut ids = HashSet::new();
    for (status, body) in calls.join_all().await {
        assert!(matches!(status, 201 | 202), "{status} {body}");
        ids.insert(body["data"]["verification_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids.len(), 1);
    for program in [&here, &there] {
        let (status, again) = program.call(Method::POST, START, Some(login(PHONE)), Some("order-17")).await;
        assert_eq!(
            (status, again["data"]["verification_id"].as_str()),
            (201, ids.iter().next().map(String::as_str))
        );
        let (status, other) =
            program.call(Method::POST, START, Some(login("081298765432")), Some("order-17")).await;
        assert_eq!((status, &other["code"]), (422, &json!("idempotency_mismatch")));
    }
    assert_eq!(stage.sandbox.messages().len(), 1);
}

async fn news_reach_whoever_waits_at_another_instance(stage: Stage) {
    let here = Program::new(&stage, &[]);
    let other = stage.another();
    let there = Program { base: other.base().to_owned(), ..here.clone() };
    let path = here.start(PHONE).await;
    let code = stage.code(DIGITS).await;
    // The sandbox tells of each step of the message; whoever asks for what comes next is told, step by step.
    let mut delivery = "accepted".to_owned();
    let started = Instant::now();
    while delivery != "delivered" && delivery != "read" {
        let (status, view) = there.get(&format!("{path}?wait=30&since={delivery}")).await;
        assert_eq!(status, 200, "{view}");
        view["data"]["delivery"].as_str().unwrap().clone_into(&mut delivery);
        assert!(started.elapsed() < Duration::from_secs(20), "{view}");
    }
    // A stream at the other instance sees the end, and ends.
    let stream = there.http.get(format!("{}{path}/events", there.base)).bearer_auth(&there.key);
    let mut stream = stream.send().await.unwrap();
    assert_eq!(stream.headers()["content-type"], "text/event-stream");
    let first = stream.chunk().await.unwrap().unwrap();
    assert!(String::from_utf8_lossy(&first).contains("\"state\":\"pending\""));
    assert_eq!(here.post(&format!("{path}/check"), json!({"code": code})).await.0, 200);
    let rest = tokio::time::timeout(Duration::from_secs(10), stream.text()).await.expect("it ends").unwrap();
    assert!(rest.contains("\"state\":\"approved\""), "{rest}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_kept_nowhere() {
    let stage = stage(&[]).await;
    let program = Program::new(&stage, &[]);
    program.start(PHONE).await;
    let mut bytes = Vec::new();
    for entry in std::fs::read_dir(stage.folder.path().join("data")).unwrap() {
        bytes.extend(std::fs::read(entry.unwrap().path()).unwrap());
    }
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds(&program.key[4..16]), "its id is kept");
    assert!(!holds(&program.key[16..]) && !holds(&program.key[16..40]));
}

#[test]
fn a_key_that_cannot_be_made_is_told_why() {
    let folder = tempfile::tempdir().unwrap();
    for (vars, arguments, told) in [
        (&[("DATABASE_URL", "memory:")][..], &["create", "--name", "shop"][..], "keys would not outlive"),
        (&[], &["create"], "--name"),
        (&[], &["create", "--name", "x"], "at least 2 characters"),
        (&[], &["create", "--name", "shop", "--tenant", "Toko Budi"], "a tenant id is"),
        (&[], &["create", "--name", "shop", "--scope", "everything"], "a scope is one of"),
        (&[], &["create", "--name", "shop", "--expires", "soon"], "a span is a number"),
        (&[], &["revoke", "nonsense"], "api-key list"),
        (&[], &["revoke", "0123456789ab"], "there is no key with the id 0123456789ab"),
    ] {
        let arguments: Vec<&str> = ["api-key"].iter().chain(arguments).copied().collect();
        let output = run(folder.path(), vars, &arguments);
        assert!(!output.status.success(), "{arguments:?}");
        let told_of = printed(&output);
        assert!(told_of.contains(told) && !told_of.contains("wtl_"), "{arguments:?}: {told_of}");
    }
    let empty = run(folder.path(), &[], &["api-key", "list"]);
    assert!(
        empty.status.success() && empty.stdout.is_empty() && printed(&empty).contains("there are no keys")
    );
}
