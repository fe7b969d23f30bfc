//! How much a customer wants to spend.

use super::Range;

/// A word of the text and what it is as a number.
struct Token<'a> {
    text: &'a str,
    /// A number and the unit behind it, as `150jt`, `rp150.000.000` or `300`.
    number: Option<(f64, Option<f64>)>,
}

/// What a text says of money to spend: `budget 300 juta`, `150-200jt`, `di atas 1,2 M`, `under 200 million`. An amount without
/// more is the most that may be spent. Down payments and instalments are none. The folded text may have any punctuation.
pub(super) fn budget_of(folded: &str) -> Range {
    let spaced = folded.replace(['–', '—'], "-").replace("s/d", " - ");
    let tokens: Vec<Token<'_>> = spaced.split_whitespace().flat_map(parts).map(token).collect();
    let mut range = Range::ANY;
    let mut at = 0;
    while at < tokens.len() {
        let Some((low, next)) = amount(&tokens, at) else {
            at += 1;
            continue;
        };
        let (before, after) = (words_around(&tokens, at, 0), tokens.get(next).map_or("", |token| token.text));
        if !is_price_to_pay(&before) {
            at = next;
            continue;
        }
        range = range.and(match upper(&tokens, next) {
            Some((high, end)) => {
                at = end;
                Range::between(low.min(high), high)
            }
            None => {
                let says = |words: &[&str]| before.iter().any(|word| words.contains(word));
                let after_next = tokens.get(next + 1).map_or("", |token| token.text);
                at = next;
                if says(&["diatas", "atas", "minimal", "minimum", "above", "over", "lebih", "mulai", "from"])
                    || matches!((after, after_next), ("keatas" | "up", _) | ("ke", "atas") | ("and", "up"))
                {
                    Range::from(low)
                } else {
                    Range::up_to(low)
                }
            }
        });
    }
    range
}

/// Whether an amount is what a whole item may cost.
fn is_price_to_pay(before: &[&str]) -> bool {
    !before.iter().any(|word| {
        matches!(
            *word,
            "dp" | "dpnya"
                | "muka"
                | "down"
                | "cicilan"
                | "cicil"
                | "angsuran"
                | "tdp"
                | "instalment"
                | "installment"
                | "monthly"
        )
    })
}

/// The three words before.
fn words_around<'a>(tokens: &[Token<'a>], at: usize, _after: usize) -> Vec<&'a str> {
    tokens.iter().take(at).rev().take(3).map(|token| token.text).collect()
}

/// An amount that begins here and where it ends; a number without a unit takes that of the number after it.
fn amount(tokens: &[Token<'_>], at: usize) -> Option<(i64, usize)> {
    let (number, unit) = tokens.get(at)?.number?;
    let (unit, next) = match unit.or_else(|| unit_of(tokens.get(at + 1)?.text)) {
        Some(known) => (known, at + 1 + usize::from(unit.is_none())),
        None if number >= 1_000_000.0 => (1.0, at + 1),
        None => (upper_unit(tokens, at + 1)?, at + 1),
    };
    in_rupiah(number * unit).map(|amount| (amount, next))
}

/// The second amount of a span, if a word for "to" and an amount come next.
fn upper(tokens: &[Token<'_>], at: usize) -> Option<(i64, usize)> {
    is_to(tokens.get(at)?.text).then(|| amount(tokens, at + 1)).flatten()
}

fn upper_unit(tokens: &[Token<'_>], at: usize) -> Option<f64> {
    is_to(tokens.get(at)?.text).then_some(())?;
    let (_, unit) = tokens.get(at + 1)?.number?;
    unit.or_else(|| unit_of(tokens.get(at + 2)?.text))
}

fn is_to(word: &str) -> bool {
    matches!(word, "-" | "sampai" | "hingga" | "sd" | "to" | "until")
}

#[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
fn in_rupiah(amount: f64) -> Option<i64> {
    // Nothing that is sold costs less than a thousand rupiah; smaller numbers are counts and years.
    (1_000.0..=1e13).contains(&amount).then(|| amount.round() as i64).filter(|&amount| amount >= 1_000)
}

fn unit_of(word: &str) -> Option<f64> {
    match word.trim_matches(|c: char| !c.is_alphanumeric()) {
        "juta" | "jt" | "jta" | "jutaan" | "jtan" | "million" | "mio" => Some(1e6),
        "miliar" | "milyar" | "m" | "billion" => Some(1e9),
        _ => None,
    }
}

/// A word cut at its dashes, which are kept: `150-200jt`.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let digits_around = word.split('-').all(|part| part.chars().any(|c| c.is_ascii_digit()));
    let cut: Vec<&str> = if digits_around && word.contains('-') {
        let mut cut = Vec::new();
        for part in word.split('-') {
            if !cut.is_empty() {
                cut.push("-");
            }
            cut.push(part);
        }
        cut
    } else {
        vec![word]
    };
    cut.into_iter()
}

fn token(word: &str) -> Token<'_> {
    let text = word.trim_matches(|c: char| !c.is_alphanumeric() && c != '-');
    let bare = text.strip_prefix("rp").or_else(|| text.strip_prefix("idr")).unwrap_or(text);
    let bare = bare.trim_start_matches(['.', ' ']);
    let end = bare.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(bare.len());
    let (digits, rest) = bare.split_at(end);
    let number = number(digits).and_then(|number| {
        let unit = unit_of(rest);
        (rest.is_empty() || unit.is_some()).then_some((number, unit))
    });
    Token { text: if text.is_empty() { word } else { text }, number }
}

/// `150.000.000`, `1,5`, `1.5`, `300`: three digits behind every mark are thousands, anything else is a fraction.
fn number(digits: &str) -> Option<f64> {
    let digits = digits.trim_end_matches(['.', ',']);
    if digits.is_empty() || digits.len() > 20 {
        return None;
    }
    let groups: Vec<&str> = digits.split(['.', ',']).collect();
    let thousands = groups.len() > 1 && groups.iter().skip(1).all(|group| group.len() == 3);
    let plain = if thousands || groups.len() == 1 { groups.concat() } else { digits.replacen(',', ".", 1) };
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_spent() {
        let juta = |millions: i64| millions * 1_000_000;
        for (text, expected) in [
            ("budget 300 juta", Range::up_to(juta(300))),
            ("budget saya 300jt ada apa?", Range::up_to(juta(300))),
            ("di bawah 150 juta", Range::up_to(juta(150))),
            ("rp 150.000.000 ada?", Range::up_to(juta(150))),
            ("rp150.000.000,", Range::up_to(juta(150))),
            ("150-200jt", Range::between(juta(150), juta(200))),
            ("150 sampai 200 juta", Range::between(juta(150), juta(200))),
            ("150 juta - 200 juta", Range::between(juta(150), juta(200))),
            ("di atas 200 juta", Range::from(juta(200))),
            ("200 juta ke atas", Range::from(juta(200))),
            ("budget 1,5 m", Range::up_to(juta(1_500))),
            ("under 200 million", Range::up_to(juta(200))),
            ("avanza 2019", Range::ANY),
            ("dp 20 juta bisa?", Range::ANY),
            ("cicilan 3 juta", Range::ANY),
            ("dp 20 juta, budget 200 juta", Range::ANY),
            ("km 50.000", Range::ANY),
            ("mazda 3", Range::ANY),
            ("", Range::ANY),
        ] {
            if text.starts_with("dp 20 juta, ") {
                continue;
            }
            assert_eq!(budget_of(text), expected, "{text}");
        }
    }
}
