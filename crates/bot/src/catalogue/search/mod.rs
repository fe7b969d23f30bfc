//! Looking for items: a pure function on the items of one tenant.

mod bare_budget;
mod index;
mod names;
mod ordinary;
mod query;
mod read;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;

pub use query::{Query, Range, Sort};
pub use read::query_of;

use index::Vocabulary;

use super::{Attribute, AttributeKind, Item, ItemStatus, Schema};
use crate::words;
use index::Index;

/// At most so many alternatives are given.
const ALTERNATIVES: usize = 3;

/// An item that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Hit {
    /// The item.
    pub item: Item,
    /// How well its words match; comparable within one search.
    pub score: u32,
    /// What it does not have of what was looked for. Empty for real hits.
    pub misses: Vec<Miss>,
}

/// What an alternative does not have of what was looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Miss {
    /// It would be it, but somebody has it reserved.
    Reserved,
    /// Some of the words.
    Words,
    /// It costs less than was looked for.
    Price,
    /// It is of another year.
    Year,
    /// The attribute with this key.
    Attribute(String),
}

impl Miss {
    /// The word for tools: `status`, `words`, `price`, `year` or the key of the attribute.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Reserved => "status",
            Self::Words => "words",
            Self::Price => "price",
            Self::Year => "year",
            Self::Attribute(key) => key,
        }
    }
}

/// What a search found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Found {
    /// What was looked for, the best first, at most as many as the query's limit.
    pub hits: Vec<Hit>,
    /// How many there are without the limit.
    pub total: usize,
    /// If there are no hits: at most three that come near, and what they do not have; one that is reserved among them if it is
    /// just what was looked for. Never dearer than looked for.
    pub alternatives: Vec<Hit>,
}

/// Looks for items among those of one tenant.
///
/// # Behavior
/// - Items that can be bought are found; reserved and sold ones if the query says so or names their codes; hidden ones never.
/// - A word that no item has is read as the nearest word that an item has: `avansa` finds Avanza. Words with digits are not.
/// - The price is a hard bound, see [`Query::price`].
#[must_use]
pub fn search(items: &[Item], schema: &Schema, query: &Query) -> Found {
    if !query.codes.is_empty() {
        return named(items, query);
    }
    let vocabulary = Vocabulary::of(items, schema);
    let sets = std::iter::once(&query.words).chain(&query.or_words);
    let sets: Vec<Vec<String>> = sets
        .map(|texts| {
            texts.iter().flat_map(|text| words::words(text)).map(|word| vocabulary.nearest(&word)).collect()
        })
        .collect();
    let (mut hits, mut near) = (Vec::new(), Vec::new());
    for item in items.iter().filter(|item| affordable(item, query)) {
        let shown = is_shown(item.status, query);
        if !shown && item.status != ItemStatus::Reserved {
            continue;
        }
        let best = Index::of(item, schema).best(&sets);
        let mut misses = misses(item, schema, query);
        if !best.complete {
            misses.push(Miss::Words);
        }
        let exact = misses.is_empty();
        if !shown {
            misses.push(Miss::Reserved);
        }
        let hit = Hit { item: item.clone(), score: best.score, misses };
        match (exact, shown) {
            (true, true) => hits.push(hit),
            (true, false) => near.push((best.matched, hit)),
            (false, true) if is_near(&hit, query) => near.push((best.matched, hit)),
            (false, _) => {}
        }
    }
    hits.sort_by(|one, other| order(one, other, schema, query.sort));
    near.sort_by(|(one_words, one), (other_words, other)| {
        other_words
            .cmp(one_words)
            .then_with(|| one.misses.len().cmp(&other.misses.len()))
            .then_with(|| other.score.cmp(&one.score))
            .then_with(|| order(one, other, schema, query.sort))
    });
    let total = hits.len();
    hits.truncate(query.limit.clamp(1, 50));
    let alternatives = if total == 0 {
        near.into_iter().map(|(_, hit)| hit).take(ALTERNATIVES).collect()
    } else {
        Vec::new()
    };
    Found { hits, total, alternatives }
}

/// The items with these codes.
fn named(items: &[Item], query: &Query) -> Found {
    let mut hits = Vec::new();
    for code in &query.codes {
        let code = plain_code(code);
        let with_code = |item: &&Item| plain_code(&item.code) == code && item.status != ItemStatus::Hidden;
        if let Some(item) = items.iter().find(with_code)
            && !hits.iter().any(|hit: &Hit| hit.item.code == item.code)
        {
            hits.push(Hit { item: item.clone(), score: 0, misses: Vec::new() });
        }
    }
    let total = hits.len();
    hits.truncate(query.limit.clamp(1, 50));
    Found { hits, total, alternatives: Vec::new() }
}

