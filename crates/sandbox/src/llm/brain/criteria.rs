//! Which cars a message is about.

use super::money::{self, Amount};
use super::words::{self, has};

/// Which cars are meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Criteria {
    pub(super) make: Option<&'static str>,
    pub(super) model: Option<&'static str>,
    pub(super) min_price: Option<u64>,
    pub(super) max_price: Option<u64>,
    pub(super) year: Option<u64>,
    pub(super) min_year: Option<u64>,
    pub(super) max_year: Option<u64>,
    pub(super) automatic: Option<bool>,
    /// In Indonesian and in English.
    pub(super) colour: Option<(&'static str, &'static str)>,
}

impl Criteria {
    pub(super) fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Takes over from an earlier message what this one does not say.
    pub(super) fn inherit(&mut self, earlier: &Self) {
        self.model = self.model.or(earlier.model);
        self.make = self.make.or(earlier.make);
        if self.min_price.is_none() && self.max_price.is_none() {
            (self.min_price, self.max_price) = (earlier.min_price, earlier.max_price);
        }
        if (self.year, self.min_year, self.max_year) == (None, None, None) {
            (self.year, self.min_year, self.max_year) = (earlier.year, earlier.min_year, earlier.max_year);
        }
        self.automatic = self.automatic.or(earlier.automatic);
        self.colour = self.colour.or(earlier.colour);
    }

    /// In the words of a search: `Toyota Avanza 2019 matic hitam`.
    pub(super) fn words(&self) -> String {
        let year = self.year.map(|year| year.to_string());
        let gears = self.automatic.map(|automatic| if automatic { "matic" } else { "manual" });
        let said = [self.make, self.model, year.as_deref(), gears, self.colour.map(|(id, _)| id)];
        said.into_iter().flatten().collect::<Vec<_>>().join(" ")
    }

    pub(super) fn of(tokens: &[String], amounts: &[Amount]) -> Self {
        let model = words::model(tokens);
        let (min_price, max_price) = prices(tokens, amounts);
        let (year, min_year, max_year) = years(tokens);
        let automatic = has(tokens, &["matic", "matik", "automatic", "otomatis", "metik"]).then_some(true);
        Self {
            make: model.map(|(_, make)| make).or_else(|| words::make(tokens)),
            model: model.map(|(model, _)| model),
            min_price,
            max_price,
            year,
            min_year,
            max_year,
            automatic: automatic.or_else(|| has(tokens, &["manual"]).then_some(false)),
            colour: words::colour(tokens),
        }
    }
}

/// The lowest and highest price that are meant.
fn prices(tokens: &[String], amounts: &[Amount]) -> (Option<u64>, Option<u64>) {
    match amounts {
        [] => (None, None),
        [low, high, ..] => (Some(low.rupiah.min(high.rupiah)), Some(low.rupiah.max(high.rupiah))),
        [one] => {
            let before: Vec<String> = tokens.iter().take(one.at).rev().take(2).rev().cloned().collect();
            let behind: Vec<String> = tokens.iter().skip(one.end).take(2).cloned().collect();
            let from = has(&before, &["atas", "above", "over", "minimal", "mulai", "min"])
                || has(&behind, &["ke atas", "up", "keatas"]);
            if from { (Some(one.rupiah), None) } else { (None, Some(one.rupiah)) }
        }
    }
}

/// The year, or the first and the last year that are meant.
fn years(tokens: &[String]) -> (Option<u64>, Option<u64>, Option<u64>) {
    for (at, token) in tokens.iter().enumerate() {
        if let Some((low, high)) = token.split_once('-')
            && let (Some(low), Some(high)) = (money::year(low), money::year(high))
        {
            return (None, Some(low.min(high)), Some(low.max(high)));
        }
        let Some(year) = money::year(token) else { continue };
        let before: Vec<String> = tokens.iter().take(at).rev().take(2).rev().cloned().collect();
        let behind: Vec<String> = tokens.iter().skip(at + 1).take(2).cloned().collect();
        if let Some(last) = behind.get(1).and_then(|last| money::year(last))
            && behind.first().is_some_and(|word| ["sampai", "sd", "to", "hingga"].contains(&word.as_str()))
        {
            return (None, Some(year), Some(last));
        }
        if has(&before, &["atas", "minimal", "min", "mulai", "after", "from"])
            || has(&behind, &["ke atas", "keatas", "up", "or newer"])
        {
            return (None, Some(year), None);
        }
        if has(&before, &["bawah", "maksimal", "before"]) || has(&behind, &["ke bawah", "kebawah"]) {
            return (None, None, Some(year));
        }
        return (Some(year), None, None);
    }
    (None, None, None)
}
