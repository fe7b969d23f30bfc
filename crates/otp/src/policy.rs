//! The policy: every number that the engine decides by.

use std::time::Duration;

use wartel_core::Country;

use crate::budget::{RESERVABLE, Rate};
use crate::store::Rules;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3_600);
const DAY: Duration = Duration::from_secs(86_400);

/// The longest life of a code, however often it is sent. Source: NIST SP 800-63B-4 §3.1.3.
pub const MAX_CODE_LIFE: Duration = Duration::from_secs(600);

/// How codes are made, sent and checked. A plain struct: change fields, then hand it to the builder, which
/// [validates](Self::validate) it. Nothing is silently corrected.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtpPolicy {
    /// Digits of a code. Default: 6. Range: 6..=10. Env: `WARTEL_OTP_LENGTH`.
    pub length: usize,
    /// How long a code is valid after a send. Default: 5 min. Range: 1 min..=10 min. Env: `WARTEL_OTP_TTL`.
    pub ttl: Duration,
    /// Checks of each verification. Default: 5. Range: 1..=10. Env: `WARTEL_OTP_CHECKS`.
    pub checks: u32,
    /// Waits after the first, second, … send; the last holds for all further ones. Default: 60, 120, 300 s.
    /// Range: at least one, each 1 s..=1 h. Env: `WARTEL_OTP_RESEND`.
    pub waits: Vec<Duration>,
    /// Countries that codes are sent to. Default: Indonesia. An empty list means none. Env:
    /// `WARTEL_OTP_COUNTRIES`.
    pub countries: Vec<Country>,
    /// Sends to one phone. Default: 5 per 10 min and 10 per day. Env: `WARTEL_OTP_SENDS_PER_PHONE`.
    pub sends_per_phone: Vec<Rate>,
    /// Sends asked for from one address (/32, /64). Default: 30 per hour. Env: `WARTEL_OTP_SENDS_PER_IP`.
    pub sends_per_ip: Vec<Rate>,
    /// Sends asked for from one network (/24, /48), so that nobody who holds a whole one spends the tenant's budget.
    /// Default: 300 per hour. Env: `WARTEL_OTP_SENDS_PER_NETWORK`.
    pub sends_per_network: Vec<Rate>,
    /// Sends of one tenant. Default: 600 per 10 min. Env: `WARTEL_OTP_SENDS_PER_TENANT`.
    pub sends_per_tenant: Vec<Rate>,
    /// Certainly refused sends asked for from one address; those under way count until they are answered. Default:
    /// 10 per hour. Range: at most 64. Env: `WARTEL_OTP_REFUSED_PER_IP`.
    pub refused_per_ip: Vec<Rate>,
    /// Failed checks of one phone over all purposes. Default: 15 per day. Range: at least `checks`, in a span
    /// of 1 h or more. Env: `WARTEL_OTP_FAILED_PER_PHONE`.
    pub failed_per_phone: Rate,
    /// Failed checks of one phone in a row, without a success between. Default: 100. Range: `checks`..=100.
    /// Source: NIST SP 800-63B-4 §3.2.2.
    pub failed_in_row: u32,
    /// How long `start` waits for the provider's answer. Default: 2 s. Range: 0..=20 s.
    pub accept_wait: Duration,
}

impl Default for OtpPolicy {
    fn default() -> Self {
        Self {
            length: 6,
            ttl: 5 * MINUTE,
            checks: 5,
            waits: vec![MINUTE, 2 * MINUTE, 5 * MINUTE],
            countries: vec![Country::INDONESIA],
            sends_per_phone: vec![Rate::new(5, 10 * MINUTE), Rate::new(10, DAY)],
            sends_per_ip: vec![Rate::new(30, HOUR)],
            sends_per_network: vec![Rate::new(300, HOUR)],
            sends_per_tenant: vec![Rate::new(600, 10 * MINUTE)],
            refused_per_ip: vec![Rate::new(10, HOUR)],
            failed_per_phone: Rate::new(15, DAY),
            failed_in_row: 100,
            accept_wait: Duration::from_secs(2),
        }
    }
}

/// A number of the policy is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {range}")]
pub struct PolicyError {
    field: &'static str,
    range: &'static str,
}

impl PolicyError {
    pub(crate) const fn new(field: &'static str, range: &'static str) -> Self {
        Self { field, range }
    }

