//! What the stores say now: status, costs and the audit.

use wartel_core::StoreError;

use super::desk::{AdminDesk, Outcome};
use super::{AdminMessage, texts};
use crate::lead::LeadQuery;
use crate::spend::{SpendCaps, Spent};
use crate::tenant::Tenant;

/// Counts end here.
const MOST: usize = 500;
/// How many rows of the audit are shown.
const ROWS: usize = 10;

/// What was spent in a window, and how much may be.
pub(super) struct Window {
    pub(super) spent: Spent,
    pub(super) max: u64,
}

/// A count, and whether there are more.
#[derive(Clone, Copy)]
pub(super) struct Count(pub(super) usize, pub(super) bool);

impl AdminDesk {
    /// The day and the month, in the shop's time zone.
    async fn windows(&self, shop: &Tenant) -> Result<Vec<Window>, StoreError> {
        let mut windows = Vec::new();
        for cap in SpendCaps::from(shop).windows(self.parts.clock.now()) {
            let spent = self.parts.spend.spent(&shop.id, &cap.window).await?;
            windows.push(Window { spent, max: cap.max });
        }
        Ok(windows)
    }

    pub(super) async fn status(&self, message: &AdminMessage) -> Result<Outcome, StoreError> {
        let tenant = &message.chat.tenant;
        let now = self.parts.clock.now();
        let Some((shop, revision)) = self.parts.tenants.get(tenant).await? else {
            return Ok(Outcome::refused(texts::failed(message.tenant.locale)));
        };
        let leads = self.parts.leads.store().list(tenant, &LeadQuery::new().with_limit(MOST)).await?.len();
        let chats = self.parts.chats.list(tenant, true, MOST).await?;
        let paused = chats.iter().filter(|chat| chat.is_paused(now)).count();
        let windows = self.windows(&shop).await?;
        let counts = [Count(leads, leads == MOST), Count(paused, chats.len() == MOST)];
        Ok(Outcome::done(texts::report(&shop, revision, counts, &windows)))
    }

    pub(super) async fn usage(&self, message: &AdminMessage) -> Result<Outcome, StoreError> {
        let Some((shop, _)) = self.parts.tenants.get(&message.chat.tenant).await? else {
            return Ok(Outcome::refused(texts::failed(message.tenant.locale)));
        };
        let windows = self.windows(&shop).await?;
        Ok(Outcome::done(texts::usage(shop.locale, &windows)))
    }

    pub(super) async fn audit(&self, message: &AdminMessage) -> Result<Outcome, StoreError> {
        let rows = self.parts.store.audit(&message.chat.tenant, ROWS).await?;
        Ok(Outcome::done(texts::audit(&message.tenant, message.chat.contact, &rows)))
    }
}
