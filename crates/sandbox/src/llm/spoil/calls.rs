//! Calls of tools that are not right. Source of the forms: bug reports of GLM, sglang and litellm, November 2026.

use serde_json::{Map, Value, json};
use wartel_core::Timestamp;

use super::call_of;
use crate::llm::answer::{Answer, Finish};
use crate::llm::fault::BadCall;
use crate::llm::prompt::{Call, Prompt};

/// Calls at once, of a model that does not know when to stop.
const MANY: usize = 20;

pub(super) fn bad(form: BadCall, answer: Answer, prompt: &Prompt, now: Timestamp) -> Answer {
    let Some(call) = call_of(&answer, prompt, now) else { return answer };
    let with = |args: String| vec![Call { args, ..call.clone() }];
    let object = || call.value().as_object().cloned().unwrap_or_default();
    let calls = match form {
        BadCall::InvalidJson => {
            // Breaks off inside of a text, whatever the arguments were.
            let whole = Value::Object(object()).to_string();
            let head = whole.trim_end_matches('}');
            let comma = if head.ends_with('{') { "" } else { "," };
            with(format!("{head}{comma}\"query\": \"avan"))
        }
        BadCall::Empty => with(String::new()),
        BadCall::UnknownTool => vec![Call { name: "run_shell".into(), ..call.clone() }],
        BadCall::WrongTypes => with(wrong_types(object(), prompt, &call.name).to_string()),
        BadCall::ExtraKeys => {
            let mut extra = object();
            extra.insert("tenant_id".into(), json!("other-tenant"));
            extra.insert("force".into(), json!(true));
            with(Value::Object(extra).to_string())
        }
        BadCall::DuplicateIds => {
            let twice = Call { id: "call_duplicate".into(), ..call.clone() };
            vec![twice.clone(), twice]
        }
        BadCall::Many => vec![call.clone(); MANY],
        BadCall::XmlLeak => vec![Call {
            id: String::new(),
            name: format!("{}\n<arg_key>query</arg_key>", call.name),
            args: json!({"<arg_key>query</arg_key>": "<arg_value>avanza</arg_value></tool_call>"})
                .to_string(),
        }],
        BadCall::Joined => {
            let whole = Value::Object(object()).to_string();
            with(format!("{whole}{whole}"))
        }
        BadCall::Loop => vec![call.clone()],
    };
    Answer { text: String::new(), calls, finish: Finish::Calls, ..answer }
}

/// Each argument with another type; of a call without arguments those that its tool knows.
fn wrong_types(mut args: Map<String, Value>, prompt: &Prompt, name: &str) -> Value {
    if args.is_empty() {
        let tool = prompt.tools.iter().find(|tool| tool.name == name);
        let known = tool.and_then(|tool| tool.schema.get("properties")?.as_object());
        for name in known.into_iter().flatten().map(|(name, _)| name) {
            args.insert(name.clone(), json!({"value": []}));
        }
        return args.into();
    }
    for value in args.values_mut() {
        *value = match value {
            Value::String(_) => json!([42]),
            _ => json!("banyak"),
        };
    }
    args.into()
}
