//! A connection that keeps its statements at hand.

use std::cell::{RefCell, RefMut};
use std::ops::{Deref, DerefMut};

use rusqlite::{CachedStatement, Connection, Statement};

use super::STATEMENTS;

/// A connection together with the statements that were prepared on it.
///
/// Why not only the cache of the driver: it looks statements up by their whole text, and copies that text each time one
/// is given back. Here a statement is found by where its text stands in the program.
pub(super) struct Db<'c> {
    connection: &'c Connection,
    texts: RefCell<Vec<&'static str>>,
    statements: [RefCell<Option<Statement<'c>>>; STATEMENTS],
}

impl<'c> Db<'c> {
    pub(super) fn new(connection: &'c Connection) -> Self {
        let statements = std::array::from_fn(|_| RefCell::new(None));
        Self { connection, texts: RefCell::new(Vec::with_capacity(STATEMENTS)), statements }
    }

    /// A statement, prepared now or before.
    pub(super) fn prepare_cached(&self, sql: &'static str) -> rusqlite::Result<Prepared<'_, 'c>> {
        if let Some(Ok(mut place)) = self.statements.get(self.place_of(sql)).map(RefCell::try_borrow_mut) {
            if place.is_none() {
                *place = Some(self.connection.prepare(sql)?);
            }
            if let Ok(statement) = RefMut::filter_map(place, Option::as_mut) {
                return Ok(Prepared::Kept(statement));
            }
        }
        // No place is left, or the statement is in use further out.
        self.connection.prepare_cached(sql).map(Prepared::Other)
    }

    fn place_of(&self, sql: &'static str) -> usize {
        let mut texts = self.texts.borrow_mut();
        let place = texts.iter().position(|text| std::ptr::eq(*text, sql));
        place.unwrap_or_else(|| {
            // Texts that find no place are not remembered, so that the list does not grow.
            if texts.len() < STATEMENTS {
                texts.push(sql);
                texts.len() - 1
            } else {
                STATEMENTS
            }
        })
    }
}

impl Deref for Db<'_> {
    type Target = Connection;

    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// A statement that is ready. It goes back when this is dropped.
pub(super) enum Prepared<'a, 'c> {
    Kept(RefMut<'a, Statement<'c>>),
    Other(CachedStatement<'c>),
}

impl<'c> Deref for Prepared<'_, 'c> {
    type Target = Statement<'c>;

    fn deref(&self) -> &Statement<'c> {
        match self {
            Self::Kept(statement) => statement,
            Self::Other(statement) => statement,
        }
    }
}

impl<'c> DerefMut for Prepared<'_, 'c> {
    fn deref_mut(&mut self) -> &mut Statement<'c> {
        match self {
            Self::Kept(statement) => statement,
            Self::Other(statement) => statement,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_prepared_once_and_may_be_needed_twice_at_the_same_time() {
        const COUNT: &str = "SELECT ?1 + 1";
        let connection = Connection::open_in_memory().unwrap();
        let db = Db::new(&connection);
        let plus_one = |number: i64| -> i64 {
            db.prepare_cached(COUNT).unwrap().query_row([number], |row| row.get(0)).unwrap()
        };
        assert_eq!(plus_one(1), 2);
        assert_eq!(plus_one(5), 6);
        assert_eq!(db.texts.borrow().len(), 1);
        let mut outer = db.prepare_cached(COUNT).unwrap();
        let mut rows = outer.query([7]).unwrap();
        assert_eq!(plus_one(8), 9);
        assert_eq!(rows.next().unwrap().unwrap().get::<_, i64>(0).unwrap(), 8);
        drop(rows);
        assert!(db.prepare_cached("SELECT nonsense FROM nowhere").is_err());
    }

    #[test]
    fn more_statements_than_places_work_all_the_same() {
        let connection = Connection::open_in_memory().unwrap();
        let db = Db::new(&connection);
        for number in 0..STATEMENTS + 10 {
            let sql: &'static str = Box::leak(format!("SELECT {number}").into_boxed_str());
            for _ in 0..2 {
                let found: i64 = db.prepare_cached(sql).unwrap().query_row([], |row| row.get(0)).unwrap();
                assert_eq!(usize::try_from(found).unwrap(), number);
            }
        }
    }
}
