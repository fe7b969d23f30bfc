//! Calls as servers deliver them, with their known defects mended or left for the model to be told.

use std::collections::HashSet;

use serde_json::Value;

use crate::llm::arguments::has_call_markup;
use crate::llm::{LlmRequest, ToolCall};

/// The most calls that one answer may hold; what comes after them is left out.
const MAX_CALLS: usize = 128;
/// The longest name that is kept.
const MAX_NAME: usize = 128;

/// A call as it stands in an answer, or as it was put together from the pieces of a stream.
#[derive(Default)]
pub(in crate::llm) struct RawCall {
    /// The place that the server gave it.
    pub(in crate::llm) index: Option<u64>,
    /// The server's id.
    pub(in crate::llm) id: Option<String>,
    /// Which tool.
    pub(in crate::llm) name: String,
    /// The arguments as text.
    pub(in crate::llm) arguments: String,
}

impl RawCall {
    /// The arguments of a field that may be a text, an object, or missing.
    pub(in crate::llm) fn arguments_of(value: Option<&Value>) -> String {
        match value {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(other) => other.to_string(),
        }
    }
}

/// The calls of an answer, with ids that are unique in it.
///
/// - No arguments are an empty object.
/// - Several objects in a row were meant as several calls of the same tool; the same object twice is one call.
/// - JSON within a JSON text is unpacked.
/// - Markup in a name or in arguments cannot be mended safely: the call stays, with arguments that are no JSON, so that
///   the model is told.
pub(super) fn mend(raw: Vec<RawCall>, request: &LlmRequest) -> Vec<ToolCall> {
    let mut calls: Vec<ToolCall> = Vec::new();
    let mut ids = HashSet::new();
    for call in raw {
        let (name, arguments) = split_name(&call.name, &call.arguments);
        for arguments in mend_arguments(&arguments) {
            if calls.len() == MAX_CALLS {
                return calls;
            }
            let made_up = || {
                let plain = request.request_id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-');
                format!("call_{}_{}", plain.take(64).collect::<String>(), calls.len())
            };
            let told = call.id.as_deref().map(str::trim).filter(|id| (1..=128).contains(&id.len()));
            let mut id = told.map_or_else(made_up, ToOwned::to_owned);
            while !ids.insert(id.clone()) {
                id = format!("{id}_{}", calls.len());
            }
            calls.push(ToolCall { id, name: name.clone(), arguments });
        }
    }
    calls
}

/// Markup that stands in a name belongs to the arguments.
fn split_name(name: &str, arguments: &str) -> (String, String) {
    let (plain, rest) = name.split_at(name.find('<').unwrap_or(name.len()));
    let plain: String = plain.trim().chars().take(MAX_NAME).collect();
    if rest.is_empty() { (plain, arguments.to_owned()) } else { (plain, format!("{rest}{arguments}")) }
}

fn mend_arguments(text: &str) -> Vec<String> {
    let text = text.trim();
    if text.is_empty() || text == "null" {
        return vec!["{}".to_owned()];
    }
    if has_call_markup(text) {
        return vec![text.to_owned()];
    }
    let values: Result<Vec<Value>, _> = serde_json::Deserializer::from_str(text).into_iter().collect();
    match values.as_deref() {
        Ok([Value::String(inner)]) if is_object(inner) => vec![inner.trim().to_owned()],
        Ok(values) if values.len() > 1 && values.iter().all(Value::is_object) => {
            let mut different: Vec<&Value> = Vec::new();
            for value in values {
                if !different.contains(&value) {
                    different.push(value);
                }
            }
            different.iter().map(ToString::to_string).collect()
        }
        _ => vec![text.to_owned()],
    }
}

fn is_object(text: &str) -> bool {
    matches!(serde_json::from_str(text), Ok(Value::Object(_)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::{ArgumentsError, LlmMessage};

    fn mended(raw: Vec<(Option<&str>, &str, &str)>) -> Vec<ToolCall> {
        let request = LlmRequest::new("", vec![LlmMessage::user("halo")], "turn-1");
        let raw = raw.into_iter().map(|(id, name, arguments)| RawCall {
            index: None,
            id: id.map(ToOwned::to_owned),
            name: name.into(),
            arguments: arguments.into(),
        });
        mend(raw.collect(), &request)
    }

    #[test]
    fn hazard_28_arguments_that_can_be_mended_are() {
        for (arguments, expected) in [
            ("", vec!["{}"]),
            ("  ", vec!["{}"]),
            ("null", vec!["{}"]),
            (r#"{"a":1}"#, vec![r#"{"a":1}"#]),
            (r#"{"a":1}{"a":2}"#, vec![r#"{"a":1}"#, r#"{"a":2}"#]),
            (r#"{"a":1}{"a":1}"#, vec![r#"{"a":1}"#]),
            (r#""{\"a\":1}""#, vec![r#"{"a":1}"#]),
            (r#"{"a":"#, vec![r#"{"a":"#]),
            (r#"{"a":1}{"a":"#, vec![r#"{"a":1}{"a":"#]),
            ("[1]", vec!["[1]"]),
        ] {
            let found = mended(vec![(Some("x"), "search", arguments)]);
            let found: Vec<_> = found.iter().map(|call| call.arguments.as_str()).collect();
            assert_eq!(found, expected, "{arguments}");
        }
    }

    #[test]
    fn hazard_28_markup_stays_an_error_of_that_call_alone() {
        let calls = mended(vec![
            (Some("a"), "search<arg_key>make</arg_key><arg_value>Toyota", "{}"),
            (Some("b"), "search", r#"{"make":"Toyota</arg_value>"}"#),
            (Some("c"), "search", r#"{"make":"Toyota"}"#),
        ]);
        assert_eq!(calls[0].name, "search");
        assert_eq!(calls[0].parsed_arguments(), Err(ArgumentsError::Markup));
        assert_eq!(calls[1].parsed_arguments(), Err(ArgumentsError::Markup));
        assert_eq!(calls[2].parsed_arguments().unwrap().len(), 1);
    }

    #[test]
    fn hazard_28_ids_are_unique_and_never_missing() {
        let calls = mended(vec![
            (Some("a"), "x", "{}"),
            (Some("a"), "x", "{}"),
            (None, "x", "{}"),
            (Some(" "), "x", r#"{"a":1}{"a":2}"#),
        ]);
        let ids: HashSet<_> = calls.iter().map(|call| call.id.as_str()).collect();
        assert_eq!(ids.len(), 5, "{ids:?}");
        assert!(ids.contains("call_turn-1_2"), "{ids:?}");
        let many = mended((0..300).map(|_| (None, "x", "{}")).collect());
        assert_eq!(many.len(), MAX_CALLS);
    }
}
