//! A setting that may differ by language: the name of a template.

use wartel_core::Locale;

/// The longest value, in bytes.
const MAX_VALUE: usize = 512;

/// A value for all locales, and other ones for some of them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct ByLocale {
    all: Option<String>,
    some: Vec<(Locale, String)>,
}

impl ByLocale {
    /// Reads `kode_masuk`, or `id=kode_masuk,en=login_code`, or a mixture of both. Values are made of letters, digits
    /// and `_`; `None` for anything else, and where a locale is given twice.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut read = Self::default();
        for item in text.split(',').map(str::trim) {
            let (locale, value) = match item.split_once('=') {
                Some((tag, value)) => (Some(Locale::from_tag(tag.trim())?), value.trim()),
                None => (None, item),
            };
            let known = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
            if !(1..=MAX_VALUE).contains(&value.len()) || !value.bytes().all(known) {
                return None;
            }
            match locale {
                Some(locale) if read.some.iter().all(|(known, _)| *known != locale) => {
                    read.some.push((locale, value.to_owned()));
                }
                None if read.all.is_none() => read.all = Some(value.to_owned()),
                _ => return None,
            }
        }
        Some(read)
    }

    /// The value for a locale.
    pub(super) fn of(&self, locale: Locale) -> Option<&str> {
        let own = self.some.iter().find(|(known, _)| *known == locale).map(|(_, value)| value);
        own.or(self.all.as_ref()).map(String::as_str)
    }

    /// Whether there is a value for every locale.
    pub(super) fn is_complete(&self) -> bool {
        [Locale::Id, Locale::En].into_iter().all(|locale| self.of(locale).is_some())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_or_one_for_each_locale() {
        for (text, id, en) in [
            ("kode", Some("kode"), Some("kode")),
            ("id=kode , en = code", Some("kode"), Some("code")),
            ("code,id=kode", Some("kode"), Some("code")),
            ("en=code", None, Some("code")),
        ] {
            let read = ByLocale::parse(text).unwrap();
            assert_eq!((read.of(Locale::Id), read.of(Locale::En)), (id, en), "{text}");
            assert_eq!(read.is_complete(), id.is_some(), "{text}");
        }
        for bad in ["", "two words", "a,b", "id=a,id=b", "fr=a", "id=", "a,", "a-b"] {
            assert_eq!(ByLocale::parse(bad), None, "{bad}");
        }
    }
}
