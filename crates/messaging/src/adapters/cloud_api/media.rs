//! The upload of a file: `POST /{phone-number-id}/media` as `multipart/form-data`.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media>, read in November 2026.

use bytes::Bytes;
use http::HeaderValue;

use super::NAME;
use crate::adapters::caller::refused_here;
use crate::adapters::multipart::Form;
use crate::{Media, SendError};

/// The longest file, in bytes: what WhatsApp takes of a document, the largest kind.
const MAX_FILE: usize = 100 * 1024 * 1024;

/// The type and the body of the request.
pub(super) fn upload(media: &Media, bytes: &Bytes) -> Result<(HeaderValue, Bytes), SendError> {
    let mime = media.mime.as_deref().ok_or_else(|| refused_here(NAME, "media without a type"))?;
    if bytes.is_empty() {
        return Err(refused_here(NAME, "empty file"));
    }
    if bytes.len() > MAX_FILE {
        return Err(refused_here(NAME, "file too large"));
    }
    let name = media.file_name.as_ref().map_or(media.kind.as_str(), |name| name.expose());
    let known = |b: u8| b.is_ascii_alphanumeric() || b"/.+-_; =\"".contains(&b);
    if !mime.contains('/') || mime.len() > 128 || !mime.bytes().all(known) {
        return Err(refused_here(NAME, "media of an impossible type"));
    }
    let form = Form::default().with("messaging_product", "whatsapp").with("type", mime);
    let (kind, body) = form.with_file("file", name, mime, bytes.clone()).finish();
    let kind = HeaderValue::from_str(&kind).map_err(|_| refused_here(NAME, "media of an impossible type"))?;
    Ok((kind, body.into()))
}
