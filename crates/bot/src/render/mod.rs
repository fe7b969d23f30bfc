//! What a model writes, as WhatsApp shows it: its markup, in parts that fit, at the pace of somebody who types.

mod markup;
mod split;

use std::time::Duration;

pub use markup::markup;
pub use split::{MAX_PARTS, MAX_UNITS, split};

/// How long somebody would type a part: 25 ms a character, at least 0.6 s and at most 5 s.
#[must_use]
pub fn pace(text: &str) -> Duration {
    let chars = u64::try_from(text.chars().count()).unwrap_or(u64::MAX);
    Duration::from_millis(chars.saturating_mul(25).clamp(600, 5_000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_has_bounds() {
        assert_eq!(pace("ya"), Duration::from_millis(600));
        assert_eq!(pace(&"a".repeat(100)), Duration::from_millis(2_500));
        assert_eq!(pace(&"a".repeat(9_000)), Duration::from_secs(5));
    }
}
