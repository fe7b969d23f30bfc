//! The confirmation message.

use wartel_core::{FullName, Locale, Secret};
use wartel_messaging::markup;

use crate::registration::RegistrationId;

/// What the person reads when the registration is done.
pub(crate) fn confirmation(locale: Locale, name: &FullName, app: &str, id: RegistrationId) -> Secret {
    // A name of nothing but markup is not greeted.
    let name = Some(markup::harmless(name.as_str())).filter(|name| !name.is_empty());
    let name = name.map(|name| format!(" {name}")).unwrap_or_default();
    Secret::new(match locale {
        Locale::En => format!(
            "Hello{name},\n\nYour registration with {app} is complete.\nRegistration number: {id}\n\nThank you."
        ),
        _ => format!(
            "Halo{name},\n\nPendaftaran Anda di {app} telah berhasil.\nNomor pendaftaran: {id}\n\nTerima kasih."
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
        let nameless = FullName::parse("***").unwrap();
        let text = confirmation(Locale::Id, &nameless, "Toko Budi", RegistrationId::random());
        assert!(text.expose().starts_with("Halo,\n"));
    }
}
