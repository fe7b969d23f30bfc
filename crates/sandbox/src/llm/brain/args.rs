//! The arguments of a tool, filled in by the names and types of its JSON schema.

use serde_json::{Map, Value};

use super::wish::Wish;
use super::words;
use crate::llm::prompt::ToolSpec;

/// Longest text in an argument, in characters.
const MAX_TEXT: usize = 300;

/// What there is to fill in.
#[derive(Debug, Clone, Copy)]
pub(super) struct Given<'a> {
    pub(super) wish: &'a Wish,
    /// The code of the car that is meant.
    pub(super) code: Option<&'a str>,
    /// Its price in rupiah.
    pub(super) price: Option<u64>,
}

enum Slot {
    Number(u64),
    Text(String),
}

fn properties(schema: &Value) -> Option<&Map<String, Value>> {
    schema.get("properties")?.as_object()
}

fn required(schema: &Value, name: &str) -> bool {
    let list = schema.get("required").and_then(Value::as_array);
    list.is_some_and(|list| list.iter().any(|item| item.as_str() == Some(name)))
}

/// Whether a field is the code of a car.
fn is_code(name: &str) -> bool {
    let exact = ["id", "ids", "car", "cars", "code", "codes", "unit", "listing"];
    exact.contains(&name)
        || ["code", "car_id", "stock_id", "vehicle_id", "unit_id", "kode"]
            .iter()
            .any(|word| name.contains(word))
}

/// Whether a tool cannot be called without the code of a car.
pub(super) fn needs_code(tool: &ToolSpec) -> bool {
    let Some(properties) = properties(&tool.schema) else { return false };
    properties.keys().any(|name| is_code(&name.to_lowercase()) && required(&tool.schema, name))
}

/// The schema of a field without its references and alternatives.
fn resolved<'a>(schema: &'a Value, field: &'a Value) -> &'a Value {
    let mut field = field;
    // A schema that refers to itself ends here too.
    for _ in 0..4 {
        let target = field.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#'));
        let either = ["anyOf", "oneOf", "allOf"].iter().find_map(|name| field.get(*name)?.as_array());
        let not_null = |option: &&Value| option.get("type").and_then(Value::as_str) != Some("null");
        match (target, either) {
            (Some(pointer), _) => match schema.pointer(pointer) {
                Some(found) => field = found,
                None => break,
            },
            (None, Some(options)) if options.iter().all(|option| option.get("const").is_some()) => break,
            (None, Some(options)) => match options.iter().find(not_null) {
                Some(found) => field = found,
                None => break,
            },
            (None, None) => break,
        }
    }
    field
}

/// The arguments with which a tool is called.
pub(super) fn arguments(tool: &ToolSpec, given: Given<'_>) -> Value {
    let mut arguments = Map::new();
    for (name, field) in properties(&tool.schema).into_iter().flatten() {
        let field = resolved(&tool.schema, field);
        let value = slot(&name.to_lowercase(), tool, given).and_then(|slot| fitted(&slot, name, field));
        match value {
            Some(value) => {
                arguments.insert(name.clone(), value);
            }
            None if required(&tool.schema, name) => {
                arguments.insert(name.clone(), default(field, given.wish));
            }
            None => {}
        }
    }
    arguments.into()
}

