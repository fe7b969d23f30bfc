//! The time of a shared store, as the clock of every instance.
//!
//! Instances that share a store must agree on the time: a code that one of them made is judged by another. So their
//! clock is the store's. It is asked at the start and every 30 s; in between this machine's monotonic clock goes on
//! from the last answer, so that nobody waits for the store to know the time.
//!
//! # Unexplained skew
//!
//! An answer is true for some moment while it was under way, so half the round trip is an error that explains itself.
//! What is left is skew that nothing explains: between the store's clock and this machine's wall clock, and between
//! the store's clock and what was expected from its last answer. More than 2 s of either means that somebody's clock
//! is wrong, or was set, or that this machine slept; the probe `clock` fails until an answer agrees again. Until then
//! the store is asked every 5 s, and its time is used all the same.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};
use wartel_core::{Clock, Probe, ProbeFailure, ProbeFailureKind, StoreError, SystemClock, Timestamp};

/// How often the store is asked for its time.
pub const MEASURE_EVERY: Duration = Duration::from_secs(30);

/// How much unexplained skew is borne.
pub const MAX_SKEW: Duration = Duration::from_secs(2);

/// How often the store is asked while the skew is too large, or after it did not answer.
const MEASURE_AGAIN: Duration = Duration::from_secs(5);

/// How often this machine's two clocks are compared, which costs nothing.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// An answer that took longer than this is asked for again.
const SLOW: Duration = Duration::from_millis(100);

/// How often the store is asked at the most to get a quick answer.
const TRIES: usize = 3;

/// What time it was in the store, and when.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    time: Timestamp,
    /// The middle of the round trip.
    taken: Instant,
    round_trip: Duration,
}

impl Reading {
    /// The store answered `time`; the question was sent at `asked` and the answer was there at `answered`.
    #[must_use]
    pub fn new(time: Timestamp, asked: Instant, answered: Instant) -> Self {
        let round_trip = answered.saturating_duration_since(asked);
        Self { time, taken: asked + round_trip / 2, round_trip }
    }
}

/// A store that can be asked what time it is.
#[async_trait::async_trait]
pub trait TimeSource: fmt::Debug + Send + Sync + 'static {
    /// Asks the store for its time.
    ///
    /// # Errors
    /// [`StoreError`] if it does not answer.
    async fn read_time(&self) -> Result<Reading, StoreError>;
}

/// The store's clock. Clones are the same clock.
///
/// # Behavior
/// - It never goes back by less than [`MAX_SKEW`]: it stands still until the time has come. Only if the store's clock
///   itself is set back by more, it follows.
/// - While the store does not answer it goes on by itself.
#[derive(Debug, Clone)]
pub struct StoreClock {
    shared: Arc<Shared>,
}

/// Asks the store for its time again and again: see [`run`](Self::run).
#[derive(Debug)]
#[must_use = "without it the clock goes on from its first answer alone"]
pub struct StoreClockTask {
    clock: StoreClock,
    source: Arc<dyn TimeSource>,
}

#[derive(Debug)]
struct Shared {
    wall: Arc<dyn Clock>,
    hands: Mutex<Hands>,
}

#[derive(Debug)]
struct Hands {
    reading: Reading,
    /// What this machine's wall clock showed when the reading was taken.
    wall: Timestamp,
    skew: Option<Skew>,
    /// The latest instant that was given out.
    shown: Timestamp,
}

/// Unexplained skew of more than [`MAX_SKEW`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Skew {
    /// The store's clock and this machine's differ by so many microseconds; more than zero if this machine is behind.
    Apart(i64),
    /// The store's clock was set by so many microseconds.
    Jumped(i64),
    /// This machine's wall clock was set, or the machine slept, by so many microseconds.
    Local(i64),
}

