//! The one thread that writes: it takes what waits, runs it in one transaction, and answers when that is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;
use tokio::sync::mpsc;

use super::error::failure;
use super::location::OpenFile;
use super::queue::{Message, Rejection, Step};
use super::statements::Db;

/// How many steps share a commit at the most. More gain nothing: by then the commit is a small part of the work.
const GROUP: usize = 256;

/// What the writer has done so far.
#[derive(Debug, Default)]
pub(super) struct Counters {
    pub(super) commits: AtomicU64,
    pub(super) steps: AtomicU64,
    pub(super) repeats: AtomicU64,
}

/// The connection that writes, and the file it writes into.
#[derive(Debug)]
pub(super) struct Writer {
    connection: Connection,
    file: OpenFile,
    counters: Arc<Counters>,
}

impl Writer {
    pub(super) const fn new(connection: Connection, file: OpenFile, counters: Arc<Counters>) -> Self {
        Self { connection, file, counters }
    }

    /// Serves the queue until it is closed and empty.
    pub(super) fn serve(&self, mut queue: mpsc::Receiver<Message>) {
        let db = Db::new(&self.connection);
        let mut messages = Vec::with_capacity(GROUP);
        while queue.blocking_recv_many(&mut messages, GROUP) > 0 {
            let mut group = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Step(step) => group.push(step),
                    Message::Stop => queue.close(),
                }
            }
            self.run_group(&db, group);
        }
    }

    /// Runs steps in one transaction. A step that fails harms only itself.
    ///
    /// There is no savepoint around each step, because SQLite copies every page that is changed inside one. A step
    /// that fails before it has changed anything (almost all do) leaves the transaction as it was. If one fails
    /// later, the transaction is rolled back and each step of the group runs again in one of its own.
    ///
    /// A step that has become late by the time of the commit is not committed, since its caller is told, or soon
    /// will be, that there was no answer. The transaction is rolled back and the others run again. This ends, since
    /// each round has fewer steps than the one before, and soon, since all are late in the end.
    fn run_group(&self, db: &Db<'_>, mut group: Vec<Box<dyn Step>>) {
        loop {
            group = reject_late(group);
            if group.is_empty() {
                return;
            }
            if let Err(why) = self.begin(db) {
                return reject(group, why);
            }
            let mut succeeded = Vec::with_capacity(group.len());
            for step in &mut group {
                let before = db.total_changes();
                let success = step.run(db);
                if !success && (db.is_autocommit() || db.total_changes() != before) {
                    self.roll_back(db);
                    return self.run_alone(db, group);
                }
                succeeded.push(success);
            }
            // A step that failed has changed nothing that could be committed.
            if group.iter().zip(&succeeded).any(|(step, success)| *success && step.is_late()) {
                self.roll_back(db);
                self.repeat(group.len());
            } else {
                return self.commit(db, group);
            }
        }
    }

    /// Runs each step of a group that was rolled back in a transaction of its own.
    fn run_alone(&self, db: &Db<'_>, group: Vec<Box<dyn Step>>) {
        for mut step in group {
            self.repeat(1);
            if step.is_late() {
                step.reject(Rejection::TOO_LATE);
            } else if let Err(why) = self.begin(db) {
                step.reject(why);
            } else if !step.run(db) {
                self.roll_back(db);
                step.answer();
            } else if step.is_late() {
                self.roll_back(db);
                step.reject(Rejection::TOO_LATE);
            } else {
                self.commit(db, vec![step]);
            }
        }
    }

    fn begin(&self, db: &Db<'_>) -> Result<(), Rejection> {
        self.file.check()?;
        // Waits for other processes, so steps may be late when it succeeds; they notice when they are run.
        Ok(execute(db, "BEGIN IMMEDIATE")?)
    }

    fn commit(&self, db: &Db<'_>, group: Vec<Box<dyn Step>>) {
        if let Err(why) = self.finish(db) {
            self.roll_back(db);
            return reject(group, why);
        }
        // Before the answers, so that whoever has one sees it counted.
        self.counters.commits.fetch_add(1, Ordering::Relaxed);
        self.counters.steps.fetch_add(count(group.len()), Ordering::Relaxed);
        for step in group {
            step.answer();
        }
    }

    fn finish(&self, db: &Db<'_>) -> Result<(), Rejection> {
        // Again, because the wait for other processes and the steps may have taken long.
        self.file.check()?;
        Ok(execute(db, "COMMIT")?)
    }

    fn roll_back(&self, db: &Db<'_>) {
        // SQLite rolls back by itself when the disk is full or fails.
        if !db.is_autocommit()
            && let Err(error) = execute(db, "ROLLBACK")
        {
            // The next BEGIN fails then, and every step with it, until the connection recovers.
            tracing::error!(code = failure(&error).ok().map(|failure| failure.code()), "a rollback failed");
        }
    }

    fn repeat(&self, steps: usize) {
        self.counters.repeats.fetch_add(count(steps), Ordering::Relaxed);
    }
}

fn execute(db: &Db<'_>, sql: &'static str) -> rusqlite::Result<()> {
    db.prepare_cached(sql)?.execute([]).map(|_| ())
}

/// Tells the callers of late steps, and gives back the other steps.
fn reject_late(group: Vec<Box<dyn Step>>) -> Vec<Box<dyn Step>> {
    let mut timely = Vec::with_capacity(group.len());
    for step in group {
        if step.is_late() {
            step.reject(Rejection::TOO_LATE);
        } else {
            timely.push(step);
        }
    }
    timely
}

