//! The profile, the assistant, and what models cost.

use serde::Serialize;
use utoipa::ToSchema;
use wartel_bot::console::{BotStatus, Usage, UsageWindow};
use wartel_bot::tenant::{OpenStatus, Tenant};
use wartel_core::Timestamp;

/// The profile of a shop.
///
/// `name`, `phone`, `address`, `map_url`, `website`, `hours` (`time_zone`, `week` from Monday on, `exceptions` by day),
/// `locale`, `tone`, `trade`, `policies`, `staff` (`phone`, `name`, `notified`), `bot` (how the assistant behaves:
/// `enabled`, `burst_window_ms`, `burst_cap_ms`, `handoff_minutes`, `answers_when_closed`, `day_budget`, `month_budget`,
/// `answers_per_customer_hour`, `answers_per_minute`, `stale_minutes`) and `credit` (`min_down`, `terms`, `note`). Numbers of
/// phones are `+6281234567890`; budgets are in millionths of a US dollar.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(in crate::shop) struct ShopDocument(Tenant);

impl From<Tenant> for ShopDocument {
    fn from(shop: Tenant) -> Self {
        Self(shop)
    }
}

/// How the assistant stands.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct BotState {
    /// Whether it answers at all.
    enabled: bool,
    /// The revision of the profile, in which that stands; the number in `ETag`.
    version: u64,
    /// In how many chats it is silent now: at most 500 are counted.
    paused_chats: usize,
    /// `open` or `closed` now; absent if the hours are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "open")]
    hours: Option<&'static str>,
    /// When the shop opens or closes next (RFC 3339); absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours_until: Option<String>,
}

impl From<BotStatus> for BotState {
    fn from(status: BotStatus) -> Self {
        let (hours, until) = match status.hours {
            OpenStatus::Open { until } => (Some("open"), until),
            OpenStatus::Closed { opens_at } => (Some("closed"), opens_at),
            _ => (None, None),
        };
        Self {
            enabled: status.enabled,
            version: status.version.as_u64(),
            paused_chats: status.paused_chats,
            hours,
            hours_until: until.map(Timestamp::to_rfc3339),
        }
    }
}

/// What models cost in a day or a month.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct UsageOf {
    /// Which one.
    #[schema(example = "2026-12-31")]
    name: String,
    /// How much it may be at the most, in millionths of a US dollar.
    cap: u64,
    /// What calls have cost, in millionths of a US dollar.
    spent: u64,
    /// What calls under way may cost at the most, in millionths of a US dollar.
    reserved: u64,
    /// How many calls there were.
    calls: u64,
    /// How many tokens they used.
    tokens: u64,
}

impl From<UsageWindow> for UsageOf {
    fn from(window: UsageWindow) -> Self {
        let spent = window.spent;
        Self {
            name: window.name,
            cap: window.cap,
            spent: spent.settled,
            reserved: spent.reserved,
            calls: spent.calls,
            tokens: spent.tokens,
        }
    }
}

/// What models cost the shop.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct UsageReport {
    /// Today.
    day: UsageOf,
    /// This month.
    month: UsageOf,
}

impl From<Usage> for UsageReport {
    fn from(usage: Usage) -> Self {
        Self { day: usage.day.into(), month: usage.month.into() }
    }
}
