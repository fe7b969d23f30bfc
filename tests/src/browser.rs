//! A real browser: headless Chromium, steered through its driver.
//!
//! Each [`Browser`] has a driver and a profile of its own, and knows no host but this machine.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fantoccini::wd::WindowHandle;
use fantoccini::{Client, Locator};
use hyper_util::client::legacy::connect::HttpConnector;
use serde_json::{Value, json};
use tempfile::TempDir;

/// How long a page may take to show what is waited for, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often a page is asked meanwhile.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// What the browser's screen is like.
#[derive(Debug, Clone, Copy)]
pub struct Screen {
    /// Width in CSS pixels.
    pub width: u32,
    /// Height in CSS pixels.
    pub height: u32,
    /// Pixels of a picture per CSS pixel.
    pub scale: f64,
    /// A phone: fingers, and no scroll bars that take room.
    pub phone: bool,
    /// The language that the browser asks for.
    pub language: &'static str,
    /// Whether pages are asked to be dark.
    pub dark: bool,
}

impl Screen {
    /// A phone of 390 × 844 that asks for Indonesian.
    pub const PHONE: Self =
        Self { width: 390, height: 844, scale: 1.0, phone: true, language: "id", dark: false };
}

/// The driver's process. Ended when dropped, together with the browser.
#[derive(Debug)]
struct Driver {
    child: Child,
    port: u16,
    session: Option<String>,
}

impl Driver {
    fn start() -> Self {
        let program = option_env!("WARTEL_CHROMEDRIVER").unwrap_or("chromedriver");
        let mut child = Command::new(program)
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines().map_while(Result::ok);
        let port = lines.find_map(|line| {
            let (_, port) = line.split_once("started successfully on port ")?;
            port.trim_end_matches('.').parse().ok()
        });
        let port = port.expect("chromedriver says its port");
        // Whoever stops reading makes the driver stop at its next word.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, port, session: None }
    }

    fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Ends the browser. Without a runtime, because a failed test has none left when it comes here.
    fn end_session(&mut self) -> std::io::Result<()> {
        let Some(session) = self.session.take() else { return Ok(()) };
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(10)))?;
        let host = format!("127.0.0.1:{}", self.port);
        write!(stream, "DELETE /session/{session} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n")?;
        // The driver answers when the browser has ended, and keeps the connection open.
        stream.read(&mut [0; 64]).map(drop)
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        let _ = self.end_session();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A browser with its windows. One of them is the one that is looked at.
#[derive(Debug)]
pub struct Browser {
    client: Client,
    http: reqwest::Client,
    screen: Screen,
    // Dropped before the profile, which the browser writes to until its end.
    driver: Driver,
    _profile: TempDir,
}

impl Browser {
    /// Starts a browser with one empty window.
    pub async fn start(screen: Screen) -> Self {
        let profile = tempfile::tempdir().expect("a folder for the profile");
        let mut driver = Driver::start();
        let capabilities = capabilities(screen, profile.path().to_str().expect("the folder's name is text"));
        let Value::Object(capabilities) = capabilities else { unreachable!("written as an object") };
        let client =
            Client::with_capabilities_and_connector(&driver.url(), &capabilities, HttpConnector::new())
                .await
                .expect("Chromium starts");
        driver.session = client.session_id().await.expect("the driver answers");
        let http = reqwest::Client::builder().no_proxy().build().expect("a client is built");
        Self { client, http, screen, driver, _profile: profile }
    }

    /// Opens an address in the window that is looked at.
    pub async fn goto(&self, url: &str) {
        self.client.goto(url).await.expect("the page opens");
        // A page that is too wide makes the window of a phone wider, but not its screen; a desk has no such screen.
        let width = if self.screen.phone { "return screen.width" } else { "return innerWidth" };
        let width = self.eval(width, &[]).await;
        assert_eq!(width, json!(self.screen.width), "every window has the screen that was asked for");
    }

    /// Loads the page again, as the button of the browser does.
    pub async fn reload(&self) {
        self.client.refresh().await.expect("the page loads again");
    }

    /// The address of the page.
    pub async fn address(&self) -> String {
        self.client.current_url().await.expect("the driver answers").into()
    }

    /// The window that is looked at.
    pub async fn window(&self) -> WindowHandle {
        self.client.window().await.expect("the driver answers")
    }

    /// All windows.
    pub async fn windows(&self) -> Vec<WindowHandle> {
        self.client.windows().await.expect("the driver answers")
    }

    /// Looks at another window.
    pub async fn look_at(&self, window: &WindowHandle) {
        self.client.switch_to_window(window.clone()).await.expect("the window is there");
    }

    /// Opens an address in a window of its own and looks at it.
    pub async fn open_window(&self, url: &str) -> WindowHandle {
        let window = self.client.new_window(false).await.expect("a window opens").handle;
        self.look_at(&window).await;
        self.goto(url).await;
        window
    }

    /// Closes the window that is looked at and looks at another one.
    pub async fn close_window(&self, then: &WindowHandle) {
        self.client.close_window().await.expect("the window closes");
        self.look_at(then).await;
    }

    /// What a script answers; `arguments[0]` and so on are `arguments`.
    pub async fn eval(&self, script: &str, arguments: &[Value]) -> Value {
        self.client.execute(script, arguments.to_vec()).await.expect("the script runs")
    }

