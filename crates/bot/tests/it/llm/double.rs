//! A server on a socket that gives every request the same answer, and remembers the bodies.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;
use wartel_bot::testing::llm::contract::{SECRET_TEXT, WAIT};

/// What the server writes.
#[derive(Clone)]
pub(super) enum Answer {
    /// A whole answer.
    Whole { status: u16, kind: &'static str, headers: String, body: String },
    /// The head promises more than comes.
    Cut { kind: &'static str, body: String },
    /// Nothing.
    Silence,
}

impl Answer {
    pub(super) fn json(body: &Value) -> Self {
        Self::of("application/json; charset=UTF-8", body.to_string())
    }

    pub(super) fn of(kind: &'static str, body: impl Into<String>) -> Self {
        Self::Whole { status: 200, kind, headers: String::new(), body: body.into() }
    }

    /// Events of a stream; the last one is what ends it.
    pub(super) fn events(events: &[Value], end: &str) -> Self {
        let mut body = String::from(": keepalive\n\n");
        for event in events {
            if let Some(name) = event["type"].as_str() {
                body.push_str(&format!("event: {name}\n"));
            }
            body.push_str(&format!("data: {event}\n\n"));
        }
        Self::of("text/event-stream;charset=UTF-8", body + end)
    }

    /// A refusal whose body holds what must not be shown.
    pub(super) fn refusal(status: u16, body: &Value) -> Self {
        let headers =
            if status == 429 { format!("retry-after: {}\r\n", WAIT.as_secs()) } else { String::new() };
        let body = body.to_string().replace("SECRET", SECRET_TEXT);
        Self::Whole { status, kind: "application/json", headers, body }
    }

    pub(super) fn page() -> Self {
        Self::of("text/html", format!("<html>{SECRET_TEXT}</html>"))
    }
}

/// The server. It ends with the test.
pub(super) struct Double {
    pub(super) url: String,
    requests: Arc<Mutex<Vec<(String, Value)>>>,
    task: JoinHandle<()>,
}

impl Double {
    pub(super) async fn start(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&requests);
        let task = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                tokio::spawn(serve(stream, answer.clone(), Arc::clone(&seen)));
            }
        });
        Self { url, requests, task }
    }

    /// The bodies of the requests.
    pub(super) fn bodies(&self) -> Vec<Value> {
        self.requests.lock().unwrap().iter().map(|(_, body)| body.clone()).collect()
    }

    /// The heads of the requests, in lower case.
    pub(super) fn heads(&self) -> Vec<String> {
        self.requests.lock().unwrap().iter().map(|(head, _)| head.clone()).collect()
    }
}

impl Drop for Double {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, seen: Arc<Mutex<Vec<(String, Value)>>>) {
    let mut read = Vec::new();
    let head = loop {
        if let Some(end) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break end + 4;
        }
        if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
            return;
        }
    };
    let text = String::from_utf8_lossy(&read[..head]).to_ascii_lowercase();
    let length = text.lines().find_map(|line| line.strip_prefix("content-length:")).unwrap().trim().parse();
    let length: usize = length.unwrap();
    while read.len() < head + length {
        stream.read_buf(&mut read).await.unwrap();
    }
    let body = serde_json::from_slice(&read[head..head + length]).unwrap();
    seen.lock().unwrap().push((text, body));
    let (head, body) = match answer {
        Answer::Whole { status, kind, headers, body } => (
            format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\n{headers}content-length: {}\r\n",
                body.len()
            ),
            body,
        ),
        Answer::Cut { kind, body } => (
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n", body.len() + 100),
            body,
        ),
        Answer::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
    };
    let whole = format!("{head}connection: close\r\n\r\n{body}");
    stream.write_all(whole.as_bytes()).await.unwrap_or_default();
    stream.shutdown().await.unwrap_or_default();
}
