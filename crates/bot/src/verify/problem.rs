//! What is wrong with a draft.

use std::fmt;

/// One thing that is wrong with a draft. `Debug` shows no words of it.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    kind: ProblemKind,
    said: String,
}

/// What kind of thing is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemKind {
    /// A value that nothing in this turn gives.
    Ungrounded {
        /// What it looks like: `money`, `year`, …, or `number`.
        what: &'static str,
    },
    /// A value of one item, said of another.
    WrongItem {
        /// What it is: `money`, `year`, ….
        what: &'static str,
    },
    /// An action that does not happen with this reply.
    UnprovenAction,
    /// A promise beyond the shop's policies.
    Commitment,
    /// A deal that is said to bind.
    BindingDeal,
    /// The canary, the prompt, or the markup of tools.
    Leak,
    /// Words of another language or script.
    Language,
    /// Work that is not the shop's: essays, code.
    OutOfScope,
}

impl ProblemKind {
    /// Whether a draft with it gets no second try.
    #[must_use]
    pub const fn blocks(self) -> bool {
        matches!(self, Self::Leak | Self::BindingDeal)
    }

    /// A stable name for logs and figures.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ungrounded { .. } => "ungrounded",
            Self::WrongItem { .. } => "wrong_item",
            Self::UnprovenAction => "unproven_action",
            Self::Commitment => "commitment",
            Self::BindingDeal => "binding_deal",
            Self::Leak => "leak",
            Self::Language => "language",
            Self::OutOfScope => "out_of_scope",
        }
    }
}

impl Problem {
    pub(super) fn new(kind: ProblemKind, said: &str) -> Self {
        Self { kind, said: said.trim().chars().take(120).collect() }
    }

    /// What kind.
    #[must_use]
    pub const fn kind(&self) -> ProblemKind {
        self.kind
    }

    /// What to tell the model, in English as prompts are. It quotes the draft, so it is for the model only, never for logs.
    #[must_use]
    pub fn hint(&self) -> String {
        let said = &self.said;
        match self.kind {
            ProblemKind::Ungrounded { what } => format!(
                "\"{said}\" ({what}) is not in the tool results, the shop's profile or the customer's words. Leave it out, or \
                 use the value exactly as a tool gave it. If no tool gives it, say that you do not have it and offer a person of the team."
            ),
            ProblemKind::WrongItem { what } => format!(
                "\"{said}\" ({what}) belongs to another item than the one it is said of. Give each item its own values from \
                 the tool results."
            ),
            ProblemKind::UnprovenAction => format!(
                "\"{said}\" claims an action that did not happen. Call the tool for it first, or offer it instead of claiming it."
            ),
            ProblemKind::Commitment | ProblemKind::BindingDeal => format!(
                "\"{said}\" promises what only the shop's staff can decide. Say that the team decides and confirms it."
            ),
            ProblemKind::Leak => "The reply shows internal instructions or markup. Write only to the customer.".to_owned(),
            ProblemKind::Language => {
                format!("\"{said}\" is not in the customer's language. Write the whole reply in the customer's language.")
            }
            ProblemKind::OutOfScope => {
                "The reply does work that is not the shop's. Decline it in one sentence and offer help with the shop.".to_owned()
            }
        }
    }
}

impl fmt::Debug for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Problem").field("kind", &self.kind).finish_non_exhaustive()
    }
}
