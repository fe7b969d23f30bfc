//! What an item must look like.

use super::{Attribute, AttributeKind, AttributeSpec, Item, Schema};

/// The most that anything may cost, in rupiah.
const MAX_PRICE: i64 = 1_000_000_000_000;

/// What is wrong with an item. Holds no text of the item.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ItemProblem {
    /// The code has another form.
    #[error("the stock code must be 2 to 24 characters of A-Z, 0-9 and -")]
    Code,
    /// The title is missing or too long.
    #[error("the title must be 1 to 120 characters on one line, none of them hidden")]
    Title,
    /// The price is no amount of rupiah.
    #[error("the price must be more than 0 and at most 1,000,000,000,000 rupiah")]
    Price,
    /// A value does not fit its attribute.
    #[error("{key} must be {expected}")]
    Attribute {
        /// The key of the attribute.
        key: String,
        /// What it must be.
        expected: String,
    },
    /// The schema has no such attribute.
    #[error("there is no attribute {key}")]
    UnknownAttribute {
        /// The key, at most 40 characters.
        key: String,
    },
    /// There are too many pictures.
    #[error("at most 20 pictures")]
    TooManyPhotos,
    /// A picture has no public address.
    #[error("the address of picture {number} must begin with https:// and have at most 2,000 characters")]
    Photo {
        /// Which one, from 1.
        number: usize,
    },
    /// The notes are too long.
    #[error("the notes must be at most 2,000 characters")]
    Notes,
}

impl Item {
    /// Checks the item against the limits that its fields name and against the schema of its trade.
    ///
    /// # Errors
    /// [`ItemProblem`]: the first thing that is wrong.
    pub fn check(&self, schema: &Schema) -> Result<(), ItemProblem> {
        if !is_code(&self.code) {
            return Err(ItemProblem::Code);
        }
        let unseen = |c: char| c.is_control() || crate::words::is_hidden(c);
        if self.title.trim().is_empty() || !fits(&self.title, 120) || self.title.chars().any(unseen) {
            return Err(ItemProblem::Title);
        }
        if self.price.is_some_and(|price| !(1..=MAX_PRICE).contains(&price)) {
            return Err(ItemProblem::Price);
        }
        for (key, value) in &self.attributes {
            let Some(spec) = schema.attributes.iter().find(|spec| spec.key == *key) else {
                return Err(ItemProblem::UnknownAttribute { key: key.chars().take(40).collect() });
            };
            if let Some(expected) = spec.misfit(value) {
                return Err(ItemProblem::Attribute { key: key.clone(), expected });
            }
        }
        if self.photos.len() > 20 {
            return Err(ItemProblem::TooManyPhotos);
        }
        if let Some(at) = self.photos.iter().position(|photo| !is_photo_address(&photo.url)) {
            return Err(ItemProblem::Photo { number: at + 1 });
        }
        if fits(&self.notes, 2_000) { Ok(()) } else { Err(ItemProblem::Notes) }
    }
}

impl AttributeSpec {
    /// What a value must be, if this one does not fit.
    fn misfit(&self, value: &Attribute) -> Option<String> {
        let (fits, expected) = match (&self.kind, value) {
            (AttributeKind::Text, Attribute::Text(text)) => (
                fits(text, 80) && !text.chars().any(char::is_control),
                "at most 80 characters on one line".to_owned(),
            ),
            (AttributeKind::OneOf(groups), value) => {
                let known = matches!(value, Attribute::Text(text) if self.canonical(text).is_some());
                let firsts: Vec<&str> =
                    groups.iter().filter_map(|group| group.first()).map(String::as_str).collect();
                (known, format!("one of {}", firsts.join(", ")))
            }
            (AttributeKind::Year, value) => {
                (number_within(value, 1900, 2100), "a year from 1900 to 2100".to_owned())
            }
            (AttributeKind::Kilometres, value) => {
                (number_within(value, 0, 3_000_000), "kilometres from 0 to 3,000,000".to_owned())
            }
            (AttributeKind::CubicCentimetres, value) => {
                (number_within(value, 1, 30_000), "cubic centimetres from 1 to 30,000".to_owned())
            }
            (AttributeKind::Count, value) => {
                (number_within(value, 0, 1_000_000), "a number from 0 to 1,000,000".to_owned())
            }
            (AttributeKind::Text, Attribute::Number(_)) => (false, "words".to_owned()),
        };
        (!fits).then_some(expected)
    }

