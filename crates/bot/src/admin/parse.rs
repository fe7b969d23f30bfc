//! Reads what staff write: only a single line that begins with `/` is a command.

use super::command::{Command, Mistake, NewItem, Topic};
use super::words::{Word, words};
use crate::catalogue::read_amount;
use crate::fact::{self, Context, Date};
use crate::guard;
use crate::lead::LeadStage;

/// What a message of the staff is.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Parsed {
    /// It does not begin with `/`.
    NoCommand,
    Command(Command),
    Mistake(Mistake),
}

/// Less than so many rupiah is a price with its unit forgotten.
const LEAST_PRICE: i64 = 1_000;

/// Reads a message. Case, spaces, full-width forms and the shapes of hyphens and quotes do not matter.
pub(super) fn parse(text: &str) -> Parsed {
    let plain = guard::normalise(text).text;
    let Some(rest) = plain.trim_start().strip_prefix('/') else { return Parsed::NoCommand };
    if rest.lines().filter(|line| !line.trim().is_empty()).count() > 1 {
        return Parsed::Mistake(Mistake::Lines);
    }
    let line: String = rest.chars().map(one_shape).collect();
    match command(&words(&line)) {
        Ok(command) => Parsed::Command(command),
        Err(mistake) => Parsed::Mistake(mistake),
    }
}

/// Hyphens and quotes as a keyboard has them.
const fn one_shape(c: char) -> char {
    match c {
        '\u{2010}'..='\u{2015}' | '\u{2043}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}' | '\u{ff0d}' => '-',
        '\u{201c}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '\u{2033}' | '\u{ff02}' => '"',
        other => other,
    }
}

fn command(words: &[Word]) -> Result<Command, Mistake> {
    let (head, rest) = words.split_first().ok_or(Mistake::Unknown)?;
    let alone = |command: Command| if rest.is_empty() { Ok(command) } else { Err(Mistake::Unknown) };
    match lower(head)?.as_str() {
        "help" | "bantuan" | "bantu" | "?" => Ok(Command::Help),
        "status" => Ok(Command::Status),
        "usage" | "pemakaian" | "biaya" => Ok(Command::Usage),
        "audit" | "riwayat" => Ok(Command::Audit),
        "stop" | "darurat" => alone(Command::Stop),
        "undo" | "batal" => alone(Command::Undo),
        "confirm" | "konfirmasi" => confirm(rest),
        "bot" | "asisten" => bot(rest),
        "pause" | "jeda" => some(rest, Topic::Pause).map(Command::Pause),
        "resume" | "lanjut" | "lanjutkan" => some(rest, Topic::Resume).map(Command::Resume),
        "lead" | "leads" | "prospek" => lead(rest),
        "stok" | "stock" => stock(rest),
        _ => Err(Mistake::Unknown),
    }
}

/// A bare word in small letters.
fn lower(word: &Word) -> Result<String, Mistake> {
    if word.key.is_some() || word.quoted { Err(Mistake::Unknown) } else { Ok(word.text.to_lowercase()) }
}

/// The words as they are, of which there must be one.
fn some(words: &[Word], topic: Topic) -> Result<Vec<String>, Mistake> {
    let none = words.is_empty() || words.iter().any(|word| word.key.is_some());
    if none { Err(Mistake::Form(topic)) } else { Ok(texts(words)) }
}

fn texts(words: &[Word]) -> Vec<String> {
    words.iter().map(|word| word.text.clone()).collect()
}

fn bot(words: &[Word]) -> Result<Command, Mistake> {
    let wrong = Mistake::Form(Topic::Bot);
    let [word] = words else { return Err(wrong) };
    match lower(word).map_err(|_| wrong)?.as_str() {
        "on" | "nyala" | "hidup" | "aktif" => Ok(Command::Bot(true)),
        "off" | "mati" | "nonaktif" => Ok(Command::Bot(false)),
        _ => Err(wrong),
    }
}

fn confirm(words: &[Word]) -> Result<Command, Mistake> {
    let digits: String = texts(words).concat();
    let fits = digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_digit());
    if fits { Ok(Command::Confirm(digits)) } else { Err(Mistake::Form(Topic::Confirm)) }
}

fn lead(words: &[Word]) -> Result<Command, Mistake> {
    let wrong = Mistake::Form(Topic::Lead);
    let Some((verb, rest)) = words.split_first() else { return Ok(Command::LeadList(None)) };
    match (lower(verb).map_err(|_| wrong)?.as_str(), rest) {
        ("list" | "daftar", []) => Ok(Command::LeadList(None)),
        ("list" | "daftar", [word]) => stage(&word.text).map(|it| Command::LeadList(Some(it))).ok_or(wrong),
        ("show" | "lihat", [_, ..]) => Ok(Command::LeadShow(texts(rest).join(" "))),
        ("set" | "ubah", [who @ .., last]) if !who.is_empty() => {
            let stage = stage(&last.text).ok_or(wrong)?;
            Ok(Command::LeadSet(texts(who).join(" "), stage))
        }
        _ => Err(wrong),
    }
}

