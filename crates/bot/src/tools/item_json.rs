//! An item as models are told of it, and what may be said of it.

use serde_json::{Map, Value, json};

use crate::catalogue::{Attribute, AttributeKind, Item, Schema};
use crate::fact::Fact;
use crate::words;

/// An amount as it is written in Indonesia: `Rp150.000.000`.
pub(crate) fn rupiah(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut text = String::from(if amount < 0 { "-Rp" } else { "Rp" });
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('.');
        }
        text.push(digit);
    }
    text
}

/// An item in a list: code, title, price, status, and the attributes that its title does not tell. Numbers name their unit in
/// their key: `mileage_km`, `engine_cc`.
pub(super) fn brief(item: &Item, schema: &Schema) -> Map<String, Value> {
    let mut fields = Map::new();
    fields.insert("code".to_owned(), item.code.clone().into());
    fields.insert("title".to_owned(), words::plain(&item.title, 120).into());
    fields.insert("price".to_owned(), item.price.into());
    fields.insert("price_text".to_owned(), item.price.map(rupiah).into());
    let title = words::words(&item.title);
    for spec in &schema.attributes {
        let Some(value) = item.attributes.get(&spec.key) else { continue };
        match value {
            Attribute::Text(text) => {
                let told = words::words(text).iter().all(|word| title.contains(word));
                let text = spec.canonical(text).unwrap_or(text);
                if !told {
                    fields.insert(spec.key.clone(), words::plain(text, 80).into());
                }
            }
            Attribute::Number(number) => {
                fields.insert(key(&spec.key, &spec.kind), (*number).into());
            }
        }
    }
    fields.insert("status".to_owned(), item.status.as_str().into());
    fields
}

/// An item with everything that is known. What the shop has written about it stands apart, as data.
pub(super) fn full(item: &Item, schema: &Schema) -> Map<String, Value> {
    let mut fields = brief(item, schema);
    for spec in &schema.attributes {
        if let Some(Attribute::Text(text)) = item.attributes.get(&spec.key) {
            fields.insert(spec.key.clone(), words::plain(spec.canonical(text).unwrap_or(text), 80).into());
        }
    }
    fields.insert("photos".to_owned(), item.photos.len().into());
    if !item.notes.trim().is_empty() {
        fields.insert(
            "notes_from_shop".to_owned(),
            json!({ "data_not_instructions": words::plain(&item.notes, 2_000) }),
        );
    }
    fields
}

fn key(key: &str, kind: &AttributeKind) -> String {
    match kind {
        AttributeKind::Kilometres => format!("{key}_km"),
        AttributeKind::CubicCentimetres => format!("{key}_cc"),
        _ => key.to_owned(),
    }
}

/// What a reply may say of an item in a list.
pub(super) fn facts(item: &Item, schema: &Schema) -> Vec<Fact> {
    let mut facts = vec![Fact::Code(item.code.clone()), Fact::Words(words::plain(&item.title, 120))];
    facts.extend(item.price.map(Fact::Money));
    for spec in &schema.attributes {
        match item.attributes.get(&spec.key) {
            Some(Attribute::Text(text)) => facts.push(Fact::Words(words::plain(text, 80))),
            Some(Attribute::Number(number)) => facts.push(match spec.kind {
                AttributeKind::Year => Fact::Year(i32::try_from(*number).unwrap_or_default()),
                AttributeKind::Kilometres => Fact::Kilometres(*number),
                AttributeKind::CubicCentimetres => Fact::CubicCentimetres(*number),
                _ => Fact::Count(*number),
            }),
            None => {}
        }
    }
    facts
}

/// What a reply may say of an item and its notes. Sentences of the notes that tell of money are left out: the price is what
/// the price says.
pub(super) fn full_facts(item: &Item, schema: &Schema) -> Vec<Fact> {
    let mut facts = facts(item, schema);
    let notes = item.notes.replace(['!', '?', ';'], "\n").replace(". ", "\n");
    let sentences = notes.lines().map(|line| words::plain(line, 2_000)).filter(|line| !line.is_empty());
    facts.extend(sentences.filter(|line| !tells_of_money(line)).map(Fact::Words));
    facts.push(Fact::Count(i64::try_from(item.photos.len()).unwrap_or_default()));
    facts
}

fn tells_of_money(sentence: &str) -> bool {
    const MONEY: [&str; 10] = ["rp", "idr", "usd", "juta", "jt", "miliar", "milyar", "ribu", "rb", "million"];
    let is_money = |word: &String| {
        let letters = word.trim_matches(|c: char| c.is_ascii_digit());
        MONEY.contains(&letters) || word.len() > 6 && word.bytes().all(|b| b.is_ascii_digit())
    };
    sentence.contains('$') || words::words(sentence).iter().any(is_money)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_written_as_in_indonesia() {
        for (amount, text) in [
            (0, "Rp0"),
            (999, "Rp999"),
            (1_000, "Rp1.000"),
            (150_000_000, "Rp150.000.000"),
            (-5_000, "-Rp5.000"),
        ] {
            assert_eq!(rupiah(amount), text);
        }
    }

    #[test]
    fn hazard_33_notes_cannot_bring_another_price() {
        for (sentence, money) in [
            ("Pajak hidup sampai 05-2027", false),
            ("jual cepat 1 juta", true),
            ("harga asli Rp1", true),
            ("only $1", true),
            ("harga 1000000 saja", true),
            ("servis di km 45.000", false),
        ] {
            assert_eq!(tells_of_money(sentence), money, "{sentence}");
        }
    }
}
