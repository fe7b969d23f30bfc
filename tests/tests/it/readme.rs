//! The README tells the truth: its embedding compiles and runs, its commands and files are there.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Country, MasterKey, PhoneNumber, Secret};
use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
use wartel_otp::{Check, OtpService, Purpose, Start};
use wartel_sandbox::Sandbox;
use wartel_storage::SqliteStores;
use wartel_tests::workspace::root;

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The lines of the README's embedding, without comments and white space.
fn plain(code: &str) -> Vec<String> {
    let lines = code.lines().map(|line| line.split(" // ").next().unwrap_or_default());
    let text: String = lines.flat_map(str::chars).filter(|c| !c.is_whitespace()).collect();
    text.split(';').map(|statement| statement.replace(",}", "}").replace(",)", ")")).collect()
}

/// What the README shows, with what it takes for granted as arguments.
#[rustfmt::skip]
async fn embedding(
    config: FonnteConfig, path: String, secret: MasterKey, phone: PhoneNumber, read_code: impl AsyncFn() -> String,
) -> Result<PhoneNumber, Box<dyn std::error::Error>> {
    let shutdown = std::future::pending();
    let user_id = "user-17";
    let sign_up = |phone| Ok(phone);
    let retry = |left| Err(format!("{left} tries left").into());
    let ask_for_a_new_one = || Err("ask for a new code".into());
    // README: begin
    let provider = Fonnte::new(config)?;
    let stores = SqliteStores::open(path).await?;
    let (otp, worker) = OtpService::builder(secret).app_name("Toko Budi")
        .provider(Arc::new(provider)).store(Arc::new(stores)).build()?;
    tokio::spawn(worker.run(shutdown));

    let started = otp.start(Start::new(phone, Purpose::REGISTRATION).name("Budi")).await?;
    match otp.check(started.id, &read_code().await).await? {
        Check::Approved(proof) => sign_up(otp.redeem(proof, Purpose::REGISTRATION, user_id).await?),
        Check::Wrong { attempts_left } => retry(attempts_left),
        Check::NoActiveCode | Check::Locked { .. } => ask_for_a_new_one(),
    }
    // README: end
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedding_runs() {
    let sandbox = Sandbox::builder().start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("otp.db").display().to_string();
    let config = FonnteConfig::new(Secret::new(sandbox.token())).with_base_url(sandbox.url());
    let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
    let read_code = async || {
        let message = sandbox.wait_for_message("6281234567890", Duration::from_secs(10)).await.unwrap();
        message.code().unwrap().to_owned()
    };
    let proven =
        embedding(config, path, MasterKey::generate().unwrap(), phone.clone(), read_code).await.unwrap();
    assert_eq!(proven, phone);
}

#[test]
fn the_embedding_is_what_the_readme_shows() {
    let readme = readme();
    let shown = readme.split("```rust\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    // What the test puts in for a token, a file's name and typed digits.
    let shown = shown
        .replace("FonnteConfig::new(token)", "config")
        .replace("\"otp.db\"", "path")
        .replace("\"123456\"", "&read_code().await");
    let this = include_str!("readme.rs");
    let compiled =
        this.split("// README: begin\n").nth(1).and_then(|rest| rest.split("// README: end").next()).unwrap();
    assert_eq!(plain(&shown), plain(compiled));
    assert!(plain(&shown).len() <= 15, "embedding fits in fifteen statements");
}

#[test]
fn what_the_readme_names_is_there() {
    let readme = readme();
    for link in readme.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
        let file = link.split('#').next().unwrap_or_default();
        if !file.is_empty() && !file.starts_with("http") {
            assert!(root().join(file).exists(), "{link}");
        }
    }
    assert!(readme.contains("cargo run -p wartel-service") && readme.contains("./scripts/test"));
    let ci = std::fs::read_to_string(root().join(".ci/run")).unwrap();
    assert!(ci.contains("./scripts/test"));
}
