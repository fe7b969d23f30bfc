//! The account that codes go over when the first provider does not come far enough in time.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, bail};
use wartel_core::{AccountId, TenantId};
use wartel_messaging::accounts::{AccountBook, Sealer};
use wartel_messaging::{AccountSender, SenderBook};
use wartel_otp::Deadline;

use crate::config::{Config, Database, Fallback, SecretSource};
use crate::stores::Engine;

/// Opens the account of the settings; fails loudly if there is none, so that nobody learns it when the first provider is
/// down.
pub(crate) async fn open(
    config: &Config,
    senders: &Arc<dyn SenderBook>,
) -> anyhow::Result<Option<(Deadline, AccountSender)>> {
    let Some(fallback) = &config.fallback else { return Ok(None) };
    let opened = AccountSender::open(Arc::clone(senders), config.tenant.clone(), fallback.account.clone());
    match opened.await.context("WHATSAPP_FALLBACK: the account cannot be used")? {
        Some(account) => Ok(Some((fallback.deadline(), account))),
        None => bail!("WHATSAPP_FALLBACK: {}", unknown(&config.tenant, &fallback.account)),
    }
}

impl Fallback {
    fn deadline(&self) -> Deadline {
        Deadline::without_sent(self.after)
    }
}

/// What to say where the account is not there.
fn unknown(tenant: &TenantId, account: &AccountId) -> String {
    format!(
        "tenant {tenant} has no account {account}; make it with `wartel-service account create --id {account} \
         --provider …`, or remove the setting"
    )
}

/// For the operator: at which provider the account is, or what is wrong with it.
pub(crate) async fn examine(
    config: &Config,
    fallback: &Fallback,
    patience: Duration,
) -> Result<String, String> {
    let asked = tokio::time::timeout(patience, provider_of(config, fallback)).await;
    let Ok(asked) = asked else {
        return Err("it cannot be told whether there is such an account".to_owned());
    };
    let Some(provider) = asked.map_err(|error| format!("WHATSAPP_FALLBACK: {error:#}"))? else {
        return Err(format!("WHATSAPP_FALLBACK: {}", unknown(&config.tenant, &fallback.account)));
    };
    let after = fallback.after.as_secs();
    Ok(format!(
        "account {} at {provider}: codes go over it at once when the first provider refuses, and after {after} s when \
         they are not sent by then",
        fallback.account
    ))
}

/// At which provider the account is; `None` if there is none. Makes neither a database nor a secret.
async fn provider_of(config: &Config, fallback: &Fallback) -> anyhow::Result<Option<String>> {
    let missing = |path: &std::path::Path| !path.exists();
    if matches!(&config.database, Database::Sqlite(path) if missing(path))
        || matches!(&config.secret, SecretSource::Kept(path) if missing(path))
    {
        return Ok(None);
    }
    let secret = crate::keys::load(&config.secret)?;
    let engine = Engine::open(&config.database).await.context("the database does not open")?;
    let Some(store) = engine.accounts() else { return Ok(None) };
    let book = AccountBook::new(store, Sealer::new(&secret, &config.previous_secrets));
    let opened = book.open(&config.tenant, &fallback.account).await;
    engine.close().await;
    let opened = opened.context("the account cannot be used")?;
    Ok(opened.map(|open| open.account.provider.name().to_owned()))
}
