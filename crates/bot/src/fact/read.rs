//! Finds every claim of a text.

use super::address;
use super::calendar;
use super::claim::{Claim, Context};
use super::meaning::{Quantity, near_to, readings};
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

/// Reads one text.
pub(super) struct Reader<'a> {
    text: &'a str,
    pub(super) tokens: &'a [Token<'a>],
    pub(super) context: &'a Context,
}

impl Reader<'_> {
    pub(super) fn word(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.word.as_str())
    }

    pub(super) fn mark(&self, at: usize) -> &str {
        self.tokens.get(at).map_or("", |token| token.text)
    }

    pub(super) fn after_space(&self, at: usize) -> usize {
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
