//! A brain that follows a script.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use crate::responder::{AiResponder, Reply, TurnError, TurnErrorKind, TurnInput, TurnOutput};

type Answer = Box<dyn Fn(&TurnInput) -> Result<TurnOutput, TurnError> + Send + Sync>;

/// Answers as it was told, records what it was asked, and can be slow on tokio's clock.
#[derive(Clone, Default)]
pub struct ScriptedResponder {
    script: Arc<Mutex<VecDeque<Answer>>>,
    always: Arc<Mutex<Option<Answer>>>,
    asked: Arc<Mutex<Vec<TurnInput>>>,
    delay: Duration,
}

impl std::fmt::Debug for ScriptedResponder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScriptedResponder").finish_non_exhaustive()
    }
}

impl ScriptedResponder {
    /// A brain that fails until it is told what to say.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A brain that answers every turn with what this gives.
    #[must_use]
    pub fn answering(
        answer: impl Fn(&TurnInput) -> Result<TurnOutput, TurnError> + Send + Sync + 'static,
    ) -> Self {
        let it = Self::default();
        *it.always.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(answer));
        it
    }

    /// A brain that says its text in every turn.
    #[must_use]
    pub fn saying(text: &'static str) -> Self {
        Self::answering(move |_| Ok(TurnOutput::Reply(Reply::new(text, "script"))))
    }

    /// Taking so long for each turn, on tokio's clock.
    #[must_use]
    pub const fn with_delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Says this in the next turn that has no answer yet.
    pub fn then(&self, answer: impl Fn(&TurnInput) -> Result<TurnOutput, TurnError> + Send + Sync + 'static) {
        self.script.lock().unwrap_or_else(PoisonError::into_inner).push_back(Box::new(answer));
    }

    /// What it was asked, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<TurnInput> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait::async_trait]
impl AiResponder for ScriptedResponder {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(turn.clone());
        if !self.delay.is_zero() {
            tokio::time::sleep(self.delay).await;
        }
        let next = self.script.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
        if let Some(answer) = next {
            return answer(turn);
        }
        match &*self.always.lock().unwrap_or_else(PoisonError::into_inner) {
            Some(answer) => answer(turn),
            None => Err(TurnError::new(TurnErrorKind::Exhausted)),
        }
    }
}
