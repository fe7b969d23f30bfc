//! `/metrics`, for whoever brings a recorder.

use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::Http;
use crate::routes::Routes;

type Render = Arc<dyn Fn() -> String + Send + Sync>;

impl Http {
    /// `/metrics`: what `render` writes, in the Prometheus text format. The route asks nobody for a key: serve it
    /// where only the operator comes.
    pub fn metrics_routes(&self, render: impl Fn() -> String + Send + Sync + 'static) -> Routes {
        let render: Render = Arc::new(render);
        Routes::new(OpenApiRouter::new().routes(routes!(metrics)).with_state(render))
    }
}

/// Shows the metrics.
///
/// Counters and histograms in the Prometheus text format.
#[utoipa::path(
    get, path = "/metrics", tag = "health",
    responses((status = 200, description = "The metrics", body = String, content_type = "text/plain"))
)]
async fn metrics(State(render): State<Render>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], render())
}
