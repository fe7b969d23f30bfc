//! The way of every request to a provider: read, recorded, perhaps disturbed by a fault, carried out.

use std::error::Error;
use std::sync::Arc;

use http::Request;
use http_body::Body;

use super::{Call, Endpoint, Provider, Received, Reply};
use crate::faults::{FaultKind, Malformed};
use crate::http_io::{BodyError, Outcome, read_body};
use crate::recorder::RecordedRequest;
use crate::shared::Shared;

/// Serves one request; `path` is what is behind the provider's own segment.
pub(crate) async fn serve<B>(
    shared: &Arc<Shared>,
    provider: &'static dyn Provider,
    path: String,
    request: Request<B>,
) -> Outcome
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let asked = parts.uri.path().to_owned();
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return Outcome::Answer(Reply::html(413).respond()),
        Err(BodyError::Broken) => return Outcome::Answer(Reply::html(400).respond()),
    };
    let call = Call::new(path, parts, body).await;
    let mut received = provider.receive(shared, &call);
    record(shared, provider, &call, asked, &received);
    let endpoint = match received.next {
        Ok(endpoint) => endpoint,
        Err(reply) => return written(reply).await,
    };
    received.next = Ok(endpoint);
    let fault = strike(shared, provider, endpoint, &received);
    serve_with_fault(shared, provider, &call, &received, fault).await
}

fn strike(
    shared: &Shared,
    provider: &dyn Provider,
    endpoint: Endpoint,
    received: &Received,
) -> Option<FaultKind> {
    crate::lock(&shared.faults).strike(provider.kind(), endpoint, &received.phones)
}

async fn written(reply: Reply) -> Outcome {
    if !reply.delay().is_zero() {
        tokio::time::sleep(reply.delay()).await;
    }
    Outcome::Answer(reply.respond())
}

/// Carries the request out, or not, as the fault wants it.
async fn serve_with_fault(
    shared: &Arc<Shared>,
    provider: &dyn Provider,
    call: &Call,
    received: &Received,
    fault: Option<FaultKind>,
) -> Outcome {
    let carry_out = || provider.carry_out(shared, call, received);
    let reply = match fault {
        None | Some(FaultKind::Webhook(_)) => carry_out(),
        Some(FaultKind::Refuse { reason }) => provider.refusal(shared, &reason),
        Some(FaultKind::HttpError { status }) => Reply::html(status),
        Some(FaultKind::Malformed(Malformed::Html)) => Reply::html(200),
        Some(FaultKind::Malformed(Malformed::Empty)) => Reply::empty(),
        Some(FaultKind::Malformed(Malformed::Truncated)) => carry_out().truncated(),
        Some(FaultKind::Hang(time)) => {
            tokio::time::sleep(time).await;
            return Outcome::Cut;
        }
        Some(FaultKind::CutBeforeAccept) => return Outcome::Cut,
        Some(FaultKind::CutAfterAccept) => {
            carry_out();
            return Outcome::Cut;
        }
        Some(FaultKind::Slow(time)) => {
            let reply = carry_out();
            let delay = reply.delay() + time;
            reply.after(delay)
        }
        Some(FaultKind::KeyCase(case)) => carry_out().in_case(case),
        Some(FaultKind::SuccessShape(shape)) => provider.reshape(carry_out(), shape),
    };
    written(reply).await
}

fn record(shared: &Shared, provider: &dyn Provider, call: &Call, path: String, received: &Received) {
    let form = call.form.as_ref().ok();
    shared.record_request(RecordedRequest {
        at: shared.now(),
        provider: provider.kind(),
        method: call.method.to_string(),
        path,
        content_type: call.header("content-type").map(str::to_owned),
        authorization: received.authorization,
        query: call.query.clone(),
        fields: form.map(|form| form.fields.clone()).unwrap_or_default(),
        files: form.map(|form| form.files.clone()).unwrap_or_default(),
    });
}
