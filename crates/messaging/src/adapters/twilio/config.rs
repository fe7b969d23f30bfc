//! Configuration of Twilio.

use std::fmt;
use std::time::Duration;

use http::HeaderValue;
use url::Url;
use wartel_core::{Locale, PhoneNumber, Secret};

use super::{CHANNEL, NAME};
use crate::AccountSettings;
use crate::adapters::base::{Base, check_names};
use crate::adapters::by_locale::ByLocale;
use crate::adapters::settings::flag;
use crate::adapters::{ConfigError, caller};

/// The settings that [`TwilioConfig::from_settings`] reads.
const SETTINGS: &[&str] = &[
    "account_sid",
    "token",
    "api_key",
    "api_secret",
    "from",
    "messaging_service_sid",
    "url",
    "otp_content_sid",
    "status_callback",
    "webhook_unverified_dangerous",
];

/// Configuration of Twilio: a plain struct, checked by [`validate`](Self::validate).
#[derive(Clone)]
#[non_exhaustive]
pub struct TwilioConfig {
    /// The id of the account: `AC…`. Required. Setting: `account_sid`.
    pub account_sid: String,
    /// The account's auth token. It makes the calls, unless there is an API key for that, and it is what Twilio signs
    /// webhooks with, whatever makes the calls. Setting: `token`.
    pub token: Option<Secret>,
    /// An API key (`SK…`) and its secret, which make the calls instead of the auth token. Settings: `api_key` and
    /// `api_secret`.
    pub api_key: Option<(String, Secret)>,
    /// Who sends. Required. Settings: `from` or `messaging_service_sid`.
    pub sender: Option<TwilioSender>,
    /// Where the API is. Default: `https://api.twilio.com`. Setting: `url`.
    pub base_url: String,
    /// The approved content that carries one-time codes. Without it they go out as text, which WhatsApp delivers only
    /// within the 24 hours after the recipient's last message. Setting: `otp_content_sid`.
    pub otp_content: Option<OtpContent>,
    /// Where Twilio reports what became of a message: the address of this account's webhook. Without it there are no
    /// receipts, unless the messaging service has one. Setting: `status_callback`.
    pub status_callback: Option<Secret>,
    /// Reads webhooks without a signature: whoever learns their URL can write in everybody's name. Default: false.
    /// Setting: `webhook_unverified_dangerous`, with the value `true`.
    pub webhook_unverified_dangerous: bool,
    /// Time for one call, from connecting to the last byte. Default: 10 s. Range: 1 s to 60 s.
    pub timeout: Duration,
    /// Allows `http://` to any host. Default: false, which allows it on loopback only. With it, the token and
    /// every code cross the network in the clear.
    pub plain_http_dangerous: bool,
}

/// Who sends: a WhatsApp number, or a messaging service that chooses one.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TwilioSender {
    /// This number.
    From(PhoneNumber),
    /// The messaging service with this id: `MG…`.
    MessagingService(String),
}

/// An approved content template with one gap, the code; it may differ by language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OtpContent(ByLocale);

impl OtpContent {
    /// A content template by its `ContentSid`: `HX…`, or `id=HX…,en=HX…`, as Twilio's templates have one language each.
    ///
    /// # Errors
    /// [`ConfigError`] if it is no `ContentSid`, or none is given for one of the locales.
    pub fn new(content_sid: &str) -> Result<Self, ConfigError> {
        let sids = ByLocale::parse(content_sid).filter(|sids| {
            let fits = |locale| sids.of(locale).is_some_and(|sid| is_sid("HX", sid));
            fits(Locale::Id) && fits(Locale::En)
        });
        let problem = "is not the id of a content template (HX…) for every language";
        sids.map(Self).ok_or_else(|| ConfigError::new(NAME, "otp_content_sid", problem))
    }

    /// The `ContentSid` for messages in this locale.
    #[must_use]
    pub fn of(&self, locale: Locale) -> &str {
        self.0.of(locale).unwrap_or_default()
    }
}

/// Whether a text is an id of Twilio's: two letters and 32 letters or digits. Parts of paths are made of them.
fn is_sid(kind: &str, sid: &str) -> bool {
    sid.strip_prefix(kind)
        .is_some_and(|rest| rest.len() == 32 && rest.bytes().all(|b| b.is_ascii_alphanumeric()))
}

impl TwilioConfig {
    /// The defaults with this account, its auth token and this sender.
    #[must_use]
    pub fn new(account_sid: impl Into<String>, token: impl Into<Secret>, sender: TwilioSender) -> Self {
        Self { token: Some(token.into()), sender: Some(sender), ..Self::empty(account_sid.into()) }
    }

