//! Turns at a steady pace: the generic cell rate algorithm, ITU-T I.371.

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;

/// How many recipients are remembered at the most; beyond it those are forgotten whose turn is longest over.
const MAX_KEYS: usize = 100_000;

/// One turn in every `interval`, of which some may be taken at once after a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    interval: Duration,
    burst: NonZeroU32,
}

impl Pace {
    /// One message in every `interval`.
    #[must_use]
    pub const fn every(interval: Duration) -> Self {
        Self { interval, burst: NonZeroU32::MIN }
    }

    /// So many messages per second, evenly spaced.
    #[must_use]
    pub fn per_second(rate: NonZeroU32) -> Self {
        Self::every(Duration::from_secs(1) / rate.get())
    }

    /// With another number of messages that may go at once after a pause. Default: 1.
    #[must_use]
    pub const fn with_burst(mut self, burst: NonZeroU32) -> Self {
        self.burst = burst;
        self
    }

    fn tolerance(self) -> Duration {
        self.interval.saturating_mul(self.burst.get() - 1)
    }

    /// How long whoever comes now waits, if the turns up to `taken_until` are given away.
    fn wait(self, taken_until: Option<Instant>, now: Instant) -> Duration {
        let from = taken_until.map_or(now, |until| until.max(now));
        from.saturating_duration_since(now).saturating_sub(self.tolerance())
    }

    /// Up to when the turns are given away once another one is taken.
    fn take(self, taken_until: Option<Instant>, now: Instant) -> Option<Instant> {
        taken_until.map_or(now, |until| until.max(now)).checked_add(self.interval)
    }
}

/// The turns of one account and of each of its recipients. Recipients are kept as hashes of a random key.
#[derive(Debug, Default)]
pub(super) struct Turns {
    account: Option<Instant>,
    recipients: HashMap<u64, Instant>,
    hasher: RandomState,
}

impl Turns {
    /// Takes a turn of the account and one of the recipient, and says how long to wait for both; or takes none and says
    /// how long it would have been.
    pub(super) fn take(
        &mut self,
        account: Option<Pace>,
        recipient: Option<(Pace, &str)>,
        max_wait: Duration,
        now: Instant,
    ) -> Result<Duration, Duration> {
        let keyed = recipient.map(|(pace, who)| (pace, self.hasher.hash_one(who)));
        let own = |key: &u64| self.recipients.get(key).copied();
        let wait = account.map_or(Duration::ZERO, |pace| pace.wait(self.account, now));
        let wait = wait.max(keyed.map_or(Duration::ZERO, |(pace, key)| pace.wait(own(&key), now)));
        if wait > max_wait {
            return Err(wait);
        }
        if let Some(pace) = account {
            self.account = pace.take(self.account, now);
        }
        if let Some((pace, key)) = keyed {
            self.make_room(pace, now);
            let until = pace.take(self.recipients.get(&key).copied(), now);
            until.map(|until| self.recipients.insert(key, until));
        }
        Ok(wait)
    }

    /// Forgets recipients whose turns are over; if they all still count, those that are over first.
    fn make_room(&mut self, pace: Pace, now: Instant) {
        if self.recipients.len() < MAX_KEYS {
            return;
        }
        self.recipients.retain(|_, until| *until > now);
        let Some(over) = self.recipients.len().checked_sub(MAX_KEYS / 2) else { return };
        let soon = now.checked_add(pace.interval.saturating_mul(pace.burst.get()) / 2).unwrap_or(now);
        let mut left = over;
        self.recipients.retain(|_, until| {
            let forget = left > 0 && *until < soon;
            left -= usize::from(forget);
            !forget
        });
        // All of them have a long wait: rather none of them than a list without end.
        if self.recipients.len() >= MAX_KEYS {
            self.recipients.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn six_seconds() -> Pace {
        Pace::every(Duration::from_secs(6))
    }

    #[tokio::test(start_paused = true)]
    async fn recipients_wait_for_themselves_only() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let long = Duration::from_secs(60);
        let mut wait = |who| turns.take(None, Some((six_seconds(), who)), long, now);
        assert_eq!(wait("a"), Ok(Duration::ZERO));
        assert_eq!(wait("b"), Ok(Duration::ZERO));
        assert_eq!(wait("a"), Ok(Duration::from_secs(6)));
        assert_eq!(wait("a"), Ok(Duration::from_secs(12)));
    }

    #[tokio::test(start_paused = true)]
    async fn who_is_refused_takes_no_turn_of_anybody() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let account = Some(Pace::every(Duration::from_secs(1)));
        let mut take = |who| turns.take(account, Some((six_seconds(), who)), Duration::from_secs(2), now);
        assert_eq!(take("a"), Ok(Duration::ZERO));
        assert_eq!(take("a"), Err(Duration::from_secs(6)));
        assert_eq!(take("b"), Ok(Duration::from_secs(1)));
        assert_eq!(take("c"), Ok(Duration::from_secs(2)));
        assert_eq!(take("d"), Err(Duration::from_secs(3)));
    }

    #[tokio::test(start_paused = true)]
    async fn recipients_are_forgotten_in_time() {
        let (mut turns, now) = (Turns::default(), Instant::now());
        let mut take = |who: usize, now| {
            let who = who.to_string();
            turns.take(None, Some((six_seconds(), &who)), Duration::from_secs(60), now).unwrap();
            turns.recipients.len()
        };
        for who in 0..MAX_KEYS {
            assert!(take(who, now) <= MAX_KEYS);
        }
        assert!(take(MAX_KEYS, now + Duration::from_secs(7)) == 1);
        for who in 0..MAX_KEYS * 2 {
            assert!(take(who, now + Duration::from_secs(8)) <= MAX_KEYS);
        }
    }
}
