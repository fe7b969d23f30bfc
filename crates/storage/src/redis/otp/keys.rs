//! The names of keys, what stands for a phone, and how long things live.

use std::time::Duration;

use wartel_core::{PhoneNumber, TenantId, Timestamp};
use wartel_otp::ledger::Locator;

use super::Owner;

/// Everything lives longer than it counts by this much: clocks differ, and a worker may come late.
const SLACK: Duration = Duration::from_secs(3_600);

/// The longest life of a key, a hundred years. The server takes no endless number.
const LONGEST: Duration = Duration::from_secs(100 * 365 * 86_400);

/// The names of one installation's keys. They all begin with its hash tag.
pub(super) struct Keys {
    tag: String,
}

impl Keys {
    pub(super) fn new(tag: &str) -> Self {
        Self { tag: format!("{{{tag}}}:") }
    }

    /// The ledger of a phone.
    pub(super) fn phone(&self, tenant: &TenantId, phone: &PhoneNumber) -> String {
        format!("{}p:{}", self.tag, member(tenant, phone))
    }

    /// Where a locator leads.
    pub(super) fn locator(&self, locator: &Locator) -> String {
        format!("{}l:{}", self.tag, locator.as_str())
    }

    /// The receipts that wait for a message.
    pub(super) fn receipts(&self, locator: &str) -> String {
        format!("{}r:{locator}", self.tag)
    }

    /// The events of a budget.
    pub(super) fn budget(&self, budget: &str) -> String {
        format!("{}b:{budget}", self.tag)
    }

    /// The tallies of one kind.
    pub(super) fn tallies(&self, tally: &str) -> String {
        format!("{}t:{tally}", self.tag)
    }

    /// When the span of which tally began.
    pub(super) fn slots(&self) -> String {
        format!("{}tallies", self.tag)
    }

    /// When which phone has to be looked at, and for what.
    pub(super) fn ends(&self) -> String {
        format!("{}ends", self.tag)
    }

    /// Since when which receipts wait.
    pub(super) fn waiting(&self) -> String {
        format!("{}receipts", self.tag)
    }
}

/// A phone as a member of a sorted set, and as the value of a locator.
pub(super) fn member(tenant: &TenantId, phone: &PhoneNumber) -> String {
    format!("{tenant}/{}", phone.e164())
}

/// Reads back what [`member`] gave.
pub(super) fn owner(member: &[u8]) -> Option<Owner> {
    let (tenant, phone) = std::str::from_utf8(member).ok()?.split_once('/')?;
    Some((TenantId::parse(tenant).ok()?, PhoneNumber::from_e164(phone).ok()?))
}

/// How many milliseconds a key lives that counts until an instant.
pub(super) fn life(until: Timestamp, now: Timestamp) -> u128 {
    until.since(now).saturating_add(SLACK).min(LONGEST).as_millis()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_is_read_back() {
        let phone = PhoneNumber::from_e164("+6281234567890").unwrap();
        let tenant = TenantId::parse("toko-budi_2").unwrap();
        let text = member(&tenant, &phone);
        assert_eq!(owner(text.as_bytes()), Some((tenant, phone)));
        for bad in ["", "default", "default/", "default/0812", "De/+6281234567890", "/+6281234567890"] {
            assert_eq!(owner(bad.as_bytes()), None, "{bad}");
        }
    }

    #[test]
    fn a_life_is_a_span_and_never_too_long() {
        let now = Timestamp::from_micros(1_767_225_600_000_000);
        assert_eq!(life(now + Duration::from_secs(1), now), 3_601_000);
        assert_eq!(life(now - Duration::from_secs(1), now), 3_600_000);
        assert_eq!(life(Timestamp::MAX, Timestamp::EPOCH), LONGEST.as_millis());
    }
}
