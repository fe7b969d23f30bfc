//! The same program over any provider: `swap-provider waha`, or over all of them without a name.
//!
//! Without settings the sandbox stands in for WhatsApp. With a name, a number and settings as JSON it sends for real:
//! `swap-provider fonnte 081234567890 '{"token":"…"}'`.
#![allow(clippy::print_stdout)]
use std::time::Duration;

use anyhow::Context;
use wartel_core::{Country, PhoneNumber};
use wartel_messaging::adapters::{connect, names};
use wartel_messaging::layers::{Throttle, usual};
use wartel_messaging::{AccountSettings, MessageProvider as _, OutboundMessage};
use wartel_sandbox::{ProviderKind, Sandbox};

/// All that an app does with a provider. Nothing here knows which one it is.
async fn greet(provider: &str, settings: &AccountSettings, to: &PhoneNumber) -> anyhow::Result<()> {
    let account = connect(provider, settings)?;
    let sender = usual(account.provider, Throttle::default());
    let accepted = sender.send(&OutboundMessage::text_to(to, "Halo dari *Toko Budi*").as_reply()).await?;
    let id = accepted.message_id.map_or_else(|| "no id".to_owned(), |id| id.as_str().to_owned());
    println!("{provider}: accepted, {id}");
    if let Some(device) = account.device {
        let device = device.device().await?;
        println!(
            "{provider}: the device is {}",
            if device.connected { "connected" } else { "not connected" }
        );
    }
    Ok(())
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let to = arguments.get(1).map_or("081234567890", String::as_str);
    let to = PhoneNumber::parse(to, Country::INDONESIA)?;
    if let [provider, _, settings] = arguments.as_slice() {
        let settings = AccountSettings::from_json(settings).context("the settings are an object of texts")?;
        return greet(provider, &settings, &to).await;
    }
    let sandbox = Sandbox::builder().start().await?;
    for provider in names().iter().filter(|name| arguments.first().is_none_or(|wanted| wanted == *name)) {
        let account = sandbox.account(ProviderKind::from_name(provider).context("no such fake")?);
        let settings = account.settings.into_iter();
        let settings = settings.fold(AccountSettings::new(), |all, (name, value)| all.with(name, value));
        greet(provider, &settings, &to).await?;
        let message = sandbox.wait_for_message(to.digits(), Duration::from_secs(5)).await?;
        println!("{provider}: the phone reads: {}", message.text);
    }
    Ok(())
}
