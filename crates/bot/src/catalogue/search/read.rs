//! Reads what customers write as a query.

use std::collections::BTreeSet;

use super::bare_budget::bare_budget;
use super::names::names;
use super::ordinary::is_ordinary;
use super::{Query, Range, Sort, Vocabulary, plain_code};
use crate::catalogue::{AttributeKind, Item, ItemStatus, Schema};
use crate::fact::{self, Date};
use crate::words;

/// So many words of a text are looked at; each is compared with every word of the items.
const WORDS: usize = 60;

/// A word of a text.
pub(super) struct Word {
    pub(super) folded: String,
    /// As it is written.
    pub(super) written: String,
}

/// Reads what a customer writes ("ada avansa matic 2018 ke atas budget 150 juta?") as a query on the items of a tenant.
///
/// # Behavior
/// - Words by which the items are called are looked for, and so are unknown ones where something is asked for by its name
///   ("ada fortuner?"), so that another thing is not shown in its place.
/// - "avanza atau brio" and "avanza sama brio" look for either.
/// - What names nothing for sale is left out; [`Query::is_everything`] then.
/// - Short words such as `AT` count only in capital letters or behind the name of an item: "dapat diskon" and "at the showroom"
///   ask for no gearbox.
#[must_use]
pub fn query_of(text: &str, schema: &Schema, items: &[Item], today: Date) -> Query {
    let vocabulary = Vocabulary::of(items, schema);
    let words = words_of(text);
    let folded = words::fold(text);
    let price = fact::budget(text).map_or(Range::ANY, |it| Range { min: it.min, max: it.max });
    let price = if price.is_any() { bare_budget(&words, items) } else { price };
    let mut query = Query { price, ..Query::new() };
    query.codes = codes_of(&folded, items);
    let mut taken = BTreeSet::new();
    if schema.attributes.iter().any(|spec| spec.kind == AttributeKind::Year) {
        years(&words, today, &mut query, &mut taken);
    }
    one_of(&words, schema, &vocabulary, &mut query, &mut taken);
    query.sort = sort_of(&words);
    let mut sets = names(&words, schema, &vocabulary, &taken).into_iter();
    query.words = sets.next().unwrap_or_default();
    query.or_words = sets.collect();
    query
}

fn words_of(text: &str) -> Vec<Word> {
    let pieces = text.split(|c: char| !c.is_alphanumeric() && !words::is_hidden(c));
    pieces
        .flat_map(|written| {
            words::words(written).into_iter().map(|folded| Word { folded, written: written.to_owned() })
        })
        .take(WORDS)
        .collect()
}

/// The stock codes in a text, with their dashes, without, or with a space for one. A code that is a plain word or number needs its dash.
fn codes_of(folded: &str, items: &[Item]) -> Vec<String> {
    let pieces = folded.split(|c: char| !c.is_alphanumeric() && c != '-').filter(|piece| !piece.is_empty());
    let pieces: Vec<String> = pieces.map(str::to_uppercase).take(200).collect();
    let pairs = pieces.iter().zip(pieces.iter().skip(1)).map(|(one, other)| format!("{one}{other}"));
    let written: BTreeSet<String> = pairs.chain(pieces.iter().cloned()).collect();
    let known = items.iter().filter(|item| item.status != ItemStatus::Hidden).filter(|item| {
        let plain = plain_code(&item.code);
        let telling =
            plain.chars().any(|c| c.is_ascii_digit()) && plain.chars().any(|c| c.is_ascii_alphabetic());
        written.contains(&item.code) || (telling && plain.len() > 3 && written.contains(&plain))
    });
    known.map(|item| item.code.clone()).collect()
}

/// Model years: `2019`, `2017-2020`, `2018 ke atas`, `di bawah 2015`.
fn years(words: &[Word], today: Date, query: &mut Query, taken: &mut BTreeSet<usize>) {
    let latest = i64::from(today.parts().0) + 1;
    let year_at = |at: usize| -> Option<i64> {
        let word = words.get(at)?;
        let year = (word.folded.len() == 4).then(|| word.folded.parse::<i64>().ok()).flatten()?;
        // A number that an amount of money follows is part of that.
        let money = words
            .get(at + 1)
            .is_some_and(|next| matches!(next.folded.as_str(), "juta" | "jt" | "rb" | "ribu" | "km" | "cc"));
        ((1950..=latest).contains(&year) && !money).then_some(year)
    };
    let says = |at: Option<usize>, any: &[&str]| {
        at.and_then(|at| words.get(at)).is_some_and(|word| any.contains(&word.folded.as_str()))
    };
    let mut at = 0;
    while at < words.len() {
        let Some(year) = year_at(at) else {
            at += 1;
            continue;
        };
        taken.insert(at);
        let to = usize::from(says(Some(at + 1), &["sampai", "hingga", "sd", "to"]));
        if let Some(other) = year_at(at + 1 + to) {
            taken.insert(at + 1 + to);
            query.year = Range::between(year, other);
            return;
        }
        let before = |steps: usize| at.checked_sub(steps);
        let near_before = |any: &[&str]| (1..=2).any(|steps| says(before(steps), any));
        let after = |any: &[&str]| {
            says(Some(at + 1), any) || (says(Some(at + 1), &["ke", "and", "or"]) && says(Some(at + 2), any))
        };
        query.year = if after(&["atas", "keatas", "newer", "up", "plus"])
            || near_before(&["atas", "diatas", "minimal", "min", "mulai", "from", "since", "after"])
        {
            Range::from(year)
        } else if after(&["bawah", "kebawah", "older"])
            || near_before(&["bawah", "dibawah", "maksimal", "maks", "max", "before"])
        {
            Range::up_to(year)
        } else {
            Range::between(year, year)
        };
        return;
    }
}

/// Attributes that are one of certain words.
fn one_of(
    words: &[Word],
    schema: &Schema,
    vocabulary: &Vocabulary,
    query: &mut Query,
    taken: &mut BTreeSet<usize>,
) {
    for spec in &schema.attributes {
        for (at, word) in words.iter().enumerate() {
            let Some(canonical) = spec.canonical(&word.folded) else { continue };
            let short = word.folded.chars().count() <= 2;
            let capital = word.written.chars().all(char::is_uppercase)
                && words.iter().any(|other| other.written != other.written.to_uppercase());
            let behind_name = at.checked_sub(1).and_then(|at| words.get(at)).is_some_and(|before| {
                !is_ordinary(&before.folded) && vocabulary.meant(&before.folded).is_some()
            });
            if !short || capital || behind_name {
                query.attributes.entry(spec.key.clone()).or_insert_with(|| canonical.to_owned());
                taken.insert(at);
            }
        }
    }
}

fn sort_of(words: &[Word]) -> Sort {
    let says = |any: &[&str]| words.iter().any(|word| any.contains(&word.folded.as_str()));
    if says(&["termurah", "murah", "cheapest", "cheap"]) {
        Sort::PriceUp
    } else if says(&["termahal"]) {
        Sort::PriceDown
    } else if says(&["terbaru", "termuda", "newest", "muda"]) {
        Sort::Newest
    } else {
        Sort::Relevance
    }
}
