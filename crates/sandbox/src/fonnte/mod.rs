//! A Fonnte: its endpoints, its bodies and its habits, written from its documentation and not from an adapter.
//!
//! Where the documentation is silent the stricter reading is taken, so that what works here works there: numbers are
//! digits only, and one bad target refuses the whole request.

mod account;
mod answer;
mod send;
mod target;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::device::Device;
use crate::faults::SuccessShape;
use crate::form::FormError;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};
use answer::Answer;

/// The fake.
#[derive(Debug)]
pub(crate) struct Fonnte;

/// The endpoints, by the last segment of their path; each is `POST`.
const ENDPOINTS: [(&str, Endpoint); 9] = [
    ("send", Endpoint::Send),
    ("validate", Endpoint::Validate),
    ("device", Endpoint::Device),
    ("get-devices", Endpoint::GetDevices),
    ("qr", Endpoint::Qr),
    ("disconnect", Endpoint::Disconnect),
    ("status", Endpoint::Status),
    ("add-device", Endpoint::AddDevice),
    ("update-device", Endpoint::UpdateDevice),
];

impl Provider for Fonnte {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Fonnte
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![("token", device.token.clone()), ("url", base.to_owned())]
    }

    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let name = call.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let endpoint = ENDPOINTS.iter().find(|(known, _)| *known == name).map(|(_, endpoint)| *endpoint);
        let token = call.header("authorization");
        let refused = match token {
            Some(_) => Authorization::Refused,
            None => Authorization::Missing,
        };
        let Some(endpoint) = endpoint else { return Received::refused(refused, Reply::html(404)) };
        let caller = token.and_then(|token| authenticate(shared, endpoint, token));
        let authorization = if caller.is_some() { Authorization::Accepted } else { refused };
        if call.method != Method::POST {
            return Received::refused(authorization, Reply::html(405));
        }
        let Some(caller) = caller else {
            return Received::refused(authorization, Answer::unauthorised(endpoint).reply(shared));
        };
        let phones = call.form.as_ref().map(target::phones).unwrap_or_default();
        Received::accepted(endpoint, caller, phones)
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        carry_out(shared, call, received).reply(shared)
    }

    fn refusal(&self, shared: &Shared, reason: &str) -> Reply {
        Answer::refusal(reason).reply(shared)
    }

    fn reshape(&self, reply: Reply, shape: SuccessShape) -> Reply {
        answer::in_shape(reply, shape)
    }

    fn message_id(&self, number: u64) -> String {
        number.to_string()
    }

    fn webhooks(&self, shared: &Shared, device: &Device, _: &Target, event: &Event<'_>) -> Vec<Webhook> {
        let full = shared.options.full_status;
        let Some(mut body) = wire::webhook(device, event, full, shared.now()) else { return Vec::new() };
        if let (true, Some(fields)) = (shared.options.body_secret, body.as_object_mut()) {
            fields.insert("secret".into(), device.secret.as_str().into());
        }
        vec![Webhook::json(&body)]
    }

    /// Each answer but 200 is a reason to try again, other successes too.
    fn delivered(&self, status: u16) -> bool {
        status == 200
    }

    /// Source: docs.fonnte.com changelog of January 2026: 15 tries, one a minute.
    fn retry(&self) -> RetryPlan {
        RetryPlan::constant(15, Duration::from_secs(60))
    }
}

/// The raw token and nothing around it: the device whose it is, or `Some(None)` for the account. Each endpoint takes
/// either a device's token or the account's.
#[allow(clippy::option_option)]
fn authenticate(shared: &Shared, endpoint: Endpoint, token: &str) -> Option<Option<Arc<Device>>> {
    if matches!(endpoint, Endpoint::GetDevices | Endpoint::AddDevice) {
        return (token == shared.options.account_token).then_some(None);
    }
    shared.devices.with_token(ProviderKind::Fonnte, token).map(Some)
}

fn carry_out(shared: &Arc<Shared>, call: &Call, received: &Received) -> Answer {
    let form = match &call.form {
        Ok(form) => form,
        Err(FormError::Json) => return Answer::refusal("JSON format invalid"),
        Err(FormError::Unreadable) => return Answer::refusal("input invalid"),
    };
    let (Ok(endpoint), device) = (&received.next, &received.device) else {
        return Answer::refusal("input invalid");
    };
    match (endpoint, device) {
        (Endpoint::AddDevice, _) => account::add_device(shared, form),
        (_, None) => account::get_devices(shared),
        (Endpoint::Send, Some(device)) => send::send(shared, device, form),
        (Endpoint::Validate, _) => account::validate(shared, form),
        (Endpoint::Device, Some(device)) => account::device(device),
        (Endpoint::Qr, Some(device)) => account::qr(shared, device, form),
        (Endpoint::Disconnect, Some(device)) => account::disconnect(shared, device),
        (Endpoint::UpdateDevice, Some(device)) => account::update_device(device, form),
        _ => account::status(shared, form),
    }
}
