//! How long it takes to check and to decode one typical webhook of each provider: a message that came in.
//!
//! `cargo bench -p wartel-messaging --all-features --bench decode`. A new provider is one more row in [`rows`].
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at the first thing that goes wrong")]

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use http::{HeaderMap, HeaderName, HeaderValue};
use wartel_messaging::adapters::connect;
use wartel_messaging::{AccountSettings, WebhookRequest};

/// The address that the webhooks come to, for those who sign it.
const URL: &str = "https://shop.example/webhook/whatsapp/made-up";
/// The secret that webhooks are signed with.
#[allow(dead_code)]
const SECRET: &str = "made-up-secret";

/// One provider: how its account is configured, and a webhook of its own with the headers that it brings.
struct Row {
    provider: &'static str,
    settings: &'static [(&'static str, &'static str)],
    body: &'static str,
    headers: fn(&str) -> Vec<(&'static str, String)>,
}

/// For providers that sign nothing.
#[allow(dead_code)]
fn no_headers(_: &str) -> Vec<(&'static str, String)> {
    Vec::new()
}

#[cfg(any(feature = "cloud-api", feature = "gowa"))]
fn signed_like_meta(body: &str) -> Vec<(&'static str, String)> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    vec![("x-hub-signature-256", format!("sha256={hex}"))]
}

#[cfg(feature = "waha")]
fn signed_like_waha(body: &str) -> Vec<(&'static str, String)> {
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mac = Hmac::<sha2::Sha512>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(body);
    vec![("x-webhook-hmac", mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())]
}

#[cfg(feature = "twilio")]
fn signed_like_twilio(body: &str) -> Vec<(&'static str, String)> {
    use base64::Engine as _;
    use hmac::{Hmac, KeyInit as _, Mac as _};
    let mut fields: Vec<(String, String)> = form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    fields.sort();
    let fields: String = fields.into_iter().map(|(name, value)| name + &value).collect();
    let mac = Hmac::<sha1::Sha1>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(URL).chain_update(fields).finalize().into_bytes();
    vec![("x-twilio-signature", base64::engine::general_purpose::STANDARD.encode(mac))]
}

fn rows() -> Vec<Row> {
    vec![
        #[cfg(feature = "cloud-api")]
        Row {
            provider: "cloud_api",
            settings: &[("token", "made-up"), ("phone_number_id", "106540352242922"), ("app_secret", SECRET)],
            body: include_str!("../samples/cloud_api/webhook_text.json"),
            headers: signed_like_meta,
        },
        #[cfg(feature = "evolution")]
        Row {
            provider: "evolution",
            settings: &[("url", "https://api.example"), ("token", "made-up"), ("instance", "toko")],
            body: include_str!("../samples/evolution/webhook_text.json"),
            headers: no_headers,
        },
        #[cfg(feature = "gateway")]
        Row {
            provider: "gateway",
            settings: &[("url", "https://api.example")],
            body: include_str!("../samples/gateway/webhook_message.json"),
            headers: no_headers,
        },
        #[cfg(feature = "gowa")]
        Row {
            provider: "gowa",
            settings: &[("url", "https://api.example"), ("webhook_secret", SECRET)],
            body: include_str!("../samples/gowa/webhook_message.json"),
            headers: signed_like_meta,
        },
        #[cfg(feature = "waha")]
        Row {
            provider: "waha",
            settings: &[("url", "https://api.example"), ("token", "made-up"), ("webhook_secret", SECRET)],
            body: include_str!("../samples/waha/webhook_message.json"),
            headers: signed_like_waha,
        },
        #[cfg(feature = "fonnte")]
        Row {
            provider: "fonnte",
            settings: &[("token", "made-up")],
            body: include_str!("../samples/fonnte/webhook_message.json"),
            headers: no_headers,
        },
        #[cfg(feature = "twilio")]
        Row {
            provider: "twilio",
            settings: &[
                ("account_sid", "AC0123456789abcdef0123456789abcdef"),
                ("token", SECRET),
                ("from", "+14155238886"),
            ],
            body: include_str!("../samples/twilio/webhook_text.form").trim_ascii_end(),
            headers: signed_like_twilio,
        },
    ]
}

fn decode(c: &mut Criterion) {
    let mut group = c.benchmark_group("decode a webhook");
    for row in rows() {
        let settings = row.settings.iter();
        let settings = settings.fold(AccountSettings::new(), |all, (name, value)| all.with(*name, *value));
        let webhooks = connect(row.provider, &settings).unwrap().webhooks.unwrap();
        let headers: HeaderMap = (row.headers)(row.body)
            .into_iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(&value).unwrap()))
            .collect();
        let request = WebhookRequest::new(&headers, row.body.as_bytes()).with_url(URL);
        assert_eq!(webhooks.decode(request).unwrap().len(), 1, "{}", row.provider);
        group.throughput(Throughput::Bytes(row.body.len() as u64));
        group.bench_function(row.provider, |b| b.iter(|| webhooks.decode(black_box(request))));
    }
    group.finish();
}

criterion_group!(benches, decode);
criterion_main!(benches);