    fn empty(account_sid: String) -> Self {
        Self {
            account_sid,
            token: None,
            api_key: None,
            sender: None,
            base_url: "https://api.twilio.com".to_owned(),
            otp_content: None,
            status_callback: None,
            webhook_unverified_dangerous: false,
            timeout: caller::DEFAULT_TIMEOUT,
            plain_http_dangerous: false,
        }
    }

    /// Reads the settings `account_sid`, `token` or `api_key` and `api_secret`, `from` or `messaging_service_sid`
    /// (required), `url`, `otp_content_sid`, `status_callback` and `webhook_unverified_dangerous`.
    ///
    /// # Errors
    /// [`ConfigError`] if there is a setting of another name, or one that cannot be read.
    /// [`validate`](Self::validate) looks at the other values.
    pub fn from_settings(settings: &AccountSettings) -> Result<Self, ConfigError> {
        let names = "has a name that is none of: account_sid, token, api_key, api_secret, from, messaging_service_sid, \
                 url, otp_content_sid, status_callback, webhook_unverified_dangerous";
        check_names(NAME, settings, SETTINGS, names)?;
        let text = |name| settings.get(name).map(|value| value.expose().to_owned());
        let mut config = Self::empty(text("account_sid").unwrap_or_default());
        config.token = settings.get("token").cloned();
        config.api_key = match (text("api_key"), settings.get("api_secret").cloned()) {
            (Some(key), Some(secret)) => Some((key, secret)),
            (None, None) => None,
            _ => return Err(ConfigError::new(NAME, "api_key", "needs api_secret, and the reverse")),
        };
        config.sender = match (text("from"), text("messaging_service_sid")) {
            (Some(_), Some(_)) => {
                return Err(ConfigError::new(NAME, "from", "contradicts messaging_service_sid"));
            }
            (Some(from), None) => Some(TwilioSender::From(number(&from)?)),
            (None, service) => service.map(TwilioSender::MessagingService),
        };
        if let Some(url) = text("url") {
            config.base_url = url;
        }
        config.otp_content = text("otp_content_sid").map(|sid| OtpContent::new(&sid)).transpose()?;
        config.status_callback = settings.get("status_callback").cloned();
        config.webhook_unverified_dangerous = flag(NAME, settings, "webhook_unverified_dangerous")?;
        Ok(config)
    }

    /// With an API key and its secret, which make the calls instead of the auth token.
    #[must_use]
    pub fn with_api_key(mut self, key: impl Into<String>, secret: impl Into<Secret>) -> Self {
        self.api_key = Some((key.into(), secret.into()));
        self
    }

    /// With another place of the API.
    #[must_use]
    pub fn with_base_url(mut self, url: impl Into<String>) -> Self {
        self.base_url = url.into();
        self
    }

    /// With the content that carries one-time codes.
    #[must_use]
    pub fn with_otp_content(mut self, content: OtpContent) -> Self {
        self.otp_content = Some(content);
        self
    }

    /// With the address to which Twilio reports what became of a message.
    #[must_use]
    pub fn with_status_callback(mut self, url: impl Into<Secret>) -> Self {
        self.status_callback = Some(url.into());
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
        if !is_sid("AC", &self.account_sid) {
            return Err(ConfigError::new(NAME, "account_sid", "is not the id of an account: AC…"));
        }
        self.auth()?;
        if let Some(token) = &self.token {
            caller::check_token(NAME, "token", token)?;
        }
        self.base().place()?;
        match &self.sender {
            None => {
                return Err(ConfigError::new(NAME, "from", "is missing, and so is messaging_service_sid"));
            }
            Some(TwilioSender::MessagingService(sid)) if !is_sid("MG", sid) => {
                return Err(ConfigError::new(
                    NAME,
                    "messaging_service_sid",
                    "is not the id of a service: MG…",
                ));
            }
            Some(_) => {}
        }
        let address = |url: &Secret| {
            let url = Url::parse(url.expose()).ok();
            url.is_some_and(|url| matches!(url.scheme(), "https" | "http") && url.has_host())
        };
        if self.status_callback.as_ref().is_some_and(|url| !address(url)) {
            return Err(ConfigError::new(
                NAME,
                "status_callback",
                "is not a URL such as https://shop.example/…",
            ));
        }
        self.base().check_timeout()
    }

