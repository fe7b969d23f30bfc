//! What a reply may state besides the evidence of its turn.

use std::fmt;

use wartel_core::Locale;

use crate::fact::Date;
use crate::tenant::Tenant;

/// What a reply may state besides the evidence of its turn. `Debug` shows no text.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Ground<'a> {
    /// The shop: its name, phone number, address, links, hours, policies and table of credits may be told.
    pub tenant: &'a Tenant,
    /// What the customer wrote in this turn; its values may be repeated, though not as those of an item.
    pub customer: &'a str,
    /// The day of the turn in the shop's time zone.
    pub today: Date,
    /// The word that must never stand in a reply. Empty: none.
    pub canary: &'a str,
    /// The language that the customer is answered in.
    pub locale: Locale,
    /// Sentences that code has written for this turn and that may be said.
    pub sentences: &'a [String],
}

impl<'a> Ground<'a> {
    /// The ground of a shop on a day, in the shop's language.
    #[must_use]
    pub const fn new(tenant: &'a Tenant, today: Date) -> Self {
        Self { tenant, customer: "", today, canary: "", locale: tenant.locale, sentences: &[] }
    }

    /// With what the customer wrote in this turn.
    #[must_use]
    pub const fn with_customer(mut self, words: &'a str) -> Self {
        self.customer = words;
        self
    }

    /// With the word that must never stand in a reply.
    #[must_use]
    pub const fn with_canary(mut self, canary: &'a str) -> Self {
        self.canary = canary;
        self
    }

    /// With the language that the customer is answered in.
    #[must_use]
    pub const fn with_locale(mut self, locale: Locale) -> Self {
        self.locale = locale;
        self
    }

    /// With sentences that code has written for this turn.
    #[must_use]
    pub const fn with_sentences(mut self, sentences: &'a [String]) -> Self {
        self.sentences = sentences;
        self
    }
}

impl fmt::Debug for Ground<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ground")
            .field("tenant", &self.tenant.id)
            .field("today", &self.today)
            .field("locale", &self.locale)
            .finish_non_exhaustive()
    }
}
