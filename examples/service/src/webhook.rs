//! The log of webhooks from the command line: listed, and replayed.

use std::sync::Arc;

use anyhow::{Context, bail};
use clap::Subcommand;
use wartel_access::AuditEntry;
use wartel_core::{AccountId, Clock as _, SystemClock, TenantId};
use wartel_messaging::Authenticity;
use wartel_messaging::accounts::{AccountBook, Sealer};
use wartel_messaging::inbox::{DeliveryId, InboxIntake, LogQuery, LoggedDelivery};

use crate::config::{Config, Database};
use crate::stores::Stores;
use crate::{account, api_key, keys, messaging, stores, tell};

#[derive(Debug, Clone, Subcommand)]
pub(crate) enum WebhookCommand {
    /// Lists what came to an account, the newest first, without what people wrote.
    List {
        /// The account; `default` is the one that the environment describes.
        #[arg(long, value_parser = account::account)]
        account: AccountId,
        /// Whose account it is. Default: the tenant of the public routes.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<TenantId>,
        /// Those that came before this one: the last one of the page before.
        #[arg(long, value_name = "ENTRY", value_parser = entry)]
        after: Option<DeliveryId>,
        /// How many.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Reads a webhook again and hands what it says to consumers once more, in the service that runs.
    Replay {
        /// Its id, as `webhook list` shows it.
        #[arg(value_name = "ENTRY", value_parser = entry)]
        entry: DeliveryId,
        /// The account that it came to.
        #[arg(long, value_parser = account::account)]
        account: AccountId,
        /// Whose account it is. Default: the tenant of the public routes.
        #[arg(long, value_parser = api_key::tenant)]
        tenant: Option<TenantId>,
    },
}

fn entry(text: &str) -> Result<DeliveryId, &'static str> {
    DeliveryId::parse(text).map_err(|_| "`wartel-service webhook list` shows the ids")
}

/// Does what was asked for.
pub(crate) async fn run(config: &Config, command: WebhookCommand) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL: memory: its log ends with the service; use sqlite://path/to/wartel.db");
    }
    let stores = stores::open(config).await?;
    let of = |tenant: Option<TenantId>| tenant.unwrap_or_else(|| config.tenant.clone());
    let done = match command {
        WebhookCommand::List { account, tenant, after, limit } => {
            let mut query = LogQuery::new().of_account(account).limit(usize::from(limit));
            query.before = after;
            list(&stores, &of(tenant), &query).await
        }
        WebhookCommand::Replay { entry, account, tenant } => {
            replay(config, &stores, &of(tenant), &account, entry).await
        }
    };
    stores.engine.close().await;
    done
}

async fn list(stores: &Stores, tenant: &TenantId, query: &LogQuery) -> anyhow::Result<()> {
    let lines = stores.inbox.log(tenant, query).await?;
    if lines.is_empty() {
        account::aside("there are no webhooks of this account");
        return Ok(());
    }
    tell(&row(["ID", "CAME", "KNOWN BY", "EVENTS", "NEW", "REPLAYS", "BYTES", "IGNORED"]));
    for line in &lines {
        tell(&shown(line));
    }
    Ok(())
}

fn shown(line: &LoggedDelivery) -> String {
    let known_by = if line.authenticity == Authenticity::Signed { "signature" } else { "token" };
    let [events, new, replays, bytes] =
        [line.events, line.new, usize::try_from(line.replays).unwrap_or(usize::MAX), line.bytes]
            .map(|count| count.to_string());
    row([
        &line.id.to_string(),
        &line.received_at.to_rfc3339(),
        known_by,
        &events,
        &new,
        &replays,
        &bytes,
        &line.ignored.join(", "),
    ])
}

fn row([id, came, known_by, events, new, replays, bytes, ignored]: [&str; 8]) -> String {
    let row = format!(
        "{id:36}  {came:27}  {known_by:9}  {events:>6}  {new:>4}  {replays:>7}  {bytes:>7}  {ignored}"
    );
    row.trim_end().to_owned()
}

async fn replay(
    config: &Config,
    stores: &Stores,
    tenant: &TenantId,
    account: &AccountId,
    entry: DeliveryId,
) -> anyhow::Result<()> {
    let secret = keys::load(&config.secret)?;
    let sealer = Sealer::new(&secret, &config.previous_secrets);
    let fixed = messaging::reader(&config.messaging)?;
    let book = AccountBook::new(Arc::clone(&stores.accounts), sealer).with_fixed(
        config.tenant.clone(),
        AccountId::default(),
        fixed,
        None,
    )?;
    let open = book.open(tenant, account).await?;
    let open = open.with_context(|| format!("tenant {tenant} has no account {account}"))?;
    let source = open.account.webhooks.clone().context("the provider of this account sends no webhooks")?;
    // The service that runs asks the database every second.
    let intake = InboxIntake::new(Arc::clone(&stores.inbox), Arc::new(SystemClock));
    let replayed = intake.replay(tenant, account, entry, &*source).await?;
    let (now, subject) = (SystemClock.now(), format!("{account}/{entry}"));
    let audit = AuditEntry::new(now, tenant.clone(), "cli", "webhook.replay", &subject);
    stores.audit.append(&audit).await.context("it is done, but the audit does not say so")?;
    let recorded = replayed.recorded;
    tell(&format!(
        "{} events: {} new, {} known, {} of these handed out again",
        replayed.events, recorded.new, recorded.known, recorded.again
    ));
    for why in replayed.ignored {
        tell(&format!("ignored: {why}"));
    }
    Ok(())
}
