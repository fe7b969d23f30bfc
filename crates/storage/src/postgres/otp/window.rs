//! A budget that many phones share, in memory: an exact sliding window of which only the needed part was read.

use std::collections::VecDeque;

use wartel_core::Timestamp;
use wartel_otp::Rate;

/// A budget of at most this many keeps its events in its own row. The events of larger ones are rows, so that a
/// charge writes one of them and not all.
pub(super) const IN_ROW: u32 = 1_024;

/// Where the events of a budget are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Home {
    /// Nowhere yet.
    Nothing,
    /// In the row of the budget.
    Row,
    /// In rows of their own.
    Rows,
}

/// Does what [`Counter`](wartel_otp::ledger::Counter) does: a budget of `max` is spent if and only if the `max`-th
/// latest event is still in the window, and what falls out of the `max` latest is forgotten. Events have numbers.
#[derive(Debug, Clone)]
pub(super) struct Window {
    home: Home,
    last_seq: i64,
    latest_at: i64,
    /// The latest events, oldest first; the last one has the number `last_seq`.
    recent: VecDeque<i64>,
    /// Every event with this number or a later one is in `recent`, if there is one.
    complete_from: i64,
    /// Older events that were read on their own: the first number, and what was found from there on.
    older: Vec<(i64, Vec<Option<i64>>)>,
    /// Events with this number or an earlier one are forgotten.
    floor: i64,
    /// How many of `recent` are new, and the budget's numbers at the latest charge.
    charged: Option<Charged>,
}

#[derive(Debug, Clone, Copy)]
struct Charged {
    events: i64,
    max: u32,
    window: i64,
}

/// What the window knows of an event.
enum Known {
    At(i64),
    Nothing,
    NotRead,
}

/// The part of the window that is needed was not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct NotRead;

/// What has to be written of a budget.
pub(super) struct Head {
    pub(super) is_new: bool,
    pub(super) last_seq: i64,
    pub(super) latest_at: i64,
    /// `None` if the events are rows of their own.
    pub(super) recent: Option<Vec<u8>>,
    pub(super) window: i64,
    /// Rows with this number or an earlier one go; `None` if there are none.
    pub(super) delete_up_to: Option<i64>,
    /// New rows.
    pub(super) rows: Vec<(i64, i64)>,
}

impl Window {
    /// A budget that was never charged.
    pub(super) const fn empty() -> Self {
        Self {
            home: Home::Nothing,
            last_seq: 0,
            latest_at: i64::MIN,
            recent: VecDeque::new(),
            complete_from: i64::MIN,
            older: Vec::new(),
            floor: 0,
            charged: None,
        }
    }

    /// A budget as its row says. Without `recent` its events are rows, of which nothing was read yet.
    pub(super) fn stored(last_seq: i64, latest_at: i64, recent: Option<&[u8]>) -> Self {
        let (home, complete_from) = match recent {
            Some(_) => (Home::Row, i64::MIN),
            None => (Home::Rows, last_seq.saturating_add(1)),
        };
        let recent = recent.map(|bytes| decode(bytes, latest_at)).unwrap_or_default();
        Self { home, last_seq, latest_at, recent, complete_from, ..Self::empty() }
    }

    /// Which events have to be read for a budget of `max` that is charged at most `times`; `None` if none.
    pub(super) fn needs(&self, max: u32, times: usize) -> Option<(i64, i64)> {
        if self.home != Home::Rows {
            return None;
        }
        if max <= IN_ROW {
            return Some((self.last_seq.saturating_sub(i64::from(IN_ROW)).saturating_add(1), self.last_seq));
        }
        let first = self.last_seq.saturating_sub(i64::from(max)).saturating_add(1);
        let times = i64::try_from(times).unwrap_or(i64::MAX);
        Some((first, first.saturating_add(times).min(self.last_seq)))
    }

    /// Adds events that were read, all between two numbers, oldest first.
    pub(super) fn add(&mut self, (first, last): (i64, i64), events: &[(i64, i64)]) {
        if last == self.last_seq && self.charged.is_none() && first < self.complete_from {
            // The latest ones, without a gap: rows go from the oldest on.
            self.recent = events.iter().map(|(_, at)| *at).collect();
            self.complete_from = first;
            return;
        }
        let found = (first..=last)
            .map(|seq| events.iter().find(|(event, _)| *event == seq).map(|(_, at)| *at))
            .collect();
        self.older.push((first, found));
    }

    pub(super) fn refuses_until(&self, rate: Rate, now: Timestamp) -> Result<Option<Timestamp>, NotRead> {
        let seq = self.last_seq.saturating_sub(i64::from(rate.max)).saturating_add(1);
        match self.event(seq) {
            Known::At(at) => Ok(Some(Timestamp::from_micros(at) + rate.window).filter(|until| *until > now)),
            Known::Nothing => Ok(None),
            Known::NotRead => Err(NotRead),
        }
    }

