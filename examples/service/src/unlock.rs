//! Forgiving the failed checks of a phone, by an operator who has made sure of who asks.

use anyhow::{Context, bail};
use wartel_access::AuditEntry;
use wartel_core::{Clock as _, Country, PhoneNumber, SystemClock, TenantId};

use crate::config::{Config, Database};
use crate::{stores, tell};

/// Clears the failed checks of a phone. The audit says so before it is done, so that none goes unsaid.
pub(crate) async fn run(config: &Config, phone: &str, tenant: Option<TenantId>) -> anyhow::Result<()> {
    if matches!(config.database, Database::Memory) {
        bail!("DATABASE_URL: memory: what it counts ends with the service; use sqlite://path/to/wartel.db");
    }
    // What was typed may be somebody's number: the error names only what is wrong with it.
    let phone = PhoneNumber::parse(phone, Country::INDONESIA).context("PHONE")?;
    let tenant = tenant.unwrap_or_else(|| config.tenant.clone());
    let stores = stores::open(config).await?;
    let now = SystemClock.now();
    let entry = AuditEntry::new(now, tenant.clone(), "cli", "phone.unlock", &phone.masked());
    let unlocked = match stores.audit.append(&entry).await {
        Ok(_) => stores.otp.unlock(&tenant, &phone, now).await,
        Err(error) => Err(error),
    };
    stores.engine.close().await;
    let masked = phone.masked();
    tell(&if unlocked.context("the failed checks cannot be cleared")? {
        format!("{masked} of tenant {tenant}: failed checks cleared, a new code may be asked for")
    } else {
        format!("{masked} of tenant {tenant}: there are no failed checks")
    });
    Ok(())
}
