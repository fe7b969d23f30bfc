//! The transport over reqwest. This is the only file that names reqwest.

use std::error::Error;
use std::io;
use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{
    BodyEnd, HttpRequest, HttpResponse, HttpTransport, MAX_RESPONSE_BYTES, TransportError, TransportErrorKind,
};

/// A connection is not used again after this long without traffic. Servers close idle connections after
/// 5 s (Apache) or more; a request that meets a closing connection may or may not have been taken.
const POOL_IDLE: Duration = Duration::from_secs(4);

/// Configuration of [`ReqwestTransport`].
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct TransportConfig {
    /// Time to find the host, connect and make the TLS session. Default: 5 s.
    pub connect_timeout: Duration,
    /// Time for the whole call, from finding the host to the last byte of the answer. Default: 10 s. It should
    /// be longer than `connect_timeout`: only then is a timeout while connecting known as one.
    pub timeout: Duration,
    /// Speaks `http://` as well, and through no proxy. Default: false. Meant for servers on this machine.
    pub plain_http: bool,
}

impl Default for TransportConfig {
    fn default() -> Self {
        Self { connect_timeout: Duration::from_secs(5), timeout: Duration::from_secs(10), plain_http: false }
    }
}

impl TransportConfig {
    /// With another limit for a whole call, and half of it, at most 5 s, for connecting.
    #[must_use]
    pub fn with_timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self.connect_timeout = (timeout / 2).min(Duration::from_secs(5));
        self
    }

    /// Allows `http://`, and asks no proxy.
    #[must_use]
    pub const fn with_plain_http(mut self, allowed: bool) -> Self {
        self.plain_http = allowed;
        self
    }
}

/// The HTTP transport over reqwest with rustls. Clones share their connections.
#[derive(Debug, Clone)]
pub struct ReqwestTransport {
    client: reqwest::Client,
}

impl ReqwestTransport {
    /// A transport of its own.
    ///
    /// # Errors
    /// [`TransportErrorKind::Tls`] if the machine has no certificates to trust (install `ca-certificates`).
    pub fn new(config: &TransportConfig) -> Result<Self, TransportError> {
        // A machine without certificates can still talk to a server of its own.
        let client = match Self::builder(config).build() {
            Err(_) if config.plain_http => Self::builder(config).tls_certs_only([]).build(),
            built => built,
        };
        let client = client.map_err(|_| TransportError::new(TransportErrorKind::Tls))?;
        Ok(Self { client })
    }

    fn builder(config: &TransportConfig) -> reqwest::ClientBuilder {
        let builder = reqwest::Client::builder()
            .user_agent(concat!("wartel/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect_timeout)
            .timeout(config.timeout)
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .pool_idle_timeout(POOL_IDLE)
            .https_only(!config.plain_http);
        if config.plain_http { builder.no_proxy() } else { builder }
    }
}

#[async_trait::async_trait]
impl HttpTransport for ReqwestTransport {
    async fn execute(&self, request: HttpRequest) -> Result<HttpResponse, TransportError> {
        let sent = self
            .client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(reqwest::Body::from(request.body))
            .send()
            .await;
        let mut response = sent.map_err(|error| classify(&error))?;
        let (body, end) = read_bounded(&mut response).await;
        Ok(HttpResponse {
            status: response.status(),
            headers: std::mem::take(response.headers_mut()),
            body,
            end,
        })
    }
}

async fn read_bounded(response: &mut reqwest::Response) -> (Bytes, BodyEnd) {
    let mut body = BytesMut::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = MAX_RESPONSE_BYTES - body.len();
                body.extend_from_slice(chunk.get(..room).unwrap_or(&chunk));
                if chunk.len() > room {
                    return (body.freeze(), BodyEnd::TooLong);
                }
            }
            Ok(None) => return (body.freeze(), BodyEnd::Complete),
            Err(_) => return (body.freeze(), BodyEnd::Cut),
        }
    }
}

/// Tells "certainly not sent" from "maybe sent". What is in doubt counts as maybe sent.
fn classify(error: &reqwest::Error) -> TransportError {
    let io = io_kind(error);
    let kind = if error.is_builder() {
        TransportErrorKind::BadRequest
    } else if error.is_connect() {
        if error.is_dns() {
            TransportErrorKind::Dns
        } else if matches!(io, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput)) {
            // rustls reports a failed handshake as invalid data.
            TransportErrorKind::Tls
        } else {
            TransportErrorKind::Connect
        }
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        TransportErrorKind::Cut
    };
    TransportError::new(kind).with_io(io)
}

/// The kind of the innermost I/O error: the outer ones are wrappers that say "other".
fn io_kind(error: &reqwest::Error) -> Option<io::ErrorKind> {
    let mut found = None;
    let mut source = error.source();
    while let Some(error) = source {
        let mut io = error.downcast_ref::<io::Error>();
        while let Some(error) = io {
            found = Some(error.kind());
            // An I/O error that wraps another one passes it over in `source()`.
            io = error.get_ref().and_then(|inner| inner.downcast_ref());
        }
        source = error.source();
    }
    found
}

