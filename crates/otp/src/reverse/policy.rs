//! The numbers of reverse verification.

use std::time::Duration;

use crate::budget::Rate;
use crate::policy::{MAX_CODE_LIFE, OtpPolicy, PolicyError};
use crate::reverse_store::ReverseRules;

const MINUTE: Duration = Duration::from_secs(60);

/// How many reverse verifications are open, how long, and how many may be asked for. A plain struct: change fields,
/// then hand it to the builder, which [validates](Self::validate) it. Nothing is silently corrected. The length of the
/// code and the life of the proof are those of [`OtpPolicy`].
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReversePolicy {
    /// How long a code is waited for. Default: 5 min. Range: 1 min..=10 min.
    pub ttl: Duration,
    /// Wrong codes from the phone that end a verification that waits. Default: 10. Range: 1..=20.
    pub wrong_codes: u32,
    /// Open verifications of one phone and purpose. Default: 6. Range: 1..=16.
    pub open: u32,
    /// Open verifications of one phone and purpose that one address (/32, /64) asked for, so that one stranger does
    /// not take all places. Default: 2. Range: 1..=`open`.
    pub open_per_client: u32,
    /// Verifications asked for from one address. Default: 30 per hour.
    pub starts_per_client: Vec<Rate>,
    /// Verifications of one tenant; they cost no message, only room in the store. Default: 6,000 per 10 min.
    pub starts_per_tenant: Vec<Rate>,
}

impl Default for ReversePolicy {
    fn default() -> Self {
        Self {
            ttl: 5 * MINUTE,
            wrong_codes: 10,
            open: 6,
            open_per_client: 2,
            starts_per_client: vec![Rate::new(30, 60 * MINUTE)],
            starts_per_tenant: vec![Rate::new(6_000, 10 * MINUTE)],
        }
    }
}

impl ReversePolicy {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`PolicyError`] names the first field that is out of its range, and the range.
    pub fn validate(&self) -> Result<(), PolicyError> {
        // Two rates with one span are one budget: it would be charged twice.
        let rates_fit = |rates: &[Rate]| {
            rates.iter().enumerate().all(|(n, rate)| {
                let alone = !rates.iter().skip(n + 1).any(|other| other.window == rate.window);
                rate.max > 0 && !rate.window.is_zero() && alone
            })
        };
        let rates = "rates of at least 1 in more than no time, of which no two have the same span";
        let rules: [(bool, &'static str, &'static str); 6] = [
            ((MINUTE..=MAX_CODE_LIFE).contains(&self.ttl), "reverse.ttl", "1 to 10 minutes"),
            ((1..=20).contains(&self.wrong_codes), "reverse.wrong_codes", "1 to 20"),
            ((1..=16).contains(&self.open), "reverse.open", "1 to 16"),
            (
                (1..=self.open).contains(&self.open_per_client),
                "reverse.open_per_client",
                "at least 1 and at most as many as open",
            ),
            (rates_fit(&self.starts_per_client), "reverse.starts_per_client", rates),
            (rates_fit(&self.starts_per_tenant), "reverse.starts_per_tenant", rates),
        ];
        rules
            .into_iter()
            .find(|(fits, ..)| !fits)
            .map_or(Ok(()), |(_, field, range)| Err(PolicyError::new(field, range)))
    }

    /// The numbers that stores need.
    #[must_use]
    pub fn rules(&self, policy: &OtpPolicy) -> ReverseRules {
        let general = policy.rules();
        ReverseRules {
            ttl: self.ttl,
            max_life: general.max_life,
            wrong_codes: self.wrong_codes,
            open: self.open,
            open_per_client: self.open_per_client,
            proof_ttl: general.proof_ttl,
            retention: general.retention,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_policy_is_valid() {
        assert_eq!(ReversePolicy::default().validate(), Ok(()));
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        type Change = fn(&mut ReversePolicy);
        let changes: [(&str, Change); 9] = [
            ("reverse.ttl", |p| p.ttl = Duration::from_secs(59)),
            ("reverse.ttl", |p| p.ttl = MAX_CODE_LIFE + Duration::from_secs(1)),
            ("reverse.wrong_codes", |p| p.wrong_codes = 0),
            ("reverse.wrong_codes", |p| p.wrong_codes = 21),
            ("reverse.open", |p| p.open = 17),
            ("reverse.open_per_client", |p| p.open_per_client = 7),
            ("reverse.open_per_client", |p| p.open_per_client = 0),
            ("reverse.starts_per_client", |p| p.starts_per_client = vec![Rate::new(0, MINUTE)]),
            ("reverse.starts_per_tenant", |p| {
                p.starts_per_tenant = vec![Rate::new(1, MINUTE), Rate::new(2, MINUTE)];
            }),
        ];
        for (field, change) in changes {
            let mut policy = ReversePolicy::default();
            change(&mut policy);
            assert_eq!(policy.validate().unwrap_err().field(), field);
        }
    }
}
