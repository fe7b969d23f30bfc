//! Numbers as digits and as words.

use super::token::{Kind, Token};

/// A number with a fixed point: `value / 10^decimals`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Numeral {
    pub(super) value: i64,
    pub(super) decimals: u32,
    /// Whether it was written with separators of thousands.
    pub(super) grouped: bool,
}

impl Numeral {
    pub(super) const fn whole(value: i64) -> Self {
        Self { value, decimals: 0, grouped: false }
    }

    /// Reads `150`, `150.000.000`, `1,5`, `1.5` or `150,000.50`. At most 15 digits.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let last = text.rfind(['.', ',']);
        let (whole, fraction) = match last {
            None => (text, ""),
            Some(at) => {
                let (head, tail) = (text.get(..at)?, text.get(at + 1..)?);
                let separator = text.get(at..=at)?;
                let grouped = tail.len() == 3 && !head.starts_with('0') && groups(head, separator);
                if grouped { (text, "") } else { (head, tail) }
            }
        };
        let grouped = whole.contains(['.', ',']);
        if grouped && last.is_some() && !fraction.is_empty() {
            // "150,000.50": what stands before the point must be groups of the other separator.
            let other = if whole.contains('.') { "." } else { "," };
            let (head, tail) = whole.rsplit_once(other)?;
            if tail.len() != 3 || !groups(head, other) || text.get(last?..=last?)? == other {
                return None;
            }
        }
        let digits: String = whole.chars().chain(fraction.chars()).filter(char::is_ascii_digit).collect();
        if digits.len() > 15 {
            return None;
        }
        let decimals = u32::try_from(fraction.len()).ok()?;
        Some(Self { value: digits.parse().ok()?, decimals, grouped })
    }

    /// The number times `by`, if that is whole.
    pub(super) fn times(self, by: i64) -> Option<i64> {
        let divisor = 10_i64.checked_pow(self.decimals)?;
        let product = self.value.checked_mul(by)?;
        (product % divisor == 0).then_some(product / divisor)
    }
}

/// Whether this is `1`, `150` or `1.500` with groups of three behind one separator.
fn groups(head: &str, separator: &str) -> bool {
    let mut parts = head.split(separator);
    let first = parts.next().unwrap_or_default();
    (1..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_digit())
        && parts.all(|part| part.len() == 3 && part.bytes().all(|b| b.is_ascii_digit()))
}

/// A number in words from token `from` on, and the token behind it. "satu setengah juta" and "one and a half" are read; a
/// lone "a" or "se-" is not.
pub(super) fn words(tokens: &[Token<'_>], from: usize) -> Option<(Numeral, usize)> {
    let (mut total, mut part, mut half, mut end, mut at) = (0_i64, 0_i64, false, None, from);
    while let Some(token) = tokens.get(at) {
        let joins = token.kind == Kind::Space || token.text == "-";
        if joins && end.is_some() {
            at += 1;
            continue;
        }
        let word = token.word.as_str();
        if word == "and"
            && end.is_some()
            && tokens.get(at + 2).is_some_and(|next| small(&next.word).is_some())
        {
            at += 1;
            continue;
        }
        if let Some(number) = small(word) {
            // "two thousand nineteen" goes on; "satu dua" does not.
            if part % 10 != 0 || half {
                break;
            }
            part += number;
        } else if word == "setengah" && end.is_some() && part > 0 {
            half = true;
        } else if let Some(by) = multiplier(word) {
            let alone = matches!(word, "seratus" | "seribu" | "sejuta");
            if end.is_none() && !alone {
                return None;
            }
            match by {
                // "belas" adds to the digit before it.
                -10 => part += 10,
                10 | 100 => {
                    let digit = part % 10;
                    part = part - digit + if alone { by } else { digit.max(1) * by };
                }
                _ => {
                    let amount = if alone { 1 } else { part.max(1) };
                    total = total.checked_add(amount.checked_mul(by)?)?.checked_add(if half {
                        by / 2
                    } else {
                        0
                    })?;
                    (part, half) = (0, false);
                }
            }
        } else {
            break;
        }
        at += 1;
        end = Some(at);
    }
    let value = total.checked_add(part)?;
    if half {
        return Some((
            Numeral { value: value.checked_mul(10)?.checked_add(5)?, decimals: 1, grouped: false },
            end?,
        ));
    }
    Some((Numeral::whole(value), end?))
}

fn small(word: &str) -> Option<i64> {
    Some(match word {
        "satu" | "one" => 1,
        "dua" | "two" => 2,
        "tiga" | "three" => 3,
        "empat" | "four" => 4,
        "lima" | "five" => 5,
        "enam" | "six" => 6,
        "tujuh" | "seven" => 7,
        "delapan" | "eight" => 8,
        "sembilan" | "nine" => 9,
        "sepuluh" | "ten" => 10,
        "sebelas" | "eleven" => 11,
        "twelve" => 12,
        "thirteen" => 13,
        "fourteen" => 14,
        "fifteen" => 15,
        "sixteen" => 16,
        "seventeen" => 17,
        "eighteen" => 18,
        "nineteen" => 19,
        "twenty" => 20,
        "thirty" => 30,
        "forty" => 40,
        "fifty" => 50,
        "sixty" => 60,
        "seventy" => 70,
        "eighty" => 80,
        "ninety" => 90,
        _ => return None,
    })
}

fn multiplier(word: &str) -> Option<i64> {
    Some(match word {
        "belas" => -10,
        "puluh" => 10,
        "ratus" | "seratus" | "hundred" => 100,
        "ribu" | "seribu" | "thousand" => 1_000,
        "juta" | "sejuta" | "million" => 1_000_000,
        "miliar" | "milyar" | "billion" => 1_000_000_000,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::token::tokens;
    use super::*;

    #[test]
    fn digits_in_both_spellings() {
        let check = |text: &str, by: i64, expected: Option<i64>| {
            assert_eq!(Numeral::parse(text).and_then(|it| it.times(by)), expected, "{text}");
        };
        check("150", 1, Some(150));
        check("150.000.000", 1, Some(150_000_000));
        check("150,000,000", 1, Some(150_000_000));
        check("1,5", 1_000_000_000, Some(1_500_000_000));
        check("150.5", 1_000_000, Some(150_500_000));
        check("1.500", 1, Some(1_500));
        check("150,000.50", 100, Some(15_000_050));
        check("150.000.00", 1, None);
        check("1.2.3", 1, None);
        check("12345678901234567890", 1, None);
        check("0.500", 10, Some(5));
    }

    #[test]
    fn words_in_both_languages() {
        let check = |text: &str, by: i64, expected: i64| {
            let found = words(&tokens(text), 0).and_then(|(it, _)| it.times(by));
            assert_eq!(found, Some(expected), "{text}");
        };
        check("seratus lima puluh juta", 1, 150_000_000);
        check("dua ratus juta", 1, 200_000_000);
        check("dua ratus tujuh puluh lima juta lima ratus ribu", 1, 275_500_000);
        check("sembilan belas", 1, 19);
        check("sepuluh", 1, 10);
        check("satu setengah miliar", 1, 1_500_000_000);
        check("one hundred and fifty million", 1, 150_000_000);
        check("twenty-five", 1, 25);
        check("seribu", 1, 1_000);
        assert_eq!(words(&tokens("juta"), 0), None);
    }
}
