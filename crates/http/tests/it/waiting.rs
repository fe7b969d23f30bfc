//! Waiting for news: a `GET` that waits, and the stream of events, on the public route and on the one with a key.

use std::time::Duration;

use futures_util::StreamExt as _;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::time::Instant;
use tower::ServiceExt as _;
use wartel_access::Scope;
use wartel_http::ServeLimits;
use wartel_http::axum::body::{Body, BodyDataStream};
use wartel_http::axum::http::{Method, Request, StatusCode};

use crate::app::{PHONE, REQUEST_OTP, RequestExt as _, TestApp, VERIFY_OTP, call, json_request, request};
use crate::store::Mode;
use crate::v1::{Program, START, signed};

async fn path_of(app: &TestApp) -> String {
    let started = app.start(PHONE).await;
    format!("/api/verifications/{}", started["verification_id"].as_str().unwrap())
}

/// The provider says that the first message was delivered.
async fn deliver(app: &TestApp) {
    app.report(json!({"id": "fake-1", "state": "delivered"})).await;
}

/// A stream of events as its reader sees it.
struct Events {
    body: BodyDataStream,
    text: String,
}

impl Events {
    async fn open(app: &TestApp, path: &str, key: Option<&str>) -> Self {
        let asked = request(Method::GET, path, Body::empty());
        Self::of(app, key.into_iter().fold(asked, signed)).await
    }

    async fn of(app: &TestApp, asked: Request<Body>) -> Self {
        let response = app.router.clone().oneshot(asked).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("content-type"), "text/event-stream");
        assert_eq!(header("cache-control"), "no-store");
        Self { body: response.into_body().into_data_stream(), text: String::new() }
    }

    /// The data of the next event; `None` at the end.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let (event, rest) = (event.to_owned(), rest.to_owned());
                self.text = rest;
                // A line that shows only that the stream lives.
                if event.starts_with(':') {
                    continue;
                }
                let data = event.strip_prefix("event: verification\ndata: ").expect("a named event");
                return Some(serde_json::from_str(data).unwrap());
            }
            let bytes = self.body.next().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&bytes).unwrap());
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_get_that_waits_is_answered_with_the_news() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let asked = {
        let (router, path) = (app.router.clone(), format!("{path}?wait=30"));
        tokio::spawn(async move {
            let before = Instant::now();
            let answer = call(&router, request(Method::GET, &path, Body::empty())).await;
            (answer.expect(StatusCode::OK).json["data"]["delivery"].clone(), before.elapsed())
        })
    };
    tokio::time::sleep(Duration::from_secs(15)).await;
    deliver(&app).await;
    let (delivery, waited) = asked.await.unwrap();
    assert_eq!(delivery, "delivered");
    // Longer than requests that do not wait may take, and no longer than needed.
    assert!((15..16).contains(&waited.as_secs()), "{waited:?}");
}

#[tokio::test(start_paused = true)]
async fn a_get_that_waits_in_vain_is_answered_in_the_end() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    for (query, waited) in [("", 0), ("?wait=0", 0), ("?wait=1", 1), ("?wait=30&since=accepted", 30)] {
        let before = Instant::now();
        let answer = app.get(&format!("{path}{query}")).await.expect(StatusCode::OK);
        assert_eq!(answer.json["data"]["delivery"], "accepted");
        assert_eq!(before.elapsed().as_secs(), waited, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_news_already_is_not_waited_for() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let before = Instant::now();
    // The caller knows less than there is to know.
    app.get(&format!("{path}?wait=30&since=queued")).await.expect(StatusCode::OK);
    // Nothing is awaited of a verification that is over.
    let id = path.rsplit('/').next().unwrap();
    let right = json!({"verification_id": id, "otp": app.code(PHONE)});
    app.post(VERIFY_OTP, right).await.expect(StatusCode::OK);
    let answer = app.get(&format!("{path}?wait=30&since=accepted")).await.expect(StatusCode::OK);
    assert_eq!(answer.json["data"]["state"], "approved");
    assert_eq!(before.elapsed().as_secs(), 0);
}

#[tokio::test]
async fn a_wait_that_cannot_be_read_is_refused() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    for (query, fields) in [
        ("wait=31", &["wait"][..]),
        ("wait=", &["wait"]),
        ("wait=-1", &["wait"]),
        ("wait=soon&since=tomorrow", &["wait", "since"]),
        ("since=pending", &["since"]),
    ] {
        let answer = app.get(&format!("{path}?{query}")).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields, "{query}");
    }
    // What is nobody's is not found, whatever stands behind it.
    app.get("/api/verifications/x?wait=99").await.problem(404, "not_found");
    app.get(&format!("{path}?other=1&wait=0")).await.expect(StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_are_bounded() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let mut waiting = Vec::new();
    for _ in 0..4 {
        waiting.push(Events::open(&app, &format!("{path}/events"), None).await);
    }
    let answer = app.get(&format!("{path}?wait=30")).await.problem(429, "rate_limited");
    assert_eq!(answer.header("retry-after"), "5");
    app.get(&format!("{path}/events")).await.problem(429, "rate_limited");
    // Who does not wait needs no place.
    app.get(&path).await.expect(StatusCode::OK);
    waiting.pop();
    app.get(&format!("{path}?wait=1")).await.expect(StatusCode::OK);
}

