//! Who sends messages: the provider with its layers, and the sandbox where it stands in.

use std::sync::Arc;

use anyhow::Context;
use wartel_core::Probe;
use wartel_messaging::accounts::Connector;
use wartel_messaging::adapters::connect;
use wartel_messaging::layers::{DeviceProbe, Throttle, WithHealth, WithLog, WithMetrics, usual};
use wartel_messaging::{Account, AccountSettings, DeviceStatus, DisabledProvider, MessageProvider};
use wartel_sandbox::Sandbox;

use crate::config::Messaging;

/// The provider, what reads its webhooks, and what answers for its readiness.
pub(crate) struct Wired {
    pub(crate) provider: Arc<dyn MessageProvider>,
    pub(crate) device: Option<Arc<dyn DeviceStatus>>,
    /// Asks that device for readiness.
    pub(crate) device_probe: Option<Arc<DeviceProbe>>,
    /// All of the provider together, with its layers.
    pub(crate) account: Account,
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
                device: None,
                device_probe: None,
                account: Account::new(provider.clone()),
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

/// The account of the environment, only to read its webhooks: nothing is started, and nothing is sent through it.
pub(crate) fn reader(messaging: &Messaging) -> anyhow::Result<Account> {
    Ok(match messaging {
        Messaging::Disabled => Account::new(Arc::new(DisabledProvider)),
        Messaging::Provider { name, settings } => connect(name, settings)?,
        // What a sandbox sends is read in the same way, whatever its address and token were.
        Messaging::Sandbox => connect(
            "fonnte",
            &AccountSettings::new().with("token", "sandbox").with("url", "http://127.0.0.1:9"),
        )?,
    })
}

fn provider(name: &str, settings: &AccountSettings) -> anyhow::Result<Wired> {
    let mut account = connect(name, settings)?;
    let mut health = WithHealth::new(usual(Arc::clone(&account.provider), Throttle::of_provider(name)));
    let device_probe = account.device.clone().map(|device| Arc::new(DeviceProbe::new(device)));
    if let Some(device) = &device_probe {
        health = health.with_device(Arc::clone(device));
    }
    let health = Arc::new(health);
    let probes: Vec<Arc<dyn Probe>> = vec![health.clone()];
    account.provider = Arc::new(WithLog::new(WithMetrics::new(health)));
    Ok(Wired {
        provider: Arc::clone(&account.provider),
        device: account.device.clone(),
        device_probe,
        account,
        probes,
        sandbox: None,
    })
}

/// Makes the accounts that are not the environment's. Where messaging is switched off, it is so for all of them.
pub(crate) fn connector(messaging: &Messaging) -> Connector {
    if matches!(messaging, Messaging::Disabled) {
        return Arc::new(|name, settings| {
            let mut account = connect(name, settings)?;
            account.provider = Arc::new(DisabledProvider);
            Ok(account)
        });
    }
    Arc::new(connect)
}
