//! Who is told when a model can no longer be asked.

use std::fmt;
use std::sync::Arc;

use wartel_core::TenantId;

use super::error::LlmErrorKind;

/// Somebody who is told what the tenant must act on: a spent balance, a locked key. Called from within a turn: return at
/// once, and do what takes time elsewhere.
pub trait LlmEvents: fmt::Debug + Send + Sync + 'static {
    /// A backend of the tenant refuses its key or its balance, and is not asked for a while. Told once in each window of
    /// [`FailoverPolicy`](super::FailoverPolicy), however many calls met it. `kind` is one for which
    /// [`needs_the_tenant`](LlmErrorKind::needs_the_tenant) holds; `code` is the server's own.
    fn needs_the_tenant(&self, tenant: &TenantId, backend: &str, kind: LlmErrorKind, code: Option<&str>);
}

impl<T: LlmEvents + ?Sized> LlmEvents for Arc<T> {
    fn needs_the_tenant(&self, tenant: &TenantId, backend: &str, kind: LlmErrorKind, code: Option<&str>) {
        (**self).needs_the_tenant(tenant, backend, kind, code);
    }
}

/// Nobody is told; a WARN in the log is all there is.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoLlmEvents;

impl LlmEvents for NoLlmEvents {
    fn needs_the_tenant(&self, tenant: &TenantId, backend: &str, kind: LlmErrorKind, code: Option<&str>) {
        tracing::warn!(%tenant, backend, kind = kind.as_str(), code, "a model needs the tenant");
    }
}
