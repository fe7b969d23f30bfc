//! Budgets that many phones share: exact sliding windows that cost the same however large they are.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use wartel_core::{StoreError, Timestamp};
use wartel_otp::Budget;

use super::error::{At as _, unreadable};
use super::statements::Db;

/// How many rows the clean-up looks at in one go.
const CHUNK: usize = 256;

/// A budget of at most this many keeps its events in its own row, which is one page to write instead of three. The
/// events of larger ones are rows, so that a charge writes one of them and not all.
const IN_ROW: u32 = 64;

/// The budgets of one transaction.
///
/// Does what [`Counter`](wartel_otp::ledger::Counter) does: a budget of `max` is spent if and only if the `max`-th
/// latest event is still in the window, and what falls out of the `max` latest is deleted.
pub(super) struct Budgets<'a, 'c> {
    connection: &'a Db<'c>,
    /// What this transaction has read: a step asks a budget, then charges it.
    known: Vec<(String, Option<Head>)>,
}

/// The row of a budget.
#[derive(Clone)]
struct Head {
    last_seq: i64,
    latest_at: i64,
    /// The latest events, oldest first; `None` if they are rows.
    recent: Option<Vec<i64>>,
}

impl<'a, 'c> Budgets<'a, 'c> {
    pub(super) const fn new(connection: &'a Db<'c>) -> Self {
        Self { connection, known: Vec::new() }
    }

    pub(super) fn refuses_until(
        &mut self,
        budget: &Budget,
        now: Timestamp,
    ) -> Result<Option<Timestamp>, StoreError> {
        const STEP: &str = "otp.budget";
        let Some(head) = self.head(&budget.key)? else { return Ok(None) };
        let at = match &head.recent {
            Some(recent) => nth_latest(recent, budget.rate.max),
            None => {
                let seq = head.last_seq.saturating_sub(i64::from(budget.rate.max)).saturating_add(1);
                self.connection
                    .prepare_cached("SELECT at FROM wartel_otp_budget_events WHERE budget = ?1 AND seq = ?2")
                    .at(STEP)?
                    .query_row(params![budget.key, seq], |row| row.get(0))
                    .optional()
                    .at(STEP)?
            }
        };
        Ok(at.map(|at| Timestamp::from_micros(at) + budget.rate.window).filter(|until| *until > now))
    }

    /// Counts one event and answers the instant under which it counts.
    pub(super) fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError> {
        let before = self.head(&budget.key)?;
        let last_seq = before.as_ref().map_or(1, |head| head.last_seq.saturating_add(1));
        // A clock that steps back renews nothing.
        let latest_at = before.as_ref().map_or(now.as_micros(), |head| head.latest_at.max(now.as_micros()));
        let is_new = before.is_none();
        let in_row = before.and_then(|head| head.recent);
        let recent = if budget.rate.max <= IN_ROW {
            // Events that are rows come from a policy that allowed more.
            let mut recent =
                if is_new { Vec::new() } else { in_row.map_or_else(|| self.take_rows(budget), Ok)? };
            recent.push(latest_at);
            let surplus = recent.len().saturating_sub(usize::try_from(budget.rate.max).unwrap_or(usize::MAX));
            recent.drain(..surplus);
            Some(recent)
        } else {
            // Events in the row come from a policy that allowed fewer.
            for (seq, at) in (1..last_seq).rev().zip(in_row.iter().flatten().rev()) {
                self.write_row(budget, seq, *at)?;
            }
            self.write_row(budget, last_seq, latest_at)?;
            self.delete_rows_up_to(budget, last_seq.saturating_sub(i64::from(budget.rate.max)))?;
            None
        };
        self.write_head(budget, Head { last_seq, latest_at, recent }, is_new)?;
        Ok(Timestamp::from_micros(latest_at))
    }

    /// Takes back one event that was counted under exactly `at`. Budgets that are taken back are small, so their
    /// events are in their row; rows of a larger policy of the past run out by themselves.
    pub(super) fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError> {
        let Some(mut head) = self.head(&budget.key)? else { return Ok(()) };
        let Some(recent) = head.recent.as_mut() else { return Ok(()) };
        let Some(place) = recent.iter().rposition(|counted| *counted == at.as_micros()) else {
            return Ok(());
        };
        recent.remove(place);
        self.write_head(budget, head, false)
    }

