//! Numbers with the words of scale and the units behind them, and ranges of two.

use wartel_core::Locale;

use super::meaning::{Quantity, year_of};
use super::numeral::{self, Numeral};
use super::read::Reader;
use super::token::Kind;
use super::units::{self, Unit};

impl Reader<'_> {
    /// The number at a token with its scale and unit.
    pub(super) fn quantity(&self, at: usize) -> Option<Quantity> {
        let token = self.tokens.get(at)?;
        let (numeral, mut end, in_words) = match token.kind {
            Kind::Number => (Numeral::parse(token.text), at + 1, false),
            Kind::Word => {
                let (numeral, end) = numeral::words(self.tokens, at)?;
                (Some(numeral), end, true)
            }
            _ => return None,
        };
        // Digits that are no number, such as "1.2.3", still state something: the greatest value, which nothing grounds.
        let numeral = numeral.unwrap_or(Numeral { value: i64::MAX, decimals: 18, grouped: false });
        let mut found = Quantity { numeral, scale: 1, unit: None, about: false, is_m: false, end };
        if self.word(end) == "an" || (self.mark(end) == "-" && self.word(end + 1) == "an") {
            found.about = true;
            end += if self.word(end) == "an" { 1 } else { 2 };
            found.end = end;
        }
        let scale_at = self.after_space(end);
        if let Some((by, about)) = units::scale(self.word(scale_at)) {
            let word = self.word(scale_at);
            // "5 m" may be metres and "10 k" anything; a lone letter needs to be next to the digits or a capital.
            let letter = word.len() == 1 && scale_at != end && self.mark(scale_at) != "M";
            if !letter {
                (found.scale, found.is_m) = (by, word == "m");
                // "4,602 juta" is a fraction in Indonesian, as "4.602 million" is in English.
                let point = if self.context.locale == Locale::En { '.' } else { ',' };
                let written = token.text.matches(['.', ',']).count() == 1 && token.text.contains(point);
                if by >= 1_000_000 && found.numeral.grouped && written {
                    found.numeral = Numeral { decimals: 3, grouped: false, ..found.numeral };
                }
                found.about |= about;
                end = scale_at + 1;
                if self.mark(end) == "-" && self.word(end + 1) == "an" || self.word(end) == "an" {
                    found.about = true;
                    end += if self.word(end) == "an" { 1 } else { 2 };
                }
                found.end = end;
            }
        }
        let mut unit_at = self.after_space(end);
        if self.mark(unit_at) == "-" && self.tokens.get(unit_at + 1).is_some_and(|it| it.kind == Kind::Word) {
            unit_at += 1;
        }
        if self.mark(unit_at) == "%" {
            found.unit = Some(Unit::Percent);
            found.end = unit_at + 1;
        } else if let Some(unit) =
            unit_of(self.word(unit_at)).filter(|unit| !self.begins_next(*unit, unit_at))
        {
            // "5 l" needs to be one word with its number or a capital, and "2019 th" is no term.
            found.unit = Some(unit);
            found.end = unit_at + 1;
        }
        if in_words {
            // "satu" and "dua" alone are words like any other; so is "salah satu unit".
            let value = numeral.times(1).unwrap_or(0);
            let term = matches!(
                self.word(found.end.saturating_sub(1)),
                "hari" | "jam" | "minggu" | "days" | "hours" | "weeks"
            );
            let named = found.unit.is_some_and(|unit| unit != Unit::Other || term) && value > 1;
            if !named && value < 1_000 {
                return None;
            }
        }
        Some(found)
    }

    /// Whether a word behind a number belongs to the next one: "Mazda 2 tahun 2019", "Mazda 2 Rp200 juta".
    fn begins_next(&self, unit: Unit, at: usize) -> bool {
        let mut next = self.after_space(at + 1);
        if unit == Unit::Money && self.mark(next) == "." {
            next = self.after_space(next + 1);
        }
        let number = self.tokens.get(next).filter(|token| token.kind == Kind::Number);
        let Some(numeral) = number.and_then(|token| Numeral::parse(token.text)) else { return false };
        match unit {
            Unit::Money => self.word(at) != "rupiah",
            Unit::Years => year_of(numeral).is_some(),
            Unit::Kilometres => self.mark(at).starts_with('K') || numeral.grouped,
            _ => false,
        }
    }

    /// "30 juta 500 ribu" and "1 miliar 200 juta" are one amount.
    pub(super) fn with_rest(&self, first: Quantity) -> (Quantity, usize) {
        let at = self.after_space(first.end);
        if first.scale < 1_000_000 || first.unit.is_some() || at == first.end {
            return (first, first.end);
        }
        let number = self.tokens.get(at).is_some_and(|token| token.kind == Kind::Number);
        let rest = number.then(|| self.quantity(at)).flatten();
        let Some(rest) = rest.filter(|rest| rest.scale > 1 && rest.scale < first.scale) else {
            return (first, first.end);
        };
        let (Some(high), Some(low)) = (first.numeral.times(first.scale), rest.numeral.times(rest.scale))
        else {
            return (first, first.end);
        };
        let sum =
            Quantity { numeral: Numeral::whole(high.saturating_add(low)), scale: 1, is_m: false, ..rest };
        let unit = Some(rest.unit.unwrap_or(Unit::Money));
        (Quantity { unit, ..sum }, rest.end)
    }

    /// Where the second number of a range begins, if one does.
    pub(super) fn second_start(&self, first: &Quantity) -> usize {
        let at = self.after_space(first.end);
        let joint = match (self.mark(at), self.word(at)) {
            ("-" | "–" | "—" | "~", _) | (_, "sampai" | "hingga" | "sd" | "to" | "s") => at,
            _ => return 0,
        };
        let mut next = joint + 1;
        if self.word(joint) == "s" && self.mark(joint + 1) == "/" && self.word(joint + 2) == "d" {
            next = joint + 3;
        }
        next = self.after_space(next);
        if matches!(self.word(next), "rp" | "idr" | "dengan") {
            next = self.after_space(next + 1);
            if self.mark(next) == "." {
                next = self.after_space(next + 1);
            }
        }
        next
    }

    /// The second number of a range, if one follows.
    pub(super) fn range_end(&self, first: &Quantity) -> Option<Quantity> {
        let at = self.second_start(first);
        let number = at > 0 && self.tokens.get(at).is_some_and(|token| token.kind == Kind::Number);
        let second = number.then(|| self.quantity(at)).flatten()?;
        // "2019 - 45.000 km" lists two things; a range has one unit.
        let alike =
            first.unit.is_none() && first.scale == 1 || first.unit == second.unit || second.unit.is_none();
        let year = year_of(first.numeral).is_some() && first.scale == 1 && first.unit.is_none();
        (alike && (!year || second.unit.is_none() && year_of(second.numeral).is_some())).then_some(second)
    }
}

/// The unit of a word, with the endings that Indonesian gives it.
fn unit_of(word: &str) -> Option<Unit> {
    units::unit(word).or_else(|| word.strip_suffix("nya").and_then(units::unit))
}
