//! The public API as a client speaks it.

use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};

/// A client of one service.
#[derive(Debug, Clone)]
pub struct Api {
    http: Client,
    base: String,
    address: Option<String>,
}

/// A status and a JSON body.
#[derive(Debug, Clone)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// The body; null if it was no JSON.
    pub body: Value,
    /// The header `Retry-After` in seconds, if there was one.
    pub retry_after: Option<u64>,
}

impl Answer {
    /// The value at a path such as `/data/verification_id`, as text; empty if there is none.
    #[must_use]
    pub fn text(&self, pointer: &str) -> String {
        self.body.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The status and the code of a problem.
    #[must_use]
    pub fn problem(&self) -> (u16, String) {
        (self.status.as_u16(), self.text("/code"))
    }
}

impl Api {
    /// A client of the service at `base`.
    #[must_use]
    pub fn new(base: &str) -> Self {
        let http = Client::builder()
            .timeout(Duration::from_secs(20))
            // The service closes connections that are idle for 10 s: one that it is closing just now is of no use.
            .pool_idle_timeout(Duration::from_secs(3))
            .no_proxy()
            .build()
            .expect("a client is built");
        Self { http, base: base.to_owned(), address: None }
    }

    /// The same as somebody else: a proxy says that the requests come from this address. The service believes it
    /// only from `WARTEL_TRUSTED_PROXIES`.
    #[must_use]
    pub fn at_address(&self, address: impl Into<String>) -> Self {
        Self { address: Some(address.into()), ..self.clone() }
    }

    /// The HTTP client.
    #[must_use]
    pub const fn http(&self) -> &Client {
        &self.http
    }

    /// The address of a path.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    async fn answer(&self, mut request: reqwest::RequestBuilder) -> Result<Answer, reqwest::Error> {
        if let Some(address) = &self.address {
            request = request.header("x-forwarded-for", address);
        }
        let response = request.send().await?;
        let status = response.status();
        let retry_after = response.headers().get("retry-after").and_then(|v| v.to_str().ok()?.parse().ok());
        let body = serde_json::from_slice(&response.bytes().await?).unwrap_or(Value::Null);
        Ok(Answer { status, body, retry_after })
    }

    /// `GET`.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn get(&self, path: &str) -> Result<Answer, reqwest::Error> {
        self.answer(self.http.get(self.url(path))).await
    }

    /// `POST` of JSON.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Answer, reqwest::Error> {
        self.answer(self.http.post(self.url(path)).json(body)).await
    }

    /// Asks for a code.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn request_otp(&self, phone: &str, name: &str) -> Result<Answer, reqwest::Error> {
        self.post("/api/registrations/public/request-otp", &json!({"phone": phone, "full_name": name})).await
    }

    /// Checks a code.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn verify_otp(&self, phone: &str, otp: &str) -> Result<Answer, reqwest::Error> {
        self.post("/api/registrations/public/verify-otp", &json!({"phone": phone, "otp": otp})).await
    }

    /// Registers.
    ///
    /// # Errors
    /// The connection failed.
    pub async fn register(&self, proof: &str, name: &str) -> Result<Answer, reqwest::Error> {
        self.post("/api/registrations/public", &json!({"proof": proof, "full_name": name})).await
    }
}

/// The six digits that stand in bold in a message.
#[must_use]
pub fn code_in(text: &str) -> Option<String> {
    let bold = text.lines().filter_map(|line| line.strip_prefix('*')?.strip_suffix('*'));
    bold.filter(|code| code.len() >= 6 && code.bytes().all(|b| b.is_ascii_digit())).map(str::to_owned).next()
}

/// A code that is not `code`.
#[must_use]
pub fn wrong(code: &str) -> String {
    code.chars().map(|digit| if digit == '9' { '0' } else { char::from(digit as u8 + 1) }).collect()
}
