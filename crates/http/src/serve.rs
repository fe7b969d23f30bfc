//! Serving an app with the time limits that a server on the open net needs.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::task::JoinSet;
use tokio_io_timeout::TimeoutStream;
use tower::Service as _;

/// How connections are bounded. A plain struct: change fields, then serve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServeLimits {
    /// How long a client may take for the head of a request, and how long it may take no byte of an answer; an idle
    /// connection is closed after it, too. Default: 10 s.
    pub patience: Duration,
    /// How many connections are open at the same time; further ones wait to be accepted. Default: 4,096. Keep it below
    /// the number of files that the process may open.
    pub connections: usize,
    /// How long open requests may take after `shutdown` has ended. Default: 10 s.
    pub grace: Duration,
}

impl Default for ServeLimits {
    fn default() -> Self {
        Self { patience: Duration::from_secs(10), connections: 4_096, grace: Duration::from_secs(10) }
    }
}

/// Tells those who hold an answer back that the server begins to stop.
#[derive(Debug, Clone)]
pub(crate) struct Stopping(watch::Receiver<bool>);

impl Stopping {
    /// Ends when the server begins to stop.
    #[cfg_attr(not(feature = "otp"), allow(dead_code))]
    pub(crate) async fn begun(&mut self) {
        // The sender gone is a server that has stopped.
        let _ = self.0.wait_for(|stopping| *stopping).await;
    }
}

/// Serves `app` on `listener` with HTTP/1.1 until `shutdown` ends, and then until the open requests are answered or
/// their grace is over. Answers whether all of them were answered. Those who wait for news of a verification are
/// answered when `shutdown` ends.
///
/// Why not `axum::serve`: it waits for ever for clients that send half a head or nothing, or never read.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    limits: ServeLimits,
    shutdown: impl Future<Output = ()> + Send,
) -> bool {
    let places = Arc::new(Semaphore::new(limits.connections));
    let open = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.patience);
    let (stop, stopping) = watch::channel(false);
    tokio::pin!(shutdown);
    loop {
        let (stream, peer, place) = tokio::select! {
            biased;
            () = &mut shutdown => break,
            accepted = accept(&listener, &places) => accepted,
        };
        // Those that have ended meanwhile are forgotten here, so that the set does not grow.
        while connections.try_join_next().is_some() {}
        // A small answer is not held back to wait for more.
        if stream.set_nodelay(true).is_err() {
            continue;
        }
        let app = app.clone();
        let stopping = Stopping(stopping.clone());
        let service = service_fn(move |request: hyper::Request<Incoming>| {
            let mut app = app.clone();
            let mut request = request.map(Body::new);
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(peer));
            request.extensions_mut().insert(stopping.clone());
            // A router is always ready.
            async move { Ok::<_, Infallible>(app.call(request).await.unwrap_or_else(|never| match never {})) }
        });
        let mut stream = TimeoutStream::new(stream);
        stream.set_write_timeout(Some(limits.patience));
        let connection = open.watch(http.serve_connection(TokioIo::new(Box::pin(stream)), service));
        connections.spawn(async move {
            // Clients break off as they like; what they asked for is logged where it is answered.
            if let Err(error) = connection.await {
                tracing::debug!(error = %error, "a connection ended early");
            }
            drop(place);
        });
    }
    drop(listener);
    let _ = stop.send(true);
    let all_answered = tokio::time::timeout(limits.grace, open.shutdown()).await.is_ok();
    connections.shutdown().await;
    all_answered
}

