//! Configuration of the Cloud API.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use wartel_core::{Locale, Secret};

use super::NAME;
use crate::AccountSettings;
use crate::adapters::base::{Base, check_names};
use crate::adapters::by_locale::ByLocale;
use crate::adapters::settings::flag;
use crate::adapters::{ConfigError, caller};

/// The settings that [`CloudApiConfig::from_settings`] reads.
const SETTINGS: &[&str] = &[
    "token",
    "phone_number_id",
    "url",
    "business_account_id",
    "otp_template",
    "otp_language",
    "app_secret",
    "verify_token",
    "webhook_unverified_dangerous",
];

/// Configuration of the Cloud API: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct CloudApiConfig {
    /// The access token of a system user with the right to send messages. Required. Setting: `token`.
    pub token: Secret,
    /// The id of the business phone number that sends: digits, not the number itself. Required.
    /// Setting: `phone_number_id`.
    pub phone_number_id: String,
    /// Where the API is, with its version. Default: `https://graph.facebook.com/v25.0`. Setting: `url`.
    pub base_url: String,
    /// The id of the WhatsApp business account that the number belongs to: digits. News of the account, such as a ban,
    /// name no number, so they are only taken for this account's if the id is known. Setting: `business_account_id`.
    pub business_account_id: Option<String>,
    /// The authentication template that carries one-time codes. Without it a code goes out only as text and only as a
    /// reply: outside the 24 hours after the recipient's last message the API takes templates alone. Settings:
    /// `otp_template` and `otp_language`.
    pub otp_template: Option<OtpTemplate>,
    /// The app's secret, with which Meta signs webhooks. Without it there are no webhooks. Setting: `app_secret`.
    pub app_secret: Option<Secret>,
    /// The secret that Meta sends when it asks the address of the webhook whether it is ours. Without it the question is
    /// not answered. Setting: `verify_token`.
    pub verify_token: Option<Secret>,
    /// Reads webhooks without a signature: whoever learns their URL can write in everybody's name. Default: false.
    /// Setting: `webhook_unverified_dangerous`, with the value `true`.
    pub webhook_unverified_dangerous: bool,
    /// Time for one call, from connecting to the last byte. Default: 10 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the token and
    /// every code cross the network in the clear.
    pub plain_http_dangerous: bool,
}

/// An approved authentication template: its name and its language, each for all locales or for one.
///
/// Copy-code, one-tap and zero-tap templates are filled in the same way, so which one it is makes no difference here.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct OtpTemplate {
    name: ByLocale,
    language: ByLocale,
}

impl OtpTemplate {
    /// A template by its name, in the language of each message: `id` or `en`.
    ///
    /// The name may differ by locale: `id=kode_masuk,en=login_code`.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no name of a template, or none is given for one of the locales.
    pub fn new(name: &str) -> Result<Self, ConfigError> {
        let wrong =
            ConfigError::new(NAME, "otp_template", "is not the name of a template for every language");
        let name = ByLocale::parse(name).ok_or_else(|| wrong.clone())?;
        if !name.is_complete() {
            return Err(wrong);
        }
        Ok(Self { name, language: ByLocale::default() })
    }

    /// In the language under which it was approved, such as `en_US`; it may differ by locale: `id=id,en=en_US`.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no code of a language.
    pub fn with_language(mut self, language: &str) -> Result<Self, ConfigError> {
        let wrong = || ConfigError::new(NAME, "otp_language", "is not the code of a language, such as en_US");
        self.language = ByLocale::parse(language).ok_or_else(wrong)?;
        Ok(self)
    }

    /// The name and the language for messages in this locale.
    #[must_use]
    pub fn of(&self, locale: Locale) -> (&str, &str) {
        (self.name.of(locale).unwrap_or_default(), self.language.of(locale).unwrap_or(locale.tag()))
    }
}

