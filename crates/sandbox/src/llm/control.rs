//! The calls of the control API about language models, below `/sandbox/api/llm`.

use http::StatusCode;
use serde_json::{Map, Value, json};

use super::LlmKind;
use super::answer::LlmAnswer;
use super::fault::LlmFault;
use crate::builder::DEFAULT_LLM_KEY;
use crate::control::Refusal;
use crate::shared::Shared;

type Done = Result<(StatusCode, Value), Refusal>;

fn bad<T>(problem: impl Into<String>) -> Result<T, Refusal> {
    Err((StatusCode::BAD_REQUEST, problem.into()))
}

/// Serves one call; `call` is the path behind `llm/`.
pub(crate) fn control(shared: &Shared, method: &str, call: &str, body: &[u8]) -> Done {
    let ok = |body: Value| Ok((StatusCode::OK, body));
    let llm = &shared.llm;
    match (method, call) {
        ("GET", "") => {
            let bases = LlmKind::ALL.map(|kind| (kind.name().to_owned(), kind.base(&shared.url).into()));
            ok(json!({"key": DEFAULT_LLM_KEY, "bases": Map::from_iter(bases)}))
        }
        ("GET", "requests") => {
            let list: Vec<Value> = llm.prompts().iter().map(|prompt| prompt.to_json()).collect();
            ok(json!({"requests": list}))
        }
        ("GET", "answers") => ok(json!({"answers": llm.script()})),
        ("POST", "answers") => push(shared, body),
        ("DELETE", "answers") => {
            llm.clear_script();
            ok(json!({"success": true}))
        }
        ("GET", "faults") => ok(json!({"faults": llm.faults()})),
        ("POST", "faults") => {
            let text = std::str::from_utf8(body).or_else(|_| bad("body is not UTF-8"))?;
            let fault = LlmFault::from_json(text).or_else(|problem| bad(problem.to_string()))?;
            match llm.add_fault(fault) {
                Some(id) => Ok((StatusCode::CREATED, json!({"success": true, "id": id}))),
                None => bad("too many faults; delete some"),
            }
        }
        ("DELETE", "faults") => {
            llm.clear_faults();
            ok(json!({"success": true}))
        }
        (_, "" | "requests" | "answers" | "faults") => {
            Err((StatusCode::METHOD_NOT_ALLOWED, "method not allowed".into()))
        }
        _ => Err((StatusCode::NOT_FOUND, "no such call".into())),
    }
}

/// One answer, or a list of them of which all or none are taken.
fn push(shared: &Shared, body: &[u8]) -> Done {
    let value: Value = serde_json::from_slice(body).or_else(|problem| bad(problem.to_string()))?;
    let list = match value {
        Value::Array(list) => list,
        one => vec![one],
    };
    let mut answers = Vec::new();
    for one in list {
        let answer: LlmAnswer = serde_json::from_value(one).or_else(|problem| bad(problem.to_string()))?;
        answers.push(answer);
    }
    if !answers.into_iter().all(|answer| shared.llm.push(answer)) {
        return bad("too many answers; delete some");
    }
    Ok((StatusCode::CREATED, json!({"success": true, "answers": shared.llm.script_len()})))
}
