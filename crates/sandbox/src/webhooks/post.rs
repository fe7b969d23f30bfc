//! One HTTP POST over plain TCP: enough for a receiver on the same machine, and no TLS.

use std::convert::Infallible;
use std::error::Error;
use std::fmt;

use bytes::Bytes;
use http::{Request, Uri, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use super::Webhook;
use crate::error::SandboxError;

/// Where a webhook goes. `Debug` hides the path, which holds the account's token.
#[derive(PartialEq, Eq)]
pub(crate) struct Target {
    url: String,
    host: String,
    port: u16,
    authority: String,
    path: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, SandboxError> {
        let uri: Uri = url.parse().map_err(|_| SandboxError::WebhookUrl)?;
        let authority = uri.authority().ok_or(SandboxError::WebhookUrl)?;
        if uri.scheme_str() != Some("http") || authority.host().is_empty() || authority.as_str().contains('@')
        {
            return Err(SandboxError::WebhookUrl);
        }
        Ok(Self {
            url: url.to_owned(),
            host: authority.host().trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: authority.port_u16().unwrap_or(80),
            authority: authority.as_str().to_owned(),
            path: uri.path_and_query().map_or_else(|| "/".to_owned(), |path| path.as_str().to_owned()),
        })
    }

    /// The URL as it was given, for providers that sign it.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target").field("authority", &self.authority).finish_non_exhaustive()
    }
}

type Failure = Box<dyn Error + Send + Sync>;

/// Posts and gives back the status of the answer. The caller sets the time limit.
pub(crate) async fn post(target: &Target, webhook: &Webhook) -> Result<u16, Failure> {
    let mut request = Request::post(target.path.as_str())
        .header(header::CONTENT_TYPE, webhook.content_type)
        .body(Full::new(webhook.body.clone()))?;
    request.headers_mut().extend(webhook.headers.iter().cloned());
    Ok(exchange(target, request, 0).await?.0)
}

/// Asks the target with a query behind its path, and gives back the status and at most 1 KiB of the answer.
pub(crate) async fn get(target: &Target, query: &str) -> Result<(u16, Bytes), Failure> {
    let joint = if target.path.contains('?') { '&' } else { '?' };
    let request = Request::get(format!("{}{joint}{query}", target.path)).body(Full::default())?;
    exchange(target, request, 1_024).await
}

/// One exchange; of the answer's body at most so many bytes are read, and none if that is 0.
async fn exchange(
    target: &Target,
    mut request: Request<Full<Bytes>>,
    most: usize,
) -> Result<(u16, Bytes), Failure> {
    let stream = TcpStream::connect((target.host.as_str(), target.port)).await?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    request.headers_mut().insert(header::HOST, target.authority.parse()?);
    let agent = http::HeaderValue::from_static("wartel-sandbox");
    request.headers_mut().entry(header::USER_AGENT).or_insert(agent);
    let ask = async {
        let answer = sender.send_request(request).await?;
        let status = answer.status().as_u16();
        if most == 0 {
            return Ok((status, Bytes::new()));
        }
        let body = Limited::new(answer.into_body(), most).collect().await?;
        Ok((status, body.to_bytes()))
    };
    // The connection must be driven while we wait. It may end before the answer is looked at, so its end is no
    // answer in itself; a connection that ends without one makes `send_request` fail.
    let drive = async {
        let _ = connection.await;
        std::future::pending::<Infallible>().await
    };
    tokio::select! {
        biased;
        answer = ask => answer,
        never = drive => match never {},
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_http_urls_with_a_host_are_taken() {
        let target = Target::parse("http://127.0.0.1:8080/webhook/whatsapp/t?x=1").unwrap();
        assert_eq!((target.host.as_str(), target.port), ("127.0.0.1", 8080));
        assert_eq!(target.path, "/webhook/whatsapp/t?x=1");
        assert_eq!(Target::parse("http://localhost").unwrap().port, 80);
        assert_eq!(Target::parse("http://[::1]:9/x").unwrap().host, "::1");
        for bad in
            ["https://example.org/x", "/webhook", "http://", "http://user:pass@host/x", "ftp://host/x", "a b"]
        {
            assert!(matches!(Target::parse(bad), Err(SandboxError::WebhookUrl)), "{bad}");
        }
    }

    #[test]
    fn debug_hides_the_token_in_the_path() {
        let shown = format!("{:?}", Target::parse("http://localhost/webhook/whatsapp/s3cret").unwrap());
        assert!(!shown.contains("s3cret"), "{shown}");
    }
}
