//! One address to which requests are posted, with its headers.

use std::fmt;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use serde_json::Value;
use wartel_messaging::transport::{
    BodyEnd, HttpRequest, HttpResponse, HttpTransport, ReqwestTransport, TransportConfig, TransportErrorKind,
};

use super::{base_url, broken};
use crate::llm::{LlmConfigError, LlmError, LlmErrorKind};

/// Longer than any call may take; what ends a call is the time limit of its request.
const LONGEST_CALL: Duration = Duration::from_secs(600);

/// What an endpoint is made of.
pub(in crate::llm) struct EndpointSettings<'a> {
    /// The backend, for errors of the configuration.
    pub(in crate::llm) backend: &'static str,
    /// The name of backend and model, for errors of calls.
    pub(in crate::llm) name: String,
    /// The base of the API.
    pub(in crate::llm) base_url: &'a str,
    /// What comes after the base: `/chat/completions`.
    pub(in crate::llm) path: &'a str,
    /// The HTTP clients.
    pub(in crate::llm) transports: &'a Transports,
}

/// HTTP clients that are made when they are needed, and shared: one for `https://` only, one for loopback.
#[derive(Debug, Default)]
pub(in crate::llm) struct Transports {
    given: Option<Arc<dyn HttpTransport>>,
    tls: OnceLock<Arc<dyn HttpTransport>>,
    plain: OnceLock<Arc<dyn HttpTransport>>,
}

impl Transports {
    /// The one client for everything.
    pub(in crate::llm) fn given(transport: Arc<dyn HttpTransport>) -> Self {
        Self { given: Some(transport), ..Self::default() }
    }

    fn get(&self, plain: bool) -> Option<Arc<dyn HttpTransport>> {
        let place = match &self.given {
            Some(given) => return Some(Arc::clone(given)),
            None if plain => &self.plain,
            None => &self.tls,
        };
        if let Some(made) = place.get() {
            return Some(Arc::clone(made));
        }
        let config = TransportConfig::default().with_timeout(LONGEST_CALL).with_plain_http(plain);
        let made: Arc<dyn HttpTransport> = Arc::new(ReqwestTransport::new(&config).ok()?);
        Some(Arc::clone(place.get_or_init(|| made)))
    }
}

/// One address to which requests are posted. `Debug` shows no header.
pub(in crate::llm) struct Endpoint {
    name: String,
    url: String,
    headers: HeaderMap,
    transport: Arc<dyn HttpTransport>,
}

impl Endpoint {
    pub(in crate::llm) fn new(settings: EndpointSettings<'_>) -> Result<Self, LlmConfigError> {
        let (base, plain) = base_url::parse(settings.backend, settings.base_url)?;
        let transport = settings.transports.get(plain).ok_or_else(|| {
            LlmConfigError::new(settings.backend, "transport", "has no certificates to trust")
        })?;
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Ok(Self { name: settings.name, url: format!("{base}{}", settings.path), headers, transport })
    }

    /// With a header that holds a secret.
    pub(in crate::llm) fn with_secret(
        mut self,
        backend: &'static str,
        header: HeaderName,
        value: &str,
    ) -> Result<Self, LlmConfigError> {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| LlmConfigError::new(backend, "api_key", "has characters that no header may have"))?;
        value.set_sensitive(true);
        self.headers.insert(header, value);
        Ok(self)
    }

    /// With one more header.
    pub(in crate::llm) fn with_header(mut self, header: HeaderName, value: &'static str) -> Self {
        self.headers.insert(header, HeaderValue::from_static(value));
        self
    }

    pub(in crate::llm) fn name(&self) -> &str {
        &self.name
    }

    /// Posts JSON and reads the answer, whatever its status, within the time.
    pub(in crate::llm) async fn post(&self, body: &Value, limit: Duration) -> Result<HttpResponse, LlmError> {
        let mut request = HttpRequest::new(Method::POST, self.url.clone()).with_body(body.to_string());
        request.headers = self.headers.clone();
        let kind = match tokio::time::timeout(limit, self.transport.execute(request)).await {
            // It would be as long the next time.
            Ok(Ok(response)) if response.end == BodyEnd::TooLong => {
                return Err(broken(&self.name, &response, "too_long"));
            }
            Ok(Ok(response)) => return Ok(response),
            Err(_) => return Err(LlmError::of(&self.name, LlmErrorKind::TimedOut)),
            Ok(Err(error)) => {
                let kind = match error.kind() {
                    TransportErrorKind::BadRequest => LlmErrorKind::BadRequest,
                    TransportErrorKind::Timeout => LlmErrorKind::TimedOut,
                    TransportErrorKind::Cut => LlmErrorKind::CutOff,
                    _ => LlmErrorKind::Unreachable,
                };
                (kind, error)
            }
        };
        Err(LlmError::of(&self.name, kind.0).with_source(kind.1))
    }
}

impl fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Endpoint").field(&self.name).finish()
    }
}
