//! Whether the service lives, and whether it can do its work.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use futures_util::future::join_all;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_core::Probe;

use crate::Http;
use crate::routes::Routes;

/// How long one probe may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long an answer is used again, so that many askers are one load.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// After how many seconds a caller that finds the service unready may ask again.
const ASK_AGAIN_SECS: u64 = 5;

impl Http {
    /// `/health/live` and `/health/ready`. Probes of one name are one check, which fails if any of them does.
    pub fn health_routes(&self, probes: Vec<Arc<dyn Probe>>) -> Routes {
        let state = Health { http: self.clone(), probes: probes.into(), last: Arc::default() };
        Routes::new(OpenApiRouter::new().routes(routes!(live)).routes(routes!(ready)).with_state(state))
    }
}

/// By what was asked.
type Checks = BTreeMap<String, Check>;

#[derive(Clone)]
struct Health {
    http: Http,
    probes: Arc<[Arc<dyn Probe>]>,
    last: Arc<Mutex<Option<(Instant, Checks)>>>,
}

/// That the process answers.
#[derive(Serialize, ToSchema)]
struct Live {
    /// Always `ok`.
    status: &'static str,
}

/// Whether the service can do its work.
#[derive(Serialize, ToSchema)]
struct Readiness {
    /// `ok`, or `unavailable` if any check fails.
    status: &'static str,
    /// By what was asked: `database`, `messaging`, `device`.
    checks: BTreeMap<String, Check>,
    /// What does not keep the service from working, but should be mended.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    warnings: Vec<&'static str>,
}

/// One check.
#[derive(Serialize, ToSchema, Clone)]
struct Check {
    /// Whether it is well.
    ok: bool,
    /// What is wrong, in words for the operator.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl Health {
    /// Asks all probes at once, or takes the answers of a moment ago. Askers wait for one another, so that a probe is
    /// never asked twice at once.
    async fn checks(&self) -> Checks {
        let mut last = self.last.lock().await;
        if let Some((asked_at, checks)) = last.as_ref()
            && asked_at.elapsed() < KEPT_FOR
        {
            return checks.clone();
        }
        let mut checks = BTreeMap::new();
        for (name, check) in join_all(self.probes.iter().map(ask)).await {
            let known = checks.entry(name.to_owned()).or_insert(Check { ok: true, reason: None });
            if known.ok && !check.ok {
                *known = check;
            }
        }
        *last = Some((Instant::now(), checks.clone()));
        checks
    }
}

async fn ask(probe: &Arc<dyn Probe>) -> (&'static str, Check) {
    let reason = match tokio::time::timeout(PROBE_TIMEOUT, probe.probe()).await {
        Ok(Ok(())) => None,
        Ok(Err(failure)) => Some(failure.reason().to_owned()),
        Err(_elapsed) => Some("does not answer within 2 s".to_owned()),
    };
    (probe.name(), Check { ok: reason.is_none(), reason })
}

/// Says that the process answers.
#[utoipa::path(get, path = "/health/live", tag = "health", responses((status = 200, description = "It does", body = Live)))]
async fn live() -> Json<Live> {
    Json(Live { status: "ok" })
}

/// Says whether the service can work.
///
/// Asks database, messaging and device, each for at most 2 s. An answer is used again for 1 s.
#[utoipa::path(
    get, path = "/health/ready", tag = "health",
    responses(
        (status = 200, description = "Every check is well", body = Readiness),
        (status = 503, description = "A check fails; its reason says why", body = Readiness),
    )
)]
async fn ready(State(health): State<Health>) -> Response {
    let checks = health.checks().await;
    let well = checks.values().all(|check| check.ok);
    let warnings = if health.http.forwarded_ignored() > 0 {
        vec!["X-Forwarded-For came from an address that is not in WARTEL_TRUSTED_PROXIES and was ignored"]
    } else {
        Vec::new()
    };
    let body = Readiness { status: if well { "ok" } else { "unavailable" }, checks, warnings };
    if well {
        return Json(body).into_response();
    }
    let mut response = (StatusCode::SERVICE_UNAVAILABLE, Json(body)).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(ASK_AGAIN_SECS));
    response
}
