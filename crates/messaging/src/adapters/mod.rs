//! The adapters: one folder and one feature for each provider.

#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod base;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod base_url;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod by_locale;
// Each adapter uses a part of these.
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod caller;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod chats;
mod connect;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod json;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod multipart;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod settings;
#[cfg(feature = "http-client")]
#[allow(dead_code)]
mod signature;

#[cfg(feature = "cloud-api")]
#[cfg_attr(docsrs, doc(cfg(feature = "cloud-api")))]
pub mod cloud_api;
#[cfg(feature = "evolution")]
#[cfg_attr(docsrs, doc(cfg(feature = "evolution")))]
pub mod evolution;
#[cfg(feature = "fonnte")]
#[cfg_attr(docsrs, doc(cfg(feature = "fonnte")))]
pub mod fonnte;
#[cfg(feature = "gateway")]
#[cfg_attr(docsrs, doc(cfg(feature = "gateway")))]
pub mod gateway;
#[cfg(feature = "gowa")]
#[cfg_attr(docsrs, doc(cfg(feature = "gowa")))]
pub mod gowa;
#[cfg(feature = "twilio")]
#[cfg_attr(docsrs, doc(cfg(feature = "twilio")))]
pub mod twilio;
#[cfg(feature = "waha")]
#[cfg_attr(docsrs, doc(cfg(feature = "waha")))]
pub mod waha;

pub use connect::{ConnectError, connect, names};

/// A setting of an adapter that cannot be used. Names the setting, never shows its value.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{provider}: {setting} {problem}")]
pub struct ConfigError {
    provider: &'static str,
    setting: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// An error of the provider's setting, with the problem in words that follow the setting's name.
    #[must_use]
    pub const fn new(provider: &'static str, setting: &'static str, problem: &'static str) -> Self {
        Self { provider, setting, problem }
    }

    /// The provider's name.
    #[must_use]
    pub const fn provider(&self) -> &'static str {
        self.provider
    }

    /// The setting, by the name of its field: `token`, `base_url`.
    #[must_use]
    pub const fn setting(&self) -> &'static str {
        self.setting
    }

    /// What is wrong, in words that follow the setting's name: `is empty`.
    #[must_use]
    pub const fn problem(&self) -> &'static str {
        self.problem
    }
}
