//! How hours are told to people.

use jiff::civil::Weekday;
use wartel_core::{Locale, Timestamp};

use super::{DayHours, Hours, OpenStatus};
use crate::fact::Date;

const DAYS: [(&str, &str); 7] = [
    ("Senin", "Monday"),
    ("Selasa", "Tuesday"),
    ("Rabu", "Wednesday"),
    ("Kamis", "Thursday"),
    ("Jumat", "Friday"),
    ("Sabtu", "Saturday"),
    ("Minggu", "Sunday"),
];

const MONTHS: [(&str, &str); 12] = [
    ("Januari", "January"),
    ("Februari", "February"),
    ("Maret", "March"),
    ("April", "April"),
    ("Mei", "May"),
    ("Juni", "June"),
    ("Juli", "July"),
    ("Agustus", "August"),
    ("September", "September"),
    ("Oktober", "October"),
    ("November", "November"),
    ("Desember", "December"),
];

const fn pick<'a>(texts: (&'a str, &'a str), locale: Locale) -> &'a str {
    match locale {
        Locale::En => texts.1,
        _ => texts.0,
    }
}

/// The name of a day of the week.
pub(crate) fn day_name(date: Date, locale: Locale) -> &'static str {
    weekday(date.civil().weekday(), locale)
}

fn weekday(day: Weekday, locale: Locale) -> &'static str {
    let at = usize::try_from(day.to_monday_zero_offset()).unwrap_or_default();
    DAYS.get(at).map_or("", |texts| pick(*texts, locale))
}

/// A day with its name: `Sabtu, 5 September 2026`, `Saturday, 5 September 2026`.
pub(crate) fn long_date(date: Date, locale: Locale) -> String {
    let (year, month, day) = date.parts();
    let at = usize::try_from(month).unwrap_or(1).saturating_sub(1);
    let month = MONTHS.get(at).map_or("", |texts| pick(*texts, locale));
    format!("{}, {day} {month} {year}", day_name(date, locale))
}

impl Hours {
    /// The name of the time zone as people in it say it: `WIB`, `WITA`, `WIT`, else the letters that the zone has at this
    /// instant, such as `EDT` or `UTC+08`.
    #[must_use]
    pub fn zone_name(&self, at: Timestamp) -> String {
        match self.time_zone.as_str() {
            "Asia/Jakarta" | "Asia/Pontianak" => "WIB".to_owned(),
            "Asia/Makassar" | "Asia/Ujung_Pandang" => "WITA".to_owned(),
            "Asia/Jayapura" => "WIT".to_owned(),
            _ => {
                let Some(zone) = self.zone() else { return String::new() };
                let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default();
                let info = zone.to_offset_info(at);
                let letters = info.abbreviation();
                if letters.starts_with(['+', '-']) { format!("UTC{letters}") } else { letters.to_owned() }
            }
        }
    }

    /// The hours of a week in one line, equal days together: `Senin–Sabtu 08:00–17:00, Minggu tutup (WIB)`. Empty if they are
    /// not known.
    #[must_use]
    pub fn text(&self, locale: Locale, now: Timestamp) -> String {
        if self.week.is_empty() {
            return String::new();
        }
        let mut groups: Vec<(usize, usize, DayHours)> = Vec::new();
        for at in 0..7 {
            let hours = self.week.get(at).cloned().unwrap_or_default();
            match groups.last_mut() {
                Some((_, last, same)) if *same == hours => *last = at,
                _ => groups.push((at, at, hours)),
            }
        }
        let name = |at: usize| DAYS.get(at).map_or("", |texts| pick(*texts, locale));
        let texts: Vec<String> = groups
            .iter()
            .map(|(first, last, hours)| {
                let days = match last - first {
                    6 => pick(("Setiap hari", "Every day"), locale).to_owned(),
                    0 => name(*first).to_owned(),
                    _ => format!("{}–{}", name(*first), name(*last)),
                };
                format!("{days} {}", hours.text(locale))
            })
            .collect();
        let zone = self.zone_name(now);
        if zone.is_empty() { texts.join(", ") } else { format!("{} ({zone})", texts.join(", ")) }
    }

    /// Whether it is open now, in a sentence without a name; empty if that is not known.
    #[must_use]
    pub fn status_text(&self, locale: Locale, now: Timestamp) -> String {
        let zone = self.zone_name(now);
        let clock = |at: Timestamp| self.local(at).map(|(_, time)| format!("{time} {zone}"));
        match self.status(now) {
            OpenStatus::Open { until } => match (until.and_then(clock), locale) {
                (Some(time), Locale::En) => format!("We are open now, until {time}."),
                (Some(time), _) => format!("Sekarang buka sampai {time}."),
                (None, Locale::En) => "We are open now.".to_owned(),
                (None, _) => "Sekarang buka.".to_owned(),
            },
            OpenStatus::Closed { opens_at } => {
                let when = opens_at
                    .and_then(|at| Some(format!("{} {}", self.day_text(at, now, locale)?, clock(at)?)));
                match (when, locale) {
                    (Some(when), Locale::En) => format!("We are closed now and open {when}."),
                    (Some(when), _) => format!("Sekarang tutup, buka lagi {when}."),
                    (None, Locale::En) => "We are closed now.".to_owned(),
                    (None, _) => "Sekarang tutup.".to_owned(),
                }
            }
            OpenStatus::Unknown => String::new(),
        }
    }