    fn write_head(&mut self, budget: &Budget, head: Head, is_new: bool) -> Result<(), StoreError> {
        const STEP: &str = "otp.charge";
        let window = super::otp::micros(budget.rate.window);
        let recent: Option<Vec<u8>> =
            head.recent.as_ref().map(|recent| recent.iter().flat_map(|at| at.to_le_bytes()).collect());
        if is_new {
            let purge_at = head.latest_at.saturating_add(window);
            self.connection
                .prepare_cached(
                    "INSERT INTO wartel_otp_budgets (budget, last_seq, latest_at, recent, \"window\", purge_at) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )
                .at(STEP)?
                .execute(params![budget.key, head.last_seq, head.latest_at, recent, window, purge_at])
        } else {
            self.connection
                .prepare_cached(
                    "UPDATE wartel_otp_budgets SET last_seq = ?2, latest_at = ?3, recent = ?4, \"window\" = ?5 \
                     WHERE budget = ?1",
                )
                .at(STEP)?
                .execute(params![budget.key, head.last_seq, head.latest_at, recent, window])
        }
        .at(STEP)?;
        match self.known.iter_mut().find(|(key, _)| *key == budget.key) {
            Some((_, known)) => *known = Some(head),
            None => self.known.push((budget.key.clone(), Some(head))),
        }
        Ok(())
    }

    fn write_row(&self, budget: &Budget, seq: i64, at: i64) -> Result<(), StoreError> {
        const STEP: &str = "otp.charge";
        self.connection
            .prepare_cached("INSERT INTO wartel_otp_budget_events (budget, seq, at) VALUES (?1, ?2, ?3)")
            .at(STEP)?
            .execute(params![budget.key, seq, at])
            .at(STEP)
            .map(|_| ())
    }

    fn delete_rows_up_to(&self, budget: &Budget, seq: i64) -> Result<(), StoreError> {
        const STEP: &str = "otp.charge";
        if seq < 1 {
            return Ok(());
        }
        self.connection
            .prepare_cached("DELETE FROM wartel_otp_budget_events WHERE budget = ?1 AND seq <= ?2")
            .at(STEP)?
            .execute(params![budget.key, seq])
            .at(STEP)
            .map(|_| ())
    }

    /// Deletes the rows of a budget and answers the latest of them, oldest first.
    fn take_rows(&self, budget: &Budget) -> Result<Vec<i64>, StoreError> {
        const STEP: &str = "otp.charge";
        let mut latest: Vec<i64> = self
            .connection
            .prepare_cached(
                "SELECT at FROM wartel_otp_budget_events WHERE budget = ?1 ORDER BY seq DESC LIMIT ?2",
            )
            .at(STEP)?
            .query_map(params![budget.key, IN_ROW], |row| row.get(0))
            .at(STEP)?
            .collect::<rusqlite::Result<_>>()
            .at(STEP)?;
        latest.reverse();
        self.delete_rows_up_to(budget, i64::MAX)?;
        Ok(latest)
    }

    /// Deletes at most `limit` budgets whose windows are over; answers how many.
    pub(super) fn purge(&self, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        const STEP: &str = "otp.purge_budgets";
        let mut gone = 0;
        while gone < limit {
            let chunk = super::otp::row_limit(CHUNK.min(limit - gone));
            let due: Vec<(String, i64, i64)> = self
                .connection
                .prepare_cached(
                    "SELECT budget, latest_at, \"window\" FROM wartel_otp_budgets WHERE purge_at <= ?1 \
                     ORDER BY purge_at LIMIT ?2",
                )
                .at(STEP)?
                .query_map(params![now.as_micros(), chunk], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))
                .at(STEP)?
                .collect::<rusqlite::Result<_>>()
                .at(STEP)?;
            if due.is_empty() {
                break;
            }
            for (key, latest_at, window) in due {
                let window = Duration::from_micros(window.max(0).unsigned_abs());
                let over_at = Timestamp::from_micros(latest_at) + window;
                if over_at <= now {
                    self.delete(&key, STEP)?;
                    gone += 1;
                } else {
                    self.connection
                        .prepare_cached("UPDATE wartel_otp_budgets SET purge_at = ?2 WHERE budget = ?1")
                        .at(STEP)?
                        .execute(params![key, over_at.as_micros()])
                        .at(STEP)?;
                }
            }
        }
        Ok(gone)
    }

    fn delete(&self, key: &str, step: &'static str) -> Result<(), StoreError> {
        for sql in [
            "DELETE FROM wartel_otp_budget_events WHERE budget = ?1",
            "DELETE FROM wartel_otp_budgets WHERE budget = ?1",
        ] {
            self.connection.prepare_cached(sql).at(step)?.execute([key]).at(step)?;
        }
        Ok(())
    }

