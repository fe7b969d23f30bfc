//! Clauses of a text, and patterns of words in them.

use std::ops::Range;

use crate::fact::{Kind, tokens};

/// A part of a sentence.
#[derive(Debug)]
pub(super) struct Clause {
    /// Its words and numbers in small letters, and where they stand.
    pub(super) words: Vec<(String, Range<usize>)>,
    /// Whether a question mark ends it.
    pub(super) question: bool,
    /// Whether it stands behind an "if" of the same sentence.
    pub(super) conditional: bool,
}

/// Words after which everything up to the end of the sentence is only supposed.
const IFS: &[&str] = &[
    "kalau",
    "kalo",
    "jika",
    "bila",
    "apabila",
    "seandainya",
    "klo",
    "if",
    "once",
    "when",
    "setelah",
    "sebelum",
    "before",
    "after",
    "unless",
    "until",
];

/// Words that deny.
const DENIALS: &[&str] = &[
    "tidak", "tak", "nggak", "ngga", "gak", "ga", "belum", "bukan", "tanpa", "jangan", "not", "no", "never",
    "cannot", "can't", "unable", "without", "t", "gagal", "failed", "neither",
];

impl Clause {
    /// The piece of the text from word `from` to word `to`.
    pub(super) fn piece<'t>(&self, text: &'t str, from: usize, to: usize) -> &'t str {
        let start = self.words.get(from).map(|(_, span)| span.start);
        let end = self.words.get(to).map(|(_, span)| span.end);
        start.zip(end).and_then(|(start, end)| text.get(start..end)).unwrap_or_default()
    }

    pub(super) fn has(&self, any: &[&str]) -> bool {
        self.words.iter().any(|(word, _)| fits(word, any))
    }

    /// Whether one of the five words before word `at` denies it.
    pub(super) fn denied(&self, at: usize) -> bool {
        let before = self.words.get(at.saturating_sub(5)..at).unwrap_or_default();
        before.iter().any(|(word, _)| DENIALS.contains(&word.as_str()))
    }

    pub(super) fn denies(&self) -> bool {
        self.has(DENIALS)
    }

    /// Where a pattern stands: one of each alternatives in order, with at most `gap` words between two. An alternative that
    /// ends with `*` fits every word that begins so.
    pub(super) fn find(&self, pattern: &[&[&str]], gap: usize) -> Option<(usize, usize)> {
        let (first, rest) = pattern.split_first()?;
        'starts: for (start, _) in self.words.iter().enumerate().filter(|(_, (word, _))| fits(word, first)) {
            let mut at = start;
            for any in rest {
                let window = self.words.get(at + 1..).unwrap_or_default().iter().take(gap + 1);
                match window.enumerate().find(|(_, (word, _))| fits(word, any)) {
                    Some((offset, _)) => at += offset + 1,
                    None => continue 'starts,
                }
            }
            return Some((start, at));
        }
        None
    }
}

fn fits(word: &str, any: &[&str]) -> bool {
    any.iter().any(|one| one.strip_suffix('*').map_or(word == *one, |head| word.starts_with(head)))
}

/// The clauses of a text, in order.
pub(super) fn clauses(text: &str) -> Vec<Clause> {
    let mut found = Vec::new();
    let mut words = Vec::new();
    let mut supposed = false;
    for token in tokens(text) {
        match token.kind {
            Kind::Word => words.push((token.word.clone(), token.start..token.end())),
            Kind::Number => words.push((token.text.to_owned(), token.start..token.end())),
            Kind::Space => {}
            Kind::Mark if !matches!(token.text, "." | "," | "!" | "?" | ";" | ":" | "—" | "…" | "•") => {
            }
            Kind::Line | Kind::Mark => {
                supposed |= words.iter().any(|(word, _): &(String, _)| IFS.contains(&word.as_str()));
                if !words.is_empty() {
                    let words = std::mem::take(&mut words);
                    found.push(Clause { words, question: token.text == "?", conditional: supposed });
                }
                if token.text != "," && token.text != ":" {
                    supposed = false;
                }
            }
        }
    }
    supposed |= words.iter().any(|(word, _)| IFS.contains(&word.as_str()));
    if !words.is_empty() {
        found.push(Clause { words, question: false, conditional: supposed });
    }
    found
}
