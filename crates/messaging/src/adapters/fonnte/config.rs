//! Configuration of the Fonnte provider.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use wartel_core::Secret;

use super::NAME;
use crate::AccountSettings;
use crate::adapters::base::{Base, check_names, check_webhook_secret};
use crate::adapters::{ConfigError, caller};

/// The settings that an account may have.
const SETTINGS: &[&str] = &["token", "url", "country_code", "webhook_secret"];

/// Configuration of the Fonnte provider: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct FonnteConfig {
    /// The device token. Required. The service reads it from `WHATSAPP_API_TOKEN`.
    pub token: Secret,
    /// Where the API is: a base URL, or the full URL of `/send`. Default: `https://api.fonnte.com`. The service
    /// reads it from `WHATSAPP_API_URL`.
    pub base_url: String,
    /// `countryCode` of every request: 1 to 3 digits. Default: `62`. It matters to numbers that begin with 0
    /// only; this adapter always sends the international form.
    pub country_code: String,
    /// The secret that Fonnte was told to put into the body of its webhooks, as the field `secret`. Default: none. With
    /// it, webhooks without it are refused. It is no signature: whoever has seen one webhook knows it.
    pub webhook_secret: Option<Secret>,
    /// Time for one call, from connecting to the last byte. Default: 10 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the token and
    /// every code cross the network in the clear.
    pub plain_http_dangerous: bool,
}

impl FonnteConfig {
    /// The defaults with this device token.
    #[must_use]
    pub fn new(token: impl Into<Secret>) -> Self {
        Self {
            token: token.into(),
            base_url: "https://api.fonnte.com".to_owned(),
            country_code: "62".to_owned(),
            webhook_secret: None,
            timeout: caller::DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `token` (required), `url`, `country_code` and `webhook_secret`.
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name. [`validate`](Self::validate) looks at the values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: token, url, country_code, webhook_secret";
        check_names(NAME, settings, SETTINGS, names)?;
        let mut config = Self::new(settings.get("token").cloned().unwrap_or_else(|| Secret::new("")));
        if let Some(url) = settings.get("url") {
            config = config.with_base_url(url.expose());
        }
        if let Some(code) = settings.get("country_code") {
            config = config.with_country_code(code.expose());
        }
        config.webhook_secret = settings.get("webhook_secret").cloned();
        Ok(config)
    }

    /// With another place of the API: a base URL, or the full URL of `/send`.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// With another `countryCode`.
    #[must_use]
    pub fn with_country_code(mut self, code: impl Into<String>) -> Self {
        self.country_code = code.into();
        self
    }

    /// With the secret that webhooks carry in their body.
    #[must_use]
    pub fn with_webhook_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.webhook_secret = Some(secret.into());
        self
    }

    /// With another time limit for one call.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows `http://` to hosts other than this machine: the token and every code can be read on the way.
    #[must_use]
    pub const fn with_plain_http_dangerous(mut self) -> Self {
        self.plain_http_dangerous = true;
        self
    }

    /// Checks every setting; nothing is corrected.
    ///
    /// # Errors
    /// [`ConfigError`] names the first setting that cannot be used.
    pub fn validate(&self) -> Result<(), ConfigError> {
        self.auth()?;
        self.base().place()?;
        if !matches!(self.country_code.len(), 1..=3) || !self.country_code.bytes().all(|b| b.is_ascii_digit())
        {
            return Err(ConfigError::new(NAME, "country_code", "is not 1 to 3 digits"));
        }
        check_webhook_secret(NAME, self.webhook_secret.as_ref())?;
        self.base().check_timeout()
    }

    /// The value of the `Authorization` header, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<HeaderValue, ConfigError> {
        auth(&self.token)
    }

    /// The settings that every adapter has.
    pub(super) fn base(&self) -> Base<'_> {
        Base {
            provider: NAME,
            url: &self.base_url,
            suffix: "/send",
            timeout: self.timeout,
            plain_http_dangerous: self.plain_http_dangerous,
        }
    }
}

/// A token as the value of the `Authorization` header, marked so that no client logs it.
pub(super) fn auth(token: &Secret) -> Result<HeaderValue, ConfigError> {
    caller::bare(NAME, "token", token)
}

impl fmt::Debug for FonnteConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FonnteConfig")
            .field("timeout", &self.timeout)
            .field("country_code", &self.country_code)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_url(url: &str) -> FonnteConfig {
        FonnteConfig::new("made-up-token").with_base_url(url)
    }

    #[test]
    fn a_base_and_a_full_url_are_the_same_place() {
        for (given, base, plain) in [
            ("https://api.fonnte.com", "https://api.fonnte.com", false),
            ("https://api.fonnte.com/", "https://api.fonnte.com", false),
            ("https://api.fonnte.com/send", "https://api.fonnte.com", false),
            ("https://api.fonnte.com/send/", "https://api.fonnte.com", false),
            ("http://127.0.0.1:9090/fonnte/send", "http://127.0.0.1:9090/fonnte", true),
            ("http://localhost:9090", "http://localhost:9090", true),
            ("http://[::1]:9090", "http://[::1]:9090", true),
        ] {
            assert_eq!(with_url(given).base().place(), Ok((base.to_owned(), plain)), "{given}");
            assert_eq!(with_url(given).validate(), Ok(()), "{given}");
        }
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let base = FonnteConfig::new("made-up-token");
        for (config, setting) in [
            (FonnteConfig::new(""), "token"),
            (FonnteConfig::new("two words"), "token"),
            (FonnteConfig::new("line\nbreak"), "token"),
            (with_url(""), "base_url"),
            (with_url("api.fonnte.com"), "base_url"),
            (with_url("ftp://api.fonnte.com"), "base_url"),
            (with_url("http://api.fonnte.com"), "base_url"),
            (with_url("http://localhost.example"), "base_url"),
            (with_url("https://user:pass@api.fonnte.com"), "base_url"),
            (with_url("https://api.fonnte.com/send?x=1"), "base_url"),
            (base.clone().with_country_code(""), "country_code"),
            (base.clone().with_country_code("+62"), "country_code"),
            (base.clone().with_webhook_secret(""), "webhook_secret"),
            (base.clone().with_timeout(Duration::from_millis(999)), "timeout"),
            (base.with_timeout(Duration::from_secs(61)), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting);
        }
        assert_eq!(with_url("http://api.fonnte.com").with_plain_http_dangerous().validate(), Ok(()));
    }

    #[test]
    fn nothing_shows_the_token() {
        let config = with_url("http://fonnte.example");
        let error = config.validate().unwrap_err();
        assert_eq!(error.to_string(), "fonnte: base_url is plain http:// to another machine: use https://");
        assert!(!format!("{config:?} {error:?} {:?}", config.auth().unwrap()).contains("made-up"));
    }
}
