//! Reading what a request holds: language, JSON body, fields. Nothing of it is repeated in an answer.

use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::extract::{FromRef, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use http_body::Body as _;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde_json::{Map, Value};
use wartel_core::Locale;

use crate::Http;
use crate::problem::{FieldIssue, Problem};
use crate::texts::Text;

/// The largest JSON body, in bytes.
pub(crate) const MAX_JSON: usize = 64 * 1024;

/// Of a body that is too large so much is read and thrown away, for so long, before it is refused: a client that still
/// writes when the connection closes would see that and not the answer.
const DISCARDED: usize = 4 * 1024 * 1024;
const DISCARD_TIME: Duration = Duration::from_secs(2);

/// The language of `Accept-Language`.
pub(crate) fn locale_of(headers: &HeaderMap) -> Locale {
    let wanted = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    wanted.map_or_else(Locale::default, Locale::negotiate)
}

/// The language that the caller wants to be spoken to in.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Language(pub(crate) Locale);

impl<S: Send + Sync> FromRequestParts<S> for Language {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        Ok(Self(locale_of(&parts.headers)))
    }
}

/// Reads a body of at most `limit` bytes within `timeout`.
pub(crate) async fn read_body(mut body: Body, limit: usize, timeout: Duration) -> Result<Bytes, Problem> {
    let too_large = || {
        Problem::invalid(
            StatusCode::PAYLOAD_TOO_LARGE,
            "the body has more bytes than are taken",
            Text::TooLarge,
        )
    };
    // What is announced as too large is not kept at all.
    if body.size_hint().lower() > limit as u64 {
        discard(body).await;
        return Err(too_large());
    }
    match tokio::time::timeout(timeout, Limited::new(&mut body, limit).collect()).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            discard(body).await;
            Err(too_large())
        }
        Ok(Err(_broken)) => {
            Err(Problem::invalid(StatusCode::BAD_REQUEST, "the body broke off", Text::MalformedJson))
        }
        Err(_elapsed) => Err(Problem::invalid(
            StatusCode::REQUEST_TIMEOUT,
            "the body did not arrive in time",
            Text::TooSlow,
        )),
    }
}

/// Reads what is left of a body and keeps nothing of it; not of one that would never end.
async fn discard(mut body: Body) {
    if body.size_hint().lower() > DISCARDED as u64 {
        return;
    }
    let all = async {
        let mut left = DISCARDED;
        while let Some(Ok(frame)) = body.frame().await {
            match left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) {
                Some(rest) => left = rest,
                None => return,
            }
        }
    };
    // Whoever takes longer may miss the answer.
    let _ = tokio::time::timeout(DISCARD_TIME, all).await;
}

/// The fields of a JSON object, and what is wrong with them so far.
pub(crate) struct Form {
    fields: Map<String, Value>,
    issues: Vec<FieldIssue>,
    #[cfg_attr(not(feature = "v1"), allow(dead_code))]
    raw: Bytes,
}

impl<S> FromRequest<S> for Form
where
    Http: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Self, Self::Rejection> {
        if !is_json(request.headers()) {
            let status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
            return Err(Problem::invalid(
                status,
                "the content type must be application/json",
                Text::WrongContentType,
            ));
        }
        let body = read_body(request.into_body(), MAX_JSON, Http::from_ref(state).body_timeout()).await?;
        Self::parse(body)
    }
}

/// A body that may be missing as a whole.
#[cfg(feature = "bot")]
impl<S> axum::extract::OptionalFromRequest<S> for Form
where
    Http: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request(request: Request, state: &S) -> Result<Option<Self>, Self::Rejection> {
        if request.body().is_end_stream() {
            return Ok(None);
        }
        <Self as FromRequest<S>>::from_request(request, state).await.map(Some)
    }
}

impl Form {
    fn parse(raw: Bytes) -> Result<Self, Problem> {
        let bad = |detail, text| Problem::invalid(StatusCode::BAD_REQUEST, detail, text);
        let value = serde_json::from_slice(&raw)
            .map_err(|_| bad("the body is not valid JSON in UTF-8", Text::MalformedJson))?;
        if has_null(&value) {
            return Err(bad("the body contains a null character", Text::NullCharacter));
        }
        match value {
            Value::Object(fields) => Ok(Self { fields, issues: Vec::new(), raw }),
            _ => Err(bad("the body must be a JSON object", Text::NotAnObject)),
        }
    }

    /// A text that must be there. What is missing or of another type is noted, and comes out as an empty text: ask
    /// [`check`](Self::check) before using it.
    pub(crate) fn required(&mut self, field: &'static str) -> String {
        let missing = self.fields.get(field).is_none_or(Value::is_null);
        if missing {
            self.note(field, Text::Missing);
        }
        self.optional(field).unwrap_or_default()
    }