impl StoreClock {
    /// Asks the store for its time, and gives the clock and the task that keeps it right.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn start(source: Arc<dyn TimeSource>) -> Result<(Self, StoreClockTask), StoreError> {
        Self::start_beside(source, Arc::new(SystemClock)).await
    }

    /// As [`start`](Self::start), with another wall clock than the operating system's to compare with.
    ///
    /// # Errors
    /// [`StoreError`] if the store does not answer.
    pub async fn start_beside(
        source: Arc<dyn TimeSource>,
        wall: Arc<dyn Clock>,
    ) -> Result<(Self, StoreClockTask), StoreError> {
        let reading = read(source.as_ref()).await?;
        let at_reading = wall_at(wall.as_ref(), &reading);
        let skew = too_large(difference(reading.time, at_reading), &reading).map(Skew::Apart);
        let hands = Hands { reading, wall: at_reading, skew, shown: reading.time };
        let clock = Self { shared: Arc::new(Shared { wall, hands: Mutex::new(hands) }) };
        complain(skew);
        let task = StoreClockTask { clock: clock.clone(), source };
        Ok((clock, task))
    }

    fn take(&self, reading: Reading) {
        let wall = wall_at(self.shared.wall.as_ref(), &reading);
        let mut hands = self.shared.lock();
        let expected = hands.time_at(reading.taken);
        let apart = difference(reading.time, wall);
        let jumped = difference(reading.time, expected);
        let skew = too_large(apart, &reading)
            .map(Skew::Apart)
            .or_else(|| too_large(jumped, &reading).map(Skew::Jumped));
        if skew.is_some() && hands.skew.is_none() {
            complain(skew);
        }
        *hands = Hands { reading, wall, skew, shown: hands.shown };
    }

    /// The skew that the last answer showed, or that this machine's clocks show since.
    fn skew(&self) -> Option<Skew> {
        let wall = self.shared.wall.now();
        let hands = self.shared.lock();
        let drift = difference(wall, hands.wall + hands.reading.taken.elapsed());
        let set = (drift.unsigned_abs() > micros(MAX_SKEW)).then_some(Skew::Local(drift));
        hands.skew.or(set)
    }
}

impl StoreClockTask {
    /// Asks the store every 30 s until `shutdown` ends; every 5 s while the skew is too large or it does not answer,
    /// and at once when this machine's own clocks disagree.
    pub async fn run(self, shutdown: impl Future<Output = ()> + Send) {
        tokio::select! {
            () = shutdown => {}
            () = self.measure() => {}
        }
    }

    async fn measure(&self) {
        let next = |soon: bool| Instant::now() + if soon { MEASURE_AGAIN } else { MEASURE_EVERY };
        let mut due = next(self.clock.skew().is_some());
        let mut drifted = false;
        let mut silent = false;
        loop {
            sleep(LOOK_EVERY).await;
            // Only when it begins: if the store cannot answer, there is no use in asking it every second.
            let drifts = matches!(self.clock.skew(), Some(Skew::Local(_)));
            let asks = Instant::now() >= due || (drifts && !drifted);
            drifted = drifts;
            if !asks {
                continue;
            }
            let answered = match read(self.source.as_ref()).await {
                Ok(reading) => {
                    self.clock.take(reading);
                    true
                }
                Err(error) => {
                    if !silent {
                        tracing::warn!(
                            error = &error as &dyn std::error::Error,
                            "the store cannot be asked for its time; the clock goes on by itself"
                        );
                    }
                    false
                }
            };
            silent = !answered;
            due = next(!answered || self.clock.skew().is_some());
        }
    }
}

impl Clock for StoreClock {
    fn now(&self) -> Timestamp {
        let mut hands = self.shared.lock();
        let time = hands.time_at(Instant::now());
        // A store whose clock was set back for good is followed; a correction of it is waited for.
        if hands.shown.since(time) <= MAX_SKEW {
            hands.shown = hands.shown.max(time);
        } else {
            hands.shown = time;
        }
        hands.shown
    }
}

#[async_trait::async_trait]
impl Probe for StoreClock {
    /// `clock`.
    fn name(&self) -> &'static str {
        "clock"
    }

    /// Fails while there is more than [`MAX_SKEW`] of unexplained skew. Asks nobody.
    async fn probe(&self) -> Result<(), ProbeFailure> {
        match self.skew() {
            None => Ok(()),
            Some(skew) => Err(ProbeFailure::new(ProbeFailureKind::Unavailable, skew.to_string())),
        }
    }
}

