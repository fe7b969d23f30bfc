//! Reads what a model writes as arguments, with patience for how small models write.

use schemars::JsonSchema;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::tool::ToolError;

/// Reads arguments. The hint repeats nothing that the model has written, as that may be the customer's words.
pub(super) fn read<A: DeserializeOwned>(arguments: Value, hint: &str) -> Result<A, ToolError> {
    let arguments = match arguments {
        Value::Null => Value::Object(serde_json::Map::new()),
        // Some models write the object as a text.
        Value::String(text) if text.trim().is_empty() => Value::Object(serde_json::Map::new()),
        Value::String(text) => serde_json::from_str(&text).map_err(|_| ToolError::invalid(hint))?,
        other => other,
    };
    if !arguments.is_object() {
        return Err(ToolError::invalid(hint));
    }
    serde_json::from_value(arguments).map_err(|_| ToolError::invalid(hint))
}

/// A whole number, also if it is written as `"150000000"`, `"Rp 150.000.000"` or `1.5e8`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, JsonSchema)]
#[schemars(transparent)]
pub(super) struct Whole(pub(super) i64);

impl<'de> Deserialize<'de> for Whole {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use serde::de::Error as _;
        let wrong = || D::Error::custom("not a whole number");
        match Value::deserialize(deserializer)? {
            Value::Number(number) => number.as_i64().or_else(|| whole(number.as_f64()?)),
            Value::String(text) => crate::catalogue::read_amount(&text),
            _ => None,
        }
        .map(Self)
        .ok_or_else(wrong)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "bounded, and without a fraction")]
fn whole(number: f64) -> Option<i64> {
    (number.fract() == 0.0 && number.abs() < 9e15).then_some(number as i64)
}

/// A text that is not empty; models write `""` for what was not told.
pub(super) fn told(text: Option<String>, most: usize) -> Option<String> {
    text.map(|text| crate::words::plain(&text, most)).filter(|text| !text.is_empty())
}
