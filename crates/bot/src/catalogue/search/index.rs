//! The words by which items are found.

use std::collections::{BTreeMap, BTreeSet};

use super::ordinary::is_name;
use crate::catalogue::{Attribute, Item, ItemStatus, Schema};
use crate::words;

/// Colours in both languages.
const COLOURS: [(&str, &str); 12] = [
    ("putih", "white"),
    ("hitam", "black"),
    ("merah", "red"),
    ("biru", "blue"),
    ("hijau", "green"),
    ("kuning", "yellow"),
    ("abu", "grey"),
    ("perak", "silver"),
    ("coklat", "brown"),
    ("oranye", "orange"),
    ("emas", "gold"),
    ("ungu", "purple"),
];

/// How much a word counts, by where it stands.
const TITLE: u32 = 10;
const CODE: u32 = 8;
const ATTRIBUTE: u32 = 6;
const NOTES: u32 = 1;

/// The words of one item with what they count.
pub(super) struct Index {
    words: BTreeMap<String, u32>,
}

impl Index {
    pub(super) fn of(item: &Item, schema: &Schema) -> Self {
        let mut index = Self { words: BTreeMap::new() };
        index.add(&item.title, TITLE);
        index.add(&item.code, CODE);
        for (key, value) in &item.attributes {
            match value {
                Attribute::Number(number) => index.add(&number.to_string(), ATTRIBUTE),
                Attribute::Text(text) => {
                    index.add(text, ATTRIBUTE);
                    for word in synonyms(schema, key, text)
                        .chain(words::words(text).iter().filter_map(|it| colour(it)))
                    {
                        index.add(word, ATTRIBUTE);
                    }
                }
            }
        }
        index.add(&item.notes, NOTES);
        index
    }

    /// Takes in the words of a field, and neighbours as one: `CR-V` is found by `cr`, `v` and `crv`.
    fn add(&mut self, text: &str, weight: u32) {
        let words = words::words(text);
        let joined = words.iter().zip(words.iter().skip(1)).map(|(one, other)| format!("{one}{other}"));
        for word in joined.chain(words.iter().cloned()) {
            let known = self.words.entry(word).or_default();
            *known = (*known).max(weight);
        }
    }

    /// How well the set of words matches that matches best.
    pub(super) fn best(&self, sets: &[Vec<String>]) -> Match {
        let matches = sets.iter().enumerate().filter(|(at, set)| *at == 0 || !set.is_empty());
        matches.map(|(_, set)| self.matches(set)).max().unwrap_or_default()
    }

    fn matches(&self, wanted: &[String]) -> Match {
        let mut found = Match::default();
        for (word, weight) in wanted.iter().filter_map(|word| self.words.get_key_value(word)) {
            // A digit or two stand in many titles.
            let number = word.len() <= 2 && word.chars().all(char::is_numeric);
            found.score += if number { 1 } else { *weight };
            found.matched += 1;
        }
        found.complete = found.matched == wanted.len();
        found
    }
}

/// How well words match an item. Greater is better.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(super) struct Match {
    /// Whether all words are there.
    pub(super) complete: bool,
    /// How many are.
    pub(super) matched: usize,
    /// What they count together.
    pub(super) score: u32,
}

/// All words of the group that an attribute's value belongs to.
fn synonyms<'s>(schema: &'s Schema, key: &str, value: &str) -> impl Iterator<Item = &'s str> {
    let spec = schema.attributes.iter().find(|spec| spec.key == key);
    let group = spec.and_then(|spec| spec.group_of(value));
    group.into_iter().flatten().map(String::as_str)
}

/// The same colour in the other language.
pub(super) fn colour(word: &str) -> Option<&'static str> {
    COLOURS.iter().find_map(|(indonesian, english)| match word {
        _ if word == *indonesian => Some(*english),
        _ if word == *english => Some(*indonesian),
        _ => None,
    })
}

/// The words by which the items of a tenant are called; the notes are no part of it.
pub(crate) struct Vocabulary {
    all: BTreeSet<String>,
    /// Those of titles: only these are meant by words that are spelled nearly so. "write" is not meant for "white".
    titles: BTreeSet<String>,
}

impl Vocabulary {
    /// The words of all items but hidden ones.
    pub(crate) fn of(items: &[Item], schema: &Schema) -> Self {
        let mut known = Self { all: BTreeSet::new(), titles: BTreeSet::new() };
        for item in items.iter().filter(|item| item.status != ItemStatus::Hidden) {
            let index = Index::of(item, schema);
            for (word, _) in index.words.into_iter().filter(|(_, weight)| *weight > NOTES) {
                known.all.insert(word);
            }
            known.titles.extend(words::words(&item.title));
        }
        known
    }

    /// The word itself if items are called so, or else the nearest one by which they are, or else itself.
    pub(crate) fn nearest(&self, word: &str) -> String {
        self.meant(word).unwrap_or_else(|| word.to_owned())
    }

    /// Whether a word stands in a title.
    pub(crate) fn is_title(&self, word: &str) -> bool {
        self.titles.contains(word)
    }

    /// The word by which items are called that is meant, if one is: the word itself, what is left without "-nya", or a word
    /// that is spelled nearly so. The name of another model is not a slip: who asks for a Camry wants no Carry.
    pub(crate) fn meant(&self, word: &str) -> Option<String> {
        let bare = word.strip_suffix("nya").filter(|bare| bare.chars().count() > 2);
        for written in [Some(word), bare].into_iter().flatten() {
            if self.all.contains(written) {
                return Some(written.to_owned());
            }
        }
        [Some(word), bare].into_iter().flatten().filter(|written| !is_name(written)).find_map(|written| {
            let near = self.titles.iter().filter(|known| is_near(written, known));
            near.min_by_key(|known| {
                let steps = words::distance(written, known, 2).unwrap_or(usize::MAX);
                (steps, known.chars().next() != written.chars().next())
            })
            .cloned()
        })
    }
}

/// Whether a word may be meant for another: one slip from four letters on, two from seven on. Short words must begin alike,
/// and words with digits must be the same: `CX-3` is no `CX-5`.
pub(super) fn is_near(word: &str, known: &str) -> bool {
    if word == known {
        return true;
    }
    let has_digit = |text: &str| text.chars().any(|c| c.is_numeric());
    let length = word.chars().count().max(known.chars().count());
    let shortest = word.chars().count().min(known.chars().count());
    if has_digit(word) || has_digit(known) || shortest < 3 {
        return false;
    }
    let most = match length {
        0..=3 => return false,
        4..=6 => 1,
        _ => 2,
    };
    let begins_alike = word.chars().next() == known.chars().next();
    (begins_alike || length > 4) && words::distance(word, known, most).is_some()
}
