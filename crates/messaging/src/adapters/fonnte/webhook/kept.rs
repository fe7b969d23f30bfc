//! What is kept of a webhook: all of it but the secret.

use bytes::Bytes;
use serde_json::Value;
use wartel_core::Secret;

use super::{MAX_FIELDS, is_json};
use crate::adapters::json::{self, HIDDEN};

/// The field that holds the secret, in whatever case.
const FIELD: &str = "secret";

/// The body without its secret; byte for byte, if there is none in it. Nothing, if it cannot be read and `secret` may
/// stand in it.
pub(super) fn of(body: Bytes, secret: Option<&Secret>) -> Bytes {
    let unread = || if secret.is_some() { Bytes::new() } else { body.clone() };
    if !is_json(body.trim_ascii()) {
        return form(&body, secret).unwrap_or_else(|()| unread());
    }
    let Ok(mut value) = serde_json::from_slice::<Value>(&body) else { return unread() };
    if hide(&mut value, secret) { value.to_string().into() } else { body }
}

/// Hides the field and every text that is the secret, however deep. Answers whether there was one.
fn hide(value: &mut Value, secret: Option<&Secret>) -> bool {
    match value {
        Value::Object(fields) => fields.iter_mut().fold(false, |hidden, (name, value)| {
            let found =
                if name.eq_ignore_ascii_case(FIELD) { json::hide(Some(value)) } else { hide(value, secret) };
            hidden | found
        }),
        Value::Array(items) => items.iter_mut().fold(false, |hidden, item| hide(item, secret) | hidden),
        Value::String(text) if is_secret(text, secret) => json::hide(Some(value)),
        _ => false,
    }
}

/// `Err` if it has more fields than are read.
fn form(body: &[u8], secret: Option<&Secret>) -> Result<Bytes, ()> {
    let fields: Vec<_> = form_urlencoded::parse(body).take(MAX_FIELDS + 1).collect();
    if fields.len() > MAX_FIELDS {
        return Err(());
    }
    let hides = |name: &str, value: &str| {
        value != HIDDEN && (name.eq_ignore_ascii_case(FIELD) || is_secret(value, secret))
    };
    if !fields.iter().any(|(name, value)| hides(name, value)) {
        return Ok(Bytes::copy_from_slice(body));
    }
    let mut kept = form_urlencoded::Serializer::new(String::new());
    for (name, value) in &fields {
        kept.append_pair(name, if hides(name, value) { HIDDEN } else { value });
    }
    Ok(kept.finish().into())
}

/// Compared to hide it, not to let anybody in.
fn is_secret(text: &str, secret: Option<&Secret>) -> bool {
    secret.is_some_and(|secret| text.trim() == secret.expose())
}
