//! Not asking a backend whose key or balance is refused.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use super::error::{LlmAdvice, LlmError, LlmErrorKind};

/// Whether a backend may be asked, shared by all chains of the same key.
#[derive(Debug, Default)]
pub(super) struct Circuit {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// What was refused, its code, and until when nobody asks again.
    open: Option<(LlmErrorKind, Option<String>, Instant)>,
    told_at: Option<Instant>,
}

impl Circuit {
    /// Whether a call may be made. When the time is over one call goes through on trial, and the others wait for its
    /// outcome for at most `trial`.
    ///
    /// # Errors
    /// The refusal that opened it, with the code of then.
    pub(super) fn enter(&self, backend: &str, trial: Duration) -> Result<(), LlmError> {
        let mut state = self.state();
        let Some((kind, code, until)) = &mut state.open else { return Ok(()) };
        if Instant::now() >= *until {
            *until = Instant::now() + trial;
            return Ok(());
        }
        let error = LlmError::new(backend, *kind, LlmAdvice::Elsewhere);
        Err(match code {
            Some(code) => error.with_code(code),
            None => error,
        })
    }

    /// The backend has answered: it may be asked.
    pub(super) fn close(&self) {
        self.state().open = None;
    }

    /// The backend refuses the key or the balance. Whether somebody is to be told: once in each window.
    pub(super) fn open(&self, error: &LlmError, window: Duration) -> bool {
        let now = Instant::now();
        let mut state = self.state();
        state.open = Some((error.kind, error.code.clone(), now + window));
        let told = state.told_at.is_some_and(|told| now < told + window);
        if !told {
            state.told_at = Some(now);
        }
        !told
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
