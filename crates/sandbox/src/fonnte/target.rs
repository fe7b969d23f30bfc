//! Whom a message goes to: the provider's list of targets and its way of spelling numbers.

use std::borrow::Cow;

use serde_json::Value;

use crate::form::Form;
use crate::phone::phone_key;

/// The country code that replaces a leading 0 unless the request says otherwise.
/// Source: docs.fonnte.com/api-send-message, 2026-11; field `countryCode`.
const DEFAULT_COUNTRY: &str = "62";

/// One entry of the field `target`: a number and the values for `{name}`, `{var1}`, ….
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) phone: String,
    values: Vec<String>,
}

impl Target {
    /// The message with this target's own values in it.
    pub(crate) fn fill<'t>(&self, message: &'t str) -> Cow<'t, str> {
        let mut text = Cow::Borrowed(message);
        for (index, value) in self.values.iter().enumerate() {
            let name = if index == 0 { "{name}".to_owned() } else { format!("{{var{index}}}") };
            if text.contains(&name) {
                text = Cow::Owned(text.replace(&name, value));
            }
        }
        text
    }
}

/// The country code of a request: digits, default 62, `0` switches the rewriting off. `None` if it is not a number.
pub(crate) fn country(form: &Form) -> Option<&str> {
    let country = form.get("countryCode").unwrap_or(DEFAULT_COUNTRY);
    country.bytes().all(|b| b.is_ascii_digit()).then_some(country)
}

/// A number as the provider answers it: digits, the leading 0 replaced by the country code. Group ids stay.
pub(crate) fn normalise(number: &str, country: &str) -> Option<String> {
    if let Some(group) = number.strip_suffix("@g.us") {
        let valid = !group.is_empty() && group.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        return valid.then(|| number.to_owned());
    }
    if !number.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let phone = match number.strip_prefix('0') {
        Some(national) if country != "0" => format!("{country}{national}"),
        _ => number.to_owned(),
    };
    (8..=15).contains(&phone.len()).then_some(phone)
}

/// Reads the field `target`: entries with commas between, each a number with values behind bars. `None` if there is
/// no entry or one is not a number.
pub(crate) fn list(field: &str, country: &str) -> Option<Vec<Target>> {
    let targets: Option<Vec<Target>> = field
        .split(',')
        .map(str::trim)
        .filter(|entry| !entry.is_empty())
        .map(|entry| {
            let mut parts = entry.split('|').map(str::trim);
            let phone = normalise(parts.next()?, country)?;
            Some(Target { phone, values: parts.map(str::to_owned).collect() })
        })
        .collect();
    targets.filter(|targets| !targets.is_empty())
}

/// The numbers that a request is about, for the faults that are planned for a number. Lenient: a fault strikes a
/// request that would be refused, too.
pub(crate) fn phones(form: &Form) -> Vec<String> {
    let country = country(form).unwrap_or(DEFAULT_COUNTRY);
    let key = |entry: &str| {
        let number = entry.split('|').next().unwrap_or_default().trim();
        normalise(number, country).unwrap_or_else(|| phone_key(number))
    };
    let mut phones: Vec<String> = form.get("target").unwrap_or_default().split(',').map(key).collect();
    if let Some(Ok(Value::Array(batch))) = form.get("data").map(serde_json::from_str) {
        phones.extend(batch.iter().filter_map(|entry| entry.get("target")?.as_str()).map(key));
    }
    phones
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelled_the_providers_way() {
        let check = |number: &str, country: &str, expected: Option<&str>| {
            assert_eq!(normalise(number, country).as_deref(), expected, "{number} {country}");
        };
        check("081234567890", "62", Some("6281234567890"));
        check("6281234567890", "62", Some("6281234567890"));
        check("081234567890", "60", Some("6081234567890"));
        check("081234567890", "0", Some("081234567890"));
        check("120363012345@g.us", "62", Some("120363012345@g.us"));
        check("+6281234567890", "62", None);
        check("0812-3456-7890", "62", None);
        check("123", "62", None);
        check("1234567890123456", "62", None);
        check("abc@g.us", "62", None);
    }

    #[test]
    fn a_list_is_whole_or_nothing() {
        let phones = |field: &str| {
            list(field, "62").map(|list| list.into_iter().map(|target| target.phone).collect::<Vec<_>>())
        };
        assert_eq!(phones("081234567890, 6281234567891,").unwrap(), ["6281234567890", "6281234567891"]);
        assert_eq!(phones(""), None);
        assert_eq!(phones(" , "), None);
        assert_eq!(phones("081234567890,hello"), None);
    }

    #[test]
    fn values_are_filled_in_for_their_target() {
        let targets = list("081234567890|Budi|merah", "62").unwrap();
        assert_eq!(targets[0].fill("Hai {name}, {var1} {var2}"), "Hai Budi, merah {var2}");
        let plain = list("081234567890", "62").unwrap();
        assert_eq!(plain[0].fill("Hai {name}"), "Hai {name}");
    }
}
