//! The settings of one account as data: names and values, so that an account can be kept, and made by its provider's name.

use std::collections::BTreeMap;
use std::fmt;

use wartel_core::Secret;

/// The most settings that an account has.
const MAX_SETTINGS: usize = 64;
/// The longest value of a setting, in bytes.
const MAX_VALUE: usize = 8_192;

/// The settings of an account, by name: `token`, `url`, `app_secret`. `Debug` shows names only.
///
/// Each adapter's configuration says which it reads; all names are lower-case. An unknown name is an error of the
/// adapter, so that a misspelt one does not pass in silence.
#[derive(Clone, Default)]
pub struct AccountSettings(BTreeMap<String, Secret>);

impl AccountSettings {
    /// No settings.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// With one more setting; one of the same name is replaced.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<Secret>) -> Self {
        self.0.insert(name.into(), value.into());
        self
    }

    /// The value of a setting; an empty one counts as missing.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&Secret> {
        self.0.get(name).filter(|value| !value.is_empty())
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The settings as JSON, to be encrypted and kept. It shows every value.
    #[must_use]
    pub fn to_json(&self) -> Secret {
        let map = self.0.iter().map(|(name, value)| (name.clone(), value.expose().into()));
        Secret::new(serde_json::Value::Object(map.collect()).to_string())
    }

    /// Reads back what [`to_json`](Self::to_json) gave, or what a person wrote: an object of texts, with at most 64
    /// settings of at most 8,192 bytes. `None` for anything else.
    #[must_use]
    pub fn from_json(json: &str) -> Option<Self> {
        let map: BTreeMap<String, String> = serde_json::from_str(json).ok()?;
        let fits = map.len() <= MAX_SETTINGS
            && map.iter().all(|(name, value)| {
                value.len() <= MAX_VALUE
                    && (1..=64).contains(&name.len())
                    && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
            });
        fits.then(|| Self(map.into_iter().map(|(name, value)| (name, Secret::new(value))).collect()))
    }
}

impl fmt::Debug for AccountSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_from_json_and_are_never_printed() {
        let settings = AccountSettings::new().with("token", "made-up-token").with("url", "");
        assert_eq!(format!("{settings:?}"), r#"{"token", "url"}"#);
        let back = AccountSettings::from_json(settings.to_json().expose()).unwrap();
        assert_eq!(back.get("token").map(Secret::expose), Some("made-up-token"));
        assert!(back.get("url").is_none());
    }

    #[test]
    fn what_is_no_set_of_settings_is_refused() {
        let long = format!(r#"{{"token":"{}"}}"#, "x".repeat(MAX_VALUE + 1));
        for bad in ["", "[]", r#"{"token":1}"#, r#"{"Token":"x"}"#, r#"{"":"x"}"#, &long] {
            assert!(AccountSettings::from_json(bad).is_none(), "{bad}");
        }
    }
}