/// The stage that a word means, in both languages.
fn stage(word: &str) -> Option<LeadStage> {
    match word.to_lowercase().as_str() {
        "new" | "baru" => Some(LeadStage::New),
        "interested" | "minat" | "tertarik" => Some(LeadStage::Interested),
        "qualified" | "serius" | "cocok" => Some(LeadStage::Qualified),
        "booked" | "janji" | "booking" => Some(LeadStage::Booked),
        "won" | "deal" | "jadi" | "menang" => Some(LeadStage::Won),
        "lost" | "gagal" | "batal" | "hilang" => Some(LeadStage::Lost),
        _ => None,
    }
}

fn stock(words: &[Word]) -> Result<Command, Mistake> {
    let wrong = Mistake::Form(Topic::Stock);
    let Some((verb, rest)) = words.split_first() else { return Ok(Command::StockList(Vec::new())) };
    let one = |command: fn(String) -> Command| match rest {
        [code] if code.key.is_none() => Ok(command(code.text.clone())),
        _ => Err(wrong),
    };
    match lower(verb).map_err(|_| wrong)?.as_str() {
        "list" | "daftar" | "cari" | "search" => Ok(Command::StockList(texts(rest))),
        "tambah" | "add" => new_item(rest).map(Command::StockAdd),
        "harga" | "price" => price_of(rest),
        "terjual" | "sold" | "laku" => one(Command::StockSold),
        "hapus" | "delete" | "remove" => one(Command::StockDelete),
        _ => Err(wrong),
    }
}

fn price_of(words: &[Word]) -> Result<Command, Mistake> {
    let [code, amount @ ..] = words else { return Err(Mistake::Form(Topic::StockPrice)) };
    if code.key.is_some() || amount.is_empty() || amount.iter().any(|word| word.key.is_some()) {
        return Err(Mistake::Form(Topic::StockPrice));
    }
    let price = price(&texts(amount).join(" ")).ok_or(Mistake::Price)?;
    Ok(Command::StockPrice(code.text.clone(), price))
}

/// One exact amount that is all of the text: `165jt`, `Rp165.000.000`, `1,5 M`. `None` for ranges, for "sekitar" and for
/// amounts so small that their unit was forgotten.
pub(super) fn price(text: &str) -> Option<i64> {
    let text = text.trim();
    let amount = read_amount(text).or_else(|| {
        // Amounts in words do not depend on the day.
        let claims = fact::read(text, &Context::new(Date::new(2000, 1, 1)?));
        let [claim] = claims.as_slice() else { return None };
        let whole = claim.span == (0..text.len()) && claim.about.is_none() && !claim.begins_range;
        claim.money().filter(|_| whole)
    });
    amount.filter(|amount| *amount >= LEAST_PRICE)
}

fn new_item(words: &[Word]) -> Result<NewItem, Mistake> {
    let wrong = Mistake::Form(Topic::StockAdd);
    let (code, rest) = words.split_first().ok_or(wrong)?;
    if code.key.is_some() {
        return Err(wrong);
    }
    let mut item = NewItem { code: code.text.clone(), ..NewItem::default() };
    let pairs = rest.iter().position(|word| word.key.is_some()).unwrap_or(rest.len());
    let (mut bare, pairs) = rest.split_at(pairs);
    if let [before @ .., last] = bare
        && !last.quoted
        && !before.is_empty()
        && is_year(&last.text)
    {
        item.year = Some(last.text.clone());
        bare = before;
    }
    // In quotes the title is one word; without, it is all of them.
    if bare.len() > 1 && bare.iter().any(|word| word.quoted) {
        return Err(wrong);
    }
    item.title = texts(bare).join(" ");
    for word in pairs {
        match (&word.key, item.values.last_mut()) {
            (Some(key), _) => item.values.push((key.to_lowercase(), word.text.clone())),
            // `harga=165 juta`: what has no key belongs to what comes before.
            (None, Some((_, value))) => {
                value.push(' ');
                value.push_str(&word.text);
            }
            (None, None) => return Err(wrong),
        }
    }
    Ok(item)
}

