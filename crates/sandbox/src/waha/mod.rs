//! A WAHA with the engine GOWS: its endpoints, its bodies and its habits, written from its documentation and not from an
//! adapter.
//!
//! Source: WAHA's documentation of 2026-07-24 and its OpenAPI document 2026.7.1, read in November 2026.

mod answer;
mod chat;
mod route;
mod send;
mod session;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};
use route::Route;

/// The fake.
#[derive(Debug)]
pub(crate) struct Waha;

impl Provider for Waha {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Waha
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![
            ("url", base.to_owned()),
            ("token", device.token.clone()),
            ("session", device.session.clone()),
            ("webhook_secret", device.secret.clone()),
        ]
    }

    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let key = call.header("x-api-key");
        // One key opens all sessions.
        let known = key.is_some_and(|key| shared.devices.with_token(ProviderKind::Waha, key).is_some());
        if !known {
            let authorization = if key.is_some() { Authorization::Refused } else { Authorization::Missing };
            return Received::refused(authorization, answer::unauthorized());
        }
        let Some(route) = Route::of(call) else {
            return Received::refused(Authorization::Accepted, answer::no_route(call));
        };
        let device = shared.devices.with_session(ProviderKind::Waha, &route.session);
        let phones = chat::phones(shared, call);
        let reply = match route.endpoint {
            Endpoint::AddDevice | Endpoint::GetDevices => None,
            _ if device.is_none() => Some(answer::no_session(&route.session)),
            _ => None,
        };
        match reply {
            Some(reply) => Received::refused(Authorization::Accepted, reply),
            None => Received::accepted(route.endpoint, device, phones),
        }
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let Some(route) = Route::of(call) else { return answer::no_route(call) };
        match (route.endpoint, &received.device) {
            (Endpoint::AddDevice, _) => session::create(shared, call),
            (Endpoint::GetDevices, _) => session::list(shared),
            (_, None) => answer::no_session(&route.session),
            (Endpoint::Device, Some(device)) if route.action == "me" => session::me(device),
            (Endpoint::Device, Some(device)) => session::show(device),
            (Endpoint::UpdateDevice, Some(device)) => session::change(shared, device, &route.action, call),
            (Endpoint::Disconnect, Some(device)) => session::log_out(shared, device),
            (Endpoint::Qr, Some(device)) if route.action.starts_with("passkey/") => {
                session::passkey(shared, device, route.action.trim_start_matches("passkey/"))
            }
            (Endpoint::Qr, Some(device)) => session::pair(shared, device, &route.action, call),
            (_, Some(device)) => send::working(shared, device, call, &route),
        }
    }

    fn refusal(&self, shared: &Shared, reason: &str) -> Reply {
        answer::refusal(shared, reason)
    }

    fn webhooks(&self, shared: &Shared, device: &Device, _: &Target, event: &Event<'_>) -> Vec<Webhook> {
        webhook::of(shared, device, event)
    }

    /// Source: WAHA documentation, "Webhooks, Retries", 2026-07-24: 15 tries, 2 s between them.
    fn retry(&self) -> RetryPlan {
        RetryPlan::constant(15, Duration::from_secs(2))
    }
}
