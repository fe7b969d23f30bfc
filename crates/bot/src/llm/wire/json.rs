//! Reading JSON that others write: missing, misspelt and surprising fields are `None`, never an error.

use serde_json::Value;

/// Reads a body as JSON; a byte order mark before it is passed over.
pub(in crate::llm) fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)).ok()
}

/// The value at a path of keys, such as `["error", "code"]`. `null` counts as missing.
pub(in crate::llm) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// A text at a path, as it is; an empty one counts as missing.
pub(in crate::llm) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str().filter(|text| !text.is_empty())
}

/// A text or a whole number at a path, as text; an empty one counts as missing.
pub(in crate::llm) fn scalar(value: &Value, path: &[&str]) -> Option<String> {
    let text = match at(value, path)? {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A whole number at a path.
pub(in crate::llm) fn count(value: &Value, path: &[&str]) -> Option<u64> {
    at(value, path)?.as_u64()
}

/// The items of a list at a path; none if there is no list.
pub(in crate::llm) fn items<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An id that may be logged: letters, digits and a few signs, at most 80 characters.
pub(in crate::llm) fn loggable_id(id: &str) -> Option<String> {
    let fits =
        (1..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    fits.then(|| id.to_owned())
}
