//! What is said without a model.

use serde_json::{Map, Value};
use wartel_core::Locale;

use crate::catalogue::{AttributeKind, Schema};

/// A list of items under its opening line.
pub(super) fn list(opening: &str, items: &[Value], schema: &Schema, locale: Locale) -> String {
    let lines: Vec<String> =
        items.iter().filter_map(Value::as_object).map(|item| line(item, schema, locale)).collect();
    format!("{opening}\n{}", lines.join("\n"))
}

/// One item in a line: `• Toyota Avanza 1.3 G (AVZ-19): Rp165.000.000, 2019, 52.000 km, manual, silver`.
fn line(item: &Map<String, Value>, schema: &Schema, locale: Locale) -> String {
    let text = |key: &str| item.get(key).and_then(Value::as_str);
    let no_price = pick(locale, "harga: tanyakan ke tim kami", "price: please ask us");
    let mut parts = vec![text("price_text").unwrap_or(no_price).to_owned()];
    for spec in &schema.attributes {
        parts.extend(match spec.kind {
            AttributeKind::Year => item.get(&spec.key).and_then(Value::as_i64).map(|year| year.to_string()),
            AttributeKind::Kilometres => {
                let driven = item.get(&format!("{}_km", spec.key)).and_then(Value::as_i64);
                driven.map(|kilometres| format!("{} km", thousands(kilometres, locale)))
            }
            AttributeKind::OneOf(_) => text(&spec.key).map(|word| of_group(word, locale).to_owned()),
            _ if spec.key == "colour" => text(&spec.key).map(str::to_owned),
            _ => None,
        });
    }
    match text("status") {
        Some("reserved") => parts.push(pick(locale, "sedang dipesan", "reserved").to_owned()),
        Some("sold") => parts.push(pick(locale, "sudah terjual", "sold").to_owned()),
        _ => {}
    }
    let (title, code) = (text("title").unwrap_or_default(), text("code").unwrap_or_default());
    format!("• {title} ({code}): {}", parts.join(", "))
}

/// A word of a group in the reader's language where both differ.
fn of_group(word: &str, locale: Locale) -> &str {
    match (locale, word) {
        (Locale::En, _) => word,
        (_, "automatic") => "matic",
        (_, "petrol") => "bensin",
        (_, "electric") => "listrik",
        _ => word,
    }
}

fn thousands(number: i64, locale: Locale) -> String {
    let text = crate::tools::rupiah(number).replacen("Rp", "", 1);
    if locale == Locale::En { text.replace('.', ",") } else { text }
}

pub(super) const fn pick<'a>(locale: Locale, indonesian: &'a str, english: &'a str) -> &'a str {
    match locale {
        Locale::En => english,
        _ => indonesian,
    }
}

pub(super) fn found(total: usize, shown: usize, locale: Locale) -> String {
    match (locale, total > shown) {
        (Locale::En, false) => "This is what we have:".to_owned(),
        (Locale::En, true) => format!("We have {total} units that fit. Here are the first:"),
        (_, false) => "Ini yang ada di kami, Kak:".to_owned(),
        (_, true) => format!("Ada {total} unit yang cocok, Kak. Ini beberapa di antaranya:"),
    }
}

pub(super) const fn nothing_but(locale: Locale) -> &'static str {
    pick(
        locale,
        "Yang persis seperti itu belum ada, Kak. Yang mendekati:",
        "We do not have exactly that. These come close:",
    )
}

pub(super) const fn nothing(locale: Locale) -> &'static str {
    pick(
        locale,
        "Maaf Kak, yang dicari belum ada di stok kami saat ini.",
        "Sorry, what you are looking for is not in stock at the moment.",
    )
}

pub(super) fn photos(title: &str, code: &str, locale: Locale) -> String {
    match locale {
        Locale::En => format!("Here are the pictures of the {title} ({code})."),
        _ => format!("Ini foto {title} ({code}) ya Kak."),
    }
}

pub(super) fn no_photos(title: &str, code: &str, locale: Locale) -> String {
    match locale {
        Locale::En => format!("There are no pictures of the {title} ({code}) yet."),
        _ => format!("Foto {title} ({code}) belum tersedia, Kak."),
    }
}

pub(super) const fn which_photos(locale: Locale) -> &'static str {
    pick(
        locale,
        "Foto yang mana, Kak? Tulis kode stoknya ya.",
        "Of which one would you like pictures? Please write its stock code.",
    )
}

/// The way to a person.
pub(super) const fn offer(locale: Locale) -> &'static str {
    pick(
        locale,
        "Kalau mau dibantu tim kami, tulis \"mau bicara dengan orang\" ya Kak.",
        "If you would like one of us to help, just write \"talk to a person\".",
    )
}

pub(super) const fn cannot(locale: Locale) -> &'static str {
    pick(
        locale,
        "Maaf Kak, untuk pertanyaan itu kami belum bisa menjawab otomatis. Kakak bisa tanya stok, jam buka atau alamat kami.",
        "Sorry, we cannot answer that automatically. You can ask for our stock, hours or address.",
    )
}
