//! `/v1/accounts`: the accounts of a tenant, and the pairing of their devices, with an API key.

mod events;
#[cfg(feature = "webhooks")]
mod log;
mod manage;
mod pairing;
mod qr;
mod shapes;
#[cfg(feature = "webhooks")]
mod webhooks;

use std::sync::Arc;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRef, Path};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_access::{AuditEntry, AuditLog, Caller, Keys};
use wartel_core::AccountId;
use wartel_messaging::accounts::{AccountError, DeviceLookup, Devices};
use wartel_messaging::adapters::ConnectError;
use wartel_messaging::pairing::PairingService;

use crate::Http;
use crate::codes::ProblemCode;
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::problem::{FieldIssue, Problem};
use crate::routes::Routes;
use crate::texts::Text;

/// What the handlers share.
#[derive(Clone)]
struct Accounts {
    http: Http,
    devices: Devices,
    keys: Keys,
    audit: Arc<dyn AuditLog>,
}

impl FromRef<Accounts> for Http {
    fn from_ref(accounts: &Accounts) -> Self {
        accounts.http.clone()
    }
}

impl FromRef<Accounts> for Keys {
    fn from_ref(accounts: &Accounts) -> Self {
        accounts.keys.clone()
    }
}

impl Http {
    /// `/v1/accounts`, for programs with an API key that has the scope `accounts`: make, list and remove the accounts of
    /// the key's tenant, pair their devices, and watch how that goes. What is changed is written to the audit.
    ///
    /// The routes need [`v1_routes`](Self::v1_routes) beside them in a description: those describe the key.
    pub fn account_routes(&self, devices: Devices, keys: Keys, audit: Arc<dyn AuditLog>) -> Routes {
        let state = Accounts { http: self.clone(), devices, keys, audit };
        let router = OpenApiRouter::new()
            .routes(routes!(manage::create, manage::list))
            .routes(routes!(manage::remove))
            .routes(routes!(pairing::start, pairing::status, pairing::disconnect))
            .routes(routes!(events::events))
            .with_state(state);
        Routes::new(router)
    }
}

impl Accounts {
    /// The device of an account of the caller's tenant.
    async fn device(
        &self,
        caller: &Caller,
        id: Result<Path<String>, PathRejection>,
    ) -> Result<PairingService, Problem> {
        let id = read_id(id)?;
        let (devices, tenant) = (self.devices.clone(), caller.tenant.clone());
        let lookup = within(STORE_WAIT, async move { devices.device(&tenant, &id).await }).await?;
        match lookup.map_err(|error| account_problem(&error))? {
            DeviceLookup::Device(service) => Ok(service),
            DeviceLookup::NotPaired => Err(Problem::new(
                ProblemCode::PairingUnsupported,
                "the provider of this account has no device that is paired here",
                Text::PairingUnsupported,
            )),
            _ => Err(Problem::not_found()),
        }
    }

    /// Writes down who did what. It was done by then, so a failure is a matter of the log.
    async fn note(&self, caller: &Caller, action: &str, subject: &str) {
        let at = self.devices.clock().now();
        let entry = AuditEntry::new(at, caller.tenant.clone(), &caller.actor(), action, subject);
        let audit = self.audit.clone();
        let written = within(STORE_WAIT, async move { audit.append(&entry).await }).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(action, "an entry of the audit was not written");
        }
    }
}

/// What cannot be an id is nobody's.
fn read_id(id: Result<Path<String>, PathRejection>) -> Result<AccountId, Problem> {
    id.ok().and_then(|Path(id)| AccountId::parse(&id).ok()).ok_or_else(Problem::not_found)
}

/// An account cannot be made, opened or removed.
fn account_problem(error: &AccountError) -> Problem {
    match error {
        AccountError::Store(error) => store_problem(error),
        AccountError::Taken => {
            let detail = "the tenant has an account of this name";
            Problem::new(ProblemCode::AccountExists, detail, Text::AccountExists)
        }
        AccountError::Fixed => {
            let detail = "this account comes from the program's own settings";
            Problem::new(ProblemCode::AccountExists, detail, Text::AccountFixed)
        }
        AccountError::Connect(ConnectError::UnknownProvider) => {
            Problem::invalid_fields(vec![FieldIssue { field: "provider", text: Text::UnknownProvider }])
        }
        AccountError::Connect(ConnectError::Config(error)) => {
            let text = Text::AccountSetting(Box::new((error.setting(), error.problem())));
            Problem::invalid_fields(vec![FieldIssue { field: "settings", text }])
        }
        error => {
            tracing::error!(error = %error, "an account does not open");
            Problem::internal()
        }
    }
}
