//! The keys that programs call `/v1` with: made, listed and revoked from the command line.

use std::time::Duration;

use anyhow::{Context, bail};
use clap::Subcommand;
use wartel_access::{ApiKey, ApiKeyId, ApiKeyRecord, CreateKey, Keys, ParseKeyError, Scope};
use wartel_core::{Clock as _, SystemClock, TenantId, TenantIdError, Timestamp};
use wartel_otp::parse_span;

use crate::config::{Config, Database};
use crate::{stores, tell};

/// Who the audit says it was.
const ACTOR: &str = "cli";

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum ApiKeyCommand {
    /// Makes a key and prints it on standard output. It is not shown again.
    Create {
        /// What you call it, so that you know it again in the list: 2 to 100 characters.
        #[arg(long)]
        name: String,
        /// Whose key it is. Default: the tenant of the public routes.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
        /// What it may do: `verifications:read`, `verifications:write`, `accounts`. Give it once for each. Default: the
        /// two of verifications.
        #[arg(long = "scope", value_name = "SCOPE")]
        scopes: Vec<Scope>,
        /// How long it is valid, such as `90d`. Default: it has no end.
        #[arg(long, value_name = "SPAN", value_parser = span)]
        expires: Option<Duration>,
    },
    /// Lists the keys, the newest first. The keys themselves are kept nowhere.
    List {
        /// Only those of this tenant.
        #[arg(long, value_parser = tenant)]
        tenant: Option<TenantId>,
    },
    /// Revokes a key for good. It is refused from the next request on.
    Revoke {
        /// The id, as `list` shows it, or the key itself.
        #[arg(value_name = "ID")]
        id: String,
    },
}

/// Does what was asked for.
pub(crate) async fn run(config: &Config, command: ApiKeyCommand) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL: memory: keys would not outlive this command; use sqlite://path/to/wartel.db");
    }
    let stores = stores::open(config).await?;
    let keys = Keys::new(stores.api_keys);
    let done = match command {
        ApiKeyCommand::Create { name, tenant, scopes, expires } => {
            let mut wanted = CreateKey::new(tenant.unwrap_or_else(|| config.tenant.clone()), name);
            if !scopes.is_empty() {
                wanted = wanted.scopes(scopes);
            }
            create(&keys, wanted.valid_for(expires)).await
        }
        ApiKeyCommand::List { tenant } => list(&keys, tenant).await,
        ApiKeyCommand::Revoke { id } => revoke(&keys, &id).await,
    };
    stores.engine.close().await;
    done
}

async fn create(keys: &Keys, wanted: CreateKey) -> anyhow::Result<()> {
    let made = keys.create(wanted, ACTOR).await.context("--name, --scope, --expires")?;
    let record = &made.record;
    let end = record.expires_at.map_or_else(|| "no end".to_owned(), |end| format!("until {}", second(end)));
    // Beside the key, so that standard output is the key and nothing else.
    aside(&format!(
        "key {} of tenant {}: {} ({end}). Keep it now: it is not shown again.",
        record.id, record.tenant, record.scopes
    ));
    tell(made.key.expose());
    Ok(())
}

async fn list(keys: &Keys, tenant: Option<TenantId>) -> anyhow::Result<()> {
    let records = keys.list(tenant).await?;
    if records.is_empty() {
        aside("there are no keys; make one with `wartel-service api-key create --name NAME`");
        return Ok(());
    }
    let now = SystemClock.now();
    let head = ["ID", "TENANT", "NAME", "SCOPES", "CREATED", "LAST USED", "STATE"].map(str::to_owned);
    let rows: Vec<[String; 7]> =
        std::iter::once(head).chain(records.iter().map(|record| row(record, now))).collect();
    let mut widths = [0; 7];
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

fn row(record: &ApiKeyRecord, now: Timestamp) -> [String; 7] {
    let state = match (record.revoked_at, record.expires_at) {
        (Some(since), _) => format!("revoked {}", second(since)),
        (None, Some(end)) if end <= now => format!("expired {}", second(end)),
        (None, Some(end)) => format!("valid until {}", second(end)),
        (None, None) => "valid".to_owned(),
    };
    [
        record.id.to_string(),
        record.tenant.to_string(),
        record.name.clone(),
        record.scopes.to_string(),
        second(record.created_at),
        record.last_used_at.map_or_else(|| "never".to_owned(), second),
        state,
    ]
}

async fn revoke(keys: &Keys, text: &str) -> anyhow::Result<()> {
    let id = read_id(text).context("ID: `wartel-service api-key list` shows the ids")?;
    let unknown = || format!("there is no key with the id {id}");
    let record = keys.find(&id).await?.with_context(unknown)?;
    let since = keys.revoke(&record.tenant, &id, ACTOR).await?.with_context(unknown)?;
    tell(&format!("key {id} of tenant {} is revoked since {}", record.tenant, second(since)));
    Ok(())
}

/// An id, or that of a whole key: whoever found a key that leaked has no time to look for its id.
fn read_id(text: &str) -> Result<ApiKeyId, ParseKeyError> {
    ApiKey::parse(text).map(|key| key.id().clone()).or_else(|_| ApiKeyId::parse(text))
}

pub(crate) fn tenant(text: &str) -> Result<TenantId, TenantIdError> {
    TenantId::parse(text)
}

fn span(text: &str) -> Result<Duration, &'static str> {
    parse_span(text).filter(|span| !span.is_zero()).ok_or("a span is a number with s, m, h or d, such as 90d")
}

/// An instant for reading: whole seconds.
fn second(at: Timestamp) -> String {
    Timestamp::from_micros(at.as_micros() / 1_000_000 * 1_000_000).to_rfc3339()
}

/// Speaks to the person at the terminal without adding to what the command answers.
#[allow(clippy::print_stderr)]
fn aside(text: &str) {
    eprintln!("{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_may_stand_for_its_id() {
        let key = ApiKey::generate().unwrap();
        for text in [key.expose(), key.id().as_str(), &format!("wtl_{}", key.id())] {
            assert_eq!(read_id(text).as_ref(), Ok(key.id()));
        }
        assert!(read_id("nonsense").is_err());
    }

    #[test]
    fn spans_have_a_unit() {
        assert_eq!(span("90d"), Ok(Duration::from_secs(90 * 86_400)));
        for bad in ["", "90", "0d", "-1d", "soon"] {
            assert!(span(bad).is_err(), "{bad}");
        }
    }
}
