//! The arguments of a call, as a model wrote them, made into JSON.

use serde_json::{Map, Value};

use super::message::ToolCall;

/// Why the arguments of a call cannot be used. Its text is for the model, and quotes nothing of what it wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ArgumentsError {
    /// Markup of the model's own way to write calls stands in them.
    #[error("the arguments hold <arg_key> markup; call the tool again with one plain JSON object")]
    Markup,
    /// They are no JSON, or not all of it.
    #[error("the arguments are not valid JSON; call the tool again with one complete JSON object")]
    NotJson,
    /// They are JSON, but no object.
    #[error("the arguments are not a JSON object; call the tool again with one JSON object")]
    NotAnObject,
}

/// Whether a text holds the markup in which GLM models write calls, which servers should have read and taken away.
///
/// Source: zai-org/GLM-5 issue 84, read 2026-11.
pub(super) fn has_call_markup(text: &str) -> bool {
    ["<arg_key>", "</arg_key>", "<arg_value>", "</arg_value>", "<tool_call>", "</tool_call>"]
        .iter()
        .any(|mark| text.contains(mark))
}

impl ToolCall {
    /// The arguments as an object; none written means none meant.
    ///
    /// # Errors
    /// [`ArgumentsError`], whose text tells the model what to write instead.
    pub fn parsed_arguments(&self) -> Result<Map<String, Value>, ArgumentsError> {
        let text = self.arguments.trim();
        if text.is_empty() {
            return Ok(Map::new());
        }
        if has_call_markup(text) {
            return Err(ArgumentsError::Markup);
        }
        match serde_json::from_str(text) {
            Ok(Value::Object(object)) => Ok(object),
            Ok(Value::Null) => Ok(Map::new()),
            Ok(_) => Err(ArgumentsError::NotAnObject),
            Err(_) => Err(ArgumentsError::NotJson),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hazard_28_arguments_are_an_object_or_a_hint_for_the_model() {
        let parse = |arguments: &str| {
            ToolCall { id: "a".into(), name: "search".into(), arguments: arguments.into() }.parsed_arguments()
        };
        for (arguments, expected) in [
            ("", Ok(0)),
            (" {} ", Ok(0)),
            ("null", Ok(0)),
            (r#"{"make":"Toyota"}"#, Ok(1)),
            (r#"{"make":"Toy"#, Err(ArgumentsError::NotJson)),
            ("[1]", Err(ArgumentsError::NotAnObject)),
            ("7", Err(ArgumentsError::NotAnObject)),
            ("<arg_key>make</arg_key>", Err(ArgumentsError::Markup)),
            (r#"{"make":"Toyota</arg_value>"}"#, Err(ArgumentsError::Markup)),
        ] {
            assert_eq!(parse(arguments).map(|object| object.len()), expected, "{arguments}");
        }
    }
}
