//! What the customer wants, read from their words.

use super::criteria::Criteria;
use super::money::{self, Amount};
use super::when;
use super::words::{self, has, tokens};

/// What a message is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Goal {
    Greet,
    Search,
    Details,
    Photos,
    Profile,
    Credit,
    Visit,
    Interest,
    Human,
    /// A lower price.
    Haggle,
    Thanks,
    /// Something that has nothing to do with cars.
    OffTopic,
    Unknown,
}

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
                &["apa saja", "apa aja", "list", "daftar", "semua", "all", "stok", "stock", "katalog"],
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
            agrees: false,
        };
        wish.goal = goal(&wish, &tokens);
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
const TALK: [&str; 14] = [
    "bicara",
    "ngobrol",
    "hubungi",
    "hubungkan",
    "sambungkan",
    "talk",
    "speak",
    "call",
    "bertemu",
    "chat",
    "dihubungi",
    "telepon",
    "telpon",
    "connect",
];
const PERSON: [&str; 15] = [
    "orang", "orangnya", "manusia", "sales", "salesnya", "admin", "cs", "human", "person", "agent",
    "someone", "staff", "petugas", "operator", "somebody",
];

/// The first that fits: what a person must do comes before what a tool can do, and that before small talk.
fn goal(wish: &Wish, tokens: &[String]) -> Goal {
    let said = |words: &[&str]| has(tokens, words);
    let cars = !wish.criteria.is_empty();
    if said(&TALK) && said(&PERSON) || said(&["customer service", "real person"]) {
        return Goal::Human;
    }
    if said(&[
        "test drive",
        "testdrive",
        "tes drive",
        "booking",
        "book",
        "janjian",
        "jadwal",
        "appointment",
        "lihat langsung",
        "visit",
    ]) || said(&["datang", "mampir", "come"]) && (wish.date.is_some() || wish.time.is_some())
    {
        return Goal::Visit;
    }
    if said(&[
        "kredit",
        "cicilan",
        "cicilannya",
        "nyicil",
        "dp",
        "angsuran",
        "tenor",
        "leasing",
        "credit",
        "installment",
        "instalment",
        "financing",
        "loan",
    ]) {
        return Goal::Credit;
    }
    if said(&[
        "foto",
        "fotonya",
        "foto-foto",
        "gambar",
        "gambarnya",
        "photo",
        "photos",
        "picture",
        "pictures",
        "pics",
    ]) {
        return Goal::Photos;
    }
    if said(&[
        "nego",
        "diskon",
        "discount",
        "nett",
        "kurang harganya",
        "bisa kurang",
        "best price",
        "cheaper",
    ]) {
        return Goal::Haggle;
    }
    if said(&["minat", "tertarik", "interested", "berminat", "mau beli", "serius", "want to buy"])
        || wish.name.is_some()
    {
        return Goal::Interest;
    }
    if wish.asks_address || wish.asks_hours && !cars {
        return Goal::Profile;
    }
    if said(&[
        "puisi",
        "poem",
        "essay",
        "esai",
        "python",
        "javascript",
        "resep",
        "recipe",
        "homework",
        "terjemahkan",
        "translate",
        "presiden",
        "president",
        "cuaca",
        "weather",
        "lirik",
    ]) {
        return Goal::OffTopic;
    }
    let one = wish.ordinal.is_some() || !wish.codes.is_empty();
    if one
        || said(&[
            "detail",
            "detailnya",
            "details",
            "spek",
            "speknya",
            "spesifikasi",
            "specs",
            "kondisi",
            "kondisinya",
            "condition",
            "pajak",
            "pajaknya",
        ])
    {
        return Goal::Details;
    }
    if cars
        || wish.lists
        || said(&[
            "cari",
            "mobil",
            "unit",
            "harga",
            "harganya",
            "punya",
            "ready",
            "looking",
            "car",
            "cars",
            "available",
            "price",
            "budget",
        ])
    {
        return Goal::Search;
    }
    if said(&["makasih", "terima kasih", "thanks", "thank you", "trims", "oke", "ok", "sip", "baik"]) {
        return Goal::Thanks;
    }
    if tokens.len() <= 6
        && said(&[
            "halo",
            "hai",
            "hi",
            "hello",
            "hallo",
            "pagi",
            "siang",
            "sore",
            "malam",
            "assalamualaikum",
            "permisi",
            "p",
            "selamat",
        ])
    {
        return Goal::Greet;
    }
    Goal::Unknown
}

fn is_down_payment(tokens: &[String], amount: &Amount) -> bool {
    let before = tokens.iter().take(amount.at).rev().take(2);
    before.into_iter().any(|word| ["dp", "down", "payment", "muka"].contains(&word.as_str()))
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
    fn goals_are_told_apart() {
        assert!(wish("boleh kak").agrees && wish("Yes please").agrees && wish("oke").agrees);
        assert!(!wish("mau Avanza").agrees && !wish("hmm").agrees);
        let check = |text: &str, expected: Goal| assert_eq!(wish(text).goal, expected, "{text}");
        check("Halo kak", Goal::Greet);
        check("Selamat pagi", Goal::Greet);
        check("Pagi, Punya avanza?", Goal::Search);
        check("Pajero ada?", Goal::Search);
        check("cari mobil di bawah 150 juta", Goal::Search);
        check("150 juta", Goal::Search);
        check("dapat diskon?", Goal::Haggle);
        check("boleh minta fotonya?", Goal::Photos);
        check("kredit DP 20 juta 3 tahun", Goal::Credit);
        check("alamatnya di mana", Goal::Profile);
        check("jam buka sampai jam berapa?", Goal::Profile);
        check("mau test drive besok jam 10", Goal::Visit);
        check("saya mau datang sabtu", Goal::Visit);
        check("mau bicara dengan orang", Goal::Human);
        check("Can I talk to a real person?", Goal::Human);
        check("Nama saya Budi Santoso", Goal::Interest);
        check("detail yang kedua", Goal::Details);
        check("AVZ-021 masih ada?", Goal::Details);
        check("buatkan puisi cinta", Goal::OffTopic);
        check("oke makasih", Goal::Thanks);
        check("hmm", Goal::Unknown);
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
