//! Who sends messages: the provider with its layers, and the sandbox where it stands in.

use std::sync::Arc;

use anyhow::Context;
use wartel_core::Probe;
use wartel_messaging::adapters::connect;
use wartel_messaging::layers::{DeviceProbe, Throttle, WithHealth, WithLog, WithMetrics, usual};
use wartel_messaging::{
    AccountSettings, DeviceStatus, DisabledProvider, LidLookup, MessageProvider, WebhookHandshake,
    WebhookSource,
};
use wartel_sandbox::Sandbox;

use crate::config::Messaging;

/// The provider, what reads its webhooks, and what answers for its readiness.
pub(crate) struct Wired {
    pub(crate) provider: Arc<dyn MessageProvider>,
    pub(crate) webhooks: Option<Arc<dyn WebhookSource>>,
    pub(crate) handshake: Option<Arc<dyn WebhookHandshake>>,
    pub(crate) lids: Option<Arc<dyn LidLookup>>,
    pub(crate) device: Option<Arc<dyn DeviceStatus>>,
    pub(crate) probes: Vec<Arc<dyn Probe>>,
    /// Kept alive as long as the provider is used.
    pub(crate) sandbox: Option<Sandbox>,
}

/// Puts the provider together, and starts the sandbox if it stands in.
pub(crate) async fn wire(messaging: &Messaging) -> anyhow::Result<Wired> {
    match messaging {
        Messaging::Disabled => {
            let provider = Arc::new(WithHealth::new(DisabledProvider));
            Ok(Wired {
                provider: provider.clone(),
                webhooks: None,
                handshake: None,
                lids: None,
                device: None,
                probes: vec![provider],
                sandbox: None,
            })
        }
        Messaging::Provider { name, settings } => provider(name, settings),
        Messaging::Sandbox => {
            let sandbox = Sandbox::builder().start().await.context("the sandbox does not start")?;
            let handle = sandbox.handle();
            let settings = AccountSettings::new().with("token", handle.token()).with("url", handle.url());
            let wired = provider("fonnte", &settings)?;
            Ok(Wired { sandbox: Some(sandbox), ..wired })
        }
    }
}

fn provider(name: &str, settings: &AccountSettings) -> anyhow::Result<Wired> {
    let account = connect(name, settings)?;
    let mut health = WithHealth::new(usual(account.provider, pace(name)));
    let mut probes: Vec<Arc<dyn Probe>> = Vec::new();
    if let Some(device) = &account.device {
        let device = Arc::new(DeviceProbe::new(Arc::clone(device)));
        health = health.with_device(Arc::clone(&device));
        probes.push(device);
    }
    let health = Arc::new(health);
    probes.insert(0, health.clone());
    let provider = Arc::new(WithLog::new(WithMetrics::new(health)));
    Ok(Wired {
        provider,
        webhooks: account.webhooks,
        handshake: account.handshake,
        lids: account.lids,
        device: account.device,
        probes,
        sandbox: None,
    })
}

/// How fast a provider takes messages, where it says so.
fn pace(name: &str) -> Throttle {
    if name == "cloud_api" { Throttle::cloud_api() } else { Throttle::default() }
}
