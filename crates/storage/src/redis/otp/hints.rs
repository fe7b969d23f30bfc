//! What stood under keys lately: where locators led, and the documents of phones.
//!
//! Where a locator leads is known so that it and the phone behind it are read in one go; which document a phone had, so
//! that a step that will write beside it need not read it first. A hint that is wrong costs a round trip and nothing
//! else: what it says is used only if it is found to be so.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Where locators led: as many, and names of messages that are no longer than this, for they come from outside.
pub(super) const LOCATORS: Most = Most { young: 8_192, longest: 256 };

/// The documents of phones: those of the last moments.
pub(super) const DOCUMENTS: Most = Most { young: 512, longest: 4_096 };

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub(super) struct Most {
    /// How many hints are young. There are at most twice as many; half of them go at a time, those not seen lately.
    young: usize,
    /// How long a key with its hint may be, in bytes.
    longest: usize,
}

/// Hints by their keys.
pub(super) struct Hints {
    most: Most,
    kept: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, Vec<u8>>,
    old: HashMap<String, Vec<u8>>,
}

impl Hints {
    pub(super) fn new(most: Most) -> Self {
        Self { most, kept: Mutex::default() }
    }

    /// What stood under a key.
    pub(super) fn get(&self, key: &str) -> Option<Vec<u8>> {
        let kept = self.lock();
        kept.young.get(key).or_else(|| kept.old.get(key)).cloned()
    }

    /// Keeps what stands under a key; `None` is forgotten.
    pub(super) fn put(&self, key: &str, value: Option<&[u8]>) {
        let value = value.filter(|value| key.len() + value.len() <= self.most.longest);
        let mut kept = self.lock();
        let Some(value) = value else {
            kept.young.remove(key);
            kept.old.remove(key);
            return;
        };
        if kept.young.len() >= self.most.young {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(key.to_owned(), value.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, Generations> {
        // Nothing panics while it is held.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_kept_and_not_too_many() {
        let most = Most { young: 100, longest: 20 };
        let hints = Hints::new(most);
        let value = |n: usize| Some(format!("p{n}").into_bytes());
        for n in 0..1_000 {
            hints.put(&format!("l{n}"), value(n).as_deref());
        }
        hints.put("l", Some(&[0; 20]));
        assert_eq!(hints.get("l999"), value(999));
        assert_eq!(hints.get("l899"), value(899));
        assert_eq!(hints.get("l0"), None);
        assert_eq!(hints.get("l"), None, "too long a hint is kept");
        let kept = hints.lock();
        assert!(kept.young.len() + kept.old.len() <= 2 * most.young);
        drop(kept);
        hints.put("l899", None);
        assert_eq!(hints.get("l899"), None);
    }
}