    /// A text that may be absent or null. Another type is noted.
    pub(crate) fn optional(&mut self, field: &'static str) -> Option<String> {
        match self.fields.remove(field) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text),
            Some(_) => {
                let is_code = matches!(field, "otp" | "code");
                let text = if is_code { Text::CodeNotQuoted } else { Text::NotAString };
                self.note(field, text);
                None
            }
        }
    }

    /// An object of texts that may be absent or null. Another type is noted.
    #[cfg(feature = "v1")]
    pub(crate) fn texts(&mut self, field: &'static str) -> Vec<(String, String)> {
        let pair = |(name, value)| match value {
            Value::String(text) => Some((name, text)),
            _ => None,
        };
        let texts = match self.fields.remove(field) {
            None | Some(Value::Null) => Some(Vec::new()),
            Some(Value::Object(fields)) => fields.into_iter().map(pair).collect(),
            Some(_) => None,
        };
        texts.unwrap_or_else(|| {
            self.note(field, Text::NotTexts);
            Vec::new()
        })
    }

    /// A truth value that must be there. What is missing or of another type is noted, and comes out as `false`.
    #[cfg(feature = "bot")]
    pub(crate) fn required_bool(&mut self, field: &'static str) -> bool {
        match self.fields.remove(field) {
            Some(Value::Bool(value)) => return value,
            None | Some(Value::Null) => self.note(field, Text::Missing),
            Some(_) => self.note(field, Text::from(crate::shop::ShopText::NotABool)),
        }
        false
    }

    /// A whole number that may be absent or null. Another type and what is out of the range are noted.
    #[cfg(feature = "bot")]
    pub(crate) fn optional_number(&mut self, field: &'static str, min: u32, max: u32) -> Option<u32> {
        let value = self.fields.remove(field).filter(|value| !value.is_null())?;
        let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
        let number = number.filter(|number| (min..=max).contains(number));
        if number.is_none() {
            self.note(field, Text::NumberBetween { min: min.into(), max: max.into() });
        }
        number
    }

    /// The body as it came.
    #[cfg(feature = "v1")]
    pub(crate) fn raw(&self) -> Bytes {
        self.raw.clone()
    }

    /// Drops a field, whatever it holds.
    #[cfg(any(feature = "registration", feature = "bot"))]
    pub(crate) fn discard(&mut self, field: &str) {
        self.fields.remove(field);
    }

    /// Notes that a field is wrong.
    pub(crate) fn note(&mut self, field: &'static str, text: Text) {
        self.issues.push(FieldIssue { field, text });
    }

    /// Whether everything read so far is right.
    pub(crate) fn check(&mut self) -> Result<(), Problem> {
        if self.issues.is_empty() {
            Ok(())
        } else {
            Err(Problem::invalid_fields(std::mem::take(&mut self.issues)))
        }
    }

    /// The fields that nobody has read.
    #[cfg(any(feature = "registration", feature = "bot"))]
    pub(crate) fn rest(self) -> Map<String, Value> {
        self.fields
    }
}

/// `application/json`, with any parameters (RFC 8259 defines none, but clients send a charset).
fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let essence = content_type.and_then(|text| text.split(';').next()).map(str::trim);
    essence.is_some_and(|essence| essence.eq_ignore_ascii_case("application/json"))
}

/// Databases and C libraries end texts at a null character, so that what is checked would not be what is kept.
fn has_null(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(fields) => fields.iter().any(|(key, value)| key.contains('\0') || has_null(value)),
        Value::Null | Value::Bool(_) | Value::Number(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(body: &[u8]) -> Result<Form, Problem> {
        Form::parse(Bytes::copy_from_slice(body))
    }

    /// A body in pieces of 64 KiB, and how many of them were taken.
    fn pieces(count: usize) -> (Body, std::sync::Arc<std::sync::atomic::AtomicUsize>) {
        let taken = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
        let counted = std::sync::Arc::clone(&taken);
        let pieces = futures_util::stream::iter((0..count).map(move |_| {
            counted.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            Ok::<_, std::io::Error>(Bytes::from_static(&[b'x'; 64 * 1024]))
        }));
        (Body::from_stream(pieces), taken)
    }

    #[tokio::test]
    async fn a_body_that_is_too_large_is_taken_before_it_is_refused_but_not_without_end() {
        for (count, most) in [(16, 16), (10_000, 70)] {
            let (body, taken) = pieces(count);
            assert!(read_body(body, MAX_JSON, Duration::from_secs(9)).await.is_err());
            let taken = taken.load(std::sync::atomic::Ordering::Relaxed);
            assert!((16..=most).contains(&taken), "{taken} of {count} pieces were taken");
        }
    }

    #[test]
    fn a_body_is_an_object_without_null_characters() {
        for bad in [
            "",
            "{",
            "[]",
            "\"text\"",
            "null",
            "{\"a\":\"\\u0000\"}",
            "{\"a\":[{\"\\u0000\":1}]}",
            "{\"a\":1}}",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(parse(b"{\"a\":\"\xff\"}").is_err());
        assert!(parse("[".repeat(10_000).as_bytes()).is_err());
        assert!(parse(b" {\"a\": {\"b\": []}} ").is_ok());
    }

    #[test]
    fn every_wrong_field_is_noted() {
        let mut form = parse(br#"{"otp": 12345, "phone": null, "verification_id": []}"#).ok().unwrap();
        assert_eq!(form.required("otp"), "");
        assert_eq!(form.required("phone"), "");
        assert_eq!(form.optional("verification_id"), None);
        assert_eq!(form.optional("name"), None);
        let notes: Vec<_> =
            form.issues.iter().map(|issue| (issue.field, issue.text.say(Locale::En))).collect();
        assert_eq!(notes.len(), 3);
        assert!(
            notes[0].1.contains("quotes") && notes[1].1.contains("Required") && notes[2].1.contains("text")
        );
        assert!(form.check().is_err());
    }

    #[test]
    fn the_content_type_may_carry_parameters() {
        for (content_type, expected) in [
            ("application/json", true),
            ("Application/JSON; charset=utf-8", true),
            ("application/x-www-form-urlencoded", false),
            ("text/plain; application/json", false),
            ("application/jsonx", false),
            ("", false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::CONTENT_TYPE, content_type.parse().unwrap());
            assert_eq!(is_json(&headers), expected, "{content_type}");
        }
        assert!(!is_json(&HeaderMap::new()));
    }
}
