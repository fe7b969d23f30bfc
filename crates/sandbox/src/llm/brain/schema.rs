//! An answer in the form of a JSON schema.

use serde_json::{Map, Value, json};

/// How deep a schema is followed.
const MAX_DEPTH: usize = 6;

/// JSON of this schema that holds the text where a text belongs, and the goal where one of several words is asked for.
pub(super) fn filled(schema: &Value, text: &str, goal: &str) -> Value {
    fill(schema, schema, text, goal, 0)
}

/// An object for a model that was asked for JSON without a schema.
pub(super) fn object(text: &str) -> Value {
    json!({"reply": text})
}

fn fill(root: &Value, schema: &Value, text: &str, goal: &str, depth: usize) -> Value {
    if depth > MAX_DEPTH {
        return Value::Null;
    }
    let next = |schema: &Value| fill(root, schema, text, goal, depth + 1);
    if let Some(pointer) = schema.get("$ref").and_then(Value::as_str).and_then(|to| to.strip_prefix('#')) {
        return root.pointer(pointer).map(next).unwrap_or_default();
    }
    if let Some(value) = schema.get("const") {
        return value.clone();
    }
    if let Some(words) = schema.get("enum").and_then(Value::as_array) {
        let like =
            words.iter().find(|word| word.as_str().is_some_and(|word| word.to_lowercase().contains(goal)));
        return like.or_else(|| words.first()).cloned().unwrap_or_default();
    }
    for name in ["anyOf", "oneOf", "allOf"] {
        if let Some(first) = schema.get(name).and_then(|options| options.get(0)) {
            return next(first);
        }
    }
    let kind = match schema.get("type") {
        Some(Value::Array(kinds)) => kinds.first().and_then(Value::as_str),
        other => other.and_then(Value::as_str),
    };
    match kind {
        Some("object") => {
            let properties = schema.get("properties").and_then(Value::as_object);
            let fields = properties.into_iter().flatten().map(|(name, field)| (name.clone(), next(field)));
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Some("array") => match (schema.get("minItems").and_then(Value::as_u64), schema.get("items")) {
            (Some(1..), Some(items)) => Value::Array(vec![next(items)]),
            _ => Value::Array(Vec::new()),
        },
        Some("integer" | "number") => schema.get("minimum").cloned().unwrap_or_else(|| json!(0)),
        Some("boolean") => json!(false),
        Some("null") => Value::Null,
        _ => json!(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_field_has_its_type() {
        let schema = json!({"type": "object", "properties": {
            "reply": {"type": "string"}, "intent": {"type": "string", "enum": ["other", "search_stock"]},
            "sure": {"type": "boolean"}, "score": {"$ref": "#/$defs/Score"},
            "tags": {"type": "array", "items": {"type": "string"}}},
            "$defs": {"Score": {"type": "integer", "minimum": 1}}});
        let expected =
            json!({"reply": "Halo", "intent": "search_stock", "sure": false, "score": 1, "tags": []});
        assert_eq!(filled(&schema, "Halo", "search"), expected);
        let endless = json!({"$ref": "#"});
        assert_eq!(filled(&endless, "x", "search"), Value::Null);
    }
}
