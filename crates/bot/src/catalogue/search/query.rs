//! What is looked for.

use std::collections::BTreeMap;

/// From and to, both included. Without either everything is within.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Range {
    /// At least.
    pub min: Option<i64>,
    /// At most.
    pub max: Option<i64>,
}

impl Range {
    /// Everything.
    pub const ANY: Self = Self { min: None, max: None };

    /// At least so much.
    #[must_use]
    pub const fn from(min: i64) -> Self {
        Self { min: Some(min), max: None }
    }

    /// At most so much.
    #[must_use]
    pub const fn up_to(max: i64) -> Self {
        Self { min: None, max: Some(max) }
    }

    /// From and to, in whichever order they are written.
    #[must_use]
    pub fn between(one: i64, other: i64) -> Self {
        Self { min: Some(one.min(other)), max: Some(one.max(other)) }
    }

    /// Whether everything is within.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        self.min.is_none() && self.max.is_none()
    }

    /// Whether a number is within.
    #[must_use]
    pub fn holds(&self, number: i64) -> bool {
        self.min.is_none_or(|min| number >= min) && self.max.is_none_or(|max| number <= max)
    }

    /// What is within both.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let min = self.min.into_iter().chain(other.min).max();
        let max = self.max.into_iter().chain(other.max).min();
        Self { min, max }
    }
}

/// In which order hits come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Sort {
    /// The best match first; among equals the newer year, then the lower price.
    #[default]
    Relevance,
    /// The cheapest first.
    PriceUp,
    /// The dearest first.
    PriceDown,
    /// The newest year first.
    Newest,
    /// The fewest kilometres first.
    FewestKilometres,
}

/// What is looked for. The default is everything that can be bought.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Query {
    /// Words of titles, makes, models, colours, notes: each must be there, spelled nearly so.
    pub words: Vec<String>,
    /// Other sets of words: an item with all words of one of them is found as well.
    pub or_words: Vec<Vec<String>>,
    /// Stock codes. If there are any, exactly these items are found, whatever else is asked for and also if they are
    /// reserved or sold.
    pub codes: Vec<String>,
    /// In rupiah. A hard bound: nothing dearer is found, not as an alternative either, and nothing without a price.
    pub price: Range,
    /// Of the attribute that is a year.
    pub year: Range,
    /// Attributes that are words, by key: `transmission` → `automatic`.
    pub attributes: BTreeMap<String, String>,
    /// Other attributes that are numbers, by key: `mileage` → at most 50,000.
    pub numbers: BTreeMap<String, Range>,
    /// Whether reserved items are found too.
    pub reserved: bool,
    /// Whether sold items are found too.
    pub sold: bool,
    /// At most so many hits, 1 to 50. Default: 5.
    pub limit: usize,
    /// In which order.
    pub sort: Sort,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            words: Vec::new(),
            or_words: Vec::new(),
            codes: Vec::new(),
            price: Range::ANY,
            year: Range::ANY,
            attributes: BTreeMap::new(),
            numbers: BTreeMap::new(),
            reserved: false,
            sold: false,
            limit: 5,
            sort: Sort::Relevance,
        }
    }
}

impl Query {
    /// Everything that can be bought.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With words that must be there.
    #[must_use]
    pub fn with_words<W: Into<String>>(mut self, words: impl IntoIterator<Item = W>) -> Self {
        self.words.extend(words.into_iter().map(Into::into));
        self
    }

    /// With prices within this range too.
    #[must_use]
    pub fn with_price(mut self, price: Range) -> Self {
        self.price = self.price.and(price);
        self
    }

    /// With at most so many hits.
    #[must_use]
    pub const fn with_limit(mut self, limit: usize) -> Self {
        self.limit = limit;
        self
    }

    /// Whether nothing in particular is looked for.
    #[must_use]
    pub fn is_everything(&self) -> bool {
        self.words.is_empty()
            && self.or_words.is_empty()
            && self.codes.is_empty()
            && self.price.is_any()
            && self.year.is_any()
            && self.attributes.is_empty()
            && self.numbers.is_empty()
    }
}

impl std::fmt::Debug for Query {
    /// Shows no words: they are a customer's.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Query")
            .field("words", &self.words.len())
            .field("codes", &self.codes)
            .finish_non_exhaustive()
    }
}
