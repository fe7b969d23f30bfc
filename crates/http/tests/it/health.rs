use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;
use wartel_core::{Probe, ProbeFailure, ProbeFailureKind};
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};

use crate::app::{RequestExt as _, Setup, TestApp, request};

#[derive(Debug, Clone, Copy)]
enum Answer {
    Well,
    Fails,
    Hangs,
}

#[derive(Debug)]
struct TestProbe {
    name: &'static str,
    answer: Answer,
    asked: Arc<AtomicUsize>,
}

#[async_trait::async_trait]
impl Probe for TestProbe {
    fn name(&self) -> &'static str {
        self.name
    }

    async fn probe(&self) -> Result<(), ProbeFailure> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        match self.answer {
            Answer::Well => Ok(()),
            Answer::Fails => Err(ProbeFailure::new(ProbeFailureKind::Misconfigured, "the token is refused")),
            Answer::Hangs => std::future::pending().await,
        }
    }
}

fn app(probes: &[(&'static str, Answer)]) -> (TestApp, Arc<AtomicUsize>) {
    let asked = Arc::new(AtomicUsize::new(0));
    let probe = |(name, answer): &(&'static str, Answer)| -> Arc<dyn Probe> {
        Arc::new(TestProbe { name, answer: *answer, asked: asked.clone() })
    };
    (TestApp::with(Setup { probes: probes.iter().map(probe).collect(), ..Setup::default() }), asked)
}

#[tokio::test]
async fn a_process_that_answers_is_alive() {
    let (app, asked) = app(&[("database", Answer::Fails)]);
    let answer = app.get("/health/live").await;
    assert_eq!((answer.status, &answer.json["status"]), (StatusCode::OK, &json!("ok")));
    assert_eq!(asked.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn ready_means_that_every_check_is_well() {
    let (well, _) = app(&[("database", Answer::Well), ("messaging", Answer::Well)]);
    let answer = well.get("/health/ready").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(
        answer.json,
        json!({"status": "ok", "checks": {"database": {"ok": true}, "messaging": {"ok": true}}})
    );

    let (ill, _) =
        app(&[("database", Answer::Well), ("messaging", Answer::Fails), ("messaging", Answer::Well)]);
    let answer = ill.get("/health/ready").await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.json,
        json!({"status": "unavailable", "checks": {
            "database": {"ok": true}, "messaging": {"ok": false, "reason": "the token is refused"},
        }})
    );
    assert!(answer.header("retry-after").parse::<u64>().unwrap() >= 1);
}

#[tokio::test(start_paused = true)]
async fn probes_that_hang_are_failed_after_two_seconds_together() {
    let (app, _) =
        app(&[("database", Answer::Hangs), ("messaging", Answer::Hangs), ("device", Answer::Well)]);
    let before = tokio::time::Instant::now();
    let answer = app.get("/health/ready").await;
    assert_eq!(before.elapsed().as_millis() / 100, 20);
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(
        answer.json["checks"]["database"],
        json!({"ok": false, "reason": "does not answer within 2 s"})
    );
    assert_eq!(answer.json["checks"]["device"], json!({"ok": true}));
}

#[tokio::test(start_paused = true)]
async fn many_askers_are_one_load() {
    let (app, asked) = app(&[("database", Answer::Well)]);
    let app = Arc::new(app);
    let mut all = tokio::task::JoinSet::new();
    for _ in 0..100 {
        let app = app.clone();
        all.spawn(async move { app.get("/health/ready").await.status });
    }
    assert!(all.join_all().await.iter().all(|status| *status == StatusCode::OK));
    assert_eq!(asked.load(Ordering::SeqCst), 1);
    tokio::time::advance(Duration::from_secs(2)).await;
    app.get("/health/ready").await;
    assert_eq!(asked.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_proxy_that_is_not_listed_is_a_warning() {
    let (app, _) = app(&[("database", Answer::Well)]);
    assert_eq!(app.get("/health/ready").await.json.get("warnings"), None);
    let body = json!({"phone": "081234567890", "full_name": "Test User"});
    let ask =
        crate::app::json_request(crate::app::REQUEST_OTP, body).header("x-forwarded-for", "198.51.100.7");
    app.call(ask).await.expect(StatusCode::OK);
    let answer = app.call(request(Method::GET, "/health/ready", Body::empty())).await;
    assert_eq!(answer.status, StatusCode::OK, "a stranger's header does not take the service out");
    assert!(answer.json["warnings"][0].as_str().unwrap().contains("WARTEL_TRUSTED_PROXIES"));
}

#[tokio::test]
async fn metrics_are_what_the_recorder_writes() {
    let (app, _) = app(&[]);
    let answer = app.get("/metrics").await;
    assert_eq!((answer.status, answer.text()), (StatusCode::OK, "wartel_up 1\n"));
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
}
