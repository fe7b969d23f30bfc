//! Long texts in parts.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

/// How long a text may be in WhatsApp, in UTF-16 units, so that no way of counting characters finds it too long.
/// Source: Meta, Cloud API, text messages (`body`, at most 4,096 characters), as of 2026-08.
pub const MAX_UNITS: usize = 4_096;

/// Into how many parts a text is split at the most; what is left over is cut, and `…` says so.
pub const MAX_PARTS: usize = 5;

/// Splits a text into parts of at most `max` UTF-16 units (at least 16, at most [`MAX_UNITS`]).
///
/// # Behavior
/// - Between paragraphs if it can, else between lines, sentences, words; never inside a link, a code span, a bold pair or a
///   grapheme unless that alone is longer than a part.
/// - White space around a cut is dropped; everything else is kept, in order, up to [`MAX_PARTS`] parts.
/// - No part is empty; a blank text has none.
#[must_use]
pub fn split(text: &str, max: usize) -> Vec<String> {
    let max = max.clamp(16, MAX_UNITS);
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if units(rest) <= max {
            parts.push(rest.to_owned());
            break;
        }
        let last = parts.len() + 1 == MAX_PARTS;
        let at = cut(rest, if last { max - 1 } else { max });
        let head = rest.get(..at).unwrap_or(rest).trim_end();
        if last {
            parts.push(format!("{head}…"));
            break;
        }
        parts.push(head.to_owned());
        rest = rest.get(at..).unwrap_or_default().trim_start();
    }
    parts
}

fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// Where to cut a text that is too long: more than 0, and at most `max` units.
fn cut(text: &str, max: usize) -> usize {
    let mut limit = 0;
    let mut count = 0;
    for c in text.chars() {
        count += c.len_utf16();
        if count > max {
            break;
        }
        limit += c.len_utf8();
    }
    let whole = whole_pieces(text, limit);
    let free =
        |at: &usize| *at > 0 && *at <= limit && !whole.iter().any(|span| span.start < *at && *at < span.end);
    let window = text.get(..limit).unwrap_or(text);
    let ends = |mark: &str| {
        window
            .match_indices(mark)
            .map(|(at, _)| at + mark.len())
            .filter(free)
            .filter(|at| !window.get(..*at).is_none_or(|head| head.trim().is_empty()))
            .last()
    };
    // A part of a few words before a long one looks broken.
    let filled = |at: &usize| *at * 4 >= limit;
    let exact = text
        .get(limit..)
        .is_some_and(|rest| rest.starts_with(char::is_whitespace))
        .then_some(limit)
        .filter(free);
    ends("\n\n")
        .filter(filled)
        .or_else(|| ends("\n").filter(filled))
        .or_else(|| [". ", "! ", "? "].iter().filter_map(|mark| ends(mark)).max().filter(filled))
        .or(exact)
        .or_else(|| ends(" "))
        .or_else(|| ends("\n"))
        .or_else(|| graphemes(text, limit).filter(free).last())
        .or_else(|| graphemes(text, limit).filter(|at| *at > 0).last())
        .unwrap_or_else(|| limit.max(text.chars().next().map_or(1, char::len_utf8)))
}

/// The ends of the graphemes up to `limit`. The last one may go on behind it and then is not there.
fn graphemes(text: &str, limit: usize) -> impl Iterator<Item = usize> {
    text.grapheme_indices(true).map(|(at, grapheme)| at + grapheme.len()).take_while(move |at| *at <= limit)
}

/// Links, code and bold pairs that begin before `limit`.
fn whole_pieces(text: &str, limit: usize) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    let mut word_start = true;
    while at < limit {
        let Some(rest) = text.get(at..) else { break };
        let Some(next) = rest.chars().next() else { break };
        let len = piece(rest, word_start).unwrap_or(0);
        if len > 0 {
            found.push(at..at + len);
            at += len;
            word_start = false;
        } else {
            at += next.len_utf8();
            word_start = !next.is_alphanumeric();
        }
    }
    found
}

