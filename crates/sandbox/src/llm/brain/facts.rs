//! What the results of tools say, whatever their shape.

use serde_json::{Map, Value};

/// How deep a result is looked into.
const MAX_DEPTH: usize = 6;

/// A car as a result tells it; everything is ready to be shown.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Car {
    pub(crate) code: Option<String>,
    pub(crate) title: String,
    pub(crate) price: Option<String>,
    /// The price as a number, for other tools.
    pub(crate) rupiah: Option<u64>,
    /// Year, distance, gears, colour.
    pub(crate) more: Vec<String>,
}

const CODE: &[&str] = &["code", "stock_code", "stock_number", "kode", "sku", "id"];
const TITLE: &[&str] = &["title", "label", "name", "nama", "unit"];
const PRICE_TEXT: &[&str] =
    &["price_text", "price_label", "price_display", "price_formatted", "formatted_price", "harga_text"];
const PRICE: &[&str] =
    &["price", "price_idr", "price_rp", "price_rupiah", "asking_price", "harga", "cash_price"];
const YEAR: &[&str] = &["year", "model_year", "tahun"];
const DISTANCE_TEXT: &[&str] = &["mileage_text", "km_text", "odometer_text"];
const DISTANCE: &[&str] = &["mileage_km", "mileage", "km", "odometer_km", "odometer", "kilometer"];
const GEARS: &[&str] = &["transmission_text", "transmission", "transmisi", "gearbox"];
const COLOUR: &[&str] = &["colour", "color", "warna"];

/// The first of these fields that has something in it.
pub(super) fn field<'a>(object: &'a Map<String, Value>, names: &[&str]) -> Option<&'a Value> {
    let filled =
        |value: &&Value| !value.is_null() && value.as_str().is_none_or(|text| !text.trim().is_empty());
    names.iter().filter_map(|name| object.get(*name)).find(filled)
}

/// A field as a text: a text or number as it is; of an object the text that it has ready.
pub(super) fn text(object: &Map<String, Value>, names: &[&str]) -> Option<String> {
    shown(field(object, names)?)
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()),
        Value::Number(number) => Some(number.to_string()),
        Value::Object(object) => text(object, &["text", "formatted", "display", "label", "name", "value"]),
        _ => None,
    }
}

/// A whole number: as such, as digits, or as the amount of an object.
fn number(value: &Value) -> Option<u64> {
    match value {
        Value::Number(number) => {
            number.as_u64().or_else(|| number.as_f64().filter(|n| *n >= 0.0 && *n < 1e15).map(|n| n as u64))
        }
        Value::String(text) => text.parse().ok(),
        Value::Object(object) => number(field(object, &["amount", "value", "rupiah", "idr", "km"])?),
        _ => None,
    }
}

/// Digits in groups of three.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push('.');
        }
        out.push(digit);
    }
    out
}

/// An amount: the text that is ready, or the number as rupiah.
pub(super) fn money(object: &Map<String, Value>, ready: &[&str], raw: &[&str]) -> Option<String> {
    if let Some(ready) = text(object, ready) {
        return Some(ready);
    }
    let value = field(object, raw)?;
    if let Some(ready) = value.as_object().and_then(|value| text(value, &["text", "formatted", "display"])) {
        return Some(ready);
    }
    match number(value) {
        Some(number) => Some(format!("Rp{}", grouped(number))),
        None => value.as_str().map(str::to_owned),
    }
}

/// The car that an object is, if it is one.
fn car(object: &Map<String, Value>) -> Option<Car> {
    let named: Vec<String> =
        [&["make", "brand", "merek"][..], &["model", "model_name"], &["variant", "trim", "tipe", "type"]]
            .iter()
            .filter_map(|names| text(object, names))
            .collect();
    let title = match text(object, TITLE) {
        Some(title) => title,
        None if object.contains_key("model") => named.join(" "),
        None => return None,
    };
    let price = money(object, PRICE_TEXT, PRICE);
    let year = text(object, YEAR);
    if price.is_none() && year.is_none() {
        return None;
    }
    let distance = text(object, DISTANCE_TEXT).or_else(|| {
        let value = field(object, DISTANCE)?;
        number(value).map(|km| format!("{} km", grouped(km))).or_else(|| shown(value))
    });
    let year = year.filter(|year| !title.contains(year.as_str()));
    let more = [year, distance, text(object, GEARS), text(object, COLOUR)];
    Some(Car {
        code: text(object, CODE),
        rupiah: field(object, PRICE).and_then(number),
        title,
        price,
        more: more.into_iter().flatten().collect(),
    })
}

/// All cars in a result, in its order.
pub(crate) fn cars(value: &Value) -> Vec<Car> {
    let mut found = Vec::new();
    collect(value, 0, &mut found);
    found
}

fn collect(value: &Value, depth: usize, found: &mut Vec<Car>) {
    if depth > MAX_DEPTH {
        return;
    }
    match value {
        Value::Array(list) => list.iter().for_each(|item| collect(item, depth + 1, found)),
        Value::Object(object) => match car(object) {
            Some(car) => found.push(car),
            None => object.values().for_each(|item| collect(item, depth + 1, found)),
        },
        _ => {}
    }
}

