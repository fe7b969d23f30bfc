//! A budget without its unit: "di bawah 120".

use super::Range;
use super::read::Word;
use crate::catalogue::Item;

/// The most that may be spent, if a number of a few digits follows a word of budgets. It counts in millions or thousands,
/// whichever comes near the prices of the items: "di bawah 120" is 120 million for cars.
pub(super) fn bare_budget(words: &[Word], items: &[Item]) -> Range {
    let prices = || items.iter().filter_map(|item| item.price);
    let (Some(low), Some(high)) = (prices().min(), prices().max()) else { return Range::ANY };
    for (at, word) in words.iter().enumerate() {
        if !says_budget(&word.folded) {
            continue;
        }
        let number =
            words.get(at + 1).filter(|next| !matches!(next.folded.as_str(), "saya" | "sekitar" | "di"));
        let (number, behind) = match number {
            Some(number) => (Some(number), words.get(at + 2)),
            None => (words.get(at + 2), words.get(at + 3)),
        };
        let Some(number) = number.and_then(|word| plain_number(&word.folded)) else { continue };
        if behind.is_some_and(|word| is_unit(&word.folded)) {
            continue;
        }
        let near = |amount: &i64| *amount >= low / 4 && *amount <= high.saturating_mul(4);
        if let Some(most) = [number * 1_000_000, number * 1_000].into_iter().find(near) {
            return Range::up_to(most);
        }
    }
    Range::ANY
}

fn says_budget(word: &str) -> bool {
    matches!(
        word,
        "dibawah" | "bawah" | "max" | "maks" | "maksimal" | "under" | "below" | "budget" | "bujet" | "mentok"
    )
}

/// Two to four digits that are no year.
fn plain_number(word: &str) -> Option<i64> {
    let number = (2..=4).contains(&word.len()).then(|| word.parse::<i64>().ok()).flatten()?;
    (number >= 20 && !(1_950..=2_100).contains(&number)).then_some(number)
}

fn is_unit(word: &str) -> bool {
    matches!(word, "km" | "cc" | "rb" | "ribu" | "bulan" | "tahun" | "orang" | "persen" | "unit" | "hari")
}
