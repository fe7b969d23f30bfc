//! Reading JSON that others write: missing, misspelt and surprising fields are `None`, never an error.

use serde_json::Value;
use wartel_core::Timestamp;

/// Reads a body as JSON; a byte order mark before it is passed over.
pub(super) fn parse(body: &[u8]) -> Option<Value> {
    serde_json::from_slice(body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)).ok()
}

/// The value at a path of keys, such as `["error", "code"]`. `null` counts as missing.
pub(super) fn at<'v>(value: &'v Value, path: &[&str]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, key| value.get(key)).filter(|value| !value.is_null())
}

/// A text at a path, without the white space around it; an empty one counts as missing.
pub(super) fn text<'v>(value: &'v Value, path: &[&str]) -> Option<&'v str> {
    at(value, path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
}

/// A text or a number at a path, as text; an empty one counts as missing.
pub(super) fn scalar(value: &Value, path: &[&str]) -> Option<String> {
    as_scalar(at(value, path)?)
}

/// A text or a number as text, without the white space around it; an empty one counts as missing.
pub(super) fn as_scalar(value: &Value) -> Option<String> {
    let text = match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    (!text.is_empty()).then_some(text)
}

/// A whole number at a path, written as a number or as text.
pub(super) fn number(value: &Value, path: &[&str]) -> Option<i64> {
    match at(value, path)? {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Whether there is `true` at a path. A missing one is false.
pub(super) fn flag(value: &Value, path: &[&str]) -> bool {
    at(value, path).and_then(Value::as_bool).unwrap_or(false)
}

/// Degrees at a path, written as a number or as text, times 10⁶. `None` beyond 180.
pub(super) fn micro_degrees(value: &Value, path: &[&str]) -> Option<i64> {
    let degrees: f64 = scalar(value, path)?.parse().ok()?;
    // Casts saturate, and what is no number becomes 0: the range is looked at first.
    (-180.0..=180.0).contains(&degrees).then_some((degrees * 1e6).round() as i64)
}

/// What stands in the place of a secret.
pub(super) const HIDDEN: &str = "•••";

/// Puts [`HIDDEN`] in the place of a value. Answers whether that changed anything; of what is missing, `null` or hidden
/// already, nothing is left to hide.
pub(super) fn hide(value: Option<&mut Value>) -> bool {
    match value {
        Some(value) if !value.is_null() && *value != HIDDEN => {
            *value = HIDDEN.into();
            true
        }
        _ => false,
    }
}

/// The items of a list at a path; none if there is no list.
pub(super) fn items<'v>(value: &'v Value, path: &[&str]) -> &'v [Value] {
    at(value, path).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// An id that may be logged: letters, digits and a few signs, at most 80 characters.
pub(super) fn loggable_id(id: &str) -> Option<String> {
    let fits =
        (1..=80).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.:".contains(&b));
    fits.then(|| id.to_owned())
}

/// Unix time in seconds, or in milliseconds where the number is too large for seconds. Instants before 2001 or after 2100
/// are no news of ours.
pub(super) fn unix_instant(number: i64) -> Option<Timestamp> {
    let milliseconds = number >= 100_000_000_000;
    let seconds = if milliseconds { number / 1_000 } else { number };
    (1_000_000_000..4_102_444_800)
        .contains(&seconds)
        .then(|| Timestamp::from_micros(number.saturating_mul(if milliseconds { 1_000 } else { 1_000_000 })))
}

/// Unix time at a path, as [`unix_instant`] reads it, written as a number or as text. A fraction of a second is dropped.
pub(super) fn unix_at(value: &Value, path: &[&str]) -> Option<Timestamp> {
    let fraction = || Some(at(value, path)?.as_f64()?.trunc() as i64);
    number(value, path).or_else(fraction).and_then(unix_instant)
}

/// An instant in the form of RFC 3339 (`2026-11-20T08:00:00.5+07:00`) at a path.
pub(super) fn rfc3339_at(value: &Value, path: &[&str]) -> Option<Timestamp> {
    let instant: jiff::Timestamp = text(value, path)?.parse().ok()?;
    Some(Timestamp::from_micros(instant.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn surprising_fields_are_missing_ones() {
        let value = json!({"a": {"b": " x ", "n": "7", "m": 8, "e": "  ", "z": null, "t": true, "l": [1]}});
        assert_eq!(text(&value, &["a", "b"]), Some("x"));
        assert_eq!((number(&value, &["a", "n"]), number(&value, &["a", "m"])), (Some(7), Some(8)));
        assert_eq!(scalar(&value, &["a", "m"]).as_deref(), Some("8"));
        assert!(flag(&value, &["a", "t"]) && !flag(&value, &["a", "b"]) && !flag(&value, &["x"]));
        assert_eq!(items(&value, &["a", "l"]).len(), 1);
        for missing in ["e", "z", "t", "l", "no"] {
            assert_eq!(text(&value, &["a", missing]), None, "{missing}");
        }
        assert!(items(&value, &["a", "b"]).is_empty() && at(&value, &["a", "b", "c"]).is_none());
        assert_eq!(parse(b"\xEF\xBB\xBF{}"), Some(json!({})));
        assert_eq!(parse(b"<html>"), None);
    }

    #[test]
    fn instants_are_read_in_every_unit() {
        let expected = Some(Timestamp::from_micros(1_790_000_000_000_000));
        let value = json!({"s": 1_790_000_000, "t": "1790000000", "ms": 1_790_000_000_000_i64,
                           "iso": "2026-09-21T20:53:20+07:00", "bad": 17, "words": "soon",
                           "part": 1_790_000_000.75, "far": 1e300});
        for key in ["s", "t", "ms", "part"] {
            assert_eq!(unix_at(&value, &[key]), expected, "{key}");
        }
        assert_eq!(rfc3339_at(&value, &["iso"]), Some(Timestamp::from_micros(1_789_998_800_000_000)));
        assert_eq!(unix_at(&value, &["bad"]), None);
        assert_eq!(unix_at(&value, &["far"]), None);
        assert_eq!(rfc3339_at(&value, &["words"]), None);
    }

    #[test]
    fn places_are_read_as_numbers_and_as_text() {
        let value = json!({"n": -6.2088, "t": " 106.8456", "far": 181, "nan": "NaN", "words": "east"});
        assert_eq!(micro_degrees(&value, &["n"]), Some(-6_208_800));
        assert_eq!(micro_degrees(&value, &["t"]), Some(106_845_600));
        for bad in ["far", "nan", "words", "no"] {
            assert_eq!(micro_degrees(&value, &[bad]), None, "{bad}");
        }
    }

    #[test]
    fn only_plain_ids_are_logged() {
        assert_eq!(loggable_id("3EB0-ab_1.2:3").as_deref(), Some("3EB0-ab_1.2:3"));
        for bad in ["", "a b", "+62", "é", &"a".repeat(81)] {
            assert_eq!(loggable_id(bad), None, "{bad}");
        }
    }
}