fn is_year(text: &str) -> bool {
    text.len() == 4 && text.parse::<u16>().is_ok_and(|year| (1900..=2100).contains(&year))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Command {
        match parse(text) {
            Parsed::Command(command) => command,
            other => panic!("{text}: {other:?}"),
        }
    }

    #[test]
    fn commands_in_both_languages_and_any_spelling() {
        let text = |text: &str| text.to_owned();
        for (line, command) in [
            ("/help", Command::Help),
            ("  /BANTUAN ", Command::Help),
            ("／ｈｅｌｐ", Command::Help),
            ("/ bot  OFF", Command::Bot(false)),
            ("/bot nyala", Command::Bot(true)),
            ("/b\u{200b}ot on", Command::Bot(true)),
            ("/stop", Command::Stop),
            ("/batal", Command::Undo),
            ("/konfirmasi 12 34", Command::Confirm(text("1234"))),
            ("/jeda 0812-3456-7890 60", Command::Pause(vec![text("0812-3456-7890"), text("60")])),
            ("/lanjut Budi", Command::Resume(vec![text("Budi")])),
            ("/lead", Command::LeadList(None)),
            ("/lead daftar minat", Command::LeadList(Some(LeadStage::Interested))),
            ("/lead show 0812 3456", Command::LeadShow(text("0812 3456"))),
            ("/prospek ubah a1b2c3 GAGAL", Command::LeadSet(text("a1b2c3"), LeadStage::Lost)),
            ("/stok", Command::StockList(vec![])),
            ("/stock list avanza matic", Command::StockList(vec![text("avanza"), text("matic")])),
            ("/stok harga AV–013 165 juta", Command::StockPrice(text("AV-013"), 165_000_000)),
            ("/stok price av-013 Rp 1,5 M", Command::StockPrice(text("av-013"), 1_500_000_000)),
            ("/stok laku AV-013", Command::StockSold(text("AV-013"))),
            ("/STOCK DELETE AV-013", Command::StockDelete(text("AV-013"))),
        ] {
            assert_eq!(read(line), command, "{line}");
        }
    }

    #[test]
    fn hazard_18_only_a_line_that_begins_with_a_slash_is_a_command() {
        for text in
            ["bot off", "", "> /bot off", "Halo\n/bot off", "tolong /bot off", "\"/bot off\"", "\\/bot off"]
        {
            assert_eq!(parse(text), Parsed::NoCommand, "{text}");
        }
        for (text, mistake) in [
            ("/", Mistake::Unknown),
            ("/menu", Mistake::Unknown),
            ("/\"bot\" off", Mistake::Unknown),
            ("/stop sekarang", Mistake::Unknown),
            ("/help\n/bot off", Mistake::Lines),
            ("/bot", Mistake::Form(Topic::Bot)),
            ("/bot off on", Mistake::Form(Topic::Bot)),
            ("/pause", Mistake::Form(Topic::Pause)),
            ("/lead set a1b2", Mistake::Form(Topic::Lead)),
            ("/lead set lost", Mistake::Form(Topic::Lead)),
            ("/stok hapus", Mistake::Form(Topic::Stock)),
            ("/stok hapus A-1 A-2", Mistake::Form(Topic::Stock)),
            ("/stok harga A-1", Mistake::Form(Topic::StockPrice)),
            ("/stok harga A-1 165", Mistake::Price),
            ("/stok harga A-1 sekitar 165jt", Mistake::Price),
            ("/stok harga A-1 150-160jt", Mistake::Price),
            ("/stok harga A-1 murah", Mistake::Price),
            ("/konfirmasi 12345", Mistake::Form(Topic::Confirm)),
            ("/konfirmasi abcd", Mistake::Form(Topic::Confirm)),
        ] {
            assert_eq!(parse(text), Parsed::Mistake(mistake), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn hazard_18_any_text_is_read_and_only_a_slash_begins_a_command(text in "(/?(stok|lead|pause|bot) )?.{0,60}") {
            let begins = guard::normalise(&text).text.starts_with('/');
            proptest::prop_assert_eq!(parse(&text) != Parsed::NoCommand, begins);
        }
    }

    #[test]
    fn a_new_item_with_quotes_of_any_shape_or_without() {
        let values = |values: &[(&str, &str)]| -> Vec<(String, String)> {
            values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        let Command::StockAdd(item) = read(
            "/stok tambah AV-013 “Toyota Avanza 1.3 G” 2019 harga=165jt KM = 45 rb transmisi=manual warna=abu abu",
        ) else {
            panic!("another command")
        };
        assert_eq!((item.code.as_str(), item.title.as_str()), ("AV-013", "Toyota Avanza 1.3 G"));
        assert_eq!(item.year.as_deref(), Some("2019"));
        let expected = [("harga", "165jt"), ("km", "45 rb"), ("transmisi", "manual"), ("warna", "abu abu")];
        assert_eq!(item.values, values(&expected));
        let Command::StockAdd(item) = read("/stock add mt-1 Honda Beat 2021") else {
            panic!("another command")
        };
        assert_eq!((item.title.as_str(), item.year.as_deref()), ("Honda Beat", Some("2021")));
        for text in ["/stok tambah", "/stok tambah harga=1jt", "/stok tambah A-1 \"B\" c 2020"] {
            assert_eq!(parse(text), Parsed::Mistake(Mistake::Form(Topic::StockAdd)), "{text}");
        }
    }
}
