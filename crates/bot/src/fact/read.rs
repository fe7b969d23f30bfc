//! Finds every claim of a text.

use super::Fact;
use super::address;
use super::calendar;
use super::claim::{About, Claim, Context};
use super::numeral::{self, Numeral};
use super::token::{Kind, Token, tokens};
use super::units::{self, Unit};

/// Every place in a text, Indonesian or English, that states a value, in order.
///
/// # Behavior
/// - Amounts (`Rp150.000.000`, "150 juta", "1,5 M", "seratus lima puluh juta"), years, distances, percentages, terms,
///   capacities of engines, counts, days, times, phone numbers, links and names of letters and digits get their readings;
///   any other digits are a claim without a reading.
/// - The numbers of a list, "pilihan 2", "ke-2" and digits of emoji are no claims.
/// - Linear in the length of the text.
#[must_use]
pub fn read(text: &str, context: &Context) -> Vec<Claim> {
    let tokens = tokens(text);
    let fixed = address::links_and_phones(text);
    let reader = Reader { text, tokens: &tokens, context };
    let mut fixed = fixed.into_iter().peekable();
    let (mut claims, mut at): (Vec<Claim>, usize) = (Vec::new(), 0);
    while let Some(token) = tokens.get(at) {
        if let Some(claim) = fixed.next_if(|claim| claim.span.start <= token.start) {
            while tokens.get(at).is_some_and(|token| token.start < claim.span.end) {
                at += 1;
            }
            claims.push(claim);
            continue;
        }
        let begins_word = !matches!(token.kind, Kind::Space | Kind::Line | Kind::Mark);
        match begins_word.then(|| reader.claim_at(at)).flatten() {
            Some((found, end)) => {
                claims.extend(found);
                at = end.max(at + 1);
            }
            None => at += 1,
        }
    }
    claims
}

/// A number with what stands behind it.
#[derive(Debug, Clone, Copy)]
struct Quantity {
    numeral: Numeral,
    /// 1 if no word of scale follows.
    scale: i64,
    unit: Option<Unit>,
    /// Said to be near: `jutaan`, `80an`.
    about: bool,
    /// Which word of scale it was, to tell `M` from the others.
    is_m: bool,
    /// The token behind it.
    end: usize,
}

