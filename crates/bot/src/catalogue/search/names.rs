//! The words of a text that name what is looked for.

use std::collections::BTreeSet;

use super::Vocabulary;
use super::ordinary::{asks_for, is_name, is_ordinary};
use super::read::Word;
use crate::catalogue::{AttributeSpec, Schema};

/// So many sets of words are looked for at the most.
const SETS: usize = 4;

/// The words that name what is looked for, in one set for each thing: "avanza atau brio" has two.
pub(super) fn names(
    words: &[Word],
    schema: &Schema,
    vocabulary: &Vocabulary,
    taken: &BTreeSet<usize>,
) -> Vec<Vec<String>> {
    let passed = |at: usize| {
        words.get(at).is_none_or(|word| {
            taken.contains(&at)
                || is_ordinary(&word.folded)
                // "murah2" is how people write "murah-murah".
                || word.folded.strip_suffix('2').is_some_and(is_ordinary)
                || is_label(&word.folded, schema)
                || is_amount(words, at)
        })
    };
    let says = |at: usize, test: &dyn Fn(&str) -> bool| words.get(at).is_some_and(|word| test(&word.folded));
    // A single word, a year beside it or not: "alphard", "jazz 2018".
    let nothing_else = (0..words.len()).filter(|at| !taken.contains(at)).count() == 1;
    let mut sets: Vec<Vec<String>> = vec![Vec::new()];
    let (mut asked, mut joined, mut beside) = (false, false, false);
    for (at, word) in words.iter().enumerate() {
        if passed(at) {
            let between = matches!(word.folded.as_str(), "yg" | "yang") || is_label(&word.folded, schema);
            asked = asks_for(&word.folded) || (asked && between);
            asked |= matches!(word.folded.as_str(), "atau" | "or" | "vs");
            joined |= is_joiner(&word.folded) && sets.last().is_some_and(|set| !set.is_empty());
            beside = false;
            continue;
        }
        let behind_title = beside
            && sets
                .last()
                .and_then(|set| set.last())
                .is_some_and(|last| vocabulary.is_title(last) || last.chars().all(char::is_numeric));
        let short_number = word.folded.len() <= 2 && word.folded.chars().all(char::is_numeric);
        let plain = word.folded.chars().count() > 2
            && !word.folded.chars().all(char::is_numeric)
            && !word.folded.ends_with("nya");
        let asked_after = says(at + 1, &|next| matches!(next, "ada" | "ready" | "masih" | "available"));
        let name = if short_number {
            // "mazda 2" is another car than "mazda 3"; "avanza 2 unit" is not.
            (behind_title && !says(at + 1, &counts)).then(|| word.folded.clone())
        } else {
            let dated = taken.contains(&(at + 1));
            let wanted = asked || dated || nothing_else || asked_after || beside;
            let unknown = || (is_name(&word.folded) || (plain && wanted)).then(|| word.folded.clone());
            vocabulary.meant(&word.folded).or_else(unknown)
        };
        asked = false;
        beside = name.is_some();
        if let Some(name) = name {
            if joined && sets.len() < SETS {
                sets.push(Vec::new());
            }
            joined = false;
            if let Some(set) = sets.last_mut()
                && !set.contains(&name)
                && set.len() < 12
            {
                set.push(name);
            }
        }
    }
    completed(sets, vocabulary)
}

/// "avanza putih atau hitam": what has no name of its own has that of the set before.
fn completed(mut sets: Vec<Vec<String>>, vocabulary: &Vocabulary) -> Vec<Vec<String>> {
    let is_title = |word: &String| vocabulary.is_title(word) || is_name(word);
    let mut heads: Vec<String> = Vec::new();
    for set in &mut sets {
        if set.iter().any(is_title) {
            heads = set.iter().filter(|word| is_title(word)).cloned().collect();
        } else if !set.is_empty() {
            set.splice(0..0, heads.iter().cloned());
        }
    }
    sets
}

fn is_label(word: &str, schema: &Schema) -> bool {
    let is_of = |spec: &AttributeSpec| {
        spec.labels.0 == word || spec.labels.1 == word || spec.canonical(word).is_some()
    };
    schema.attributes.iter().any(is_of) || schema.item == word
}

fn is_joiner(word: &str) -> bool {
    matches!(word, "atau" | "or" | "vs" | "sama" | "dan" | "and" | "dengan" | "dgn")
}

/// Whether a number before this word only counts.
fn counts(word: &str) -> bool {
    matches!(
        word,
        "unit"
            | "orang"
            | "penumpang"
            | "seater"
            | "seat"
            | "kursi"
            | "buah"
            | "hari"
            | "bulan"
            | "tahun"
            | "jam"
            | "kali"
    )
}

/// Units behind numbers.
const UNITS: [&str; 12] =
    ["juta", "jt", "jutaan", "m", "miliar", "milyar", "million", "billion", "rb", "ribu", "km", "cc"];

/// Whether a word is part of an amount or a measure.
pub(super) fn is_amount(words: &[Word], at: usize) -> bool {
    let Some(word) = words.get(at).map(|word| word.folded.as_str()) else { return false };
    let digit_first = |text: &str| text.starts_with(|c: char| c.is_ascii_digit());
    let long = word.chars().filter(char::is_ascii_digit).count() > 4;
    let group = word.len() == 3 && word.bytes().all(|b| b.is_ascii_digit());
    let united = digit_first(word)
        && ["jt", "juta", "jutaan", "jtan", "rb", "km", "cc", "m"].iter().any(|unit| word.ends_with(unit));
    let before_unit =
        digit_first(word) && words.get(at + 1).is_some_and(|next| UNITS.contains(&next.folded.as_str()));
    UNITS.contains(&word)
        || word.strip_prefix("rp").is_some_and(digit_first)
        || united
        || before_unit
        || long
        || group
}
