//! The confirmation message.

use wartel_core::{FullName, Locale, Secret};
use wartel_messaging::markup;

use crate::registration::RegistrationId;

/// What the person reads when the registration is done.
pub(crate) fn confirmation(locale: Locale, name: &FullName, app: &str, id: RegistrationId) -> Secret {
    let name = markup::harmless(name.as_str());
    Secret::new(match locale {
        Locale::En => format!(
            "Hello {name},\n\nYour registration with {app} is complete.\nRegistration number: {id}\n\nThank you."
        ),
        _ => format!(
            "Halo {name},\n\nPendaftaran Anda di {app} telah berhasil.\nNomor pendaftaran: {id}\n\nTerima kasih."
        ),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_cannot_set_markup() {
        let name = FullName::parse("*123456* _x_").unwrap();
        let text = confirmation(Locale::Id, &name, "Toko Budi", RegistrationId::random());
        let first = text.expose().lines().next().unwrap();
        assert!(!first.contains('*') && !first.contains('_'), "{first}");
        assert!(text.expose().contains("Toko Budi"));
    }
}
