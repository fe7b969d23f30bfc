//! What the configurations of all adapters have alike, and what their clients make of it.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::Secret;

use super::caller::{self, Caller};
use super::{ConfigError, base_url};
use crate::AccountSettings;
use crate::transport::HttpTransport;

/// The settings that every adapter has, borrowed from its configuration.
#[derive(Clone, Copy)]
pub(super) struct Base<'a> {
    /// The provider's name.
    pub(super) provider: &'static str,
    /// Where the API is, as it was given.
    pub(super) url: &'a str,
    /// What the URL may end in beside the base: the path of one call, as people copy it.
    pub(super) suffix: &'static str,
    /// Time for one call.
    pub(super) timeout: Duration,
    /// Whether `http://` may go to any host.
    pub(super) plain_http_dangerous: bool,
}

impl Base<'_> {
    /// The base of the API without a slash at its end, and whether it is plain `http://`.
    ///
    /// # Errors
    /// [`ConfigError`] of `base_url`.
    pub(super) fn place(&self) -> Result<(String, bool), ConfigError> {
        let (base, plain) = base_url::parse(self.provider, self.url, self.plain_http_dangerous)?;
        Ok((base.strip_suffix(self.suffix).unwrap_or(&base).trim_end_matches('/').to_owned(), plain))
    }

    /// Checks the time limit: 1 s to 60 s.
    ///
    /// # Errors
    /// [`ConfigError`] of `timeout`.
    pub(super) fn check_timeout(&self) -> Result<(), ConfigError> {
        caller::check_timeout(self.provider, self.timeout)
    }

    /// The HTTP client of an adapter whose caller brings none.
    ///
    /// # Errors
    /// [`ConfigError`] of `base_url`, or if the machine has no certificates to trust.
    pub(super) fn transport(&self) -> Result<Arc<dyn HttpTransport>, ConfigError> {
        let (_, plain) = self.place()?;
        caller::own_transport(self.provider, self.timeout, plain)
    }

    /// What calls the API over a transport.
    ///
    /// # Errors
    /// [`ConfigError`] of `base_url`.
    pub(super) fn caller(&self, transport: Arc<dyn HttpTransport>) -> Result<Caller, ConfigError> {
        Ok(Caller::new(self.provider, &self.place()?.0, self.timeout, transport))
    }
}

/// Checks the secret of webhooks, if there is one.
///
/// # Errors
/// [`ConfigError`] of `webhook_secret`.
pub(super) fn check_webhook_secret(
    provider: &'static str,
    secret: Option<&Secret>,
) -> Result<(), ConfigError> {
    if secret.is_some_and(Secret::is_empty) {
        return Err(ConfigError::new(provider, "webhook_secret", "is empty"));
    }
    Ok(())
}

/// Checks a name that becomes a part of paths: 1 to 64 letters, digits, `-` or `_`.
///
/// # Errors
/// [`ConfigError`] of the setting.
pub(super) fn check_name(
    provider: &'static str,
    setting: &'static str,
    name: &str,
) -> Result<(), ConfigError> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    if !matches!(name.len(), 1..=64) || !name.bytes().all(plain) {
        return Err(ConfigError::new(provider, setting, "is not 1 to 64 letters, digits, `-` or `_`"));
    }
    Ok(())
}

/// Refuses settings of names that the adapter does not read. `problem` lists those that it does.
///
/// # Errors
/// [`ConfigError`] of `settings`.
pub(super) fn check_names(
    provider: &'static str,
    settings: &AccountSettings,
    known: &[&str],
    problem: &'static str,
) -> Result<(), ConfigError> {
    if settings.names().any(|name| !known.contains(&name)) {
        return Err(ConfigError::new(provider, "settings", problem));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_base_is_what_is_left_without_the_path_of_one_call() {
        for (url, suffix, expected) in [
            ("http://127.0.0.1:3000/", "", "http://127.0.0.1:3000"),
            ("http://127.0.0.1:3000/api/send", "", "http://127.0.0.1:3000/api/send"),
            ("http://127.0.0.1:3000/api/send", "/send", "http://127.0.0.1:3000/api"),
            ("http://127.0.0.1:3000/api", "/send", "http://127.0.0.1:3000/api"),
        ] {
            let timeout = Duration::from_secs(10);
            let base = Base { provider: "fake", url, suffix, timeout, plain_http_dangerous: false };
            assert_eq!(base.place(), Ok((expected.to_owned(), true)), "{url} without {suffix:?}");
            assert_eq!(base.check_timeout(), Ok(()));
            let short = Base { timeout: Duration::ZERO, ..base };
            assert_eq!(short.check_timeout().unwrap_err().setting(), "timeout");
        }
    }

    #[test]
    fn names_and_secrets_that_cannot_be_used_are_named() {
        for name in ["", "a/b", "..", "a b", &"a".repeat(65)] {
            assert_eq!(check_name("fake", "session", name).unwrap_err().setting(), "session", "{name}");
        }
        assert_eq!(check_name("fake", "session", "toko_1-b"), Ok(()));
        let empty = Secret::new("");
        assert_eq!(check_webhook_secret("fake", Some(&empty)).unwrap_err().setting(), "webhook_secret");
        assert_eq!(check_webhook_secret("fake", None), Ok(()));
        let settings = AccountSettings::new().with("token", "x");
        assert_eq!(check_names("fake", &settings, &["token", "url"], "is odd"), Ok(()));
        assert_eq!(check_names("fake", &settings, &["url"], "is odd").unwrap_err().problem(), "is odd");
    }
}
