//! The country that a number belongs to, or that a bare national number is read in.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::regions::{self, Region};

/// A country or territory with a numbering plan of its own, named by its ISO 3166-1 alpha-2 code.
///
/// Two codes that ISO leaves to users are known too, because they have telephones: `XK` (Kosovo) and the
/// reserved `AC` and `TA` (Ascension, Tristan da Cunha).
///
/// Serialised as the code. The order is that of the codes.
///
/// ```
/// use wartel_core::Country;
///
/// assert_eq!(Country::parse("ID")?, Country::INDONESIA);
/// assert_eq!(Country::INDONESIA.calling_code(), "62");
/// # Ok::<(), wartel_core::CountryError>(())
/// ```
#[derive(Clone, Copy)]
pub struct Country(&'static Region);

impl Country {
    /// Indonesia, `ID`, +62: where Wartel is at home.
    pub const INDONESIA: Self = Self(&regions::INDONESIA);

    /// The country of an alpha-2 code, in capitals or not.
    ///
    /// # Errors
    /// [`CountryError`] if this is not the code of a country with telephones.
    pub fn parse(code: &str) -> Result<Self, CountryError> {
        if code.len() != 2 || !code.is_ascii() {
            return Err(CountryError(()));
        }
        regions::by_code(&code.to_ascii_uppercase()).map(Self).ok_or(CountryError(()))
    }

    /// The alpha-2 code, in capitals: `"ID"`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        self.0.code
    }

    /// The E.164 country calling code without the plus sign: `"62"`. One to three digits; the countries of
    /// the North American plan all have `"1"`.
    #[must_use]
    pub const fn calling_code(self) -> &'static str {
        self.0.calling_code
    }

    /// Every country, sorted by code.
    pub fn all() -> impl Iterator<Item = Self> {
        regions::REGIONS.iter().map(Self)
    }

    pub(super) const fn region(self) -> &'static Region {
        self.0
    }
}

impl PartialEq for Country {
    fn eq(&self, other: &Self) -> bool {
        self.code() == other.code()
    }
}

impl Eq for Country {}

impl Hash for Country {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.code().hash(state);
    }
}

impl PartialOrd for Country {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Country {
    fn cmp(&self, other: &Self) -> Ordering {
        self.code().cmp(other.code())
    }
}

impl fmt::Debug for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Country({})", self.code())
    }
}

impl fmt::Display for Country {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl std::str::FromStr for Country {
    type Err = CountryError;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        Self::parse(code)
    }
}

impl Serialize for Country {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Country {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::parse(&code).map_err(serde::de::Error::custom)
    }
}

/// The text is not the ISO 3166-1 alpha-2 code of a country with telephones.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not the two-letter code of a country with telephones, such as ID")]
pub struct CountryError(());

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_parsed_in_capitals_or_not() {
        assert_eq!(Country::parse("ID"), Ok(Country::INDONESIA));
        assert_eq!(Country::parse("id"), Ok(Country::INDONESIA));
        assert_eq!(Country::parse("sg").unwrap().code(), "SG");
        for wrong in ["", "I", "IDN", "ZZ", "62", "001", "é", " ID", "I\0"] {
            assert_eq!(Country::parse(wrong), Err(CountryError(())), "{wrong:?}");
        }
    }

    #[test]
    fn shows_its_code() {
        assert_eq!(Country::INDONESIA.to_string(), "ID");
        assert_eq!(format!("{:?}", Country::INDONESIA), "Country(ID)");
        assert_eq!(Country::parse("AG").unwrap().calling_code(), "1");
    }

    #[test]
    fn is_a_string_in_json() {
        let list: Vec<Country> = serde_json::from_str(r#"["ID","MY"]"#).unwrap();
        assert_eq!(serde_json::to_string(&list).unwrap(), r#"["ID","MY"]"#);
        assert!(serde_json::from_str::<Country>(r#""ZZ""#).is_err());
        assert!(serde_json::from_str::<Country>("62").is_err());
    }

    #[test]
    fn sorts_by_code_and_lists_each_country_once() {
        let all: Vec<Country> = Country::all().collect();
        assert!(all.is_sorted_by(|a, b| a < b));
        assert!(all.contains(&Country::INDONESIA));
    }
}
