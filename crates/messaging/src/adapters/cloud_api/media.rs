//! The upload of a file: `POST /{phone-number-id}/media` as `multipart/form-data`.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference/media>, read in November 2026.

use bytes::Bytes;
use http::HeaderValue;

use super::NAME;
use crate::adapters::caller::refused_here;
use crate::adapters::multipart::Multipart;
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
    Multipart::new(bytes)
        .field("messaging_product", "whatsapp")
        .field("type", mime)
        .file("file", name, mime)
        .ok_or_else(|| refused_here(NAME, "media of an impossible type"))
}
