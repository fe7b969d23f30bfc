//! `hand_over`: a person takes over.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{self, told};
use crate::tool::{Action, Scope, Tool, ToolError, ToolOutput, ToolSpec};

/// Proposes that a person takes over.
#[derive(Debug)]
pub struct HandOver {
    spec: ToolSpec,
}

/// Why, for staff.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// Why, in a few words.
    reason: String,
    /// What the customer wants and what was said so far, in a few sentences.
    summary: Option<String>,
}

impl HandOver {
    /// The tool.
    #[must_use]
    pub fn new() -> Self {
        let description = "Lets a person of the shop take over this chat and tells staff. Use it if the customer asks for a person, \
                           complains, wants to haggle or to close, or if you cannot help. Say that a colleague will answer.";
        Self { spec: ToolSpec::of::<Args>("hand_over", description) }
    }
}

impl Default for HandOver {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait::async_trait]
impl Tool for HandOver {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, _scope: &Scope) -> Result<ToolOutput, ToolError> {
        let hint =
            "write an object such as {\"reason\": \"wants to haggle\", \"summary\": \"asks about AV-01\"}";
        let args: Args = arguments::read(arguments, hint)?;
        let reason = told(Some(args.reason), 200).ok_or_else(|| ToolError::invalid(hint))?;
        let summary = told(args.summary, 1_000).unwrap_or_default();
        let content = json!({ "handed_over": true, "say": "a colleague will answer in this chat" });
        Ok(ToolOutput::new(content).with_action(Action::HandOver { reason, summary }))
    }
}
