//! Whether a shop is open at an instant.

use jiff::civil;
use jiff::tz::TimeZone;
use wartel_core::Timestamp;

use super::{DayHours, Hours};
use crate::fact::{ClockTime, Date};

/// So many days are looked ahead.
const DAYS_AHEAD: i64 = 60;

/// Whether a shop is open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum OpenStatus {
    /// It is open.
    Open {
        /// When it closes; `None` if that is more than 60 days away, as for a shop that never closes.
        until: Option<Timestamp>,
    },
    /// It is closed.
    Closed {
        /// When it opens; `None` if it does not within 60 days.
        opens_at: Option<Timestamp>,
    },
    /// Its hours are not known, or its time zone is not.
    Unknown,
}

impl OpenStatus {
    /// Whether it is certainly open.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Open { .. })
    }
}

impl Hours {
    /// Whether the shop is open at this instant. A span that crosses midnight belongs to the day on which it begins, also if
    /// the next day is a holiday. Where clocks are turned, a time that does not exist is the one as much later, and one that
    /// exists twice is the first.
    #[must_use]
    pub fn status(&self, now: Timestamp) -> OpenStatus {
        let (Some(zone), false) = (self.zone(), self.week.is_empty()) else { return OpenStatus::Unknown };
        let today = local(now, &zone).date();
        let mut spans: Vec<(Timestamp, Timestamp)> = Vec::new();
        for offset in -1..=DAYS_AHEAD {
            let Ok(date) = today.checked_add(jiff::Span::new().days(offset)) else { continue };
            for (from, to) in &self.on(date).0 {
                let (Some(begin), Some(end)) =
                    (instant(date, *from, &zone), span_end(date, *from, *to, &zone))
                else {
                    continue;
                };
                if begin < end {
                    spans.push((begin, end));
                }
            }
        }
        spans.sort_unstable();
        let horizon = now + std::time::Duration::from_secs(DAYS_AHEAD.unsigned_abs() * 86_400 - 86_400);
        let mut open_until = None;
        for (begin, end) in &spans {
            let reaches = open_until.map_or(*begin <= now && now < *end, |until| *begin <= until);
            if reaches {
                open_until = Some(open_until.map_or(*end, |until: Timestamp| until.max(*end)));
            }
        }
        match open_until {
            Some(until) => OpenStatus::Open { until: (until < horizon).then_some(until) },
            None => OpenStatus::Closed {
                opens_at: spans.iter().map(|(begin, _)| *begin).find(|begin| *begin > now),
            },
        }
    }

    /// The hours of a day of the calendar: its exception, or else those of its day of the week.
    #[must_use]
    pub fn of_day(&self, date: Date) -> DayHours {
        self.on(date.civil())
    }

    /// The instant at which it is this time of this day at the shop; `None` if the time zone is not known.
    #[must_use]
    pub fn instant(&self, date: Date, time: ClockTime) -> Option<Timestamp> {
        instant(date.civil(), time, &self.zone()?)
    }

    /// Day and time at the shop; `None` if the time zone is not known.
    #[must_use]
    pub fn local(&self, at: Timestamp) -> Option<(Date, ClockTime)> {
        let local = local(at, &self.zone()?);
        let hour = u16::try_from(local.hour()).ok()?;
        let minute = u16::try_from(local.minute()).ok()?;
        Some((local.date().into(), ClockTime::new(hour, minute)?))
    }

    /// The time zone; `None` if there is none of this name.
    pub(crate) fn zone(&self) -> Option<TimeZone> {
        TimeZone::get(&self.time_zone).ok()
    }

    fn on(&self, date: civil::Date) -> DayHours {
        if let Some(exception) = self.exceptions.get(&Date::from(date).to_string()) {
            return exception.clone();
        }
        let at = usize::try_from(date.weekday().to_monday_zero_offset()).unwrap_or_default();
        self.week.get(at).cloned().unwrap_or_default()
    }
}

fn local(at: Timestamp, zone: &TimeZone) -> civil::DateTime {
    let at = jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    zone.to_datetime(at)
}

fn span_end(date: civil::Date, from: ClockTime, to: ClockTime, zone: &TimeZone) -> Option<Timestamp> {
    let day = if to > from { date } else { date.tomorrow().ok()? };
    instant(day, to, zone)
}

