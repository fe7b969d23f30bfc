//! Configuration of the Evolution API.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use wartel_core::Secret;

use super::NAME;
use crate::AccountSettings;
use crate::adapters::base::{Base, check_name, check_names, check_webhook_secret};
use crate::adapters::settings::flag;
use crate::adapters::{ConfigError, caller};

/// The settings that an account may have.
const SETTINGS: &[&str] = &["url", "token", "instance", "webhook_secret", "plain_http_dangerous"];

/// Configuration of the Evolution API: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct EvolutionConfig {
    /// Where the API is, such as `http://localhost:8080`. Required. Setting: `url`.
    pub base_url: String,
    /// The instance's token, or the global key, which sees every instance. Required. Setting: `token`.
    pub token: Secret,
    /// The instance: the paired phone. Letters, digits, `-` and `_`; at most 64. Required. Setting: `instance`.
    pub instance: String,
    /// The key of the tokens that webhooks bring: the special header `jwt_key` of the webhook. Default: none; then webhooks
    /// are known by an unguessable URL only. Setting: `webhook_secret`.
    pub webhook_secret: Option<Secret>,
    /// Time for one call, from connecting to the last byte. Default: 10 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the key and every code
    /// cross the network in the clear. Setting: `plain_http_dangerous`, with the value `true`.
    pub plain_http_dangerous: bool,
}

impl EvolutionConfig {
    /// The defaults, for an instance of the API at this URL.
    #[must_use]
    pub fn new(base_url: impl Into<String>, token: impl Into<Secret>, instance: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            token: token.into(),
            instance: instance.into(),
            webhook_secret: None,
            timeout: caller::DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `url`, `token` and `instance` (required), `webhook_secret` and `plain_http_dangerous` (`true` or
    /// `false`).
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or one that is neither `true` nor `false`.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: url, token, instance, webhook_secret, plain_http_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let text = |name| settings.get(name).map_or("", Secret::expose);
        let mut config = Self::new(text("url"), text("token"), text("instance"));
        config.webhook_secret = settings.get("webhook_secret").cloned();
        config.plain_http_dangerous = flag(NAME, settings, "plain_http_dangerous")?;
        Ok(config)
    }

    /// With the key of the tokens that webhooks bring.
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

    /// Allows `http://` to hosts other than this machine: the key and every code can be read on the way.
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
        self.base().place()?;
        self.auth()?;
        check_name(NAME, "instance", &self.instance)?;
        check_webhook_secret(NAME, self.webhook_secret.as_ref())?;
        self.base().check_timeout()
    }

    /// The value of `apikey`, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<HeaderValue, ConfigError> {
        caller::bare(NAME, "token", &self.token)
    }

    /// The settings that every adapter has.
    pub(super) fn base(&self) -> Base<'_> {
        Base {
            provider: NAME,
            url: &self.base_url,
            suffix: "",
            timeout: self.timeout,
            plain_http_dangerous: self.plain_http_dangerous,
        }
    }
}

impl fmt::Debug for EvolutionConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvolutionConfig")
            .field("instance", &self.instance)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(url: &str, token: &str, instance: &str) -> EvolutionConfig {
        EvolutionConfig::new(url, token, instance)
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let url = "http://127.0.0.1:8080";
        for (config, setting) in [
            (config("", "made-up-key", "toko"), "base_url"),
            (config("http://evolution:8080", "made-up-key", "toko"), "base_url"),
            (config(url, "", "toko"), "token"),
            (config(url, "two words", "toko"), "token"),
            (config(url, "made-up-key", ""), "instance"),
            (config(url, "made-up-key", "a/b"), "instance"),
            (config(url, "made-up-key", "toko").with_webhook_secret(""), "webhook_secret"),
            (config(url, "made-up-key", "toko").with_timeout(Duration::ZERO), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting, "{config:?}");
        }
        assert_eq!(config(url, "made-up-key", "toko").validate(), Ok(()));
    }

    #[test]
    fn settings_fill_every_field_and_none_is_printed() {
        let settings = AccountSettings::new()
            .with("url", "http://evolution:8080/")
            .with("token", "made-up-key")
            .with("instance", "toko")
            .with("webhook_secret", "hush")
            .with("plain_http_dangerous", "true");
        let config = EvolutionConfig::from_settings(&settings).unwrap();
        assert_eq!((config.validate(), config.instance.as_str()), (Ok(()), "toko"));
        assert_eq!(config.base().place(), Ok(("http://evolution:8080".to_owned(), true)));
        let shown = format!("{config:?} {:?}", config.auth());
        assert!(!shown.contains("made-up") && !shown.contains("hush"), "{shown}");
        let wrong = EvolutionConfig::from_settings(&settings.with("session", "x")).unwrap_err();
        assert_eq!(wrong.setting(), "settings");
    }
}
