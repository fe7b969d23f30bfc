//! `/v1/verifications`, as programs call it.

mod check;
mod idempotency;
mod keys;
mod start;
mod tenants;

use serde_json::{Value, json};
use wartel_access::Scope;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, Request, StatusCode};

use crate::app::{Answer, RequestExt as _, Setup, TestApp, json_request, request};

pub const START: &str = "/v1/verifications";
pub const REDEEM: &str = "/v1/verifications/redeem";

/// An app and a program with a key.
pub struct Program {
    pub app: TestApp,
    pub key: String,
}

impl Program {
    pub async fn new() -> Self {
        Self::with(Setup::default()).await
    }

    pub async fn with(setup: Setup) -> Self {
        let app = TestApp::with(setup);
        let key = app.key("toko-budi", &Scope::ALL).await;
        Self { app, key }
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        self.app.call(signed(request, &self.key)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(json_request(path, body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(request(Method::GET, path, Body::empty())).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(request(Method::DELETE, path, Body::empty())).await
    }

    /// Asks for a code to log in; the answer must be 201. Gives the path of the verification.
    pub async fn start(&self, phone: &str) -> String {
        let answer = self.post(START, json!({"phone": phone, "purpose": "login"})).await;
        let answer = answer.expect(StatusCode::CREATED);
        format!("{START}/{}", answer.json["data"]["verification_id"].as_str().unwrap())
    }

    /// Verifies a phone; gives the proof.
    pub async fn prove(&self, phone: &str) -> String {
        let path = self.start(phone).await;
        let code = json!({"code": self.app.code(phone)});
        let answer = self.post(&format!("{path}/check"), code).await.expect(StatusCode::OK);
        answer.json["data"]["proof"].as_str().unwrap().to_owned()
    }
}

pub fn signed(request: Request<Body>, key: &str) -> Request<Body> {
    request.header("authorization", &format!("Bearer {key}"))
}

/// A request to every route, with an id that is nobody's.
pub fn every_route() -> Vec<Request<Body>> {
    let id = "/v1/verifications/00000000-0000-4000-8000-000000000000";
    vec![
        json_request(START, json!({"phone": "081234567890", "purpose": "login"})),
        json_request(&format!("{id}/check"), json!({"code": "123456"})),
        json_request(REDEEM, json!({"proof": "wtp_x", "purpose": "login", "by": "user-17"})),
        request(Method::DELETE, id, Body::empty()),
        request(Method::GET, id, Body::empty()),
        request(Method::GET, &format!("{id}/events"), Body::empty()),
    ]
}
