//! Instances: made, paired, asked and logged out, and where their webhooks go.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{KIND, answer};
use crate::device::{Device, DeviceState, Link, Start};
use crate::provider::{Call, Reply};
use crate::qr;
use crate::shared::Shared;
use crate::webhooks::{Target, WebhookKind};

/// How long `connect` waits for a code after it has started an instance.
const START_WAIT: Duration = Duration::from_secs(2);

/// The id that stands in bodies beside the name. Made up, and the same for each number.
pub(super) fn id(device: &Device) -> String {
    let number: u64 = device.number.parse().unwrap_or_default();
    format!("{:08x}-0000-4000-8000-{:012x}", number % 0xFFFF_FFFB, number)
}

/// The three words for how an instance is.
pub(super) fn word(device: &Device) -> &'static str {
    match device.link().state() {
        DeviceState::Connected => "open",
        DeviceState::QrShown | DeviceState::CodeShown | DeviceState::Paired => "connecting",
        _ => "close",
    }
}

/// `GET /instance/connectionState/{instance}`.
pub(super) fn state(device: &Device) -> Reply {
    Reply::json(200, json!({"instance": {"instanceName": device.session, "state": word(device)}}))
}

/// `GET /instance/fetchInstances`, all of them or the one that is named.
pub(super) fn list(shared: &Shared, call: &Call) -> Reply {
    let wanted = call.query("instanceName");
    let all = shared.devices.of(KIND);
    let wanted = all.iter().filter(|device| wanted.is_none_or(|name| name == device.session));
    let list: Vec<Value> = wanted
        .map(|device| {
            json!({
                "id": id(device),
                "name": device.session,
                "connectionStatus": word(device),
                "ownerJid": device.link().is_paired().then(|| owner(device)),
                "integration": "WHATSAPP-BAILEYS",
                "token": device.token,
            })
        })
        .collect();
    Reply::json(200, list.into())
}

/// The address of the phone that an instance is linked to.
pub(super) fn owner(device: &Device) -> String {
    format!("{}@s.whatsapp.net", device.number)
}

/// `POST /instance/create`: an instance without a phone. With `qrcode: true` the answer holds a code.
pub(super) fn create(shared: &Arc<Shared>, call: &Call) -> Reply {
    let body = call.json().unwrap_or_default();
    let text = |name: &str| body.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let Some(name) = text("instanceName") else { return answer::missing("instanceName") };
    let Some(integration) = text("integration") else { return answer::bad_request("Invalid integration") };
    if shared.devices.with_session(KIND, name).is_some() {
        return answer::error(403, &json!([format!("This name \"{name}\" is already in use.")]));
    }
    let start = Start { quota: shared.options.quota, state: DeviceState::Unpaired };
    let made = shared.devices.add(KIND, |index| {
        let token =
            text("token").map_or_else(|| format!("sandbox-evolution-token-{}", index + 1), str::to_owned);
        let mut device = Device::new(KIND, index, &token, start).named(name);
        name.clone_into(&mut device.session);
        device
    });
    let Some(device) = made else { return answer::error(500, &"Internal Server Error".into()) };
    let webhook = body.get("webhook").cloned().unwrap_or_else(|| json!({}));
    if webhook.get("url").is_some()
        && let Err(refused) = subscribe(&device, &webhook)
    {
        return refused;
    }
    let wants_code = body.get("qrcode") == Some(&Value::Bool(true));
    let code = if wants_code { show(shared, &device, text("number")) } else { None };
    let answer = json!({
        "instance": {
            "instanceName": name,
            "instanceId": id(&device),
            "integration": integration,
            "webhookWaBusiness": null,
            "accessTokenWaBusiness": "",
            "status": word(&device),
        },
        "hash": device.token,
        "webhook": webhook,
        "websocket": {},
        "rabbitmq": {},
        "nats": {},
        "sqs": {},
        "settings": {},
        "qrcode": code.unwrap_or_else(|| json!({"count": 0})),
    });
    Reply::json(201, answer)
}

