//! What a request asks for besides its body: conditions, queries, and names in the path.

use std::collections::HashMap;

use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use wartel_access::Caller;
use wartel_bot::console::Precondition;
use wartel_bot::{ChatKey, Revision};
use wartel_core::AccountId;
use wartel_messaging::inbox::ContactId;

use super::ShopText;
use super::problems::field;
use crate::problem::{FieldIssue, Problem};
use crate::texts::Text;

/// `If-Match`, if the request has it.
pub(super) struct IfMatch(pub(super) Precondition);

impl<S: Send + Sync> FromRequestParts<S> for IfMatch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        read(&parts.headers).map(Self).ok_or_else(|| field("If-Match", ShopText::IfMatch))
    }
}

/// What is asked; `None` if that cannot be read. A tag that is none of ours fits nothing, and neither does a weak one
/// (RFC 9110 §13.1.1).
fn read(headers: &HeaderMap) -> Option<Precondition> {
    let mut revisions = Vec::new();
    let mut values = headers.get_all(header::IF_MATCH).iter().peekable();
    if values.peek().is_none() {
        return Some(Precondition::None);
    }
    for value in values {
        let text = value.to_str().ok()?.trim();
        if text == "*" {
            return Some(Precondition::Exists);
        }
        for tag in text.split(',') {
            let tag = tag.trim();
            let (weak, opaque) = tag.strip_prefix("W/").map_or((false, tag), |tag| (true, tag));
            let opaque = opaque.strip_prefix('"')?.strip_suffix('"')?;
            if opaque.contains('"') {
                return None;
            }
            let number = opaque.parse().ok().filter(|number: &u64| number.to_string() == opaque);
            revisions.extend(number.filter(|_| !weak).map(Revision::from_u64));
        }
    }
    Some(Precondition::Read(revisions))
}

/// An answer with the revision of what it shows. It is somebody's data, so that no cache keeps it.
pub(super) fn tagged(mut response: Response, revision: Revision) -> Response {
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&format!("\"{}\"", revision.as_u64())) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// The query of a request, and what is wrong with it so far. What nobody reads is ignored.
pub(super) struct Asked {
    query: HashMap<String, String>,
    issues: Vec<FieldIssue>,
}

impl<S: Send + Sync> FromRequestParts<S> for Asked {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        match Query::<HashMap<String, String>>::from_request_parts(parts, state).await {
            Ok(Query(query)) => Ok(Self { query, issues: Vec::new() }),
            Err(_) => {
                let detail = "the query cannot be read";
                Err(Problem::invalid(StatusCode::BAD_REQUEST, detail, Text::InvalidRequest))
            }
        }
    }
}

impl Asked {
    /// A text.
    pub(super) fn text(&mut self, name: &str) -> Option<String> {
        self.query.remove(name)
    }

    /// A text of at most so many characters.
    pub(super) fn bounded(&mut self, name: &'static str, max: usize) -> Option<String> {
        let text = self.text(name)?;
        if text.chars().count() > max {
            self.note(name, Text::TooLong { max, bytes: false });
        }
        Some(text)
    }

    /// A whole number from `min` to `max`.
    pub(super) fn number(&mut self, name: &'static str, min: u64, max: u64) -> Option<u64> {
        let text = self.text(name)?;
        let digits = (1..=20).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = text.parse().ok().filter(|number| digits && (min..=max).contains(number));
        if number.is_none() {
            self.note(name, Text::NumberBetween { min, max });
        }
        number
    }

    /// How many of a list: 1 to 500.
    pub(super) fn limit(&mut self, default: usize) -> usize {
        self.number("limit", 1, 500).and_then(|number| usize::try_from(number).ok()).unwrap_or(default)
    }

    /// `true` or `false`.
    pub(super) fn flag(&mut self, name: &'static str) -> bool {
        match self.text(name).as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => {
                self.note(name, Text::from(ShopText::NotABool));
                false
            }
        }
    }

    /// Notes that something is wrong.
    pub(super) fn note(&mut self, field: &'static str, text: Text) {
        self.issues.push(FieldIssue { field, text });
    }

    /// Whether everything read so far is right.
    pub(super) fn check(self) -> Result<(), Problem> {
        if self.issues.is_empty() { Ok(()) } else { Err(Problem::invalid_fields(self.issues)) }
    }
}

/// The account and the contact of a chat, as they stand in a path.
pub(super) type ChatPath = Result<Path<(String, String)>, PathRejection>;

/// The chat of the caller's tenant. What cannot be an id is nobody's.
pub(super) fn read_chat(caller: &Caller, path: ChatPath) -> Result<ChatKey, Problem> {
    let Path((account, contact)) = path.map_err(|_| Problem::not_found())?;
    let account = AccountId::parse(&account).map_err(|_| Problem::not_found())?;
    let contact = ContactId::parse(&contact).map_err(|_| Problem::not_found())?;
    Ok(ChatKey::new(caller.tenant.clone(), account, contact))
}

/// A name in a path.
pub(super) fn read_name(path: Result<Path<String>, PathRejection>) -> Result<String, Problem> {
    path.map(|Path(name)| name).map_err(|_| Problem::not_found())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn if_match_holds_revisions_in_quotes() {
        let given = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(header::IF_MATCH, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            read(&headers)
        };
        let of = |numbers: &[u64]| {
            Some(Precondition::Read(numbers.iter().copied().map(Revision::from_u64).collect()))
        };
        for (values, expected) in [
            (&[][..], Some(Precondition::None)),
            (&["*"], Some(Precondition::Exists)),
            (&["\"3\""], of(&[3])),
            (&[" \"3\" , \"4\""], of(&[3, 4])),
            (&["\"3\"", "\"4\""], of(&[3, 4])),
            (&["W/\"3\""], of(&[])),
            (&["\"03\""], of(&[])),
            (&["\"+3\""], of(&[])),
            (&["\"abc\""], of(&[])),
            (&["\"\""], of(&[])),
            (&["3"], None),
            (&["\"3"], None),
            (&["\"3\"\"4\""], None),
            (&[""], None),
            (&["é"], None),
        ] {
            assert_eq!(given(values), expected, "{values:?}");
        }
    }
}