    /// The first word of the group that a word belongs to, for an attribute that is one of certain words.
    #[must_use]
    pub fn canonical(&self, word: &str) -> Option<&str> {
        self.group_of(word)?.first().map(String::as_str)
    }

    /// The words that mean the same as this one.
    pub(crate) fn group_of(&self, word: &str) -> Option<&[String]> {
        let AttributeKind::OneOf(groups) = &self.kind else { return None };
        let knows = |group: &&Vec<String>| group.iter().any(|known| known.eq_ignore_ascii_case(word.trim()));
        groups.iter().find(knows).map(Vec::as_slice)
    }
}

/// Whether this may be a stock code: 2 to 24 characters of `A-Z 0-9 -`.
pub(crate) fn is_code(text: &str) -> bool {
    (2..=24).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'-')
}

/// Whether pictures may be fetched from this address: `https://`, or a sandbox on this machine.
pub(crate) fn is_photo_address(url: &str) -> bool {
    const PLACES: [&str; 3] = ["https://", "http://127.0.0.1:", "http://localhost:"];
    let rest = PLACES.iter().find_map(|place| url.strip_prefix(place));
    url.len() <= 2_000
        && !url.starts_with("https://0.")
        && rest.is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphanumeric()))
        && url.chars().all(|c| c.is_ascii_graphic() && !matches!(c, '<' | '>' | '"' | '`' | '\\'))
}

fn number_within(value: &Attribute, from: i64, to: i64) -> bool {
    matches!(value, Attribute::Number(number) if (from..=to).contains(number))
}

fn fits(text: &str, most: usize) -> bool {
    text.chars().count() <= most
}

#[cfg(test)]
mod tests {
    use wartel_core::TenantId;

    use super::*;

    fn item() -> Item {
        Item::new(TenantId::default(), "AV-1", "Toyota Avanza")
            .with_price(150_000_000)
            .with_number("year", 2019)
    }

    #[test]
    fn an_item_is_checked_against_its_schema() {
        let schema = Schema::cars();
        assert_eq!(item().with_text("transmission", "AT").check(&schema), Ok(()));
        let attribute = |key: &str, expected: &str| ItemProblem::Attribute {
            key: key.to_owned(),
            expected: expected.to_owned(),
        };
        for (item, problem) in [
            (Item { code: "av-1".to_owned(), ..item() }, ItemProblem::Code),
            (Item { code: "A".to_owned(), ..item() }, ItemProblem::Code),
            (Item { title: "  ".to_owned(), ..item() }, ItemProblem::Title),
            (Item { title: "a\nb".to_owned(), ..item() }, ItemProblem::Title),
            (Item { title: "a\u{202e}b".to_owned(), ..item() }, ItemProblem::Title),
            (Item { title: "a".repeat(121), ..item() }, ItemProblem::Title),
            (item().with_price(0), ItemProblem::Price),
            (item().with_price(-5), ItemProblem::Price),
            (item().with_price(MAX_PRICE + 1), ItemProblem::Price),
            (item().with_number("year", 99), attribute("year", "a year from 1900 to 2100")),
            (item().with_text("year", "2019"), attribute("year", "a year from 1900 to 2100")),
            (item().with_number("mileage", -1), attribute("mileage", "kilometres from 0 to 3,000,000")),
            (
                item().with_text("transmission", "robot"),
                attribute("transmission", "one of automatic, manual"),
            ),
            (item().with_number("colour", 7), attribute("colour", "words")),
            (item().with_number("doors", 4), ItemProblem::UnknownAttribute { key: "doors".to_owned() }),
            (item().with_photo("ftp://foto.example/1.jpg"), ItemProblem::Photo { number: 1 }),
            (item().with_photo("https://0.0.0.0/1.jpg"), ItemProblem::Photo { number: 1 }),
            (item().with_photo("https://a.example/1.jpg").with_photo("x"), ItemProblem::Photo { number: 2 }),
            (Item { notes: "a".repeat(2_001), ..item() }, ItemProblem::Notes),
        ] {
            assert_eq!(item.check(&schema), Err(problem));
        }
        let many = (0..21).fold(item(), |item, _| item.with_photo("https://a.example/1.jpg"));
        assert_eq!(many.check(&schema), Err(ItemProblem::TooManyPhotos));
    }
}
