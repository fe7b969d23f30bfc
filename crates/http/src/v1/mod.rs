//! `/v1/verifications`: the engine for any app in any language, with an API key.

pub(crate) mod auth;
mod check;
pub(crate) mod idempotency;
mod redeem;
mod start;
mod verification;

use axum::extract::FromRef;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, OpenApiBuilder};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_access::{Caller, Keys};
use wartel_otp::OtpService;

use crate::Http;
use crate::routes::Routes;

/// What the handlers share.
#[derive(Clone)]
struct V1 {
    http: Http,
    otp: OtpService,
    keys: Keys,
}

impl V1 {
    /// The engine of the caller's tenant. Nothing else says which tenant it is.
    fn otp_of(&self, caller: &Caller) -> OtpService {
        self.otp.for_tenant(caller.tenant.clone())
    }
}

impl FromRef<V1> for Http {
    fn from_ref(v1: &V1) -> Self {
        v1.http.clone()
    }
}

impl FromRef<V1> for Keys {
    fn from_ref(v1: &V1) -> Self {
        v1.keys.clone()
    }
}

impl Http {
    /// `/v1/verifications`, for programs with an API key: ask for a code, check it, see and await how it stands, take
    /// it back, and exchange a proof for the phone number. The tenant is that of the key, whatever the tenant of `otp`.
    ///
    /// At most 512 callers of one tenant wait for news at the same time, with whichever of its keys; what
    /// [`verification_routes`](Self::verification_routes) says of all and of each verification holds here too.
    ///
    /// Pages of other origins cannot call these routes: a key does not belong in a page. A key that is revoked is refused
    /// from the next request on; a stream of events that is open by then goes on to its end.
    pub fn v1_routes(&self, otp: OtpService, keys: Keys) -> Routes {
        let state = V1 { http: self.clone(), otp, keys };
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some("An API key: `wtl_…`, made by `wartel-service api-key create`."))
            .build();
        let components =
            ComponentsBuilder::new().security_scheme("api_key", SecurityScheme::Http(scheme)).build();
        let description = OpenApiBuilder::new().components(Some(components)).build();
        let router = OpenApiRouter::with_openapi(description)
            .routes(routes!(start::start))
            .routes(routes!(verification::verification, verification::cancel))
            .routes(routes!(verification::verification_events))
            .routes(routes!(check::check))
            .routes(routes!(redeem::redeem))
            .with_state(state);
        Routes::new(router)
    }
}
