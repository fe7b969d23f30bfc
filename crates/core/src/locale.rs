//! The languages that people are spoken to in.

use serde::{Deserialize, Serialize};

/// A language that Wartel has texts in. Indonesian unless somebody asks for another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Locale {
    /// Indonesian.
    #[default]
    Id,
    /// English.
    En,
}

impl Locale {
    /// The language tag (BCP 47).
    #[must_use]
    pub const fn tag(self) -> &'static str {
        match self {
            Self::Id => "id",
            Self::En => "en",
        }
    }

    /// The locale of a language tag such as `en`, `en-US` or `id_ID`; `None` if Wartel has no texts in it.
    #[must_use]
    pub fn from_tag(tag: &str) -> Option<Self> {
        let language = tag.split(['-', '_']).next().unwrap_or_default().trim();
        // `in` is the code that Indonesian had before 1989 and that old Android versions still send.
        if language.eq_ignore_ascii_case("id") || language.eq_ignore_ascii_case("in") {
            Some(Self::Id)
        } else if language.eq_ignore_ascii_case("en") {
            Some(Self::En)
        } else {
            None
        }
    }

    /// The best locale for an `Accept-Language` header (RFC 9110 §12.5.4): the one with the greatest weight,
    /// the first among equals, Indonesian if none fits.
    #[must_use]
    pub fn negotiate(accept_language: &str) -> Self {
        let mut best: Option<(f32, Self)> = None;
        for item in accept_language.split(',').take(16) {
            let mut parts = item.split(';');
            let Some(locale) = parts.next().and_then(Self::from_tag) else { continue };
            let weight = parts
                .find_map(|part| part.trim().strip_prefix("q="))
                .and_then(|q| q.trim().parse::<f32>().ok())
                .unwrap_or(1.0);
            if weight > best.map_or(0.0, |(w, _)| w) {
                best = Some((weight, locale));
            }
        }
        best.map_or_else(Self::default, |(_, locale)| locale)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_known_language_wins() {
        for (header, expected) in [
            ("", Locale::Id),
            ("en", Locale::En),
            ("en-US,en;q=0.9,id;q=0.8", Locale::En),
            ("id-ID,id;q=0.9,en;q=0.8", Locale::Id),
            ("fr;q=1.0, en;q=0.3, in;q=0.4", Locale::Id),
            ("fr", Locale::Id),
            ("en;q=0", Locale::Id),
            ("en;q=nonsense", Locale::En),
        ] {
            assert_eq!(Locale::negotiate(header), expected, "{header}");
        }
    }
}
