//! What a shop must look like.

use std::collections::BTreeSet;

use super::{BotSettings, CreditTable, DayHours, Hours, Tenant};
use crate::catalogue::is_photo_address;
use crate::fact::Date;

/// What is wrong with a shop: which field, and what it must be. Holds no text of the shop.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} must be {expected}")]
#[non_exhaustive]
pub struct TenantProblem {
    /// The field: `hours.time_zone`.
    pub field: &'static str,
    /// What it must be.
    pub expected: &'static str,
}

fn must(fits: bool, field: &'static str, expected: &'static str) -> Result<(), TenantProblem> {
    if fits { Ok(()) } else { Err(TenantProblem { field, expected }) }
}

fn line(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_control())
}

fn paragraph(text: &str, most: usize) -> bool {
    text.chars().count() <= most && !text.chars().any(|c| c.is_control() && c != '\n')
}

impl Tenant {
    /// Checks the shop against its limits.
    ///
    /// # Errors
    /// [`TenantProblem`]: the first thing that is wrong.
    pub fn check(&self) -> Result<(), TenantProblem> {
        let optional = |text: &Option<String>, fits: fn(&str) -> bool| text.as_deref().is_none_or(fits);
        must(!self.name.trim().is_empty() && line(&self.name, 80), "name", "1 to 80 characters on one line")?;
        must(optional(&self.address, |it| paragraph(it, 300)), "address", "at most 300 characters")?;
        must(optional(&self.map_url, is_photo_address), "map_url", "an address that begins with https://")?;
        must(optional(&self.website, is_photo_address), "website", "an address that begins with https://")?;
        must(paragraph(&self.tone, 500), "tone", "at most 500 characters")?;
        must(line(&self.trade, 100), "trade", "at most 100 characters on one line")?;
        let policies = self.policies.len() <= 30 && self.policies.iter().all(|it| paragraph(it, 500));
        must(policies, "policies", "at most 30 of at most 500 characters each")?;
        let numbers: BTreeSet<_> = self.staff.iter().map(|staff| &staff.phone).collect();
        let staff = self.staff.len() <= 50 && numbers.len() == self.staff.len();
        must(staff, "staff", "at most 50 people, each with a number of their own")?;
        must(
            self.staff.iter().all(|it| line(&it.name, 80)),
            "staff.name",
            "at most 80 characters on one line",
        )?;
        self.hours.check()?;
        self.bot.check()?;
        self.credit.as_ref().map_or(Ok(()), CreditTable::check)
    }
}

impl Hours {
    fn check(&self) -> Result<(), TenantProblem> {
        must(self.zone().is_some(), "hours.time_zone", "an IANA name such as Asia/Jakarta")?;
        must(matches!(self.week.len(), 0 | 7), "hours.week", "seven days from Monday on, or empty")?;
        let days = self.week.iter().chain(self.exceptions.values());
        let fit = days.clone().all(DayHours::fits);
        must(fit, "hours", "at most 6 spans a day, in order, without overlaps, beginning before 24:00")?;
        let dates =
            self.exceptions.len() <= 400 && self.exceptions.keys().all(|key| Date::parse(key).is_ok());
        must(dates, "hours.exceptions", "at most 400 days such as 2026-12-31")
    }
}

impl DayHours {
    fn fits(&self) -> bool {
        let begins = self.0.iter().all(|(from, _)| from.minutes() < 1_440);
        let neighbours = self.0.iter().zip(self.0.iter().skip(1));
        // Only the last span of a day may cross midnight.
        let in_order = neighbours.clone().all(|((from, to), (next, _))| from < to && to <= next);
        self.0.len() <= 6 && begins && in_order
    }
}

impl BotSettings {
    fn check(&self) -> Result<(), TenantProblem> {
        let fits = self.burst_window_ms <= 60_000 && self.burst_cap_ms <= 120_000;
        must(fits, "bot.burst_window_ms, bot.burst_cap_ms", "at most 60,000 and 120,000")?;
        must(self.burst_window_ms <= self.burst_cap_ms, "bot.burst_window_ms", "at most bot.burst_cap_ms")?;
        must((1..=43_200).contains(&self.handoff_minutes), "bot.handoff_minutes", "1 to 43,200")?;
        must(self.day_budget <= self.month_budget, "bot.day_budget", "at most bot.month_budget")?;
        let fits = (1..=1_000).contains(&self.answers_per_customer_hour);
        must(fits, "bot.answers_per_customer_hour", "1 to 1,000")?;
        must((1..=60).contains(&self.answers_per_minute), "bot.answers_per_minute", "1 to 60")?;
        must((1..=1_440).contains(&self.stale_minutes), "bot.stale_minutes", "1 to 1,440")
    }
}

