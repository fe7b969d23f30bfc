// The decoders of webhooks, with the signatures left out so that every byte reaches them. Shared by the fuzz target and by
// the short run in `tests/tests/it/providers/fuzz.rs`.

use std::sync::Arc;

use http::{HeaderMap, HeaderValue, header};
use wartel_messaging::adapters::{connect, names};
use wartel_messaging::{AccountSettings, InboundEvent, WebhookRequest, WebhookSource};

/// The most events that one request may hold, whatever its bytes: three megabytes of the smallest items there are.
const MAX_EVENTS: usize = 3 * 1024 * 1024;

/// A decoder for each built-in provider.
pub(crate) fn all() -> Vec<Arc<dyn WebhookSource>> {
    let source = |name: &&str| connect(name, &unsigned(name)).ok()?.webhooks;
    let sources: Vec<_> = names().iter().filter_map(source).collect();
    assert_eq!(sources.len(), names().len(), "a provider has no decoder");
    sources
}

fn unsigned(provider: &str) -> AccountSettings {
    let pairs: &[(&str, &str)] = match provider {
        "cloud_api" => &[
            ("token", "made-up-token"),
            ("phone_number_id", "106540352242922"),
            ("webhook_unverified_dangerous", "true"),
        ],
        "evolution" => &[("url", "https://api.example"), ("token", "made-up-token"), ("instance", "toko")],
        "fonnte" => &[("token", "made-up-token")],
        "gateway" | "gowa" => &[("url", "https://api.example")],
        "twilio" => &[
            ("account_sid", "AC00000000000000000000000000000001"),
            ("api_key", "SK00000000000000000000000000000001"),
            ("api_secret", "made-up-secret"),
            ("from", "+14155550123"),
            ("webhook_unverified_dangerous", "true"),
        ],
        _ => &[("url", "https://api.example"), ("token", "made-up-token")],
    };
    pairs.iter().fold(AccountSettings::new(), |settings, (name, value)| settings.with(*name, *value))
}

/// Decodes a body as a form and as JSON. Panics are what fuzzing looks for; everything else is fine.
pub(crate) fn decode(source: &dyn WebhookSource, body: &[u8]) -> usize {
    let mut events = 0;
    for kind in ["application/json", "application/x-www-form-urlencoded"] {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        let request =
            WebhookRequest::new(&headers, body).with_url("https://shop.example/webhook/whatsapp/t?x=1");
        let decoded: Vec<InboundEvent> = source.decode(request).unwrap_or_default();
        assert!(decoded.len() <= MAX_EVENTS, "a request holds more events than bytes");
        // What is shown of an event is looked at too: it must not fail on strange texts.
        events += decoded.iter().filter(|event| !format!("{event:?}").is_empty()).count();
    }
    events
}
