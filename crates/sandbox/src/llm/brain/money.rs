//! Amounts and years as customers write them.

/// Rupiah in one million.
const MILLION: f64 = 1e6;

/// An amount in rupiah and where its words are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Amount {
    pub(super) rupiah: u64,
    /// Index of its first token.
    pub(super) at: usize,
    /// Index behind its last token.
    pub(super) end: usize,
}

fn factor(word: &str) -> Option<f64> {
    match word {
        "rb" | "ribu" | "k" => Some(1e3),
        "jt" | "juta" | "jutaan" | "jtan" | "million" | "mio" | "mil" => Some(MILLION),
        "m" | "miliar" | "milyar" | "billion" => Some(1e9),
        _ => None,
    }
}

/// The number of a token and what is behind it: `150jt` is 150 and `jt`, `1,5` is one and a half, `150.000.000` is whole.
fn split(token: &str) -> Option<(f64, &str)> {
    let token = token.strip_prefix("rp").unwrap_or(token).trim_start_matches('.');
    let end = token.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == ',')).unwrap_or(token.len());
    let (digits, unit) = token.split_at(end);
    let parts: Vec<&str> = digits.split(['.', ',']).collect();
    let thousands = parts.len() > 1 && parts.iter().skip(1).all(|part| part.len() == 3);
    let number = if thousands { parts.concat() } else { digits.replace(',', ".") };
    Some((number.parse().ok()?, unit))
}

fn whole(number: f64) -> Option<u64> {
    // A price beyond this is a slip of the keys; the cast below is exact up to here.
    (1.0..=1e13).contains(&number).then_some(number.round() as u64)
}

/// All amounts in order. A number without a unit is an amount if it has at least seven digits, or if the next amount
/// after `-` or a word such as `sampai` has a unit that it shares.
pub(super) fn amounts(tokens: &[String]) -> Vec<Amount> {
    let mut found = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).and_then(|next| factor(next));
        // `150-200` is two numbers with the unit of the second.
        if let Some((low, high)) = token.split_once('-')
            && let (Some((low, "")), Some((high, unit))) = (split(low), split(high))
        {
            let end = if unit.is_empty() { at + 2 } else { at + 1 };
            if let Some(factor) = factor(unit).or(next) {
                let both = [low, high].map(|number| whole(number * factor));
                found.extend(both.into_iter().flatten().map(|rupiah| Amount { rupiah, at, end }));
            }
            continue;
        }
        let Some((number, unit)) = split(token) else { continue };
        let (factor, end) = match (unit, next) {
            ("", Some(factor)) => (factor, at + 2),
            ("", None) if number >= MILLION => (1.0, at + 1),
            ("", None) => {
                let shared = tokens
                    .get(at + 1)
                    .filter(|word| ["sampai", "sd", "to", "hingga"].contains(&word.as_str()));
                let unit = shared.and_then(|_| {
                    let (_, unit) = split(tokens.get(at + 2)?)?;
                    factor(unit).or_else(|| factor(tokens.get(at + 3)?))
                });
                match unit {
                    Some(factor) => (factor, at + 1),
                    None => continue,
                }
            }
            (unit, _) => match factor(unit) {
                Some(factor) => (factor, at + 1),
                None => continue,
            },
        };
        found.extend(whole(number * factor).map(|rupiah| Amount { rupiah, at, end }));
    }
    found
}

/// A number that is a year of a car.
pub(super) fn year(token: &str) -> Option<u64> {
    let year: u64 = token.parse().ok()?;
    (1980..=2040).contains(&year).then_some(year)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::brain::words::tokens;

    #[test]
    fn amounts_are_read_as_they_are_written() {
        let check = |text: &str, expected: &[u64]| {
            let found: Vec<u64> = amounts(&tokens(text)).iter().map(|amount| amount.rupiah).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("di bawah 150 juta", &[150_000_000]);
        check("max 150jt", &[150_000_000]);
        check("budget 150-200 juta", &[150_000_000, 200_000_000]);
        check("150-200jt", &[150_000_000, 200_000_000]);
        check("antara 100 sampai 150 juta", &[100_000_000, 150_000_000]);
        check("1,5 M", &[1_500_000_000]);
        check("1.5 miliar", &[1_500_000_000]);
        check("Rp150.000.000", &[150_000_000]);
        check("Rp 79,5 juta", &[79_500_000]);
        check("under 150 million", &[150_000_000]);
        check("DP 20jt tenor 3 tahun", &[20_000_000]);
        check("avanza 2019", &[]);
        check("jam 10", &[]);
        check("2018-2020", &[]);
    }
}