impl CloudApiConfig {
    /// The defaults with this token and this phone number id.
    #[must_use]
    pub fn new(token: impl Into<Secret>, phone_number_id: impl Into<String>) -> Self {
        Self {
            token: token.into(),
            phone_number_id: phone_number_id.into(),
            base_url: "https://graph.facebook.com/v25.0".to_owned(),
            business_account_id: None,
            otp_template: None,
            app_secret: None,
            verify_token: None,
            webhook_unverified_dangerous: false,
            timeout: caller::DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `token` and `phone_number_id` (required), `url`, `business_account_id`, `otp_template`,
    /// `otp_language`, `app_secret`, `verify_token` and `webhook_unverified_dangerous`.
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or a template cannot be read.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: token, phone_number_id, url, business_account_id, otp_template, \
                 otp_language, app_secret, verify_token, webhook_unverified_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let text = |name| settings.get(name).map(|value| value.expose().to_owned());
        let token = settings.get("token").cloned().unwrap_or_else(|| Secret::new(""));
        let mut config = Self::new(token, text("phone_number_id").unwrap_or_default());
        if let Some(url) = text("url") {
            config.base_url = url;
        }
        config.business_account_id = text("business_account_id");
        config.app_secret = settings.get("app_secret").cloned();
        config.verify_token = settings.get("verify_token").cloned();
        config.webhook_unverified_dangerous = flag(NAME, settings, "webhook_unverified_dangerous")?;
        config.otp_template = match (text("otp_template"), text("otp_language")) {
            (Some(name), Some(language)) => Some(OtpTemplate::new(&name)?.with_language(&language)?),
            (Some(name), None) => Some(OtpTemplate::new(&name)?),
            (None, Some(_)) => {
                return Err(ConfigError::new(NAME, "otp_language", "is of no use without otp_template"));
            }
            (None, None) => None,
        };
        Ok(config)
    }

    /// With another place of the API, with its version.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// With the id of the WhatsApp business account.
    #[must_use]
    pub fn with_business_account_id(mut self, id: impl Into<String>) -> Self {
        self.business_account_id = Some(id.into());
        self
    }

    /// With the template that carries one-time codes.
    #[must_use]
    pub fn with_otp_template(mut self, template: OtpTemplate) -> Self {
        self.otp_template = Some(template);
        self
    }

    /// With the app's secret, with which webhooks are signed.
    #[must_use]
    pub fn with_app_secret(mut self, secret: impl Into<Secret>) -> Self {
        self.app_secret = Some(secret.into());
        self
    }

    /// With the secret of Meta's question whether the address of the webhook is ours.
    #[must_use]
    pub fn with_verify_token(mut self, token: impl Into<Secret>) -> Self {
        self.verify_token = Some(token.into());
        self
    }

    /// Reads webhooks without a signature: whoever learns their URL can write in everybody's name.
    #[must_use]
    pub const fn with_webhook_unverified_dangerous(mut self) -> Self {
        self.webhook_unverified_dangerous = true;
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
        // The id becomes a part of the path.
        let digits = |id: &str| (1..=32).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_digit());
        if !digits(&self.phone_number_id) {
            return Err(ConfigError::new(NAME, "phone_number_id", "is not the id of a phone number: digits"));
        }
        if self.business_account_id.as_deref().is_some_and(|id| !digits(id)) {
            return Err(ConfigError::new(NAME, "business_account_id", "is not the id of an account: digits"));
        }
        for (setting, secret) in [("app_secret", &self.app_secret), ("verify_token", &self.verify_token)] {
            if secret.as_ref().is_some_and(Secret::is_empty) {
                return Err(ConfigError::new(NAME, setting, "is empty"));
            }
        }
        if self.webhook_unverified_dangerous && self.app_secret.is_some() {
            let setting = "webhook_unverified_dangerous";
            return Err(ConfigError::new(NAME, setting, "contradicts app_secret: leave one of them out"));
        }
        self.base().check_timeout()
    }

