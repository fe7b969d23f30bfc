//! The brain that asks a language model and lets it call tools, within bounds.

mod calls;
mod context;
mod prompt;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

pub use context::history_of;

use self::calls::Calls;
use crate::llm::{
    Finish, LanguageModel, LlmError, LlmErrorKind, LlmMessage, LlmReply, LlmRequest, Models, Usage,
};
use crate::responder::{
    AiResponder, Evidence, Repair, Reply, TurnError, TurnErrorKind, TurnInput, TurnOutput,
};
use crate::spend::SpendCaps;
use crate::tenant::Tenant;
use crate::tool::{Action, ActionKind, Tool, ToolSpec};

/// The name by which replies of this brain are known.
const NAME: &str = "agent";

/// Gives the model that answers for a tenant. What it gives is used for one turn: a change counts from the next one.
#[async_trait::async_trait]
pub trait ModelSource: fmt::Debug + Send + Sync + 'static {
    /// The model of a shop for one turn; `None` if it has none.
    async fn model(&self, shop: &Tenant) -> Option<Arc<dyn LanguageModel>>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ModelSource + ?Sized> ModelSource for Arc<T> {
    async fn model(&self, shop: &Tenant) -> Option<Arc<dyn LanguageModel>> {
        (**self).model(shop).await
    }
}

/// One model for everybody.
#[derive(Debug, Clone)]
pub struct OneModel(pub Arc<dyn LanguageModel>);

#[async_trait::async_trait]
impl ModelSource for OneModel {
    async fn model(&self, _shop: &Tenant) -> Option<Arc<dyn LanguageModel>> {
        Some(Arc::clone(&self.0))
    }
}

#[async_trait::async_trait]
impl ModelSource for Models {
    async fn model(&self, shop: &Tenant) -> Option<Arc<dyn LanguageModel>> {
        self.for_tenant(&shop.id, &SpendCaps::from(shop))
    }
}

/// How far a turn may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct AgentLimits {
    /// How often the model is asked: 1 to 10. Default: 6.
    pub rounds: u32,
    /// How many calls of one answer are carried out; the others are refused. Default: 8.
    pub calls_per_round: usize,
    /// How long one tool may take. Default: 10 s.
    pub tool_time: Duration,
    /// How long one answer of the model may take. Default: 60 s.
    pub call_time: Duration,
    /// How long an answer may become, in tokens. Default: 800.
    pub output_tokens: u32,
}

impl Default for AgentLimits {
    fn default() -> Self {
        Self {
            rounds: 6,
            calls_per_round: 8,
            tool_time: Duration::from_secs(10),
            call_time: Duration::from_secs(60),
            output_tokens: 800,
        }
    }
}

impl AgentLimits {
    /// With how often the model is asked.
    #[must_use]
    pub const fn with_rounds(mut self, rounds: u32) -> Self {
        self.rounds = rounds;
        self
    }
}

/// Asks a language model, lets it call tools, and gives its last words with everything that the tools found.
///
/// # Behavior
/// - At most 6 rounds within the turn's time; then [`TurnErrorKind::Exhausted`].
/// - A call of an unknown tool, with arguments that are no JSON or do not fit, repeated, or one too many, is answered with
///   what was wrong. A tool that fails, panics or takes too long is answered with "unavailable".
/// - An answer that was cut off, or blocked, is an error; no part of it is given. An empty one that has reached its longest
///   length is asked for once more with twice the room.
/// - A prompt that is too long is asked once more with half of the history.
#[derive(Debug, Clone)]
pub struct AgentResponder {
    models: Arc<dyn ModelSource>,
    tools: Vec<Arc<dyn Tool>>,
    limits: AgentLimits,
}

/// What was gathered so far.
#[derive(Debug, Default)]
struct Gathered {
    evidence: Evidence,
    actions: Vec<Action>,
    usage: Usage,
}

impl AgentResponder {
    /// A brain of these models and tools.
    #[must_use]
    pub fn new(models: Arc<dyn ModelSource>, tools: Vec<Arc<dyn Tool>>) -> Self {
        Self { models, tools, limits: AgentLimits::default() }
    }

    /// With other limits.
    #[must_use]
    pub const fn with_limits(mut self, limits: AgentLimits) -> Self {
        self.limits = limits;
        self
    }

