//! From digits to a number: which of the possible readings is meant.
//!
//! phonelib knows the numbering plans; what it takes for granted is decided here:
//!
//! - A bare number may begin with the calling code of the default country (`628…`), which phonelib reads as an
//!   area code. Of two readings the one that is a mobile number wins.
//! - phonelib accepts every length that some kind of number of a country has. A mobile or fixed-line number must
//!   also have a length of its own kind (see the table of regions).

use phonelib::{ParseError, PhoneFormat, PhoneNumberType};

use super::e164::E164;
use super::regions::Region;
use super::{Country, PhoneError, PhoneNumber, PhoneProblem, regions};

/// How much of a spelling is forgiven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// The public form: exactly as a number is dialled.
    Strict,
    /// The web form: whatever has one meaning.
    Lenient,
}

/// The most digits of E.164.
const E164_DIGITS: usize = 15;

/// The longest trunk prefix (two digits, in Hungary and Belarus).
const TRUNK_DIGITS: usize = 2;

/// Reads digits that were written with or without a plus sign.
pub(super) fn read(
    plus: bool,
    digits: &str,
    country: Country,
    mode: Mode,
) -> Result<PhoneNumber, PhoneError> {
    if plus {
        return read_international(digits, country, mode);
    }
    if digits.len() > E164_DIGITS + TRUNK_DIGITS {
        return Err(PhoneProblem::TooLong.into());
    }
    if let Some(rest) = digits.strip_prefix("00") {
        let number = international(rest)?;
        return match mode {
            Mode::Lenient => Ok(number),
            Mode::Strict => Err(refuse(PhoneProblem::InternationalPrefix, number.e164())),
        };
    }
    read_bare(digits, country, mode)
}

