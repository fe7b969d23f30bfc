//! Who sends messages: the provider with its layers, and the sandbox where it stands in.

use std::sync::Arc;

use anyhow::Context;
use wartel_core::{Probe, Secret};
use wartel_messaging::adapters::fonnte::{Fonnte, FonnteConfig};
use wartel_messaging::layers::{DeviceProbe, Throttle, WithHealth, WithLog, WithMetrics, usual};
use wartel_messaging::{DeviceStatus, DisabledProvider, MessageProvider, WebhookSource};
use wartel_sandbox::Sandbox;

use crate::config::Messaging;

/// The provider, what reads its webhooks, and what answers for its readiness.
pub(crate) struct Wired {
    pub(crate) provider: Arc<dyn MessageProvider>,
    pub(crate) webhooks: Option<Arc<dyn WebhookSource>>,
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
                device: None,
                probes: vec![provider],
                sandbox: None,
            })
        }
        Messaging::Fonnte { token, url } => fonnte(token, url.as_deref()),
        Messaging::Sandbox => {
            let sandbox = Sandbox::builder().start().await.context("the sandbox does not start")?;
            let handle = sandbox.handle();
            let wired = fonnte(&Secret::new(handle.token()), Some(handle.url()))?;
            Ok(Wired { sandbox: Some(sandbox), ..wired })
        }
    }
}

fn fonnte(token: &Secret, url: Option<&str>) -> anyhow::Result<Wired> {
    let mut config = FonnteConfig::new(token.clone());
    if let Some(url) = url {
        config = config.with_base_url(url);
    }
    let account = Fonnte::new(config)?.account();
    let mut health = WithHealth::new(usual(account.provider, Throttle::default()));
    let mut probes: Vec<Arc<dyn Probe>> = Vec::new();
    if let Some(device) = &account.device {
        let device = Arc::new(DeviceProbe::new(Arc::clone(device)));
        health = health.with_device(Arc::clone(&device));
        probes.push(device);
    }
    let health = Arc::new(health);
    probes.insert(0, health.clone());
    let provider = Arc::new(WithLog::new(WithMetrics::new(health)));
    Ok(Wired { provider, webhooks: account.webhooks, device: account.device, probes, sandbox: None })
}
