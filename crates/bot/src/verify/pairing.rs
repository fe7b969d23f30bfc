//! Which item each value of a draft is said of.

use std::ops::Range;

use crate::fact::{Claim, Kind, Token};

use super::known::Known;
use super::values::is_of_an_item;

/// Words of titles that name no item.
const COMMON: &[&str] = &[
    "new",
    "all",
    "the",
    "and",
    "dan",
    "matic",
    "manual",
    "automatic",
    "mobil",
    "unit",
    "tahun",
    "warna",
    "hitam",
    "putih",
    "merah",
    "silver",
    "abu",
    "biru",
    "facelift",
    "type",
    "tipe",
    "diesel",
    "bensin",
    "hybrid",
    "turbo",
    "bekas",
    "second",
];

/// A place that names items.
#[derive(Debug)]
struct Mention {
    span: Range<usize>,
    subjects: Vec<usize>,
    is_code: bool,
}

/// Which item each claim of a draft is about.
#[derive(Debug)]
pub(super) struct Pairing<'a> {
    candidates: Vec<Vec<usize>>,
    contradiction: Option<&'a str>,
}

impl<'a> Pairing<'a> {
    pub(super) fn new(draft: &'a str, tokens: &[Token<'a>], known: &Known, claims: &[Claim]) -> Self {
        let mut found = Self { candidates: vec![Vec::new(); claims.len()], contradiction: None };
        let mut inherited: Vec<usize> = Vec::new();
        let mut start = 0;
        for line in draft.split_inclusive('\n') {
            let span = start..start + line.len();
            start = span.end;
            if line.trim().is_empty() {
                inherited.clear();
                continue;
            }
            let mentions = mentions(draft, tokens, known, claims, &span);
            found.line(draft, &span, &mentions, claims, &inherited);
            if let Some(first) = mentions.first() {
                let one = mentions.iter().all(|mention| mention.subjects == first.subjects);
                inherited = if one { first.subjects.clone() } else { Vec::new() };
            }
        }
        found
    }

    /// The items that a claim may be about; empty if none was named.
    pub(super) fn candidates(&self, claim: usize) -> &[usize] {
        self.candidates.get(claim).map_or(&[], Vec::as_slice)
    }

    /// A title with the code of another item next to it.
    pub(super) const fn contradiction(&self) -> Option<&'a str> {
        self.contradiction
    }

    fn line(
        &mut self,
        draft: &'a str,
        line: &Range<usize>,
        mentions: &[Mention],
        claims: &[Claim],
        inherited: &[usize],
    ) {
        for pair in mentions.windows(2) {
            if let [one, two] = pair {
                let between = draft.get(one.span.end..two.span.start).unwrap_or_default();
                let beside = one.is_code != two.is_code && !between.chars().any(char::is_alphanumeric);
                if beside
                    && !one.subjects.iter().any(|it| two.subjects.contains(it))
                    && !between.contains([',', ';'])
                {
                    self.contradiction = draft.get(one.span.start..two.span.end);
                }
            }
        }
        let mut last: Vec<usize> = inherited.to_vec();
        for sentence in sentences(draft, line, claims) {
            let named: Vec<&Mention> =
                mentions.iter().filter(|mention| sentence.contains(&mention.span.start)).collect();
            let inside = |claim: &Claim| sentence.contains(&claim.span.start) && is_of_an_item(claim);
            let first_claim = claims.iter().find(|claim| inside(claim)).map(|claim| claim.span.start);
            let last_claim = claims.iter().rev().find(|claim| inside(claim)).map(|claim| claim.span.start);
            let (Some(first_claim), Some(last_claim)) = (first_claim, last_claim) else {
                last = named.last().map_or(last, |mention| mention.subjects.clone());
                continue;
            };
            let all: Vec<usize> = named.iter().flat_map(|mention| mention.subjects.iter().copied()).collect();
            let apart = named.last().is_some_and(|it| it.span.start < first_claim)
                || named.first().is_some_and(|it| it.span.start > last_claim);
            let behind = named.first().is_some_and(|mention| mention.span.start > first_claim);
            for (at, claim) in claims.iter().enumerate().filter(|(_, claim)| inside(claim)) {
                let position = claim.span.start;
                let nearest = if behind {
                    named.iter().find(|mention| mention.span.start > position).or(named.last())
                } else {
                    named.iter().rev().find(|mention| mention.span.start <= position)
                };
                let subjects = match nearest {
                    // "Avanza dan Brio, 150 dan 170 juta" gives both to both.
                    Some(_) if apart => all.clone(),
                    Some(mention) => mention.subjects.clone(),
                    None => last.clone(),
                };
                if let Some(slot) = self.candidates.get_mut(at) {
                    *slot = subjects;
                }
            }
            last = named.last().map_or(last, |mention| mention.subjects.clone());
        }
    }
}