fn instant(date: civil::Date, time: ClockTime, zone: &TimeZone) -> Option<Timestamp> {
    let (date, minutes) =
        if time.minutes() == 1_440 { (date.tomorrow().ok()?, 0) } else { (date, time.minutes()) };
    let hour = i8::try_from(minutes / 60).ok()?;
    let minute = i8::try_from(minutes % 60).ok()?;
    let at = date.at(hour, minute, 0, 0).to_zoned(zone.clone()).ok()?;
    Some(Timestamp::from_micros(at.timestamp().as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        Timestamp::parse_rfc3339(text).unwrap()
    }

    fn time(text: &str) -> ClockTime {
        ClockTime::parse(text).unwrap()
    }

    fn day(spans: &[(&str, &str)]) -> DayHours {
        DayHours(spans.iter().map(|(from, to)| (time(from), time(to))).collect())
    }

    fn open(until: &str) -> OpenStatus {
        OpenStatus::Open { until: Some(at(until)) }
    }

    fn closed(opens: &str) -> OpenStatus {
        OpenStatus::Closed { opens_at: Some(at(opens)) }
    }

    #[test]
    fn hazard_44_hours_in_the_zone_of_the_shop() {
        let hours = Hours::daily("Asia/Jakarta", time("08:00"), time("17:00"));
        for (now, expected) in [
            // 08:00 in Jakarta is 01:00 in UTC.
            ("2026-08-03T00:59:59Z", closed("2026-08-03T01:00:00Z")),
            ("2026-08-03T01:00:00Z", open("2026-08-03T10:00:00Z")),
            ("2026-08-03T09:59:59Z", open("2026-08-03T10:00:00Z")),
            ("2026-08-03T10:00:00Z", closed("2026-08-04T01:00:00Z")),
            ("2026-08-03T23:00:00Z", closed("2026-08-04T01:00:00Z")),
        ] {
            assert_eq!(hours.status(at(now)), expected, "{now}");
        }
        let makassar = Hours { time_zone: "Asia/Makassar".to_owned(), ..hours };
        assert_eq!(makassar.status(at("2026-08-03T00:30:00Z")), open("2026-08-03T09:00:00Z"));
    }

    #[test]
    fn hazard_44_spans_over_midnight_and_holidays() {
        let mut hours = Hours { week: vec![day(&[("18:00", "02:00")]); 7], ..Hours::default() };
        assert_eq!(
            hours.status(at("2026-08-03T18:30:00Z")),
            open("2026-08-03T19:00:00Z"),
            "01:30 of the next day"
        );
        assert_eq!(hours.status(at("2026-08-03T19:00:00Z")), closed("2026-08-04T11:00:00Z"));
        hours = hours.with_exception(Date::parse("2026-08-04").unwrap(), DayHours::default());
        assert_eq!(
            hours.status(at("2026-08-03T18:30:00Z")),
            open("2026-08-03T19:00:00Z"),
            "of the day before"
        );
        assert_eq!(hours.status(at("2026-08-04T12:00:00Z")), closed("2026-08-05T11:00:00Z"), "the holiday");
        let special = hours.with_exception(Date::parse("2026-08-05").unwrap(), day(&[("10:00", "12:00")]));
        assert_eq!(special.status(at("2026-08-05T04:00:00Z")), open("2026-08-05T05:00:00Z"));
        assert_eq!(special.status(at("2026-08-05T12:00:00Z")), closed("2026-08-06T11:00:00Z"));
    }

    #[test]
    fn hazard_44_where_clocks_are_turned() {
        // New York: on 2026-03-08 the clocks go from 02:00 to 03:00, on 2026-11-01 from 02:00 back to 01:00.
        let hours = Hours::daily("America/New_York", time("02:30"), time("09:00"));
        assert_eq!(hours.status(at("2026-03-07T07:30:00Z")), open("2026-03-07T14:00:00Z"), "02:30 in winter");
        assert_eq!(
            hours.status(at("2026-03-08T07:15:00Z")),
            closed("2026-03-08T07:30:00Z"),
            "03:15 in summer"
        );
        assert_eq!(hours.status(at("2026-03-08T07:30:00Z")), open("2026-03-08T13:00:00Z"));
        let nights = Hours::daily("America/New_York", time("22:00"), time("01:30"));
        assert_eq!(
            nights.status(at("2026-11-01T05:00:00Z")),
            open("2026-11-01T05:30:00Z"),
            "01:00 for the first time"
        );
        assert!(!nights.status(at("2026-11-01T06:15:00Z")).is_open(), "01:15 for the second time");
    }

    #[test]
    fn shops_that_never_close_never_open_or_say_nothing() {
        let always = Hours { week: vec![day(&[("00:00", "24:00")]); 7], ..Hours::default() };
        assert_eq!(always.status(at("2026-08-03T18:30:00Z")), OpenStatus::Open { until: None });
        let around = Hours { week: vec![day(&[("06:00", "06:00")]); 7], ..Hours::default() };
        assert_eq!(around.status(at("2026-08-03T18:30:00Z")), OpenStatus::Open { until: None });
        let never = Hours { week: vec![day(&[]); 7], ..Hours::default() };
        assert_eq!(never.status(at("2026-08-03T18:30:00Z")), OpenStatus::Closed { opens_at: None });
        assert_eq!(Hours::default().status(at("2026-08-03T18:30:00Z")), OpenStatus::Unknown);
        let lost = Hours { time_zone: "Asia/Atlantis".to_owned(), ..always };
        assert_eq!(lost.status(at("2026-08-03T18:30:00Z")), OpenStatus::Unknown);
    }

    #[test]
    fn breaks_at_noon_and_days_off() {
        let mut week = vec![day(&[("08:00", "12:00"), ("13:00", "17:00")]); 7];
        week[6] = day(&[]);
        let hours = Hours { week, ..Hours::default() };
        assert_eq!(
            hours.status(at("2026-08-01T05:30:00Z")),
            closed("2026-08-01T06:00:00Z"),
            "Saturday 12:30"
        );
        assert_eq!(hours.status(at("2026-08-01T10:00:00Z")), closed("2026-08-03T01:00:00Z"), "Sunday is off");
    }
}
