//! What may be said of a shop at any time.

use super::Tenant;
use crate::fact::{Date, Fact};

impl Tenant {
    /// Everything in the shop's profile that a reply may state: name, address, phone, links, hours, policies, and the terms of
    /// its credits. Phone numbers of staff are no part of it.
    #[must_use]
    pub fn facts(&self) -> Vec<Fact> {
        let mut facts = Vec::new();
        let words = [Some(&self.name), self.address.as_ref(), Some(&self.trade)];
        let words = words.into_iter().flatten().chain(&self.policies);
        facts.extend(words.filter(|text| !text.is_empty()).cloned().map(Fact::Words));
        facts.extend([&self.map_url, &self.website].into_iter().flatten().cloned().map(Fact::Link));
        facts.extend(self.phone.clone().map(Fact::Phone));
        for day in self.hours.week.iter().chain(self.hours.exceptions.values()) {
            facts.extend(day.0.iter().flat_map(|(from, to)| [Fact::Time(*from), Fact::Time(*to)]));
        }
        facts.extend(self.hours.exceptions.keys().filter_map(|key| Date::parse(key).ok()).map(Fact::Date));
        if let Some(credit) = &self.credit {
            facts.push(Fact::Percent(credit.min_down));
            facts.push(Fact::Words(credit.note.clone()));
            facts.extend(
                credit.terms.iter().flat_map(|it| [Fact::Months(it.months), Fact::Percent(it.yearly_rate)]),
            );
        }
        let mut seen = std::collections::HashSet::new();
        facts.retain(|fact| seen.insert(fact.clone()));
        facts
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::{PhoneNumber, TenantId};

    use super::*;
    use crate::demo;
    use crate::fact::ClockTime;

    #[test]
    fn what_the_profile_tells_and_nothing_of_staff() {
        let (shop, _) = demo::shop(TenantId::default(), "https://foto.example");
        let facts = shop.facts();
        let phone = |text: &str| Fact::Phone(PhoneNumber::from_e164(text).unwrap());
        for fact in [
            phone("+6281290001234"),
            Fact::Words("Wartel Motor".to_owned()),
            Fact::Words("Test drive di showroom dengan SIM A yang masih berlaku.".to_owned()),
            Fact::Link("https://maps.wartel-motor.example/showroom".to_owned()),
            Fact::Time(ClockTime::parse("18:00").unwrap()),
            Fact::Percent(2_000),
            Fact::Months(60),
        ] {
            assert_eq!(facts.iter().filter(|it| **it == fact).count(), 1, "{fact:?}");
        }
        assert!(!facts.contains(&phone("+6281290005678")));
    }
}
