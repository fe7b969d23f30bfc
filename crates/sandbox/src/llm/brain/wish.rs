//! What the customer wants, read from their words.

use super::criteria::Criteria;
use super::goal::{self, Goal};
use super::money::{self, Amount};
use super::when;
use super::words::{self, has, tokens};

/// Everything that was read from a message.
#[derive(Debug, Clone)]
pub(super) struct Wish {
    pub(super) goal: Goal,
    pub(super) text: String,
    pub(super) english: Option<bool>,
    pub(super) criteria: Criteria,
    /// Whether all cars are asked for.
    pub(super) lists: bool,
    pub(super) asks_address: bool,
    pub(super) asks_hours: bool,
    pub(super) down_payment: Option<u64>,
    pub(super) months: Option<u64>,
    /// `2026-12-02`.
    pub(super) date: Option<String>,
    /// `10:00`.
    pub(super) time: Option<String>,
    pub(super) name: Option<String>,
    /// `yang kedua` is 1.
    pub(super) ordinal: Option<usize>,
    pub(super) codes: Vec<String>,
    /// How they want to pay: `cash`, `credit`.
    pub(super) payment: Option<&'static str>,
    /// When they want to buy, in their own words.
    pub(super) timeline: Option<String>,
    /// Whether it only says yes.
    pub(super) agrees: bool,
}

impl Wish {
    /// Reads a message; `today` is a number of days since 1970.
    pub(super) fn of(text: &str, today: i64) -> Self {
        let tokens = tokens(text);
        let (paid, amounts): (Vec<Amount>, Vec<Amount>) =
            money::amounts(&tokens).into_iter().partition(|amount| is_down_payment(&tokens, amount));
        let criteria = Criteria::of(&tokens, &amounts);
        let time = when::time(&tokens).map(|(hour, minute)| format!("{hour:02}:{minute:02}"));
        let mut wish = Self {
            goal: Goal::Unknown,
            text: text.trim().to_owned(),
            english: words::english(&tokens),
            criteria,
            lists: has(
                &tokens,
                &[
                    "apa saja", "apa aja", "list", "daftar", "semua", "all", "stok", "stock", "katalog",
                    "murah", "termurah", "cheapest", "cheap",
                ],
            ),
            asks_address: has(&tokens, &ADDRESS),
            asks_hours: has(
                &tokens,
                &["jam buka", "jam berapa", "jam operasional", "buka", "tutup", "hours", "open", "close"],
            ),
            down_payment: paid.first().map(|amount| amount.rupiah),
            months: months(&tokens),
            date: when::day(&tokens, today).map(when::show_day),
            time,
            name: name(text),
            ordinal: ordinal(&tokens),
            codes: words::codes(text).into_iter().map(str::to_owned).collect(),
            payment: payment(&tokens),
            timeline: timeline(&tokens),
            agrees: false,
        };
        wish.goal = goal::of(&wish, &tokens);
        let small = matches!(wish.goal, Goal::Unknown | Goal::Thanks) && tokens.len() <= 4;
        wish.agrees = small && has(&tokens, &YES);
        wish
    }
}

const YES: [&str; 12] =
    ["ya", "iya", "boleh", "mau", "yes", "sure", "please", "ok", "oke", "okay", "silakan", "yuk"];
const ADDRESS: [&str; 11] = [
    "alamat",
    "alamatnya",
    "lokasi",
    "lokasinya",
    "dimana",
    "di mana",
    "address",
    "location",
    "where",
    "located",
    "maps",
];
fn is_down_payment(tokens: &[String], amount: &Amount) -> bool {
    let before = tokens.iter().take(amount.at).rev().take(2);
    before.into_iter().any(|word| ["dp", "down", "payment", "muka"].contains(&word.as_str()))
}

fn payment(tokens: &[String]) -> Option<&'static str> {
    if has(tokens, &["cash", "tunai", "lunas"]) {
        return Some("cash");
    }
    has(tokens, &["kredit", "cicilan", "credit", "leasing"]).then_some("credit")
}

/// When somebody wants to buy, in their own words.
fn timeline(tokens: &[String]) -> Option<String> {
    const WORDS: [&str; 8] = [
        "minggu ini",
        "minggu depan",
        "bulan ini",
        "bulan depan",
        "secepatnya",
        "this week",
        "next week",
        "this month",
    ];
    WORDS.iter().find(|words| has(tokens, &[**words])).map(|words| (*words).to_owned())
}

/// How long a credit runs: `3 tahun`, `36 bulan`, `36x`.
fn months(tokens: &[String]) -> Option<u64> {
    tokens.iter().enumerate().find_map(|(at, token)| {
        if let Some(times) = token.strip_suffix('x') {
            return times.parse().ok();
        }
        let number: u64 = token.parse().ok().filter(|number| *number <= 120)?;
        match tokens.get(at + 1)?.as_str() {
            "bulan" | "bln" | "months" | "month" => Some(number),
            "tahun" | "thn" | "th" | "years" | "year" => Some(number * 12),
            _ => None,
        }
    })
}

/// The name that the customer gives: the words with capitals behind `nama saya`.
fn name(text: &str) -> Option<String> {
    let lower = text.to_lowercase();
    let starts = ["nama saya ", "namaku ", "my name is ", "atas nama "];
    let behind = starts.iter().find_map(|start| lower.find(start).map(|at| at + start.len()))?;
    let words =
        text.get(behind..)?.split_whitespace().map(|word| word.trim_matches(|c: char| !c.is_alphabetic()));
    let name: Vec<&str> =
        words.take_while(|word| word.chars().next().is_some_and(char::is_uppercase)).take(3).collect();
    (!name.is_empty()).then(|| name.join(" "))
}

fn ordinal(tokens: &[String]) -> Option<usize> {
    const ORDINALS: [[&str; 3]; 3] =
        [["pertama", "first", "nomor 1"], ["kedua", "second", "nomor 2"], ["ketiga", "third", "nomor 3"]];
    ORDINALS.iter().position(|words| has(tokens, words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(text: &str) -> Wish {
        Wish::of(text, when::parse_day("2026-12-01").unwrap())
    }

    #[test]
    fn a_yes_is_seen() {
        assert!(wish("boleh kak").agrees && wish("Yes please").agrees && wish("oke").agrees);
        assert!(!wish("mau Avanza").agrees && !wish("hmm").agrees);
    }

    #[test]
    fn criteria_are_read() {
        let read = wish("cari Avanza matic hitam tahun 2018 ke atas budget 120-150 juta").criteria;
        let expected = Criteria {
            make: Some("Toyota"),
            model: Some("Avanza"),
            min_price: Some(120_000_000),
            max_price: Some(150_000_000),
            min_year: Some(2018),
            automatic: Some(true),
            colour: Some(("hitam", "black")),
            ..Criteria::default()
        };
        assert_eq!(read, expected);
        assert_eq!(wish("di atas 200 juta").criteria.min_price, Some(200_000_000));
        assert_eq!(wish("under 150 million").criteria.max_price, Some(150_000_000));
        assert_eq!(wish("brio 2018-2020").criteria.max_year, Some(2020));
        let credit = wish("kredit avanza DP 20 juta tenor 3 tahun");
        assert_eq!((credit.down_payment, credit.months), (Some(20_000_000), Some(36)));
        assert_eq!(credit.criteria.max_price, None);
        let visit = wish("test drive besok jam 10, nama saya Budi Santoso ya");
        assert_eq!((visit.date.as_deref(), visit.time.as_deref()), (Some("2026-12-02"), Some("10:00")));
        assert_eq!(visit.name.as_deref(), Some("Budi Santoso"));
    }
}
