//! Requests to a general assistant, which a shop's assistant declines in one line.
//!
//! WhatsApp's terms of 2026-01-15 allow assistants of a business and forbid general ones, so this is a matter of rules, not
//! of taste.

use wartel_core::Locale;

/// What is asked of a general assistant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum OffTopic {
    /// An essay, a poem, a story, a speech.
    Writing,
    /// A program or help with one.
    Code,
    /// Homework, sums, facts of the world.
    Homework,
    /// A translation.
    Translation,
    /// A recipe, a horoscope, medical or legal advice and the like.
    Other,
}

const MAKERS: &[&str] = &[
    "buatkan",
    "buatin",
    "bikinin",
    "bikinkan",
    "tuliskan",
    "tulisin",
    "karangkan",
    "buat",
    "bikin",
    "tulis",
    "write",
    "compose",
    "draft",
    "create",
    "generate",
    "make",
    "ceritakan",
    "tell",
    "give",
];
const WRITINGS: &[&str] = &[
    "esai", "essay", "puisi", "poem", "cerpen", "cerita", "story", "pidato", "speech", "artikel", "article",
    "pantun", "novel", "skripsi", "thesis", "makalah", "lirik", "lyrics", "lagu", "song", "joke", "lelucon",
    "haiku", "blog", "caption",
];
const CODES: &[&str] = &[
    "python",
    "javascript",
    "java",
    "php",
    "golang",
    "rust",
    "html",
    "css",
    "sql",
    "script",
    "coding",
    "kodingan",
    "koding",
    "program",
    "function",
    "algoritma",
    "algorithm",
    "regex",
    "website",
    "aplikasi",
];
const HOMEWORK: &[&str] = &[
    "pr",
    "homework",
    "soal",
    "matematika",
    "math",
    "fisika",
    "kimia",
    "biologi",
    "equation",
    "persamaan",
    "integral",
    "turunan",
    "ujian",
    "assignment",
    "aljabar",
    "algebra",
    "quiz",
    "kuis",
];
const HELPERS: &[&str] = &[
    "kerjakan",
    "kerjain",
    "selesaikan",
    "jawab",
    "jawabkan",
    "bantu",
    "bantuin",
    "solve",
    "help",
    "do",
    "answer",
    "jelaskan",
    "explain",
    "hitungkan",
    "ajarin",
    "ajari",
    "teach",
    "debug",
    "perbaiki",
    "fix",
    "buatkan",
    "buatin",
    "write",
    "bikinin",
    "bikin",
    "buat",
    "tulis",
    "tuliskan",
    "create",
];
const OTHERS: &[&[&str]] = &[
    &["resep"],
    &["recipe"],
    &["ramalan"],
    &["horoscope"],
    &["horoskop"],
    &["zodiak"],
    &["presiden"],
    &["president"],
    &["ibu", "kota"],
    &["ibukota"],
    &["capital", "of"],
    &["prime", "minister"],
    &["sejarah", "indonesia"],
    &["obat", "sakit"],
    &["kirim", "bitcoin"],
    &["harga", "bitcoin"],
    &["skor", "bola"],
    &["football", "score"],
    &["meaning", "of", "life"],
    &["arti", "hidup"],
    &["teori", "relativitas"],
    &["perang", "dunia"],
    &["world", "war"],
    &["photosynthesis"],
    &["fotosintesis"],
];
/// Words of a shop of cars: a request with one of them is let through unless it asks for a text or a program.
const SHOP: &[&str] = &[
    "mobil",
    "car",
    "cars",
    "unit",
    "harga",
    "price",
    "kredit",
    "credit",
    "cicilan",
    "dp",
    "stok",
    "stock",
    "stnk",
    "bpkb",
    "showroom",
    "avanza",
    "xenia",
    "brio",
    "innova",
    "rush",
    "jazz",
    "test",
    "drive",
    "servis",
    "service",
    "booking",
    "jual",
    "beli",
    "buy",
    "sell",
    "tukar",
    "nego",
    "km",
    "garansi",
    "warranty",
    "pajak",
    "foto",
    "photos",
    "photo",
    "alamat",
    "transmisi",
    "mesin",
    "engine",
    "simulasi",
    "angsuran",
    "sales",
    "visit",
    "jadwal",
    "tahun",
    "warna",
    "colour",
    "color",
];

