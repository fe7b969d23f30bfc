//! What all routers share.

use std::sync::Arc;
use std::time::Duration;

use crate::client_ip::Proxies;
use crate::config::{HttpConfig, HttpConfigError};

/// Makes the routers. Cheap to clone; clones share configuration and counters.
#[derive(Debug, Clone)]
pub struct Http(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: HttpConfig,
    proxies: Proxies,
    #[cfg(feature = "otp")]
    waiting: crate::places::Waiting,
}

impl Http {
    /// Takes a configuration.
    ///
    /// # Errors
    /// [`HttpConfigError`] if a field is out of its range.
    pub fn new(config: HttpConfig) -> Result<Self, HttpConfigError> {
        config.validate()?;
        let proxies = Proxies::new(config.trusted_proxies.clone());
        Ok(Self(Arc::new(Inner {
            config,
            proxies,
            #[cfg(feature = "otp")]
            waiting: crate::places::Waiting::default(),
        })))
    }

    /// The configuration.
    #[must_use]
    pub fn config(&self) -> &HttpConfig {
        &self.0.config
    }

    /// How many requests had an `X-Forwarded-For` that was ignored because their peer is not a trusted proxy. More
    /// than a few mean that a proxy stands in front that is not listed.
    #[must_use]
    pub fn forwarded_ignored(&self) -> u64 {
        self.0.proxies.ignored()
    }

    pub(crate) fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    /// The places of those who wait for news.
    #[cfg(feature = "otp")]
    pub(crate) fn waiting(&self) -> &crate::places::Waiting {
        &self.0.waiting
    }

    /// How long the body of a request may take: a little less than the whole request, so that the caller learns what
    /// was slow.
    pub(crate) fn body_timeout(&self) -> Duration {
        self.config().request_timeout.mul_f32(0.9)
    }
}
