//! What a customer wants to spend, from their own words.

use super::claim::{Claim, Context};
use super::{Date, read};

/// How much somebody wants to spend, in rupiah; both ends belong to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BudgetRange {
    /// At least so much.
    pub min: Option<i64>,
    /// At most so much.
    pub max: Option<i64>,
}

impl BudgetRange {
    /// Between these amounts.
    #[must_use]
    pub const fn new(min: Option<i64>, max: Option<i64>) -> Self {
        Self { min, max }
    }

    /// Whether an amount fits.
    #[must_use]
    pub fn contains(&self, rupiah: i64) -> bool {
        self.min.is_none_or(|min| rupiah >= min) && self.max.is_none_or(|max| rupiah <= max)
    }
}

/// Reads a budget from a customer's words: "300 juta", "di bawah 150jt", "max 200", "1,5 M", "100-150 juta", "budget 80an
/// juta".
///
/// # Behavior
/// - An amount alone is the most that is spent; "sekitar" reaches 10 % to both sides; "80an juta" is 80 to 90 million.
/// - A number without a word of scale, from 20 to 5,000, counts in millions if a word of budgets stands before it.
/// - Down payments and instalments are no budgets.
#[must_use]
pub fn budget(text: &str) -> Option<BudgetRange> {
    let today = Date::new(2000, 1, 1)?;
    let claims = read(text, &Context::new(today));
    let mut min = None;
    let mut max = None;
    for (at, claim) in claims.iter().enumerate() {
        let before = before(text, &claims, at);
        let Some(amount) = amount(text, claim, &before) else { continue };
        if says(
            &before,
            &[
                "dp",
                "muka",
                "cicilan",
                "angsuran",
                "cicil",
                "nyicil",
                "instalment",
                "installment",
                "downpayment",
            ],
        ) {
            continue;
        }
        let next = claims.get(at + 1).filter(|_| claim.begins_range).and_then(|next| amount_of(text, next));
        if let Some(next) = next {
            return Some(BudgetRange::new(Some(amount.min(next)), Some(amount.max(next))));
        }
        if says(&before, &["atas", "minimal", "min", "minimum", "above", "over", "mulai", "from", "least"])
            || (says(&before, &["lebih"]) && says(&before, &["dari"]))
        {
            min = Some(amount);
        } else if let Some(about) = claim.about.filter(|about| about.above != about.below) {
            (min, max) = (Some(amount), Some(amount + about.above));
        } else if claim.about.is_some() || says(&before, &["sekitar", "kisaran", "around", "about", "kira"]) {
            (min, max) = (Some(amount - amount / 10), Some(amount + amount / 10));
        } else {
            max = Some(amount);
        }
    }
    (min.is_some() || max.is_some()).then_some(BudgetRange { min, max })
}

/// The words between the claim before and this one, the last six.
fn before(text: &str, claims: &[Claim], at: usize) -> Vec<String> {
    let Some(claim) = claims.get(at) else { return Vec::new() };
    let from = at.checked_sub(1).and_then(|at| claims.get(at)).map_or(0, |before| before.span.end);
    let piece = text.get(from..claim.span.start).unwrap_or_default().to_lowercase();
    let words = piece.split(|c: char| !c.is_alphabetic()).filter(|word| !word.is_empty());
    let mut words: Vec<String> = words.map(str::to_owned).collect();
    words.drain(..words.len().saturating_sub(6));
    words
}

fn says(words: &[String], any: &[&str]) -> bool {
    words.iter().any(|word| any.contains(&word.as_str()))
}

fn amount(text: &str, claim: &Claim, before: &[String]) -> Option<i64> {
    const LEADS: &[&str] = &[
        "budget",
        "budgetnya",
        "bujet",
        "anggaran",
        "max",
        "maks",
        "maksimal",
        "maximal",
        "maximum",
        "bawah",
        "dana",
        "under",
        "below",
        "harga",
        "sekitar",
        "kisaran",
        "minimal",
        "min",
        "atas",
        "sampai",
        "hingga",
        "upto",
    ];
    match claim.money() {
        Some(rupiah) if rupiah >= 1_000_000 => Some(rupiah),
        _ if claim.readings.is_empty() || claim.kind() == "money" => {
            says(before, LEADS).then(|| millions(text, claim)).flatten()
        }
        _ => None,
    }
}

fn amount_of(text: &str, claim: &Claim) -> Option<i64> {
    claim.money().filter(|rupiah| *rupiah >= 1_000_000).or_else(|| millions(text, claim))
}

/// A bare number from 20 to 5,000 as millions.
fn millions(text: &str, claim: &Claim) -> Option<i64> {
    let digits = text.get(claim.span.clone())?;
    let number: i64 = digits.trim_end_matches("an").parse().ok()?;
    (20..=5_000).contains(&number).then(|| number * 1_000_000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_6_budgets_in_customers_words() {
        const M: i64 = 1_000_000;
        let check = |text: &str, min: Option<i64>, max: Option<i64>| {
            assert_eq!(budget(text), Some(BudgetRange { min, max }), "{text}");
        };
        check("300 juta", None, Some(300 * M));
        check("ada avanza di bawah 150jt?", None, Some(150 * M));
        check("max 200", None, Some(200 * M));
        check("1,5 M", None, Some(1_500 * M));
        check("budget 1.5M kak", None, Some(1_500 * M));
        check("100-150 juta", Some(100 * M), Some(150 * M));
        check("antara 100 sampai 150 juta", Some(100 * M), Some(150 * M));
        check("budget 100-150", Some(100 * M), Some(150 * M));
        check("budget 80an juta", Some(80 * M), Some(90 * M - 1));
        check("sekitar 200 juta", Some(180 * M), Some(220 * M));
        check("minimal 250 juta", Some(250 * M), None);
        check("di atas 250 juta", Some(250 * M), None);
        check("Avanza 2019 budget 160 juta", None, Some(160 * M));
        check("seratus lima puluh juta", None, Some(150 * M));
        check("under 150 million", None, Some(150 * M));
        check("dp 30 juta, budget 200 juta", None, Some(200 * M));
    }

    #[test]
    fn no_budget_in_other_words() {
        for text in [
            "avanza 2019 ada?",
            "dp 20 juta bisa?",
            "cicilan 3 juta",
            "jam 10 besok",
            "km 45.000",
            "halo",
            "2 unit",
        ] {
            assert_eq!(budget(text), None, "{text}");
        }
    }
}
