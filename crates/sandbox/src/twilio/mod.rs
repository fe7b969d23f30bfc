//! Twilio's Messages API for WhatsApp: its path, its forms and its errors, written from its documentation and not from an
//! adapter.
//!
//! Source: <https://www.twilio.com/docs/messaging/api/message-resource>, 2026-11. Where it is silent the stricter reading
//! is taken.

mod error;
mod send;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use http::Method;

use crate::contacts::fnv;
use crate::device::Device;
use crate::provider::{Call, Endpoint, Event, Provider, ProviderKind, Received, Reply};
use crate::recorder::Authorization;
use crate::shared::Shared;
use crate::webhooks::{RetryPlan, Target, Webhook};
use error::Refusal;

/// The fake.
#[derive(Debug)]
pub(crate) struct Twilio;

/// An id of the kind of these two letters that belongs to a device.
fn sid(kind: &str, device: &Device) -> String {
    let half = fnv(device.number.bytes());
    format!("{kind}{half:016x}{:016x}", half.rotate_left(29) ^ 0x9E37_79B9_7F4A_7C15)
}

impl Provider for Twilio {
    fn kind(&self) -> ProviderKind {
        ProviderKind::Twilio
    }

    fn settings(&self, base: &str, device: &Device) -> Vec<(&'static str, String)> {
        vec![
            ("account_sid", sid("AC", device)),
            ("token", device.token.clone()),
            ("from", format!("+{}", device.number)),
            ("otp_content_sid", sid("HX", device)),
            ("url", base.to_owned()),
        ]
    }

    /// User and password are the account with its token, or an API key with its secret.
    fn receive(&self, shared: &Shared, call: &Call) -> Received {
        let Some((user, password)) = call.basic() else {
            return Received::refused(Authorization::Missing, Refusal::of(20_003).reply());
        };
        let device = shared.devices.find(|device| {
            device.kind == ProviderKind::Twilio
                && ((user == sid("AC", device) && password == device.token)
                    || (user == sid("SK", device) && password == device.secret))
        });
        let Some(device) = device else {
            return Received::refused(Authorization::Refused, Refusal::of(20_003).reply());
        };
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let account = sid("AC", &device);
        match (&call.method, segments.as_slice()) {
            (&Method::POST, ["2010-04-01", "Accounts", of, "Messages.json"]) if *of == account => {
                let phones = call.field("To").and_then(send::digits).map(str::to_owned).into_iter().collect();
                Received::accepted(Endpoint::Send, Some(device), phones)
            }
            _ => Received::refused(Authorization::Accepted, Refusal::of(20_404).reply()),
        }
    }

    fn carry_out(&self, shared: &Arc<Shared>, call: &Call, received: &Received) -> Reply {
        let Some(device) = &received.device else { return Refusal::of(20_404).reply() };
        match send::send(shared, device, call) {
            Ok(body) => Reply::json(201, body),
            Err(refusal) => refusal.reply(),
        }
    }

    fn refusal(&self, _: &Shared, reason: &str) -> Reply {
        Refusal::planned(reason).reply()
    }

    fn message_id(&self, number: u64) -> String {
        send::message_sid("SM", number)
    }

    fn webhooks(&self, _: &Shared, device: &Device, target: &Target, event: &Event<'_>) -> Vec<Webhook> {
        webhook::fields(device, event).iter().map(|fields| webhook::signed(device, target, fields)).collect()
    }

    /// A webhook that fails is noted as error 11200 and not tried again.
    fn retry(&self) -> RetryPlan {
        RetryPlan { timeout: Duration::from_secs(15), ..RetryPlan::constant(1, Duration::ZERO) }
    }
}
