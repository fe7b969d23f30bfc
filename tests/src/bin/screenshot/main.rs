//! Takes the picture of the first run: the registration page beside the phone that received the code.
//! `wartel-screenshot FILE`; the service's program is the one of the tests.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::path::{Path, PathBuf};

use wartel_tests::browser::{Browser, Screen};
use wartel_tests::process::Service;

/// Both pages side by side. The pictures have more pixels than they are drawn with, so that they
/// stay sharp on fine screens.
const SIDE_BY_SIDE: &str = r#"<!doctype html><meta charset="utf-8"><style>
  body { margin: 0; display: flex; gap: 20px; padding: 16px; background: #d5ddda; }
  img { width: 390px; height: 844px; border-radius: 14px; }
</style><img src="register.png"><img src="phone.png">"#;

#[tokio::main]
async fn main() {
    let file: PathBuf = std::env::args_os().nth(1).expect("the file to write").into();
    let folder = tempfile::tempdir().expect("a folder");
    take(folder.path()).await;
    let screen = Screen { width: 832, height: 876, scale: 1.5, phone: false, ..Screen::PHONE };
    let browser = Browser::start(screen).await;
    let page = folder.path().join("both.html");
    std::fs::write(&page, SIDE_BY_SIDE).expect("the page is written");
    browser.goto(&format!("file://{}", page.display())).await;
    let picture = browser.picture().await;
    std::fs::write(&file, &picture).expect("the picture is written");
    println!("{}: {} kB", file.display(), picture.len() / 1000);
}

/// Takes both pictures into `folder`.
async fn take(folder: &Path) {
    let service = Service::start(folder, &[("WARTEL_APP_NAME", "Toko Budi")]);
    let browser = Browser::start(Screen { scale: 1.5, ..Screen::PHONE }).await;
    browser.goto(&format!("{}/register", service.base())).await;
    let register = browser.window().await;
    browser.fill("#full_name", "Budi Santoso").await;
    browser.fill("#phone", "081234567890").await;
    browser.click("#phone-form [type=submit]").await;
    browser.wait_text("#delivery", "Sampai di ponsel Anda").await;

    browser.open_window(&format!("{}/sandbox/phone?phone=6281234567890", service.base())).await;
    let code = browser.wait_seen(".bubble .code").await;
    browser.wait_seen(".bubble .tick[data-status=read]").await;
    std::fs::write(folder.join("phone.png"), browser.picture().await).expect("a picture is written");

    browser.look_at(&register).await;
    browser.wait_text("#delivery", "Sudah dibaca").await;
    browser.fill("#otp", &code).await;
    std::fs::write(folder.join("register.png"), browser.picture().await).expect("a picture is written");
}
