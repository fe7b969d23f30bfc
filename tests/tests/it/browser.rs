//! The pages in a real browser, on a phone's screen.

use fantoccini::key::Key;
use serde_json::{Value, json};
use wartel_tests::browser::{Browser, Screen};
use wartel_tests::flows::{Api, wrong};
use wartel_tests::process::Service;

const PHONE: &str = "081234567890";
const DIGITS: &str = "6281234567890";
const MASKED: &str = "+62812•••••890";
const NAME: &str = "Budi Santoso";

/// What a phone as narrow as they still come shows.
const NARROW: Screen = Screen { width: 360, height: 740, ..Screen::PHONE };

const REQUEST: &str = "/api/registrations/public/request-otp";
const VERIFY: &str = "/api/registrations/public/verify-otp";

struct Stage {
    browser: Browser,
    service: Service,
    _folder: tempfile::TempDir,
}

/// The service with its sandbox, as the first run starts it, and a browser.
async fn stage(screen: Screen, vars: &[(&str, &str)]) -> Stage {
    let folder = tempfile::tempdir().unwrap();
    let service = Service::start(folder.path(), vars);
    Stage { browser: Browser::start(screen).await, service, _folder: folder }
}

impl Stage {
    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.base())
    }

    /// Fills in the first step and sends it.
    async fn ask(&self, name: &str, phone: &str) {
        self.browser.fill("#full_name", name).await;
        self.browser.fill("#phone", phone).await;
        self.browser.click("#phone-form [type=submit]").await;
    }

    /// From an empty page to the step of the code.
    async fn to_code_step(&self) {
        self.browser.goto(&self.url("/register")).await;
        self.ask(NAME, PHONE).await;
        self.browser.wait_text("#sent-to", MASKED).await;
    }

    async fn enter(&self, code: &str) {
        self.browser.fill("#otp", code).await;
        self.browser.click("#code-form [type=submit]").await;
    }

    /// The messages on the customer's phone.
    async fn messages(&self) -> Vec<String> {
        let answer =
            Api::new(self.service.base()).get(&format!("/sandbox/api/messages?phone={DIGITS}")).await;
        let messages = answer.unwrap().body["messages"].as_array().unwrap().clone();
        messages.iter().map(|message| message["text"].as_str().unwrap().to_owned()).collect()
    }

    async fn code(&self) -> String {
        let messages = self.messages().await;
        wartel_tests::flows::code_in(messages.last().expect("a message")).expect("a code")
    }

    /// The consoles show the refusals that the test provoked, each given by a path and a status, and nothing else.
    async fn assert_errors(&self, provoked: &[(&str, u16)]) {
        let mut errors = self.browser.errors().await;
        for (path, status) in provoked {
            let before = errors.len();
            errors.retain(|error| {
                !(error.contains(&format!("{path} - Failed to load resource"))
                    && error.contains(&format!("a status of {status} ")))
            });
            assert!(errors.len() < before, "{path} did not answer {status}: {errors:#?}");
        }
        assert!(errors.is_empty(), "the console shows {errors:#?}");
    }

    /// The error of a field stands below it, says something, and is tied to it for screen readers.
    async fn error_beside(&self, field: &str) -> String {
        const TIED: &str = "const input = document.getElementById(arguments[0]);
            const error = document.getElementById(`${arguments[0]}-error`);
            return input.getAttribute('aria-invalid') === 'true'
                && input.getAttribute('aria-describedby').split(' ').includes(error.id)
                && error.getBoundingClientRect().top >= input.getBoundingClientRect().bottom
                && error.getBoundingClientRect().top - input.getBoundingClientRect().bottom < 60;";
        let text = self.browser.wait_for(&format!("#{field}-error"), |text| !text.is_empty()).await;
        assert_eq!(self.browser.eval(TIED, &[json!(field)]).await, json!(true), "{field}: {text}");
        text
    }
}

/// How the button begins while nobody can ask for another code.
const WAITING: &str = "Kirim ulang dalam ";

