//! `/openapi.json` and `/docs`: the description, and a page to read and try it, from this process alone.

use std::sync::{Arc, OnceLock};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::routes::Routes;

/// The page brings its own script and styles. It styles elements as it goes and has pictures as data; it talks to
/// this origin only, so that nothing of it leaves for a font, a proxy or a counter.
const PAGE_POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
     img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors 'none'";
const PAGE: &str = include_str!("../assets/docs.html");
const START: &str = include_str!("../assets/docs.js");

/// Adds the description of all `routes` and the page that shows it.
pub(crate) fn with_docs(routes: Routes) -> Routes {
    let text: Arc<OnceLock<Bytes>> = Arc::default();
    let described = OpenApiRouter::new().routes(routes!(openapi)).with_state(Arc::clone(&text));
    let routes = routes.merge(Routes::new(described));
    // The description describes its own route too, so it is written when all routes are there.
    text.get_or_init(|| Bytes::from(routes.openapi()));
    let page = OpenApiRouter::new()
        .route("/docs", get(page))
        .route("/docs/start.js", get(async || script(Bytes::from_static(START.as_bytes()))))
        .route("/docs/scalar.js", get(async || script(reference())));
    routes.merge(Routes::new(page))
}

/// Describes the interface, as OpenAPI 3.1.
#[utoipa::path(
    get, path = "/openapi.json", tag = "docs",
    responses((status = 200, description = "The description", body = Object, content_type = "application/json"))
)]
async fn openapi(State(text): State<Arc<OnceLock<Bytes>>>) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], text.get().cloned().unwrap_or_default())
}

async fn page() -> impl IntoResponse {
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, PAGE_POLICY)],
        PAGE,
    )
}

fn script(text: Bytes) -> impl IntoResponse {
    let headers = [
        (header::CONTENT_TYPE, "text/javascript; charset=utf-8"),
        (header::CACHE_CONTROL, "public, max-age=3600"),
    ];
    (headers, text)
}

/// The reference's script, 5 MB: kept once, however many ask for it.
fn reference() -> Bytes {
    static SCRIPT: OnceLock<Bytes> = OnceLock::new();
    SCRIPT.get_or_init(|| scalar_api_reference::get_asset("scalar.js").unwrap_or_default().into()).clone()
}
