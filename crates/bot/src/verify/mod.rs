//! Whether a draft may go out: every value in it is known, every claimed action happens, nothing is promised.
//!
//! A [`Verifier`] knows no model and no store. It compares a draft with the [`Evidence`] of its turn and with the [`Ground`]
//! that the shop and the customer give, and says what is wrong in words that a model can mend its draft by.

mod actions;
mod commitments;
mod ground;
mod known;
mod manners;
mod pairing;
mod phrases;
mod problem;
mod values;

pub use ground::Ground;
pub use problem::{Problem, ProblemKind};

use crate::guard;
use crate::responder::Evidence;

/// What to do with a draft.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It may go out.
    Pass,
    /// It must not go out as it is; the model may mend it.
    Repair {
        /// What is wrong.
        problems: Vec<Problem>,
    },
    /// It must not go out, and neither should the model try again: answer with a template.
    Block {
        /// What is wrong.
        problems: Vec<Problem>,
    },
}

impl Verdict {
    /// What is wrong; empty for [`Verdict::Pass`].
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        match self {
            Self::Pass => &[],
            Self::Repair { problems } | Self::Block { problems } => problems,
        }
    }

    /// All problems as one text for the model's second try; empty for [`Verdict::Pass`].
    #[must_use]
    pub fn hint(&self) -> String {
        let mut lines: Vec<String> = Vec::new();
        for problem in self.problems() {
            let line = format!("- {}", problem.hint());
            if !lines.contains(&line) && lines.len() < 12 {
                lines.push(line);
            }
        }
        lines.join("\n")
    }
}

/// Checks drafts. Cheap to make and to share; a draft of 1,000 characters takes well under a millisecond.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Verifier {}

impl Verifier {
    /// A verifier with all checks.
    #[must_use]
    pub const fn new() -> Self {
        Self {}
    }

    /// Checks a draft.
    ///
    /// # Behavior
    /// - Every number, day, time, code, phone number and link must be one of the evidence, the shop's profile or the
    ///   customer's own words of this turn; "150 juta" and `Rp150.000.000` are one. "Sekitar" allows the truth to round to it.
    /// - A value of one item must not be said of another one that the same line or list entry names.
    /// - "Sudah saya kirim" and the like need the action in the evidence.
    /// - Promises beyond the shop's policies, other languages and out-of-scope work are problems; a leaked prompt and a
    ///   binding deal block.
    #[must_use]
    pub fn verify(&self, draft: &str, evidence: &Evidence, ground: &Ground<'_>) -> Verdict {
        let plain = guard::visible(draft);
        let mut problems = Vec::new();
        manners::leaks(draft, &plain, ground, &mut problems);
        values::check(&plain, evidence, ground, &mut problems);
        actions::check(&plain, evidence, &mut problems);
        commitments::check(&plain, evidence, ground, &mut problems);
        manners::check(&plain, ground, &mut problems);
        if problems.is_empty() {
            Verdict::Pass
        } else if problems.iter().any(|problem| problem.kind().blocks()) {
            Verdict::Block { problems }
        } else {
            Verdict::Repair { problems }
        }
    }
}
