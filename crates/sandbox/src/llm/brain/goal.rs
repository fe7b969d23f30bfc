//! What a message is about.

use super::wish::Wish;
use super::words::has;

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

/// What only a person can do: a talk, a trade-in, a purchase from the customer.
const HANDED_OVER: [&str; 7] = [
    "customer service",
    "real person",
    "tukar tambah",
    "tuker tambah",
    "trade in",
    "trade-in",
    "jual mobil saya",
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
pub(super) fn of(wish: &Wish, tokens: &[String]) -> Goal {
    let said = |words: &[&str]| has(tokens, words);
    let cars = !wish.criteria.is_empty();
    if said(&TALK) && said(&PERSON) || said(&HANDED_OVER) {
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
    ]) || said(&["datang", "mampir", "come", "lihat unitnya", "lihat mobilnya"])
        && (wish.date.is_some() || wish.time.is_some())
    {
        return Goal::Visit;
    }
    if said(&[
        "kredit",
        "cicil",
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
            "km",
            "km-nya",
            "kilometer",
            "kilometernya",
            "mileage",
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn goals_are_told_apart() {
        let check = |text: &str, expected: Goal| assert_eq!(Wish::of(text, 0).goal, expected, "{text}");
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
        check("bisa tukar tambah?", Goal::Human);
        check("boleh lihat unitnya besok sore jam 4?", Goal::Visit);
        check("What's the cheapest car you have?", Goal::Search);
        check("berapa km-nya?", Goal::Details);
        check("buatkan puisi cinta", Goal::OffTopic);
        check("oke makasih", Goal::Thanks);
        check("hmm", Goal::Unknown);
    }
}