fn slot(name: &str, tool: &ToolSpec, given: Given<'_>) -> Option<Slot> {
    let wish = given.wish;
    let has = |words: &[&str]| words.iter().any(|word| name.contains(word));
    let is = |words: &[&str]| words.contains(&name);
    let text = |text: &str| Some(Slot::Text(text.chars().take(MAX_TEXT).collect()));
    let number = |number: Option<u64>| number.map(Slot::Number);
    let criteria = &wish.criteria;
    if has(&["tenant", "shop", "customer_id", "phone"]) {
        return None;
    }
    if is_code(name) {
        return given.code.and_then(text);
    }
    if is(&["dp"]) || has(&["down_payment", "downpayment", "uang_muka", "dp_"]) {
        return number(wish.down_payment);
    }
    if has(&["tenor", "months", "bulan", "term"]) {
        return number(wish.months.map(|months| if name.contains("year") { months / 12 } else { months }));
    }
    if has(&["price", "budget", "harga"]) {
        if has(&["min", "from", "lower"]) {
            return number(criteria.min_price);
        }
        if has(&["max", "to", "upper", "budget"]) {
            return number(criteria.max_price);
        }
        return number(given.price.or(criteria.max_price));
    }
    if has(&["year", "tahun"]) {
        if has(&["min", "from"]) {
            return number(criteria.min_year.or(criteria.year));
        }
        if has(&["max", "to"]) {
            return number(criteria.max_year.or(criteria.year));
        }
        return number(criteria.year);
    }
    if has(&["make", "brand", "merek"]) {
        return criteria.make.and_then(text);
    }
    if has(&["model"]) {
        return criteria.model.and_then(text);
    }
    if has(&["transmission", "gearbox", "transmisi"]) {
        return criteria.automatic.and_then(|automatic| text(if automatic { "automatic" } else { "manual" }));
    }
    if has(&["colour", "color", "warna"]) {
        return criteria.colour.and_then(|(id, _)| text(id));
    }
    if has(&["query", "keyword", "search"]) || is(&["q", "text", "words"]) {
        return Some(criteria.words()).filter(|words| !words.is_empty()).and_then(|words| text(&words));
    }
    if has(&["payment", "bayar"]) {
        return wish.payment.and_then(text);
    }
    if has(&["timeline", "when_to_buy"]) {
        return wish.timeline.as_deref().and_then(text);
    }
    if has(&["name", "nama"]) {
        return wish.name.as_deref().and_then(text);
    }
    let both = wish.date.as_ref().zip(wish.time.as_ref());
    if has(&["datetime", "when", "start", "slot", "schedule", "_at", "waktu"]) || is(&["at"]) {
        return match both {
            // The wall clock of western Indonesia, where most shops are.
            Some((date, time)) => text(&format!("{date}T{time}:00+07:00")),
            None => wish.date.as_deref().and_then(text),
        };
    }
    if has(&["date", "tanggal", "day"]) {
        return wish.date.as_deref().and_then(text);
    }
    if has(&["time", "jam", "hour"]) {
        return wish.time.as_deref().and_then(text);
    }
    let free =
        ["reason", "summary", "note", "need", "interest", "message", "topic", "detail", "catatan", "alasan"];
    (has(&free) && !tool.name.contains("search")).then(|| text(&wish.text)).flatten()
}

/// The type of a field; of several the first that is not null.
fn kind(field: &Value) -> &str {
    match field.get("type") {
        Some(Value::String(kind)) => kind,
        Some(Value::Array(kinds)) => {
            kinds.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap_or("string")
        }
        _ => "string",
    }
}

/// The words of which a field takes one, as `enum` or as several `const`s; none if it takes any.
fn allowed(field: &Value) -> Vec<&Value> {
    if let Some(words) = field.get("enum").and_then(Value::as_array) {
        return words.iter().collect();
    }
    let options = ["oneOf", "anyOf"].iter().find_map(|name| field.get(*name)?.as_array());
    options.into_iter().flatten().filter_map(|option| option.get("const")).collect()
}

/// What stands in a slot in the type of its field; `None` if it does not fit.
fn fitted(slot: &Slot, name: &str, field: &Value) -> Option<Value> {
    let words = allowed(field);
    if !words.is_empty() {
        let Slot::Text(said) = slot else { return None };
        let found = words.iter().find(|word| word.as_str().is_some_and(|word| same(word, said)));
        return found.map(|word| (*word).clone());
    }
    let about = field.get("description").and_then(Value::as_str).unwrap_or_default().to_lowercase();
    let millions = name.contains("juta") || about.contains("in million") || about.contains("dalam juta");
    match (kind(field), slot) {
        ("integer" | "number", Slot::Number(number)) => {
            Some(if millions { number / 1_000_000 } else { *number }.into())
        }
        ("integer" | "number", Slot::Text(text)) => text.parse::<u64>().ok().map(Value::from),
        ("string", Slot::Number(number)) => Some(number.to_string().into()),
        ("string", Slot::Text(text)) => Some(text.clone().into()),
        ("array", slot) => {
            let empty = Value::Null;
            let item = fitted(slot, name, field.get("items").unwrap_or(&empty))?;
            Some(Value::Array(vec![item]))
        }
        _ => None,
    }
}

/// Whether two words mean the same gearbox or are the same.
fn same(word: &str, said: &str) -> bool {
    const AUTOMATIC: [&str; 5] = ["automatic", "auto", "at", "matic", "otomatis"];
    const MANUAL: [&str; 2] = ["manual", "mt"];
    let (word, said) = (word.to_lowercase(), said.to_lowercase());
    let both = |words: &[&str]| words.contains(&word.as_str()) && words.contains(&said.as_str());
    word == said || both(&AUTOMATIC) || both(&MANUAL)
}

