//! Accounts at providers: made, listed and removed from the command line.

use std::io::{IsTerminal as _, Read as _};
use std::sync::Arc;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use wartel_access::{AuditEntry, AuditLog};
use wartel_core::{AccountId, AccountIdError, Clock as _, Secret, SystemClock, TenantId, Timestamp};
use wartel_messaging::AccountSettings;
use wartel_messaging::accounts::{AccountBook, AccountView, Devices, NewAccount, Sealer};

use crate::config::{Config, Database};
use crate::stores::Stores;
use crate::{api_key, keys, stores, tell};

/// Who the audit says it was.
const ACTOR: &str = "cli";
/// The largest set of settings that is read, in bytes.
const MAX_INPUT: u64 = 1024 * 1024;

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum AccountCommand {
    /// Makes an account and prints the path for its webhooks on standard output. It is not shown again.
    Create(Create),
    /// Lists the accounts, with how their devices last stood.
    List {
        /// Only those of this tenant.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<TenantId>,
    },
    /// Removes an account for good. Disconnect its device before, if the phone shall not list it any more.
    Remove {
        /// What it is called.
        #[arg(value_name = "ID", value_parser = account)]
        id: AccountId,
        /// Whose account it is. Default: the tenant of the public routes.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<TenantId>,
    },
}

#[derive(Debug, Clone, Args)]
pub(crate) struct Create {
    /// What you call it: 1 to 64 characters of a-z, 0-9, `_` and `-`.
    #[arg(long, value_parser = account)]
    id: AccountId,
    /// The provider, such as `fonnte`.
    #[arg(long)]
    provider: String,
    /// Whose account it is. Default: the tenant of the public routes.
    #[arg(long, value_parser = api_key::tenant)]
    tenant: Option<TenantId>,
    /// A setting that may be seen: other users of this machine see it while the command runs. Give it for each one.
    #[arg(long = "set", value_name = "NAME=VALUE", value_parser = pair)]
    set: Vec<(String, Shown)>,
    /// A setting from an environment variable: for tokens and passwords. Give it for each one.
    #[arg(long = "set-env", value_name = "NAME=VARIABLE", value_parser = pair)]
    set_env: Vec<(String, Shown)>,
    /// Reads settings from standard input: one JSON object of texts.
    #[arg(long)]
    stdin: bool,
}

/// A text of the command line whose `Debug` shows nothing: it may be a secret after all.
#[derive(Clone)]
pub(crate) struct Shown(String);

impl std::fmt::Debug for Shown {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

/// Does what was asked for.
pub(crate) async fn run(config: &Config, command: AccountCommand) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        bail!(
            "DATABASE_URL: memory: accounts would not outlive this command; use sqlite://path/to/wartel.db"
        );
    }
    // Before the database is opened: what is wrong with the settings is said first.
    let settings = match &command {
        AccountCommand::Create(create) => settings(create)?,
        _ => AccountSettings::new(),
    };
    let secret = keys::load(&config.secret)?;
    let stores = stores::open(config).await?;
    let book = AccountBook::new(Arc::clone(&stores.accounts), Sealer::new(&secret, &config.previous_secrets));
    let done = match command {
        AccountCommand::Create(wanted) => create(config, &stores, &book, wanted, settings).await,
        AccountCommand::List { tenant } => list(&book, tenant.as_ref()).await,
        AccountCommand::Remove { id, tenant } => {
            remove(&stores, book, &tenant.unwrap_or_else(|| config.tenant.clone()), &id).await
        }
    };
    stores.engine.close().await;
    done
}

async fn create(
    config: &Config,
    stores: &Stores,
    book: &AccountBook,
    wanted: Create,
    settings: AccountSettings,
) -> anyhow::Result<()> {
    let tenant = wanted.tenant.unwrap_or_else(|| config.tenant.clone());
    let new = NewAccount::new(tenant.clone(), wanted.id.clone(), wanted.provider, settings);
    let created = book.create(new).await.context("the account is not made")?;
    note(&*stores.audit, &tenant, "account.create", &wanted.id).await?;
    aside(&format!(
        "account {} of tenant {tenant} at {}. Give the provider the address of this service with the path below, and \
         keep it: it is not shown again.",
        wanted.id, created.view.provider
    ));
    tell(&format!("/webhook/whatsapp/{}", created.token.expose()));
    Ok(())
}