    fn head(&mut self, key: &str) -> Result<Option<Head>, StoreError> {
        const STEP: &str = "otp.budget";
        if let Some((_, head)) = self.known.iter().find(|(known, _)| known == key) {
            return Ok(head.clone());
        }
        let mut statement = self
            .connection
            .prepare_cached("SELECT last_seq, latest_at, recent FROM wartel_otp_budgets WHERE budget = ?1")
            .at(STEP)?;
        let mut rows = statement.query([key]).at(STEP)?;
        let head = match rows.next().at(STEP)? {
            None => None,
            Some(row) => {
                let recent =
                    row.get_ref(2).at(STEP)?.as_blob_or_null().map_err(|_| unreadable(STEP, "budget"))?;
                Some(Head {
                    last_seq: row.get(0).at(STEP)?,
                    latest_at: row.get(1).at(STEP)?,
                    recent: recent.map(instants),
                })
            }
        };
        self.known.push((key.to_owned(), head.clone()));
        Ok(head)
    }
}

fn instants(blob: &[u8]) -> Vec<i64> {
    blob.as_chunks().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// The `n`-th latest of events that are oldest first, if there are so many.
fn nth_latest(events: &[i64], n: u32) -> Option<i64> {
    let index = events.len().checked_sub(usize::try_from(n).ok()?)?;
    events.get(index).copied()
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;
    use wartel_otp::Rate;
    use wartel_otp::ledger::Counter;

    const MINUTE: Duration = Duration::from_secs(60);

    fn database() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        super::super::migrate::run(&connection, super::super::MIGRATIONS).unwrap();
        connection
    }

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000) + Duration::from_secs(seconds)
    }

    /// Charges whenever the model lets it, and compares each answer; the limit changes on the way.
    #[test]
    fn rows_and_the_model_agree_through_changes_of_the_limit() {
        let connection = database();
        let db = Db::new(&connection);
        let mut model = Counter::default();
        let mut refused = 0;
        for second in 0_u64..3_000 {
            // Small, large, small again and large again; each phase is longer than the window.
            let max = [3, 90, 40, 70, 64, 65][usize::try_from(second / 500).unwrap()];
            let budget = Budget::new("ip/203.0.113.7", Rate::new(max, MINUTE * 2));
            // The clock steps back now and then.
            let now = if second % 97 == 0 { at(second.saturating_sub(30)) } else { at(second) };
            // A transaction each, and sometimes one that asks twice.
            let mut budgets = Budgets::new(&db);
            let until = model.refuses_until(budget.rate, now);
            assert_eq!(budgets.refuses_until(&budget, now).unwrap(), until, "at {second}");
            if until.is_none() {
                model.charge(budget.rate, now);
                budgets.charge(&budget, now).unwrap();
                assert_eq!(
                    budgets.refuses_until(&budget, now).unwrap(),
                    model.refuses_until(budget.rate, now)
                );
            } else {
                refused += 1;
            }
            let rows: u32 = connection
                .query_row("SELECT count(*) FROM wartel_otp_budget_events", [], |row| row.get(0))
                .unwrap();
            assert!(rows <= if max > IN_ROW { max } else { 90 }, "{rows} rows at {second}");
        }
        assert!(refused > 1_000, "only {refused} refusals were compared");
    }

    #[test]
    fn budgets_go_when_their_windows_are_over_and_not_before() {
        let connection = database();
        let db = Db::new(&connection);
        for max in [5, 500] {
            let mut budgets = Budgets::new(&db);
            let budget = Budget::new(format!("all/{max}"), Rate::new(max, MINUTE));
            budgets.charge(&budget, at(0)).unwrap();
            budgets.charge(&budget, at(50)).unwrap();
        }
        let budgets = Budgets::new(&db);
        // The first charges are over, the second ones are not.
        assert_eq!(budgets.purge(10, at(60)).unwrap(), 0);
        assert_eq!(budgets.purge(10, at(109)).unwrap(), 0);
        assert_eq!(budgets.purge(1, at(110)).unwrap(), 1);
        assert_eq!(budgets.purge(10, at(110)).unwrap(), 1);
        for table in ["wartel_otp_budgets", "wartel_otp_budget_events"] {
            let rows: u32 =
                connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
            assert_eq!(rows, 0, "{table}");
        }
    }
}