    /// The field of [`OtpPolicy`] that is wrong, or of [`ReversePolicy`](crate::ReversePolicy) behind `reverse.`.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

impl OtpPolicy {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`PolicyError`] names the first field that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), PolicyError> {
        let spans_fit = self.waits.iter().all(|wait| (Duration::from_secs(1)..=HOUR).contains(wait));
        // Two rates with one span are one budget: it would be charged twice.
        let rates_fit = |rates: &[Rate]| {
            rates.iter().enumerate().all(|(n, rate)| {
                let alone = !rates.iter().skip(n + 1).any(|other| other.window == rate.window);
                rate.max > 0 && !rate.window.is_zero() && alone
            })
        };
        let rates = "rates of at least 1 in more than no time, of which no two have the same span";
        let rules: [(bool, &'static str, &'static str); 12] = [
            ((6..=10).contains(&self.length), "length", "6 to 10 digits"),
            ((MINUTE..=MAX_CODE_LIFE).contains(&self.ttl), "ttl", "1 to 10 minutes"),
            ((1..=10).contains(&self.checks), "checks", "1 to 10"),
            (!self.waits.is_empty() && spans_fit, "waits", "at least one span, each of 1 second to 1 hour"),
            (rates_fit(&self.sends_per_phone), "sends_per_phone", rates),
            (rates_fit(&self.sends_per_ip), "sends_per_ip", rates),
            (rates_fit(&self.sends_per_network), "sends_per_network", rates),
            (rates_fit(&self.sends_per_tenant), "sends_per_tenant", rates),
            (
                rates_fit(&self.refused_per_ip)
                    && self.refused_per_ip.iter().all(|rate| rate.max <= RESERVABLE),
                "refused_per_ip",
                "rates of 1 to 64 in more than no time, of which no two have the same span",
            ),
            (
                self.failed_per_phone.max >= self.checks && self.failed_per_phone.window >= HOUR,
                "failed_per_phone",
                "at least as many as checks, in an hour or more",
            ),
            (
                (self.checks..=100).contains(&self.failed_in_row),
                "failed_in_row",
                "at least as many as checks and at most 100",
            ),
            (self.accept_wait <= Duration::from_secs(20), "accept_wait", "at most 20 seconds"),
        ];
        rules
            .into_iter()
            .find(|(fits, ..)| !fits)
            .map_or(Ok(()), |(_, field, range)| Err(PolicyError { field, range }))
    }

    /// The numbers that stores need.
    #[must_use]
    pub fn rules(&self) -> Rules {
        Rules {
            ttl: self.ttl,
            max_life: MAX_CODE_LIFE,
            min_life: Duration::from_secs(30),
            checks: self.checks,
            checks_without_id: self.checks.min(5),
            failed: self.failed_per_phone,
            failed_in_row: self.failed_in_row,
            failed_in_row_ttl: 30 * DAY,
            waits: self.waits.clone(),
            waits_reset: HOUR,
            proof_ttl: 10 * MINUTE,
            lease: Duration::from_secs(30),
            uncertain_tries: 2,
            retention: DAY,
            fallbacks: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_valid() {
        assert_eq!(OtpPolicy::default().validate(), Ok(()));
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        type Change = fn(&mut OtpPolicy);
        let changes: [(&str, Change); 14] = [
            ("length", |p| p.length = 5),
            ("length", |p| p.length = 11),
            ("ttl", |p| p.ttl = MAX_CODE_LIFE + Duration::from_secs(1)),
            ("ttl", |p| p.ttl = Duration::from_secs(59)),
            ("checks", |p| p.checks = 0),
            ("waits", |p| p.waits.clear()),
            ("sends_per_ip", |p| p.sends_per_ip = vec![Rate::new(0, HOUR)]),
            ("sends_per_phone", |p| p.sends_per_phone = vec![Rate::new(5, HOUR), Rate::new(6, HOUR)]),
            ("sends_per_network", |p| p.sends_per_network = vec![Rate::new(5, Duration::ZERO)]),
            ("refused_per_ip", |p| p.refused_per_ip = vec![Rate::new(RESERVABLE + 1, HOUR)]),
            ("refused_per_ip", |p| p.refused_per_ip = vec![Rate::new(0, HOUR)]),
            ("failed_per_phone", |p| p.failed_per_phone = Rate::new(4, DAY)),
            ("failed_in_row", |p| p.failed_in_row = 101),
            ("accept_wait", |p| p.accept_wait = Duration::from_secs(21)),
        ];
        for (field, change) in changes {
            let mut policy = OtpPolicy::default();
            change(&mut policy);
            assert_eq!(policy.validate().unwrap_err().field(), field);
        }
    }
}
