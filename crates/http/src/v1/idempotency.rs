//! The caller's own name for a request, so that repeating the request does not repeat what it does.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode};

use crate::problem::Problem;
use crate::texts::Text;

const HEADER: &str = "idempotency-key";
/// The longest name.
const MAX_LENGTH: usize = 255;

/// `Idempotency-Key`, if the request has one.
pub(crate) struct IdempotencyKey(pub(crate) Option<String>);

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Self::Rejection> {
        read(&parts.headers).map(Self).ok_or_else(|| {
            let detail = "Idempotency-Key must be there once, with 1 to 255 visible ASCII characters";
            Problem::invalid(StatusCode::BAD_REQUEST, detail, Text::IdempotencyKey)
        })
    }
}

/// The name, or that there is none; `None` if what is there cannot be one.
fn read(headers: &HeaderMap) -> Option<Option<String>> {
    let mut values = headers.get_all(HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Some(None),
        (Some(value), None) => {
            let fits =
                (1..=MAX_LENGTH).contains(&value.len()) && value.as_bytes().iter().all(u8::is_ascii_graphic);
            value.to_str().ok().filter(|_| fits).map(|text| Some(text.to_owned()))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn a_name_is_visible_ascii_and_there_once() {
        let given = |values: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in values {
                headers.append(HEADER, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            }
            read(&headers)
        };
        assert_eq!(given(&[]), Some(None));
        let longest = "k".repeat(255);
        for good in ["1", "\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", "a~!", &longest] {
            assert_eq!(given(&[good]), Some(Some(good.to_owned())));
        }
        for bad in [&[""][..], &["a b"], &["a\tb"], &["é"], &[&"k".repeat(256)], &["a", "a"]] {
            assert_eq!(given(bad), None, "{bad:?}");
        }
    }
}