    /// Counts one event and answers the instant under which it counts.
    pub(super) fn charge(&mut self, rate: Rate, now: Timestamp) -> Result<Timestamp, NotRead> {
        let oldest_kept = self.last_seq.saturating_sub(i64::from(rate.max)).saturating_add(2);
        if rate.max <= IN_ROW && oldest_kept < self.complete_from {
            return Err(NotRead);
        }
        // A clock that steps back renews nothing.
        self.latest_at = self.latest_at.max(now.as_micros());
        self.last_seq = self.last_seq.saturating_add(1);
        self.recent.push_back(self.latest_at);
        self.floor = self.floor.max(self.last_seq.saturating_sub(i64::from(rate.max)));
        if rate.max <= IN_ROW {
            while self.recent.len() > usize::try_from(rate.max).unwrap_or(usize::MAX) {
                self.recent.pop_front();
            }
        }
        self.changes(rate, 1);
        Ok(Timestamp::from_micros(self.latest_at))
    }

    /// Takes back one event that was counted under exactly `at`. Budgets that are taken back are small, so their
    /// events are in their row; what rows of a larger policy of the past hold runs out by itself.
    pub(super) fn release(&mut self, rate: Rate, at: Timestamp) {
        if self.home != Home::Rows
            && let Some(place) = self.recent.iter().rposition(|counted| *counted == at.as_micros())
        {
            self.recent.remove(place);
            self.changes(rate, 0);
        }
    }

    /// Notes that the budget has to be written, with so many new events.
    fn changes(&mut self, rate: Rate, new: i64) {
        let events = self.charged.map_or(0, |charged| charged.events).saturating_add(new);
        let window = i64::try_from(rate.window.as_micros()).unwrap_or(i64::MAX);
        self.charged = Some(Charged { events, max: rate.max, window });
    }

    /// What has to be written; `None` if nothing was charged.
    pub(super) fn head(&self) -> Option<Head> {
        let charged = self.charged?;
        let numbered = (self.recent_from()..).zip(self.recent.iter().copied());
        let kept = numbered.filter(|(seq, _)| *seq > self.floor);
        let in_row = charged.max <= IN_ROW;
        let (recent, rows) = if in_row {
            let latest: Vec<i64> = kept.map(|(_, at)| at).collect();
            (Some(encode(latest.into_iter().rev(), self.latest_at)), Vec::new())
        } else {
            let written = match self.home {
                Home::Rows => self.last_seq.saturating_sub(charged.events),
                Home::Nothing | Home::Row => i64::MIN,
            };
            (None, kept.filter(|(seq, _)| *seq > written).collect())
        };
        let delete_up_to = match self.home {
            Home::Rows if in_row => Some(i64::MAX),
            Home::Rows => Some(self.floor),
            Home::Nothing | Home::Row => None,
        };
        Some(Head {
            is_new: self.home == Home::Nothing,
            last_seq: self.last_seq,
            latest_at: self.latest_at,
            recent,
            window: charged.window,
            delete_up_to,
            rows,
        })
    }

    /// The number of the first of `recent`.
    fn recent_from(&self) -> i64 {
        self.last_seq.saturating_sub(i64::try_from(self.recent.len()).unwrap_or(i64::MAX)).saturating_add(1)
    }

    fn event(&self, seq: i64) -> Known {
        if seq <= self.floor || seq > self.last_seq {
            return Known::Nothing;
        }
        let from = self.recent_from();
        if seq >= from {
            let index = usize::try_from(seq.saturating_sub(from)).ok();
            return index
                .and_then(|index| self.recent.get(index))
                .map_or(Known::Nothing, |at| Known::At(*at));
        }
        if seq >= self.complete_from {
            return Known::Nothing;
        }
        let found = self.older.iter().find_map(|(first, events)| {
            usize::try_from(seq.checked_sub(*first)?).ok().and_then(|index| events.get(index))
        });
        match found {
            Some(Some(at)) => Known::At(*at),
            Some(None) => Known::Nothing,
            None => Known::NotRead,
        }
    }
}

/// The distances of events, the latest first, each from the one before it (the first from `latest_at`): seven bits
/// in a byte, the lowest first, with the eighth bit where more follow. A second is three bytes, so that the row of
/// an ordinary budget stays small.
fn encode(latest_first: impl Iterator<Item = i64>, latest_at: i64) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut later = latest_at;
    for at in latest_first {
        let mut distance = later.saturating_sub(at).max(0).unsigned_abs();
        later = at;
        while distance >= 0x80 {
            bytes.push(u8::try_from(distance & 0x7f).unwrap_or_default() | 0x80);
            distance >>= 7;
        }
        bytes.push(u8::try_from(distance).unwrap_or_default());
    }
    bytes
}

