//! Reads numbers as people write them into files.

/// Reads an amount: `150000000`, `Rp 150.000.000,-`, `150,000,000.00`, `150 juta`, `1,2 M`. `None` for anything else; nothing
/// is guessed.
pub(crate) fn read_amount(text: &str) -> Option<i64> {
    let small = text.trim().to_ascii_lowercase();
    let bare = small.strip_prefix("rp").or_else(|| small.strip_prefix("idr")).unwrap_or(&small);
    let bare = bare.trim_start_matches(['.', ' ']).trim_end();
    let bare = bare.strip_suffix(",-").or_else(|| bare.strip_suffix(".-")).unwrap_or(bare);
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(bare.len());
    let (digits, unit) = bare.split_at(end);
    let scale = match unit.trim() {
        "" => 1,
        "rb" | "ribu" => 1_000,
        "jt" | "juta" => 1_000_000,
        "m" | "miliar" | "milyar" => 1_000_000_000,
        _ => return None,
    };
    let (whole, fraction) = split(digits, scale > 1)?;
    let whole: i64 = whole.parse().ok()?;
    let mut amount = whole.checked_mul(scale)?;
    let mut place = scale;
    for digit in fraction.chars() {
        place /= 10;
        amount = amount.checked_add(i64::from(digit.to_digit(10)?).checked_mul(place)?)?;
    }
    Some(amount)
}

/// The digits before and behind the decimal mark, thousands marks taken out. With a unit behind it a single mark is the
/// decimal one (`1.2 M`); without, one with three digits behind it parts thousands and one with one or two is decimal.
fn split(digits: &str, has_unit: bool) -> Option<(String, String)> {
    if digits.is_empty() || digits.len() > 24 || !digits.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let Some(last) = digits.rfind(['.', ',']) else { return Some((digits.to_owned(), String::new())) };
    let (before, behind) = (digits.get(..last)?, digits.get(last + 1..)?);
    let single = !before.contains(['.', ',']);
    let mark = digits.get(last..=last)?;
    let decimal = match behind.len() {
        1 | 2 => true,
        3 => single && has_unit && before.len() < 3,
        _ => false,
    };
    if decimal {
        // 150.000,50: the other mark parts thousands.
        let groups_well = single || (!before.contains(mark) && is_grouped(before));
        return groups_well.then(|| (before.replace(['.', ','], ""), behind.to_owned()));
    }
    let same_mark = !before.contains(if mark == "." { ',' } else { '.' });
    (same_mark && is_grouped(digits)).then(|| (digits.replace(['.', ','], ""), String::new()))
}

/// Whether every mark parts three digits: `150.000.000`.
fn is_grouped(digits: &str) -> bool {
    let mut groups = digits.split(['.', ',']);
    let first = groups.next().unwrap_or_default();
    (1..=3).contains(&first.len()) && groups.all(|group| group.len() == 3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_as_people_write_them() {
        for (text, expected) in [
            ("150000000", Some(150_000_000)),
            ("Rp 150.000.000", Some(150_000_000)),
            ("Rp. 150.000.000,-", Some(150_000_000)),
            ("rp150,000,000", Some(150_000_000)),
            ("150.000.000,00", Some(150_000_000)),
            ("150,000,000.00", Some(150_000_000)),
            ("150 juta", Some(150_000_000)),
            ("150,5jt", Some(150_500_000)),
            ("1,2 M", Some(1_200_000_000)),
            ("1.250 juta", Some(1_250_000)),
            ("450 rb", Some(450_000)),
            ("45.000", Some(45_000)),
            ("0", Some(0)),
            ("", None),
            ("Rp", None),
            ("-5", None),
            ("150 ribu juta", None),
            ("1.50.000", None),
            ("150.0000", None),
            ("seratus", None),
            ("99999999999999999999", None),
            ("1e9", None),
        ] {
            assert_eq!(read_amount(text), expected, "{text}");
        }
    }
}