/// The paths of `count` verifications, each asked for from another address.
async fn paths_of(app: &TestApp, count: usize) -> Vec<String> {
    let mut paths = Vec::new();
    for n in 0..count {
        let body = json!({"phone": format!("0812345{n:05}"), "full_name": "Test User"});
        let asked = json_request(REQUEST_OTP, body).from(&format!("198.51.{}.1", 100 + n));
        let answer = app.call(asked).await.expect(StatusCode::OK);
        paths
            .push(format!("/api/verifications/{}", answer.json["data"]["verification_id"].as_str().unwrap()));
    }
    paths
}

#[tokio::test(start_paused = true)]
async fn one_address_takes_no_place_of_another() {
    let app = TestApp::new();
    let paths = paths_of(&app, 17).await;
    let (last, taken) = paths.split_last().unwrap();
    let get = |path: String, peer: &str| app.call(request(Method::GET, &path, Body::empty()).from(peer));
    for (greedy, same, other) in [
        ("203.0.113.9", "203.0.113.9", "203.0.113.10"),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", "2001:db8:1:3::1"),
    ] {
        let mut waiting = Vec::new();
        for path in taken.iter().flat_map(|path| [path; 4]) {
            let asked = request(Method::GET, &format!("{path}/events"), Body::empty()).from(greedy);
            waiting.push(Events::of(&app, asked).await);
        }
        assert_eq!(waiting.len(), 64);
        for wish in ["?wait=30", "/events"] {
            let answer = get(format!("{last}{wish}"), same).await.problem(429, "rate_limited");
            assert_eq!(answer.header("retry-after"), "5");
        }
        // Who does not wait needs no place, nor does who has not to wait.
        get(last.clone(), same).await.expect(StatusCode::OK);
        get(format!("{last}?wait=30&since=queued"), same).await.expect(StatusCode::OK);
        get(format!("{last}?wait=1"), other).await.expect(StatusCode::OK);
        let asked = request(Method::GET, &format!("{last}/events"), Body::empty()).from(other);
        assert_eq!(Events::of(&app, asked).await.next().await.unwrap()["state"], "pending");
        // A place is free again as soon as a reader leaves.
        waiting.pop();
        get(format!("{last}?wait=1"), same).await.expect(StatusCode::OK);
    }
}

#[tokio::test(start_paused = true)]
async fn one_tenant_takes_no_place_of_another() {
    let program = Program::new().await;
    let app = &program.app;
    let second_key = app.key("toko-budi", &Scope::ALL).await;
    let other_key = app.key("warung-siti", &Scope::ALL).await;
    let mut waiting = Vec::new();
    for n in 0..128 {
        let path = program.start(&format!("0812345{n:05}")).await;
        for key in [&program.key, &second_key, &program.key, &second_key] {
            waiting.push(Events::open(app, &format!("{path}/events"), Some(key)).await);
        }
    }
    let last = program.start(PHONE).await;
    for key in [&program.key, &second_key] {
        for wish in ["?wait=30", "/events"] {
            let asked = request(Method::GET, &format!("{last}{wish}"), Body::empty());
            let answer = app.call(signed(asked, key)).await.problem(429, "rate_limited");
            assert_eq!(answer.header("retry-after"), "5");
        }
    }
    program.get(&last).await.expect(StatusCode::OK);
    let theirs = signed(json_request(START, json!({"phone": PHONE, "purpose": "login"})), &other_key);
    let theirs = app.call(theirs).await.expect(StatusCode::CREATED);
    let theirs = format!("{START}/{}?wait=1", theirs.json["data"]["verification_id"].as_str().unwrap());
    app.call(signed(request(Method::GET, &theirs, Body::empty()), &other_key)).await.expect(StatusCode::OK);
    // Whoever uses the public routes has other places.
    let public = path_of(app).await;
    app.get(&format!("{public}?wait=1")).await.expect(StatusCode::OK);
    waiting.pop();
    program.get(&format!("{last}?wait=1")).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn a_client_that_hangs_up_gives_its_place_back() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(wartel_http::serve(
        listener,
        app.router.clone(),
        ServeLimits::default(),
        std::future::pending(),
    ));
    let mut clients = Vec::new();
    for target in ["?wait=30", "/events", "?wait=30", "/events"] {
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {path}{target} HTTP/1.1\r\nhost: x\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        clients.push(client);
    }
    let open = || app.router.clone().oneshot(request(Method::GET, &format!("{path}/events"), Body::empty()));
    let all = async {
        while open().await.unwrap().status() == StatusCode::OK {
            tokio::task::yield_now().await;
        }
        // Who leaves makes room for one.
        let mut others = Vec::new();
        while let Some(client) = clients.pop() {
            drop(client);
            let mut response = open().await.unwrap();
            while response.status() != StatusCode::OK {
                tokio::task::yield_now().await;
                response = open().await.unwrap();
            }
            others.push(response);
            assert_eq!(open().await.unwrap().status(), StatusCode::TOO_MANY_REQUESTS);
        }
        others.len()
    };
    // Far less than they would have waited.
    let others = tokio::time::timeout(Duration::from_secs(10), all).await;
    assert_eq!(others.expect("the places of those who left are free"), 4);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_fails_while_somebody_waits_is_said_so() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let asked = {
        let (router, path) = (app.router.clone(), format!("{path}?wait=30"));
        tokio::spawn(async move { call(&router, request(Method::GET, &path, Body::empty())).await })
    };
    tokio::time::sleep(Duration::from_secs(5)).await;
    app.store.set(Mode::Down);
    asked.await.unwrap().problem(503, "store_unavailable");
}

