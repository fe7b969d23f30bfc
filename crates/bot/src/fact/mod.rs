//! What a reply may state: values with their units, so that "150 juta" and "Rp150.000.000" are one.

mod address;
mod budget;
mod calendar;
mod claim;
mod meaning;
mod numeral;
mod quantity;
mod read;
#[cfg(test)]
mod tests;
mod token;
mod units;

use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::PhoneNumber;

pub use budget::{BudgetRange, budget};
pub use claim::{About, Claim, Context};
pub use read::read;
pub(crate) use token::{Kind, Token, tokens};

/// A day of the calendar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Date {
    year: i16,
    month: i8,
    day: i8,
}

/// There is no such day or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no such day or time: write days as 2026-12-31 and times as 16:30")]
pub struct NoSuchTime;

impl Date {
    /// A day; `None` if the calendar has no such one.
    #[must_use]
    pub fn new(year: i16, month: i8, day: i8) -> Option<Self> {
        jiff::civil::Date::new(year, month, day).ok().map(Self::from)
    }

    /// The day of an instant in UTC.
    #[must_use]
    pub fn in_utc(at: wartel_core::Timestamp) -> Self {
        let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
        Self::from(jiff::tz::TimeZone::UTC.to_datetime(at).date())
    }

    /// Reads `2026-12-31`.
    ///
    /// # Errors
    /// [`NoSuchTime`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NoSuchTime> {
        if text.len() != 10 {
            return Err(NoSuchTime);
        }
        text.parse::<jiff::civil::Date>().map(Self::from).map_err(|_| NoSuchTime)
    }

    /// Year, month and day.
    #[must_use]
    pub const fn parts(self) -> (i16, i8, i8) {
        (self.year, self.month, self.day)
    }

    /// For calculations inside this crate.
    pub(crate) fn civil(self) -> jiff::civil::Date {
        jiff::civil::Date::new(self.year, self.month, self.day).unwrap_or_default()
    }
}

impl From<jiff::civil::Date> for Date {
    fn from(date: jiff::civil::Date) -> Self {
        Self { year: date.year(), month: date.month(), day: date.day() }
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl TryFrom<String> for Date {
    type Error = NoSuchTime;

    fn try_from(text: String) -> Result<Self, NoSuchTime> {
        Self::parse(&text)
    }
}

impl From<Date> for String {
    fn from(date: Date) -> Self {
        date.to_string()
    }
}

/// A time of the day, to the minute. `24:00` is the end of a day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ClockTime {
    minutes: u16,
}

impl ClockTime {
    /// A time; `None` if there is no such one.
    #[must_use]
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        let fits = (hour < 24 && minute < 60) || (hour == 24 && minute == 0);
        fits.then(|| Self { minutes: hour * 60 + minute })
    }

    /// Reads `16:30` or `16.30`.
    ///
    /// # Errors
    /// [`NoSuchTime`] for anything else.
    pub fn parse(text: &str) -> Result<Self, NoSuchTime> {
        let (hour, minute) = text.split_once([':', '.']).ok_or(NoSuchTime)?;
        let number = |text: &str| -> Option<u16> {
            let plain = (1..=2).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
            plain.then(|| text.parse().ok()).flatten()
        };
        let (Some(hour), Some(minute)) = (number(hour), number(minute)) else { return Err(NoSuchTime) };
        Self::new(hour, minute).ok_or(NoSuchTime)
    }

    /// Minutes since midnight, 0 to 1,440.
    #[must_use]
    pub const fn minutes(self) -> u16 {
        self.minutes
    }
}

impl fmt::Display for ClockTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TryFrom<String> for ClockTime {
    type Error = NoSuchTime;

    fn try_from(text: String) -> Result<Self, NoSuchTime> {
        Self::parse(&text)
    }
}

impl From<ClockTime> for String {
    fn from(time: ClockTime) -> Self {
        time.to_string()
    }
}

/// One value that a reply may state. `Debug` shows its kind only.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fact {
    /// An amount, in rupiah.
    Money(i64),
    /// A year of the calendar, such as a model year.
    Year(i32),
    /// A distance, in kilometres.
    Kilometres(i64),
    /// A percentage, in hundredths of one percent: 12,5 % is 1,250.
    Percent(i64),
    /// So many months, such as the term of a credit.
    Months(i64),
    /// A capacity of an engine, in cubic centimetres: 1,500 for "1.5".
    CubicCentimetres(i64),
    /// How many there are.
    Count(i64),
    /// A phone number.
    Phone(PhoneNumber),
    /// An address on the web or by e-mail, as it is written.
    Link(String),
    /// A day.
    Date(Date),
    /// A time of the day.
    Time(ClockTime),
    /// A stock code, as it is written.
    Code(String),
    /// Words in which digits belong to a name, such as `Mazda 3`, `Jl. Sudirman 12` or `CR-V 1.5`: what stands in them may be
    /// said.
    Words(String),
}

impl Fact {
    /// What kind: `money`, `year`, ….
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Money(_) => "money",
            Self::Year(_) => "year",
            Self::Kilometres(_) => "kilometres",
            Self::Percent(_) => "percent",
            Self::Months(_) => "months",
            Self::CubicCentimetres(_) => "cubic_centimetres",
            Self::Count(_) => "count",
            Self::Phone(_) => "phone",
            Self::Link(_) => "link",
            Self::Date(_) => "date",
            Self::Time(_) => "time",
            Self::Code(_) => "code",
            Self::Words(_) => "words",
        }
    }
}

impl fmt::Debug for Fact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fact({})", self.kind())
    }
}