/// The object in which the fields stand: the result itself, or what it wraps in a well-known field.
pub(super) fn body(value: &Value) -> Option<&Map<String, Value>> {
    let object = match value {
        Value::Array(list) => list.first()?.as_object()?,
        other => other.as_object()?,
    };
    let inside = ["result", "data", "shop", "profile", "estimate", "booking", "visit", "car", "output"];
    let wrapped = inside.iter().find_map(|name| object.get(*name)).filter(|inner| inner.is_object());
    match wrapped {
        Some(inner) => inner.as_object(),
        None => Some(object),
    }
}

/// Whether a tool did what it was asked.
pub(super) fn succeeded(value: &Value) -> bool {
    let Some(object) = value.as_object() else {
        let text = value.as_str().unwrap_or_default().to_lowercase();
        return !["error", "unavailable", "invalid", "failed", "unknown tool", "not found"]
            .iter()
            .any(|word| text.contains(word));
    };
    let refused = ["ok", "success", "sent", "booked", "done", "recorded", "accepted"].iter().any(|name| {
        object.get(*name).is_some_and(|value| *value == Value::Bool(false) || value.as_u64() == Some(0))
    });
    let status = text(object, &["status", "outcome"]).unwrap_or_default().to_lowercase();
    let bad = ["error", "failed", "unavailable", "rejected", "invalid", "refused", "not_found"];
    !refused && field(object, &["error", "errors"]).is_none() && !bad.contains(&status.as_str())
}

/// Whether a tool refused because of its arguments, so that trying again makes sense.
pub(super) fn blames_arguments(value: &Value) -> bool {
    let text = value.to_string().to_lowercase();
    !succeeded(value)
        && ["argument", "schema", "invalid", "missing", "unknown tool", "no such tool", "json", "required"]
            .iter()
            .any(|word| text.contains(word))
}

/// Opening hours: a text, a list of texts, or days with their times.
pub(super) fn hours(value: &Value) -> Option<String> {
    match value {
        Value::Array(list) => {
            let said: Vec<String> = list.iter().filter_map(hours).collect();
            (!said.is_empty()).then(|| said.join(", "))
        }
        Value::Object(object) => {
            if let Some(ready) = text(object, &["text", "display", "formatted"]) {
                return Some(ready);
            }
            let day = text(object, &["day", "days", "hari"]);
            let open = text(object, &["open", "opens", "from", "buka"]);
            let close = text(object, &["close", "closes", "to", "tutup"]);
            if let (Some(open), Some(close)) = (open, close) {
                return Some(format!(
                    "{}{open}-{close}",
                    day.map(|day| format!("{day} ")).unwrap_or_default()
                ));
            }
            let said = object.iter().filter_map(|(day, times)| Some(format!("{day} {}", hours(times)?)));
            let said: Vec<String> = said.collect();
            (!said.is_empty()).then(|| said.join(", "))
        }
        other => shown(other),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn cars_are_found_in_any_shape() {
        let expected = vec![Car {
            code: Some("AVZ-021".into()),
            title: "Toyota Avanza G".into(),
            price: Some("Rp150.000.000".into()),
            rupiah: Some(150_000_000),
            more: vec!["2019".into(), "45.000 km".into(), "matic".into(), "hitam".into()],
        }];
        let car = json!({"code": "AVZ-021", "make": "Toyota", "model": "Avanza", "variant": "G", "year": 2019,
            "price": 150_000_000, "mileage_km": 45_000, "transmission": "matic", "colour": "hitam"});
        for shape in [
            json!({"cars": [car]}),
            json!({"items": [car], "total": 1}),
            json!([car]),
            car.clone(),
            json!({"data": {"results": [{"car": car}]}}),
        ] {
            assert_eq!(cars(&shape), expected, "{shape}");
        }
        let nested = json!({"items": [{"stock_code": "B1", "title": "Brio 2020", "year": 2020,
            "price": {"amount": 140_500_000, "text": "Rp140,5 juta"}, "mileage": "30 ribu km"}]});
        let brio = cars(&nested).remove(0);
        assert_eq!((brio.price.as_deref(), brio.rupiah), (Some("Rp140,5 juta"), Some(140_500_000)));
        assert_eq!(brio.more, ["30 ribu km"], "the year is in the title");
        assert_eq!(cars(&json!({"cars": [], "name": "Prima Mobil"})), []);
    }

    #[test]
    fn failures_are_seen() {
        let check = |value: Value, ok: bool, arguments: bool| {
            assert_eq!((succeeded(&value), blames_arguments(&value)), (ok, arguments), "{value}");
        };
        check(json!({"sent": 3}), true, false);
        check(json!({"sent": 0}), false, false);
        check(json!({"ok": false, "error": "unavailable"}), false, false);
        check(json!({"error": {"code": "invalid_arguments"}}), false, true);
        check(json!("error: unknown tool"), false, true);
        check(json!({"status": "booked"}), true, false);
        check(json!("unavailable"), false, false);
    }

    #[test]
    fn hours_come_in_many_shapes() {
        let check = |value: Value, expected: &str| assert_eq!(hours(&value).as_deref(), Some(expected));
        check(json!("Senin-Sabtu 08.00-17.00"), "Senin-Sabtu 08.00-17.00");
        check(json!([{"day": "Senin", "open": "08:00", "close": "17:00"}]), "Senin 08:00-17:00");
        check(json!({"mon": "08:00-17:00", "sun": "tutup"}), "mon 08:00-17:00, sun tutup");
    }
}