/// The length of a piece that should stay whole and begins here.
fn piece(rest: &str, word_start: bool) -> Option<usize> {
    if let Some(body) = rest.strip_prefix("```") {
        return body.find("```").map(|end| end + 6);
    }
    if let Some(body) = rest.strip_prefix('`') {
        return body
            .find(['`', '\n'])
            .filter(|end| body.get(*end..).is_some_and(|it| it.starts_with('`')))
            .map(|end| end + 2);
    }
    if word_start && (rest.starts_with("http://") || rest.starts_with("https://") || rest.starts_with("www."))
    {
        return Some(rest.find(char::is_whitespace).unwrap_or(rest.len()));
    }
    if word_start && rest.starts_with('*') {
        let body = rest.get(1..)?;
        let end = body.find(['*', '\n'])?;
        let inner = body.get(..end)?;
        let paired = body.get(end..)?.starts_with('*') && !inner.is_empty() && inner.trim() == inner;
        return paired.then_some(end + 2);
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hazard_40_parts_end_where_the_text_allows() {
        assert_eq!(split("", 20), Vec::<String>::new());
        assert_eq!(split("  \n ", 20), Vec::<String>::new());
        assert_eq!(split("pendek", 20), ["pendek"]);
        assert_eq!(split("satu dua tiga\n\nempat lima enam", 20), ["satu dua tiga", "empat lima enam"]);
        assert_eq!(split("satu dua tiga\nempat lima enam", 20), ["satu dua tiga", "empat lima enam"]);
        assert_eq!(split("Ada ya. Mobil bagus sekali", 20), ["Ada ya.", "Mobil bagus sekali"]);
        assert_eq!(split("lihat https://contoh.com/abc", 24), ["lihat", "https://contoh.com/abc"]);
        assert_eq!(split("harga *Rp150 juta saja*", 20), ["harga", "*Rp150 juta saja*"]);
        assert_eq!(split("lihat `kode yang utuh`", 20), ["lihat", "`kode yang utuh`"]);
    }

    #[test]
    fn hazard_40_units_of_utf_16_count() {
        let parts = split(&"🚗".repeat(20), 16);
        assert!(parts.iter().all(|part| part.encode_utf16().count() <= 16));
        assert_eq!(parts.concat(), "🚗".repeat(20));
        let family = "👨‍👩‍👧‍👦";
        assert!(split(&format!("{} {family}", "a".repeat(14)), 16).iter().any(|part| part == family));
    }

    #[test]
    fn hazard_40_there_are_so_many_parts_at_the_most() {
        let parts = split(&"kata ".repeat(10_000), 100);
        assert_eq!(parts.len(), MAX_PARTS);
        assert!(parts.last().unwrap().ends_with('…'));
        assert!(parts.iter().all(|part| part.encode_utf16().count() <= 100));
    }

    proptest! {
        #[test]
        fn hazard_40_nothing_is_lost_or_too_long(text in "[a-c 🚗é*`.\n👨‍👩‍👧]{0,70}", max in 16_usize..40) {
            let parts = split(&text, max);
            prop_assert!(parts.iter().all(|part| part.encode_utf16().count() <= max && !part.trim().is_empty()));
            let solid = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            if parts.len() < MAX_PARTS {
                prop_assert_eq!(solid(&parts.concat()), solid(&text));
            }
        }

        #[test]
        fn hazard_40_links_stay_whole(words in proptest::collection::vec("[a-z]{1,9}", 0..20), at in 0_usize..20) {
            let mut words = words;
            let link = "https://contoh.com/stok_av-012";
            words.insert(at.min(words.len()), link.to_owned());
            let parts = split(&words.join(" "), 48);
            prop_assume!(parts.len() < MAX_PARTS);
            prop_assert!(parts.iter().any(|part| part.contains(link)));
        }

        #[test]
        fn hazard_40_graphemes_stay_whole(count in 1_usize..30) {
            let family = "👨‍👩‍👧";
            let parts = split(&family.repeat(count), 20);
            prop_assert!(parts.iter().all(|part| part.trim_end_matches('…').replace(family, "").is_empty()));
        }
    }
}