    /// A day close to today: `hari ini pukul`, `besok pukul`, or its name and date.
    fn day_text(&self, at: Timestamp, now: Timestamp, locale: Locale) -> Option<String> {
        let (date, _) = self.local(at)?;
        let (today, _) = self.local(now)?;
        let days = (date.civil() - today.civil()).get_days();
        Some(match (days, locale) {
            (0, Locale::En) => "today at".to_owned(),
            (0, _) => "hari ini pukul".to_owned(),
            (1, Locale::En) => "tomorrow at".to_owned(),
            (1, _) => "besok pukul".to_owned(),
            (_, Locale::En) => format!("on {} at", long_date(date, locale)),
            (..) => format!("{} pukul", long_date(date, locale)),
        })
    }
}

impl DayHours {
    /// The spans of a day: `08:00–12:00 dan 13:00–17:00`, `tutup`, `24 jam`.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        if self.0.is_empty() {
            return pick(("tutup", "closed"), locale).to_owned();
        }
        let whole = |from: u16, to: u16| from % 1_440 == to % 1_440;
        if self.0.iter().any(|(from, to)| whole(from.minutes(), to.minutes())) {
            return pick(("24 jam", "24 hours"), locale).to_owned();
        }
        let spans: Vec<String> = self.0.iter().map(|(from, to)| format!("{from}–{to}")).collect();
        spans.join(pick((" dan ", " and "), locale))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fact::ClockTime;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    #[test]
    fn equal_days_are_told_together() {
        let time = |text: &str| ClockTime::parse(text).unwrap();
        let now = at("2026-08-03T01:00:00Z");
        let mut hours = Hours::daily("Asia/Jakarta", time("08:00"), time("17:00"));
        assert_eq!(hours.text(Locale::Id, now), "Setiap hari 08:00–17:00 (WIB)");
        hours.week[6] = DayHours::default();
        assert_eq!(hours.text(Locale::Id, now), "Senin–Sabtu 08:00–17:00, Minggu tutup (WIB)");
        assert_eq!(hours.text(Locale::En, now), "Monday–Saturday 08:00–17:00, Sunday closed (WIB)");
        hours.week[4] = DayHours(vec![(time("08:00"), time("11:30")), (time("13:00"), time("24:00"))]);
        assert_eq!(
            hours.text(Locale::Id, now),
            "Senin–Kamis 08:00–17:00, Jumat 08:00–11:30 dan 13:00–24:00, Sabtu 08:00–17:00, Minggu tutup (WIB)"
        );
        hours.week = vec![DayHours(vec![(time("00:00"), time("24:00"))]); 7];
        assert_eq!(hours.text(Locale::En, now), "Every day 24 hours (WIB)");
        assert_eq!(Hours::default().text(Locale::Id, now), "");
    }

    #[test]
    fn hazard_43_zones_have_the_names_that_people_say() {
        for (zone, expected) in [
            ("Asia/Jakarta", "WIB"),
            ("Asia/Pontianak", "WIB"),
            ("Asia/Makassar", "WITA"),
            ("Asia/Jayapura", "WIT"),
            ("Asia/Singapore", "UTC+08"),
            ("America/New_York", "EDT"),
            ("Asia/Atlantis", ""),
        ] {
            let hours = Hours { time_zone: zone.to_owned(), ..Hours::default() };
            assert_eq!(hours.zone_name(at("2026-08-03T01:00:00Z")), expected);
        }
    }

    #[test]
    fn whether_it_is_open_in_a_sentence() {
        let time = |text: &str| ClockTime::parse(text).unwrap();
        let mut hours = Hours::daily("Asia/Makassar", time("08:00"), time("17:00"));
        hours.week[6] = DayHours::default();
        let hours = hours.with_exception(Date::parse("2026-08-03").unwrap(), DayHours::default());
        for (now, indonesian, english) in [
            (
                "2026-07-31T01:00:00Z",
                "Sekarang buka sampai 17:00 WITA.",
                "We are open now, until 17:00 WITA.",
            ),
            (
                "2026-07-30T22:00:00Z",
                "Sekarang tutup, buka lagi hari ini pukul 08:00 WITA.",
                "We are closed now and open today at 08:00 WITA.",
            ),
            (
                "2026-07-31T10:00:00Z",
                "Sekarang tutup, buka lagi besok pukul 08:00 WITA.",
                "We are closed now and open tomorrow at 08:00 WITA.",
            ),
            (
                "2026-08-01T10:00:00Z",
                "Sekarang tutup, buka lagi Selasa, 4 Agustus 2026 pukul 08:00 WITA.",
                "We are closed now and open on Tuesday, 4 August 2026 at 08:00 WITA.",
            ),
        ] {
            assert_eq!(hours.status_text(Locale::Id, at(now)), indonesian);
            assert_eq!(hours.status_text(Locale::En, at(now)), english);
        }
    }
}