    /// The value of the `Authorization` header, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<HeaderValue, ConfigError> {
        caller::bearer(NAME, "token", &self.token)
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

impl fmt::Debug for CloudApiConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CloudApiConfig")
            .field("timeout", &self.timeout)
            .field("otp_template", &self.otp_template)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> CloudApiConfig {
        CloudApiConfig::new("made-up-token", "106540352242922")
    }

    fn settings(more: &[(&str, &str)]) -> AccountSettings {
        let base = AccountSettings::new().with("token", "made-up-token").with("phone_number_id", "1065");
        more.iter().fold(base, |settings, (name, value)| settings.with(*name, *value))
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        for (config, setting) in [
            (CloudApiConfig::new("", "1065"), "token"),
            (CloudApiConfig::new("two words", "1065"), "token"),
            (CloudApiConfig::new("made-up-token", ""), "phone_number_id"),
            (CloudApiConfig::new("made-up-token", "../me"), "phone_number_id"),
            (CloudApiConfig::new("made-up-token", "+6281234567890"), "phone_number_id"),
            (config().with_base_url("http://graph.facebook.com/v25.0"), "base_url"),
            (config().with_business_account_id("mine"), "business_account_id"),
            (config().with_app_secret(""), "app_secret"),
            (config().with_verify_token(""), "verify_token"),
            (
                config().with_app_secret("made-up").with_webhook_unverified_dangerous(),
                "webhook_unverified_dangerous",
            ),
            (config().with_timeout(Duration::from_secs(61)), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting);
        }
        assert_eq!(config().with_app_secret("made-up").validate(), Ok(()));
        assert_eq!(config().with_webhook_unverified_dangerous().validate(), Ok(()));
    }

    #[test]
    fn settings_become_a_configuration() {
        let all = settings(&[
            ("url", "http://127.0.0.1:1/v25.0"),
            ("otp_template", "id=kode_masuk,en=login_code"),
            ("otp_language", "en=en_US"),
            ("app_secret", "made-up"),
            ("verify_token", "made-up-too"),
            ("business_account_id", "102290129340398"),
        ]);
        let read = CloudApiConfig::from_settings(&all).unwrap();
        assert_eq!(read.validate(), Ok(()));
        let template = read.otp_template.as_ref().unwrap();
        assert_eq!(template.of(Locale::Id), ("kode_masuk", "id"));
        assert_eq!(template.of(Locale::En), ("login_code", "en_US"));
        assert!(read.app_secret.is_some() && read.verify_token.is_some());
        assert!(!format!("{read:?}").contains("made-up"));
        for (name, value, setting) in [
            ("tokn", "x", "settings"),
            ("otp_language", "id", "otp_language"),
            ("otp_template", "id=only_one", "otp_template"),
            ("otp_template", "two names", "otp_template"),
            ("otp_template", "fr=code,all", "otp_template"),
            ("otp_template", "one,two", "otp_template"),
            ("otp_template", "id=a,id=b,en=c", "otp_template"),
            ("webhook_unverified_dangerous", "yes", "webhook_unverified_dangerous"),
        ] {
            let error = CloudApiConfig::from_settings(&settings(&[(name, value)])).unwrap_err();
            assert_eq!(error.setting(), setting, "{name}={value}");
        }
        let open = settings(&[("webhook_unverified_dangerous", "true")]);
        assert!(CloudApiConfig::from_settings(&open).unwrap().webhook_unverified_dangerous);
    }

    #[test]
    fn one_template_serves_every_language_in_its_own() {
        let template = OtpTemplate::new("kode_masuk").unwrap();
        assert_eq!(template.of(Locale::Id), ("kode_masuk", "id"));
        assert_eq!(template.of(Locale::En), ("kode_masuk", "en"));
        let one_language = template.with_language("id").unwrap();
        assert_eq!(one_language.of(Locale::En), ("kode_masuk", "id"));
        let mixed = OtpTemplate::new("code,id=kode").unwrap();
        assert_eq!((mixed.of(Locale::Id).0, mixed.of(Locale::En).0), ("kode", "code"));
    }
}
