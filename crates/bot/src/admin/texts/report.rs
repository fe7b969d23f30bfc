//! Status, costs and the audit.

use jiff::tz::TimeZone;
use wartel_core::{Locale, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::{pick, plain, say};
use crate::admin::report::{Count, Window};
use crate::admin::store::AuditRow;
use crate::key::Revision;
use crate::tenant::Tenant;

/// How everything is.
pub(in crate::admin) fn report(
    shop: &Tenant,
    revision: Revision,
    counts: [Count; 2],
    windows: &[Window],
) -> String {
    let locale = shop.locale;
    let on = if shop.bot.enabled {
        say(locale, "🟢 Asisten *aktif*", "🟢 The assistant is *on*")
    } else {
        say(locale, "⛔ Asisten *mati*", "⛔ The assistant is *off*")
    };
    let since = shop
        .bot
        .switched_at
        .map(|at| format!(" {} {}", pick(locale, "sejak", "since"), moment(shop, at, Timestamp::EPOCH)));
    let version = pick(locale, "versi", "version");
    let mut lines = vec![
        format!("*{}*", plain(&shop.name, 80)),
        format!("{on}{} ({version} {})", since.unwrap_or_default(), revision.as_u64()),
    ];
    let labels = [pick(locale, "Lead terbuka", "Open leads"), pick(locale, "Chat dijeda", "Paused chats")];
    for (label, Count(count, more)) in labels.iter().zip(counts) {
        lines.push(format!("{label}: {count}{}", if more { "+" } else { "" }));
    }
    lines.extend(spend_lines(locale, windows));
    lines.join("\n")
}

fn spend_lines(locale: Locale, windows: &[Window]) -> Vec<String> {
    let labels = [pick(locale, "AI hari ini", "AI today"), pick(locale, "AI bulan ini", "AI this month")];
    let line = |(label, window): (&&str, &Window)| {
        let waiting = if window.spent.reserved == 0 {
            String::new()
        } else {
            format!(" (+{} {})", dollars(window.spent.reserved), pick(locale, "berjalan", "under way"))
        };
        format!(
            "{label}: {}{waiting} {} {}",
            dollars(window.spent.settled),
            pick(locale, "dari", "of"),
            dollars(window.max)
        )
    };
    labels.iter().zip(windows).map(line).collect()
}

/// What models have cost.
pub(in crate::admin) fn usage(locale: Locale, windows: &[Window]) -> String {
    let lines = spend_lines(locale, windows).into_iter().zip(windows).map(|(line, window)| {
        let (calls, tokens) = (window.spent.calls, window.spent.tokens);
        format!("{line} · {calls} {} · {tokens} token", pick(locale, "panggilan", "calls"))
    });
    let lines: Vec<String> = lines.collect();
    format!("*{}*\n{}", pick(locale, "Pemakaian AI", "Use of AI"), lines.join("\n"))
}

/// Millionths of a US dollar: `US$0.42`, small amounts with more digits.
fn dollars(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    if micros > 0 && micros < 10_000 {
        format!("US${whole}.{:04}", rest / 100)
    } else {
        format!("US${whole}.{:02}", rest / 10_000)
    }
}

/// Who did what.
pub(in crate::admin) fn audit(shop: &Tenant, asker: ContactId, rows: &[AuditRow]) -> String {
    let locale = shop.locale;
    if rows.is_empty() {
        return say(locale, "Belum ada perintah.", "There were no commands yet.");
    }
    let line = |row: &AuditRow| {
        let by = if row.staff == asker {
            pick(locale, "Anda", "you")
        } else {
            pick(locale, "staf lain", "others")
        };
        let target = row.target.as_deref().map(|target| format!(" {}", tail(target))).unwrap_or_default();
        let when = moment(shop, row.at, Timestamp::EPOCH);
        format!("{when} · {by} · {}{target} · {}", row.action, outcome(locale, &row.outcome))
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("*{}*\n{}", pick(locale, "Perintah terakhir", "Last commands"), lines.join("\n"))
}

/// A stock code as it is; of an id its end, as lists show it.
fn tail(target: &str) -> String {
    if target.len() == 36 { target.get(30..).unwrap_or_default().to_owned() } else { plain(target, 24) }
}

fn outcome(locale: Locale, outcome: &str) -> &str {
    match outcome {
        "done" => pick(locale, "jadi", "done"),
        "asked" => pick(locale, "menunggu kode", "waits for its code"),
        "refused" => pick(locale, "ditolak", "refused"),
        "undone" => pick(locale, "dibatalkan", "taken back"),
        other => other,
    }
}

/// A moment in the shop's time zone; on the day of `now` only its time.
pub(super) fn moment(shop: &Tenant, at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::get(&shop.hours.time_zone).unwrap_or(TimeZone::UTC);
    let civil = |at: Timestamp| {
        zone.to_datetime(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default())
    };
    let (then, today) = (civil(at), civil(now));
    let time = format!("{:02}:{:02} {}", then.hour(), then.minute(), shop.hours.zone_name(at));
    let time = time.trim_end();
    if then.date() == today.date() { time.to_owned() } else { format!("{} {time}", then.date()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_dollars() {
        for (micros, text) in [
            (0, "US$0.00"),
            (420, "US$0.0004"),
            (10_000, "US$0.01"),
            (1_239_999, "US$1.23"),
            (30_000_000, "US$30.00"),
        ] {
            assert_eq!(dollars(micros), text);
        }
    }
}
