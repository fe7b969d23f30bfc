//! The port of a whole brain: what a customer wrote goes in, what to do comes out.

use std::collections::BTreeSet;
use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Locale, Timestamp};

use crate::fact::Fact;
use crate::key::{ChatKey, TurnId};
use crate::llm::{LlmErrorKind, LlmMessage, Usage};
use crate::tenant::Tenant;
use crate::tool::{Action, ActionKind, Scope};

/// What a turn is about. Everything in it belongs to one chat. `Debug` shows no text.
#[derive(Clone)]
#[non_exhaustive]
pub struct TurnInput {
    /// The chat.
    pub chat: ChatKey,
    /// The turn.
    pub turn: TurnId,
    /// The shop.
    pub tenant: Arc<Tenant>,
    /// The name that the customer has given themselves; not to be trusted, and without control characters.
    pub customer_name: Option<String>,
    /// What the customer wrote, in order, made plain: no hidden characters. Not to be trusted.
    pub burst: Vec<String>,
    /// What was said before since the last boundary (a person's turn, a long silence), the oldest first.
    pub history: Vec<LlmMessage>,
    /// The language to answer in.
    pub locale: Locale,
    /// The time of the turn.
    pub now: Timestamp,
    /// How long an answer may take.
    pub time_left: Duration,
    /// A word that stands in prompts and must never stand in a reply.
    pub canary: String,
    /// What was wrong with the draft before, if this is the second try.
    pub repair: Option<Repair>,
}

/// Why a draft did not go out, for the second try. `Debug` shows no text.
#[derive(Clone)]
#[non_exhaustive]
pub struct Repair {
    /// The draft.
    pub draft: String,
    /// What was wrong with it, for a model to read.
    pub hint: String,
    /// What the tools of the first try found.
    pub evidence: Evidence,
    /// What they proposed; it still happens unless the second try proposes something else.
    pub actions: Vec<Action>,
}

/// What a reply may state and claim.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Evidence {
    /// What was found in this turn.
    pub facts: Vec<Fact>,
    /// What happens with the reply.
    pub actions: BTreeSet<ActionKind>,
    /// Which facts are about the same item, so that the price of one is not told of another.
    pub groups: Vec<FactGroup>,
}

/// Facts about one item, its code among them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FactGroup {
    /// All of them.
    pub facts: Vec<Fact>,
}

/// What to do about a turn. `Debug` shows no text.
#[derive(Clone)]
#[non_exhaustive]
pub enum TurnOutput {
    /// Answer.
    Reply(Reply),
    /// Let a person take over. The words for the customer are checked like a reply.
    HandOver {
        /// What the customer reads.
        reply: Reply,
        /// Why, in a few words, for staff.
        reason: String,
        /// What it is about, for staff.
        summary: String,
    },
    /// Say nothing.
    Silence {
        /// Why, for logs.
        why: &'static str,
    },
}

/// A draft of an answer. `Debug` shows no text.
#[derive(Clone, Default)]
#[non_exhaustive]
pub struct Reply {
    /// What it says, in whatever markup the model likes.
    pub text: String,
    /// What it may state and claim.
    pub evidence: Evidence,
    /// What happens with it.
    pub actions: Vec<Action>,
    /// What the models used for it.
    pub usage: Usage,
    /// Which brain wrote it, for logs and figures: `agent`, `rules`.
    pub by: &'static str,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[error("the responder gave no answer: {kind:?}")]
#[non_exhaustive]
pub struct TurnError {
    /// What kind of failure.
    pub kind: TurnErrorKind,
    /// What the models used all the same.
    pub usage: Usage,
    /// What lies behind it. Holds no text.
    #[source]
    pub source: Option<Box<dyn Error + Send + Sync>>,
}

/// What kind of failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TurnErrorKind {
    /// The model could not be asked, or not understood.
    Model(LlmErrorKind),
    /// Too many rounds, too long, or too dear.
    Exhausted,
    /// A store could not answer.
    Store,
    /// The shop has no model.
    NoModel,
}

/// The whole brain. Swap it for your own; the pipeline around it still joins, gates, verifies, renders and sends.
#[async_trait::async_trait]
pub trait AiResponder: fmt::Debug + Send + Sync + 'static {
    /// Answers one turn. Changes nothing by itself: what should happen stands in the reply's actions.
    ///
    /// # Errors
    /// [`TurnError`]; the pipeline then asks the next brain, or answers with a template.
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: AiResponder + ?Sized> AiResponder for Arc<T> {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        (**self).respond(turn).await
    }
}