impl fmt::Display for Skew {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Apart(micros) | Self::Jumped(micros) | Self::Local(micros)) = *self;
        let tenths = micros.unsigned_abs() / 100_000;
        let span = format!("{}.{} s", tenths / 10, tenths % 10);
        match self {
            Self::Apart(micros) => {
                let side = if *micros > 0 { "behind" } else { "ahead of" };
                write!(f, "this machine's clock is {span} {side} the store's: synchronise both (NTP)")
            }
            Self::Jumped(_) => write!(f, "the store's clock was set by {span}: synchronise it (NTP)"),
            Self::Local(_) => write!(f, "this machine's clock was set by {span}, or the machine slept"),
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Hands> {
        // Nothing panics between two changes of the hands.
        self.hands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hands {
    fn time_at(&self, instant: Instant) -> Timestamp {
        match instant.checked_duration_since(self.reading.taken) {
            Some(later) => self.reading.time + later,
            None => self.reading.time - self.reading.taken.saturating_duration_since(instant),
        }
    }
}

/// The quickest of a few answers; one is enough if it is quick.
async fn read(source: &dyn TimeSource) -> Result<Reading, StoreError> {
    let mut best = source.read_time().await?;
    for _ in 1..TRIES {
        if best.round_trip <= SLOW {
            break;
        }
        // A store that answered once and does not now has still answered.
        let Ok(reading) = source.read_time().await else { break };
        if reading.round_trip < best.round_trip {
            best = reading;
        }
    }
    Ok(best)
}

/// What the wall clock showed when a reading was taken.
fn wall_at(wall: &dyn Clock, reading: &Reading) -> Timestamp {
    let shown = wall.now();
    shown - reading.taken.elapsed()
}

/// The difference, if it is more than the round trip and [`MAX_SKEW`] explain.
fn too_large(difference: i64, reading: &Reading) -> Option<i64> {
    (difference.unsigned_abs() > micros(MAX_SKEW + reading.round_trip / 2)).then_some(difference)
}

fn difference(one: Timestamp, other: Timestamp) -> i64 {
    one.as_micros().saturating_sub(other.as_micros())
}

fn micros(span: Duration) -> u64 {
    u64::try_from(span.as_micros()).unwrap_or(u64::MAX)
}

fn complain(skew: Option<Skew>) {
    if let Some(skew) = skew {
        tracing::error!(%skew, "the clocks disagree");
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

    use wartel_core::{ManualClock, StoreErrorKind};

    use super::*;

    /// A store whose clock is moved by hand, and goes on with the runtime's time.
    #[derive(Debug)]
    struct FakeStore {
        start: Instant,
        time: ManualClock,
        away: AtomicBool,
        asked: AtomicU32,
        round_trip: Duration,
    }

    #[async_trait::async_trait]
    impl TimeSource for FakeStore {
        async fn read_time(&self) -> Result<Reading, StoreError> {
            self.asked.fetch_add(1, Ordering::Relaxed);
            if self.away.load(Ordering::Relaxed) {
                return Err(StoreError::new(StoreErrorKind::Unavailable, "fake.time"));
            }
            let asked = Instant::now();
            sleep(self.round_trip / 2).await;
            let time = self.time.now() + self.start.elapsed();
            sleep(self.round_trip / 2).await;
            Ok(Reading::new(time, asked, Instant::now()))
        }
    }

    /// A wall clock that goes with the runtime's time and can be set.
    #[derive(Debug, Clone)]
    struct Wall {
        start: Instant,
        time: ManualClock,
    }

    impl Clock for Wall {
        fn now(&self) -> Timestamp {
            self.time.now() + self.start.elapsed()
        }
    }

    struct Scene {
        store: Arc<FakeStore>,
        wall: Wall,
        clock: StoreClock,
    }

    async fn scene(behind: Duration, round_trip: Duration) -> Scene {
        let start = Instant::now();
        let wall = Wall { start, time: ManualClock::default() };
        let store = FakeStore {
            start,
            time: ManualClock::default(),
            away: AtomicBool::new(false),
            asked: AtomicU32::new(0),
            round_trip,
        };
        store.time.advance(behind);
        let store = Arc::new(store);
        let (clock, task) = StoreClock::start_beside(store.clone(), Arc::new(wall.clone())).await.unwrap();
        tokio::spawn(task.run(std::future::pending()));
        Scene { store, wall, clock }
    }

    impl Scene {
        async fn reason(&self) -> Option<String> {
            self.clock.probe().await.err().map(|failure| failure.reason().to_owned())
        }

        fn stores_time(&self) -> Timestamp {
            self.store.time.now() + self.store.start.elapsed()
        }
    }

    const QUICK: Duration = Duration::from_millis(2);

    #[tokio::test(start_paused = true)]
    async fn the_time_is_the_stores() {
        let scene = scene(Duration::from_millis(1_500), QUICK).await;
        assert_eq!(scene.clock.now(), scene.stores_time());
        sleep(Duration::from_secs(90)).await;
        assert_eq!(scene.clock.now(), scene.stores_time());
        assert_eq!(scene.reason().await, None);
        assert_eq!(scene.store.asked.load(Ordering::Relaxed), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_machine_whose_clock_is_wrong_is_not_ready_but_knows_the_time() {
        let scene = scene(Duration::from_millis(7_300), QUICK).await;
        let reason = scene.reason().await.unwrap();
        assert_eq!(reason, "this machine's clock is 7.3 s behind the store's: synchronise both (NTP)");
        assert_eq!(scene.clock.now(), scene.stores_time());
        scene.wall.time.advance(Duration::from_millis(7_300));
        sleep(Duration::from_secs(7)).await;
        assert_eq!(scene.reason().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_round_trip_explains_half_of_itself() {
        // It could be 2.9 s, of which the round trip explains one.
        let scene = scene(Duration::from_millis(2_900), Duration::from_secs(2)).await;
        assert_eq!(scene.reason().await, None);
        assert_eq!(scene.store.asked.load(Ordering::Relaxed), 3, "slow answers are asked for again");
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_whose_clock_was_set_is_followed_and_told_of() {
        let scene = scene(Duration::ZERO, QUICK).await;
        // Both are set, so that only the expectation tells.
        scene.store.time.advance(Duration::from_secs(60));
        scene.wall.time.advance(Duration::from_secs(60));
        sleep(LOOK_EVERY * 2).await;
        assert_eq!(
            scene.reason().await.unwrap(),
            "the store's clock was set by 60.0 s: synchronise it (NTP)"
        );
        assert_eq!(scene.clock.now(), scene.stores_time());
        // The next answer is as expected.
        sleep(Duration::from_secs(7)).await;
        assert_eq!(scene.reason().await, None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_wall_clock_that_jumps_is_seen_at_once() {
        let scene = scene(Duration::ZERO, QUICK).await;
        scene.store.away.store(true, Ordering::Relaxed);
        let before = scene.clock.now();
        scene.wall.time.advance(Duration::from_secs(3));
        assert_eq!(
            scene.reason().await.unwrap(),
            "this machine's clock was set by 3.0 s, or the machine slept"
        );
        assert_eq!(scene.clock.now(), before, "the time is not the wall clock's");
    }

    #[tokio::test(start_paused = true)]
    async fn it_stands_still_rather_than_go_back_and_goes_on_without_the_store() {
        let scene = scene(Duration::ZERO, QUICK).await;
        let before = scene.clock.now();
        scene.store.time.set(scene.store.time.now() - Duration::from_millis(1_500));
        sleep(Duration::from_secs(29)).await;
        let expected = scene.clock.now();
        assert_eq!(expected, before + Duration::from_secs(29));
        sleep(Duration::from_secs(1) + QUICK).await;
        let held = scene.clock.now();
        assert!(held >= expected && held > scene.stores_time(), "it does not go back");
        sleep(Duration::from_secs(2)).await;
        assert_eq!(scene.clock.now(), scene.stores_time());
        scene.store.away.store(true, Ordering::Relaxed);
        sleep(Duration::from_secs(600)).await;
        assert_eq!(scene.clock.now(), scene.stores_time());
        assert_eq!(scene.reason().await, None);
        // Set back for good, it is followed.
        scene.store.away.store(false, Ordering::Relaxed);
        scene.store.time.set(scene.store.time.now() - Duration::from_secs(100));
        sleep(Duration::from_secs(31)).await;
        assert_eq!(scene.clock.now(), scene.stores_time());
    }
}