/// The sentences of a line. A point within a claim ends none.
fn sentences(draft: &str, line: &Range<usize>, claims: &[Claim]) -> Vec<Range<usize>> {
    let text = draft.get(line.clone()).unwrap_or_default();
    let mut found = Vec::new();
    let mut start = line.start;
    for (at, _) in text.match_indices(['.', '!', '?', ';']) {
        let end = line.start + at + 1;
        let inside = claims.iter().any(|claim| claim.span.contains(&(end - 1)));
        let ends =
            draft.get(end..).is_none_or(|rest| rest.is_empty() || rest.starts_with(char::is_whitespace));
        // "1." and "Rp." end nothing.
        let short = draft.get(start..end).is_none_or(|piece| piece.trim().len() < 5);
        if !inside && ends && !short {
            found.push(start..end);
            start = end;
        }
    }
    found.push(start..line.end);
    found
}

/// The places of a line that name items, in order. A title and a code side by side are one if they agree.
fn mentions(
    draft: &str,
    tokens: &[Token<'_>],
    known: &Known,
    claims: &[Claim],
    line: &Range<usize>,
) -> Vec<Mention> {
    let text = draft.get(line.clone()).unwrap_or_default().to_ascii_lowercase();
    let mut found = Vec::new();
    for (subject, known) in known.subjects.iter().enumerate() {
        for (at, code) in text.match_indices(known.code.as_str()) {
            let edge = |c: Option<char>| !c.is_some_and(|c| c.is_alphanumeric());
            let before = text.get(..at).and_then(|head| head.chars().next_back());
            let after = text.get(at + code.len()..).and_then(|tail| tail.chars().next());
            if edge(before) && edge(after) {
                let start = line.start + at;
                found.push(Mention {
                    span: start..start + code.len(),
                    subjects: vec![subject],
                    is_code: true,
                });
            }
        }
    }
    let from = tokens.partition_point(|token| token.start < line.start);
    let on_line: Vec<&Token<'_>> =
        tokens.iter().skip(from).take_while(|token| token.start < line.end).collect();
    let mut at = 0;
    while at < on_line.len() {
        match title(&on_line, at, known, claims) {
            Some((mention, end)) => {
                if !found.iter().any(|code| code.is_code && code.span.contains(&mention.span.start)) {
                    found.push(mention);
                }
                at = end;
            }
            None => at += 1,
        }
    }
    found.sort_by_key(|mention| mention.span.start);
    // One code on the line that every title agrees with is what the line is about.
    let mut codes =
        found.iter().filter(|mention| mention.is_code).filter_map(|mention| mention.subjects.first());
    if let Some(only) = codes.next().copied() {
        if codes.all(|code| *code == only) && found.iter().all(|mention| mention.subjects.contains(&only)) {
            for mention in &mut found {
                mention.subjects = vec![only];
            }
        } else {
            narrow(draft, &mut found);
        }
    }
    found
}

/// A title takes the item of the code beside it.
fn narrow(draft: &str, mentions: &mut [Mention]) {
    for at in 1..mentions.len() {
        let (head, tail) = mentions.split_at_mut(at);
        let (Some(one), Some(two)) = (head.last_mut(), tail.first_mut()) else { continue };
        let between = draft.get(one.span.end..two.span.start).unwrap_or_default();
        let words = between.chars().filter(|c| c.is_alphabetic()).count();
        if one.is_code == two.is_code || words > 12 {
            continue;
        }
        let (code, title) = if one.is_code { (one, two) } else { (two, one) };
        if title.subjects.len() > 1 && code.subjects.iter().all(|it| title.subjects.contains(it)) {
            title.subjects.clone_from(&code.subjects);
        }
    }
}

/// Words of titles from token `at` on, and the items that have the most of them.
fn title(tokens: &[&Token<'_>], at: usize, known: &Known, claims: &[Claim]) -> Option<(Mention, usize)> {
    let has = |token: &Token<'_>| {
        let word = if token.kind == Kind::Number { token.text } else { token.word.as_str() };
        !word.is_empty() && known.subjects.iter().any(|subject| subject.title.contains(word))
    };
    let first = tokens.get(at).filter(|token| token.kind == Kind::Word && has(token))?;
    let mut words: Vec<&str> = Vec::new();
    let (mut end, mut to) = (at, first.end());
    while let Some(token) = tokens.get(end) {
        // A year tells items of one title apart, and so must not decide which of them is meant.
        let year = token.kind == Kind::Number
            && claims.iter().any(|claim| claim.span.start == token.start && claim.kind() == "year");
        match token.kind {
            Kind::Word | Kind::Number if has(token) && !year => {
                words.push(if token.kind == Kind::Number { token.text } else { &token.word });
                to = token.end();
            }
            Kind::Space => {}
            Kind::Mark if token.text == "-" => {}
            _ => break,
        }
        end += 1;
    }
    let naming = words.iter().filter(|word| !COMMON.contains(*word)).count();
    let long = words
        .iter()
        .any(|word| word.len() >= 3 && word.chars().all(char::is_alphabetic) && !COMMON.contains(word));
    if !long && naming < 2 {
        return None;
    }
    let score =
        |subject: &super::known::Subject| words.iter().filter(|word| subject.title.contains(**word)).count();
    let best = known.subjects.iter().map(score).max()?;
    let subjects =
        known.subjects.iter().enumerate().filter(|(_, it)| score(it) == best).map(|(at, _)| at).collect();
    Some((Mention { span: first.start..to, subjects, is_code: false }, end.max(at + 1)))
}