/// `GET /instance/connect/{instance}`: starts an instance that is closed, or gives what one that is connecting shows.
pub(super) fn connect(shared: &Arc<Shared>, device: &Arc<Device>, number: Option<&str>) -> Reply {
    match device.link() {
        Link::Connected => state(device),
        // Whatever was asked for first is what is shown until it ends.
        link if link.is_pairing() => Reply::json(200, shown(&link)),
        Link::Paired | Link::Disconnected => {
            shared.reconnect(device);
            Reply::json(200, json!({"count": 0})).after(START_WAIT)
        }
        _ => {
            let code = show(shared, device, number);
            // The words are not known; a banned number gets no code.
            let failed = || json!({"error": true, "message": "Error: Connection Failure"});
            Reply::json(200, code.unwrap_or_else(failed)).after(START_WAIT)
        }
    }
}

/// Begins to pair: by a code if there is a number, or else by a QR code. `None` if WhatsApp does not let it.
fn show(shared: &Arc<Shared>, device: &Arc<Device>, number: Option<&str>) -> Option<Value> {
    let digits = number.filter(|number| number.len() >= 8 && number.bytes().all(|b| b.is_ascii_digit()));
    let link = match digits {
        Some(number) => shared.show_code(device, number),
        None => shared.show_qr(device),
    };
    link.ok().map(|link| shown(&link))
}

/// What is shown, as `{pairingCode, code, base64, count}`. The real one has a QR code beside each code to type; here it is one
/// of the two.
pub(super) fn shown(link: &Link) -> Value {
    match link {
        Link::QrShown { text, number, .. } => {
            json!({"pairingCode": null, "code": text, "base64": picture(text), "count": number})
        }
        Link::CodeShown { code, .. } => {
            json!({"pairingCode": code, "code": null, "base64": null, "count": 1})
        }
        _ => json!({"count": 0}),
    }
}

/// A QR code as an address of data.
pub(super) fn picture(text: &str) -> String {
    format!("data:image/png;base64,{}", STANDARD.encode(qr::png(text)))
}

/// `DELETE /instance/logout/{instance}`.
pub(super) fn log_out(shared: &Shared, device: &Device) -> Reply {
    if shared.log_out(device) || shared.refuse_scan(device) {
        let body =
            json!({"status": "SUCCESS", "error": false, "response": {"message": "Instance logged out"}});
        return Reply::json(200, body);
    }
    answer::bad_request(&format!("The \"{}\" instance is not connected", device.session))
}

/// `POST /webhook/set/{instance}`: `{"webhook": {…}}`, and not the flat form of the first version.
pub(super) fn set_webhook(device: &Device, call: &Call) -> Reply {
    let body = call.json().unwrap_or_default();
    let Some(webhook) = body.get("webhook") else { return answer::missing("webhook") };
    match subscribe(device, webhook) {
        Ok(()) => Reply::json(201, described(device)),
        Err(refused) => refused,
    }
}

/// `GET /webhook/find/{instance}`.
pub(super) fn find_webhook(device: &Device) -> Reply {
    Reply::json(200, described(device))
}

fn described(device: &Device) -> Value {
    let target = WebhookKind::ALL.into_iter().find_map(|kind| device.target(kind));
    json!({
        "enabled": target.is_some(),
        "url": target.as_ref().map(|target| target.url()),
        "instanceId": id(device),
        "events": device.with_events(<[String]>::to_vec),
        "webhookByEvents": false,
        "webhookBase64": false,
    })
}

/// Takes over where webhooks go and which events are told; all of them if none is named.
fn subscribe(device: &Device, webhook: &Value) -> Result<(), Reply> {
    let enabled = webhook.get("enabled").is_none_or(|enabled| enabled == &Value::Bool(true));
    let url = webhook.get("url").and_then(Value::as_str).unwrap_or_default();
    let target = Target::parse(url).map(Arc::new);
    let Ok(target) = target else { return Err(answer::bad_request("Invalid \"url\" property")) };
    let events = webhook.get("events").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    device.set_events(events.iter().filter_map(Value::as_str).map(str::to_owned).collect());
    for kind in WebhookKind::ALL {
        device.set_target(kind, enabled.then(|| Arc::clone(&target)));
    }
    Ok(())
}

/// Whether an event is told: `messages.upsert` is subscribed to as `MESSAGES_UPSERT`.
pub(super) fn wants(device: &Device, event: &str) -> bool {
    let name = event.to_ascii_uppercase().replace('.', "_");
    device.with_events(|events| events.is_empty() || events.contains(&name))
}
