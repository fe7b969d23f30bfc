//! From text to digits: which characters a spelling of a phone number may have.

use super::PhoneProblem;

/// The longest text that is looked at, in bytes. The longest E.164 number has 15 digits; this leaves room for
/// separators, and for telling somebody who types 3-byte full-width digits what is wrong.
const MAX_BYTES: usize = 48;

/// The digits of a text and how they were written.
pub(super) struct Scanned {
    /// A plus sign stands before the first digit.
    pub(super) plus: bool,
    /// ASCII digits, at most [`MAX_BYTES`].
    pub(super) digits: String,
    /// There are spaces, dashes, dots or brackets.
    pub(super) separators: bool,
}

/// Collects the digits. Looks at no more than [`MAX_BYTES`] and allocates no more than that.
pub(super) fn scan(text: &str) -> Result<Scanned, PhoneProblem> {
    if text.len() > MAX_BYTES {
        return Err(PhoneProblem::TooLong);
    }
    let mut scanned = Scanned { plus: false, digits: String::with_capacity(text.len()), separators: false };
    for c in text.chars() {
        match c {
            '0'..='9' => scanned.digits.push(c),
            '+' if scanned.digits.is_empty() && !scanned.plus => scanned.plus = true,
            _ if is_separator(c) => scanned.separators = true,
            _ if c.is_control() || is_invisible(c) => return Err(PhoneProblem::ControlCharacters),
            _ if c.is_numeric() => return Err(PhoneProblem::NonAsciiDigits),
            _ if c.is_alphabetic() => return Err(PhoneProblem::Letters),
            _ => return Err(PhoneProblem::UnexpectedCharacters),
        }
    }
    if scanned.digits.is_empty() { Err(PhoneProblem::Empty) } else { Ok(scanned) }
}

/// What people and address books put between groups of digits, with the no-break and typographic forms that
/// come along when a number is copied from a web page or a chat.
fn is_separator(c: char) -> bool {
    matches!(
        c,
        ' ' | '-' | '.' | '(' | ')' | '\u{a0}' | '\u{2007}' | '\u{2009}' | '\u{202f}' | '\u{2010}'
            ..='\u{2015}' | '\u{2212}'
    )
}

/// Characters that show nothing (Unicode category Cf) or break a line. Refused rather than skipped, so that two
/// texts that look alike are not taken for the same input.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}'
            | '\u{600}'..='\u{605}'
            | '\u{61c}'
            | '\u{6dd}'
            | '\u{70f}'
            | '\u{8e2}'
            | '\u{180e}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}'
            | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}'
            | '\u{e0001}'..='\u{e007f}'
    )
}
