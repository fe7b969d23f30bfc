//! Deleting what is kept of a phone, because its owner asks for it.

use anyhow::{Context, bail};
use wartel_access::AuditEntry;
use wartel_core::{Clock as _, Country, PhoneNumber, StoreError, SystemClock, TenantId};
use wartel_messaging::inbox::{ContactId, Forgotten};

use crate::config::{Config, Database};
use crate::stores::Stores;
use crate::{stores, tell};

/// Deletes a phone from every store. The audit says so before it is done, so that nothing goes unsaid.
pub(crate) async fn run(config: &Config, phone: &str, tenant: Option<TenantId>) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL: memory: what it holds ends with the service; use sqlite://path/to/wartel.db");
    }
    // What was typed may be somebody's number: the error names only what is wrong with it.
    let phone = PhoneNumber::parse(phone, Country::INDONESIA).context("--phone")?;
    let tenant = tenant.unwrap_or_else(|| config.tenant.clone());
    let stores = stores::open(config).await?;
    let done = forget(&stores, &tenant, &phone).await;
    stores.engine.close().await;
    let gone = done.context("not everything could be deleted; do it again")?;
    let Forgotten { contacts, entries, bodies, .. } = gone.inbox;
    tell(&format!("{} of tenant {tenant}: deleted", phone.masked()));
    for (what, count) in [
        (
            "verifications (0 or 1: whether anything was kept; the counters that limit codes stay, and count as something)",
            usize::from(gone.verifications),
        ),
        ("registrations", usize::from(gone.registration)),
        ("messages of the outbox", gone.messages),
        ("contacts", contacts),
        ("entries of the inbox", entries),
        ("bodies of webhooks", bodies),
        ("chats with the assistant", gone.chats),
        ("leads", gone.leads),
    ] {
        tell(&format!("{count:>6}  {what}"));
    }
    Ok(())
}

/// What was deleted.
struct Gone {
    verifications: bool,
    registration: bool,
    messages: usize,
    inbox: Forgotten,
    chats: usize,
    leads: usize,
}

async fn forget(stores: &Stores, tenant: &TenantId, phone: &PhoneNumber) -> Result<Gone, StoreError> {
    let now = SystemClock.now();
    let entry = AuditEntry::new(now, tenant.clone(), "cli", "phone.forget", &phone.masked());
    stores.audit.append(&entry).await?;
    // By the chats it is known which contact it is; so they come last.
    let chats = stores.bot.conversations.list(tenant, false, usize::MAX >> 1).await?;
    let mut contacts: Vec<ContactId> = chats
        .into_iter()
        .filter(|chat| chat.phone.as_ref() == Some(phone))
        .map(|chat| chat.key.contact)
        .collect();
    contacts.sort_unstable();
    contacts.dedup();
    let mut gone = Gone {
        // First what could still write something of the others.
        verifications: stores.otp.forget(tenant, phone, now).await?,
        registration: stores.registration.forget(tenant, phone).await?,
        messages: stores.outbox.forget(tenant, phone).await?,
        inbox: stores.inbox.forget(tenant, phone).await?,
        chats: 0,
        leads: 0,
    };
    for contact in contacts {
        gone.chats += stores.bot.conversations.forget(tenant, contact).await?;
        gone.leads += stores.bot.leads.forget(tenant, contact).await?;
    }
    Ok(gone)
}
