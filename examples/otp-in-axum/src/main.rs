//! Phone verification in an axum app of your own: the body of `POST /start` is a phone number,
//! the body of `POST /check/{id}` the code that came.
#![allow(clippy::print_stdout)]
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::{Json, Router, http::StatusCode, routing::post};
use serde_json::{Value, json};
use wartel_core::{Country, MasterKey, PhoneNumber};
use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
use wartel_otp::{Check, OtpService, Purpose, Start, VerificationId};
use wartel_storage::sqlite::SqliteStores;

type Answer = Result<Json<Value>, (StatusCode, String)>;

async fn start(State(otp): State<OtpService>, phone: String) -> Answer {
    let phone = PhoneNumber::parse(&phone, Country::INDONESIA).map_err(unprocessable)?;
    let started = otp.start(Start::new(phone, Purpose::LOGIN)).await.map_err(unprocessable)?;
    Ok(Json(json!({ "id": started.id, "delivery": started.delivery })))
}

async fn check(State(otp): State<OtpService>, Path(id): Path<String>, code: String) -> Answer {
    let id = VerificationId::parse(&id).map_err(unprocessable)?;
    match otp.check(id, &code).await.map_err(unprocessable)? {
        Check::Approved(proof) => {
            let phone = otp.redeem(proof, Purpose::LOGIN, id.to_string()).await.map_err(unprocessable)?;
            Ok(Json(json!({ "logged_in": phone.e164() }))) // here your app makes a session
        }
        Check::Wrong { attempts_left } => Ok(Json(json!({ "attempts_left": attempts_left }))),
        Check::NoActiveCode | Check::Locked { .. } => Err(unprocessable("ask for a new code")),
    }
}

fn unprocessable(error: impl std::fmt::Display) -> (StatusCode, String) {
    (StatusCode::UNPROCESSABLE_ENTITY, error.to_string())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    // With a key: FonnteConfig::new(token), without the sandbox.
    let sandbox = wartel_sandbox::Sandbox::builder().start().await?;
    let provider = Fonnte::new(FonnteConfig::new(sandbox.token()).with_base_url(sandbox.url()))?;
    let stores =
        SqliteStores::open(std::env::temp_dir().join(format!("otp-{}.db", std::process::id()))).await?;
    let (otp, worker) = OtpService::builder(MasterKey::generate()?)
        .app_name("Toko Budi")
        .provider(Arc::new(provider))
        .store(Arc::new(stores))
        .build()?;
    tokio::spawn(worker.run(std::future::pending()));

    let app = Router::new().route("/start", post(start)).route("/check/{id}", post(check)).with_state(otp);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    println!("app   http://{}\nphone {}/sandbox/", listener.local_addr()?, sandbox.url());
    Ok(axum::serve(listener, app).await?)
}