impl CreditTable {
    fn check(&self) -> Result<(), TenantProblem> {
        must(
            (0..=10_000).contains(&self.min_down),
            "credit.min_down",
            "0 to 10,000 hundredths of one percent",
        )?;
        let months: BTreeSet<i64> = self.terms.iter().map(|term| term.months).collect();
        let fit = (1..=20).contains(&self.terms.len()) && months.len() == self.terms.len();
        must(fit, "credit.terms", "1 to 20, each with months of its own")?;
        let fit = self.terms.iter().all(|it| (1..=120).contains(&it.months));
        must(fit, "credit.terms.months", "1 to 120")?;
        let fit = self.terms.iter().all(|it| (0..=10_000).contains(&it.yearly_rate));
        must(fit, "credit.terms.yearly_rate", "0 to 10,000 hundredths of one percent")?;
        must(paragraph(&self.note, 500), "credit.note", "at most 500 characters")
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::{PhoneNumber, TenantId};

    use super::*;
    use crate::fact::ClockTime;
    use crate::tenant::{CreditTerm, Staff};

    #[test]
    fn a_shop_is_checked_field_by_field() {
        let good = || Tenant::new(TenantId::default(), "Toko");
        assert_eq!(good().check(), Ok(()));
        let time = |text: &str| ClockTime::parse(text).unwrap();
        let day = |spans: &[(&str, &str)]| DayHours(spans.iter().map(|(a, b)| (time(a), time(b))).collect());
        let staff = || Staff::new(PhoneNumber::from_e164("+6281234567890").unwrap(), "Sari");
        let with_day = |day: DayHours| move |it: &mut Tenant| it.hours.week = vec![day.clone(); 7];
        let with_term = |months, rate| {
            move |it: &mut Tenant| {
                it.credit = Some(CreditTable::new(2_000, vec![CreditTerm::new(months, rate)], ""))
            }
        };
        type Spoil = Box<dyn Fn(&mut Tenant)>;
        let cases: Vec<(&str, Spoil)> = vec![
            ("name", Box::new(|it| it.name = " ".to_owned())),
            ("name", Box::new(|it| it.name = "a\nb".to_owned())),
            ("address", Box::new(|it| it.address = Some("a".repeat(301)))),
            ("map_url", Box::new(|it| it.map_url = Some("javascript:alert(1)".to_owned()))),
            ("website", Box::new(|it| it.website = Some("https://".to_owned()))),
            ("tone", Box::new(|it| it.tone = "a".repeat(501))),
            ("trade", Box::new(|it| it.trade = "a".repeat(101))),
            ("policies", Box::new(|it| it.policies = vec![String::new(); 31])),
            ("staff", Box::new(move |it| it.staff = vec![staff(), staff()])),
            ("hours.time_zone", Box::new(|it| it.hours.time_zone = "WIB".to_owned())),
            ("hours.week", Box::new(|it| it.hours.week = vec![DayHours::default(); 6])),
            ("hours", Box::new(with_day(day(&[("08:00", "12:00"), ("11:00", "17:00")])))),
            ("hours", Box::new(with_day(day(&[("20:00", "02:00"), ("21:00", "22:00")])))),
            ("hours", Box::new(with_day(day(&[("24:00", "02:00")])))),
            (
                "hours.exceptions",
                Box::new(|it| {
                    it.hours.exceptions.insert("1 Mei".to_owned(), DayHours::default());
                }),
            ),
            ("bot.burst_window_ms", Box::new(|it| it.bot.burst_window_ms = 20_000)),
            ("bot.handoff_minutes", Box::new(|it| it.bot.handoff_minutes = 0)),
            ("bot.day_budget", Box::new(|it| it.bot.day_budget = 40_000_000)),
            ("bot.answers_per_minute", Box::new(|it| it.bot.answers_per_minute = 0)),
            ("bot.stale_minutes", Box::new(|it| it.bot.stale_minutes = 0)),
            ("credit.min_down", Box::new(|it| it.credit = Some(CreditTable::new(-1, vec![], "")))),
            ("credit.terms", Box::new(|it| it.credit = Some(CreditTable::new(0, vec![], "")))),
            ("credit.terms.months", Box::new(with_term(0, 500))),
            ("credit.terms.yearly_rate", Box::new(with_term(12, -1))),
        ];
        for (field, spoil) in cases {
            let mut tenant = good();
            spoil(&mut tenant);
            assert_eq!(tenant.check().map_err(|problem| problem.field), Err(field));
        }
    }
}
