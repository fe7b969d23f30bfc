//! Days and times in words and digits.

use super::claim::{Claim, Context};
use super::token::{Kind, Token};
use super::units::{month, weekday};
use super::{ClockTime, Date, Fact};

/// A day or a time that begins at token `at`, and the token behind it.
pub(super) fn read(tokens: &[Token<'_>], at: usize, context: &Context) -> Option<(Claim, usize)> {
    relative(tokens, at, context)
        .or_else(|| named(tokens, at, context))
        .or_else(|| slashed(tokens, at, context))
        .or_else(|| clock(tokens, at))
        .or_else(|| spoken(tokens, at))
}

fn text<'a>(tokens: &[Token<'a>], at: usize) -> &'a str {
    tokens.get(at).map_or("", |token| token.text)
}

fn word<'t>(tokens: &'t [Token<'_>], at: usize) -> &'t str {
    tokens.get(at).map_or("", |token| token.word.as_str())
}

fn is_space(tokens: &[Token<'_>], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| token.kind == Kind::Space)
}

/// The number of a token of at most four digits and nothing else.
fn plain(tokens: &[Token<'_>], at: usize) -> Option<i16> {
    let token = tokens.get(at).filter(|token| token.kind == Kind::Number && token.text.len() <= 4)?;
    token.text.parse().ok()
}

fn claim(tokens: &[Token<'_>], from: usize, end: usize, readings: Vec<Fact>) -> Option<(Claim, usize)> {
    let (first, last) = (tokens.get(from)?, tokens.get(end.checked_sub(1)?)?);
    Some((Claim::new(first.start..last.end(), readings), end))
}

/// "hari ini", "besok", "lusa", "Senin depan", "next Monday".
fn relative(tokens: &[Token<'_>], at: usize, context: &Context) -> Option<(Claim, usize)> {
    let second = if is_space(tokens, at + 1) { word(tokens, at + 2) } else { "" };
    let (days, end) = match (word(tokens, at), second) {
        ("hari", "ini") => (0, at + 3),
        ("today", _) => (0, at + 1),
        ("besok", "lusa") => (2, at + 3),
        ("besok" | "besuk" | "tomorrow", _) => (1, at + 1),
        ("lusa", _) => (2, at + 1),
        (first, "depan") => (until(first, context)?, at + 3),
        ("next", second) => (until(second, context)?, at + 3),
        _ => return None,
    };
    let day = context.today.civil().checked_add(jiff::Span::new().days(days)).ok()?;
    let (mut found, end) = claim(tokens, at, end, vec![Fact::Date(day.into())])?;
    found.relative = true;
    Some((found, end))
}

/// How many days from today until the next day of this name.
fn until(name: &str, context: &Context) -> Option<i64> {
    if matches!(name, "minggu") {
        return None; // "minggu depan" is next week as often as next Sunday.
    }
    let today = context.today.civil().weekday().to_monday_zero_offset();
    let ahead = (weekday(name)? - today).rem_euclid(7);
    Some(i64::from(if ahead == 0 { 7 } else { ahead }))
}

/// "12 Desember 2026", "12 Des", "December 12th, 2026".
fn named(tokens: &[Token<'_>], at: usize, context: &Context) -> Option<(Claim, usize)> {
    let (day, month, end) = if let Some(day) = plain(tokens, at) {
        let suffix = matches!(word(tokens, at + 1), "st" | "nd" | "rd" | "th");
        let gap = at + 1 + usize::from(suffix);
        let name = if is_space(tokens, gap) || text(tokens, gap) == "-" { gap + 1 } else { gap };
        (day, month(word(tokens, name))?, name + 1)
    } else {
        let month = month(word(tokens, at))?;
        if !is_space(tokens, at + 1) {
            return None;
        }
        let day = plain(tokens, at + 2)?;
        let suffix = matches!(word(tokens, at + 3), "st" | "nd" | "rd" | "th");
        (day, month, at + 3 + usize::from(suffix))
    };
    let comma = usize::from(text(tokens, end) == ",");
    let year_at = end + comma + usize::from(is_space(tokens, end + comma));
    let year = plain(tokens, year_at).filter(|year| (1900..=2199).contains(year));
    if !(1..=31).contains(&day) {
        return None;
    }
    let end = if year.is_some() { year_at + 1 } else { end };
    claim(tokens, at, end, days(year, month, day, context))
}

/// The day in the years it may mean: none, if there is no such day.
fn days(year: Option<i16>, month: i8, day: i16, context: &Context) -> Vec<Fact> {
    let (this, _, _) = context.today.parts();
    let years = year.map_or_else(|| vec![this, this + 1, this - 1], |year| vec![year]);
    let Ok(day) = i8::try_from(day) else { return Vec::new() };
    years.into_iter().filter_map(|year| Date::new(year, month, day).map(Fact::Date)).collect()
}

/// `12/12`, `12/12/2026`, `12-12-2026`, `2026-12-31`.
fn slashed(tokens: &[Token<'_>], at: usize, context: &Context) -> Option<(Claim, usize)> {
    let first = plain(tokens, at)?;
    let separator = text(tokens, at + 1);
    if !matches!(separator, "/" | "-") {
        return None;
    }
    let second = plain(tokens, at + 2)?;
    let third = (text(tokens, at + 3) == separator).then(|| plain(tokens, at + 4)).flatten();
    let month_of = |number: i16| i8::try_from(number).ok().filter(|month| (1..=12).contains(month));
    match third {
        Some(day) if (1900..=2199).contains(&first) => {
            claim(tokens, at, at + 5, days(Some(first), month_of(second)?, day, context))
        }
        Some(year) if (1..=31).contains(&first) => {
            let year = if (0..=99).contains(&year) { 2000 + year } else { year };
            (1900..=2199).contains(&year).then_some(())?;
            claim(tokens, at, at + 5, days(Some(year), month_of(second)?, first, context))
        }
        None if separator == "/" && (1..=31).contains(&first) && (first, second) != (24, 7) => {
            claim(tokens, at, at + 3, days(None, month_of(second)?, first, context))
        }
        _ => None,
    }
}

/// `10.00`, `16:30 WIB`, "jam 10", "pukul 4 sore", `9 AM`.
fn clock(tokens: &[Token<'_>], at: usize) -> Option<(Claim, usize)> {
    let token = tokens.get(at).filter(|token| token.kind == Kind::Number)?;
    let led = lead(tokens, at);
    let (hour, minute, mut end) = if text(tokens, at + 1) == ":" && plain(tokens, at + 2).is_some() {
        let minutes = tokens.get(at + 2).filter(|token| token.text.len() == 2)?;
        (token.text.parse().ok()?, minutes.text.parse().ok()?, at + 3)
    } else if let Some((hour, minute)) = token.text.split_once('.') {
        if hour.len() > 2 || minute.len() != 2 {
            return None;
        }
        (hour.parse().ok()?, minute.parse().ok()?, at + 1)
    } else if token.text.len() <= 2 {
        (token.text.parse().ok()?, 0, at + 1)
    } else {
        return None;
    };
    let bare = end == at + 1 && !token.text.contains('.');
    let gap = usize::from(is_space(tokens, end));
    let mut half = word(tokens, end + gap);
    let marked = matches!(half, "am" | "pm" | "pagi" | "siang" | "sore" | "malam" | "wib" | "wita" | "wit");
    // "10.00" may be a time without any word; "10" is one only with a word before or behind it.
    if bare && !led && !matches!(half, "am" | "pm" | "wib" | "wita" | "wit") {
        return None;
    }
    let unit = super::units::unit(half).is_some() || super::units::scale(half).is_some();
    if !led && !marked && (unit || text(tokens, end) == "%" || text(tokens, end + gap) == "%") {
        return None;
    }
    if marked {
        end += gap + 1;
    } else {
        half = "";
    }
    let time = |hour: u16| ClockTime::new(hour, minute).map(Fact::Time);
    let hour: u16 = hour;
    let readings: Vec<Fact> = match half {
        "pm" | "sore" | "malam" if hour < 12 => time(hour + 12).into_iter().collect(),
        "siang" if hour < 10 => time(hour + 12).into_iter().collect(),
        "am" if hour == 12 => time(0).into_iter().collect(),
        "am" | "pagi" | "pm" | "sore" | "malam" | "siang" => time(hour).into_iter().collect(),
        _ if (1..12).contains(&hour) && bare => time(hour).into_iter().chain(time(hour + 12)).collect(),
        _ => time(hour).into_iter().collect(),
    };
    if readings.is_empty() && !led {
        return None;
    }
    claim(tokens, at, end, readings)
}

/// "jam sembilan", "pukul setengah lima sore".
fn spoken(tokens: &[Token<'_>], at: usize) -> Option<(Claim, usize)> {
    let half = word(tokens, at) == "setengah";
    let from = if half { at + 2 } else { at };
    if tokens.get(at)?.kind != Kind::Word || !lead(tokens, at) {
        return None;
    }
    let (hour, mut end) = super::numeral::words(tokens, from)?;
    let hour = u16::try_from(hour.times(1)?).ok().filter(|hour| (1..=12).contains(hour))?;
    let part = end + usize::from(is_space(tokens, end));
    let late = matches!(word(tokens, part), "siang" | "sore" | "malam");
    let early = word(tokens, part) == "pagi";
    if late || early {
        end = part + 1;
    }
    let minutes = hour * 60 - if half { 30 } else { 0 };
    let time = |minutes: u16| ClockTime::new(minutes / 60, minutes % 60).map(Fact::Time);
    let mut readings = Vec::new();
    if !late || hour >= 10 {
        readings.extend(time(minutes));
    }
    if !early && hour < 12 {
        readings.extend(time(minutes + 12 * 60));
    }
    claim(tokens, at, end, readings)
}

/// Whether a word before the number says that it is a time; "jam 9 - 17" and "dari jam 9 sampai 17" reach the second one.
fn lead(tokens: &[Token<'_>], at: usize) -> bool {
    let mut steps = 0;
    for token in tokens.get(..at).unwrap_or_default().iter().rev() {
        match (token.kind, token.word.as_str()) {
            (Kind::Space, _) => {}
            (Kind::Word, "jam" | "pukul" | "jm" | "at") => return token.word != "at" || steps == 0,
            (Kind::Word, "sampai" | "hingga" | "sd" | "to" | "pagi" | "wib" | "am") | (Kind::Number, _) => {
                steps += 1
            }
            (Kind::Mark, _) if matches!(token.text, "-" | "–" | ":" | "/") => {}
            _ => return false,
        }
        if steps > 2 {
            return false;
        }
    }
    false
}