    async fn think(&self, turn: &TurnInput, gathered: &mut Gathered) -> Result<String, TurnErrorKind> {
        let Some(model) = self.models.model(&turn.tenant).await else { return Err(TurnErrorKind::NoModel) };
        let deadline = Instant::now() + turn.time_left;
        let specs: Vec<ToolSpec> = self.tools.iter().map(|tool| tool.spec().clone()).collect();
        let mut calls = Calls::new(&self.tools, &self.limits, turn.scope());
        let mut conversation = Conversation::of(turn);
        let mut tokens = self.limits.output_tokens;
        let mut widened = false;
        for round in 0..self.limits.rounds {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(TurnErrorKind::Exhausted);
            }
            let request = LlmRequest::new(
                prompt::system(turn),
                conversation.messages(),
                format!("{}-{round}", turn.turn),
            )
            // In the last round it must answer with words.
            .with_tools(if round + 1 < self.limits.rounds { specs.clone() } else { Vec::new() })
            .with_max_output_tokens(tokens)
            .with_timeout(left.min(self.limits.call_time))
            .with_user_id(format!("chat-{}", turn.chat.contact));
            let asked = tokio::time::timeout(left, model.complete(&request)).await;
            let reply = match asked {
                Err(_) => return Err(TurnErrorKind::Exhausted),
                Ok(Err(error)) => {
                    tell(&error);
                    if error.kind == LlmErrorKind::ContextTooLong && conversation.halve() {
                        continue;
                    }
                    return Err(TurnErrorKind::Model(error.kind));
                }
                Ok(Ok(reply)) => reply,
            };
            gathered.usage = gathered.usage.plus(reply.usage);
            if reply.finish == Finish::Length && reply.tool_calls.is_empty() && !widened {
                widened = true;
                tokens = tokens.saturating_mul(2);
                continue;
            }
            if let Some(failure) = failure_of(&reply) {
                return Err(TurnErrorKind::Model(failure));
            }
            if reply.tool_calls.is_empty() {
                return Ok(reply.text);
            }
            conversation.said(reply.to_message());
            for (result, output) in calls.carry_out(&reply.tool_calls).await {
                conversation.said(result);
                if let Some(output) = output {
                    gathered.evidence.add(output.facts, &output.actions);
                    gathered.actions.extend(output.actions);
                }
            }
        }
        Err(TurnErrorKind::Exhausted)
    }
}

/// Why an answer is none.
fn failure_of(reply: &LlmReply) -> Option<LlmErrorKind> {
    match &reply.finish {
        Finish::Blocked => Some(LlmErrorKind::Blocked),
        Finish::Length => Some(LlmErrorKind::CutOff),
        Finish::Other(_) => Some(LlmErrorKind::Protocol),
        Finish::Stop | Finish::ToolCalls => {
            (reply.tool_calls.is_empty() && reply.text.trim().is_empty()).then_some(LlmErrorKind::Protocol)
        }
    }
}

fn tell(error: &LlmError) {
    let source = error as &dyn std::error::Error;
    tracing::warn!(error = source, status = error.status, "a model gave no answer");
}

/// What the model is shown, besides the system prompt.
struct Conversation {
    history: Vec<LlmMessage>,
    asked: Vec<LlmMessage>,
}

impl Conversation {
    fn of(turn: &TurnInput) -> Self {
        let mut asked = vec![LlmMessage::user(prompt::customer(turn))];
        if let Some(repair) = &turn.repair {
            asked.push(LlmMessage::assistant(repair.draft.clone()));
            asked.push(LlmMessage::user(prompt::repair(repair)));
        }
        Self { history: turn.history.clone(), asked }
    }

    fn messages(&self) -> Vec<LlmMessage> {
        self.history.iter().chain(&self.asked).cloned().collect()
    }

    fn said(&mut self, message: LlmMessage) {
        self.asked.push(message);
    }

    /// Drops the older half of what was said in earlier turns. `false`: there is nothing to drop.
    fn halve(&mut self) -> bool {
        let half = self.history.len().div_ceil(2);
        self.history.drain(..half);
        half > 0
    }
}

/// What the first try has proposed happens too, unless the second one has proposed the same kind of thing anew. Nothing
/// happens twice because it was called twice.
fn what_happens(repair: Option<&Repair>, proposed: Vec<Action>) -> Vec<Action> {
    let kinds: Vec<ActionKind> = proposed.iter().map(Action::kind).collect();
    let earlier = repair.into_iter().flat_map(|repair| repair.actions.iter().cloned());
    let mut all: Vec<Action> = Vec::new();
    for action in earlier.filter(|action| !kinds.contains(&action.kind())).chain(proposed) {
        if !all.contains(&action) {
            all.push(action);
        }
    }
    all
}

#[async_trait::async_trait]
impl AiResponder for AgentResponder {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        let mut gathered = Gathered::default();
        if let Some(repair) = &turn.repair {
            gathered.evidence = repair.evidence.clone();
        }
        let thought = self.think(turn, &mut gathered).await;
        let text = match thought {
            Ok(text) => text,
            Err(kind) => return Err(TurnError::new(kind).with_usage(gathered.usage)),
        };
        let mut reply = Reply::new(text, NAME).with_usage(gathered.usage);
        reply.evidence = gathered.evidence;
        reply.actions = what_happens(turn.repair.as_ref(), gathered.actions);
        let handover = reply.actions.iter().find_map(|action| match action {
            Action::HandOver { reason, summary } => Some((reason.clone(), summary.clone())),
            _ => None,
        });
        Ok(match handover {
            Some((reason, summary)) => TurnOutput::HandOver { reply, reason, summary },
            None => TurnOutput::Reply(reply),
        })
    }
}
