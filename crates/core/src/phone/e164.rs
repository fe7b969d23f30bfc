//! The text of a number, without a place in the heap: numbers are the keys of everything and are copied a lot.

use std::cmp::Ordering;

/// A plus sign and 15 digits.
const LONGEST: usize = 16;

/// A text of at most 16 ASCII characters.
#[derive(Clone, Copy)]
pub(super) struct E164 {
    bytes: [u8; LONGEST],
    length: u8,
}

impl E164 {
    /// `None` if the text is longer than any number.
    pub(super) fn new(text: &str) -> Option<Self> {
        let mut bytes = [0; LONGEST];
        bytes.get_mut(..text.len())?.copy_from_slice(text.as_bytes());
        Some(Self { bytes, length: u8::try_from(text.len()).ok()? })
    }

    pub(super) fn as_str(&self) -> &str {
        // Both can only be what they were when this was made.
        let bytes = self.bytes.get(..usize::from(self.length)).unwrap_or_default();
        std::str::from_utf8(bytes).unwrap_or_default()
    }
}

impl PartialEq for E164 {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for E164 {}

impl PartialOrd for E164 {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for E164 {
    /// That of the text: the zeros behind a shorter one come before any digit.
    fn cmp(&self, other: &Self) -> Ordering {
        self.bytes.cmp(&other.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_the_text_and_sorts_like_it() {
        let texts = [
            "",
            "+",
            "+1",
            "+12025550173",
            "+62812345678",
            "+628123456789",
            "+6281234567890",
            "+628123456789012",
        ];
        for (place, text) in texts.iter().enumerate() {
            let one = E164::new(text).unwrap();
            assert_eq!(one.as_str(), *text);
            for (other_place, other) in texts.iter().enumerate() {
                let other = E164::new(other).unwrap();
                assert_eq!(one.cmp(&other), place.cmp(&other_place));
                assert_eq!(one == other, place == other_place);
            }
        }
        assert!(E164::new("+6281234567890123").is_none());
    }
}
