//! When the guard acts, and how.

use std::str::FromStr;

use super::ratio::Window;

/// What is done about a range of numbers that is hot from one network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum PumpingAction {
    /// It gets no codes until it has cooled down. The default.
    #[default]
    Deny,
    /// Nothing is refused and nobody is challenged; everything is recorded as events.
    Record,
}

/// The text names no action.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the action against pumping is deny or record")]
pub struct ParsePumpingActionError;

impl FromStr for PumpingAction {
    type Err = ParsePumpingActionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "deny" => Ok(Self::Deny),
            "record" => Ok(Self::Record),
            _ => Err(ParsePumpingActionError),
        }
    }
}

/// How many unverified challenges beside the verified ones are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct RatioLimit {
    /// Unverified challenges for each hundred verified ones; more are too many. Range: 1..=1,000.
    pub percent: u32,
    /// Fewer unverified challenges than this are never too many. Range: 1..=1,000,000.
    pub from: u32,
}

impl RatioLimit {
    /// More than `percent` unverified for a hundred verified, once there are `from` unverified.
    #[must_use]
    pub const fn new(percent: u32, from: u32) -> Self {
        Self { percent, from }
    }

    /// Whether these are too many.
    ///
    /// ```
    /// use wartel_otp::guard::PumpingPolicy;
    ///
    /// let hour = PumpingPolicy::default().hour;   // 20 % from 3 on
    /// assert!(!hour.exceeded(2, 0));
    /// assert!(hour.exceeded(3, 0));
    /// assert!(!hour.exceeded(3, 15));
    /// assert!(hour.exceeded(3, 14));
    /// ```
    #[must_use]
    pub fn exceeded(&self, unverified: u64, verified: u64) -> bool {
        let enough = unverified >= u64::from(self.from);
        enough && u128::from(unverified) * 100 > u128::from(self.percent) * u128::from(verified)
    }

    fn fits(self) -> bool {
        (1..=1_000).contains(&self.percent) && (1..=1_000_000).contains(&self.from)
    }
}

/// When the guard against pumping acts, and how. A plain struct: change fields, then [validate](Self::validate).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct PumpingPolicy {
    /// What is done. Default: [`Deny`](PumpingAction::Deny). Env: `WARTEL_OTP_PUMPING` (`deny`, `record`).
    pub action: PumpingAction,
    /// Too many in an hour. Default: 20 % from 3 on.
    pub hour: RatioLimit,
    /// Too many in a day. Default: 30 % from 20 on.
    pub day: RatioLimit,
}

impl Default for PumpingPolicy {
    fn default() -> Self {
        Self { action: PumpingAction::Deny, hour: RatioLimit::new(20, 3), day: RatioLimit::new(30, 20) }
    }
}

/// A number of the policy is out of its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be 1 to 1000 percent, from 1 to 1000000 on")]
pub struct PumpingPolicyError {
    field: &'static str,
}

impl PumpingPolicyError {
    /// The field of [`PumpingPolicy`] that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        self.field
    }
}

impl PumpingPolicy {
    /// Checks every number against its range.
    ///
    /// # Errors
    /// [`PumpingPolicyError`] names the first field that is out of its range.
    pub fn validate(&self) -> Result<(), PumpingPolicyError> {
        match () {
            () if !self.hour.fits() => Err(PumpingPolicyError { field: "hour" }),
            () if !self.day.fits() => Err(PumpingPolicyError { field: "day" }),
            () => Ok(()),
        }
    }

    pub(super) const fn limit(&self, window: Window) -> RatioLimit {
        match window {
            Window::Hour => self.hour,
            Window::Day => self.day,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn too_many_are_told_from_enough() {
        let PumpingPolicy { hour, day, .. } = PumpingPolicy::default();
        // (limit, unverified, verified, too many)
        let rows = [
            (hour, 0, 0, false),
            (hour, 2, 0, false),
            (hour, 3, 0, true),
            (hour, 3, 14, true),
            (hour, 3, 15, false),
            (hour, 4, 15, true),
            (hour, 20, 100, false),
            (hour, 21, 100, true),
            (hour, 4, 1_000_000, false),
            (day, 19, 0, false),
            (day, 20, 0, true),
            (day, 20, 66, true),
            (day, 20, 67, false),
            (day, 30, 100, false),
            (day, 31, 100, true),
            (day, u64::MAX, u64::MAX, true),
            (RatioLimit::new(1_000, 1), u64::MAX, u64::MAX, false),
        ];
        for (limit, unverified, verified, expected) in rows {
            let found = limit.exceeded(unverified, verified);
            assert_eq!(found, expected, "{limit:?}: {unverified} unverified, {verified} verified");
        }
    }

    #[test]
    fn each_field_out_of_range_is_named() {
        assert_eq!(PumpingPolicy::default().validate(), Ok(()));
        for (field, limit) in [
            ("hour", RatioLimit::new(0, 3)),
            ("hour", RatioLimit::new(1_001, 3)),
            ("day", RatioLimit::new(30, 0)),
            ("day", RatioLimit::new(30, 1_000_001)),
        ] {
            let mut policy = PumpingPolicy::default();
            *(if field == "hour" { &mut policy.hour } else { &mut policy.day }) = limit;
            assert_eq!(policy.validate().unwrap_err().field(), field);
        }
    }

    #[test]
    fn actions_are_read() {
        assert_eq!("deny".parse(), Ok(PumpingAction::Deny));
        assert_eq!(" record ".parse(), Ok(PumpingAction::Record));
        for wrong in ["", "Deny", "allow", "off"] {
            assert_eq!(wrong.parse::<PumpingAction>(), Err(ParsePumpingActionError));
        }
    }

    fn limits() -> impl Strategy<Value = RatioLimit> {
        (1_u32..=1_000, 1_u32..=1_000).prop_map(|(percent, from)| RatioLimit::new(percent, from))
    }

    proptest! {
        #[test]
        fn more_unverified_never_cools(limit in limits(), bad in 0_u64..5_000, good in 0_u64..5_000) {
            prop_assert!(!limit.exceeded(bad, good) || limit.exceeded(bad + 1, good));
        }

        #[test]
        fn more_verified_never_heats(limit in limits(), bad in 0_u64..5_000, good in 0_u64..5_000) {
            prop_assert!(limit.exceeded(bad, good) || !limit.exceeded(bad, good + 1));
        }

        #[test]
        fn all_verified_is_never_hot(limit in limits(), good in any::<u64>()) {
            prop_assert!(!limit.exceeded(0, good));
        }

        #[test]
        fn none_verified_is_hot_from_the_floor_on(limit in limits(), bad in 0_u64..5_000) {
            prop_assert_eq!(limit.exceeded(bad, 0), bad >= u64::from(limit.from));
        }

        #[test]
        fn it_is_the_ratio_that_the_words_say(limit in limits(), bad in 0_u32..5_000, good in 0_u32..5_000) {
            // In tenths of a percent the numbers are exact as floats too.
            let ratio = f64::from(bad) * 100.0 > f64::from(limit.percent) * f64::from(good);
            prop_assert_eq!(limit.exceeded(bad.into(), good.into()), bad >= limit.from && ratio);
        }
    }
}