struct Reader<'a> {
    text: &'a str,
    tokens: &'a [Token<'a>],
    context: &'a Context,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    fn mark(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    fn after_space(&self, at: usize) -> usize {
        at + usize::from(self.tokens.get(at).is_some_and(|token| token.kind == Kind::Space))
    }

    /// The claims that begin here, and the token behind them.
    fn claim_at(&self, at: usize) -> Option<(Vec<Claim>, usize)> {
        if let Some((claim, end)) = address::code(self.text, self.tokens, at) {
            return Some((vec![claim], end));
        }
        let currency = self.lead(at) == Some(Unit::Money) || self.foreign(at);
        let day = (!currency).then(|| calendar::read(self.tokens, at, self.context)).flatten();
        if let Some((claim, end)) = day {
            return Some((vec![claim], end));
        }
        let first = self.quantity(at)?;
        if self.is_number_of_a_list(at, &first) {
            return Some((Vec::new(), first.end));
        }
        let Some(second) = self.range_end(&first) else {
            let (first, end) = self.with_rest(first);
            return Some((self.claim(at, first, None, end).into_iter().collect(), end));
        };
        let from = self.second_start(&first);
        let mut low = first;
        if low.unit.is_none() && low.scale == 1 {
            (low.scale, low.unit, low.is_m) = (second.scale, second.unit, second.is_m);
        }
        let lead = self.lead(at);
        let mut claims = Vec::new();
        if let Some(mut claim) = self.claim(at, low, lead, first.end) {
            claim.begins_range = true;
            claims.push(claim);
        }
        claims.extend(self.claim(from, second, lead, second.end));
        Some((claims, second.end))
    }

    /// The number at a token with its scale and unit.
    fn quantity(&self, at: usize) -> Option<Quantity> {
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
    fn with_rest(&self, first: Quantity) -> (Quantity, usize) {
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
    fn second_start(&self, first: &Quantity) -> usize {
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

    fn range_end(&self, first: &Quantity) -> Option<Quantity> {
        let at = self.second_start(first);
        let number = at > 0 && self.tokens.get(at).is_some_and(|token| token.kind == Kind::Number);
        let second = number.then(|| self.quantity(at)).flatten()?;
        // "2019 - 45.000 km" lists two things; a range has one unit.
        let alike =
            first.unit.is_none() && first.scale == 1 || first.unit == second.unit || second.unit.is_none();
        let year = year_of(first.numeral).is_some() && first.scale == 1 && first.unit.is_none();
        (alike && (!year || second.unit.is_none() && year_of(second.numeral).is_some())).then_some(second)
    }

    /// What the words before a number say that it is.
    fn lead(&self, at: usize) -> Option<Unit> {
        let mut seen = 0;
        for token in self.tokens.get(..at).unwrap_or_default().iter().rev() {
            match token.kind {
                Kind::Space => {}
                Kind::Mark if matches!(token.text, ":" | "." | "*" | "_" | "=" | "±" | "~" | "(" | "|") => {}
                Kind::Word => {
                    if let Some(unit) = units::lead(&token.word) {
                        return Some(unit);
                    }
                    seen += 1;
                    if seen > 1 && !units::is_about(&token.word) {
                        return None;
                    }
                }
                _ => return None,
            }
        }
        None
    }

    /// Whether a mark or word right before a number is a currency that no shop of these has its prices in.
    fn foreign(&self, at: usize) -> bool {
        let before = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        let before =
            before.filter(|token| token.kind != Kind::Space).or_else(|| self.tokens.get(at.checked_sub(2)?));
        before.is_some_and(|token| {
            matches!(token.text, "$" | "€" | "£" | "¥")
                || matches!(token.word.as_str(), "usd" | "sgd" | "eur" | "myr")
        })
    }

    fn is_number_of_a_list(&self, at: usize, found: &Quantity) -> bool {
        if found.scale != 1 || found.unit.is_some() || found.numeral.decimals > 0 || found.numeral.value > 99
        {
            return false;
        }
        let before = self.tokens.get(..at).unwrap_or_default();
        let on_line: Vec<&Token<'_>> = before
            .iter()
            .rev()
            .take_while(|token| token.kind != Kind::Line)
            .filter(|token| token.kind != Kind::Space && !matches!(token.text, "*" | "_" | ">" | "#"))
            .take(2)
            .collect();
        let joined = at.checked_sub(1).and_then(|before| self.tokens.get(before));
        // "mobil2" is how people write "mobil-mobil".
        if self.mark(at) == "2" && joined.is_some_and(|it| it.kind == Kind::Word && it.text.len() >= 3) {
            return true;
        }
        let behind = self.mark(found.end);
        if behind == "\u{fe0f}" || behind == "\u{20e3}" {
            return true;
        }
        if on_line.is_empty() && matches!(behind, "." | ")" | "/") {
            let next = self.tokens.get(found.end + 1);
            return next
                .is_none_or(|token| matches!(token.kind, Kind::Space | Kind::Line) || token.text == "*");
        }
        let close = on_line.first().filter(|token| token.text != "-").or_else(|| on_line.get(1));
        found.numeral.value <= 10
            && close.is_some_and(|token| {
                matches!(
                    token.word.as_str(),
                    "pilihan"
                        | "opsi"
                        | "option"
                        | "nomor"
                        | "no"
                        | "number"
                        | "langkah"
                        | "step"
                        | "ke"
                        | "poin"
                )
            })
    }

    /// Whether the words right before a number say that it is only near.
    fn said_about(&self, at: usize) -> bool {
        let before = self.tokens.get(..at).unwrap_or_default().iter().rev();
        let skipped = |token: &&Token<'_>| {
            token.kind == Kind::Space
                || matches!(token.text, "." | ":" | "*" | "-")
                || matches!(token.word.as_str(), "rp" | "idr" | "km")
        };
        let mut before = before.filter(|token| !skipped(token));
        let Some(last) = before.next() else { return false };
        match last.word.as_str() {
            "lebih" => before.next().is_some_and(|token| token.word == "kurang"),
            "kira" => true,
            "less" => before.next().is_some_and(|token| token.word == "or"),
            word => units::is_about(word) || matches!(last.text, "±" | "~" | "≈"),
        }
    }

    /// The claim of a quantity that begins at token `at`; `lead` says what it is if it does not say so itself.
    fn claim(&self, at: usize, found: Quantity, lead: Option<Unit>, end: usize) -> Option<Claim> {
        let (first, last) = (self.tokens.get(at)?, self.tokens.get(end.checked_sub(1)?)?);
        let span = first.start..last.end();
        let behind = self.after_space(end);
        let named = matches!(self.word(behind), "dolar" | "dollar" | "dollars" | "usd" | "sgd" | "ringgit");
        if self.foreign(at) || named {
            // The currency is a part of what is said.
            let before = self.tokens.get(..at).unwrap_or_default().iter().rev();
            let mark = before.take(2).find(|token| token.kind != Kind::Space).filter(|_| self.foreign(at));
            let start = mark.map_or(span.start, |mark| mark.start);
            let stop = self.tokens.get(behind).filter(|_| named).map_or(span.end, Token::end);
            return Some(Claim { is_foreign_money: true, ..Claim::new(start..stop, Vec::new()) });
        }
        let lead = lead.or_else(|| self.lead(at));
        let mut claim = Claim::new(span, readings(&found, lead, self.context));
        if found.unit == Some(Unit::Other) && first.kind == Kind::Word {
            claim.number = found.numeral.times(found.scale);
        }
        if found.about || self.said_about(at) {
            claim.about = found.numeral.times(found.scale).map(|value| near_to(value, &found));
        }
        Some(claim)
    }
}

/// The unit of a word, with the endings that Indonesian gives it.
fn unit_of(word: &str) -> Option<Unit> {
    units::unit(word).or_else(|| word.strip_suffix("nya").and_then(units::unit))
}

fn year_of(numeral: Numeral) -> Option<i32> {
    let year = (numeral.decimals == 0 && !numeral.grouped).then_some(numeral.value)?;
    i32::try_from(year).ok().filter(|year| (1900..=2099).contains(year))
}

/// How far the truth may be from a value that is said to be near: to half of its last digit that counts, at most 5 %;
/// "80an" reaches to the next one.
fn near_to(value: i64, found: &Quantity) -> About {
    let mut step = 1_i64;
    while value != 0 && value % (step * 10) == 0 && step < i64::MAX / 100 {
        step *= 10;
    }
    if found.about {
        return About { below: (step / 2).min(value / 20), above: step - 1 };
    }
    let half = (step / 2).min(value / 20);
    About { below: half, above: half }
}

/// What a quantity may mean.
fn readings(found: &Quantity, lead: Option<Unit>, context: &Context) -> Vec<Fact> {
    let value = found.numeral.times(found.scale);
    let hundredfold = found.numeral.times(100);
    let plain = found.scale == 1;
    let one = |fact: Option<Fact>| fact.into_iter().collect::<Vec<_>>();
    match found.unit {
        Some(Unit::Money) => return one(value.map(Fact::Money)),
        Some(Unit::Kilometres) => return one(value.map(Fact::Kilometres)),
        Some(Unit::Percent) => return one(hundredfold.map(Fact::Percent)),
        Some(Unit::Months) => return one(value.map(Fact::Months)),
        Some(Unit::Years) => return one(found.numeral.times(12).map(Fact::Months)),
        Some(Unit::CubicCentimetres) => return one(value.map(Fact::CubicCentimetres)),
        Some(Unit::Litres) => return one(found.numeral.times(1_000).map(Fact::CubicCentimetres)),
        Some(Unit::Count) if plain => return one(value.map(Fact::Count)),
        Some(Unit::Count | Unit::Other) => return Vec::new(),
        None => {}
    }
    match lead {
        Some(Unit::Kilometres) => return one(value.map(Fact::Kilometres)),
        // "Harga Mazda 2" names a car, and "harga 2019" a year.
        Some(Unit::Money) if plain && !found.numeral.grouped && value.is_some_and(|value| value < 1_000) => {
            return Vec::new();
        }
        Some(Unit::Money) if !plain || found.numeral.grouped || year_of(found.numeral).is_none() => {
            return money(found, value, context);
        }
        Some(Unit::Months) if plain => return one(value.map(Fact::Months)),
        Some(Unit::CubicCentimetres) if plain && found.numeral.decimals == 0 => {
            return one(value.map(Fact::CubicCentimetres));
        }
        Some(Unit::Count) if plain && year_of(found.numeral).is_none() && !found.numeral.grouped => {
            return one(value.map(Fact::Count));
        }
        _ => {}
    }
    if !plain {
        let mut readings = money(found, value, context);
        if found.scale == 1_000 {
            readings.extend(value.map(Fact::Kilometres));
        }
        return readings;
    }
    if let Some(year) = year_of(found.numeral) {
        return vec![Fact::Year(year)];
    }
    if found.numeral.decimals == 1 && (6..=80).contains(&found.numeral.value) {
        return one(found.numeral.times(1_000).map(Fact::CubicCentimetres));
    }
    match value {
        Some(value) if found.numeral.grouped && value >= 1_000_000 => vec![Fact::Money(value)],
        Some(value) if found.numeral.grouped => {
            vec![Fact::Kilometres(value), Fact::Money(value), Fact::CubicCentimetres(value)]
        }
        Some(value) if value >= 1_000_000 => vec![Fact::Money(value)],
        _ => Vec::new(),
    }
}

fn money(found: &Quantity, value: Option<i64>, context: &Context) -> Vec<Fact> {
    let mut readings: Vec<Fact> = value.map(Fact::Money).into_iter().collect();
    if found.is_m && context.locale == wartel_core::Locale::En {
        readings.extend(found.numeral.times(1_000_000).map(Fact::Money));
    }
    readings
}
