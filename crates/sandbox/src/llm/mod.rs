//! Servers of language models that run offline, in the wire formats of the real ones.
//!
//! A request goes: path and key, record, faults of the wire; then the answer: a script's, or the one of the rules in
//! `brain`; then faults of the answer; then the server's own way to write it down.

mod answer;
mod book;
mod brain;
mod control;
mod fault;
mod handle;
mod problem;
mod prompt;
mod record;
mod serve;
mod servers;
mod spoil;

pub use answer::LlmAnswer;
pub(crate) use book::Llm;
pub(crate) use control::control;
pub use fault::{BadCall, LlmFault, LlmFaultKind};
pub use handle::SandboxLlm;
pub use record::{RecordedMessage, RecordedPrompt};
pub(crate) use serve::serve;
use servers::{Anthropic, Ollama, OpenAi, Server, Zai};

/// A server of language models that the sandbox can be, below `/llm/`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum LlmKind {
    /// OpenAI and everything that speaks its chat completions: `POST /llm/openai/v1/chat/completions`.
    OpenAi,
    /// Z.AI: `POST /llm/zai/api/paas/v4/chat/completions`. Thinks unless it is told not to.
    Zai,
    /// Anthropic: `POST /llm/anthropic/v1/messages`.
    Anthropic,
    /// Ollama: `POST /llm/ollama/api/chat`. Asks for no key.
    Ollama,
}

impl LlmKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::OpenAi, Self::Zai, Self::Anthropic, Self::Ollama];

    /// Its name, which is also the segment of its paths behind `/llm/`: `openai`, `zai`, `anthropic` or `ollama`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::OpenAi => "openai",
            Self::Zai => "zai",
            Self::Anthropic => "anthropic",
            Self::Ollama => "ollama",
        }
    }

    /// Finds a server by its [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Its base URL, where the sandbox is at `url`, as far as an adapter is usually told it: `…/openai/v1`,
    /// `…/zai/api/paas/v4`, `…/anthropic`, `…/ollama`. No slash at its end.
    pub(crate) fn base(self, url: &str) -> String {
        let rest = match self {
            Self::OpenAi => "/v1",
            Self::Zai => "/api/paas/v4",
            Self::Anthropic | Self::Ollama => "",
        };
        format!("{url}/llm/{}{rest}", self.name())
    }

    fn server(self) -> &'static dyn Server {
        match self {
            Self::OpenAi => &OpenAi,
            Self::Zai => &Zai,
            Self::Anthropic => &Anthropic,
            Self::Ollama => &Ollama,
        }
    }
}
