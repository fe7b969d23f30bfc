//! Configuration of the GOWA provider.

use std::fmt;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderValue;
use wartel_core::Secret;

use super::NAME;
use crate::AccountSettings;
use crate::adapters::ConfigError;
use crate::adapters::base::{Base, check_names};
use crate::adapters::settings::flag;

/// GOWA warms a new chat up and tries once more before it gives up on a send.
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(20);

/// The key that GOWA signs webhooks with where nobody has set another one.
/// Source: GOWA docs/webhook-payload.md at v9.2.0, 2026-08-22; "Default Secret".
const PUBLIC_SECRET: &str = "secret";

/// The settings that an account may have.
const SETTINGS: &[&str] = &[
    "url",
    "user",
    "password",
    "device",
    "webhook_secret",
    "webhook_secret_default_dangerous",
    "plain_http_dangerous",
];

/// Configuration of the GOWA provider: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct GowaConfig {
    /// Where GOWA is, such as `http://localhost:3000`. Required.
    pub base_url: String,
    /// The user of Basic authentication (`APP_BASIC_AUTH`), without a colon. Default: none.
    pub user: Option<String>,
    /// The password of Basic authentication. Goes with `user`. Default: none.
    pub password: Option<Secret>,
    /// The device (`X-Device-Id`) that this account is. Letters, digits and `-_.:@`; at most 128. Default: none, which
    /// works while GOWA has one device only.
    pub device: Option<String>,
    /// The key that GOWA signs webhooks with (`WHATSAPP_WEBHOOK_SECRET`, or the device's own). Default: none; then
    /// webhooks are known by an unguessable URL only. The word `secret` is GOWA's own default, which everybody knows.
    pub webhook_secret: Option<Secret>,
    /// Allows `secret` as the key of webhooks. Default: false. With it, signatures prove nothing.
    pub webhook_secret_default_dangerous: bool,
    /// Time for one call, from connecting to the last byte. Default: 20 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the password and every
    /// code cross the network in the clear: for a network of containers on one machine.
    pub plain_http_dangerous: bool,
}

impl GowaConfig {
    /// The defaults, for the GOWA at this URL.
    #[must_use]
    pub fn new(base_url: impl Into<String>) -> Self {
        Self {
            base_url: base_url.into(),
            user: None,
            password: None,
            device: None,
            webhook_secret: None,
            webhook_secret_default_dangerous: false,
            timeout: DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `url` (required), `user`, `password`, `device`, `webhook_secret`, and
    /// `webhook_secret_default_dangerous` and `plain_http_dangerous` (`true` or `false`).
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or one that is neither `true` nor `false`.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: url, user, password, device, webhook_secret, \
                 webhook_secret_default_dangerous, plain_http_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let text = |name| settings.get(name).map(|value| value.expose().to_owned());
        let mut config = Self::new(text("url").unwrap_or_default());
        config.user = text("user");
        config.password = settings.get("password").cloned();
        config.device = text("device");
        config.webhook_secret = settings.get("webhook_secret").cloned();
        config.webhook_secret_default_dangerous = flag(NAME, settings, "webhook_secret_default_dangerous")?;
        config.plain_http_dangerous = flag(NAME, settings, "plain_http_dangerous")?;
        Ok(config)
    }

    /// With Basic authentication.
    #[must_use]
    pub fn with_login(mut self, user: impl Into<String>, password: impl Into<Secret>) -> Self {
        self.user = Some(user.into());
        self.password = Some(password.into());
        self
    }

    /// For one of several devices.
    #[must_use]
    pub fn with_device(mut self, device: impl Into<String>) -> Self {
        self.device = Some(device.into());
        self
    }

    /// With the key that webhooks are signed with.
    #[must_use]
    pub fn with_webhook_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.webhook_secret = Some(secret.into());
        self
    }

    /// Allows GOWA's own default, `secret`, as the key of webhooks: everybody can sign with it.
    #[must_use]
    pub const fn with_webhook_secret_default_dangerous(mut self) -> Self {
        self.webhook_secret_default_dangerous = true;
        self
    }

