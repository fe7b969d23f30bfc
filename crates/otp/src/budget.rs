//! Budgets: how many of something may happen in any span of time.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// How many in which span: `5/10m` is five in any ten minutes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Rate {
    /// How many, at least 1.
    pub max: u32,
    /// In any span of this length.
    pub window: Duration,
}

/// The text is not a rate.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a rate is a number, a slash and a span, such as 5/10m; spans end in s, m, h or d")]
pub struct ParseRateError;

impl Rate {
    /// `max` in any `window`.
    #[must_use]
    pub const fn new(max: u32, window: Duration) -> Self {
        Self { max, window }
    }

    /// Reads a comma-separated list such as `5/10m,10/1d`. An empty text is an empty list.
    ///
    /// # Errors
    /// [`ParseRateError`] if any part is not a rate.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, ParseRateError> {
        text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::parse).collect()
    }
}

impl FromStr for Rate {
    type Err = ParseRateError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (max, window) = text.trim().split_once('/').ok_or(ParseRateError)?;
        let max: u32 = max.trim().parse().map_err(|_| ParseRateError)?;
        let window = parse_span(window).ok_or(ParseRateError)?;
        if max == 0 || window.is_zero() {
            return Err(ParseRateError);
        }
        Ok(Self { max, window })
    }
}

/// Reads a span such as `60s`, `5m`, `1h` or `1d`. `None` if the text is anything else.
#[must_use]
pub fn parse_span(text: &str) -> Option<Duration> {
    let text = text.trim();
    let unit = text.chars().last()?;
    let seconds_each = match unit {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: u64 = text.strip_suffix(unit)?.parse().ok()?;
    number.checked_mul(seconds_each).map(Duration::from_secs)
}

/// The largest budget from which events are taken back. Stores keep the events of one that small together.
pub const RESERVABLE: u32 = 64;

/// A budget as stores see it: an opaque key and a rate. A new limit changes no store.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Budget {
    /// Names what is counted. Budgets with the same key share their count.
    pub key: String,
    /// How many in which span.
    pub rate: Rate,
}

impl Budget {
    /// A budget.
    #[must_use]
    pub fn new(key: impl Into<String>, rate: Rate) -> Self {
        Self { key: key.into(), rate }
    }
}

impl fmt::Debug for Budget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The key may name a person's address.
        write!(f, "Budget({} in {:?})", self.rate.max, self.rate.window)
    }
}

/// Where a request comes from, as far as budgets can tell callers apart: an IPv4 address, or the /64 of an
/// IPv6 address, because a household has all of one.
#[derive(Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClientKey(String);

impl ClientKey {
    /// The key of a client's address. An IPv4 address written as IPv6 is the IPv4 address.
    #[must_use]
    pub fn from_ip(ip: IpAddr) -> Self {
        match ip.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_string()),
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Self(format!("{a:x}:{b:x}:{c:x}:{d:x}::/64"))
            }
        }
    }

    /// The key as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for ClientKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientKey(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_read_and_refused() {
        assert_eq!("5/10m".parse(), Ok(Rate::new(5, Duration::from_secs(600))));
        assert_eq!(
            Rate::parse_list("5/10m, 10/1d"),
            Ok(vec![Rate::new(5, Duration::from_secs(600)), Rate::new(10, Duration::from_secs(86_400))])
        );
        assert_eq!(Rate::parse_list(""), Ok(vec![]));
        for bad in
            ["5", "0/1m", "5/0s", "5/10", "-1/1m", "5/10w", "a/1m", "5/1m/2", "1/99999999999999999999d"]
        {
            assert_eq!(bad.parse::<Rate>(), Err(ParseRateError), "{bad}");
        }
    }

    #[test]
    fn spans_have_four_units() {
        for (text, seconds) in [("60s", 60), ("5m", 300), (" 1h ", 3_600), ("2d", 172_800), ("0s", 0)] {
            assert_eq!(parse_span(text), Some(Duration::from_secs(seconds)), "{text}");
        }
        for wrong in ["", "s", "5", "5w", "-1s", "1.5h", "5 m", "1h1m"] {
            assert_eq!(parse_span(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn debug_shows_no_address() {
        let budget = Budget::new("default/ip/203.0.113.7/600", Rate::new(5, Duration::from_secs(600)));
        assert_eq!(format!("{budget:?}"), "Budget(5 in 600s)");
        assert_eq!(format!("{:?}", ClientKey::from_ip(IpAddr::from([203, 0, 113, 7]))), "ClientKey(…)");
    }

    #[test]
    fn clients_are_told_apart_by_address_and_network() {
        let key = |ip: &str| ClientKey::from_ip(ip.parse().unwrap());
        assert_eq!(key("203.0.113.7"), key("::ffff:203.0.113.7"));
        assert_ne!(key("203.0.113.7"), key("203.0.113.8"));
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
    }
}
