//! `/v1/shop`, `/v1/items`, `/v1/leads`, `/v1/chats` and `/v1/usage`: the shop and its assistant, with an API key. What is
//! done stands in `wartel_bot::console`; here requests are read and answers written.

mod ask;
mod chats;
mod items;
mod leads;
mod problems;
mod profile;
mod read;
mod shapes;
mod sheet;
mod texts;

use std::future::Future;
use std::sync::Arc;

use axum::extract::FromRef;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;
use wartel_access::{AuditEntry, AuditLog, Caller, Keys};
use wartel_bot::console::{Console, ConsoleError};

use crate::Http;
use crate::engine::{STORE_WAIT, within};
use crate::problem::Problem;
use crate::routes::Routes;

pub(crate) use texts::ShopText;

/// What the handlers share.
#[derive(Clone)]
struct Shop {
    http: Http,
    console: Console,
    keys: Keys,
    audit: Arc<dyn AuditLog>,
}

impl FromRef<Shop> for Http {
    fn from_ref(shop: &Shop) -> Self {
        shop.http.clone()
    }
}

impl FromRef<Shop> for Keys {
    fn from_ref(shop: &Shop) -> Self {
        shop.keys.clone()
    }
}

impl Http {
    /// `/v1/shop`, `/v1/items`, `/v1/leads`, `/v1/chats`, `/v1/customers` and `/v1/usage`, for programs with an API key that
    /// has the scope `shop`: the profile of the key's tenant, the switch of its assistant, what it sells, who may buy, and
    /// what is said; a person takes over a chat, writes in it and gives it back. The tenant is that of the key, whatever
    /// bodies and headers say. What is changed, and whose words are read, is written to the audit.
    ///
    /// A document is replaced only by whoever has read it: `ETag` and `If-Match`, 412 if it was changed since, and 428 if
    /// `If-Match` is missing. Messages of a person are sent by the worker of the assistant, not while the caller waits.
    ///
    /// The routes need [`v1_routes`](Self::v1_routes) beside them in a description: those describe the key.
    pub fn shop_routes(&self, console: Console, keys: Keys, audit: Arc<dyn AuditLog>) -> Routes {
        let state = Shop { http: self.clone(), console, keys, audit };
        let router = OpenApiRouter::new()
            .routes(routes!(profile::shop, profile::put_shop))
            .routes(routes!(profile::bot, profile::put_bot))
            .routes(routes!(profile::usage))
            .routes(routes!(items::list))
            .routes(routes!(items::show, items::put, items::remove))
            .routes(routes!(sheet::export, sheet::import))
            .routes(routes!(leads::list))
            .routes(routes!(leads::show, leads::put))
            .routes(routes!(chats::list))
            .routes(routes!(chats::show))
            .routes(routes!(chats::pause))
            .routes(routes!(chats::resume))
            .routes(routes!(chats::message))
            .routes(routes!(chats::forget))
            .with_state(state);
        Routes::new(router)
    }
}

impl Shop {
    /// Carries out what the console does, within the time that a store has.
    async fn ask<T: Send + 'static>(
        &self,
        step: impl Future<Output = Result<T, ConsoleError>> + Send + 'static,
    ) -> Result<T, Problem> {
        within(STORE_WAIT, step).await?.map_err(|error| self.problem(&error))
    }

    /// Writes down who did what. It was done by then, so a failure is a matter of the log.
    async fn note(&self, caller: &Caller, action: &str, subject: &str) {
        let at = self.console.clock().now();
        let entry = AuditEntry::new(at, caller.tenant.clone(), &caller.actor(), action, subject);
        let audit = self.audit.clone();
        let written = within(STORE_WAIT, async move { audit.append(&entry).await }).await;
        if !matches!(written, Ok(Ok(()))) {
            tracing::error!(action, "an entry of the audit was not written");
        }
    }
}
