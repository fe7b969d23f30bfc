//! An HTTP transport that answers from a script and remembers the requests.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::transport::{HttpRequest, HttpResponse, HttpTransport, TransportError, TransportErrorKind};

/// A scripted, recording transport. Clones are the same transport.
///
/// Each request takes one step of the script; without one left, it fails as a refused connection.
#[derive(Clone, Default)]
pub struct ScriptedTransport {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    script: VecDeque<Step>,
    requests: Vec<HttpRequest>,
}

enum Step {
    Answer(Result<HttpResponse, TransportError>),
    Hang,
}

impl ScriptedTransport {
    /// The next request is answered with this.
    pub fn then_respond(&self, response: HttpResponse) -> Self {
        self.then(Step::Answer(Ok(response)))
    }

    /// The next request fails.
    pub fn then_fail(&self, kind: TransportErrorKind) -> Self {
        self.then(Step::Answer(Err(TransportError::new(kind))))
    }

    /// The next request is never answered.
    pub fn then_hang(&self) -> Self {
        self.then(Step::Hang)
    }

    /// Every request so far. Their `Debug` shows nothing; look at the fields.
    #[must_use]
    pub fn requests(&self) -> Vec<HttpRequest> {
        self.state().requests.clone()
    }

    fn then(&self, step: Step) -> Self {
        self.state().script.push_back(step);
        self.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for ScriptedTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ScriptedTransport({} requests)", self.state().requests.len())
    }
}

#[async_trait::async_trait]
impl HttpTransport for ScriptedTransport {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let step = {
            let mut state = self.state();
            state.requests.push(request);
            state.script.pop_front()
        };
        match step {
            Some(Step::Answer(answer)) => answer,
            Some(Step::Hang) => std::future::pending().await,
            None => Err(TransportError::new(TransportErrorKind::Connect)),
        }
    }
}
