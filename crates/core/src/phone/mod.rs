//! Phone numbers in E.164: parsed once at the edge, never printed by accident.

mod country;
mod e164;
mod error;
mod read;
mod regions;
mod scan;

use std::fmt;
use std::hash::{Hash, Hasher};

pub use country::{Country, CountryError};
pub use error::{PhoneError, PhoneProblem};

use e164::E164;
use read::Mode;

/// A phone number in E.164: a plus sign and at most 15 digits.
///
/// One number has one value, however it was spelled, so it can be a key. There is no `Display` and no serde, so
/// that a number is shown or stored only where code says so ([`PhoneNumber::e164`], [`PhoneNumber::masked`]).
/// `Debug` shows the last two digits. The order is that of the E.164 text.
///
/// A value means that the numbering plan of its country has numbers of this length and kind, not that somebody
/// has been given this one.
///
/// ```
/// use wartel_core::{Country, PhoneNumber, PhoneProblem};
///
/// let phone = PhoneNumber::parse("628123456789", Country::INDONESIA)?;
/// assert_eq!(phone, PhoneNumber::parse("08123456789", Country::INDONESIA)?);
/// assert_eq!(phone, PhoneNumber::parse_lenient("+62 812-3456-789", Country::INDONESIA)?);
/// assert!(phone.is_mobile());
///
/// let error = PhoneNumber::parse("81234567890", Country::INDONESIA).unwrap_err();
/// assert_eq!(error.problem(), PhoneProblem::MissingPrefix);
/// assert_eq!(error.suggestion(), Some("081234567890"));
/// # Ok::<(), wartel_core::PhoneError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PhoneNumber {
    /// First, because the order is that of this text; the other fields follow from it.
    e164: E164,
    country: Country,
    mobile: bool,
}

impl PhoneNumber {
    /// Reads a number in the strict public form: digits, with a plus sign before them or not.
    ///
    /// # Behavior
    /// - With a plus sign: a number of any country.
    /// - Without: a number as it is dialled within `default_country` (`081234567890` in Indonesia), or one that
    ///   begins with its calling code (`628123456789`).
    /// - Where national numbers are written with a trunk prefix (`0` in Indonesia), it must be there; where they
    ///   are written without one (Singapore, Italy, the United States), the national number stands as it is. A
    ///   country can have both: Chinese landlines are written with `0`, Chinese mobile numbers without.
    /// - If a number can be read with and without the calling code of the country, the reading as a mobile
    ///   number wins.
    ///
    /// # Errors
    /// [`PhoneError`] with the problem and, where it is certain, the form to type instead. Separators, a missing
    /// trunk prefix, `00` for the plus sign and a trunk prefix behind the calling code are such problems.
    pub fn parse(text: &str, default_country: Country) -> Result<Self, PhoneError> {
        let scanned = scan::scan(text)?;
        let result = read::read(scanned.plus, &scanned.digits, default_country, Mode::Strict);
        if !scanned.separators {
            return result;
        }
        let suggestion = match result {
            Ok(_) if scanned.plus => format!("+{}", scanned.digits).into(),
            Ok(_) => scanned.digits.into(),
            // What is wrong besides the separators, unless it can be put right together with them.
            Err(error) => match error.suggestion() {
                Some(form) => form.into(),
                None => return Err(error),
            },
        };
        Err(PhoneError::from(PhoneProblem::Separators).with_suggestion(Some(suggestion)))
    }

    /// Reads a number as people type it into a form.
    ///
    /// Accepts all that [`PhoneNumber::parse`] accepts, as the same number, and besides: spaces, dashes, dots and
    /// round brackets anywhere; a missing trunk prefix (`812…`); `00` for the plus sign; a trunk prefix behind
    /// the calling code (`+62 (0)812…`).
    ///
    /// # Errors
    /// [`PhoneError`] as for the strict form. Letters, digits of other scripts, control and invisible characters
    /// and over-long texts are refused here too.
    pub fn parse_lenient(text: &str, default_country: Country) -> Result<Self, PhoneError> {
        let scanned = scan::scan(text)?;
        read::read(scanned.plus, &scanned.digits, default_country, Mode::Lenient)
    }

    /// Reads back what [`PhoneNumber::e164`] gave, and nothing else. For stores.
    ///
    /// # Errors
    /// [`PhoneError`] if the text is not the E.164 form of a number.
    pub fn from_e164(text: &str) -> Result<Self, PhoneError> {
        let scanned = scan::scan(text)?;
        let number = read::international(&scanned.digits)?;
        if number.e164() == text { Ok(number) } else { Err(PhoneProblem::Invalid.into()) }
    }

    /// The number of digits that begin with a calling code, as WhatsApp addresses have them.
    pub(crate) fn from_international_digits(digits: &str) -> Option<Self> {
        let all_digits = digits.bytes().all(|byte| byte.is_ascii_digit());
        all_digits.then(|| read::international(digits).ok()).flatten()
    }

    /// The number in E.164: `+6281234567890`.
    #[must_use]
    pub fn e164(&self) -> &str {
        self.e164.as_str()
    }

    /// The digits of E.164 without the plus sign, as most WhatsApp interfaces want them: `6281234567890`.
    #[must_use]
    pub fn digits(&self) -> &str {
        let text = self.e164();
        text.strip_prefix('+').unwrap_or(text)
    }

    /// The number for people who know it already: calling code, three digits, one bullet for each hidden digit,
    /// the last three digits (`+62812•••••890`).
    ///
    /// Short national numbers show less, so that about half of the digits stay hidden: nine digits and fewer show
    /// two and two, seven and fewer only the last two.
    #[must_use]
    pub fn masked(&self) -> String {
        let calling_code = self.country.calling_code();
        let significant = self.digits().strip_prefix(calling_code).unwrap_or_default();
        let (head, tail) = match significant.len() {
            10.. => (3, 3),
            8..=9 => (2, 2),
            6..=7 => (0, 2),
            _ => (0, 1),
        };
        let hidden = head..significant.len().saturating_sub(tail);
        let shown =
            significant.char_indices().map(|(i, digit)| if hidden.contains(&i) { '•' } else { digit });
        ['+'].into_iter().chain(calling_code.chars()).chain(shown).collect()
    }

    /// The country that the number belongs to, which may be another than the default country it was read with.
    #[must_use]
    pub fn country(&self) -> Country {
        self.country
    }

    /// Whether the number lies in a range for mobile phones, or in one where mobile phones and fixed lines
    /// cannot be told apart (as in North America). Only such numbers get a code.
    #[must_use]
    pub fn is_mobile(&self) -> bool {
        self.mobile
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.e164();
        write!(f, "PhoneNumber(…{})", text.get(text.len().saturating_sub(2)..).unwrap_or_default())
    }
}

impl Hash for PhoneNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        // The other fields follow from it.
        self.e164().hash(state);
    }
}