    /// With another time limit for one call.
    #[must_use]
    pub const fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Allows `http://` to hosts other than this machine: the password and every code can be read on the way.
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
        self.device_header()?;
        match self.webhook_secret.as_ref().map(Secret::expose) {
            Some("") => return Err(ConfigError::new(NAME, "webhook_secret", "is empty")),
            Some(PUBLIC_SECRET) if !self.webhook_secret_default_dangerous => {
                return Err(ConfigError::new(
                    NAME,
                    "webhook_secret",
                    "is the word that every GOWA begins with: set another one there and here",
                ));
            }
            _ => {}
        }
        self.base().check_timeout()
    }

    /// The key of webhooks, and whether a signature with it proves anything.
    pub(super) fn webhook_key(&self) -> Option<(Secret, bool)> {
        let secret = self.webhook_secret.clone()?;
        let proves = secret.expose() != PUBLIC_SECRET;
        Some((secret, proves))
    }

    /// The value of `Authorization`, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<Option<HeaderValue>, ConfigError> {
        let (user, password) = match (&self.user, &self.password) {
            (None, None) => return Ok(None),
            (Some(user), Some(password)) => (user, password),
            (Some(_), None) => return Err(ConfigError::new(NAME, "password", "is empty")),
            (None, Some(_)) => return Err(ConfigError::new(NAME, "user", "is empty")),
        };
        if user.is_empty() || user.len() > 256 || user.contains(':') || user.chars().any(char::is_control) {
            return Err(ConfigError::new(NAME, "user", "is empty, has a colon or is too long"));
        }
        if password.is_empty() || password.expose().len() > 512 {
            return Err(ConfigError::new(NAME, "password", "is empty or too long"));
        }
        let encoded = STANDARD.encode(format!("{user}:{}", password.expose()));
        let mut value = HeaderValue::from_str(&format!("Basic {encoded}"))
            .map_err(|_| ConfigError::new(NAME, "password", "cannot be put into a header"))?;
        value.set_sensitive(true);
        Ok(Some(value))
    }

    /// The value of `X-Device-Id`.
    pub(super) fn device_header(&self) -> Result<Option<HeaderValue>, ConfigError> {
        let Some(device) = &self.device else { return Ok(None) };
        let wrong = || ConfigError::new(NAME, "device", "is not 1 to 128 letters, digits or `-_.:@`");
        let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.:@".contains(&b);
        if !matches!(device.len(), 1..=128) || !device.bytes().all(plain) {
            return Err(wrong());
        }
        HeaderValue::from_str(device).map(Some).map_err(|_| wrong())
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

impl fmt::Debug for GowaConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GowaConfig").field("timeout", &self.timeout).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> GowaConfig {
        GowaConfig::new("http://127.0.0.1:3000")
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let no_password = GowaConfig { user: Some("toko".to_owned()), ..config() };
        let no_user = GowaConfig { password: Some("hush".into()), ..config() };
        for (config, setting) in [
            (GowaConfig::new(""), "base_url"),
            (GowaConfig::new("http://gowa:3000"), "base_url"),
            (no_password, "password"),
            (no_user, "user"),
            (config().with_login("", "hush"), "user"),
            (config().with_login("a:b", "hush"), "user"),
            (config().with_login("toko", ""), "password"),
            (config().with_device(""), "device"),
            (config().with_device("toko 1"), "device"),
            (config().with_device("toko/../x"), "device"),
            (config().with_device("x\r\ny"), "device"),
            (config().with_webhook_secret(""), "webhook_secret"),
            (config().with_webhook_secret("secret"), "webhook_secret"),
            (config().with_timeout(Duration::from_secs(61)), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting, "{config:?}");
        }
        for config in [
            config(),
            config().with_login("toko", "hush:hush").with_device("6591234567:14@s.whatsapp.net"),
            config().with_webhook_secret("secret").with_webhook_secret_default_dangerous(),
            config().with_webhook_secret("another one"),
            GowaConfig::new("http://gowa:3000").with_plain_http_dangerous(),
        ] {
            assert_eq!(config.validate(), Ok(()));
        }
    }

    #[test]
    fn settings_fill_every_field() {
        let settings = AccountSettings::new()
            .with("url", "http://gowa:3000")
            .with("user", "toko")
            .with("password", "hush")
            .with("device", "toko-1")
            .with("webhook_secret", "secret")
            .with("webhook_secret_default_dangerous", "true")
            .with("plain_http_dangerous", "true");
        let config = GowaConfig::from_settings(&settings).unwrap();
        assert_eq!(config.validate(), Ok(()));
        // The example of RFC 7617 is made the same way.
        assert_eq!(config.auth().unwrap().unwrap(), "Basic dG9rbzpodXNo");
        assert_eq!(config.device_header().unwrap().unwrap(), "toko-1");
        assert!(!config.webhook_key().unwrap().1);
        let shown = format!("{config:?} {:?}", config.auth());
        assert!(!shown.contains("hush") && !shown.contains("dG9rbz"), "{shown}");

        let refused = settings.clone().with("webhook_secret_default_dangerous", "false");
        let error = GowaConfig::from_settings(&refused).unwrap().validate().unwrap_err();
        assert_eq!(error.setting(), "webhook_secret");
        for (name, value, setting) in
            [("token", "x", "settings"), ("plain_http_dangerous", "1", "plain_http_dangerous")]
        {
            let error = GowaConfig::from_settings(&settings.clone().with(name, value)).unwrap_err();
            assert_eq!(error.setting(), setting);
        }
    }
}