impl TurnInput {
    /// A turn about these words, with a minute to answer.
    #[must_use]
    pub fn new(chat: ChatKey, turn: TurnId, tenant: Arc<Tenant>, burst: Vec<String>, now: Timestamp) -> Self {
        let locale = tenant.locale;
        Self {
            chat,
            turn,
            tenant,
            customer_name: None,
            burst,
            history: Vec::new(),
            locale,
            now,
            time_left: Duration::from_secs(60),
            canary: String::new(),
            repair: None,
        }
    }

    /// What tools get.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(self.chat.clone(), self.turn, self.locale, self.now)
    }

    /// All words of the burst, a line for each message.
    #[must_use]
    pub fn words(&self) -> String {
        self.burst.join("\n")
    }
}

impl Repair {
    /// A draft, what was wrong with it, and what is known.
    #[must_use]
    pub const fn new(draft: String, hint: String, evidence: Evidence, actions: Vec<Action>) -> Self {
        Self { draft, hint, evidence, actions }
    }
}

impl FactGroup {
    /// The groups of what one tool has found: each begins with a [`Fact::Code`], or with the words before it where the first
    /// code has words before it and none behind. What stands before the first group belongs to none.
    #[must_use]
    pub fn of(facts: &[Fact]) -> Vec<Self> {
        let is_words = |at: usize| matches!(facts.get(at), Some(Fact::Words(_)));
        let mut starts: Vec<usize> =
            (0..facts.len()).filter(|at| matches!(facts.get(*at), Some(Fact::Code(_)))).collect();
        let words_first = starts
            .first()
            .is_some_and(|first| first.checked_sub(1).is_some_and(is_words) && !is_words(first + 1));
        if words_first {
            for start in &mut starts {
                while start.checked_sub(1).is_some_and(is_words) {
                    *start -= 1;
                }
            }
        }
        let ends = starts.iter().skip(1).copied().chain([facts.len()]);
        let group = |(start, end): (&usize, usize)| facts.get(*start..end).unwrap_or_default().to_vec();
        starts.iter().zip(ends).map(group).map(|facts| Self { facts }).collect()
    }
}

impl Evidence {
    /// Adds what one tool found and proposes.
    pub fn add(&mut self, facts: impl IntoIterator<Item = Fact>, actions: &[Action]) {
        let facts: Vec<Fact> = facts.into_iter().collect();
        self.groups.extend(FactGroup::of(&facts));
        self.facts.extend(facts);
        self.actions.extend(actions.iter().map(Action::kind));
    }
}

impl Reply {
    /// A text without evidence.
    #[must_use]
    pub fn new(text: impl Into<String>, by: &'static str) -> Self {
        Self { text: text.into(), by, ..Self::default() }
    }

    /// With what it may state.
    #[must_use]
    pub fn with_facts(mut self, facts: impl IntoIterator<Item = Fact>) -> Self {
        self.evidence.add(facts, &[]);
        self
    }

    /// With what happens with it.
    #[must_use]
    pub fn with_action(mut self, action: Action) -> Self {
        self.evidence.actions.insert(action.kind());
        self.actions.push(action);
        self
    }

    /// With what the models used.
    #[must_use]
    pub const fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }
}

impl TurnError {
    /// A failure of this kind.
    #[must_use]
    pub const fn new(kind: TurnErrorKind) -> Self {
        Self { kind, usage: Usage::new(0, 0), source: None }
    }

    /// With what the models used all the same.
    #[must_use]
    pub const fn with_usage(mut self, usage: Usage) -> Self {
        self.usage = usage;
        self
    }

    /// With what lies behind it. It must hold no text.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl fmt::Debug for TurnInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TurnInput")
            .field("chat", &self.chat)
            .field("turn", &self.turn)
            .field("burst", &self.burst.len())
            .field("history", &self.history.len())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Repair").field("draft_bytes", &self.draft.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for TurnOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reply(reply) => f.debug_tuple("Reply").field(reply).finish(),
            Self::HandOver { reply, .. } => f.debug_tuple("HandOver").field(reply).finish(),
            Self::Silence { why } => f.debug_struct("Silence").field("why", why).finish(),
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reply")
            .field("text_bytes", &self.text.len())
            .field("facts", &self.evidence.facts.len())
            .field("actions", &self.actions)
            .field("by", &self.by)
            .finish_non_exhaustive()
    }
}
