//! Configuration of the original gateway.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use wartel_core::Secret;

use super::NAME;
use crate::AccountSettings;
use crate::adapters::ConfigError;
use crate::adapters::base::{Base, check_names};
use crate::adapters::settings::flag;

/// `GET /pair` sleeps for 2 s and waits for a code for up to 15 s.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// The settings that an account may have.
const SETTINGS: &[&str] = &["url", "token", "plain_http_dangerous"];

/// Configuration of the original gateway: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct GatewayConfig {
    /// Where the gateway is, such as `http://localhost:8080`; the full URL of `/send` will do. Required. Setting: `url`.
    pub base_url: String,
    /// A bearer token for a proxy in front of it: the gateway itself lets everybody send. Default: none. Setting: `token`.
    pub token: Option<Secret>,
    /// Time for one call, from connecting to the last byte. Default: 20 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, every code crosses the
    /// network in the clear. Setting: `plain_http_dangerous`, with the value `true`.
    pub plain_http_dangerous: bool,
}

impl GatewayConfig {
    /// The defaults, for the gateway at this URL.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self { base_url: base_url.into(), token: None, timeout: DEFAULT_TIMEOUT, plain_http_dangerous: false }
    }

    /// Reads the settings `url` (required), `token` and `plain_http_dangerous` (`true` or `false`).
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or one that is neither `true` nor `false`.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: url, token, plain_http_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let mut config = Self::new(settings.get("url").map_or("", Secret::expose));
        config.token = settings.get("token").cloned();
        config.plain_http_dangerous = flag(NAME, settings, "plain_http_dangerous")?;
        Ok(config)
    }

    /// With a bearer token for a proxy in front of it.
    #[must_use]
    pub fn with_token(mut self, token: impl Into<Secret>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// With another time limit for one call.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows `http://` to hosts other than this machine: every code can be read on the way.
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
        self.base().check_timeout()
    }

    /// The value of `Authorization`, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<Option<HeaderValue>, ConfigError> {
        let Some(token) = &self.token else { return Ok(None) };
        let wrong = || ConfigError::new(NAME, "token", "is empty, or has a character that no token has");
        let text = token.expose();
        if !(1..=512).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return Err(wrong());
        }
        let mut value = HeaderValue::from_str(&format!("Bearer {text}")).map_err(|_| wrong())?;
        value.set_sensitive(true);
        Ok(Some(value))
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

impl fmt::Debug for GatewayConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GatewayConfig").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_named() {
        let local = || GatewayConfig::new("http://127.0.0.1:8080");
        for (config, setting) in [
            (GatewayConfig::new(""), "base_url"),
            (GatewayConfig::new("http://gateway:8080"), "base_url"),
            (local().with_token(""), "token"),
            (local().with_token("two words"), "token"),
            (local().with_timeout(Duration::from_secs(61)), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting, "{config:?}");
        }
        assert_eq!(local().validate(), Ok(()));
        assert_eq!(GatewayConfig::new("http://gateway:8080").with_plain_http_dangerous().validate(), Ok(()));
    }

    #[test]
    fn settings_fill_every_field_and_none_is_printed() {
        let settings = AccountSettings::new()
            .with("url", "http://gateway:8080/send")
            .with("token", "made-up-token")
            .with("plain_http_dangerous", "true");
        let config = GatewayConfig::from_settings(&settings).unwrap();
        assert_eq!(config.base().place(), Ok(("http://gateway:8080".to_owned(), true)));
        assert_eq!(config.auth().unwrap().unwrap(), "Bearer made-up-token");
        assert!(!format!("{config:?} {:?}", config.auth()).contains("made-up"));
        let wrong = GatewayConfig::from_settings(&settings.with("session", "x")).unwrap_err();
        assert_eq!(wrong.setting(), "settings");
    }
}