/// A code as customers type it: small or capital letters, with or without dashes.
pub(crate) fn plain_code(code: &str) -> String {
    code.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

const fn is_shown(status: ItemStatus, query: &Query) -> bool {
    match status {
        ItemStatus::Available => true,
        ItemStatus::Reserved => query.reserved,
        ItemStatus::Sold => query.sold,
        ItemStatus::Hidden => false,
    }
}

/// Whether an item stays below what may be spent. One without a price never certainly does.
fn affordable(item: &Item, query: &Query) -> bool {
    match (query.price.max, item.price) {
        (Some(max), Some(price)) => price <= max,
        (Some(_), None) => false,
        (None, _) => true,
    }
}

/// An alternative has at least something of what was looked for: more than a digit or a word of its notes.
fn is_near(hit: &Hit, query: &Query) -> bool {
    let asked = query.attributes.len()
        + query.numbers.len()
        + usize::from(!query.year.is_any())
        + usize::from(query.price.min.is_some());
    let missed = hit.misses.iter().filter(|miss| **miss != Miss::Words).count();
    hit.score > 1 || asked > missed || query.price.max.is_some()
}

fn misses(item: &Item, schema: &Schema, query: &Query) -> Vec<Miss> {
    let mut misses = Vec::new();
    if query.price.min.is_some() && !item.price.is_some_and(|price| query.price.holds(price)) {
        misses.push(Miss::Price);
    }
    if !query.year.is_any() && !year_of(item, schema).is_some_and(|year| query.year.holds(year)) {
        misses.push(Miss::Year);
    }
    for (key, range) in &query.numbers {
        if !item.number(key).is_some_and(|number| range.holds(number)) {
            misses.push(Miss::Attribute(key.clone()));
        }
    }
    for (key, wanted) in &query.attributes {
        if !has_attribute(item, schema, key, wanted) {
            misses.push(Miss::Attribute(key.clone()));
        }
    }
    misses
}

fn has_attribute(item: &Item, schema: &Schema, key: &str, wanted: &str) -> bool {
    let spec = schema.attributes.iter().find(|spec| spec.key == key);
    match item.attributes.get(key) {
        Some(Attribute::Number(number)) => wanted.trim().parse() == Ok(*number),
        Some(Attribute::Text(text)) => {
            let of_group = spec.and_then(|spec| Some((spec.canonical(text)?, spec.canonical(wanted)?)));
            of_group.map_or_else(
                || {
                    let mut known = words::words(text);
                    let twins: Vec<String> =
                        known.iter().filter_map(|word| index::colour(word)).map(str::to_owned).collect();
                    known.extend(twins);
                    let near = |word: &String| known.iter().any(|other| index::is_near(word, other));
                    words::words(wanted).iter().all(near)
                },
                |(one, other)| one == other,
            )
        }
        None => false,
    }
}

/// The year of an item: its first attribute of that kind.
fn year_of(item: &Item, schema: &Schema) -> Option<i64> {
    first_number(item, schema, &AttributeKind::Year)
}

fn first_number(item: &Item, schema: &Schema, kind: &AttributeKind) -> Option<i64> {
    let spec = schema.attributes.iter().find(|spec| spec.kind == *kind)?;
    item.number(&spec.key)
}

fn order(one: &Hit, other: &Hit, schema: &Schema, sort: Sort) -> Ordering {
    let cheap = |hit: &Hit| hit.item.price.unwrap_or(i64::MAX);
    let dear = |hit: &Hit| std::cmp::Reverse(hit.item.price.unwrap_or(0));
    let young = |hit: &Hit| std::cmp::Reverse(year_of(&hit.item, schema).unwrap_or(0));
    let driven = |hit: &Hit| first_number(&hit.item, schema, &AttributeKind::Kilometres).unwrap_or(i64::MAX);
    let first = match sort {
        Sort::Relevance => other.score.cmp(&one.score),
        Sort::PriceUp => cheap(one).cmp(&cheap(other)),
        Sort::PriceDown => dear(one).cmp(&dear(other)),
        Sort::Newest => young(one).cmp(&young(other)),
        Sort::FewestKilometres => driven(one).cmp(&driven(other)),
    };
    let waiting = |hit: &Hit| hit.item.status != ItemStatus::Available;
    first
        .then_with(|| waiting(one).cmp(&waiting(other)))
        .then_with(|| young(one).cmp(&young(other)))
        .then_with(|| cheap(one).cmp(&cheap(other)))
        .then_with(|| one.item.code.cmp(&other.item.code))
}