#[tokio::test(start_paused = true)]
async fn events_tell_the_news_and_end_with_the_verification() {
    let program = Program::new().await;
    let app = &program.app;
    for key in [None, Some(program.key.as_str())] {
        let (path, phone) = match key {
            None => (path_of(app).await, PHONE),
            Some(_) => (program.start("081298765432").await, "081298765432"),
        };
        let mut events = Events::open(app, &format!("{path}/events"), key).await;
        let first = events.next().await.unwrap();
        assert_eq!((&first["state"], &first["delivery"]), (&json!("pending"), &json!("accepted")));
        let shown = match key {
            None => app.get(&path).await,
            Some(_) => program.get(&path).await,
        };
        assert_eq!(first, shown.json["data"], "the data of an event is that of the answer");
        if key.is_none() {
            // A long silence ends nothing.
            tokio::time::sleep(Duration::from_secs(100)).await;
            deliver(app).await;
            assert_eq!(events.next().await.unwrap()["delivery"], "delivered");
        }
        let id = wartel_otp::VerificationId::parse(path.rsplit('/').next().unwrap()).unwrap();
        let tenant = if key.is_some() { "toko-budi" } else { "default" };
        let otp = app.otp.for_tenant(wartel_core::TenantId::parse(tenant).unwrap());
        otp.check(id, &app.code(phone)).await.unwrap();
        assert_eq!(events.next().await.unwrap()["state"], "approved");
        let before = Instant::now();
        assert_eq!(events.next().await, None);
        assert_eq!(before.elapsed().as_secs(), 0, "it ends at once");
    }
}

#[tokio::test(start_paused = true)]
async fn events_of_what_is_over_are_one() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    app.clock.advance(Duration::from_secs(301));
    let mut events = Events::open(&app, &format!("{path}/events"), None).await;
    assert_eq!(events.next().await.unwrap()["state"], "expired");
    assert_eq!(events.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn events_end_when_time_ends_the_verification_and_when_the_store_fails() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let mut events = Events::open(&app, &format!("{path}/events"), None).await;
    events.next().await.unwrap();
    app.clock.advance(Duration::from_secs(300));
    assert_eq!(events.next().await.unwrap()["state"], "expired");
    assert_eq!(events.next().await, None);

    let started = app.start("081298765432").await;
    let path = format!("/api/verifications/{}/events", started["verification_id"].as_str().unwrap());
    let mut events = Events::open(&app, &path, None).await;
    events.next().await.unwrap();
    app.store.set(Mode::Down);
    assert_eq!(events.next().await, None);
}

#[tokio::test]
async fn a_server_without_patience_lets_them_wait_all_the_same() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let mut limits = ServeLimits::default();
    limits.patience = Duration::from_millis(100);
    tokio::spawn(wartel_http::serve(listener, app.router.clone(), limits, std::future::pending()));
    let mut client = TcpStream::connect(address).await.unwrap();
    let head = format!("GET {path}?wait=1 HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    client.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"state\":\"pending\""), "{answer}");
}

#[tokio::test]
async fn a_server_that_stops_does_not_wait_for_those_who_wait() {
    let app = TestApp::new();
    let path = path_of(&app).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let (stop, stopped) = oneshot::channel::<()>();
    let served =
        tokio::spawn(wartel_http::serve(listener, app.router.clone(), ServeLimits::default(), async move {
            let _ = stopped.await;
        }));
    let mut clients = Vec::new();
    for target in [format!("{path}?wait=30"), format!("{path}/events")] {
        let asked = app.store.gets();
        let mut client = TcpStream::connect(address).await.unwrap();
        let head = format!("GET {target} HTTP/1.1\r\nhost: x\r\n\r\n");
        client.write_all(head.as_bytes()).await.unwrap();
        clients.push(client);
        // It is asked once for the answer, and then for news.
        while app.store.gets() < asked + 2 {
            tokio::task::yield_now().await;
        }
    }
    stop.send(()).unwrap();
    let all_answered = tokio::time::timeout(Duration::from_secs(5), served).await.expect("it stops").unwrap();
    assert!(all_answered);
    for mut client in clients {
        let mut answer = String::new();
        client.read_to_string(&mut answer).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"state\":\"pending\""), "{answer}");
    }
}
