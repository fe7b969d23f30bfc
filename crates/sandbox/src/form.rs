//! The three kinds of body that the provider takes, read into one list of fields.

use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use serde_json::Value;

use crate::recorder::RecordedFile;

/// The fields and files of a request.
#[derive(Debug, Default)]
pub(crate) struct Form {
    pub(crate) fields: Vec<(String, String)>,
    pub(crate) files: Vec<RecordedFile>,
}

impl Form {
    /// The first field of this name, without the space around it; `None` if it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.raw(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// The first field of this name as it is.
    pub(crate) fn raw(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }
}

/// Why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FormError {
    /// It should be JSON and is not, or is no object.
    Json,
    /// It is of another content type, or broken.
    Unreadable,
}

/// Reads a body by its content type. An empty body is an empty form, whatever its type.
pub(crate) async fn parse(content_type: Option<&str>, body: Bytes) -> Result<Form, FormError> {
    if body.is_empty() {
        return Ok(Form::default());
    }
    let content_type = content_type.unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match essence.as_str() {
        "application/x-www-form-urlencoded" => {
            let fields = form_urlencoded::parse(&body).into_owned().collect();
            Ok(Form { fields, files: Vec::new() })
        }
        "multipart/form-data" => multipart(content_type, body).await,
        "application/json" => json(&body),
        _ => Err(FormError::Unreadable),
    }
}

async fn multipart(content_type: &str, body: Bytes) -> Result<Form, FormError> {
    let boundary = multer::parse_boundary(content_type).map_err(|_| FormError::Unreadable)?;
    let stream = stream::iter([Ok::<_, Infallible>(body)]);
    let mut parts = multer::Multipart::new(stream, boundary);
    let mut form = Form::default();
    while let Some(part) = parts.next_field().await.map_err(|_| FormError::Unreadable)? {
        let field = part.name().unwrap_or_default().to_owned();
        let name = part.file_name().map(str::to_owned);
        // A part with a file name is a file, and so is the field `file` without one.
        if name.is_some() || field == "file" {
            let size = part.bytes().await.map_err(|_| FormError::Unreadable)?.len();
            form.files.push(RecordedFile { field, name, size });
        } else {
            let value = part.text().await.map_err(|_| FormError::Unreadable)?;
            form.fields.push((field, value));
        }
    }
    Ok(form)
}

fn json(body: &[u8]) -> Result<Form, FormError> {
    let Ok(Value::Object(object)) = serde_json::from_slice(body) else { return Err(FormError::Json) };
    let fields = object.into_iter().filter_map(|(name, value)| Some((name, json_text(value)?))).collect();
    Ok(Form { fields, files: Vec::new() })
}

/// A JSON value as the form field that it stands for; `null` is an absent field.
pub(crate) fn json_text(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn fields(content_type: &str, body: &str) -> Result<Vec<(String, String)>, FormError> {
        parse(Some(content_type), Bytes::copy_from_slice(body.as_bytes())).await.map(|form| form.fields)
    }

    #[tokio::test]
    async fn three_kinds_of_body_give_the_same_fields() {
        let expected =
            vec![("connectOnly".to_owned(), "true".to_owned()), ("target".into(), "0812 & 3".into())];
        let form = fields("application/x-www-form-urlencoded", "connectOnly=true&target=0812+%26+3").await;
        assert_eq!(form.unwrap(), expected);
        let json =
            fields("application/json; charset=utf-8", r#"{"target":"0812 & 3","connectOnly":true}"#).await;
        assert_eq!(json.unwrap(), expected);
        let body = "--X\r\ncontent-disposition: form-data; name=\"connectOnly\"\r\n\r\ntrue\r\n\
                    --X\r\ncontent-disposition: form-data; name=\"target\"\r\n\r\n0812 & 3\r\n--X--\r\n";
        assert_eq!(fields("multipart/form-data; boundary=X", body).await.unwrap(), expected);
    }

    #[tokio::test]
    async fn files_are_counted_and_not_kept() {
        let body = "--X\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n12345\r\n--X--\r\n";
        let form = parse(Some("Multipart/Form-Data; boundary=X"), Bytes::from(body)).await.unwrap();
        let file = RecordedFile { field: "file".into(), name: Some("a.png".into()), size: 5 };
        assert_eq!(form.files, [file]);
    }

    #[tokio::test]
    async fn what_cannot_be_read_is_an_error() {
        assert_eq!(fields("application/json", "{").await, Err(FormError::Json));
        assert_eq!(fields("application/json", "[]").await, Err(FormError::Json));
        assert_eq!(fields("text/plain", "target=1").await, Err(FormError::Unreadable));
        assert_eq!(fields("multipart/form-data", "x").await, Err(FormError::Unreadable));
        assert_eq!(fields("multipart/form-data; boundary=X", "x").await, Err(FormError::Unreadable));
        assert_eq!(fields("text/plain", "").await, Ok(vec![]));
    }
}
