//! The single-device gateway v1.7.0: its routes, its bodies and its habits, written from its source code and not from an
//! adapter.
//!
//! It asks for no credentials, gives no ids, signs nothing and tries nothing again. One of its mistakes is left out: the
//! real one calls a device that lost its connection unpaired until it is restarted, although it is connected again. Here
//! it is paired again with the connection; a planned refusal with its words stands in for the mistake.
//!
//! Source: the public source code of `rizrmd/whatsapp-web-api` v1.7.0 with the patch that adds `pair_success`, November
//! 2026.

mod answer;
mod device;
mod send;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::device::Device;
use crate::phone::phone_key;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};

/// The fake.
#[derive(Debug)]
pub(crate) struct Gateway;

/// The routes: first segment, method, what it is for.
const ROUTES: [(&str, Method, Endpoint); 6] = [
    ("pair", Method::GET, Endpoint::Qr),
    ("send", Method::POST, Endpoint::Send),
    ("health", Method::GET, Endpoint::Device),
    ("devices", Method::GET, Endpoint::GetDevices),
    ("disconnect", Method::POST, Endpoint::Disconnect),
    ("images", Method::GET, Endpoint::Media),
];

/// Whoever can reach the gateway may use it; credentials are for a proxy in front of it, and not looked at.
fn authorization(call: &Call) -> Authorization {
    if call.header("authorization").is_some() { Authorization::Accepted } else { Authorization::Missing }
}

impl Provider for Gateway {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Gateway
    }

    fn settings(&self, base: &str, _: &Device) -> Vec<(&'static str, String)> {
        vec![("url", base.to_owned())]
    }

    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let segments = call.segments();
        let mut segments = segments.iter().map(String::as_str);
        let (first, more) = (segments.next().unwrap_or_default(), segments.next());
        if first == "swagger" && call.method == Method::GET {
            return Received::refused(authorization(call), answer::swagger());
        }
        let route = ROUTES.iter().find(|(name, ..)| *name == first);
        let Some((_, method, endpoint)) = route.filter(|_| more.is_none() || first == "images") else {
            return Received::refused(authorization(call), answer::not_found());
        };
        if call.method != *method {
            return Received::refused(
                authorization(call),
                Reply::bytes(405, "text/plain; charset=utf-8", ""),
            );
        }
        let number = call.json().and_then(|body| Some(phone_key(body.get("number")?.as_str()?)));
        let device = shared.devices.first_of(ProviderKind::Gateway);
        let mut received = Received::accepted(*endpoint, Some(device), number.into_iter().collect());
        received.authorization = authorization(call);
        received
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let (Ok(endpoint), Some(device)) = (&received.next, &received.device) else {
            return answer::not_found();
        };
        match endpoint {
            Endpoint::Send => send::send(shared, device, call),
            Endpoint::Qr => device::pair(shared, device),
            Endpoint::Device => device::health(device),
            Endpoint::GetDevices => device::devices(device),
            Endpoint::Disconnect => device::disconnect(shared, device),
            _ => device::image(shared, call.segments().get(1).map(String::as_str).unwrap_or_default()),
        }
    }

    fn refusal(&self, _: &Shared, reason: &str) -> Reply {
        answer::refusal(reason)
    }

    fn webhooks(&self, shared: &Shared, device: &Device, _: &Target, event: &Event<'_>) -> Vec<Webhook> {
        wire::webhook(device, event, shared.now()).into_iter().collect()
    }

    /// Once, and as long as the application takes.
    fn retry(&self) -> RetryPlan {
        RetryPlan { timeout: Duration::MAX, ..RetryPlan::constant(1, Duration::ZERO) }
    }
}
