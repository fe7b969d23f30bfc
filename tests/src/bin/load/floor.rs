//! The floors: the least code that does one operation honestly.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use serde_json::{Value, json};
use tokio::sync::oneshot;
use wartel_http::axum::extract::State;
use wartel_http::axum::routing::post;
use wartel_http::axum::{Json, Router, serve};

use crate::client::{Subject, phone};

pub(crate) const CODE: &str = "123456";

pub(crate) async fn served(router: Router) -> Subject {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { serve(listener, router).await });
    Subject {
        address,
        request_path: "/request",
        verify_path: "/verify",
        request_body: |number| json!({"phone": phone(number)}).to_string(),
        verify_body: Arc::new(|number| json!({"phone": phone(number), "otp": CODE}).to_string()),
    }
}

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// A map behind a lock.
pub(crate) async fn memory() -> Subject {
    type Codes = Arc<Mutex<HashMap<String, (String, u32)>>>;
    async fn request(State(codes): State<Codes>, Json(body): Json<Value>) -> Json<Value> {
        codes.lock().unwrap().insert(text(&body, "phone").to_owned(), (CODE.to_owned(), 0));
        Json(json!({"success": true}))
    }
    async fn verify(State(codes): State<Codes>, Json(body): Json<Value>) -> Json<Value> {
        let mut codes = codes.lock().unwrap();
        let right = codes.get_mut(text(&body, "phone")).is_some_and(|(code, tries)| {
            *tries += 1;
            code == text(&body, "otp")
        });
        if right {
            codes.remove(text(&body, "phone"));
        }
        Json(json!({"success": right}))
    }
    served(
        Router::new()
            .route("/request", post(request))
            .route("/verify", post(verify))
            .with_state(Codes::default()),
    )
    .await
}

enum Job {
    Request(String),
    Verify(String, String),
}

type Queue = mpsc::SyncSender<(Job, oneshot::Sender<bool>)>;

/// One thread that writes, and commits what it finds in its queue.
pub(crate) async fn sqlite(path: &Path) -> Subject {
    let connection = rusqlite::Connection::open(path).unwrap();
    connection
        .execute_batch(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;
             CREATE TABLE codes (phone TEXT PRIMARY KEY, code TEXT NOT NULL, tries INTEGER NOT NULL, expires_at INTEGER NOT NULL) WITHOUT ROWID;",
        )
        .unwrap();
    let (queue, jobs) = mpsc::sync_channel(4096);
    std::thread::spawn(move || write(&connection, &jobs));

    async fn ask(queue: &Queue, job: Job) -> Json<Value> {
        let (answer, answered) = oneshot::channel();
        queue.send((job, answer)).unwrap();
        Json(json!({"success": answered.await.unwrap()}))
    }
    async fn request(State(queue): State<Queue>, Json(body): Json<Value>) -> Json<Value> {
        ask(&queue, Job::Request(text(&body, "phone").to_owned())).await
    }
    async fn verify(State(queue): State<Queue>, Json(body): Json<Value>) -> Json<Value> {
        ask(&queue, Job::Verify(text(&body, "phone").to_owned(), text(&body, "otp").to_owned())).await
    }
    served(Router::new().route("/request", post(request)).route("/verify", post(verify)).with_state(queue))
        .await
}

fn write(connection: &rusqlite::Connection, jobs: &mpsc::Receiver<(Job, oneshot::Sender<bool>)>) {
    let mut upsert = connection
        .prepare("INSERT INTO codes VALUES (?1, ?2, 0, ?3) ON CONFLICT (phone) DO UPDATE SET code = ?2, tries = 0, expires_at = ?3")
        .unwrap();
    let mut consume = connection
        .prepare("UPDATE codes SET tries = tries + 1, code = CASE WHEN code = ?2 THEN '' ELSE code END WHERE phone = ?1 AND tries < 5 AND code <> '' RETURNING code = ''")
        .unwrap();
    while let Ok(first) = jobs.recv() {
        connection.execute_batch("BEGIN IMMEDIATE").unwrap();
        let mut answers = Vec::new();
        let mut next = Some(first);
        while let Some((job, answer)) = next {
            let result = match job {
                Job::Request(phone) => upsert.execute((phone, CODE, i64::MAX)).is_ok(),
                Job::Verify(phone, code) => {
                    consume.query_row((phone, code), |row| row.get(0)).unwrap_or(false)
                }
            };
            answers.push((answer, result));
            next = if answers.len() < 256 { jobs.recv_timeout(Duration::ZERO).ok() } else { None };
        }
        connection.execute_batch("COMMIT").unwrap();
        for (answer, result) in answers {
            let _ = answer.send(result);
        }
    }
}
