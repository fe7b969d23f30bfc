//! A GOWA: its endpoints, its bodies and its habits, written from its documentation and not from an adapter.
//!
//! Source: docs/openapi.yaml, docs/webhook-payload.md and source of go-whatsapp-web-multidevice at v9.2.0, 2026-08-22, read
//! in November 2026.

mod answer;
mod devices;
mod pairing;
mod route;
mod send;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};
use answer::Code;
use route::Route;

/// The user of Basic authentication; the password is the device's token.
const USER: &str = "sandbox";

/// The fake.
#[derive(Debug)]
pub(crate) struct Gowa;

impl Provider for Gowa {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Gowa
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![
            ("url", base.to_owned()),
            ("user", USER.to_owned()),
            ("password", device.token.clone()),
            ("device", device.session.clone()),
            ("webhook_secret", device.secret.clone()),
        ]
    }

    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let known = call.basic().is_some_and(|(user, password)| {
            user == USER && shared.devices.with_token(ProviderKind::Gowa, &password).is_some()
        });
        if !known {
            let missing = call.header("authorization").is_none();
            let authorization = if missing { Authorization::Missing } else { Authorization::Refused };
            return Received::refused(authorization, answer::unauthorized());
        }
        let Some(route) = Route::of(call) else {
            return Received::refused(Authorization::Accepted, answer::no_route(call));
        };
        let device =
            if route.needs_device() { devices::meant(shared, call, &route).map(Some) } else { Ok(None) };
        match device {
            Ok(device) => Received::accepted(route.endpoint, device, send::phones(shared, call)),
            Err(reply) => Received::refused(Authorization::Accepted, reply),
        }
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let Some(route) = Route::of(call) else { return answer::no_route(call) };
        match (route.endpoint, &received.device) {
            (Endpoint::AddDevice, _) => devices::add(shared, call),
            (Endpoint::GetDevices, _) => devices::list(shared),
            (Endpoint::Media, _) => pairing::picture(shared, &route.action),
            (_, None) => answer::error(Code::DeviceIdRequired),
            (Endpoint::Device, Some(device)) => devices::show(device, &route.action),
            (Endpoint::Qr, Some(device)) => pairing::pair(shared, device, &route.action, call),
            (Endpoint::Disconnect, Some(device)) => pairing::log_out(shared, device),
            (Endpoint::UpdateDevice, Some(device)) if route.action == "reconnect" => {
                pairing::reconnect(shared, device)
            }
            (Endpoint::UpdateDevice, Some(device)) => pairing::passkey(shared, device, &route.action, call),
            (Endpoint::Send, Some(device)) => send::send(shared, device, &route.action, call),
            (Endpoint::Presence, Some(device)) => send::presence(shared, device, &route.action, call),
            (_, Some(device)) => send::check(shared, device, call),
        }
    }

    fn refusal(&self, _: &Shared, reason: &str) -> Reply {
        answer::refusal(reason)
    }

    fn webhooks(&self, shared: &Shared, device: &Device, _: &Target, event: &Event<'_>) -> Vec<Webhook> {
        webhook::of(shared, device, event).into_iter().collect()
    }

    /// Source: GOWA's source at v9.2.0, 2026-08-22: five tries, with 1, 2, 4 and 8 s between them.
    fn retry(&self) -> RetryPlan {
        RetryPlan::doubling(5, Duration::from_secs(1), Duration::from_secs(8))
    }
}
