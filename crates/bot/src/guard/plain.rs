//! Text without hidden characters, in one spelling.

use std::collections::BTreeSet;
use std::fmt;

use unicode_normalization::{UnicodeNormalization, is_nfkc};
use unicode_segmentation::UnicodeSegmentation;

use super::injection;

/// How many characters of a message are read; the rest is cut and a note says so.
pub const MAX_CHARS: usize = 4_000;

/// A text made plain. `Debug` shows no words.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Plain {
    /// The text: no hidden or directional characters, one spelling of every letter, at most [`MAX_CHARS`] and the note.
    pub text: String,
    /// What was found on the way. Flags are for prompts, logs and figures; none of them stops an answer.
    pub flags: BTreeSet<Flag>,
}

/// What a text had in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Flag {
    /// Characters that cannot be seen.
    Hidden,
    /// Characters that turn the direction of writing.
    Directional,
    /// Letters of one script that pose as those of another.
    Confusable,
    /// It was too long.
    Shortened,
    /// A long run of base64 or hexadecimal digits, or words that are plain only by rot13.
    Encoded,
    /// It reads like an order to the assistant.
    Injection,
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Plain").field("bytes", &self.text.len()).field("flags", &self.flags).finish()
    }
}

/// Makes a customer's text plain.
///
/// # Behavior
/// - Hidden, directional and control characters go; joiners inside emoji stay. Full-width and other compatibility forms
///   become their plain ones (NFKC).
/// - Cyrillic and Greek letters that look Latin become Latin in words that mix them, and in every such word of a text
///   that is otherwise Latin.
/// - More than [`MAX_CHARS`] characters are cut, and `[…]` stands for the rest.
/// - Idempotent.
#[must_use]
pub fn normalise(text: &str) -> Plain {
    let mut flags = BTreeSet::new();
    // A message may have 100 kB; what is far behind the limit is not even looked at.
    let bounded = cut(text, MAX_CHARS * 4).and_then(|end| text.get(..end)).unwrap_or(text);
    if bounded.chars().any(is_directional) {
        flags.insert(Flag::Directional);
    }
    if without_hidden(bounded).chars().count() < bounded.chars().filter(|c| !is_directional(*c)).count() {
        flags.insert(Flag::Hidden);
    }
    let seen = visible(bounded);
    let latin = unconfused(&seen);
    if latin != seen {
        flags.insert(Flag::Confusable);
    }
    // Letters that became Latin may join with the marks behind them.
    let mut text = visible(&latin).trim().to_owned();
    let noted = text.strip_suffix(NOTE).is_some_and(|head| cut(head, MAX_CHARS).is_none());
    if let Some(end) = cut(&text, MAX_CHARS).filter(|_| !noted) {
        text.truncate(end);
        text.truncate(text.trim_end().len());
        text.push_str(NOTE);
        flags.insert(Flag::Shortened);
    }
    if injection::is_encoded(&text) {
        flags.insert(Flag::Encoded);
    }
    if injection::is_suspicious(&text) {
        flags.insert(Flag::Injection);
    }
    Plain { text, flags }
}

/// What stands for the rest of a text that was cut.
const NOTE: &str = " [...]";

/// A text as it looks: without hidden, directional and control characters, in its plain spelling (NFKC). Not shortened.
#[must_use]
pub fn visible(text: &str) -> String {
    let mut seen = without_hidden(text);
    // Compatibility forms may hide characters of their own, and what they hid may have kept letters and marks apart.
    for _ in 0..3 {
        if is_nfkc(&seen) {
            break;
        }
        seen = without_hidden(&seen.nfkc().collect::<String>());
    }
    seen
}

/// Where to cut so that at most so many characters stay and none is torn; `None` if there are no more than that.
fn cut(text: &str, chars: usize) -> Option<usize> {
    let (limit, _) = text.char_indices().nth(chars)?;
    // A grapheme may itself be endless, so only a little before the limit is looked at.
    let from = text.char_indices().nth(chars.saturating_sub(64)).map_or(0, |(at, _)| at);
    let tail = text.get(from..).unwrap_or_default();
    let whole = tail.grapheme_indices(true).map(|(at, _)| from + at).take_while(|at| *at <= limit).last();
    Some(whole.filter(|at| *at > from).unwrap_or(limit))
}

fn is_directional(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Characters that cannot be seen, other than white space and the joiner of emoji.
fn is_hidden(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || is_directional(c)
        || matches!(
            c,
            '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180b}'..='\u{180f}'
                | '\u{200b}' | '\u{200c}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{2065}' | '\u{206a}'..='\u{206f}'
                | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
                | '\u{1d173}'..='\u{1d17a}'
        )
}

/// The text without them. Joiners and variation selectors stay only behind what is no letter or digit of a word.
fn without_hidden(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        let before = kept.chars().next_back();
        let keeps = match c {
            '\r' => {
                if chars.peek() != Some(&'\n') {
                    kept.push('\n');
                }
                false
            }
            '\u{200d}' => {
                before.is_some_and(|c| c > '\u{2000}') && chars.peek().is_some_and(|c| *c > '\u{2000}')
            }
            '\u{fe00}'..='\u{fe0f}' => before.is_some_and(|c| !c.is_alphabetic() && !c.is_whitespace()),
            c => !is_hidden(c),
        };
        if keeps {
            kept.push(c);
        }
    }
    kept
}

