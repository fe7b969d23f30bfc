//! When something was seen last: a receipt of a provider, a code of a key.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use wartel_core::{KeyId, StoreError, Timestamp};

use crate::policy::MAX_CODE_LIFE;
use crate::tally::{Tally, TallyStore};

/// A provider that gave a receipt in this time gives receipts.
const KNOWN_FOR: Duration = Duration::from_secs(86_400);
/// How long the hashes that a key made of requests with idempotency keys are needed.
const REQUESTS: Duration = Duration::from_secs(86_400);
/// How exactly is noted when something was seen, and how old an answer may be.
const SLOT: Duration = Duration::from_secs(300);
const ASK_EVERY: Duration = Duration::from_secs(15);

/// What is seen.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Sight {
    /// A receipt of this provider.
    Receipt(String),
    /// A new code made with this key.
    Key(KeyId),
}

impl Sight {
    fn key(&self) -> String {
        match self {
            Self::Receipt(provider) => format!("receipts/{provider}"),
            Self::Key(id) => format!("keys/{}", id.as_str()),
        }
    }
}

/// Notes what is seen in a store that all instances share: the one that gets the webhooks need not be the one that
/// waits for them. Written at most once in five minutes for each.
#[derive(Debug, Default)]
pub(crate) struct Sightings {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    noted: HashMap<Sight, Timestamp>,
    known: HashMap<String, bool>,
    asked_at: Option<Timestamp>,
}

fn slot_of(now: Timestamp) -> Timestamp {
    let slot = i64::try_from(SLOT.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().div_euclid(slot).saturating_mul(slot))
}

impl Sightings {
    /// What has to be added to the tallies; `None` if it is noted already.
    pub(crate) fn note(&self, sight: &Sight, now: Timestamp) -> Option<Tally> {
        let slot = slot_of(now);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        // Providers and keys are few: their names come from the configuration, not from outside.
        if state.noted.get(sight) == Some(&slot) {
            return None;
        }
        state.noted.insert(sight.clone(), slot);
        if let Sight::Receipt(provider) = sight {
            state.known.insert(provider.clone(), true);
        }
        Some(Tally::new(sight.key(), slot, 1, 0))
    }

    /// Whether this was noted in the present slot.
    pub(crate) fn is_noted(&self, sight: &Sight, now: Timestamp) -> bool {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.noted.get(sight) == Some(&slot_of(now))
    }

    /// What could not be written is noted the next time that it is seen.
    pub(crate) fn forget(&self, sight: &Sight) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).noted.remove(sight);
    }

    /// Whether receipts are known to arrive from each of these providers.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub(crate) async fn receipts_known(
        &self,
        store: &dyn TallyStore,
        providers: &[&str],
        now: Timestamp,
    ) -> Result<Vec<bool>, StoreError> {
        let answer =
            |state: &State| providers.iter().map(|p| state.known.get(*p).copied().unwrap_or(false)).collect();
        {
            let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
            if state.asked_at.is_some_and(|at| at <= now && at + ASK_EVERY > now) {
                return Ok(answer(&state));
            }
        }
        let key_of = |provider: &str| Sight::Receipt(provider.to_owned()).key();
        let keys = providers.iter().map(|provider| key_of(provider)).collect();
        let found = store.tallies(keys, now - KNOWN_FOR).await?;
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for provider in providers {
            let key = key_of(provider);
            state.known.insert((*provider).to_owned(), found.iter().any(|tally| tally.key == key));
        }
        state.asked_at = Some(now);
        Ok(answer(&state))
    }
}

/// Until when an earlier secret of the installation is needed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyUse {
    /// The key.
    pub id: KeyId,
    /// No code that it made lives after this instant; `None` if it made none in the last day.
    pub codes_until: Option<Timestamp>,
    /// Until then it knows again the requests with idempotency keys that it has seen; without it such a request that
    /// comes again is refused as another one.
    pub requests_until: Option<Timestamp>,
}

impl KeyUse {
    /// Whether nothing needs the key any more.
    #[must_use]
    pub fn may_go(&self, now: Timestamp) -> bool {
        self.codes_until.max(self.requests_until).is_none_or(|until| until <= now)
    }
}

