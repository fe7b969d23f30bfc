//! Reading the settings of an account.

use wartel_core::Secret;

use super::ConfigError;
use crate::AccountSettings;

/// A setting that is `true` or `false`. A missing one is false.
pub(super) fn flag(
    provider: &'static str,
    settings: &AccountSettings,
    name: &'static str,
) -> Result<bool, ConfigError> {
    match settings.get(name).map(Secret::expose) {
        None | Some("false") => Ok(false),
        Some("true") => Ok(true),
        Some(_) => Err(ConfigError::new(provider, name, "is neither `true` nor `false`")),
    }
}
