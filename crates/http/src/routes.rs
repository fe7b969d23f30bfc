//! Routes together with their description, and the app that is made of them.

use std::fmt;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::IntoResponse;
use tower::Service;
use utoipa_axum::router::OpenApiRouter;

use crate::Http;
use crate::layers::{around, cors, localise};
use crate::problem::Problem;
use crate::texts::Text;

/// Some routes and their description. Merge what you need, then make an app of it with [`Http::app`], or mount it in
/// your own with [`into_router`](Self::into_router).
#[must_use = "routes do nothing until they are part of a router"]
pub struct Routes(pub(crate) OpenApiRouter);

impl Routes {
    /// Routes whose problems are written in the caller's language.
    pub(crate) fn new(router: OpenApiRouter) -> Self {
        Self(router)
    }

    /// These routes and others. Both must not have the same path.
    pub fn merge(self, other: Self) -> Self {
        Self(self.0.merge(other.0))
    }

    /// These routes and another service below `path`, which stands in no description.
    pub fn nest_service<T>(self, path: &str, service: T) -> Self
    where
        T: Service<Request, Error = std::convert::Infallible> + Clone + Send + Sync + 'static,
        T::Response: IntoResponse,
        T::Future: Send + 'static,
    {
        Self(self.0.nest_service(path, service))
    }

    /// The description as OpenAPI 3.1, in JSON.
    #[must_use]
    pub fn openapi(&self) -> String {
        crate::openapi::describe(self.0.get_openapi().clone())
    }

    /// A bare router for your own app: no request ids, no time limits, no security headers, no CORS, no answer for
    /// panics and for paths that are not there. [`Http::app`] has them all.
    pub fn into_router(self) -> Router {
        self.bare().layer(from_fn(localise))
    }

    fn bare(self) -> Router {
        let (router, _description) = self.0.split_for_parts();
        router.method_not_allowed_fallback(method_not_allowed)
    }
}

impl fmt::Debug for Routes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.0.get_openapi().paths.paths.keys()).finish()
    }
}

impl Http {
    /// The whole app: the routes, `/openapi.json` and `/docs` if they are wanted, and around them request ids, a log
    /// line and metrics for each request, security headers, CORS, problems in the caller's language, and bounds.
    ///
    /// Serve it with `into_make_service_with_connect_info::<SocketAddr>()`: without the addresses of callers all of
    /// them share one limit.
    pub fn app(&self, routes: Routes) -> Router {
        #[cfg(feature = "docs")]
        let routes = if self.config().docs { crate::docs::with_docs(routes) } else { routes };
        let router = routes.bare().fallback(not_found);
        let router = match cors(self.config()) {
            Some(cors) => router.layer(cors),
            None => router,
        };
        router.layer(from_fn_with_state(self.clone(), around))
    }
}

async fn not_found() -> Problem {
    Problem::not_found()
}

async fn method_not_allowed() -> Problem {
    let detail = "this address does not take this method; the header Allow names those that it takes";
    Problem::invalid(StatusCode::METHOD_NOT_ALLOWED, detail, Text::MethodNotAllowed)
}