/// Until when these keys are needed, by what the engine has noted of them. With this `doctor` says when an old secret
/// can be dropped.
///
/// # Errors
/// [`StoreError`] if the store could not answer.
pub async fn key_uses(
    store: &dyn TallyStore,
    keys: &[KeyId],
    now: Timestamp,
) -> Result<Vec<KeyUse>, StoreError> {
    let names = keys.iter().map(|id| Sight::Key(id.clone()).key()).collect();
    let found = store.tallies(names, now - REQUESTS - SLOT).await?;
    let of = |id: &KeyId| {
        let name = Sight::Key(id.clone()).key();
        let last = found.iter().filter(|tally| tally.key == name).map(|tally| tally.slot + SLOT).max();
        KeyUse {
            id: id.clone(),
            codes_until: last.map(|last| last + MAX_CODE_LIFE),
            requests_until: last.map(|last| last + REQUESTS),
        }
    };
    Ok(keys.iter().map(of).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MemoryTallies;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    #[tokio::test]
    async fn receipts_are_known_for_a_day_and_on_all_instances() {
        let store = MemoryTallies::new();
        let (here, there) = (Sightings::default(), Sightings::default());
        let providers = ["fonnte", "twilio"];
        assert_eq!(there.receipts_known(&store, &providers, T0).await.unwrap(), [false, false]);
        let sight = Sight::Receipt("fonnte".to_owned());
        store.add_tallies(vec![here.note(&sight, T0).unwrap()]).await.unwrap();
        assert!(here.note(&sight, T0 + Duration::from_secs(1)).is_none(), "each receipt is written");
        let later = T0 + ASK_EVERY;
        let just_before = later - Duration::from_micros(1);
        let known = there.receipts_known(&store, &providers, just_before).await.unwrap();
        assert_eq!(known, [false, false], "every look asks the store");
        assert_eq!(there.receipts_known(&store, &providers, later).await.unwrap(), [true, false]);
        let next_day = T0 + KNOWN_FOR + SLOT;
        assert_eq!(there.receipts_known(&store, &providers, next_day).await.unwrap(), [false, false]);
    }

    #[test]
    fn what_could_not_be_written_is_noted_again() {
        let watch = Sightings::default();
        let sight = Sight::Key(KeyId::from_stored("old"));
        assert!(watch.note(&sight, T0).is_some() && watch.is_noted(&sight, T0));
        watch.forget(&sight);
        assert!(!watch.is_noted(&sight, T0) && watch.note(&sight, T0).is_some());
    }

    #[tokio::test]
    async fn a_key_is_needed_until_its_last_code_is_dead() {
        let store = MemoryTallies::new();
        let watch = Sightings::default();
        let (old, unused) = (KeyId::from_stored("old"), KeyId::from_stored("unused"));
        store.add_tallies(vec![watch.note(&Sight::Key(old.clone()), T0).unwrap()]).await.unwrap();
        let later = T0 + Duration::from_secs(700);
        store.add_tallies(vec![watch.note(&Sight::Key(old.clone()), later).unwrap()]).await.unwrap();
        let uses = key_uses(&store, &[old, unused], later).await.unwrap();
        // The codes of the slot from 600 to 900 s live ten minutes more at the most.
        assert_eq!(uses[0].codes_until, Some(T0 + Duration::from_secs(900) + MAX_CODE_LIFE));
        assert!(!uses[0].may_go(later) && uses[1].may_go(later));
        assert!(!uses[0].may_go(T0 + Duration::from_secs(900) + REQUESTS - SLOT));
        assert!(uses[0].may_go(T0 + Duration::from_secs(900) + REQUESTS));
        // Until then it is also read, and no longer.
        let last = T0 + Duration::from_secs(900) + REQUESTS - Duration::from_micros(1);
        let uses = key_uses(&store, &[KeyId::from_stored("old")], last).await.unwrap();
        assert!(!uses[0].may_go(last), "a key goes while it is needed");
    }
}
