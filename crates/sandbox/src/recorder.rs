//! The provider requests as they came in, so that a test can assert what an adapter really sent.

use std::fmt;

use wartel_core::Timestamp;

use crate::provider::ProviderKind;

/// The credentials of a recorded request. They themselves are not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Authorization {
    /// There was none.
    Missing,
    /// It was not what this endpoint takes, such as a raw token with `Bearer` before it.
    Refused,
    /// It was what the provider takes, such as the raw token.
    Accepted,
}

/// A file in a recorded multipart body. Its bytes are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedFile {
    /// The field's name.
    pub field: String,
    /// The file's name, if one was given.
    pub name: Option<String>,
    /// Its size in bytes.
    pub size: usize,
}

/// One request to the provider surface, refused ones included.
///
/// `Debug` shows the names of the fields and not their values.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedRequest {
    /// When it came.
    pub at: Timestamp,
    /// Whose surface it came to.
    pub provider: ProviderKind,
    /// The method, such as `POST`.
    pub method: String,
    /// The path as it was asked, base path included: `/send`, `/fonnte/send`.
    pub path: String,
    /// The `Content-Type` header, parameters included.
    pub content_type: Option<String>,
    /// Whether the token came, and in the right form.
    pub authorization: Authorization,
    /// The parameters of the URL.
    pub query: Vec<(String, String)>,
    /// The fields in the order in which they came. JSON numbers, booleans, lists and objects are shown as their text.
    pub fields: Vec<(String, String)>,
    /// The files of a multipart body.
    pub files: Vec<RecordedFile>,
}

impl RecordedRequest {
    /// The first field of this name.
    #[must_use]
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    /// The last segment of the path: `send`, `device`, …
    #[must_use]
    pub fn endpoint(&self) -> &str {
        self.path.trim_end_matches('/').rsplit('/').next().unwrap_or_default()
    }

    pub(crate) fn size(&self) -> usize {
        let all = self.fields.iter().chain(&self.query);
        256 + all.map(|(name, value)| name.len() + value.len()).sum::<usize>()
    }
}

impl fmt::Debug for RecordedRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fields: Vec<&str> = self.fields.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_struct("RecordedRequest")
            .field("provider", &self.provider)
            .field("method", &self.method)
            .field("path", &self.path)
            .field("content_type", &self.content_type)
            .field("authorization", &self.authorization)
            .field("fields", &fields)
            .field("files", &self.files.len())
            .finish_non_exhaustive()
    }
}
