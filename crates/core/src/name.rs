//! A person's full name as people type it.

use std::fmt;

/// A full name: 2 to 100 characters, any letters and emoji, no control and no bidirectional characters.
///
/// Kept as typed except for the white space around it. It may still hold anything else, markup and quotes
/// too: whoever shows it makes it harmless for that place. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct FullName(String);

/// Why a text is not a full name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// Fewer than 2 characters.
    #[error("the name needs at least 2 characters")]
    TooShort,
    /// More than 100 characters.
    #[error("the name has more than 100 characters")]
    TooLong,
    /// A control character, such as a line break or a null.
    #[error("the name has a control character")]
    ControlCharacter,
    /// A character that changes the direction of the text or cannot be seen.
    #[error("the name has an invisible character that changes the direction of text")]
    BidiCharacter,
    /// No letter, digit or emoji at all.
    #[error("the name has no letter")]
    NothingVisible,
}

impl FullName {
    /// Reads a name.
    ///
    /// # Errors
    /// [`NameError`] says what is wrong; nothing is corrected but the white space around the name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        // Before anything else looks at it: 100 characters are 400 bytes at the most.
        if text.len() > 1_024 {
            return Err(NameError::TooLong);
        }
        if text.chars().any(char::is_control) {
            return Err(NameError::ControlCharacter);
        }
        if text.chars().any(is_directional) {
            return Err(NameError::BidiCharacter);
        }
        let name = text.trim();
        match name.chars().count() {
            0..=1 => return Err(NameError::TooShort),
            101.. => return Err(NameError::TooLong),
            _ => {}
        }
        if name.chars().all(|c| c.is_whitespace() || is_unseen(c)) {
            return Err(NameError::NothingVisible);
        }
        Ok(Self(name.to_owned()))
    }

    /// The name as typed.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Marks, embeddings, overrides and isolates (Unicode Standard Annex 9 §2) and the line and paragraph
/// separators.
fn is_directional(c: char) -> bool {
    matches!(c, '\u{061C}' | '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
}

/// Zero-width characters. They are fine inside a name (emoji are joined by one), but are not a name.
fn is_unseen(c: char) -> bool {
    matches!(c, '\u{00AD}' | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}')
}

impl fmt::Debug for FullName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FullName({} characters)", self.0.chars().count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_people_are_names() {
        let hundred = "ä".repeat(100);
        for good in [
            "Budi",
            "Li",
            "Siti Nurhaliza",
            "O'Neil",
            "👩‍👧 Ayu",
            "山田太郎",
            "'; DROP TABLE",
            "*123456*",
            &hundred,
        ] {
            assert_eq!(FullName::parse(good).unwrap().as_str(), good);
        }
        assert_eq!(FullName::parse("  Budi ").unwrap().as_str(), "Budi");
    }

    #[test]
    fn what_is_not_a_name_says_why() {
        let long = "a".repeat(101);
        let huge = "a".repeat(100_000);
        for (bad, why) in [
            ("", NameError::TooShort),
            ("B", NameError::TooShort),
            ("  B  ", NameError::TooShort),
            (long.as_str(), NameError::TooLong),
            (huge.as_str(), NameError::TooLong),
            ("Bu\0di", NameError::ControlCharacter),
            ("Budi\nKode: 1", NameError::ControlCharacter),
            ("Budi\u{202E}idub", NameError::BidiCharacter),
            ("\u{200B}\u{200B}", NameError::NothingVisible),
        ] {
            assert_eq!(FullName::parse(bad), Err(why));
        }
    }

    #[test]
    fn debug_keeps_the_name_to_itself() {
        assert_eq!(format!("{:?}", FullName::parse("Budi").unwrap()), "FullName(4 characters)");
    }
}
