//! Who calls: the API key in `Authorization`, and whether it may do what is asked. Looked at before anything else of a
//! request, so that strangers cost one read of the store at the most.

use axum::extract::{FromRef, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use wartel_access::{AuthenticateError, Caller, Keys, Scope};
use wartel_core::Secret;

use crate::codes::ProblemCode;
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::problem::{Challenge, Problem};
use crate::texts::Text;

/// A caller that may manage accounts and pair their devices.
#[cfg(feature = "accounts")]
pub(crate) struct Keeper(pub(crate) Caller);

#[cfg(feature = "accounts")]
impl<S> FromRequestParts<S> for Keeper
where
    Keys: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = caller(Keys::from_ref(state), &parts.headers).await?;
        if caller.may(Scope::Accounts) {
            Ok(Self(caller))
        } else {
            Err(forbidden("the API key lacks the scope accounts", Challenge::AccountsKey))
        }
    }
}

/// A caller that may manage the shop and its assistant.
#[cfg(feature = "bot")]
pub(crate) struct Shopkeeper(pub(crate) Caller);

#[cfg(feature = "bot")]
impl<S> FromRequestParts<S> for Shopkeeper
where
    Keys: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = caller(Keys::from_ref(state), &parts.headers).await?;
        if caller.may(Scope::Shop) {
            Ok(Self(caller))
        } else {
            Err(forbidden("the API key lacks the scope shop", Challenge::ShopKey))
        }
    }
}

/// A caller that may read.
pub(super) struct Reader(pub(super) Caller);

/// A caller that may write.
pub(super) struct Writer(pub(super) Caller);

impl<S> FromRequestParts<S> for Reader
where
    Keys: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = caller(Keys::from_ref(state), &parts.headers).await?;
        if caller.may(Scope::VerificationsRead) {
            Ok(Self(caller))
        } else {
            Err(forbidden("the API key lacks the scope verifications:read", Challenge::ReadingKey))
        }
    }
}

impl<S> FromRequestParts<S> for Writer
where
    Keys: FromRef<S>,
    S: Send + Sync,
{
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let caller = caller(Keys::from_ref(state), &parts.headers).await?;
        if caller.may(Scope::VerificationsWrite) {
            Ok(Self(caller))
        } else {
            Err(forbidden("the API key lacks the scope verifications:write", Challenge::WritingKey))
        }
    }
}

async fn caller(keys: Keys, headers: &HeaderMap) -> Result<Caller, Problem> {
    let shown = bearer(headers)
        .ok_or_else(|| unauthorized("there is no API key with the request", Challenge::Key))?;
    let answer = within(STORE_WAIT, async move { keys.authenticate(shown.expose()).await }).await?;
    answer.map_err(|error| match error {
        AuthenticateError::Store(error) => store_problem(&error),
        _ => unauthorized("the API key is not valid", Challenge::OtherKey),
    })
}

/// What stands behind `Bearer`, if there is exactly one such header.
fn bearer(headers: &HeaderMap) -> Option<Secret> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| Secret::new(token.trim()))
}

fn unauthorized(detail: &'static str, challenge: Challenge) -> Problem {
    Problem::new(ProblemCode::Unauthorized, detail, Text::Unauthorized).with_challenge(challenge)
}

fn forbidden(detail: &'static str, challenge: Challenge) -> Problem {
    Problem::new(ProblemCode::Forbidden, detail, Text::Forbidden).with_challenge(challenge)
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        bearer(&headers).map(|token| token.expose().to_owned())
    }

    #[test]
    fn the_key_stands_behind_bearer() {
        for good in ["Bearer wtl_x", "bearer wtl_x", "BEARER  wtl_x "] {
            assert_eq!(read(&[good]).as_deref(), Some("wtl_x"), "{good}");
        }
        for bad in
            [&[][..], &["wtl_x"], &["Bearer"], &["Basic d3Rs"], &["é wtl_x"], &["Bearer a", "Bearer b"]]
        {
            assert_eq!(read(bad), None, "{bad:?}");
        }
    }
}