fn decode(bytes: &[u8], latest_at: i64) -> VecDeque<i64> {
    let mut events = VecDeque::new();
    let mut at = latest_at;
    let (mut distance, mut shift) = (0_u64, 0_u32);
    for byte in bytes {
        distance |= u64::from(byte & 0x7f).checked_shl(shift).unwrap_or_default();
        shift += 7;
        if byte & 0x80 == 0 {
            at = at.saturating_sub(i64::try_from(distance).unwrap_or(i64::MAX));
            events.push_front(at);
            (distance, shift) = (0, 0);
        }
    }
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;
    use std::time::Duration;
    use wartel_otp::ledger::Counter;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000) + Duration::from_secs(seconds)
    }

    /// The tables, as far as one budget goes.
    #[derive(Default)]
    struct Tables {
        row: Option<(i64, i64, Option<Vec<u8>>)>,
        rows: BTreeMap<i64, i64>,
    }

    impl Tables {
        fn load(&self, wanted: &[u32], times: usize) -> Window {
            let Some((last_seq, latest_at, recent)) = &self.row else { return Window::empty() };
            let mut window = Window::stored(*last_seq, *latest_at, recent.as_deref());
            for max in wanted {
                if let Some((first, last)) = window.needs(*max, times) {
                    let events: Vec<(i64, i64)> =
                        self.rows.range(first..=last).map(|(seq, at)| (*seq, *at)).collect();
                    window.add((first, last), &events);
                }
            }
            window
        }

        fn store(&mut self, window: &Window) {
            let Some(head) = window.head() else { return };
            assert_eq!(head.is_new, self.row.is_none());
            if let Some(up_to) = head.delete_up_to {
                self.rows.retain(|seq, _| *seq > up_to);
            }
            for (seq, at) in head.rows {
                assert!(self.rows.insert(seq, at).is_none(), "{seq} is written twice");
            }
            assert!(head.recent.is_none() || self.rows.is_empty());
            self.row = Some((head.last_seq, head.latest_at, head.recent));
        }
    }

    /// Charges whenever the model lets it, and compares each answer, through changes of the limit between the kinds
    /// of storage, with one to seven charges in a transaction.
    #[test]
    fn windows_and_the_model_agree_through_changes_of_the_limit() {
        let mut tables = Tables::default();
        let mut model = Counter::default();
        let mut refused = 0;
        let mut second = 0_u64;
        while second < 40_000 {
            let max =
                [3, 1_500, 900, 2_000, 1_024, 1_025, 5, 3_000][usize::try_from(second / 5_000).unwrap()];
            let rate = Rate::new(max, MINUTE * 40);
            let times = usize::try_from(second % 7).unwrap() + 1;
            let mut window = tables.load(&[max], times);
            for _ in 0..times {
                // The clock steps back now and then.
                let now = if second.is_multiple_of(97) { at(second.saturating_sub(30)) } else { at(second) };
                let until = model.refuses_until(rate, now);
                assert_eq!(window.refuses_until(rate, now), Ok(until), "at {second}");
                if until.is_none() {
                    model.charge(rate, now);
                    let counted = window.charge(rate, now).unwrap();
                    // Some are taken back at once, as a send that was not refused.
                    if max <= 5 && second.is_multiple_of(3) {
                        window.release(rate, counted);
                        model.release(counted);
                    }
                } else {
                    refused += 1;
                }
                second += 1;
            }
            tables.store(&window);
            assert!(tables.rows.len() <= 3_000);
        }
        assert!(refused > 5_000, "only {refused} refusals were compared");
    }

    #[test]
    fn two_limits_of_one_key_agree_with_the_model_in_one_transaction() {
        let mut tables = Tables::default();
        let mut model = Counter::default();
        let rates = [Rate::new(1_100, MINUTE * 30), Rate::new(10, MINUTE), Rate::new(2_000, MINUTE * 60)];
        for step in 0..6_000_u64 {
            let mut window = tables.load(&[1_100, 10, 2_000], 3);
            for (n, rate) in rates.into_iter().enumerate() {
                // The smallest is charged late, so that the others get their turn.
                if n == 1 && step % 2_500 != 2_499 {
                    continue;
                }
                let now = at(step);
                let until = model.refuses_until(rate, now);
                assert_eq!(window.refuses_until(rate, now), Ok(until), "at {step}, {n}");
                if until.is_none() {
                    model.charge(rate, now);
                    assert!(window.charge(rate, now).is_ok(), "at {step}, {n}");
                }
            }
            tables.store(&window);
        }
    }

    #[test]
    fn what_was_not_read_is_not_guessed() {
        let mut window = Window::stored(5_000, at(0).as_micros(), None);
        let large = Rate::new(2_000, MINUTE);
        assert_eq!(window.refuses_until(large, at(1)), Err(NotRead));
        assert_eq!(window.charge(Rate::new(5, MINUTE), at(1)), Err(NotRead));
        let range = window.needs(2_000, 1).unwrap();
        assert_eq!(range, (3_001, 3_002));
        window.add(range, &[(3_001, at(0).as_micros()), (3_002, at(0).as_micros())]);
        assert_eq!(window.refuses_until(large, at(1)), Ok(Some(at(60))));
    }

    #[test]
    fn instants_survive_their_encoding() {
        let latest = 1_767_225_600_000_000;
        for events in [vec![], vec![latest], vec![0, 1, 127, 128, 16_384, latest - 1, latest, latest]] {
            let bytes = encode(events.iter().rev().copied(), latest);
            assert_eq!(decode(&bytes, latest), events);
        }
        let second = encode([latest, latest - 1_000_000].into_iter(), latest);
        assert_eq!(second.len(), 4);
    }
}