    /// The text of the first element that `css` names, as it is shown; `None` while nothing is seen of it.
    pub async fn text(&self, css: &str) -> Option<String> {
        const SCRIPT: &str = "const found = document.querySelector(arguments[0]);
            return found && found.checkVisibility({ visibilityProperty: true }) ? found.innerText : null;";
        self.eval(SCRIPT, &[json!(css)]).await.as_str().map(|text| text.trim().to_owned())
    }

    /// Waits until an element is seen and its text is as wanted, and gives the text.
    pub async fn wait_for(&self, css: &str, wanted: impl Fn(&str) -> bool) -> String {
        let started = Instant::now();
        loop {
            let text = self.text(css).await;
            if let Some(text) = text.as_ref().filter(|text| wanted(text)) {
                return text.clone();
            }
            if started.elapsed() > PATIENCE {
                let page = self.text("body").await.unwrap_or_default();
                panic!("{css} does not become what is wanted: {text:?}; the page says:\n{page}");
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Waits until an element is seen with any text, and gives it.
    pub async fn wait_seen(&self, css: &str) -> String {
        self.wait_for(css, |_| true).await
    }

    /// Waits until an element shows this text.
    pub async fn wait_text(&self, css: &str, text: &str) {
        self.wait_for(css, |now| now == text).await;
    }

    /// Clicks an element, once it is seen and takes clicks. A page may draw it anew at any moment; then it is the new
    /// one that is clicked.
    pub async fn click(&self, css: &str) {
        const READY: &str = "const found = document.querySelector(arguments[0]);
            return Boolean(found) && found.checkVisibility({ visibilityProperty: true }) && !found.disabled;";
        let started = Instant::now();
        loop {
            assert!(started.elapsed() < PATIENCE, "{css} cannot be clicked");
            if self.eval(READY, &[json!(css)]).await == json!(true) {
                let clicked = match self.client.find(Locator::Css(css)).await {
                    Ok(found) => found.click().await,
                    Err(gone) => Err(gone),
                };
                match clicked {
                    Ok(()) => return,
                    Err(error) if error.is_stale_element_reference() || error.is_no_such_element() => {}
                    Err(error) => panic!("{css} cannot be clicked: {error}"),
                }
            }
            tokio::time::sleep(BETWEEN_LOOKS).await;
        }
    }

    /// Types into a field in place of what stands there.
    pub async fn fill(&self, css: &str, text: &str) {
        self.wait_seen(css).await;
        let field = self.client.find(Locator::Css(css)).await.unwrap();
        field.clear().await.expect("the field can be emptied");
        field.send_keys(text).await.expect("the field takes keys");
    }

    /// Presses keys in a field; see [`fantoccini::key::Key`].
    pub async fn press(&self, css: &str, keys: &str) {
        self.client.find(Locator::Css(css)).await.unwrap().send_keys(keys).await.expect("it takes keys");
    }

    /// What stands in a field.
    pub async fn value(&self, css: &str) -> String {
        let value = self.eval("return document.querySelector(arguments[0]).value", &[json!(css)]).await;
        value.as_str().unwrap_or_default().to_owned()
    }

    /// By how many CSS pixels the page is wider than the screen.
    pub async fn overflow(&self) -> i64 {
        let width = self.eval("return document.scrollingElement.scrollWidth", &[]).await;
        width.as_i64().expect("a width") - i64::from(self.screen.width)
    }

    /// Errors in the consoles of all windows since the last call. An answer of 400 or more is one, too.
    pub async fn errors(&self) -> Vec<String> {
        let session = self.driver.session.as_deref().expect("a session");
        let url = format!("{}/session/{session}/se/log", self.driver.url());
        let answer = self.http.post(url).json(&json!({"type": "browser"})).send().await.expect("it answers");
        let answer: Value = answer.json().await.expect("the driver answers JSON");
        let entries = answer["value"].as_array().expect("a list").iter();
        let errors = entries.filter(|entry| entry["level"] == "SEVERE");
        errors.map(|entry| entry["message"].as_str().unwrap_or_default().to_owned()).collect()
    }

    /// A picture of the window as PNG.
    pub async fn picture(&self) -> Vec<u8> {
        self.client.screenshot().await.expect("a picture is taken")
    }
}

fn capabilities(screen: Screen, profile: &str) -> Value {
    let mut arguments = vec![
        "--headless=new".to_owned(),
        "--no-sandbox".to_owned(),
        "--disable-gpu".to_owned(),
        "--disable-quic".to_owned(),
        "--disable-dev-shm-usage".to_owned(),
        "--disable-background-networking".to_owned(),
        "--disable-component-update".to_owned(),
        "--disable-sync".to_owned(),
        "--no-first-run".to_owned(),
        "--hide-scrollbars".to_owned(),
        // A page that needs anything from elsewhere fails.
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1".to_owned(),
        format!("--accept-lang={}", screen.language),
        format!("--window-size={},{}", screen.width, screen.height),
        format!("--user-data-dir={profile}"),
    ];
    if screen.dark {
        arguments.push("--blink-settings=preferredColorScheme=0".to_owned());
    }
    let mut options = json!({
        "args": arguments,
        "prefs": {"intl.accept_languages": screen.language},
        "mobileEmulation": {"deviceMetrics": {
            "width": screen.width,
            "height": screen.height,
            "pixelRatio": screen.scale,
            "mobile": screen.phone,
            "touch": screen.phone,
        }},
    });
    if let Some(program) = option_env!("WARTEL_CHROMIUM") {
        options["binary"] = json!(program);
    }
    json!({
        "browserName": "chrome",
        "goog:chromeOptions": options,
        "goog:loggingPrefs": {"browser": "ALL"},
    })
}
