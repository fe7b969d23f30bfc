//! The profile of the shop, the switch of its assistant, and what models cost.

use wartel_core::TenantId;

use super::{Console, ConsoleError, Precondition};
use crate::key::{Revision, Saved};
use crate::spend::{SpendCaps, Spent};
use crate::tenant::{OpenStatus, ShopError, Shops, Tenant};

/// So many paused chats are counted.
const COUNTED: usize = 500;

/// How the assistant of a shop stands, as the store says at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BotStatus {
    /// Whether it answers at all.
    pub enabled: bool,
    /// The revision of the profile, in which that stands.
    pub version: Revision,
    /// In how many chats it is silent now: at most 500 are counted.
    pub paused_chats: usize,
    /// Whether the shop is open now.
    pub hours: OpenStatus,
}

/// What models cost a shop, in millionths of a US dollar.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Usage {
    /// Today, in the time zone of the shop.
    pub day: UsageWindow,
    /// This month, in the time zone of the shop.
    pub month: UsageWindow,
}

/// What models cost in a day or a month.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct UsageWindow {
    /// Which one: `2026-12-31`, `2026-12`.
    pub name: String,
    /// How much it may be at the most.
    pub cap: u64,
    /// How much it is.
    pub spent: Spent,
}

impl Console {
    /// The profile of the shop, and its revision.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] if the tenant has none, or [`ConsoleError::Store`].
    pub async fn shop(&self, tenant: &TenantId) -> Result<(Tenant, Revision), ConsoleError> {
        self.parts.tenants.get(tenant).await?.ok_or(ConsoleError::NotFound)
    }

    /// Stores a whole profile. Its id becomes the tenant's, whatever it is. One that exists must have been read.
    ///
    /// # Errors
    /// [`ConsoleError::Shop`], [`ConsoleError::NotRead`], [`ConsoleError::Changed`] or [`ConsoleError::Store`].
    pub async fn put_shop(
        &self,
        tenant: &TenantId,
        mut shop: Tenant,
        read: &Precondition,
    ) -> Result<(Tenant, Revision), ConsoleError> {
        shop.id = tenant.clone();
        shop.check()?;
        let now = self.parts.tenants.get(tenant).await?.map(|(_, revision)| revision);
        read.check_read(now)?;
        match self.parts.tenants.save(&shop, now.unwrap_or(Revision::NEW)).await? {
            Saved::Saved(revision) => Ok((shop, revision)),
            Saved::Conflict => Err(ConsoleError::Changed),
        }
    }

    /// How the assistant stands, always from the store.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] if the tenant has no shop, or [`ConsoleError::Store`].
    pub async fn bot(&self, tenant: &TenantId) -> Result<BotStatus, ConsoleError> {
        let (shop, version) = self.shop(tenant).await?;
        self.status(&shop, version).await
    }

    /// Switches the assistant on or off.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], [`ConsoleError::Changed`] or [`ConsoleError::Store`].
    pub async fn set_bot(
        &self,
        tenant: &TenantId,
        enabled: bool,
        read: &Precondition,
    ) -> Result<BotStatus, ConsoleError> {
        let (shop, version) = if *read == Precondition::None {
            Shops::new(self.parts.tenants.clone()).set_enabled(tenant, enabled).await?
        } else {
            let (mut shop, now) = self.shop(tenant).await?;
            read.check(Some(now))?;
            shop.bot.enabled = enabled;
            match self.parts.tenants.save(&shop, now).await? {
                Saved::Saved(revision) => (shop, revision),
                Saved::Conflict => return Err(ConsoleError::Changed),
            }
        };
        self.status(&shop, version).await
    }

    async fn status(&self, shop: &Tenant, version: Revision) -> Result<BotStatus, ConsoleError> {
        let paused_chats = self.chats(&shop.id, true, COUNTED).await?.len();
        let hours = shop.hours.status(self.clock.now());
        Ok(BotStatus { enabled: shop.bot.enabled, version, paused_chats, hours })
    }

    /// What models cost the shop today and this month, and how much they may.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] if the tenant has no shop, or [`ConsoleError::Store`].
    pub async fn usage(&self, tenant: &TenantId) -> Result<Usage, ConsoleError> {
        let (shop, _) = self.shop(tenant).await?;
        let mut windows = Vec::new();
        for cap in SpendCaps::from(&shop).windows(self.clock.now()) {
            let spent = self.parts.spend.spent(tenant, &cap.window).await?;
            let name = cap.window.rsplit('/').next().unwrap_or_default().to_owned();
            windows.push(UsageWindow { name, cap: cap.max, spent });
        }
        let mut windows = windows.into_iter();
        match (windows.next(), windows.next()) {
            (Some(day), Some(month)) => Ok(Usage { day, month }),
            _ => Err(ConsoleError::NotFound),
        }
    }
}

impl From<ShopError> for ConsoleError {
    fn from(error: ShopError) -> Self {
        match error {
            ShopError::NotFound => Self::NotFound,
            ShopError::Exists | ShopError::Busy => Self::Changed,
            ShopError::Invalid(problem) => Self::Shop(problem),
            ShopError::Store(error) => Self::Store(error),
        }
    }
}