/// The next connection, and its place among those that are open.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> (TcpStream, SocketAddr, Option<OwnedSemaphorePermit>) {
    // The semaphore is never closed.
    let place = Arc::clone(places).acquire_owned().await.ok();
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer, place),
            // Out of files, most likely: wait until others have closed some.
            Err(error) => {
                tracing::warn!(error = %error, "cannot accept connections");
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::routing::get;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::oneshot;

    use super::*;

    async fn started(
        limits: ServeLimits,
    ) -> (SocketAddr, oneshot::Sender<()>, tokio::task::JoinHandle<bool>) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let slow = || async {
            tokio::time::sleep(Duration::from_millis(300)).await;
            "done"
        };
        let large = || async { vec![b'x'; 64 * 1024 * 1024] };
        let peer = |ConnectInfo(peer): ConnectInfo<SocketAddr>| async move { peer.ip().to_string() };
        let app =
            Router::new().route("/peer", get(peer)).route("/slow", get(slow)).route("/large", get(large));
        let (stop, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(serve(listener, app, limits, async {
            let _ = stopped.await;
        }));
        (address, stop, served)
    }

    async fn ask(address: SocketAddr, path: &str) -> String {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream
            .write_all(format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").as_bytes())
            .await
            .unwrap();
        let mut text = String::new();
        // A connection that is cut off ends with what came so far.
        let _ = stream.read_to_string(&mut text).await;
        text
    }

    /// Whether the server closes a connection on which only `sent` is written.
    async fn is_closed_after(address: SocketAddr, sent: &str) -> bool {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut rest = Vec::new();
        tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut rest)).await.is_ok()
    }

    #[tokio::test]
    async fn clients_that_send_half_a_head_or_nothing_are_let_go() {
        let limits = ServeLimits { patience: Duration::from_millis(200), ..ServeLimits::default() };
        let (address, _stop, _served) = started(limits).await;
        assert!(ask(address, "/peer").await.ends_with("127.0.0.1"));
        for sent in ["", "GET / HT", "GET /peer HTTP/1.1\r\nhost: x\r\n\r\n"] {
            assert!(is_closed_after(address, sent).await, "{sent:?}");
        }
    }

    #[tokio::test]
    async fn a_client_that_never_reads_is_let_go() {
        let limits =
            ServeLimits { connections: 1, patience: Duration::from_millis(200), ..ServeLimits::default() };
        let (address, _stop, _served) = started(limits).await;
        let mut deaf = TcpStream::connect(address).await.unwrap();
        deaf.write_all(b"GET /large HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        // The only place comes back although the first client holds on to its end.
        let answer = tokio::time::timeout(Duration::from_secs(10), ask(address, "/peer")).await.unwrap();
        assert!(answer.starts_with("HTTP/1.1 200"));
        drop(deaf);
    }

    #[tokio::test]
    async fn places_are_given_back() {
        let limits =
            ServeLimits { connections: 2, patience: Duration::from_millis(200), ..ServeLimits::default() };
        let (address, _stop, _served) = started(limits).await;
        let _idle = [TcpStream::connect(address).await.unwrap(), TcpStream::connect(address).await.unwrap()];
        assert!(ask(address, "/peer").await.starts_with("HTTP/1.1 200"));
    }

    #[tokio::test]
    async fn open_requests_are_answered_before_the_end() {
        let (address, stop, served) = started(ServeLimits::default()).await;
        let asked = tokio::spawn(ask(address, "/slow"));
        while asked_nothing(address).await {}
        stop.send(()).unwrap();
        assert!(asked.await.unwrap().ends_with("done"));
        assert!(served.await.unwrap());
    }

    /// Gives the slow request time to be read: one whole other request.
    async fn asked_nothing(address: SocketAddr) -> bool {
        !ask(address, "/peer").await.starts_with("HTTP/1.1 200")
    }

    #[tokio::test]
    async fn requests_past_their_grace_are_cut_off() {
        let limits = ServeLimits { grace: Duration::from_millis(20), ..ServeLimits::default() };
        let (address, stop, served) = started(limits).await;
        let asked = tokio::spawn(ask(address, "/slow"));
        while asked_nothing(address).await {}
        stop.send(()).unwrap();
        assert!(!served.await.unwrap());
        // Cut off: the answer never comes.
        assert!(!matches!(asked.await, Ok(text) if text.ends_with("done")));
    }
}
