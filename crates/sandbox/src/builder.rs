//! The options of a sandbox.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, SystemClock};

use crate::device::{DeviceState, Start};
use crate::error::SandboxError;
use crate::phone::phone_key;
use crate::provider::ProviderKind;
use crate::server::{self, Sandbox};
use crate::webhooks::{RetrySettings, WebhookKind};

/// The key of the language models that is always taken.
pub(crate) const DEFAULT_LLM_KEY: &str = "sandbox-key";

/// The checked options, kept for resets.
#[derive(Clone)]
pub(crate) struct Options {
    pub(crate) bind: SocketAddr,
    pub(crate) tokens: Vec<String>,
    pub(crate) account_token: String,
    /// What the language models take as a key.
    pub(crate) llm_keys: Vec<String>,
    pub(crate) quota: u64,
    pub(crate) connected: bool,
    /// Providers whose devices start without a phone.
    pub(crate) unpaired: HashSet<ProviderKind>,
    pub(crate) without_whatsapp: HashSet<String>,
    pub(crate) webhooks: HashMap<(ProviderKind, WebhookKind), String>,
    pub(crate) full_status: bool,
    pub(crate) body_secret: bool,
    /// Whether official APIs refuse all but templates to customers who have not written within 24 hours.
    pub(crate) service_window: bool,
    /// Whether official APIs refuse a second message to the same customer within six seconds.
    pub(crate) pair_limit: bool,
    pub(crate) sent_after: Duration,
    pub(crate) delivered_after: Duration,
    pub(crate) connected_after: Duration,
    pub(crate) retry: RetrySettings,
    pub(crate) max_messages: usize,
    pub(crate) clock: Arc<dyn Clock>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("bind", &self.bind)
            .field("devices", &self.tokens.len())
            .field("quota", &self.quota)
            .finish_non_exhaustive()
    }
}

impl Options {
    /// How the devices of a provider start.
    pub(crate) fn start(&self, kind: ProviderKind) -> Start {
        let state = match (self.connected, self.unpaired.contains(&kind)) {
            (_, true) => DeviceState::Unpaired,
            (true, false) => DeviceState::Connected,
            (false, false) => DeviceState::Disconnected,
        };
        Start { quota: self.quota, state }
    }

    fn validate(&self) -> Result<(), SandboxError> {
        let distinct: HashSet<&String> = self.tokens.iter().collect();
        let visible = |token: &String| !token.is_empty() && token.bytes().all(|b| b.is_ascii_graphic());
        if !self.tokens.iter().all(visible) || !visible(&self.account_token) {
            return Err(SandboxError::Option("token must be visible ASCII and not empty"));
        }
        if distinct.len() != self.tokens.len() || self.tokens.contains(&self.account_token) {
            return Err(SandboxError::Option("token must differ from all others"));
        }
        if !self.llm_keys.iter().all(visible) {
            return Err(SandboxError::Option("llm_key must be visible ASCII and not empty"));
        }
        if self.max_messages == 0 {
            return Err(SandboxError::Option("max_messages must be at least 1"));
        }
        if self.retry.tries == Some(0) {
            return Err(SandboxError::Option("webhook_tries must be at least 1"));
        }
        Ok(())
    }
}

/// Sets a sandbox up; made by [`Sandbox::builder`].
///
/// Everything has a default, so `Sandbox::builder().start().await` is enough.
#[derive(Debug, Clone)]
#[must_use]
pub struct SandboxBuilder {
    options: Options,
    /// Whether the default token was replaced.
    own_token: bool,
}

impl Default for SandboxBuilder {
    fn default() -> Self {
        let options = Options {
            bind: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tokens: vec!["sandbox-device-token".into()],
            account_token: "sandbox-account-token".into(),
            llm_keys: vec![DEFAULT_LLM_KEY.into()],
            quota: 1_000,
            connected: true,
            unpaired: HashSet::new(),
            without_whatsapp: HashSet::new(),
            webhooks: HashMap::new(),
            full_status: false,
            body_secret: false,
            service_window: false,
            pair_limit: false,
            sent_after: Duration::ZERO,
            delivered_after: Duration::from_millis(300),
            connected_after: Duration::from_millis(300),
            retry: RetrySettings::default(),
            max_messages: 10_000,
            clock: Arc::new(SystemClock),
        };
        Self { options, own_token: false }
    }
}

