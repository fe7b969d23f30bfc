//! Why a configuration of a model is refused.

/// A field of a configuration has a value that cannot be used. Holds no value, so it can hold no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{backend}: {field} {problem}")]
#[non_exhaustive]
pub struct LlmConfigError {
    /// Which backend: `zai`.
    pub backend: &'static str,
    /// Which field: `base_url`.
    pub field: &'static str,
    /// What is wrong with it, as the rest of a sentence.
    pub problem: &'static str,
}

impl LlmConfigError {
    /// This field of this backend has this problem.
    #[must_use]
    pub const fn new(backend: &'static str, field: &'static str, problem: &'static str) -> Self {
        Self { backend, field, problem }
    }
}
