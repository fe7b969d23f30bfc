//! The words that customers use: tokens, cars, and what shows which language they write.

/// Models that are common in Indonesia with their makes. Spaces and hyphens do not count.
const MODELS: [(&str, &str); 62] = [
    ("Avanza", "Toyota"),
    ("Veloz", "Toyota"),
    ("Kijang Innova", "Toyota"),
    ("Innova", "Toyota"),
    ("Rush", "Toyota"),
    ("Fortuner", "Toyota"),
    ("Agya", "Toyota"),
    ("Calya", "Toyota"),
    ("Yaris", "Toyota"),
    ("Raize", "Toyota"),
    ("Vios", "Toyota"),
    ("Alphard", "Toyota"),
    ("Camry", "Toyota"),
    ("Corolla", "Toyota"),
    ("Brio", "Honda"),
    ("Jazz", "Honda"),
    ("HR-V", "Honda"),
    ("CR-V", "Honda"),
    ("BR-V", "Honda"),
    ("WR-V", "Honda"),
    ("Mobilio", "Honda"),
    ("Freed", "Honda"),
    ("Civic", "Honda"),
    ("City", "Honda"),
    ("Accord", "Honda"),
    ("Xenia", "Daihatsu"),
    ("Terios", "Daihatsu"),
    ("Ayla", "Daihatsu"),
    ("Sigra", "Daihatsu"),
    ("Rocky", "Daihatsu"),
    ("Sirion", "Daihatsu"),
    ("Gran Max", "Daihatsu"),
    ("Ertiga", "Suzuki"),
    ("XL7", "Suzuki"),
    ("Ignis", "Suzuki"),
    ("Baleno", "Suzuki"),
    ("Karimun", "Suzuki"),
    ("Swift", "Suzuki"),
    ("Jimny", "Suzuki"),
    ("Carry", "Suzuki"),
    ("APV", "Suzuki"),
    ("Xpander", "Mitsubishi"),
    ("Pajero Sport", "Mitsubishi"),
    ("Pajero", "Mitsubishi"),
    ("L300", "Mitsubishi"),
    ("Outlander", "Mitsubishi"),
    ("Grand Livina", "Nissan"),
    ("Livina", "Nissan"),
    ("Serena", "Nissan"),
    ("X-Trail", "Nissan"),
    ("Juke", "Nissan"),
    ("Creta", "Hyundai"),
    ("Stargazer", "Hyundai"),
    ("Santa Fe", "Hyundai"),
    ("Confero", "Wuling"),
    ("Almaz", "Wuling"),
    ("Air EV", "Wuling"),
    ("CX-5", "Mazda"),
    ("CX-3", "Mazda"),
    ("Panther", "Isuzu"),
    ("MU-X", "Isuzu"),
    ("Picanto", "Kia"),
];

const MAKES: [&str; 16] = [
    "Toyota",
    "Honda",
    "Daihatsu",
    "Suzuki",
    "Mitsubishi",
    "Nissan",
    "Hyundai",
    "Wuling",
    "Mazda",
    "Isuzu",
    "Kia",
    "BMW",
    "Mercedes",
    "Datsun",
    "Chevrolet",
    "Ford",
];

/// Colours as they are said, with the word that stands for them in each language.
const COLOURS: [(&str, &str, &str); 9] = [
    ("hitam", "hitam", "black"),
    ("putih", "putih", "white"),
    ("merah", "merah", "red"),
    ("silver", "silver", "silver"),
    ("abu", "abu-abu", "grey"),
    ("biru", "biru", "blue"),
    ("kuning", "kuning", "yellow"),
    ("hijau", "hijau", "green"),
    ("coklat", "coklat", "brown"),
];

const ENGLISH: [&str; 38] = [
    "the", "is", "are", "you", "your", "do", "have", "what", "where", "when", "how", "much", "can", "could",
    "i", "i'm", "a", "an", "for", "under", "below", "with", "please", "hello", "hi", "want", "need",
    "looking", "send", "me", "photos", "tomorrow", "open", "car", "and", "any", "thanks", "price",
];

const INDONESIAN: [&str; 44] = [
    "ada", "yang", "di", "dan", "saya", "mau", "bisa", "berapa", "apa", "apakah", "kak", "gan", "min",
    "mobil", "cari", "foto", "dong", "ya", "kapan", "dimana", "mana", "jam", "buka", "alamat", "juta", "jt",
    "jutaan", "harga", "besok", "kredit", "cicilan", "untuk", "dengan", "tidak", "gak", "halo", "pagi",
    "siang", "sore", "malam", "terima", "ini", "itu", "kirim",
];