impl SandboxBuilder {
    /// The address to listen on. Default: a free port of `127.0.0.1`.
    ///
    /// Whoever reaches it reads every code: keep it on the loopback interface.
    pub fn bind(mut self, address: SocketAddr) -> Self {
        self.options.bind = address;
        self
    }

    /// A Fonnte device's token; called again, it adds a device. Default: one device with `sandbox-device-token`.
    ///
    /// Each other provider has one device, whose credentials [`SandboxHandle::account`](crate::SandboxHandle::account)
    /// tells.
    pub fn token(mut self, token: impl Into<String>) -> Self {
        if !self.own_token {
            self.options.tokens.clear();
            self.own_token = true;
        }
        self.options.tokens.push(token.into());
        self
    }

    /// The Fonnte account's token, for `/get-devices` and `/add-device`. Default: `sandbox-account-token`.
    pub fn account_token(mut self, token: impl Into<String>) -> Self {
        self.options.account_token = token.into();
        self
    }

    /// One more key that the language models take, such as one for each tenant. Default: only `sandbox-key`, which is
    /// always taken.
    pub fn llm_key(mut self, key: impl Into<String>) -> Self {
        self.options.llm_keys.push(key.into());
        self
    }

    /// How many messages each device may send. Default: 1000.
    pub fn quota(mut self, messages: u64) -> Self {
        self.options.quota = messages;
        self
    }

    /// Whether the devices are connected to WhatsApp at the start. Default: true.
    pub fn connected(mut self, connected: bool) -> Self {
        self.options.connected = connected;
        self
    }

    /// The devices of this provider start without a phone, so that they have to be paired. Default: none do.
    pub fn unpaired(mut self, provider: ProviderKind) -> Self {
        self.options.unpaired.insert(provider);
        self
    }

    /// Numbers without WhatsApp, in any spelling. Fonnte accepts messages to them and a status webhook later says
    /// `invalid`; other providers refuse them as they do. Default: none.
    pub fn without_whatsapp<I: IntoIterator<Item: AsRef<str>>>(mut self, phones: I) -> Self {
        self.options.without_whatsapp.extend(phones.into_iter().map(|phone| phone_key(phone.as_ref())));
        self
    }

    /// Where all webhooks of a provider's devices go: `http://host:port/path`. Default: nowhere.
    pub fn webhooks_of(mut self, provider: ProviderKind, url: &str) -> Self {
        for kind in WebhookKind::ALL {
            self.options.webhooks.insert((provider, kind), url.to_owned());
        }
        self
    }

    /// Where all three kinds of Fonnte's webhooks go: `http://host:port/path`. Default: nowhere.
    pub fn webhooks(self, url: &str) -> Self {
        self.status_webhook(url).incoming_webhook(url).connect_webhook(url)
    }

    /// Where Fonnte's status webhooks go. Default: nowhere.
    pub fn status_webhook(mut self, url: &str) -> Self {
        self.options.webhooks.insert((ProviderKind::Fonnte, WebhookKind::Status), url.to_owned());
        self
    }

    /// Where Fonnte's webhooks for messages from customers go. Default: nowhere.
    pub fn incoming_webhook(mut self, url: &str) -> Self {
        self.options.webhooks.insert((ProviderKind::Fonnte, WebhookKind::Incoming), url.to_owned());
        self
    }

    /// Where Fonnte's webhooks for connecting and disconnecting devices go. Default: nowhere.
    pub fn connect_webhook(mut self, url: &str) -> Self {
        self.options.webhooks.insert((ProviderKind::Fonnte, WebhookKind::Connect), url.to_owned());
        self
    }

