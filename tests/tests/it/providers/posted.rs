//! What the providers of self-hosted gateways post, read by their adapters.

use std::time::Duration;

use wartel_messaging::{Account, InboundEvent};
use wartel_sandbox::{Sandbox, SandboxBuilder, SandboxDevice, WebhookAttempt};

use super::support::{Application, PATIENCE, account};
pub(crate) use super::support::{PHONE, decode, messages, phone};

/// A sandbox in which nothing waits.
pub(crate) fn quick() -> SandboxBuilder {
    Sandbox::builder().delivered_after(Duration::ZERO).connected_after(Duration::ZERO)
}

/// The account of a device, and an application that takes its webhooks.
pub(crate) async fn listening(device: &SandboxDevice) -> (Account, Application) {
    let account = account(&device.account());
    let app = Application::start(account.webhooks.clone().unwrap()).await;
    device.set_webhooks(&app.url).unwrap();
    (account, app)
}

/// What comes from now on, until there is an event that `last` wants.
pub(crate) async fn events_until(
    app: &mut Application,
    last: impl Fn(&InboundEvent) -> bool,
) -> Vec<InboundEvent> {
    let mut events = Vec::new();
    while !events.iter().any(&last) {
        events.extend(app.decoded().await.unwrap());
    }
    events
}

/// The first webhook that the sandbox has posted.
pub(crate) async fn posted(sandbox: &Sandbox) -> WebhookAttempt {
    let wait = async {
        loop {
            match sandbox.webhook_attempts().into_iter().next() {
                Some(webhook) => return webhook,
                None => tokio::task::yield_now().await,
            }
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("a webhook is posted")
}