async fn list(book: &AccountBook, tenant: Option<&TenantId>) -> anyhow::Result<()> {
    let views = book.list(tenant).await?;
    if views.is_empty() {
        aside("there are no accounts; make one with `wartel-service account create --id ID --provider NAME`");
        return Ok(());
    }
    let head = ["TENANT", "ID", "PROVIDER", "CREATED", "DEVICE"].map(str::to_owned);
    let rows: Vec<[String; 5]> = std::iter::once(head).chain(views.iter().map(row)).collect();
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    for row in rows {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
        tell(cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    Ok(())
}

fn row(view: &AccountView) -> [String; 5] {
    let second = |at: Timestamp| Timestamp::from_micros(at.as_micros() / 1_000_000 * 1_000_000).to_rfc3339();
    let device = view.device.map(|(state, since)| format!("{} since {}", state.as_str(), second(since)));
    [
        view.tenant.to_string(),
        view.id.to_string(),
        view.provider.clone(),
        view.created_at.map(second).unwrap_or_default(),
        device.unwrap_or_else(|| "unknown".to_owned()),
    ]
}

async fn remove(stores: &Stores, book: AccountBook, tenant: &TenantId, id: &AccountId) -> anyhow::Result<()> {
    // Its worker is not needed: nothing is paired here.
    let (devices, _worker) = Devices::new(book, Arc::clone(&stores.pairings));
    if !devices.remove(tenant, id).await? {
        bail!("tenant {tenant} has no account {id}");
    }
    note(&*stores.audit, tenant, "account.remove", id).await?;
    tell(&format!("account {id} of tenant {tenant} is removed"));
    Ok(())
}

async fn note(audit: &dyn AuditLog, tenant: &TenantId, action: &str, id: &AccountId) -> anyhow::Result<()> {
    let entry = AuditEntry::new(SystemClock.now(), tenant.clone(), ACTOR, action, id.as_str());
    audit.append(&entry).await.context("it is done, but the audit does not say so")?;
    Ok(())
}

/// The settings from all places together. Of one that is named twice nobody knows which is meant.
fn settings(create: &Create) -> anyhow::Result<AccountSettings> {
    let mut settings = AccountSettings::new();
    if create.stdin {
        if std::io::stdin().is_terminal() {
            aside("type one JSON object of texts, then Ctrl-D");
        }
        let mut text = String::new();
        std::io::stdin().take(MAX_INPUT).read_to_string(&mut text).context("standard input")?;
        let text = Secret::new(text);
        settings = AccountSettings::from_json(text.expose())
            .context("standard input is no JSON object of texts, or has too many of them")?;
    }
    let mut add = |name: &str, value: Secret| -> anyhow::Result<()> {
        if settings.names().any(|known| known == name) {
            bail!("the setting {name} is given twice");
        }
        settings = std::mem::take(&mut settings).with(name, value);
        Ok(())
    };
    for (name, value) in &create.set {
        add(name, Secret::new(value.0.clone()))?;
    }
    for (name, variable) in &create.set_env {
        let value = std::env::var(&variable.0);
        add(name, Secret::new(value.with_context(|| format!("--set-env {name}: no such variable"))?))?;
    }
    Ok(settings)
}

fn pair(text: &str) -> Result<(String, Shown), &'static str> {
    let (name, value) = text.split_once('=').ok_or("NAME=…")?;
    let fits = (1..=64).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if fits && value.len() <= 8_192 {
        Ok((name.to_owned(), Shown(value.to_owned())))
    } else {
        Err("a name is of a-z, 0-9 and `_`, and a value has at most 8192 bytes")
    }
}

pub(crate) fn account(text: &str) -> Result<AccountId, AccountIdError> {
    AccountId::parse(text)
}

/// Speaks to the person at the terminal without adding to what the command answers.
#[allow(clippy::print_stderr)]
pub(crate) fn aside(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(set: &[(&str, &str)]) -> Create {
        Create {
            id: AccountId::default(),
            provider: "fonnte".to_owned(),
            tenant: None,
            set: set.iter().map(|(name, value)| ((*name).to_owned(), Shown((*value).to_owned()))).collect(),
            set_env: Vec::new(),
            stdin: false,
        }
    }

    #[test]
    fn settings_come_from_every_place_and_are_not_printed() {
        let mut create = wanted(&[("token", "made-up-token")]);
        create.set_env = vec![("url".to_owned(), Shown("PATH".to_owned()))];
        let settings = settings(&create).unwrap();
        assert_eq!(settings.names().collect::<Vec<_>>(), ["token", "url"]);
        assert!(!format!("{create:?}").contains("made-up"));
    }

    #[test]
    fn what_is_given_twice_or_is_not_there_is_named() {
        let twice = settings(&wanted(&[("token", "made-up-one"), ("token", "made-up-two")])).unwrap_err();
        assert_eq!(twice.to_string(), "the setting token is given twice");
        let mut create = wanted(&[]);
        create.set_env = vec![("token".to_owned(), Shown("WARTEL_NO_SUCH_VARIABLE".to_owned()))];
        assert_eq!(settings(&create).unwrap_err().to_string(), "--set-env token: no such variable");
    }

    #[test]
    fn pairs_have_a_name_and_a_value() {
        let (name, value) = pair("token=a=b").unwrap();
        assert_eq!((name.as_str(), value.0.as_str()), ("token", "a=b"));
        for bad in ["token", "=x", "Token=x", "to ken=x"] {
            assert!(pair(bad).is_err(), "{bad}");
        }
    }
}