fn reject(group: Vec<Box<dyn Step>>, why: Rejection) {
    tracing::warn!(steps = group.len(), reason = %why, "the database refused a group of writes");
    for step in group {
        step.reject(why);
    }
}

fn count(steps: usize) -> u64 {
    u64::try_from(steps).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;
    use std::sync::atomic::AtomicBool;

    use super::*;

    /// What a step was told.
    #[derive(Debug, PartialEq, Eq)]
    enum Told {
        Done(i64),
        Late(i64),
    }

    type Log = Arc<Mutex<Vec<Told>>>;

    /// Inserts its number; each run makes the last step of a list late.
    struct Scripted {
        number: i64,
        late: Arc<AtomicBool>,
        makes_late: Vec<Arc<AtomicBool>>,
        fails: bool,
        told: Log,
    }

    impl Step for Scripted {
        fn run(&mut self, connection: &Db<'_>) -> bool {
            connection.execute("INSERT INTO numbers VALUES (?1)", [self.number]).unwrap();
            if let Some(other) = self.makes_late.pop() {
                other.store(true, Ordering::Relaxed);
            }
            !self.fails
        }

        fn is_late(&self) -> bool {
            self.late.load(Ordering::Relaxed)
        }

        fn answer(self: Box<Self>) {
            self.told.lock().unwrap().push(Told::Done(self.number));
        }

        fn reject(self: Box<Self>, why: Rejection) {
            assert!(matches!(why, Rejection::TooLate(_)), "{why:?}");
            self.told.lock().unwrap().push(Told::Late(self.number));
        }
    }

    struct Bench {
        writer: Writer,
        told: Log,
        _folder: tempfile::TempDir,
    }

    impl Bench {
        fn new() -> Self {
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("test.db");
            let connection = Connection::open(&path).unwrap();
            connection.execute_batch("CREATE TABLE numbers (n INTEGER)").unwrap();
            let writer = Writer::new(connection, OpenFile::of(&path).unwrap(), Arc::new(Counters::default()));
            Self { writer, told: Log::default(), _folder: folder }
        }

        fn step(&self, number: i64) -> Scripted {
            let late = Arc::new(AtomicBool::new(false));
            Scripted { number, late, makes_late: Vec::new(), fails: false, told: Arc::clone(&self.told) }
        }

        fn run_group(&self, group: Vec<Box<dyn Step>>) {
            self.writer.run_group(&Db::new(&self.writer.connection), group);
        }

        fn told(&self) -> Vec<Told> {
            std::mem::take(&mut *self.told.lock().unwrap())
        }

        fn numbers(&self) -> Vec<i64> {
            let mut statement =
                self.writer.connection.prepare("SELECT n FROM numbers ORDER BY rowid").unwrap();
            statement.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap()
        }
    }

    #[test]
    fn a_step_that_is_late_at_the_commit_is_left_out_and_the_others_are_taken() {
        let bench = Bench::new();
        let (first, mut second, third) = (bench.step(1), bench.step(2), bench.step(3));
        second.makes_late = vec![Arc::clone(&first.late)];
        bench.run_group(vec![Box::new(first), Box::new(second), Box::new(third)]);
        assert_eq!(bench.told(), [Told::Late(1), Told::Done(2), Told::Done(3)]);
        assert_eq!(bench.numbers(), [2, 3]);
        assert_eq!(bench.writer.counters.commits.load(Ordering::Relaxed), 1);
        assert_eq!(bench.writer.counters.steps.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn a_group_whose_steps_all_become_late_ends_without_a_commit() {
        let bench = Bench::new();
        let mut steps: Vec<_> = (1..=5).map(|number| bench.step(number)).collect();
        // One in each round, and in the fifth the last step itself.
        steps[4].makes_late = steps.iter().rev().map(|step| Arc::clone(&step.late)).collect();
        bench.run_group(steps.into_iter().map(|step| Box::new(step) as Box<dyn Step>).collect());
        assert_eq!(bench.told(), (1..=5).map(Told::Late).collect::<Vec<_>>());
        assert_eq!(bench.numbers(), [] as [i64; 0]);
        assert_eq!(bench.writer.counters.commits.load(Ordering::Relaxed), 0);
        assert_eq!(bench.writer.counters.repeats.load(Ordering::Relaxed), 5 + 4 + 3 + 2 + 1);
        assert!(bench.writer.connection.is_autocommit());
    }

    #[test]
    fn a_step_that_becomes_late_while_it_runs_alone_is_not_taken() {
        let bench = Bench::new();
        let (mut failing, mut slow, last) = (bench.step(1), bench.step(2), bench.step(3));
        // The group is rolled back, because the first step fails after it has written.
        failing.fails = true;
        slow.makes_late = vec![Arc::clone(&slow.late)];
        bench.run_group(vec![Box::new(failing), Box::new(slow), Box::new(last)]);
        assert_eq!(bench.told(), [Told::Done(1), Told::Late(2), Told::Done(3)]);
        assert_eq!(bench.numbers(), [3]);
    }

    #[test]
    fn a_step_that_is_late_from_the_start_costs_no_transaction() {
        let bench = Bench::new();
        let late = bench.step(1);
        late.late.store(true, Ordering::Relaxed);
        bench.run_group(vec![Box::new(late)]);
        assert_eq!(bench.told(), [Told::Late(1)]);
        assert_eq!(bench.writer.counters.commits.load(Ordering::Relaxed), 0);
    }
}
