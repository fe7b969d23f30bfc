//! From the words of `/stok tambah` to an item.

use wartel_core::{TenantId, Timestamp};

use super::command::NewItem;
use super::parse::price;
use crate::catalogue::{AttributeKind, Item, ItemProblem, Schema, put_named};
use crate::words;

/// Why no item was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Problem {
    /// There is no such key; it is bounded and has nothing hidden.
    Key(String),
    /// The value of this key cannot be read.
    Value(String),
    /// The same key twice.
    Twice(String),
    Price,
    Item(ItemProblem),
}

/// Makes an item that can be bought, and checks it.
pub(super) fn make(
    tenant: &TenantId,
    new: &NewItem,
    schema: &Schema,
    now: Timestamp,
) -> Result<Item, Problem> {
    let mut item = Item::new(tenant.clone(), new.code.to_ascii_uppercase(), words::plain(&new.title, 1_000));
    item.updated_at = now;
    let year = new.year.as_ref().map(|year| ("year".to_owned(), year.clone()));
    let mut seen: Vec<String> = Vec::new();
    for (name, value) in year.iter().chain(&new.values) {
        let shown = words::plain(name, 40);
        let key = key_of(name, schema);
        if seen.contains(&key) {
            return Err(Problem::Twice(shown));
        }
        if matches!(key.as_str(), "harga" | "price") {
            item.price = Some(price(value).ok_or(Problem::Price)?);
        } else {
            match put_named(&mut item, &key, value.trim(), schema) {
                None => return Err(Problem::Key(shown)),
                Some(Err(_)) => return Err(Problem::Value(shown)),
                Some(Ok(())) => {}
            }
        }
        seen.push(key);
    }
    item.check(schema).map_err(Problem::Item)?;
    Ok(item)
}

/// The key as the schema has it; units stand for the attribute that is counted in them.
fn key_of(name: &str, schema: &Schema) -> String {
    let of_kind = |kind: &AttributeKind| schema.attributes.iter().find(|spec| spec.kind == *kind);
    let by_unit = match name {
        "km" => of_kind(&AttributeKind::Kilometres),
        "cc" => of_kind(&AttributeKind::CubicCentimetres),
        "year" | "tahun" => of_kind(&AttributeKind::Year),
        _ => schema.attributes.iter().find(|spec| {
            let name = words::words(name);
            [&spec.key, &spec.labels.0, &spec.labels.1].into_iter().any(|known| words::words(known) == name)
        }),
    };
    by_unit.map_or_else(|| name.to_owned(), |spec| spec.key.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    fn add(code: &str, title: &str, year: Option<&str>, values: &[(&str, &str)]) -> Result<Item, Problem> {
        let new = NewItem {
            code: code.to_owned(),
            title: title.to_owned(),
            year: year.map(str::to_owned),
            values: values.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect(),
        };
        make(&TenantId::default(), &new, &Schema::cars(), T0)
    }

    #[test]
    fn items_as_people_write_them() {
        let values =
            [("harga", "165jt"), ("km", "45rb"), ("transmisi", "MT"), ("warna", "putih"), ("cc", "1.3")];
        let mut expected = Item::new(TenantId::default(), "AV-013", "Toyota Avanza 1.3 G")
            .with_price(165_000_000)
            .with_number("year", 2019)
            .with_number("mileage", 45_000)
            .with_number("engine", 1_300)
            .with_text("transmission", "manual")
            .with_text("colour", "putih");
        expected.updated_at = T0;
        assert_eq!(add("av-013", "Toyota Avanza\u{200b} 1.3 G", Some("2019"), &values), Ok(expected));
    }

    #[test]
    fn what_is_wrong_is_said() {
        let text = |text: &str| text.to_owned();
        for (values, problem) in [
            (&[("harga", "165")][..], Problem::Price),
            (&[("harga", "murah")], Problem::Price),
            (&[("pintu", "4")], Problem::Key(text("pintu"))),
            (&[("km", "banyak")], Problem::Value(text("km"))),
            (&[("km", "1rb"), ("mileage", "2rb")], Problem::Twice(text("mileage"))),
            (&[("tahun", "2020")], Problem::Twice(text("tahun"))),
        ] {
            assert_eq!(add("A-1", "Avanza", Some("2019"), values), Err(problem), "{values:?}");
        }
        assert_eq!(add("A", "Avanza", None, &[]), Err(Problem::Item(ItemProblem::Code)));
        assert_eq!(add("A-1", " ", None, &[]), Err(Problem::Item(ItemProblem::Title)));
        let misfit = add("A-1", "Avanza", None, &[("transmisi", "robot")]);
        assert!(
            matches!(misfit, Err(Problem::Item(ItemProblem::Attribute { key, .. })) if key == "transmission")
        );
    }
}
