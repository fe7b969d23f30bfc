//! What the guard knows of each key, so that not every request reads the store.

use std::collections::HashMap;
use std::time::Duration;

use wartel_core::Timestamp;

use super::ratio::Hot;

/// How long what was read is believed.
const FRESH: Duration = Duration::from_secs(15);

/// How often a hot spot is told while it lasts.
const TELL_EVERY: Duration = Duration::from_secs(600);

/// How many keys one half of the cache holds.
const HALF: usize = 4_096;

#[derive(Debug, Clone, Copy)]
struct Known {
    read_at: Timestamp,
    hot: Option<Hot>,
    calm: bool,
    told_at: Option<Timestamp>,
}

/// What is known of each key. When one half is full, the other one is forgotten: at most twice [`HALF`] keys, and
/// those in use stay.
#[derive(Debug, Default)]
pub(super) struct Cache {
    young: HashMap<String, Known>,
    old: HashMap<String, Known>,
}

impl Cache {
    /// What is hot under this key, as far as is known.
    pub(super) fn hot(&self, key: &str, now: Timestamp) -> Option<Hot> {
        self.find(key)?.hot.filter(|hot| hot.until > now)
    }

    /// Whether so little was counted under this key that nothing within it can be hot.
    pub(super) fn is_calm(&self, key: &str) -> bool {
        self.find(key).is_some_and(|known| known.calm)
    }

    /// Whether this key has to be read now. Who is told so reads it; others use what is known until then, so that one
    /// caller reads and not all of them.
    pub(super) fn claim(&mut self, key: &str, now: Timestamp) -> bool {
        let Some(mut known) = self.find(key) else { return true };
        // A clock that was set back makes nothing fresh.
        if known.read_at <= now && now.since(known.read_at) < FRESH {
            return false;
        }
        known.read_at = now;
        self.keep(key, known);
        true
    }

    /// Takes note of what was read. Answers whether somebody is to be told that this is hot.
    pub(super) fn learn(&mut self, key: &str, hot: Option<Hot>, calm: bool, now: Timestamp) -> bool {
        let told_at = self.find(key).and_then(|known| known.told_at).filter(|_| hot.is_some());
        let tell = hot.is_some() && told_at.is_none_or(|told| told > now || now.since(told) >= TELL_EVERY);
        let told_at = if tell { Some(now) } else { told_at };
        self.keep(key, Known { read_at: now, hot, calm, told_at });
        tell
    }

    fn find(&self, key: &str) -> Option<Known> {
        self.young.get(key).or_else(|| self.old.get(key)).copied()
    }

    fn keep(&mut self, key: &str, known: Known) {
        if self.young.len() >= HALF && !self.young.contains_key(key) {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.insert(key.to_owned(), known);
    }
}

#[cfg(test)]
mod tests {
    use super::super::ratio::Window;
    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn at(seconds: u64) -> Timestamp {
        T0 + Duration::from_secs(seconds)
    }

    fn until(seconds: u64) -> Option<Hot> {
        Some(Hot { window: Window::Hour, unverified: 3, verified: 0, until: at(seconds) })
    }

    #[test]
    fn what_was_read_is_believed_for_fifteen_seconds() {
        let mut cache = Cache::default();
        assert!(cache.claim("k", at(0)));
        cache.learn("k", None, false, at(0));
        assert!(!cache.claim("k", at(14)));
        assert!(cache.claim("k", at(15)));
        // Somebody reads it already.
        assert!(!cache.claim("k", at(16)));
        cache.learn("k", None, false, at(17));
        assert!(cache.claim("k", at(16)), "the clock was set back");
    }

    #[test]
    fn what_has_cooled_is_not_hot() {
        let mut cache = Cache::default();
        cache.learn("k", until(10), false, at(0));
        assert!(cache.hot("k", at(9)).is_some());
        assert!(cache.hot("k", at(10)).is_none());
        assert!(cache.hot("other", at(0)).is_none());
    }

    #[test]
    fn what_is_not_known_is_not_calm() {
        let mut cache = Cache::default();
        assert!(!cache.is_calm("k"));
        cache.learn("k", None, true, at(0));
        assert!(cache.is_calm("k"));
        cache.learn("k", None, false, at(0));
        assert!(!cache.is_calm("k"));
    }

    #[test]
    fn a_hot_spot_is_told_when_it_begins_and_every_ten_minutes() {
        let mut cache = Cache::default();
        assert!(cache.learn("k", until(9_000), false, at(0)));
        assert!(!cache.learn("k", until(9_000), false, at(0)), "once for each instant");
        assert!(!cache.learn("k", until(9_000), false, at(599)));
        assert!(cache.learn("k", until(9_000), false, at(600)));
        assert!(!cache.learn("k", None, false, at(601)));
        assert!(cache.learn("k", until(9_000), false, at(602)), "it begins again");
        assert!(cache.learn("k", until(9_000), false, at(601)), "the clock was set back");
    }

    #[test]
    fn the_cache_is_bounded_and_keeps_what_is_in_use() {
        let mut cache = Cache::default();
        for n in 0..10 * HALF {
            cache.learn(&n.to_string(), until(60), false, at(0));
            assert!(cache.young.len() <= HALF);
            if n % 1_000 == 0 {
                cache.learn("in use", until(60), false, at(0));
            }
        }
        assert!(cache.young.len() + cache.old.len() <= 2 * HALF);
        assert!(cache.hot("in use", at(0)).is_some());
    }
}
