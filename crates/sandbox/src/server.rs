//! The listener on the loopback interface and the sandbox's life from start to end.

use std::io;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderValue, Request, Response, StatusCode, header};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{JoinHandle, JoinSet};

use crate::builder::{Options, SandboxBuilder};
use crate::error::SandboxError;
use crate::handle::SandboxHandle;
use crate::http_io::{Outcome, SandboxBody, answer};
use crate::llm;
use crate::provider::{self, Provider, ProviderKind, Reply};
use crate::shared::Shared;

/// Connections served at once; more wait to be accepted.
const MAX_CONNECTIONS: usize = 1_024;
/// How long a client may take to send the head of a request, and keep a connection idle. Longer than the usual 90 s
/// after which HTTP clients drop idle connections, so that none is closed under a request that is just being sent.
const HEAD_TIMEOUT: Duration = Duration::from_secs(120);

/// A running sandbox. It ends when this is dropped or [shut down](Self::shutdown).
///
/// Everything that a [`SandboxHandle`] can do, it can do too.
#[derive(Debug)]
#[must_use = "the sandbox ends when it is dropped"]
pub struct Sandbox {
    handle: SandboxHandle,
    server: JoinHandle<()>,
}

impl Sandbox {
    /// Sets a sandbox up.
    pub fn builder() -> SandboxBuilder {
        SandboxBuilder::default()
    }

    /// A handle to clone and move into other tasks, or to mount with [`SandboxHandle::handle`].
    #[must_use]
    pub fn handle(&self) -> SandboxHandle {
        self.handle.clone()
    }

    /// Ends the sandbox and waits until its port is free again.
    pub async fn shutdown(mut self) {
        self.stop();
        // Aborting is the way this task ends, so its result says nothing.
        let _ = (&mut self.server).await;
    }

    fn stop(&self) {
        self.handle.shared.stop();
        self.server.abort();
    }
}

impl Deref for Sandbox {
    type Target = SandboxHandle;

    fn deref(&self) -> &SandboxHandle {
        &self.handle
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.stop();
    }
}

pub(crate) async fn start(options: Options) -> Result<Sandbox, SandboxError> {
    let listener = TcpListener::bind(options.bind).await.map_err(SandboxError::Bind)?;
    let address = listener.local_addr().map_err(SandboxError::Bind)?;
    let (shared, lanes) = Shared::new(options, format!("http://{address}"), Handle::current())?;
    lanes.start(&shared);
    let handle = SandboxHandle { shared };
    let server = tokio::spawn(accept(listener, handle.clone()));
    Ok(Sandbox { handle, server })
}

/// Accepts connections until it is aborted; its connections end with it.
async fn accept(listener: TcpListener, handle: SandboxHandle) {
    let mut connections = JoinSet::new();
    let places = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        match listener.accept().await {
            Ok((stream, _)) => {
                let handle = handle.clone();
                connections.spawn(async move {
                    connection(stream, handle).await;
                    drop(place);
                });
            }
            Err(_) => {
                // Out of file descriptors, most likely: others must end before the next can begin.
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
    }
}

async fn connection(stream: TcpStream, handle: SandboxHandle) {
    // Answers are small and each is waited for; without this the kernel holds them back.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| {
        let handle = handle.clone();
        async move { route(&handle, request).await }
    });
    // An error here is a client that left, or a cut that was asked for.
    let _ = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

/// Pages and control API below `/sandbox`, language models below `/llm`, a provider below its name, and Fonnte
/// everywhere else.
async fn route(
    handle: &SandboxHandle,
    request: Request<Incoming>,
) -> Result<Response<SandboxBody>, io::Error> {
    let path = request.uri().path();
    if path == "/" {
        let mut redirect = answer(StatusCode::FOUND, "text/plain; charset=utf-8", "");
        redirect.headers_mut().insert(header::LOCATION, HeaderValue::from_static("/sandbox/"));
        return Ok(redirect);
    }
    if path == "/sandbox" || path.starts_with("/sandbox/") {
        return Ok(handle.handle(request).await);
    }
    let path = path.to_owned();
    if let Some(rest) = path.strip_prefix("/llm/") {
        return ended(llm::serve(&handle.shared, rest, request).await);
    }
    let (fake, rest) = provider_of(&path);
    let Some(fake) = fake else { return Ok(Reply::html(404).respond()) };
    ended(provider::serve(&handle.shared, fake, rest.to_owned(), request).await)
}

fn ended(outcome: Outcome) -> Result<Response<SandboxBody>, io::Error> {
    match outcome {
        Outcome::Answer(response) => Ok(response),
        // An error makes hyper close the connection without writing anything.
        Outcome::Cut => Err(io::Error::from(io::ErrorKind::ConnectionAborted)),
    }
}

/// The provider of a path, and what is behind its own segment.
fn provider_of(path: &str) -> (Option<&'static dyn Provider>, &str) {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let end = inner.find('/').unwrap_or(inner.len());
    let (first, rest) = inner.split_at(end);
    match ProviderKind::from_name(first) {
        Some(kind) => (kind.fake(), rest),
        None => (ProviderKind::Fonnte.fake(), path),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_segment_chooses_the_provider() {
        let check = |path: &str, expected: ProviderKind, behind: &str| {
            let (fake, rest) = provider_of(path);
            assert_eq!(
                (fake.map(Provider::kind), rest),
                (expected.fake().map(Provider::kind), behind),
                "{path}"
            );
        };
        check("/send", ProviderKind::Fonnte, "/send");
        check("/fonnte/send", ProviderKind::Fonnte, "/send");
        check("/proxy/send", ProviderKind::Fonnte, "/proxy/send");
        check("/waha/api/sendText", ProviderKind::Waha, "/api/sendText");
        check("/gateway", ProviderKind::Gateway, "");
    }
}
