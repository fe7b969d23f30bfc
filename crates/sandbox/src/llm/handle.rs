//! What a test does with the language models.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::LlmKind;
use super::answer::LlmAnswer;
use super::fault::LlmFault;
use super::record::RecordedPrompt;
use crate::builder::DEFAULT_LLM_KEY;
use crate::error::SandboxError;
use crate::shared::Shared;

/// The language models of a sandbox; from [`SandboxHandle::llm`](crate::SandboxHandle::llm).
///
/// Without a script they play the assistant of a shop of used cars by rules: they call the tools that are offered, and
/// say nothing that no tool's result told them. All servers share one script, one list of faults and one record.
#[derive(Clone)]
pub struct SandboxLlm {
    pub(crate) shared: Arc<Shared>,
}

impl SandboxLlm {
    /// The base URL of a server, as an adapter is configured with it. No slash at its end.
    #[must_use]
    pub fn base(&self, kind: LlmKind) -> String {
        kind.base(&self.shared.url)
    }

    /// A key that every server takes: `sandbox-key`.
    #[must_use]
    pub fn key(&self) -> &'static str {
        DEFAULT_LLM_KEY
    }

    /// Puts an answer at the end of the script. Beyond 1,000 further ones are ignored, with a warning in the log.
    pub fn answer(&self, answer: LlmAnswer) {
        if !self.shared.llm.push(answer) {
            tracing::warn!("sandbox: the script of the language models is full, this answer is ignored");
        }
    }

    /// How many answers of the script were not given yet.
    #[must_use]
    pub fn answers_left(&self) -> usize {
        self.shared.llm.script_len()
    }

    /// Forgets the script.
    pub fn clear_answers(&self) {
        self.shared.llm.clear_script();
    }

    /// Plans a fault. Beyond 1,000 further ones are ignored, with a warning in the log.
    pub fn fault(&self, fault: LlmFault) {
        if self.shared.llm.add_fault(fault).is_none() {
            tracing::warn!("sandbox: too many faults of language models are planned, this one is ignored");
        }
    }

    /// Forgets all planned faults of the language models.
    pub fn clear_faults(&self) {
        self.shared.llm.clear_faults();
    }

    /// The requests, refused ones included, oldest first. The newest 2,000 are kept, up to 16 MiB.
    #[must_use]
    pub fn requests(&self) -> Vec<RecordedPrompt> {
        self.shared.llm.prompts()
    }

    /// How many requests came over the whole life of the sandbox, for [`wait_for_requests`](Self::wait_for_requests).
    #[must_use]
    pub fn request_count(&self) -> u64 {
        *self.shared.llm.recorded().borrow()
    }

    /// Waits until so many requests have come over the whole life of the sandbox. A request counts as soon as it was
    /// read, so that a test can go on while a [slow](LlmFault::slow) answer is still being waited for.
    ///
    /// # Errors
    /// [`SandboxError::Timeout`] if fewer came in time.
    pub async fn wait_for_requests(&self, count: u64, timeout: Duration) -> Result<(), SandboxError> {
        let mut recorded = self.shared.llm.recorded();
        let enough = recorded.wait_for(|seen| *seen >= count);
        match tokio::time::timeout(timeout, enough).await {
            Ok(Ok(_)) => Ok(()),
            _ => Err(SandboxError::Timeout),
        }
    }

    /// The newest request.
    #[must_use]
    pub fn last_request(&self) -> Option<RecordedPrompt> {
        self.requests().pop()
    }
}

impl fmt::Debug for SandboxLlm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SandboxLlm").field("url", &self.shared.url).finish_non_exhaustive()
    }
}