/// Lower-case words without the marks around them; marks inside stay (`1,5`, `hr-v`).
pub(super) fn tokens(text: &str) -> Vec<String> {
    text.split(|c: char| c.is_whitespace() || c == '/' || c == '\u{2013}')
        .map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()).to_lowercase())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Whether one of these words is among the tokens; two words mean that they follow each other.
pub(super) fn has(tokens: &[String], words: &[&str]) -> bool {
    let padded = format!(" {} ", tokens.join(" "));
    words.iter().any(|word| padded.contains(&format!(" {word} ")))
}

/// Lower case without hyphens and spaces.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// The model that is named, and its make.
pub(super) fn model(tokens: &[String]) -> Option<(&'static str, &'static str)> {
    let one = tokens.iter().map(|token| plain(token));
    let two = tokens.windows(2).map(|pair| plain(&pair.concat()));
    let said: Vec<String> = one.chain(two).collect();
    MODELS.into_iter().find(|(model, _)| said.contains(&plain(model)))
}

/// Whether this is a model's name and not a stock code.
pub(super) fn is_model(word: &str) -> bool {
    MODELS.iter().any(|(model, _)| plain(model) == plain(word))
}

/// The make that is named.
pub(super) fn make(tokens: &[String]) -> Option<&'static str> {
    MAKES.into_iter().find(|make| tokens.iter().any(|token| token.eq_ignore_ascii_case(make)))
}

/// The colour that is named: in Indonesian and in English.
pub(super) fn colour(tokens: &[String]) -> Option<(&'static str, &'static str)> {
    let named = |(said, id, en): &(&str, &str, &str)| {
        tokens.iter().any(|token| token == said || token == id || token == en)
    };
    COLOURS.iter().find(|colour| named(colour)).map(|(_, id, en)| (*id, *en))
}

/// Whether this is written in English; `None` if nothing shows it.
pub(super) fn english(tokens: &[String]) -> Option<bool> {
    let count = |words: &[&str]| tokens.iter().filter(|token| words.contains(&token.as_str())).count();
    let (english, indonesian) = (count(&ENGLISH), count(&INDONESIAN));
    if english == indonesian { None } else { Some(english > indonesian) }
}

/// Words that look like the code of a car in stock: capitals, then at least two digits (`AVZ-021`).
pub(super) fn codes(text: &str) -> Vec<&str> {
    let marks = |c: char| !(c.is_ascii_alphanumeric() || c == '-');
    text.split(marks).map(|word| word.trim_matches('-')).filter(|word| is_code(word)).collect()
}

fn is_code(word: &str) -> bool {
    let letters = word.chars().take_while(char::is_ascii_uppercase).count();
    let rest = word.get(letters..).unwrap_or_default().replace('-', "");
    (1..=6).contains(&letters)
        && (2..=8).contains(&rest.len())
        && rest.bytes().all(|byte| byte.is_ascii_digit())
        && !is_model(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cars_are_found_as_customers_spell_them() {
        let check = |text: &str, expected: Option<&str>| {
            assert_eq!(model(&tokens(text)).map(|(model, _)| model), expected, "{text}");
        };
        check("Punya avanza?", Some("Avanza"));
        check("ada HRV matic gak", Some("HR-V"));
        check("cr-v 2018", Some("CR-V"));
        check("pajero sport dakar", Some("Pajero Sport"));
        check("air ev ada?", Some("Air EV"));
        check("dapat diskon?", None);
        assert_eq!(make(&tokens("honda apa saja")), Some("Honda"));
        assert_eq!(colour(&tokens("yang abu-abu")), Some(("abu-abu", "grey")));
    }

    #[test]
    fn the_language_shows_in_the_words() {
        let check = |text: &str, expected| assert_eq!(english(&tokens(text)), expected, "{text}");
        check("Do you have an Avanza under 150 million?", Some(true));
        check("Ada avanza di bawah 150 juta?", Some(false));
        check("Avanza 2019", None);
    }

    #[test]
    fn codes_are_not_models() {
        assert_eq!(codes("Avanza (AVZ-021), CX-5, L300, B12 dan HRV018"), ["AVZ-021", "B12", "HRV018"]);
    }
}
