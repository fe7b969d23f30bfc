//! How much a tenant may spend, as windows.

use jiff::tz::TimeZone;
use wartel_core::Timestamp;

use super::SpendCap;
use crate::tenant::Tenant;

/// How much models may cost a tenant in a day and in a month of its time zone.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SpendCaps {
    /// In a day, in millionths of a US dollar.
    pub day: u64,
    /// In a month, in millionths of a US dollar.
    pub month: u64,
    /// The IANA name of the time zone; one that is not known counts as UTC.
    pub time_zone: String,
}

impl SpendCaps {
    /// So much in a day and in a month of this time zone.
    #[must_use]
    pub fn new(day: u64, month: u64, time_zone: impl Into<String>) -> Self {
        Self { day, month, time_zone: time_zone.into() }
    }

    /// The windows that a call at this time counts in: `day/2026-12-31` and `month/2026-12`.
    #[must_use]
    pub fn windows(&self, now: Timestamp) -> Vec<SpendCap> {
        let zone = TimeZone::get(&self.time_zone).unwrap_or(TimeZone::UTC);
        let instant =
            jiff::Timestamp::from_microsecond(now.as_micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let date = zone.to_datetime(instant).date();
        vec![
            SpendCap::new(format!("day/{date}"), self.day),
            SpendCap::new(format!("month/{:04}-{:02}", date.year(), date.month()), self.month),
        ]
    }
}

impl From<&Tenant> for SpendCaps {
    fn from(tenant: &Tenant) -> Self {
        Self::new(tenant.bot.day_budget, tenant.bot.month_budget, tenant.hours.time_zone.clone())
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::TenantId;

    use super::*;

    #[test]
    fn windows_are_those_of_the_time_zone() {
        let late = Timestamp::parse_rfc3339("2026-12-31T18:30:00Z").unwrap();
        for (zone, day, month) in [
            ("Asia/Jakarta", "day/2027-01-01", "month/2027-01"),
            ("UTC", "day/2026-12-31", "month/2026-12"),
            ("Asia/Atlantis", "day/2026-12-31", "month/2026-12"),
        ] {
            let windows = SpendCaps::new(1, 2, zone).windows(late);
            assert_eq!(windows, [SpendCap::new(day, 1), SpendCap::new(month, 2)], "{zone}");
        }
        let caps = SpendCaps::from(&Tenant::new(TenantId::default(), "Toko"));
        assert_eq!((caps.day, caps.month), (2_000_000, 30_000_000));
    }
}
