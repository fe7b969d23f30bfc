//! A lead in a few lines, for staff.

use wartel_core::Locale;

use super::Lead;

impl Lead {
    /// Who it is, how far it has come and what is known of it, in a few lines for staff. Holds the whole number: not for
    /// logs.
    #[must_use]
    pub fn summary(&self, locale: Locale) -> String {
        crate::texts::staff_lead(locale, self)
    }
}
