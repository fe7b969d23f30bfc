//! Carrying out what a model asks for.

use std::collections::HashMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::future::FutureExt as _;
use serde_json::{Value, json};

use super::AgentLimits;
use crate::llm::{LlmMessage, ToolCall};
use crate::tool::{Scope, Tool, ToolError, ToolOutput};

/// How often the same call is carried out within a turn.
const SAME_CALL: u32 = 2;
/// The longest arguments that are read, in bytes.
const MAX_ARGUMENTS: usize = 16_384;
/// The longest result that a model is shown, in bytes.
const MAX_RESULT: usize = 24_000;

/// The calls of one turn.
pub(super) struct Calls<'a> {
    tools: &'a [Arc<dyn Tool>],
    limits: &'a AgentLimits,
    scope: Scope,
    seen: HashMap<(String, String), u32>,
}

impl<'a> Calls<'a> {
    pub(super) fn new(tools: &'a [Arc<dyn Tool>], limits: &'a AgentLimits, scope: Scope) -> Self {
        Self { tools, limits, scope, seen: HashMap::new() }
    }

    /// Carries out the calls of one answer, one after the other. Every one of them gets its result, so that no call stays
    /// without.
    pub(super) async fn carry_out(&mut self, calls: &[ToolCall]) -> Vec<(LlmMessage, Option<ToolOutput>)> {
        let mut results = Vec::with_capacity(calls.len());
        for (place, call) in calls.iter().enumerate() {
            let outcome = if place < self.limits.calls_per_round {
                self.one(call).await
            } else {
                Err("too many calls at once; call this one again later if you need it".to_owned())
            };
            let (content, output, is_error) = match outcome {
                Ok(output) => (output.content.to_string(), Some(output), false),
                Err(problem) => (json!({ "error": problem }).to_string(), None, true),
            };
            let content = crate::conversation::cut(&content, MAX_RESULT).to_owned();
            let (call_id, name) = (call.id.clone(), call.name.clone());
            results.push((LlmMessage::ToolResult { call_id, name, content, is_error }, output));
        }
        results
    }

    /// Carries out one call, or says for the model what was wrong with it.
    async fn one(&mut self, call: &ToolCall) -> Result<ToolOutput, String> {
        let Some(tool) = self.tools.iter().find(|tool| tool.spec().name == call.name) else {
            return Err("there is no such tool".to_owned());
        };
        let arguments = arguments_of(&call.arguments)?;
        let count = self.seen.entry((call.name.clone(), arguments.to_string())).or_default();
        *count += 1;
        if *count > SAME_CALL {
            return Err("this call was made already; use its result".to_owned());
        }
        let work = AssertUnwindSafe(tool.call(arguments, &self.scope)).catch_unwind();
        let done = tokio::time::timeout(self.limits.tool_time, work).await;
        let name = call.name.as_str();
        match done {
            Ok(Ok(Ok(output))) => Ok(output),
            Ok(Ok(Err(ToolError::Invalid { hint }))) => Err(format!("invalid arguments: {hint}")),
            Ok(Ok(Err(error))) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(tool = name, error, "a tool is unavailable");
                Err(UNAVAILABLE.to_owned())
            }
            Ok(Err(_)) => {
                tracing::error!(tool = name, "a tool panicked");
                Err(UNAVAILABLE.to_owned())
            }
            Err(_) => {
                tracing::warn!(tool = name, "a tool took too long");
                Err(UNAVAILABLE.to_owned())
            }
        }
    }
}

/// What a model is told of a tool that does not answer.
const UNAVAILABLE: &str =
    "unavailable right now; say so, offer that a colleague answers, and state nothing that you do not know";

/// Reads arguments; models write none as an empty text.
fn arguments_of(text: &str) -> Result<Value, String> {
    if text.len() > MAX_ARGUMENTS {
        return Err("the arguments are too long".to_owned());
    }
    if text.trim().is_empty() {
        return Ok(json!({}));
    }
    match serde_json::from_str::<Value>(text) {
        Ok(value) if value.is_object() => Ok(value),
        Ok(Value::Null) => Ok(json!({})),
        _ => Err("the arguments are no JSON object".to_owned()),
    }
}
