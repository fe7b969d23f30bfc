//! An account by its provider's name: so that swapping providers is a change of settings, not of code.

use super::ConfigError;
use crate::{Account, AccountSettings};

/// The names of the providers whose features are switched on, as [`connect`] takes them.
#[must_use]
pub const fn names() -> &'static [&'static str] {
    &[
        #[cfg(feature = "cloud-api")]
        super::cloud_api::NAME,
        #[cfg(feature = "evolution")]
        super::evolution::NAME,
        #[cfg(feature = "fonnte")]
        super::fonnte::NAME,
        #[cfg(feature = "gateway")]
        super::gateway::NAME,
        #[cfg(feature = "gowa")]
        super::gowa::NAME,
        #[cfg(feature = "waha")]
        super::waha::NAME,
        #[cfg(feature = "twilio")]
        super::twilio::NAME,
    ]
}

/// Why an account cannot be made of its settings.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// No provider that is built in has this name; [`names`] tells them.
    #[error("no provider of this name is built in")]
    UnknownProvider,
    /// A setting cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
}

/// Makes the account of the provider with this name. Asks the network nothing.
///
/// ```
/// use wartel_messaging::AccountSettings;
/// use wartel_messaging::adapters::{ConnectError, connect};
///
/// let settings = AccountSettings::new().with("token", "made-up-token");
/// # #[cfg(feature = "fonnte")]
/// assert_eq!(connect("fonnte", &settings)?.provider.name(), "fonnte");
/// assert_eq!(connect("pigeon", &settings).unwrap_err(), ConnectError::UnknownProvider);
/// # Ok::<(), ConnectError>(())
/// ```
///
/// # Errors
/// [`ConnectError`] names the setting that is missing, unknown or cannot be used; never its value.
pub fn connect(provider: &str, settings: &AccountSettings) -> Result<Account, ConnectError> {
    let _ = settings;
    match provider {
        #[cfg(feature = "cloud-api")]
        super::cloud_api::NAME => {
            let config = super::cloud_api::CloudApiConfig::from_settings(settings)?;
            Ok(super::cloud_api::CloudApi::new(config)?.account())
        }
        #[cfg(feature = "evolution")]
        super::evolution::NAME => {
            let config = super::evolution::EvolutionConfig::from_settings(settings)?;
            Ok(super::evolution::Evolution::new(config)?.account())
        }
        #[cfg(feature = "fonnte")]
        super::fonnte::NAME => {
            let config = super::fonnte::FonnteConfig::from_settings(settings)?;
            Ok(super::fonnte::Fonnte::new(config)?.account())
        }
        #[cfg(feature = "gateway")]
        super::gateway::NAME => {
            let config = super::gateway::GatewayConfig::from_settings(settings)?;
            Ok(super::gateway::Gateway::new(config)?.account())
        }
        #[cfg(feature = "gowa")]
        super::gowa::NAME => {
            let config = super::gowa::GowaConfig::from_settings(settings)?;
            Ok(super::gowa::Gowa::new(config)?.account())
        }
        #[cfg(feature = "waha")]
        super::waha::NAME => {
            let config = super::waha::WahaConfig::from_settings(settings)?;
            Ok(super::waha::Waha::new(config)?.account())
        }
        #[cfg(feature = "twilio")]
        super::twilio::NAME => {
            let config = super::twilio::TwilioConfig::from_settings(settings)?;
            Ok(super::twilio::Twilio::new(config)?.account())
        }
        _ => Err(ConnectError::UnknownProvider),
    }
}

#[cfg(all(test, feature = "fonnte"))]
mod tests {
    use super::*;

    #[test]
    fn unknown_and_missing_settings_are_named_and_their_values_are_not() {
        let wrong = AccountSettings::new().with("token", "made-up-token").with("tokn", "made-up-token");
        let error = connect("fonnte", &wrong).unwrap_err();
        assert_eq!(
            error.to_string(),
            "fonnte: settings has a name that is none of: token, url, country_code, webhook_secret"
        );
        let missing = connect("fonnte", &AccountSettings::new()).unwrap_err();
        assert_eq!(missing.to_string(), "fonnte: token is empty");
    }

    #[test]
    fn every_name_connects_or_says_what_it_needs() {
        for name in names() {
            let error = connect(name, &AccountSettings::new()).unwrap_err();
            assert!(matches!(error, ConnectError::Config(_)), "{name}: {error}");
        }
    }
}