    /// Whether each status webhook of Fonnte carries the `id`, not only the first. Default: false, as the provider documents.
    pub fn full_status_webhooks(mut self, full: bool) -> Self {
        self.options.full_status = full;
        self
    }

    /// Whether Fonnte's webhooks carry the device's [secret](crate::SandboxAccount::secret) in their field `secret`.
    /// Default: false.
    pub fn secret_in_webhooks(mut self, secret: bool) -> Self {
        self.options.body_secret = secret;
        self
    }

    /// Whether the official APIs keep to the 24 hours after a customer's last message, outside of which only templates
    /// arrive: the Cloud API refuses with 131047, Twilio reports 63016 later. Default: false.
    pub fn service_window(mut self, kept: bool) -> Self {
        self.options.service_window = kept;
        self
    }

    /// Whether the Cloud API refuses a second message to the same customer within six seconds, with 131056.
    /// Default: false.
    pub fn pair_limit(mut self, kept: bool) -> Self {
        self.options.pair_limit = kept;
        self
    }

    /// The time from acceptance to *sent*. Default: none, it is sent at once.
    pub fn sent_after(mut self, time: Duration) -> Self {
        self.options.sent_after = time;
        self
    }

    /// The time from *sent* to *delivered*, or to *invalid*. Default: 300 ms.
    pub fn delivered_after(mut self, time: Duration) -> Self {
        self.options.delivered_after = time;
        self
    }

    /// The time from the scan of a QR code to the connection. Default: 300 ms.
    pub fn connected_after(mut self, time: Duration) -> Self {
        self.options.connected_after = time;
        self
    }

    /// The time between the first two tries of a webhook. Default: the provider's own; Fonnte's is 60 s.
    pub fn webhook_retry(mut self, interval: Duration) -> Self {
        self.options.retry.interval = Some(interval);
        self
    }

    /// How often a webhook is tried until it is taken. Default: the provider's own; Fonnte's is 15. At least 1.
    pub fn webhook_tries(mut self, tries: u32) -> Self {
        self.options.retry.tries = Some(tries);
        self
    }

    /// How long a webhook waits for its answer. Default: the provider's own; Fonnte's is 10 s.
    pub fn webhook_timeout(mut self, timeout: Duration) -> Self {
        self.options.retry.timeout = Some(timeout);
        self
    }

    /// How many messages are kept; older ones are forgotten. Default: 10,000. At least 1. Their text is kept up to
    /// 64 MiB in all.
    pub fn max_messages(mut self, messages: usize) -> Self {
        self.options.max_messages = messages;
        self
    }

    /// Where the time in messages and webhooks comes from. Default: the system's clock. Delays run on tokio's time.
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.options.clock = clock;
        self
    }

    /// Binds, starts to serve and gives back the running sandbox.
    ///
    /// # Errors
    /// [`SandboxError::Option`] or [`SandboxError::WebhookUrl`] for an option that cannot work,
    /// [`SandboxError::Bind`] if the address cannot be had.
    pub async fn start(self) -> Result<Sandbox, SandboxError> {
        self.options.validate()?;
        server::start(self.options).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_that_cannot_work_are_refused() {
        let check = |builder: SandboxBuilder, expected: &str| {
            let text = builder.options.validate().unwrap_err().to_string();
            assert!(text.contains(expected), "{text}");
        };
        let builder = SandboxBuilder::default;
        assert!(builder().options.validate().is_ok());
        check(builder().token(""), "token");
        check(builder().token("with space"), "token");
        check(builder().token("a").token("a"), "differ");
        check(builder().token("a").account_token("a"), "differ");
        check(builder().llm_key("with space"), "llm_key");
        check(builder().max_messages(0), "max_messages");
        check(builder().webhook_tries(0), "webhook_tries");
    }

    #[test]
    fn debug_shows_no_token() {
        let shown = format!("{:?}", SandboxBuilder::default().token("s3cret"));
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
