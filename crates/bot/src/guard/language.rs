//! Which of the two languages a text is in.

use std::collections::HashSet;
use std::sync::LazyLock;

use wartel_core::Locale;

/// Words that only one of the languages has, as people write them in chats.
const INDONESIAN: &str = "yang dan di ke dari ini itu ada apa saya aku kamu anda kak kakak bang gan om bu pak mas mbak berapa \
    bisa boleh mau ingin masih sudah belum tidak nggak gak ga ngga tdk sdh blm udah dong deh sih kok nih ya iya untuk dengan \
    atau tapi kalau kalo klo jika juga lagi saja aja gimana bagaimana kapan dimana mana kenapa berikut harga mobil warna tahun \
    unit cari carikan tolong terima kasih makasih halo hai selamat pagi siang sore malam silakan maaf baik kami kita tim mereka \
    dia akan sedang telah adalah seperti lebih kurang murah mahal juta ribu bekas foto gambar alamat lokasi buka tutup jam \
    hari besok lusa kredit cicilan angsuran muka nego beli jual lihat coba tanya info stok tersedia kosong jadwal datang \
    sama banget dulu nanti sekarang bro mohon hubungi kepada pada oleh dalam secara karena sehingga agar supaya namun tersebut";
const ENGLISH: &str = "the a an and or of to in is are was were be been have has had do does did i you he she it we they my \
    your our their this that these those what which who when where why how much many can could will would should may might \
    please thanks thank hello hi hey yes not don't for with from about at by if so but as there here some any still available \
    car cars price prices looking want need like buy sell see show me test drive today tomorrow price's colour color used good \
    morning afternoon evening sorry sure under below around million photos pictures address open close opening visit make its \
    more less cheap cheaper cheapest best just also only very let know get got one two up down";

static ID: LazyLock<HashSet<&'static str>> = LazyLock::new(|| INDONESIAN.split_whitespace().collect());
static EN: LazyLock<HashSet<&'static str>> = LazyLock::new(|| ENGLISH.split_whitespace().collect());

/// How many words of a text are of a language and not of the other.
#[must_use]
pub fn language_words(text: &str, language: Locale) -> usize {
    let set: &HashSet<&str> = match language {
        Locale::Id => &ID,
        Locale::En => &EN,
        _ => return 0,
    };
    let lower = text.to_lowercase();
    lower.split(|c: char| !c.is_alphabetic() && c != '\'').filter(|word| set.contains(word)).count()
}

/// The language of a text, by the words that only one of the two has; of a mixed text the one with more of them ("test drive
/// bisa kapan kak?" is Indonesian). `None` if neither has more: "ok", "Avanza 2019?".
#[must_use]
pub fn language(text: &str) -> Option<Locale> {
    let (id, en) = (language_words(text, Locale::Id), language_words(text, Locale::En));
    match id.cmp(&en) {
        std::cmp::Ordering::Greater => Some(Locale::Id),
        std::cmp::Ordering::Less => Some(Locale::En),
        std::cmp::Ordering::Equal => None,
    }
}

/// Whether a character is a letter of a script that neither language is written in: Han, Kana, Hangul, Cyrillic, Arabic, ….
#[must_use]
pub fn is_foreign_script(c: char) -> bool {
    // Letters and digits in circles and squares are pictures.
    if matches!(c, '\u{2100}'..='\u{214f}' | '\u{2460}'..='\u{24ff}' | '\u{2776}'..='\u{2793}' | '\u{1f100}'..='\u{1f1ff}')
    {
        return false;
    }
    let latin = c.is_ascii()
        || ('\u{c0}'..='\u{24f}').contains(&c)
        || ('\u{1e00}'..='\u{1eff}').contains(&c)
        || matches!(c, 'ª' | 'º' | 'µ' | 'μ' | 'Ω');
    !latin
        && (c.is_alphabetic()
            || c.is_numeric() && !matches!(c, '\u{2150}'..='\u{218f}' | '¼'..='¾' | '²' | '³' | '¹'))
        || ('\u{3000}'..='\u{303f}').contains(&c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_43_the_language_of_a_message() {
        let check = |text: &str, expected: Option<Locale>| assert_eq!(language(text), expected, "{text}");
        check("Avanza 2019 masih ada kak?", Some(Locale::Id));
        check("test drive bisa kapan kak?", Some(Locale::Id));
        check("is the Avanza still available?", Some(Locale::En));
        check("hi, how much is the Brio?", Some(Locale::En));
        check("pricenya berapa kak yang black", Some(Locale::Id));
        check("gan yg automatic under 200jt ada ga", Some(Locale::Id));
        check("can I see the photos please, makasih kak", Some(Locale::En));
        check("ok", None);
        check("Avanza 2019", None);
        check("👍", None);
    }

    #[test]
    fn hazard_43_foreign_scripts() {
        for text in ["可以", "かわ", "가격", "привет", "سعر", "ราคา", "٣", "。"] {
            assert!(text.chars().all(is_foreign_script), "{text}");
        }
        assert!(!"Café Rp150 – “ya” … 🚗 1️⃣ ½ m² é ✅ ℹ️ ➊ 🅰️ 🆗 🇮🇩".chars().any(is_foreign_script));
    }
}
