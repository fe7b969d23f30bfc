//! The shop: who it is, when it is open, who works there, and how its assistant behaves.

mod check;
mod facts;
mod hours;
mod shops;
mod status;
mod store;
mod texts;

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{Locale, PhoneNumber, TenantId, Timestamp};

pub use check::TenantProblem;
pub use hours::{DayHours, Hours};
pub use shops::{ShopError, Shops};
pub use status::OpenStatus;
pub use store::{MemoryTenantStore, TenantStore};

pub(crate) use texts::long_date;

/// A shop as one document. `Debug` shows neither numbers nor texts.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Its name, as customers know it.
    pub name: String,
    /// The phone number that customers may be told.
    #[serde(with = "crate::serde_phone::option")]
    pub phone: Option<PhoneNumber>,
    /// Where it is.
    pub address: Option<String>,
    /// A link to a map.
    pub map_url: Option<String>,
    /// Its page on the web.
    pub website: Option<String>,
    /// When it is open.
    pub hours: Hours,
    /// The language that customers are answered in unless they write another one.
    pub locale: Locale,
    /// How the assistant speaks, for the model: `ramah dan singkat, sapa dengan Kak`. At most 500 characters.
    pub tone: String,
    /// What the shop sells, in a few words: `mobil bekas`.
    pub trade: String,
    /// What else the assistant may say, each a sentence or two: warranty, test drives, part payment.
    pub policies: Vec<String>,
    /// Who works there.
    pub staff: Vec<Staff>,
    /// How the assistant behaves.
    pub bot: BotSettings,
    /// By which credits are estimated. `None`: they are not.
    pub credit: Option<CreditTable>,
}

/// Somebody of the shop, recognised by the exact number. `Debug` masks it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Staff {
    /// The number they write from.
    #[serde(with = "crate::serde_phone")]
    pub phone: PhoneNumber,
    /// Their name.
    pub name: String,
    /// Whether they are told of leads, visits and handoffs. Default: true.
    #[serde(default = "yes")]
    pub notified: bool,
}

/// How the assistant behaves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct BotSettings {
    /// Whether it answers at all. The store is the only truth for this. Default: false.
    pub enabled: bool,
    /// When it was switched on or off last, if that is known. Set by [`switch`](Self::switch).
    pub switched_at: Option<Timestamp>,
    /// How long it waits for the next message of a burst, in milliseconds. Default: 2,500.
    pub burst_window_ms: u32,
    /// How long a burst may take at the most, in milliseconds. Default: 10,000.
    pub burst_cap_ms: u32,
    /// How long it is silent after a person has taken over, in minutes. Default: 720 (12 hours).
    pub handoff_minutes: u32,
    /// Whether it answers outside of the hours too. Default: true.
    pub answers_when_closed: bool,
    /// How much the models may cost in a day and in a month of the tenant's time zone, in millionths of a US dollar.
    /// Default: 2,000,000 and 30,000,000.
    pub day_budget: u64,
    /// See `day_budget`.
    pub month_budget: u64,
    /// How many answers by a model one customer gets in an hour. Default: 40.
    pub answers_per_customer_hour: u32,
    /// How many answers one chat gets in a minute before it is taken for a machine. Default: 8.
    pub answers_per_minute: u32,
    /// Messages older than this many minutes when they come in are kept, not answered. Default: 30.
    pub stale_minutes: u32,
}

/// By which credits are estimated: the shop's own table, and never a promise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditTable {
    /// The least down payment, in hundredths of one percent of the price.
    pub min_down: i64,
    /// The terms and their flat interest of a year.
    pub terms: Vec<CreditTerm>,
    /// What is said with every estimate: who decides, what comes on top.
    pub note: String,
}

/// One term of a credit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CreditTerm {
    /// How many months.
    pub months: i64,
    /// Flat interest of a year, in hundredths of one percent.
    pub yearly_rate: i64,
}

fn yes() -> bool {
    true
}

impl Tenant {
    /// A shop with a name, the assistant switched off.
    #[must_use]
    pub fn new(id: TenantId, name: impl Into<String>) -> Self {
        Self { id, name: name.into(), ..Self::default() }
    }

    /// Who of the staff has exactly this number.
    #[must_use]
    pub fn staff_of(&self, phone: &PhoneNumber) -> Option<&Staff> {
        self.staff.iter().find(|staff| staff.phone == *phone)
    }
}

impl Staff {
    /// Somebody who is told of leads, visits and handoffs.
    #[must_use]
    pub fn new(phone: PhoneNumber, name: impl Into<String>) -> Self {
        Self { phone, name: name.into(), notified: true }
    }
}

impl BotSettings {
    /// Switches the assistant on or off, and notes when. Changes nothing if it is so already.
    pub const fn switch(&mut self, enabled: bool, at: Timestamp) {
        if self.enabled != enabled {
            self.enabled = enabled;
            self.switched_at = Some(at);
        }
    }
}

impl Default for BotSettings {
    fn default() -> Self {
        Self {
            enabled: false,
            switched_at: None,
            burst_window_ms: 2_500,
            burst_cap_ms: 10_000,
            handoff_minutes: 720,
            answers_when_closed: true,
            day_budget: 2_000_000,
            month_budget: 30_000_000,
            answers_per_customer_hour: 40,
            answers_per_minute: 8,
            stale_minutes: 30,
        }
    }
}

impl CreditTable {
    /// A table of terms.
    #[must_use]
    pub fn new(min_down: i64, terms: Vec<CreditTerm>, note: impl Into<String>) -> Self {
        Self { min_down, terms, note: note.into() }
    }
}

impl CreditTerm {
    /// So many months at so much flat interest of a year, in hundredths of one percent.
    #[must_use]
    pub const fn new(months: i64, yearly_rate: i64) -> Self {
        Self { months, yearly_rate }
    }
}

impl fmt::Debug for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tenant").field("id", &self.id).field("bot", &self.bot).finish_non_exhaustive()
    }
}