/// Something for a field that must be there, when nothing was said.
fn default(field: &Value, wish: &Wish) -> Value {
    let said = words::plain(&wish.text);
    let named = |word: &&&Value| {
        word.as_str().is_some_and(|word| said.contains(&words::plain(&word.replace('_', " "))))
    };
    let choices = allowed(field);
    if let Some(first) = choices.iter().find(named).or_else(|| choices.first()) {
        return (*first).clone();
    }
    match kind(field) {
        "integer" | "number" => field.get("minimum").cloned().unwrap_or_else(|| 1.into()),
        "boolean" => false.into(),
        "array" => Value::Array(Vec::new()),
        "object" => Value::Object(Map::new()),
        _ => wish.text.chars().take(MAX_TEXT).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn filled(text: &str, code: Option<&str>, schema: Value) -> Value {
        let tool = ToolSpec { name: "tool".into(), schema };
        let wish = Wish::of(text, crate::llm::brain::when::parse_day("2026-12-01").unwrap());
        arguments(&tool, Given { wish: &wish, code, price: Some(150_000_000) })
    }

    #[test]
    fn fields_are_filled_by_name_and_type() {
        let schema = json!({"type": "object", "properties": {
            "query": {"type": "string"}, "make": {"type": ["string", "null"]}, "model": {"type": "string"},
            "max_price": {"anyOf": [{"type": "integer"}, {"type": "null"}]}, "min_price": {"type": "integer"},
            "year_min": {"$ref": "#/$defs/Year"}, "transmission": {"type": "string", "enum": ["manual", "matic"]},
            "limit": {"type": "integer"}, "tenant_id": {"type": "string"}},
            "$defs": {"Year": {"type": "integer"}}});
        let filled_in = filled("avanza matic 2018 ke atas di bawah 150 juta", None, schema);
        let expected = json!({"query": "Toyota Avanza matic", "make": "Toyota", "model": "Avanza",
            "max_price": 150_000_000, "year_min": 2018, "transmission": "matic"});
        assert_eq!(filled_in, expected);
    }

    #[test]
    fn what_is_required_is_there() {
        let schema = json!({"type": "object", "required": ["kind", "count", "reason"], "properties": {
            "kind": {"type": "string", "enum": ["a", "b"]}, "count": {"type": "integer", "minimum": 3},
            "reason": {"type": "string"}, "loud": {"type": "boolean"}}});
        assert_eq!(filled("tolong", None, schema), json!({"kind": "a", "count": 3, "reason": "tolong"}));
        let codes = json!({"type": "object", "properties": {"codes": {"type": "array", "items": {"type": "string"}}}});
        assert_eq!(filled("foto", Some("AVZ-021"), codes), json!({"codes": ["AVZ-021"]}));
        let visit = json!({"type": "object", "properties": {"when": {"type": "string"}, "date": {"type": "string"},
            "time": {"type": "string"}}});
        let expected = json!({"when": "2026-12-02T10:00:00+07:00", "date": "2026-12-02", "time": "10:00"});
        assert_eq!(filled("besok jam 10", None, visit), expected);
        let credit = json!({"type": "object", "properties": {"price_juta": {"type": "integer"},
            "down_payment": {"type": "integer"}, "tenor_years": {"type": "integer"}}});
        let expected = json!({"price_juta": 150, "down_payment": 20_000_000, "tenor_years": 3});
        assert_eq!(filled("kredit dp 20jt 3 tahun", None, credit), expected);
    }

    #[test]
    fn one_of_several_words_is_chosen_however_the_schema_names_them() {
        let schema = json!({"type": "object", "required": ["kind"], "properties": {
            "kind": {"oneOf": [{"const": "visit", "type": "string"}, {"const": "test_drive", "type": "string"}]},
            "payment": {"type": ["string", "null"]}, "timeline": {"type": ["string", "null"]}}});
        assert_eq!(filled("besok bisa test drive?", None, schema.clone())["kind"], "test_drive");
        let told = filled("mau lihat unitnya, bayar tunai minggu ini", None, schema);
        assert_eq!(told, json!({"kind": "visit", "payment": "cash", "timeline": "minggu ini"}));
    }
}