/// What a text asks of a general assistant; `None` for everything that may be about the shop.
#[must_use]
pub fn scope(text: &str) -> Option<OffTopic> {
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let has = |any: &[&str]| words.iter().any(|word| any.contains(word));
    let near = |first: &[&str], then: &[&str]| {
        words.iter().enumerate().any(|(at, word)| {
            let behind = words.get(at + 1..).unwrap_or_default();
            first.contains(word) && behind.iter().take(5).any(|word| then.contains(word))
        })
    };
    let shop = has(SHOP);
    if near(MAKERS, WRITINGS) && !(shop && has(&["cerita", "ceritakan", "story", "tell", "caption"])) {
        return Some(OffTopic::Writing);
    }
    let code_words = words.iter().filter(|word| CODES.contains(word)).count();
    if code_words > 0 && near(HELPERS, CODES) && (!shop || code_words > 1) && !has(&["apply"]) {
        return Some(OffTopic::Code);
    }
    if near(
        &["terjemahkan", "terjemahin", "translate", "translation"],
        &["ke", "to", "bahasa", "into", "kalimat", "this"],
    ) {
        return Some(OffTopic::Translation);
    }
    if shop {
        return None;
    }
    if near(HELPERS, HOMEWORK)
        || near(&["soal", "pr", "tugas"], &["matematika", "fisika", "kimia", "sekolah", "kuliah"])
    {
        return Some(OffTopic::Homework);
    }
    let sums = words.len() <= 8
        && words.iter().filter(|word| word.chars().all(|c| c.is_ascii_digit())).count() >= 2
        && (has(&["kali", "tambah", "plus", "times", "dibagi", "divided"])
            || lower.contains('+')
            || lower.contains('×'))
        && (has(&["berapa", "what", "hasil", "hitung", "calculate"]) || lower.contains('='));
    if sums {
        return Some(OffTopic::Homework);
    }
    let phrase = |phrase: &[&str]| words.windows(phrase.len()).any(|window| window == phrase);
    OTHERS.iter().any(|it| phrase(it)).then_some(OffTopic::Other)
}

/// The line that declines it.
#[must_use]
pub fn decline(locale: Locale) -> &'static str {
    match locale {
        Locale::En => {
            "Sorry, I can only help with our shop. Is there anything you would like to know about our stock?"
        }
        _ => "Maaf Kak, saya hanya bisa membantu seputar toko kami. Ada unit yang ingin Kakak tanyakan?",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_36_work_for_a_general_assistant_is_seen() {
        let rows: &[(&str, OffTopic)] = &[
            ("buatkan esai tentang pemanasan global", OffTopic::Writing),
            ("Tolong tulis puisi untuk pacar saya", OffTopic::Writing),
            ("bikinin pantun lucu dong", OffTopic::Writing),
            ("write me an essay about climate change", OffTopic::Writing),
            ("Write a poem about cars", OffTopic::Writing),
            ("tell me a joke", OffTopic::Writing),
            ("buatin cerpen horor", OffTopic::Writing),
            ("buatkan script python untuk scraping", OffTopic::Code),
            ("write a python function to sort a list", OffTopic::Code),
            ("bisa bantu debug javascript saya?", OffTopic::Code),
            ("fix my sql query", OffTopic::Code),
            ("kerjakan PR matematika saya", OffTopic::Homework),
            ("tolong jawab soal fisika ini", OffTopic::Homework),
            ("help me with my math homework", OffTopic::Homework),
            ("solve this equation x^2 = 4", OffTopic::Homework),
            ("berapa hasil 234 x 12 + 7 kali 3?", OffTopic::Homework),
            ("translate this to French", OffTopic::Translation),
            ("terjemahkan kalimat ini ke bahasa Inggris", OffTopic::Translation),
            ("resep rendang dong", OffTopic::Other),
            ("who is the president of France?", OffTopic::Other),
            ("apa ibu kota Australia?", OffTopic::Other),
        ];
        for (text, expected) in rows {
            assert_eq!(scope(text), Some(*expected), "{text}");
        }
    }

    #[test]
    fn hazard_36_questions_about_cars_pass() {
        for text in [
            "Avanza 2019 masih ada?",
            "bisa bantu hitung cicilan Brio DP 20 juta?",
            "tolong buatkan simulasi kredit 36 bulan",
            "help me calculate the credit for the Innova",
            "ceritakan kondisi mobilnya dong",
            "tell me more about the Rush",
            "bikin janji test drive besok bisa?",
            "buat booking jam 10 ya",
            "ada website atau aplikasinya?",
            "can I see your website?",
            "harga programnya kredit apa aja?",
            "ada program cicilan 0%?",
            "tulis alamatnya dong kak",
            "write down the address please",
            "kerjakan servisnya dimana?",
            "ini soal harga kak, bisa kurang?",
            "mau tanya soal Avanza",
            "jelaskan syarat kreditnya",
            "explain the warranty please",
            "sejarah servisnya lengkap?",
            "what is the service history?",
            "makasih kak",
            "do you have automatic cars?",
            "give me the best price",
            "bantu cari mobil keluarga 7 seater",
            "pajaknya hidup?",
            "boleh kirim fotonya?",
            "create a visit schedule for tomorrow",
            "itu harga 150 + biaya balik nama berapa?",
            "mobil bekas presiden ya? hehe",
        ] {
            assert_eq!(scope(text), None, "{text}");
        }
    }
}
