//! Words as they are compared: small letters, no accents, nothing hidden.

use unicode_normalization::UnicodeNormalization as _;

/// So many characters of a text are looked at.
const LOOKED_AT: usize = 4_000;

/// The text in small letters, full-width forms made plain, accents and everything invisible taken away.
pub(crate) fn fold(text: &str) -> String {
    let plain = text.chars().take(LOOKED_AT).nfkd().filter(|&c| !is_mark(c) && !is_hidden(c));
    plain.flat_map(char::to_lowercase).collect()
}

/// The words of a text, folded: runs of letters and digits.
pub(crate) fn words(text: &str) -> Vec<String> {
    fold(text)
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// A text of people as one bounded paragraph: hidden and control characters gone, white space single.
pub(crate) fn plain(text: &str, most: usize) -> String {
    let visible: String =
        text.chars().map(|c| if c.is_control() { ' ' } else { c }).filter(|&c| !is_hidden(c)).collect();
    let mut plain = String::new();
    for word in visible.split_whitespace() {
        if !plain.is_empty() {
            plain.push(' ');
        }
        plain.push_str(word);
    }
    plain.chars().take(most).collect::<String>().trim_end().to_owned()
}

/// Combining marks of Latin letters, which is what NFKD leaves of accents.
const fn is_mark(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36f}')
}

/// Characters that nobody sees: zero-width ones, those that turn the direction of writing, tags and selectors.
pub(crate) const fn is_hidden(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

/// In how many steps (a letter put in, taken out, replaced, or two neighbours swapped) one word becomes the other;
/// `None` if it takes more than `most`.
pub(crate) fn distance(one: &str, other: &str, most: usize) -> Option<usize> {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    if one.len().abs_diff(other.len()) > most || one.len() > 40 {
        return None;
    }
    let width = other.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..width).collect();
    for (row, a) in one.iter().enumerate() {
        let mut now = vec![row + 1];
        for (column, b) in other.iter().enumerate() {
            let at = |line: &[usize], index: usize| line.get(index).copied().unwrap_or(usize::MAX - 1);
            let replaced = at(&last, column) + usize::from(a != b);
            let mut best = replaced.min(at(&last, column + 1) + 1).min(at(&now, column) + 1);
            let swapped =
                row > 0 && column > 0 && one.get(row - 1) == Some(b) && other.get(column - 1) == Some(a);
            if swapped {
                best = best.min(at(&before, column - 1) + 1);
            }
            now.push(best);
        }
        before = std::mem::replace(&mut last, now);
    }
    last.last().copied().filter(|&steps| steps <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_and_accents_are_no_part_of_words() {
        assert_eq!(words("Ａvan\u{200b}za é CR-V,1.5!"), ["avanza", "e", "cr", "v", "1", "5"]);
        assert_eq!(plain(" a\u{202e}b\n\tc  d ", 20), "ab c d");
        assert_eq!(plain("aaa bbb", 4), "aaa");
    }

    #[test]
    fn steps_between_words() {
        for (one, other, most, expected) in [
            ("avansa", "avanza", 2, Some(1)),
            ("inova", "innova", 2, Some(1)),
            ("brio", "brio", 0, Some(0)),
            ("biro", "brio", 1, Some(1)),
            ("jazz", "yaris", 2, None),
            ("", "ab", 2, Some(2)),
            ("xenia", "avanza", 2, None),
        ] {
            assert_eq!(distance(one, other, most), expected, "{one} {other}");
        }
    }
}