#[cfg(test)]
mod tests {
    use http::Method;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Reads the head and the two bytes of the body, so that closing afterwards is not a reset.
    async fn read_request(stream: &mut TcpStream) {
        let mut seen = Vec::new();
        while !seen.ends_with(b"\r\n\r\nhi") {
            let mut byte = [0_u8; 1];
            stream.read_exact(&mut byte).await.unwrap();
            seen.extend(byte);
        }
    }

    /// One answer, byte for byte, then the end of the connection. `None` never answers.
    async fn ask(answer: Option<Vec<u8>>, timeout: Duration) -> Result<HttpResponse, TransportError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/send", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            read_request(&mut stream).await;
            match answer {
                Some(bytes) => stream.write_all(&bytes).await.unwrap_or_default(),
                None => std::future::pending().await,
            }
        });
        let transport =
            ReqwestTransport::new(&TransportConfig::default().with_timeout(timeout).with_plain_http(true));
        let result = transport.unwrap().execute(HttpRequest::new(Method::POST, url).with_body("hi")).await;
        server.abort();
        result
    }

    const LONG: Duration = Duration::from_secs(20);

    #[tokio::test]
    async fn an_answer_is_read_whole_whatever_its_status() {
        let answer = b"HTTP/1.1 503 No\r\nRetry-After: 9\r\nContent-Length: 4\r\n\r\nbusy".to_vec();
        let response = ask(Some(answer), LONG).await.unwrap();
        assert_eq!(
            (response.status.as_u16(), &response.body[..], response.end),
            (503, &b"busy"[..], BodyEnd::Complete)
        );
        assert_eq!(response.retry_after(), Some(Duration::from_secs(9)));
    }

    #[tokio::test]
    async fn a_redirect_is_an_answer_and_not_followed() {
        let answer =
            b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n".to_vec();
        assert_eq!(ask(Some(answer), LONG).await.unwrap().status.as_u16(), 302);
    }

    #[tokio::test]
    async fn a_body_is_bounded_and_a_cut_one_is_known_as_cut() {
        let cut = b"HTTP/1.1 200 OK\r\nContent-Length: 40\r\n\r\n{\"status\":".to_vec();
        let response = ask(Some(cut), LONG).await.unwrap();
        assert_eq!((response.body.len(), response.end), (10, BodyEnd::Cut));

        let mut huge =
            format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", 2 * MAX_RESPONSE_BYTES).into_bytes();
        huge.resize(huge.len() + 2 * MAX_RESPONSE_BYTES, b'x');
        let response = ask(Some(huge), LONG).await.unwrap();
        assert_eq!((response.body.len(), response.end), (MAX_RESPONSE_BYTES, BodyEnd::TooLong));
    }

    #[tokio::test]
    async fn silence_and_a_cut_after_the_request_are_maybe_sent() {
        let silence = ask(None, Duration::from_millis(200)).await.unwrap_err();
        assert_eq!(silence.kind(), TransportErrorKind::Timeout);
        let cut = ask(Some(Vec::new()), LONG).await.unwrap_err();
        assert_eq!(cut.kind(), TransportErrorKind::Cut);
        assert!(!silence.is_certainly_not_sent() && !cut.is_certainly_not_sent());
    }

    #[tokio::test]
    async fn a_refused_connection_and_a_forbidden_url_are_certainly_not_sent() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/hush", listener.local_addr().unwrap());
        drop(listener);
        let plain = ReqwestTransport::new(&TransportConfig::default().with_plain_http(true)).unwrap();
        let refused =
            plain.execute(HttpRequest::new(Method::POST, url.clone()).with_body("hi")).await.unwrap_err();
        assert_eq!(refused.kind(), TransportErrorKind::Connect);
        assert_eq!(refused.to_string(), "no connection (connection refused)");

        let bad = plain.execute(HttpRequest::new(Method::POST, "not a url")).await.unwrap_err();
        assert_eq!(bad.kind(), TransportErrorKind::BadRequest);
        assert!(refused.is_certainly_not_sent() && bad.is_certainly_not_sent());
        assert!(!format!("{refused:?} {bad:?} {bad}").contains("hush"));
    }

    #[tokio::test]
    async fn a_server_without_tls_is_certainly_not_sent_to() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("https://{}/", listener.local_addr().unwrap());
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut sink = Vec::new();
            stream.read_to_end(&mut sink).await.unwrap_or_default();
        });
        let config = TransportConfig::default().with_plain_http(true);
        let error = ReqwestTransport::new(&config)
            .unwrap()
            .execute(HttpRequest::new(Method::GET, url))
            .await
            .unwrap_err();
        server.abort();
        assert_eq!(error.kind(), TransportErrorKind::Tls);
    }
}
