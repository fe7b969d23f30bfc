//! Configuration of the WAHA provider.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use wartel_core::Secret;

use super::NAME;
use crate::AccountSettings;
use crate::adapters::base::{Base, check_name, check_names, check_webhook_secret};
use crate::adapters::settings::flag;
use crate::adapters::{ConfigError, caller};

/// WAHA itself waits 10 s for a session to become ready before it refuses; an answer that is cut off just before that
/// would leave open whether a message went out.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(15);

/// The settings that an account may have.
const SETTINGS: &[&str] = &["url", "token", "session", "webhook_secret", "plain_http_dangerous"];

/// Configuration of the WAHA provider: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct WahaConfig {
    /// Where WAHA is, such as `http://localhost:3000`. Required.
    pub base_url: String,
    /// The API key (`X-Api-Key`; WAHA reads it from `WAHA_API_KEY`). Required.
    pub token: Secret,
    /// The session: the paired phone. Letters, digits, `-` and `_`; at most 64. Default: `default`.
    pub session: String,
    /// The key that WAHA signs webhooks with (`hmac.key` of a webhook, or `WHATSAPP_HOOK_HMAC_KEY`). Default: none;
    /// then webhooks are known by an unguessable URL only.
    pub webhook_secret: Option<Secret>,
    /// Time for one call, from connecting to the last byte. Default: 15 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the key and every code
    /// cross the network in the clear: for a network of containers on one machine.
    pub plain_http_dangerous: bool,
}

impl WahaConfig {
    /// The defaults, for the WAHA at this URL with this API key.
    #[must_use]
    pub fn new(base_url: impl Into<String>, token: impl Into<Secret>) -> Self {
        Self {
            base_url: base_url.into(),
            token: token.into(),
            session: "default".to_owned(),
            webhook_secret: None,
            timeout: DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `url` and `token` (required), `session`, `webhook_secret` and `plain_http_dangerous` (`true` or
    /// `false`).
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or one that is neither `true` nor `false`.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: url, token, session, webhook_secret, plain_http_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let text = |name| settings.get(name).map_or("", Secret::expose);
        let mut config = Self::new(text("url"), text("token"));
        if let Some(session) = settings.get("session") {
            config.session = session.expose().to_owned();
        }
        config.webhook_secret = settings.get("webhook_secret").cloned();
        config.plain_http_dangerous = flag(NAME, settings, "plain_http_dangerous")?;
        Ok(config)
    }

    /// With another session.
    #[must_use]
    pub fn with_session(mut self, session: impl Into<String>) -> Self {
        self.session = session.into();
        self
    }

    /// With the key that webhooks are signed with.
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
        check_name(NAME, "session", &self.session)?;
        check_webhook_secret(NAME, self.webhook_secret.as_ref())?;
        self.base().check_timeout()
    }

    /// The value of `X-Api-Key`, marked so that no client logs it.
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

impl fmt::Debug for WahaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WahaConfig")
            .field("session", &self.session)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> WahaConfig {
        WahaConfig::new("http://127.0.0.1:3000", "made-up-key")
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let with_url = |url: &str| WahaConfig::new(url, "made-up-key");
        for (config, setting) in [
            (WahaConfig::new("", "made-up-key"), "base_url"),
            (with_url("http://waha:3000"), "base_url"),
            (with_url("https://waha.example?x=1"), "base_url"),
            (WahaConfig::new("https://waha.example", ""), "token"),
            (WahaConfig::new("https://waha.example", "two words"), "token"),
            (config().with_session(""), "session"),
            (config().with_session("../admin"), "session"),
            (config().with_session("a".repeat(65)), "session"),
            (config().with_webhook_secret(""), "webhook_secret"),
            (config().with_timeout(Duration::from_millis(999)), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting, "{config:?}");
        }
        assert_eq!(config().validate(), Ok(()));
        assert_eq!(with_url("http://waha:3000").with_plain_http_dangerous().validate(), Ok(()));
    }

    #[test]
    fn settings_fill_every_field() {
        let settings = AccountSettings::new()
            .with("url", "http://waha:3000/")
            .with("token", "made-up-key")
            .with("session", "toko-1")
            .with("webhook_secret", "hush")
            .with("plain_http_dangerous", "true");
        let config = WahaConfig::from_settings(&settings).unwrap();
        assert_eq!(config.validate(), Ok(()));
        assert_eq!(config.base().place(), Ok(("http://waha:3000".to_owned(), true)));
        assert_eq!((config.session.as_str(), config.token.expose()), ("toko-1", "made-up-key"));
        assert_eq!(config.webhook_secret.as_ref().map(Secret::expose), Some("hush"));
        assert!(!format!("{config:?}").contains("made-up") && !format!("{config:?}").contains("hush"));

        for (name, value, setting) in
            [("tokn", "x", "settings"), ("plain_http_dangerous", "yes", "plain_http_dangerous")]
        {
            let error = WahaConfig::from_settings(&settings.clone().with(name, value)).unwrap_err();
            assert_eq!(error.setting(), setting);
        }
    }
}
