//! When a shop is open, in its own time zone.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fact::{ClockTime, Date};

/// When a shop is open.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Hours {
    /// The IANA name of the time zone. Default: `Asia/Jakarta`.
    pub time_zone: String,
    /// Monday to Sunday. Empty: no hours are known.
    pub week: Vec<DayHours>,
    /// Days that differ: holidays (nothing in them) and special openings.
    pub exceptions: BTreeMap<String, DayHours>,
}

/// When a shop is open on one day: spans from and to, the end not included. A span whose end is not after its beginning
/// crosses midnight. Empty: closed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct DayHours(pub Vec<(ClockTime, ClockTime)>);

impl Default for Hours {
    fn default() -> Self {
        Self { time_zone: "Asia/Jakarta".to_owned(), week: Vec::new(), exceptions: BTreeMap::new() }
    }
}

impl Hours {
    /// The same hours on every day in a time zone.
    #[must_use]
    pub fn daily(time_zone: impl Into<String>, from: ClockTime, to: ClockTime) -> Self {
        let day = DayHours(vec![(from, to)]);
        Self { time_zone: time_zone.into(), week: vec![day; 7], exceptions: BTreeMap::new() }
    }

    /// With a day that differs.
    #[must_use]
    pub fn with_exception(mut self, date: Date, hours: DayHours) -> Self {
        self.exceptions.insert(date.to_string(), hours);
        self
    }
}
