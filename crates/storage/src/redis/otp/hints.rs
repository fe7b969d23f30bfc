//! Where locators led lately, so that a locator and the phone behind it are read in one go. A hint that is wrong costs
//! a read and nothing else: what it leads to is used only if the locator, which is read too, says the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How many hints are young. There are at most twice as many; half of them go at a time, those not seen lately.
const YOUNG: usize = 8_192;

/// A longer name is not kept: ids of messages come from outside.
const LONGEST: usize = 256;

#[derive(Default)]
pub(super) struct Hints {
    kept: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<String, String>,
    old: HashMap<String, String>,
}

impl Hints {
    /// The key of the phone to which the key of a locator led.
    pub(super) fn get(&self, locator: &str) -> Option<String> {
        let kept = self.lock();
        kept.young.get(locator).or_else(|| kept.old.get(locator)).cloned()
    }

    pub(super) fn put(&self, locator: String, phone: String) {
        if locator.len() > LONGEST {
            return;
        }
        let mut kept = self.lock();
        if kept.young.len() >= YOUNG {
            kept.old = std::mem::take(&mut kept.young);
        }
        kept.young.insert(locator, phone);
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
        let hints = Hints::default();
        for n in 0..10 * YOUNG {
            hints.put(format!("l{n}"), format!("p{n}"));
        }
        hints.put("l".repeat(LONGEST + 1), "p".to_owned());
        let last = 10 * YOUNG - 1;
        assert_eq!(hints.get(&format!("l{last}")), Some(format!("p{last}")));
        assert_eq!(hints.get(&format!("l{}", last - YOUNG)), Some(format!("p{}", last - YOUNG)));
        assert_eq!(hints.get("l0"), None);
        let kept = hints.lock();
        assert!(kept.young.len() + kept.old.len() <= 2 * YOUNG);
    }
}
