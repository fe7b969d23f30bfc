//! A Fonnte: its endpoints, its bodies and its habits, written from its documentation and not from an adapter.
//!
//! Where the documentation is silent the stricter reading is taken, so that what works here works there: numbers are
//! digits only, and one bad target refuses the whole request.

mod account;
mod answer;
mod form;
mod send;
mod target;
pub(crate) mod wire;

use std::error::Error;
use std::sync::Arc;

use http::{Method, Request, StatusCode, header, request::Parts};
use http_body::Body;

use crate::device::Device;
use crate::faults::{FaultKind, Malformed};
use crate::http_io::{BodyError, Outcome, answer as respond, read_body};
use crate::recorder::{Authorization, RecordedRequest};
use crate::shared::Shared;
use answer::Answer;
use form::{Form, FormError};

/// The provider's endpoints that the sandbox serves. All are `POST`, each also below a base path (`/fonnte/send`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Endpoint {
    /// `/send`: accepts messages.
    Send,
    /// `/validate`: which numbers have WhatsApp.
    Validate,
    /// `/device`: the device's profile, quota and connection.
    Device,
    /// `/get-devices`: all devices of the account.
    GetDevices,
    /// `/qr`: a QR or pairing code.
    Qr,
    /// `/disconnect`: logs the device out.
    Disconnect,
    /// `/status`: how far a message came (deprecated by the provider).
    Status,
}

impl Endpoint {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Send,
        Self::Validate,
        Self::Device,
        Self::GetDevices,
        Self::Qr,
        Self::Disconnect,
        Self::Status,
    ];

    /// The last segment of its path, such as `get-devices`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Send => "send",
            Self::Validate => "validate",
            Self::Device => "device",
            Self::GetDevices => "get-devices",
            Self::Qr => "qr",
            Self::Disconnect => "disconnect",
            Self::Status => "status",
        }
    }

    /// Finds an endpoint by its [`name`](Self::name).
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|endpoint| endpoint.name() == name)
    }

    fn from_path(path: &str) -> Option<Self> {
        Self::from_name(path.trim_end_matches('/').rsplit('/').next()?)
    }
}

/// Whom the token belongs to.
enum Caller {
    Device(Arc<Device>),
    Account,
}

/// Serves one request to the provider.
pub(crate) async fn serve<B>(shared: &Arc<Shared>, request: Request<B>) -> Outcome
where
    B: Body,
    B::Error: Into<Box<dyn Error + Send + Sync>>,
{
    let (parts, body) = request.into_parts();
    let Some(endpoint) = Endpoint::from_path(parts.uri.path()) else {
        return html(StatusCode::NOT_FOUND);
    };
    let body = match read_body(body).await {
        Ok(body) => body,
        Err(BodyError::TooLarge) => return html(StatusCode::PAYLOAD_TOO_LARGE),
        Err(BodyError::Broken) => return html(StatusCode::BAD_REQUEST),
    };
    let content_type = text_header(&parts, header::CONTENT_TYPE);
    let form = form::parse(content_type.as_deref(), body).await;
    let caller = authenticate(shared, endpoint, &parts);
    record(shared, &parts, content_type, form.as_ref().ok(), caller.is_some());
    if parts.method != Method::POST {
        return html(StatusCode::METHOD_NOT_ALLOWED);
    }
    let Some(caller) = caller else {
        return Outcome::Answer(Answer::unauthorised(endpoint).respond(shared));
    };
    let phones = form.as_ref().map(target::phones).unwrap_or_default();
    let fault = crate::lock(&shared.faults).strike(endpoint, &phones);
    serve_with_fault(shared, endpoint, &caller, form, fault).await
}

/// Carries the request out, or not, as the fault wants it.
async fn serve_with_fault(
    shared: &Arc<Shared>,
    endpoint: Endpoint,
    caller: &Caller,
    form: Result<Form, FormError>,
    fault: Option<FaultKind>,
) -> Outcome {
    let carry_out = || carry_out(shared, endpoint, caller, form);
    Outcome::Answer(match fault {
        None | Some(FaultKind::Webhook(_)) => carry_out().respond(shared),
        Some(FaultKind::Refuse { reason }) => Answer::refusal(reason).respond(shared),
        Some(FaultKind::HttpError { status }) => {
            return html(StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        }
        Some(FaultKind::Malformed(Malformed::Html)) => return html(StatusCode::OK),
        Some(FaultKind::Malformed(Malformed::Empty)) => respond(StatusCode::OK, "application/json", ""),
        Some(FaultKind::Malformed(Malformed::Truncated)) => carry_out().respond_truncated(shared),
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
            let answer = carry_out().respond(shared);
            tokio::time::sleep(time).await;
            answer
        }
        Some(FaultKind::KeyCase(case)) => carry_out().in_case(case).respond(shared),
        Some(FaultKind::SuccessShape(shape)) => carry_out().in_shape(shape).respond(shared),
    })
}

fn carry_out(
    shared: &Arc<Shared>,
    endpoint: Endpoint,
    caller: &Caller,
    form: Result<Form, FormError>,
) -> Answer {
    let form = match form {
        Ok(form) => form,
        Err(FormError::Json) => return Answer::refusal("JSON format invalid"),
        Err(FormError::Unreadable) => return Answer::refusal("input invalid"),
    };
    match (endpoint, caller) {
        (Endpoint::GetDevices, _) | (_, Caller::Account) => account::get_devices(shared),
        (Endpoint::Send, Caller::Device(device)) => send::send(shared, device, &form),
        (Endpoint::Validate, Caller::Device(_)) => account::validate(shared, &form),
        (Endpoint::Device, Caller::Device(device)) => account::device(device),
        (Endpoint::Qr, Caller::Device(device)) => account::qr(device, &form),
        (Endpoint::Disconnect, Caller::Device(device)) => account::disconnect(shared, device),
        (Endpoint::Status, Caller::Device(_)) => account::status(shared, &form),
    }
}

/// The raw token and nothing around it. Each endpoint takes either a device's token or the account's.
fn authenticate(shared: &Shared, endpoint: Endpoint, parts: &Parts) -> Option<Caller> {
    let token = text_header(parts, header::AUTHORIZATION)?;
    if endpoint == Endpoint::GetDevices {
        return (token == shared.options.account_token).then_some(Caller::Account);
    }
    let device = shared.devices.iter().find(|device| device.token == token)?;
    Some(Caller::Device(Arc::clone(device)))
}

fn record(shared: &Shared, parts: &Parts, content_type: Option<String>, form: Option<&Form>, accepted: bool) {
    let authorization = match (accepted, parts.headers.contains_key(header::AUTHORIZATION)) {
        (true, _) => Authorization::Accepted,
        (false, true) => Authorization::Refused,
        (false, false) => Authorization::Missing,
    };
    shared.record_request(RecordedRequest {
        at: shared.now(),
        method: parts.method.to_string(),
        path: parts.uri.path().to_owned(),
        content_type,
        authorization,
        fields: form.map(|form| form.fields.clone()).unwrap_or_default(),
        files: form.map(|form| form.files.clone()).unwrap_or_default(),
    });
}

fn text_header(parts: &Parts, name: header::HeaderName) -> Option<String> {
    parts.headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}

/// The page that a web server in front of the provider would answer with.
fn html(status: StatusCode) -> Outcome {
    let words = match status {
        StatusCode::OK => "Just a moment...",
        other => other.canonical_reason().unwrap_or("Error"),
    };
    let page = format!("<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>");
    Outcome::Answer(respond(status, "text/html; charset=utf-8", page))
}
