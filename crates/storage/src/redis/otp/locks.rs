//! Steps of this process on one phone, one after the other.
//!
//! Nothing depends on it but speed: of many steps that meet on one phone, all but one would be run for nothing. Whoever
//! was before hands on what stands there now. That is as good as reading it, for everybody who was already waiting.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

type Queue = Arc<tokio::sync::Mutex<Option<Known>>>;
type Queues = Mutex<HashMap<String, Queue>>;

/// What stood under a key, and when.
struct Known {
    /// Before it was asked for or written.
    at: Instant,
    value: Option<Vec<u8>>,
}

/// A lock for each name that somebody holds or waits for. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Locks {
    queues: Arc<Queues>,
}

/// A lock that is held.
pub(super) struct Held {
    // Let go of before its place is given up.
    known: OwnedMutexGuard<Option<Known>>,
    place: Place,
}

/// A place in a queue.
struct Place {
    queues: Arc<Queues>,
    name: String,
    queue: Queue,
}

impl Locks {
    /// Waits for a name; `None` if the time is over.
    pub(super) async fn hold(&self, name: &str, deadline: Instant) -> Option<Held> {
        let queue = Arc::clone(lock(&self.queues).entry(name.to_owned()).or_default());
        let place = Place { queues: Arc::clone(&self.queues), name: name.to_owned(), queue };
        let known = timeout_at(deadline, Arc::clone(&place.queue).lock_owned()).await.ok()?;
        Some(Held { known, place })
    }
}

impl Held {
    pub(super) fn name(&self) -> &str {
        &self.place.name
    }

    /// What stood there at some instant since `since`, if whoever was before knew.
    pub(super) fn known_since(&self, since: Instant) -> Option<Option<Vec<u8>>> {
        self.known.as_ref().filter(|known| known.at >= since).map(|known| known.value.clone())
    }

    /// Hands on what stands there, as it was asked for or written at `at`.
    pub(super) fn hand_on(&mut self, at: Instant, value: Option<Vec<u8>>) {
        *self.known = Some(Known { at, value });
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut queues = lock(&self.queues);
        // The map's and this one: places are taken under the same lock, so nobody is about to come.
        if Arc::strong_count(&self.queue) <= 2 {
            queues.remove(&self.name);
        }
    }
}

fn lock(queues: &Queues) -> MutexGuard<'_, HashMap<String, Queue>> {
    // Nothing panics while it is held.
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[tokio::test(start_paused = true)]
    async fn one_holds_and_nothing_is_left() {
        let locks = Locks::default();
        let soon = || Instant::now() + Duration::from_millis(10);
        let held = locks.hold("a", soon()).await.unwrap();
        assert!(locks.hold("b", soon()).await.is_some(), "another name waits");
        assert!(locks.hold("a", soon()).await.is_none(), "two hold one name");
        assert_eq!(lock(&locks.queues).len(), 1);
        drop(held);
        assert!(lock(&locks.queues).is_empty());
        assert!(locks.hold("a", soon()).await.is_some());
        assert!(lock(&locks.queues).is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_known_is_handed_on_to_those_who_waited() {
        let locks = Locks::default();
        let begun = Instant::now();
        let deadline = begun + Duration::from_secs(9);
        let mut held = locks.hold("a", deadline).await.unwrap();
        assert_eq!(held.known_since(begun), None);
        let next = tokio::spawn({
            let locks = locks.clone();
            async move { locks.hold("a", deadline).await.unwrap() }
        });
        tokio::time::sleep(Duration::from_secs(1)).await;
        held.hand_on(Instant::now(), Some(b"new".to_vec()));
        drop(held);
        let held = next.await.unwrap();
        assert_eq!(held.known_since(begun), Some(Some(b"new".to_vec())));
        // Whoever came later must look: it may have changed in between.
        assert_eq!(held.known_since(begun + Duration::from_secs(2)), None);
        drop(held);
        assert_eq!(locks.hold("a", deadline).await.unwrap().known_since(begun), None);
    }
}
