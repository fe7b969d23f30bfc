//! A claim: a place in a text that states a value.

use std::fmt;
use std::ops::Range;

use wartel_core::Locale;

use super::{Date, Fact};

/// How a text is read. Days like "besok" count from `today`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// The day on which it is written, in the shop's time zone.
    pub today: Date,
    /// Its main language: `M` is a thousand millions in Indonesian, and may be a million in English.
    pub locale: Locale,
}

impl Context {
    /// An Indonesian text, written on this day.
    #[must_use]
    pub const fn new(today: Date) -> Self {
        Self { today, locale: Locale::Id }
    }

    /// A text whose main language is this one.
    #[must_use]
    pub const fn with_locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }
}

/// A place in a text that states a value. `Debug` shows where and what kind.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Claim {
    /// Where it stands, in bytes.
    pub span: Range<usize>,
    /// What it may mean, the likeliest first: "45 ribu" is an amount or a distance, "jam 4" is before or after noon.
    /// Empty: digits that mean nothing known.
    pub readings: Vec<Fact>,
    /// How far from the value the truth may be because it was said to be near ("sekitar 150 juta", "80an juta"), in the
    /// unit of the reading. `None`: exactly this value.
    pub about: Option<About>,
    /// Whether it is the lower end of a range whose upper end is the next claim.
    pub begins_range: bool,
    /// Whether it is a day told by its distance from today: "besok", "Senin depan".
    pub relative: bool,
    /// Whether it is an amount of another currency than the rupiah, which no [`Fact`] stands for.
    pub is_foreign_money: bool,
    /// The number in words behind which stands a unit that no [`Fact`] stands for: 7 of "tujuh hari".
    pub(crate) number: Option<i64>,
}

/// How near "near" is: the truth lies within `below` under and `above` over the value that was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct About {
    /// How much less it may be.
    pub below: i64,
    /// How much more it may be.
    pub above: i64,
}

impl Claim {
    pub(super) const fn new(span: Range<usize>, readings: Vec<Fact>) -> Self {
        Self {
            span,
            readings,
            about: None,
            begins_range: false,
            relative: false,
            is_foreign_money: false,
            number: None,
        }
    }

    /// Its kind by its likeliest meaning, or `number`.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        self.readings.first().map_or("number", Fact::kind)
    }

    /// The amount in rupiah, if it may be one.
    #[must_use]
    pub fn money(&self) -> Option<i64> {
        self.readings.iter().find_map(|fact| match fact {
            Fact::Money(rupiah) => Some(*rupiah),
            _ => None,
        })
    }
}

impl fmt::Debug for Claim {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim").field("span", &self.span).field("kind", &self.kind()).finish_non_exhaustive()
    }
}
