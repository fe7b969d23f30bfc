//! Days and times as customers say them, counted from today.

/// A day as the number of days since 1970-01-01, from `2026-12-01`.
pub(super) fn parse_day(text: &str) -> Option<i64> {
    let mut parts = text.split('-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    if parts.next().is_some() || year.len() != 4 || month.len() != 2 || day.len() != 2 {
        return None;
    }
    let (year, month, day): (i64, i64, i64) = (year.parse().ok()?, month.parse().ok()?, day.parse().ok()?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // The year begins in March, so that the day of a leap year is its last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// The reverse of [`parse_day`].
pub(super) fn show_day(days: i64) -> String {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + i64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

/// Monday first, in both languages.
const WEEKDAYS: [(&str, &str); 7] = [
    ("senin", "monday"),
    ("selasa", "tuesday"),
    ("rabu", "wednesday"),
    ("kamis", "thursday"),
    ("jumat", "friday"),
    ("sabtu", "saturday"),
    ("minggu", "sunday"),
];

/// The day that is meant, if one is said.
pub(super) fn day(tokens: &[String], today: i64) -> Option<i64> {
    for token in tokens {
        let ahead = match token.as_str() {
            "besok" | "tomorrow" => Some(1),
            "lusa" => Some(2),
            "today" | "nanti" => Some(0),
            _ => None,
        };
        if let Some(ahead) = ahead {
            return Some(today + ahead);
        }
        if let Some(day) = parse_day(token) {
            return Some(day);
        }
        let weekday = WEEKDAYS
            .iter()
            .position(|(id, en)| token == id || token == en || token == "jum'at" && *id == "jumat");
        if let Some(weekday) = weekday.and_then(|weekday| i64::try_from(weekday).ok()) {
            // 1970-01-01 was a Thursday. The same weekday means the next one.
            let now = (today + 3).rem_euclid(7);
            return Some(today + 1 + (weekday - now - 1).rem_euclid(7));
        }
    }
    None
}

/// The time that is meant, as hours and minutes: `jam 10`, `10.30`, `14:00`, `jam 2 siang`, `at 3 pm`.
pub(super) fn time(tokens: &[String]) -> Option<(u32, u32)> {
    for (at, token) in tokens.iter().enumerate() {
        let said = at.checked_sub(1).and_then(|before| tokens.get(before));
        let marked = said.is_some_and(|word| ["jam", "pukul", "pkl", "at"].contains(&word.as_str()));
        let end = token.find(|c: char| !(c.is_ascii_digit() || c == ':' || c == '.')).unwrap_or(token.len());
        let (digits, behind) = token.split_at(end);
        let (hour, minute) = match digits.split_once([':', '.']) {
            Some((hour, minute)) if minute.len() == 2 => (hour.parse().ok(), minute.parse().ok()),
            Some(_) => (None, None),
            None => (digits.parse().ok(), Some(0_u32)),
        };
        let (Some(hour), Some(minute)) = (hour, minute) else { continue };
        let next = if behind.is_empty() {
            tokens.get(at + 1).map(String::as_str).unwrap_or_default()
        } else {
            behind
        };
        let clock = digits.contains(':') || marked || ["am", "pm"].contains(&next);
        if !clock || hour > 23 || minute > 59 {
            continue;
        }
        let hour: u32 = hour;
        let later = match next {
            "pm" | "sore" | "malam" => hour < 12,
            "siang" => hour < 6,
            _ => false,
        };
        return Some((if later { hour + 12 } else { hour }, minute));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::brain::words::tokens;

    #[test]
    fn days_are_counted_from_today() {
        let today = parse_day("2026-12-01").unwrap();
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(day(&tokens(text), today).map(show_day).as_deref(), expected, "{text}");
        };
        check("besok jam 10", Some("2026-12-02"));
        check("lusa", Some("2026-12-03"));
        check("hari sabtu", Some("2026-12-05"));
        // The first of December 2026 is a Tuesday.
        check("selasa", Some("2026-12-08"));
        check("on Monday", Some("2026-12-07"));
        check("2027-02-28", Some("2027-02-28"));
        check("kapan saja", None);
        assert_eq!(parse_day("1970-01-01"), Some(0));
        assert_eq!(show_day(parse_day("2028-02-29").unwrap() + 1), "2028-03-01");
        assert_eq!(parse_day("2026-13-01"), None);
    }

    #[test]
    fn times_are_read() {
        let check = |text: &str, expected| assert_eq!(time(&tokens(text)), expected, "{text}");
        check("besok jam 10", Some((10, 0)));
        check("jam 2 siang", Some((14, 0)));
        check("jam 11 siang", Some((11, 0)));
        check("pukul 10.30", Some((10, 30)));
        check("14:15 ya", Some((14, 15)));
        check("tomorrow at 3 pm", Some((15, 0)));
        check("3pm", Some((15, 0)));
        check("avanza 2019 150 juta", None);
        check("jam 99", None);
    }
}