    /// The value of the `Authorization` header, marked so that no client logs it.
    pub(super) fn auth(&self) -> Result<HeaderValue, ConfigError> {
        match (&self.api_key, &self.token) {
            (Some((key, _)), _) if !is_sid("SK", key) => {
                Err(ConfigError::new(NAME, "api_key", "is not the id of an API key: SK…"))
            }
            (Some((key, secret)), _) => caller::basic(NAME, "api_secret", key, secret),
            (None, Some(token)) => caller::basic(NAME, "token", &self.account_sid, token),
            (None, None) => Err(ConfigError::new(NAME, "token", "is missing, and so is api_key")),
        }
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

/// Reads `+14155550123` or `whatsapp:+14155550123`.
fn number(text: &str) -> Result<PhoneNumber, ConfigError> {
    PhoneNumber::from_e164(text.trim().strip_prefix(CHANNEL).unwrap_or_else(|| text.trim()))
        .map_err(|_| ConfigError::new(NAME, "from", "is not a number such as +14155550123"))
}

impl fmt::Debug for TwilioConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TwilioConfig")
            .field("timeout", &self.timeout)
            .field("sender", &self.sender)
            .field("otp_content", &self.otp_content)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sid(kind: &str) -> String {
        format!("{kind}0123456789abcdef0123456789abcdef")
    }

    fn config() -> TwilioConfig {
        TwilioConfig::new(sid("AC"), "made-up-token", TwilioSender::MessagingService(sid("MG")))
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let service = |sid: &str| TwilioSender::MessagingService(sid.to_owned());
        for (config, setting) in [
            (TwilioConfig::new("", "made-up", service(&sid("MG"))), "account_sid"),
            (TwilioConfig::new("../Accounts", "made-up", service(&sid("MG"))), "account_sid"),
            (TwilioConfig::new(sid("AC"), "", service(&sid("MG"))), "token"),
            (TwilioConfig::new(sid("AC"), "two words", service(&sid("MG"))), "token"),
            (TwilioConfig::new(sid("AC"), "made-up", service("MG1")), "messaging_service_sid"),
            (config().with_api_key("key", "made-up"), "api_key"),
            (config().with_api_key(sid("SK"), ""), "api_secret"),
            (config().with_base_url("http://api.twilio.com"), "base_url"),
            (config().with_status_callback("shop.example/hook"), "status_callback"),
            (config().with_status_callback("ftp://shop.example/hook"), "status_callback"),
            (config().with_timeout(Duration::ZERO), "timeout"),
        ] {
            assert_eq!(config.validate().unwrap_err().setting(), setting);
        }
        let good =
            config().with_api_key(sid("SK"), "made-up").with_status_callback("https://shop.example/hook");
        assert_eq!(good.validate(), Ok(()));
        assert!(!format!("{good:?} {:?}", good.auth().unwrap()).contains("made-up"));
    }

    #[test]
    fn settings_become_a_configuration() {
        let with = |more: &[(&str, &str)]| {
            let base = AccountSettings::new().with("account_sid", sid("AC"));
            let settings = more.iter().fold(base, |all, (name, value)| all.with(*name, *value));
            TwilioConfig::from_settings(&settings)
        };
        let service = sid("MG");
        let (token, from) = (("token", "made-up"), ("from", "whatsapp:+14155550123"));
        let read = with(&[token, from, ("url", "http://127.0.0.1:1")]).unwrap();
        assert_eq!(read.validate(), Ok(()));
        assert!(matches!(&read.sender, Some(TwilioSender::From(phone)) if phone.e164() == "+14155550123"));
        let key = sid("SK");
        let read =
            with(&[("api_key", &key), ("api_secret", "x"), ("messaging_service_sid", &service)]).unwrap();
        assert_eq!((read.validate(), read.token.is_none()), (Ok(()), true));
        let otp = format!("id={},en={}", sid("HX"), sid("HX").replace('0', "9"));
        let content = with(&[token, from, ("otp_content_sid", &otp)]).unwrap().otp_content.unwrap();
        assert_ne!(content.of(Locale::Id), content.of(Locale::En));
        let one = format!("en={}", sid("HX"));
        for (more, setting) in [
            (&[("tokn", "x")][..], "settings"),
            (&[token, ("api_key", "x")], "api_key"),
            (&[token, from, ("messaging_service_sid", &service)], "from"),
            (&[token, ("from", "0812")], "from"),
            (&[token, from, ("otp_content_sid", "kode_masuk")], "otp_content_sid"),
            (&[token, from, ("otp_content_sid", &one)], "otp_content_sid"),
            (&[token, from, ("webhook_unverified_dangerous", "1")], "webhook_unverified_dangerous"),
        ] {
            assert_eq!(with(more).unwrap_err().setting(), setting, "{more:?}");
        }
        for (more, setting) in [(&[from][..], "token"), (&[token], "from")] {
            assert_eq!(with(more).unwrap().validate().unwrap_err().setting(), setting, "{more:?}");
        }
    }
}