fn read_international(digits: &str, country: Country, mode: Mode) -> Result<PhoneNumber, PhoneError> {
    match international(digits) {
        Ok(number) => exact(number, digits, mode),
        // A plus sign in front of a national number; no calling code begins with zero.
        Err(problem) if digits.starts_with('0') && !digits.starts_with("00") => {
            let error = PhoneError::from(problem);
            let meant = read(false, digits, country, Mode::Strict).is_ok();
            Err(error.with_suggestion(meant.then(|| digits.into())))
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Reads digits without a plus sign or `00`: a national number, or one that begins with the calling code of the
/// default country. The order below is the rule; strict and lenient differ only in what they refuse, so a text
/// that both accept is the same number in both.
fn read_bare(digits: &str, country: Country, mode: Mode) -> Result<PhoneNumber, PhoneError> {
    if let Some(number) = indonesian_mobile(digits, country) {
        return Ok(number);
    }
    read_any_bare(digits, country, mode)
}

/// The form that almost all have, read at once: phonelib takes several readings to find the same number.
fn indonesian_mobile(digits: &str, country: Country) -> Option<PhoneNumber> {
    let significant = digits.strip_prefix('0').filter(|rest| rest.starts_with('8'))?;
    if country != Country::INDONESIA {
        return None;
    }
    let number = checked(&format!("+62{significant}")).ok()?;
    (number.mobile && number.digits().strip_prefix("62") == Some(significant)).then_some(number)
}

fn read_any_bare(digits: &str, country: Country, mode: Mode) -> Result<PhoneNumber, PhoneError> {
    let with_code = digits.starts_with(country.calling_code()).then(|| international(digits));
    let national = national(digits, country);
    match (national, with_code) {
        (Ok(National { number, prefix: Prefix::Typed }), _) => Ok(number),
        (_, Some(Ok(number))) if number.mobile => exact(number, digits, mode),
        (Ok(National { number, prefix: Prefix::Missing(form) }), _) if number.mobile => {
            missing_prefix(number, &form, country, mode)
        }
        (Ok(National { number, prefix: Prefix::NotNeeded }), _) => Ok(number),
        (_, Some(Ok(number))) => exact(number, digits, mode),
        (Ok(National { number, prefix: Prefix::Missing(form) }), None) => {
            missing_prefix(number, &form, country, mode)
        }
        // Most likely a number behind its calling code with a digit too few or too many, not a landline whose
        // area code looks like the calling code and whose trunk prefix was left out.
        (Ok(_), Some(Err(problem))) => Err(problem.into()),
        (Err(error), Some(Err(PhoneProblem::TooShort))) => Err(error),
        (Err(_), Some(Err(problem))) => Err(problem.into()),
        (Err(error), None) => Err(error),
    }
}

/// `number`, or in the strict mode an error if the digits after the plus sign were not just these.
fn exact(number: PhoneNumber, digits: &str, mode: Mode) -> Result<PhoneNumber, PhoneError> {
    if mode == Mode::Lenient || number.digits() == digits {
        return Ok(number);
    }
    Err(refuse(PhoneProblem::TrunkPrefix, number.e164()))
}

fn missing_prefix(
    number: PhoneNumber,
    form: &str,
    country: Country,
    mode: Mode,
) -> Result<PhoneNumber, PhoneError> {
    if mode == Mode::Lenient {
        return Ok(number);
    }
    let same = read_bare(form, country, Mode::Strict).is_ok_and(|meant| meant == number);
    Err(refuse(PhoneProblem::MissingPrefix, if same { form } else { number.e164() }))
}

fn refuse(problem: PhoneProblem, suggestion: &str) -> PhoneError {
    PhoneError::from(problem).with_suggestion(Some(suggestion.into()))
}

/// A reading as a number of the default country.
struct National {
    number: PhoneNumber,
    prefix: Prefix,
}

enum Prefix {
    /// The digits begin with the trunk prefix.
    Typed,
    /// They do not, and such numbers are written without it.
    NotNeeded,
    /// They do not, but such numbers are written with it: like this.
    Missing(String),
}

fn national(digits: &str, country: Country) -> Result<National, PhoneError> {
    let parsed = phonelib::PhoneNumber::try_parse_with_country(digits, country.code())
        .map_err(|error| problem_of(error, country.region(), digits.trim_start_matches('0')))?;
    let all = parsed.e164().trim_start_matches('+');
    let number = international(all)?;
    // phonelib also reads access codes and bare calling codes; only what stands before a national number of the
    // country may be a trunk prefix.
    let head = all
        .strip_prefix(country.calling_code())
        .and_then(|significant| digits.strip_suffix(significant))
        .filter(|head| head.is_empty() || ["0", "8", "06", "1", "80"].contains(head));
    match head {
        Some("") => {
            let written: String =
                parsed.format(PhoneFormat::National).chars().filter(char::is_ascii_digit).collect();
            let prefix =
                if written.len() > digits.len() { Prefix::Missing(written) } else { Prefix::NotNeeded };
            Ok(National { number, prefix })
        }
        Some(_) => Ok(National { number, prefix: Prefix::Typed }),
        None if digits.starts_with(country.calling_code()) => Err(PhoneProblem::Invalid.into()),
        None => Err(refuse(PhoneProblem::InternationalPrefix, number.e164())),
    }
}

/// Reads digits that begin with a calling code. The result is the same for its own digits: reading is idempotent.
pub(super) fn international(digits: &str) -> Result<PhoneNumber, PhoneProblem> {
    if digits.len() > E164_DIGITS {
        return Err(PhoneProblem::TooLong);
    }
    if digits.starts_with('0') {
        return Err(PhoneProblem::UnknownCountry);
    }
    // Mexico dropped the 1 of its mobile numbers in 2020; WhatsApp addresses still carry it.
    if let Some(rest) = digits.strip_prefix("521").filter(|rest| rest.len() == 10) {
        return checked(&format!("+52{rest}"));
    }
    checked(&format!("+{digits}"))
}

fn checked(text: &str) -> Result<PhoneNumber, PhoneProblem> {
    let parsed = phonelib::PhoneNumber::try_parse(text).map_err(|error| {
        let digits = text.trim_start_matches('+');
        match regions::by_leading_digits(digits) {
            Some(region) => {
                let rest = digits.strip_prefix(region.calling_code).unwrap_or_default();
                problem_of(error, region, rest.trim_start_matches('0'))
            }
            None => PhoneProblem::UnknownCountry,
        }
    })?;
    // The non-geographic codes (satellites, international freephone) are no country and nobody's WhatsApp.
    let country = Country::parse(parsed.country().code).map_err(|_| PhoneProblem::UnknownCountry)?;
    let significant = parsed
        .e164()
        .trim_start_matches('+')
        .strip_prefix(country.calling_code())
        .ok_or(PhoneProblem::Invalid)?;
    let region = country.region();
    let kind = parsed.phone_type();
    match kind {
        PhoneNumberType::Mobile => check_length(significant, region.mobile_lengths)?,
        PhoneNumberType::FixedLine => check_length(significant, region.fixed_lengths)?,
        _ => {}
    }
    let mobile_length = region.mobile_lengths.iter().any(|&length| usize::from(length) == significant.len());
    let number = PhoneNumber {
        e164: E164::new(parsed.e164()).ok_or(PhoneProblem::TooLong)?,
        country,
        mobile: mobile_length && is_mobile_kind(kind, country),
    };
    if number.e164() == text {
        return Ok(number);
    }
    // A trunk prefix was dropped. What is left must stand by itself, or it would change again when read back.
    let again = phonelib::PhoneNumber::try_parse(number.e164()).map_err(|_| PhoneProblem::Invalid)?;
    if again.e164() == number.e164() { Ok(number) } else { Err(PhoneProblem::Invalid) }
}

/// Countries where phonelib cannot tell many mobile numbers from others by three digits and calls them unknown.
/// Found by comparing it with libphonenumber on random numbers of every country.
const UNTYPED_MOBILE: &[&str] = &["BJ", "BQ", "CL", "DK", "FM", "IN", "KI", "MU", "MX", "PM", "SH", "WF"];

/// Whether numbers of this kind are given to mobile phones, if they have the length of a mobile number.
fn is_mobile_kind(kind: PhoneNumberType, country: Country) -> bool {
    match kind {
        PhoneNumberType::Mobile | PhoneNumberType::FixedLineOrMobile => true,
        PhoneNumberType::Unknown => UNTYPED_MOBILE.contains(&country.code()),
        _ => false,
    }
}

fn check_length(significant: &str, lengths: &[u8]) -> Result<(), PhoneProblem> {
    let length = significant.len();
    if lengths.is_empty() || lengths.iter().any(|&one| usize::from(one) == length) {
        return Ok(());
    }
    Err(length_problem(length, lengths, &[]))
}

/// What is wrong with a length that is in neither list.
fn length_problem(length: usize, some: &[u8], others: &[u8]) -> PhoneProblem {
    let all = |wrong: fn(usize, usize) -> bool| {
        some.iter().chain(others).all(|&right| wrong(length, usize::from(right)))
    };
    if all(|length, right| length < right) {
        PhoneProblem::TooShort
    } else if all(|length, right| length > right) {
        PhoneProblem::TooLong
    } else {
        PhoneProblem::Invalid
    }
}

/// Our word for phonelib's error; `rest` are the digits behind calling code and trunk prefix.
fn problem_of(error: ParseError, region: &Region, rest: &str) -> PhoneProblem {
    match error {
        ParseError::TooLong => PhoneProblem::TooLong,
        ParseError::TooShort => PhoneProblem::TooShort,
        ParseError::InvalidLength => length_problem(rest.len(), region.mobile_lengths, region.fixed_lengths),
        ParseError::UnknownCountryCode => PhoneProblem::UnknownCountry,
        _ => PhoneProblem::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every beginning of five digits behind the trunk prefix, in every length around those that exist.
    #[test]
    fn the_short_way_and_the_long_way_read_the_same() {
        let mut read = 0;
        for head in 80_000..90_000_u32 {
            for length in [8, 9, 10, 11, 12, 13] {
                let digits = format!("0{head}{:0>1$}", head % 1_000, length - 5);
                let short = indonesian_mobile(&digits, Country::INDONESIA);
                read += u32::from(short.is_some());
                let long = read_any_bare(&digits, Country::INDONESIA, Mode::Strict);
                // What the short way does not read is left to the long one.
                assert!(short.is_none() || short == long.ok(), "{digits}");
            }
        }
        assert!(read > 20_000, "only {read} numbers were read the short way");
        for digits in ["081234567890", "+6281234567890", "6281234567890", "81234567890"] {
            assert!(indonesian_mobile(digits, Country::parse("MY").unwrap()).is_none());
        }
    }
}
