//! The public registration: ask for a code, verify it, register.

mod register;
mod request_otp;
mod verify_otp;

use std::ops::Deref;
use std::sync::Arc;

use axum::extract::FromRef;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_otp::OtpService;
use wartel_registration::RegistrationService;

use crate::Http;
use crate::routes::Routes;

/// What the handlers share. Every layer around a handler copies it, so it is one pointer.
#[derive(Clone)]
struct Api(Arc<Parts>);

struct Parts {
    http: Http,
    otp: OtpService,
    registrations: RegistrationService,
}

impl Deref for Api {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl FromRef<Api> for Http {
    fn from_ref(api: &Api) -> Self {
        api.http.clone()
    }
}

impl Http {
    /// `POST /api/registrations/public/request-otp`, `…/verify-otp` and `…/public`, for the tenant of `otp`.
    pub fn registration_routes(&self, otp: OtpService, registrations: RegistrationService) -> Routes {
        let api = Api(Arc::new(Parts { http: self.clone(), otp, registrations }));
        let router = OpenApiRouter::new()
            .routes(routes!(request_otp::request_otp))
            .routes(routes!(verify_otp::verify_otp))
            .routes(routes!(register::register))
            .with_state(api);
        Routes::new(router)
    }
}
