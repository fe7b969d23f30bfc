//! A model that answers from a script and remembers what it was asked.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::llm::{
    LanguageModel, LlmAdvice, LlmCapabilities, LlmError, LlmErrorKind, LlmReply, LlmRequest, Price, ToolCall,
};

/// A scripted, recording model. Clones are the same model.
///
/// Each request takes one step of the script. Without one left it does what `always_…` said, or fails with
/// [`LlmErrorKind::Unexpected`] and the code `script_ended`. Its slowness passes in tokio's time, which tests may pause.
#[derive(Clone)]
pub struct ScriptedModel {
    name: Arc<str>,
    capabilities: LlmCapabilities,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    always: Option<Step>,
    slow: Duration,
    requests: Vec<LlmRequest>,
}

#[derive(Clone)]
enum Step {
    Reply(LlmReply),
    Fail(LlmErrorKind, LlmAdvice, Option<String>),
    Hang,
}

impl Default for ScriptedModel {
    fn default() -> Self {
        Self::new("scripted/model")
    }
}

impl ScriptedModel {
    /// A model of this name that costs nothing and holds 128,000 tokens.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            capabilities: LlmCapabilities::new(128_000, Price::default()),
            state: Arc::default(),
        }
    }

    /// With other capabilities.
    #[must_use]
    pub fn with_capabilities(mut self, capabilities: LlmCapabilities) -> Self {
        self.capabilities = capabilities;
        self
    }

    /// With a price.
    #[must_use]
    pub fn with_price(mut self, price: Price) -> Self {
        self.capabilities.price = price;
        self
    }

    /// Every answer takes this long from now on.
    pub fn slow(&self, delay: Duration) -> Self {
        self.state().slow = delay;
        self.clone()
    }

    /// The next request is answered with this.
    pub fn then_reply(&self, reply: LlmReply) -> Self {
        self.then(Step::Reply(reply))
    }

    /// The next request is answered with a text.
    pub fn then_text(&self, text: impl Into<String>) -> Self {
        self.then_reply(LlmReply::text(text))
    }

    /// The next request is answered with a call of a tool; its id is `call_` and the number of the step in the script.
    pub fn then_call(&self, tool: &str, arguments: &serde_json::Value) -> Self {
        let step = self.state().script.len();
        let id = format!("call_{}", step + self.calls());
        let call = ToolCall { id, name: tool.to_owned(), arguments: arguments.to_string() };
        self.then_reply(LlmReply::calls(vec![call]))
    }

    /// The next request fails, with the usual advice.
    pub fn then_fail(&self, kind: LlmErrorKind) -> Self {
        self.then_fail_with(kind, kind.usual_advice(None))
    }

    /// The next request fails.
    pub fn then_fail_with(&self, kind: LlmErrorKind, advice: LlmAdvice) -> Self {
        self.then(Step::Fail(kind, advice, None))
    }

    /// The next request fails with a code of the server and the usual advice.
    pub fn then_fail_code(&self, kind: LlmErrorKind, code: &str) -> Self {
        self.then(Step::Fail(kind, kind.usual_advice(None), Some(code.to_owned())))
    }

    /// The next request is never answered.
    pub fn then_hang(&self) -> Self {
        self.then(Step::Hang)
    }

    /// Every request behind the script is answered with this.
    pub fn always_reply(&self, reply: LlmReply) -> Self {
        self.state().always = Some(Step::Reply(reply));
        self.clone()
    }

    /// Every request behind the script fails, with the usual advice.
    pub fn always_fail(&self, kind: LlmErrorKind) -> Self {
        self.state().always = Some(Step::Fail(kind, kind.usual_advice(None), None));
        self.clone()
    }

    /// Every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<LlmRequest> {
        self.state().requests.clone()
    }

    /// How many requests there were.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.state().requests.len()
    }

    fn then(&self, step: Step) -> Self {
        self.state().script.push_back(step);
        self.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ScriptedModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedModel({}, {} requests)", self.name, self.calls())
    }
}

#[async_trait::async_trait]
impl LanguageModel for ScriptedModel {
    fn name(&self) -> &str {
        &self.name
    }

    fn capabilities(&self) -> LlmCapabilities {
        self.capabilities
    }

    async fn complete(&self, request: &LlmRequest) -> Result<LlmReply, LlmError> {
        let (step, slow) = {
            let mut state = self.state();
            state.requests.push(request.clone());
            let always = state.always.clone();
            (state.script.pop_front().or(always), state.slow)
        };
        if slow > Duration::ZERO {
            tokio::time::sleep(slow).await;
        }
        let name: &str = &self.name;
        match step {
            Some(Step::Reply(reply)) => Ok(reply),
            Some(Step::Fail(kind, advice, code)) => {
                let error = LlmError::new(name, kind, advice);
                Err(match code {
                    Some(code) => error.with_code(code),
                    None => error,
                })
            }
            Some(Step::Hang) => std::future::pending().await,
            None => Err(LlmError::of(name, LlmErrorKind::Unexpected).with_code("script_ended")),
        }
    }
}