/// The Latin letter that a letter of another script poses as.
fn latin(c: char) -> Option<char> {
    Some(match c {
        'а' | 'α' => 'a',
        'А' | 'Α' => 'A',
        'В' | 'Β' => 'B',
        'с' | 'ϲ' => 'c',
        'С' | 'Ϲ' => 'C',
        'ԁ' => 'd',
        'е' | 'ҽ' => 'e',
        'Е' | 'Ε' => 'E',
        'ɡ' => 'g',
        'һ' => 'h',
        'Н' | 'Η' => 'H',
        'і' | 'ι' | 'ı' => 'i',
        'І' | 'Ι' | 'Ӏ' => 'I',
        'ј' => 'j',
        'Ј' => 'J',
        'К' | 'Κ' => 'K',
        'к' | 'κ' => 'k',
        'ӏ' => 'l',
        'М' | 'Μ' => 'M',
        'Ν' => 'N',
        'ո' => 'n',
        'о' | 'ο' | 'օ' => 'o',
        'О' | 'Ο' => 'O',
        'р' | 'ρ' => 'p',
        'Р' | 'Ρ' => 'P',
        'ԛ' => 'q',
        'ѕ' => 's',
        'Ѕ' => 'S',
        'Т' | 'Τ' => 'T',
        'υ' | 'ս' => 'u',
        'ν' | 'ѵ' => 'v',
        'ԝ' => 'w',
        'х' | 'χ' => 'x',
        'Х' | 'Χ' => 'X',
        'у' => 'y',
        'У' | 'Υ' => 'Y',
        'Ζ' => 'Z',
        _ => return None,
    })
}

/// The text with letters that pose as Latin made Latin: in words that have Latin letters too, and in whole words of a text
/// that has no other letters of their scripts.
fn unconfused(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    let posing = |c: char| latin(c).is_some();
    let other = text.chars().any(|c| ('\u{370}'..='\u{58f}').contains(&c) && c.is_alphabetic() && !posing(c));
    let any_latin = text.chars().any(|c| c.is_ascii_alphabetic());
    let mut made = String::with_capacity(text.len());
    for word in text.split_inclusive(|c: char| !c.is_alphanumeric()) {
        let mixed = word.chars().any(|c| c.is_ascii_alphabetic());
        if mixed || (any_latin && !other) {
            made.extend(word.chars().map(|c| latin(c).unwrap_or(c)));
        } else {
            made.push_str(word);
        }
    }
    made
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(text: &str, expected: &str, flags: &[Flag]) {
        let plain = normalise(text);
        assert_eq!(plain.text, expected);
        assert_eq!(plain.flags, flags.iter().copied().collect(), "{text:?}");
    }

    #[test]
    fn hazard_34_disguises_are_taken_off() {
        check("ha\u{200b}rga\u{feff} avanza", "harga avanza", &[Flag::Hidden]);
        check("\u{202e}harga\u{202c} avanza", "harga avanza", &[Flag::Directional]);
        check("hаrgа аvаnzа", "harga avanza", &[Flag::Confusable]); // Cyrillic а.
        check("ｈａｒｇａ １５０", "harga 150", &[]);
        check("𝗵𝗮𝗿𝗴𝗮", "harga", &[]);
        check("har\u{ad}ga\r\navanza", "harga\navanza", &[Flag::Hidden]);
        check("a\u{e0041}\u{e0042}b", "ab", &[Flag::Hidden]);
    }

    #[test]
    fn hazard_34_what_is_harmless_stays() {
        check("Halo Kak 👨‍👩‍👧 ❤️ 1️⃣", "Halo Kak 👨‍👩‍👧 ❤️ 1️⃣", &[]);
        check("café Müller", "café Müller", &[]);
        check("привет мир", "привет мир", &[]);
    }

    #[test]
    fn hazard_39_long_texts_are_cut_with_a_note() {
        let plain = normalise(&"halo ".repeat(20_000));
        assert!(plain.text.ends_with(" [...]") && plain.flags.contains(&Flag::Shortened));
        assert!(plain.text.chars().count() <= MAX_CHARS + NOTE.len());
    }

    proptest! {
        #[test]
        fn normalising_twice_changes_nothing(text in any::<String>()) {
            let once = normalise(&text).text;
            prop_assert_eq!(normalise(&once).text, once);
        }

        #[test]
        fn nothing_hidden_stays(text in "[a-zа-я\u{200b}-\u{200f}\u{202a}-\u{202e}\u{feff}\u{ad}ａ-ｚ\u{300}-\u{305}👍\u{fe0f} ]{0,60}") {
            let plain = normalise(&text).text;
            prop_assert!(!plain.chars().any(is_hidden));
            prop_assert_eq!(normalise(&plain).text, plain);
        }
    }
}
