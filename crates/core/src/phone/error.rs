//! Why a text is not a phone number, without repeating the text.

use std::fmt;

/// What is wrong with a text that should be a phone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PhoneProblem {
    /// There are no digits.
    Empty,
    /// More digits than any number of this country has, or more bytes than any spelling needs.
    TooLong,
    /// Fewer digits than any number of this country has.
    TooShort,
    /// Letters. They are never read as the digits on the same key.
    Letters,
    /// Digits of another script, such as Arabic or full-width ones.
    NonAsciiDigits,
    /// Control characters, marks of writing direction or other invisible characters.
    ControlCharacters,
    /// Any other character that has no place in a phone number, or a plus sign that is not at the start.
    UnexpectedCharacters,
    /// Spaces, dashes, dots or brackets; refused only by the strict form.
    Separators,
    /// A national number without its trunk prefix: `8…` for `08…` in Indonesia. Refused only by the strict form.
    MissingPrefix,
    /// An international access code such as `00` where a plus sign belongs; `00` is refused only by the strict
    /// form.
    InternationalPrefix,
    /// The trunk prefix behind the country calling code: `+620…`. Refused only by the strict form.
    TrunkPrefix,
    /// No country has the calling code that the number begins with.
    UnknownCountry,
    /// The numbering plan of the country has no such number.
    Invalid,
}

impl PhoneProblem {
    /// A stable name for programs: `"missing_prefix"`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::TooLong => "too_long",
            Self::TooShort => "too_short",
            Self::Letters => "letters",
            Self::NonAsciiDigits => "non_ascii_digits",
            Self::ControlCharacters => "control_characters",
            Self::UnexpectedCharacters => "unexpected_characters",
            Self::Separators => "separators",
            Self::MissingPrefix => "missing_prefix",
            Self::InternationalPrefix => "international_prefix",
            Self::TrunkPrefix => "trunk_prefix",
            Self::UnknownCountry => "unknown_country",
            Self::Invalid => "invalid",
        }
    }
}

impl fmt::Display for PhoneProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the phone number is empty",
            Self::TooLong => "the phone number has too many digits",
            Self::TooShort => "the phone number has too few digits",
            Self::Letters => "the phone number contains letters",
            Self::NonAsciiDigits => "the phone number contains digits that are not Latin",
            Self::ControlCharacters => "the phone number contains control or invisible characters",
            Self::UnexpectedCharacters => "the phone number contains characters that do not belong in it",
            Self::Separators => "the phone number contains spaces, dashes, dots or brackets",
            Self::MissingPrefix => "the phone number lacks its national prefix or country code",
            Self::InternationalPrefix => "the phone number needs a plus sign instead of an access code",
            Self::TrunkPrefix => "the phone number has a national prefix after its country code",
            Self::UnknownCountry => "the phone number begins with an unknown country code",
            Self::Invalid => "the phone number does not exist in the numbering plan of its country",
        })
    }
}

/// A text that is not a phone number: the problem, and what to type instead where that is certain.
///
/// Neither `Display` nor `Debug` shows a digit of the text, so the error can be logged.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct PhoneError {
    problem: PhoneProblem,
    suggestion: Option<Box<str>>,
}

impl PhoneError {
    pub(super) fn with_suggestion(mut self, suggestion: Option<Box<str>>) -> Self {
        self.suggestion = suggestion;
        self
    }

    /// What is wrong.
    #[must_use]
    pub fn problem(&self) -> PhoneProblem {
        self.problem
    }

    /// The form to type instead, such as `081234567890` for `0812-3456-7890`; `None` if the text does not
    /// clearly mean one number. The strict form accepts every suggestion.
    ///
    /// This is a phone number: show it to the person who typed the text and to nobody else.
    #[must_use]
    pub fn suggestion(&self) -> Option<&str> {
        self.suggestion.as_deref()
    }
}

impl From<PhoneProblem> for PhoneError {
    fn from(problem: PhoneProblem) -> Self {
        Self { problem, suggestion: None }
    }
}

impl fmt::Debug for PhoneError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PhoneError")
            .field("problem", &self.problem)
            .field("has_suggestion", &self.suggestion.is_some())
            .finish()
    }
}
