//! An Evolution API 2.3: its endpoints, its bodies and its habits, written from its documentation and public source code and
//! not from an adapter.
//!
//! The token of the first instance is the global key: it opens every instance and makes new ones. Others open their own.
//! Custom headers, `byEvents` and `base64` of a webhook's settings are taken and change nothing; each webhook brings the
//! token that the special header `jwt_key` asks for, made with the device's secret.
//!
//! Source: <https://doc.evolution-api.com/v2> and the public source code of version 2.3.6, November 2026.

mod answer;
mod chat;
mod instance;
mod send;
mod target;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::device::Device;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};

const KIND: ProviderKind = ProviderKind::Evolution;

/// The fake.
#[derive(Debug)]
pub(crate) struct Evolution;

/// The routes: group, call, method, what it is for. All but `create` and `fetchInstances` are of an instance, whose name is
/// behind them.
const ROUTES: [(&str, &str, Method, Endpoint); 16] = [
    ("instance", "create", Method::POST, Endpoint::AddDevice),
    ("instance", "fetchInstances", Method::GET, Endpoint::GetDevices),
    ("instance", "connect", Method::GET, Endpoint::Qr),
    ("instance", "connectionState", Method::GET, Endpoint::Device),
    ("instance", "logout", Method::DELETE, Endpoint::Disconnect),
    ("instance", "setPresence", Method::POST, Endpoint::Presence),
    ("message", "sendText", Method::POST, Endpoint::Send),
    ("message", "sendMedia", Method::POST, Endpoint::Send),
    ("message", "sendWhatsAppAudio", Method::POST, Endpoint::Send),
    ("message", "sendSticker", Method::POST, Endpoint::Send),
    ("message", "sendLocation", Method::POST, Endpoint::Send),
    ("chat", "whatsappNumbers", Method::POST, Endpoint::Validate),
    ("chat", "sendPresence", Method::POST, Endpoint::Presence),
    ("chat", "markMessageAsRead", Method::POST, Endpoint::Presence),
    ("webhook", "set", Method::POST, Endpoint::UpdateDevice),
    ("webhook", "find", Method::GET, Endpoint::UpdateDevice),
];

/// A route that was found: what is called, and on which instance.
struct Route {
    call: &'static str,
    endpoint: Endpoint,
    instance: Option<String>,
}

impl Route {
    fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let (group, name, instance) = match segments.as_slice() {
            [group, name] => (group, name, None),
            [group, name, instance] => (group, name, Some(instance.clone())),
            _ => return None,
        };
        let known = |route: &&(&str, &str, Method, Endpoint)| {
            route.0 == group && route.1 == name && route.2 == call.method
        };
        let (_, call, _, endpoint) = ROUTES.iter().find(known)?;
        let of_all = matches!(endpoint, Endpoint::AddDevice | Endpoint::GetDevices);
        (of_all == instance.is_none()).then_some(Self { call, endpoint: *endpoint, instance })
    }
}

impl Provider for Evolution {
    fn kind(&self) -> ProviderKind {
        KIND
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![
            ("url", base.to_owned()),
            ("token", device.token.clone()),
            ("instance", device.session.clone()),
            ("webhook_secret", device.secret.clone()),
        ]
    }

    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let key = call.header("apikey");
        let refused = if key.is_some() { Authorization::Refused } else { Authorization::Missing };
        let Some(route) = Route::of(call) else {
            return Received::refused(refused, answer::no_route(call));
        };
        let device = route.instance.as_ref().and_then(|name| shared.devices.with_session(KIND, name));
        let global = key == Some(shared.devices.first_of(KIND).token.as_str());
        let own = device.as_ref().is_some_and(|device| key == Some(device.token.as_str()));
        let authorization = if global || own { Authorization::Accepted } else { refused };
        // Whether there is such an instance is looked at before the key.
        if let (Some(name), None) = (&route.instance, &device) {
            return Received::refused(authorization, answer::no_instance(name));
        }
        if authorization != Authorization::Accepted {
            return Received::refused(authorization, answer::unauthorized());
        }
        Received::accepted(route.endpoint, device, target::phones(call))
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let Some(route) = Route::of(call) else { return answer::no_route(call) };
        match (route.call, &received.device) {
            ("create", _) => instance::create(shared, call),
            ("fetchInstances", _) => instance::list(shared, call),
            (_, None) => answer::no_instance(route.instance.as_deref().unwrap_or_default()),
            ("connect", Some(device)) => instance::connect(shared, device, call.query("number")),
            ("connectionState", Some(device)) => instance::state(device),
            ("logout", Some(device)) => instance::log_out(shared, device),
            ("set", Some(device)) => instance::set_webhook(device, call),
            ("find", Some(device)) => instance::find_webhook(device),
            (_, Some(device)) if route.endpoint == Endpoint::Send => {
                send::send(shared, device, call, route.call)
            }
            (name, Some(device)) => chat::carry_out(shared, device, call, name),
        }
    }

    fn refusal(&self, _: &Shared, reason: &str) -> Reply {
        answer::refusal(reason)
    }

    fn webhooks(&self, shared: &Shared, device: &Device, target: &Target, event: &Event<'_>) -> Vec<Webhook> {
        webhook::of(shared, device, target, event)
    }

    /// 10 tries, 5 s and then twice as long each time up to 300 s, none after an answer that will not change. The real
    /// waits differ by a fifth at random.
    fn retry(&self) -> RetryPlan {
        RetryPlan {
            timeout: Duration::from_secs(30),
            final_statuses: &[400, 401, 403, 404, 422],
            ..RetryPlan::doubling(10, Duration::from_secs(5), Duration::from_secs(300))
        }
    }
}
