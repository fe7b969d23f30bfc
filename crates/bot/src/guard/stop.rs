//! Words with which a customer wants no automatic messages any more, and those with which they want them again.

/// What a customer wants of automatic messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Wish {
    /// None any more.
    Stop,
    /// Some again.
    Start,
}

const STOPS: &[&str] = &[
    "stop",
    "berhenti",
    "unsubscribe",
    "unsub",
    "hentikan",
    "stop promo",
    "stop pesan",
    "stop chat",
    "stop wa",
    "stop bot",
    "stop kirim pesan",
    "stop kirim promo",
    "stop message",
    "stop messages",
    "stop messaging me",
    "stop texting me",
    "stop sending messages",
    "stop sending me messages",
    "berhenti kirim pesan",
    "berhenti kirim promo",
    "berhenti berlangganan",
    "berhenti langganan",
    "jangan kirim pesan lagi",
    "jangan kirim lagi",
    "jangan chat lagi",
    "jangan chat saya lagi",
    "jangan hubungi saya lagi",
    "jangan hubungi lagi",
    "jangan wa lagi",
    "jangan wa saya lagi",
    "hapus nomor saya",
    "hentikan pesan",
    "hentikan pesan ini",
    "opt out",
    "optout",
    "remove me",
    "do not contact me",
    "don t contact me",
    "don t message me",
    "stop all",
    "stopall",
    "berhenti bot",
    "matikan bot",
    "tolong hentikan pesan ini",
    "saya mau berhenti",
    "saya tidak mau dihubungi lagi",
    "tidak mau dihubungi lagi",
    "i want to unsubscribe",
    "cancel subscription",
];

const STARTS: &[&str] = &[
    "start",
    "mulai",
    "lanjut",
    "lanjutkan",
    "unstop",
    "subscribe",
    "aktifkan",
    "mulai lagi",
    "lanjut lagi",
    "start again",
    "langganan lagi",
    "aktifkan lagi",
    "resume",
    "opt in",
    "optin",
    "aktifkan bot",
];

/// Words of politeness that may stand around the wish.
const POLITE: &[&str] = &[
    "tolong", "mohon", "please", "pls", "kak", "kakak", "ya", "yah", "dong", "min", "admin", "gan", "bang",
    "mas", "mbak", "pak", "bu", "om", "sis", "bro", "now", "sekarang", "deh", "aja", "saja", "thanks",
    "makasih", "terima", "kasih", "to",
];

/// Whether a whole message is a wish to stop or to start again. Politeness around it is allowed; words within other sentences
/// ("stopnya di mana?", "Fitur leads sudah jalan?") are none. "STOP" of the international kind counts in every language.
#[must_use]
pub fn stop(text: &str) -> Option<Wish> {
    if text.len() > 120 || text.contains('?') {
        return None;
    }
    let lower = text.to_lowercase();
    let words: Vec<&str> =
        lower.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let whole = words.join(" ");
    let trimmed = trim(&words).join(" ");
    let is = |phrases: &[&str]| phrases.contains(&whole.as_str()) || phrases.contains(&trimmed.as_str());
    if is(STOPS) {
        Some(Wish::Stop)
    } else if is(STARTS) {
        Some(Wish::Start)
    } else {
        None
    }
}

fn trim<'a, 'w>(mut words: &'a [&'w str]) -> &'a [&'w str] {
    while let Some((first, rest)) = words.split_first() {
        if !POLITE.contains(first) {
            break;
        }
        words = rest;
    }
    while let Some((last, rest)) = words.split_last() {
        if !POLITE.contains(last) {
            break;
        }
        words = rest;
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_37_wishes_to_stop_and_start() {
        for text in [
            "STOP",
            "stop",
            "Stop!",
            "berhenti",
            "Berhenti ya kak",
            "UNSUBSCRIBE",
            "tolong berhenti kirim pesan",
            "stop dong",
            "jangan hubungi saya lagi",
            "Please stop messaging me",
            "don't message me",
            "🛑 STOP 🛑",
        ] {
            assert_eq!(stop(text), Some(Wish::Stop), "{text}");
        }
        for text in ["START", "mulai", "lanjut", "Lanjut kak", "lanjutkan ya", "unstop"] {
            assert_eq!(stop(text), Some(Wish::Start), "{text}");
        }
    }

    #[test]
    fn hazard_37_other_words_stop_nothing() {
        for text in [
            "Fitur leads sudah jalan?",
            "cukup bagus",
            "cukup",
            "jangan lupa kirim foto",
            "Harusnya kamu panggil saya kak Yudho",
            "sudah",
            "sudah kak",
            "udah",
            "selesai",
            "ok cukup dulu kak",
            "mobilnya ada fitur start stop engine?",
            "start stop engine button",
            "berhenti produksi tahun berapa?",
            "remnya pakem, langsung berhenti",
            "jangan kirim foto yang itu lagi",
            "non stop AC nya dingin",
            "stop lampunya mati",
            "lanjut ke kredit kak",
            "mulai dari harga berapa?",
            "stop?",
            "batal",
            "nanti saja",
            "tidak jadi",
            "bukan yang itu",
        ] {
            assert_eq!(stop(text), None, "{text}");
        }
    }
}
