//! Webhooks as the sandbox has recorded them: the bytes and headers that were posted, read with the adapter under test.

pub(crate) use std::sync::Arc;
pub(crate) use std::time::Duration;

pub(crate) use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub(crate) use wartel_core::{Country, PhoneNumber};
pub(crate) use wartel_messaging::adapters::connect;
pub(crate) use wartel_messaging::{
    Account, AccountSettings, InboundEvent, InboundMessage, MessageProvider, WebhookError, WebhookRequest,
    WebhookSource,
};
pub(crate) use wartel_sandbox::{
    Endpoint, Fault, ProviderKind, Sandbox, SandboxBuilder, SandboxDevice, WebhookAttempt,
};

/// A made-up customer.
pub(crate) const PHONE: &str = "6281234567890";
/// Where webhooks go: nobody listens there.
pub(crate) const NOWHERE: &str = "http://127.0.0.1:9/webhook";
/// Long enough for a slow machine; nothing waits this long when it works.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) fn phone() -> PhoneNumber {
    PhoneNumber::parse(PHONE, Country::INDONESIA).unwrap()
}

/// Webhooks go where nobody listens: what was posted is read from the sandbox's record.
pub(crate) fn quick() -> SandboxBuilder {
    Sandbox::builder().delivered_after(Duration::ZERO).connected_after(Duration::ZERO).webhook_tries(1)
}

pub(crate) async fn start(kind: ProviderKind) -> Sandbox {
    quick().webhooks_of(kind, NOWHERE).start().await.unwrap()
}

/// The account that the sandbox's settings make, as an application would make it.
pub(crate) fn account(device: &SandboxDevice) -> Account {
    let all = device.account().settings.into_iter();
    let settings = all.fold(AccountSettings::new(), |settings, (name, value)| settings.with(name, value));
    connect(device.provider().name(), &settings).unwrap()
}

/// Reads a webhook as it was posted: the same bytes, the same headers.
pub(crate) fn decode(
    source: &dyn WebhookSource,
    webhook: &WebhookAttempt,
) -> Result<Vec<InboundEvent>, WebhookError> {
    let mut headers = HeaderMap::new();
    for (name, value) in &webhook.headers {
        headers.insert(HeaderName::try_from(name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    source.decode(WebhookRequest::new(&headers, &webhook.body).with_url(NOWHERE))
}

/// Waits until what was posted so far decodes to events that `enough` is content with; gives back all of them.
pub(crate) async fn events_until(
    sandbox: &Sandbox,
    source: &dyn WebhookSource,
    enough: impl Fn(&[InboundEvent]) -> bool,
) -> Vec<InboundEvent> {
    let wait = async {
        loop {
            let posted = sandbox.webhook_attempts();
            let events: Vec<_> = posted.iter().flat_map(|webhook| decode(source, webhook).unwrap()).collect();
            if enough(&events) {
                return events;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("the webhooks come")
}

pub(crate) fn messages(events: &[InboundEvent]) -> Vec<&InboundMessage> {
    events
        .iter()
        .filter_map(|event| match event {
            InboundEvent::Message(message) => Some(message),
            _ => None,
        })
        .collect()
}