/// Makes the page note down all that the button shows: a short wait would be over before a test has looked.
async fn watch_resend(browser: &Browser) {
    const SCRIPT: &str = "window.shown = []; const button = document.getElementById('resend');
        const note = () => window.shown.push([button.textContent, button.disabled]);
        new MutationObserver(note).observe(button, { childList: true, attributes: true });";
    browser.eval(SCRIPT, &[]).await;
}

/// What the button showed since, and whether it was disabled.
async fn shown_in_resend(browser: &Browser) -> Vec<(String, bool)> {
    let shown = browser.eval("return window.shown", &[]).await;
    let shown = shown.as_array().unwrap().iter();
    shown.map(|one| (one[0].as_str().unwrap().to_owned(), one[1].as_bool().unwrap())).collect()
}

/// Seconds in a text that ends with a time such as `0:59`.
fn secs(text: &str) -> u64 {
    let (minutes, seconds) = text.rsplit(' ').next().unwrap().split_once(':').unwrap();
    minutes.parse::<u64>().unwrap() * 60 + seconds.parse::<u64>().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn a_person_signs_up_with_the_phone_beside_the_page() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    browser.goto(&stage.url("/register")).await;
    let page = browser.window().await;
    let phone = browser.open_window(&stage.url("/sandbox/")).await;
    browser.wait_seen("#empty").await;
    // Gone if the phone's page were loaded again.
    browser.eval("window.sameDocument = true", &[]).await;

    browser.look_at(&page).await;
    stage.ask(NAME, PHONE).await;
    browser.wait_text("#sent-to", MASKED).await;
    browser.wait_text("#delivery", "Sampai di ponsel Anda").await;

    browser.look_at(&phone).await;
    browser.wait_text(".contact .name", "+62 812-3456-7890").await;
    browser.wait_text(".contact .badge", "1").await;
    browser.click(".contact").await;
    let code = browser.wait_seen(".bubble .code").await;
    assert_eq!(code, stage.code().await);
    let weight = "return Number(getComputedStyle(document.querySelector('.bubble .code')).fontWeight)";
    assert!(browser.eval(weight, &[]).await.as_u64().unwrap() >= 600, "the code is bold");
    let text = browser.wait_seen(".bubble .text").await;
    assert!(text.contains(NAME) && !text.contains('*'), "markup is drawn, not shown: {text}");
    browser.wait_text(".bubble .copy", "Salin kode").await;
    browser.click(".bubble .copy").await;
    browser.wait_text(".bubble .copy", "Kode tersalin").await;

    browser.look_at(&page).await;
    browser.wait_text("#delivery", "Sudah dibaca").await;
    browser.press("#otp", &(Key::Control + "v")).await;
    assert_eq!(browser.value("#otp").await, code, "the code was copied");
    browser.click("#code-form [type=submit]").await;
    browser.wait_text("#verified-number", MASKED).await;
    assert_eq!(browser.value("#data-full_name").await, NAME);
    browser.fill("#data-email", "budi@example.com").await;
    browser.fill("#data-address", "Jalan Merdeka 1").await;
    browser.click("#data-form [type=submit]").await;
    let id = browser.wait_for("#registration-id", |text| !text.is_empty()).await;
    browser.wait_text("#done-heading", "Pendaftaran berhasil").await;

    browser.look_at(&phone).await;
    browser.wait_for(".bubble:last-child .text", |text| text.contains(&id)).await;
    assert_eq!(browser.eval("return window.sameDocument", &[]).await, json!(true), "it came by itself");
    stage.assert_errors(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn errors_stand_beside_their_fields_and_a_click_mends_the_number() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    browser.goto(&stage.url("/register")).await;
    browser.wait_seen("#phone-form").await;
    browser.click("#phone-form [type=submit]").await;
    assert_eq!(stage.error_beside("full_name").await, "Wajib diisi.");
    assert_eq!(stage.error_beside("phone").await, "Wajib diisi.");

    stage.ask("A", PHONE).await;
    let short = browser.wait_for("#full_name-error", |text| text != "Wajib diisi." && !text.is_empty()).await;
    assert!(short.contains('2'), "the error names the least length: {short}");
    stage.error_beside("full_name").await;
    assert_eq!(browser.text("#phone-error").await, None, "the number was right");
    stage.assert_errors(&[(REQUEST, 400)]).await;

    stage.ask(NAME, "81234567890").await;
    browser.wait_seen("#phone-suggestion").await;
    stage.error_beside("phone").await;
    assert_eq!(browser.text("#full_name-error").await, None, "the name was right");
    let offered =
        browser.eval("return document.getElementById('phone-suggestion').dataset.number", &[]).await;
    let offered = offered.as_str().unwrap().to_owned();
    assert!([PHONE, DIGITS, "+6281234567890"].contains(&offered.as_str()), "{offered}");
    assert_eq!(browser.text("#phone-suggestion").await.unwrap(), format!("Gunakan {offered}"));
    assert!(stage.messages().await.is_empty(), "nothing was sent so far");
    browser.click("#phone-suggestion").await;
    browser.wait_text("#sent-to", MASKED).await;
    assert_eq!(browser.value("#phone").await, offered);
    stage.assert_errors(&[(REQUEST, 422)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn tries_are_counted_down_and_the_sixth_is_refused() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    stage.to_code_step().await;
    let code = stage.code().await;
    browser.wait_text("#tries", "Sisa percobaan: 5").await;
    stage.enter("12").await;
    assert_eq!(stage.error_beside("otp").await, "Masukkan 6 angka.");
    for left in [4, 3, 2, 1, 0] {
        stage.enter(&wrong(&code)).await;
        browser.wait_text("#tries", &format!("Sisa percobaan: {left}")).await;
        stage.error_beside("otp").await;
    }
    // The right one comes too late.
    stage.enter(&code).await;
    browser.wait_text("#delivery", "Percobaan untuk kode ini habis. Minta kode baru.").await;
    assert!(browser.text("#verified-number").await.is_none());
    stage.assert_errors(&[(VERIFY, 422), (VERIFY, 429)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn the_wait_for_another_code_counts_down_in_the_button() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    browser.goto(&stage.url("/register")).await;
    watch_resend(browser).await;
    stage.ask(NAME, PHONE).await;
    // Long enough for the page to ask for news, and to set its clock by the answers.
    let in_time = |text: &str| text.starts_with(WAITING) && secs(text) <= 56;
    browser.wait_for("#resend", in_time).await;
    let waits: Vec<u64> = shown_in_resend(browser)
        .await
        .iter()
        .filter(|(text, _)| text.starts_with(WAITING))
        .map(|(text, disabled)| {
            assert!(disabled, "the button could be pressed at {text}");
            secs(text)
        })
        .collect();
    assert!((50..=60).contains(&waits[0]), "{waits:?}");
    // The service tells its time in whole seconds, so the page may find itself ahead by one.
    assert!(waits.is_sorted_by(|earlier, later| later <= &(earlier + 1)), "it falls: {waits:?}");
    let valid = browser.wait_for("#expiry", |text| !text.is_empty()).await;
    assert!(valid.starts_with("Kode berlaku 4:"), "{valid}");
    stage.assert_errors(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn after_the_wait_the_same_code_is_sent_again() {
    let stage = stage(Screen::PHONE, &[("WARTEL_OTP_RESEND", "2s")]).await;
    let browser = &stage.browser;
    stage.to_code_step().await;
    browser.wait_text("#resend", "Kirim ulang kode").await;
    let first = stage.code().await;
    watch_resend(browser).await;
    browser.click("#resend").await;
    browser.wait_text("#code-form [data-alert].good", "Kode OTP telah dikirim ke WhatsApp Anda").await;
    browser.wait_text("#resend", "Kirim ulang kode").await;
    let shown = shown_in_resend(browser).await;
    assert!(shown.iter().any(|(text, disabled)| text.starts_with(WAITING) && *disabled), "{shown:?}");
    assert_eq!(stage.messages().await.len(), 2);
    assert_eq!(stage.code().await, first);
    stage.enter(&first).await;
    browser.wait_text("#verified-number", MASKED).await;
    stage.assert_errors(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn a_reload_comes_back_to_the_code_with_its_spent_tries() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    stage.to_code_step().await;
    let code = stage.code().await;
    stage.enter(&wrong(&code)).await;
    browser.wait_text("#tries", "Sisa percobaan: 4").await;
    browser.reload().await;
    browser.wait_text("#sent-to", MASKED).await;
    browser.wait_text("#tries", "Sisa percobaan: 4").await;
    assert_eq!(browser.text("#phone-form").await, None);
    assert_eq!(stage.messages().await.len(), 1, "nothing was sent for it");
    stage.enter(&code).await;
    browser.wait_text("#verified-number", MASKED).await;
    // The proof survives, too.
    browser.reload().await;
    browser.wait_text("#verified-number", MASKED).await;
    browser.click("#data-form [type=submit]").await;
    browser.wait_for("#registration-id", |text| !text.is_empty()).await;
    stage.assert_errors(&[(VERIFY, 422)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn a_refused_message_is_an_error_and_no_step_further() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    let fault = json!({"kind": "refuse", "reason": "token invalid", "endpoint": "send"});
    let api = Api::new(stage.service.base());
    assert_eq!(api.post("/sandbox/api/faults", &fault).await.unwrap().status, 201);
    browser.goto(&stage.url("/register")).await;
    stage.ask(NAME, PHONE).await;
    let alert = browser.wait_for("#phone-form [data-alert]", |text| !text.is_empty()).await;
    assert!(!alert.contains("token"), "what the provider said is not for the public: {alert}");
    assert_eq!(browser.text("#sent-to").await, None);
    assert!(stage.messages().await.is_empty());

    // Once it is mended, the same press works.
    let faults = stage.url("/sandbox/api/faults");
    assert!(api.http().delete(faults).send().await.unwrap().status().is_success());
    browser.click("#phone-form [type=submit]").await;
    browser.wait_text("#sent-to", MASKED).await;
    stage.assert_errors(&[(REQUEST, 502)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn the_link_to_the_phone_opens_the_chat_of_the_number() {
    let stage = stage(Screen::PHONE, &[]).await;
    let browser = &stage.browser;
    stage.to_code_step().await;
    let page = browser.window().await;
    browser.click("#sandbox-link").await;
    let started = std::time::Instant::now();
    let phone = loop {
        if let Some(other) = browser.windows().await.into_iter().find(|window| *window != page) {
            break other;
        }
        assert!(started.elapsed().as_secs() < 20, "no window opens");
    };
    browser.look_at(&phone).await;
    assert_eq!(browser.wait_seen(".bubble .code").await, stage.code().await);
    assert!(browser.address().await.ends_with(&format!("phone={DIGITS}")), "{}", browser.address().await);
    // The page slept behind the phone; when it is seen again it catches up.
    browser.close_window(&page).await;
    browser.wait_text("#delivery", "Sudah dibaca").await;
    stage.assert_errors(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn nothing_is_wider_than_a_narrow_phone() {
    let stage = stage(NARROW, &[("WARTEL_APP_NAME", "Koperasi Telekomunikasi Nusantara Sejahtera")]).await;
    let browser = &stage.browser;
    let fits = async |what: &str| {
        assert_eq!(browser.overflow().await, 0, "{what}");
        // What is cut off does not make a page wider, and cannot be read either.
        const CUT: &str = "return [...document.querySelectorAll('body *')]
            .filter((one) => one.checkVisibility({ visibilityProperty: true }))
            .filter((one) => one.getBoundingClientRect().right > innerWidth + 1)
            .map((one) => one.outerHTML.slice(0, 120))";
        assert_eq!(browser.eval(CUT, &[]).await, json!([]), "{what}");
    };
    for lang in ["en", "id"] {
        browser.goto(&stage.url(&format!("/register?lang={lang}"))).await;
        browser.wait_seen("#phone-form").await;
        fits("the first step").await;
        browser.click("#phone-form [type=submit]").await;
        stage.error_beside("phone").await;
        fits("errors").await;
    }
    stage.ask(NAME, "81234567890").await;
    browser.wait_seen("#phone-suggestion").await;
    fits("the suggestion").await;
    browser.click("#phone-suggestion").await;
    browser.wait_text("#delivery", "Sampai di ponsel Anda").await;
    fits("the code").await;
    let code = stage.code().await;
    stage.enter(&wrong(&code)).await;
    stage.error_beside("otp").await;
    fits("a wrong code").await;
    stage.enter(&code).await;
    browser.wait_text("#verified-number", MASKED).await;
    fits("the data").await;
    browser.click("#data-form [type=submit]").await;
    browser.wait_for("#registration-id", |text| !text.is_empty()).await;
    fits("the end").await;

    browser.goto(&stage.url("/sandbox/")).await;
    browser.wait_seen(".contact").await;
    fits("the list of customers").await;
    browser.click(".contact").await;
    browser.wait_seen(".bubble .code").await;
    fits("the chat").await;
    stage.assert_errors(&[(REQUEST, 422), (VERIFY, 422)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn the_page_speaks_the_language_of_the_browser_or_of_the_link() {
    let stage = stage(Screen { language: "en", ..Screen::PHONE }, &[]).await;
    let browser = &stage.browser;
    let lang = "return document.documentElement.lang";
    browser.goto(&stage.url("/register")).await;
    browser.wait_text("h1", "Registration").await;
    assert_eq!(browser.eval(lang, &[]).await, json!("en"));
    browser.click(".language").await;
    browser.wait_text("h1", "Pendaftaran").await;
    assert_eq!(browser.eval(lang, &[]).await, json!("id"));
    // The link wins over the browser also where the service answers.
    stage.ask("A", PHONE).await;
    let indonesian = stage.error_beside("full_name").await;
    browser.click(".language").await;
    browser.wait_text("h1", "Registration").await;
    stage.ask("A", PHONE).await;
    let english = stage.error_beside("full_name").await;
    assert_ne!(indonesian, english);
    assert!(english.to_lowercase().contains("character"), "{english}");
    stage.assert_errors(&[(REQUEST, 400)]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn the_documentation_needs_nothing_from_elsewhere() {
    let stage = stage(Screen { width: 1280, height: 900, phone: false, ..Screen::PHONE }, &[]).await;
    let browser = &stage.browser;
    browser.goto(&stage.url("/docs")).await;
    browser.wait_for("#app, body", |text| text.contains("request-otp")).await;
    let loaded =
        browser.eval("return performance.getEntriesByType('resource').map((one) => one.name)", &[]).await;
    let loaded: Vec<&str> = loaded.as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(loaded.iter().any(|url| url.ends_with("/openapi.json")), "{loaded:?}");
    let elsewhere: Vec<_> = loaded
        .iter()
        .filter(|url| !url.starts_with(stage.service.base()))
        .filter(|url| !url.starts_with("data:") && !url.starts_with("blob:"))
        .collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    stage.assert_errors(&[]).await;
}

#[tokio::test(flavor = "multi_thread")]
#[cfg_attr(not(has_chromium), ignore = "needs chromium and chromedriver")]
async fn the_consoles_of_all_windows_are_heard() {
    let browser = Browser::start(Screen::PHONE).await;
    browser.goto("about:blank").await;
    let first = browser.window().await;
    browser.open_window("about:blank").await;
    browser.eval("console.error('from the second')", &[]).await;
    browser.look_at(&first).await;
    browser.eval("setTimeout(() => { throw new Error('from the first') })", &[]).await;
    let started = std::time::Instant::now();
    let mut heard = Vec::new();
    while heard.len() < 2 && started.elapsed().as_secs() < 20 {
        heard.extend(browser.errors().await);
    }
    assert!(heard.iter().any(|error| error.contains("from the second")), "{heard:?}");
    assert!(heard.iter().any(|error| error.contains("from the first")), "{heard:?}");
}
