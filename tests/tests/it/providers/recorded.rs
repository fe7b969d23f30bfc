//! Webhooks as the sandbox has recorded them: the bytes and headers that were posted, read with the adapter under test.

pub(crate) use std::sync::Arc;
pub(crate) use std::time::Duration;

pub(crate) use wartel_core::{Country, PhoneNumber};
pub(crate) use wartel_messaging::{Account, InboundEvent, MessageProvider, WebhookError, WebhookSource};
pub(crate) use wartel_sandbox::{Endpoint, Fault, ProviderKind, Sandbox, SandboxBuilder, SandboxDevice};

pub(crate) use super::support::{NOWHERE, PATIENCE, PHONE, decode, messages, phone};

/// Webhooks go where nobody listens: what was posted is read from the sandbox's record.
pub(crate) fn quick() -> SandboxBuilder {
    Sandbox::builder().delivered_after(Duration::ZERO).connected_after(Duration::ZERO).webhook_tries(1)
}

pub(crate) async fn start(kind: ProviderKind) -> Sandbox {
    quick().webhooks_of(kind, NOWHERE).start().await.unwrap()
}

/// The account of a device.
pub(crate) fn account(device: &SandboxDevice) -> Account {
    super::support::account(&device.account())
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
