//! The calls that steer devices.

use std::sync::Arc;

use http::StatusCode;
use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::wire::{DeviceCall, FailCall, PasskeyCall, PasskeyStep, ScanCall, StoriesCall, UntilCall};
use super::{Refusal, parse, phone_of, success};
use crate::device::Device;
use crate::phone::phone_key;
use crate::provider::ProviderKind;
use crate::shared::Shared;
use crate::steer::SandboxDevice;
use crate::webhooks::{Target, WebhookKind};

type Done = Result<(StatusCode, Value), Refusal>;

/// Most status posts of one call.
const MAX_STORIES: u32 = 10_000;

fn bad<T>(problem: impl Into<String>) -> Result<T, Refusal> {
    Err((StatusCode::BAD_REQUEST, problem.into()))
}

fn provider_of(name: &str) -> Result<ProviderKind, Refusal> {
    match ProviderKind::from_name(name) {
        Some(kind) => Ok(kind),
        None => {
            let known: Vec<&str> = ProviderKind::ALL.iter().map(|kind| kind.name()).collect();
            bad(format!("unknown provider; known are: {}", known.join(", ")))
        }
    }
}

/// The device that a call names, by its number or by its provider; `None` if it names none.
pub(super) fn chosen(
    shared: &Shared,
    number: Option<&str>,
    provider: Option<&str>,
) -> Result<Option<Arc<Device>>, Refusal> {
    let kind = provider.map(provider_of).transpose()?;
    let Some(number) = number else { return Ok(kind.map(|kind| shared.devices.first_of(kind))) };
    let number = phone_key(number);
    let wanted = |device: &Device| device.number == number && kind.is_none_or(|kind| kind == device.kind);
    match shared.devices.find(wanted) {
        Some(device) => Ok(Some(device)),
        None => bad("no such device"),
    }
}

/// The same, where a call that names none means Fonnte's first device.
fn one(shared: &Shared, number: Option<&str>, provider: Option<&str>) -> Result<Arc<Device>, Refusal> {
    Ok(chosen(shared, number, provider)?.unwrap_or_else(|| Arc::clone(&shared.devices.first)))
}

/// The devices of a provider, of Fonnte if none is named, or `all`.
pub(super) fn list(shared: &Shared, provider: Option<&str>) -> Done {
    let devices = match provider {
        Some("all") => shared.devices.all(),
        Some(name) => shared.devices.of(provider_of(name)?),
        None => shared.devices.of(ProviderKind::Fonnte),
    };
    Ok((StatusCode::OK, shown(shared, &devices)))
}

fn shown(shared: &Shared, devices: &[Arc<Device>]) -> Value {
    let list: Vec<Value> = devices.iter().map(|device| shared.device_json(device)).collect();
    let connected = devices.iter().all(|device| device.is_connected());
    json!({"connected": connected, "devices": list})
}

/// Changes the device that is named, or all of Fonnte.
pub(super) fn set(shared: &Shared, body: &[u8]) -> Done {
    let call: DeviceCall = parse(body)?;
    let devices = match chosen(shared, call.device.as_deref(), call.provider.as_deref())? {
        Some(device) => vec![device],
        None => shared.devices.of(ProviderKind::Fonnte),
    };
    let target = match call.webhook.as_deref() {
        None => None,
        Some("") => Some(None),
        Some(url) => match Target::parse(url) {
            Ok(target) => Some(Some(Arc::new(target))),
            Err(problem) => return bad(problem.to_string()),
        },
    };
    for device in &devices {
        if let Some(target) = &target {
            device.set_events(Vec::new());
            for kind in WebhookKind::ALL {
                device.set_target(kind, target.clone());
            }
        }
        if let Some(quota) = call.quota {
            device.set_quota(quota);
        }
        if let Some(deaf) = call.deaf {
            device.set_deaf(deaf);
        }
        if let Some(connected) = call.connected {
            shared.connect_device(device, connected);
        }
    }
    Ok((StatusCode::OK, shown(shared, &devices)))
}

/// Answers with the device, or with 409 if it was in no state for that.
fn done(shared: &Shared, device: &Device, worked: bool) -> Done {
    if worked {
        return Ok((StatusCode::OK, shared.device_json(device)));
    }
    let state = device.link().state().as_str();
    Err((StatusCode::CONFLICT, format!("not possible with a device that is {state}")))
}

pub(super) fn scan(shared: &Arc<Shared>, body: &[u8]) -> Done {
    let call: ScanCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    let worked = shared.scan(&device, call.qr.as_deref(), call.connect.unwrap_or(true));
    done(shared, &device, worked)
}

pub(super) fn refuse_scan(shared: &Shared, body: &[u8]) -> Done {
    let call: ScanCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    let worked = shared.refuse_scan(&device);
    done(shared, &device, worked)
}

pub(super) fn passkey(shared: &Arc<Shared>, body: &[u8]) -> Done {
    let call: PasskeyCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    let worked = match call.step {
        PasskeyStep::Ask => shared.ask_passkey(&device),
        PasskeyStep::Give => shared.give_passkey(&device),
        PasskeyStep::Confirm => shared.confirm_passkey(&device),
    };
    done(shared, &device, worked)
}

pub(super) fn remove(shared: &Shared, body: &[u8]) -> Done {
    let call: ScanCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    let worked = shared.log_out(&device);
    done(shared, &device, worked)
}

fn until(text: Option<&str>) -> Result<Option<Timestamp>, Refusal> {
    match text.map(Timestamp::parse_rfc3339).transpose() {
        Ok(until) => Ok(until),
        Err(_) => bad("until must be an instant such as 2030-01-31T12:00:00Z"),
    }
}

pub(super) fn ban(shared: &Shared, body: &[u8]) -> Done {
    let call: UntilCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    shared.ban(&device, until(call.until.as_deref())?);
    done(shared, &device, true)
}

pub(super) fn timelock(shared: &Shared, body: &[u8]) -> Done {
    let call: UntilCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    device.set_timelock(until(call.until.as_deref())?);
    done(shared, &device, true)
}

pub(super) fn stories(shared: &Arc<Shared>, body: &[u8]) -> Done {
    let call: StoriesCall = parse(body)?;
    let device = one(shared, call.device.as_deref(), call.provider.as_deref())?;
    let from = phone_of(&call.from, "from")?;
    if call.count > MAX_STORIES {
        return bad(format!("count must be at most {MAX_STORIES}"));
    }
    SandboxDevice { shared: Arc::clone(shared), device }.flood_stories(&from, call.count);
    Ok(success())
}

pub(super) fn fail(shared: &Arc<Shared>, body: &[u8]) -> Done {
    let call: FailCall = parse(body)?;
    let phone = phone_of(&call.phone, "phone")?;
    let device = match chosen(shared, call.device.as_deref(), call.provider.as_deref())? {
        Some(device) => device,
        None => shared.device_of(&phone),
    };
    let device = SandboxDevice { shared: Arc::clone(shared), device };
    if device.fail_message(&phone, &call.code) {
        return Ok(success());
    }
    Err((StatusCode::CONFLICT, "there is no message to this number that could still fail".into()))
}
