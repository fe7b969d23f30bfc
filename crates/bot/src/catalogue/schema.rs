//! Which attributes the items of a trade have.

use serde::{Deserialize, Serialize};

/// The attributes of a trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schema {
    /// What one item is called, in the shop's language: `mobil`.
    pub item: String,
    /// Its attributes, in the order in which they are shown.
    pub attributes: Vec<AttributeSpec>,
}

/// One attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttributeSpec {
    /// Its key in items, files and tools: `a-z 0-9 _`.
    pub key: String,
    /// Indonesian and English words for it.
    pub labels: (String, String),
    /// What its values are.
    pub kind: AttributeKind,
}

/// What the values of an attribute are; of numbers, in which unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AttributeKind {
    /// Words.
    Text,
    /// One of these words; the others of a group mean the first one: `[["automatic", "matic", "AT"], ["manual", "MT"]]`.
    OneOf(Vec<Vec<String>>),
    /// A year of the calendar.
    Year,
    /// Kilometres.
    Kilometres,
    /// Cubic centimetres of an engine.
    CubicCentimetres,
    /// How many.
    Count,
}

impl AttributeSpec {
    /// An attribute with its Indonesian and English words.
    #[must_use]
    pub fn new(key: &str, indonesian: &str, english: &str, kind: AttributeKind) -> Self {
        Self { key: key.to_owned(), labels: (indonesian.to_owned(), english.to_owned()), kind }
    }
}

impl Schema {
    /// A trade of so called items with these attributes.
    #[must_use]
    pub fn new(item: impl Into<String>, attributes: Vec<AttributeSpec>) -> Self {
        Self { item: item.into(), attributes }
    }

    /// The schema of a dealer of used cars: `make`, `model`, `variant`, `year`, `mileage`, `transmission`, `fuel`, `colour`,
    /// `engine`, `body`, `plate` (the city of its plate).
    #[must_use]
    pub fn cars() -> Self {
        let one_of = |groups: &[&[&str]]| {
            let words = |group: &&[&str]| group.iter().map(|word| (*word).to_owned()).collect();
            AttributeKind::OneOf(groups.iter().map(words).collect())
        };
        let spec = AttributeSpec::new;
        Self::new(
            "mobil",
            vec![
                spec("make", "merek", "make", AttributeKind::Text),
                spec("model", "model", "model", AttributeKind::Text),
                spec("variant", "varian", "variant", AttributeKind::Text),
                spec("year", "tahun", "year", AttributeKind::Year),
                spec("mileage", "kilometer", "mileage", AttributeKind::Kilometres),
                spec(
                    "transmission",
                    "transmisi",
                    "transmission",
                    one_of(&[&["automatic", "matic", "otomatis", "at", "cvt"], &["manual", "mt"]]),
                ),
                spec(
                    "fuel",
                    "bahan bakar",
                    "fuel",
                    one_of(&[
                        &["petrol", "bensin", "gasoline"],
                        &["diesel", "solar"],
                        &["hybrid", "hibrida"],
                        &["electric", "listrik", "ev"],
                    ]),
                ),
                spec("colour", "warna", "colour", AttributeKind::Text),
                spec("engine", "mesin", "engine", AttributeKind::CubicCentimetres),
                spec("body", "jenis", "body", AttributeKind::Text),
                spec("plate", "plat", "plate", AttributeKind::Text),
            ],
        )
    }
}
