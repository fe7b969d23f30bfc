//! Bodies of `multipart/form-data` with one file.
//!
//! Source: RFC 7578 and the HTML standard's rules for names, <https://html.spec.whatwg.org/#multipart-form-data>.

use bytes::Bytes;
use http::HeaderValue;
use sha2::{Digest as _, Sha256};

/// A body in the making.
pub(super) struct Multipart<'a> {
    file: &'a [u8],
    boundary: String,
    fields: String,
}

impl<'a> Multipart<'a> {
    /// A body that will carry this file.
    ///
    /// The line between the parts is made of the file's hash: the file would have to contain its own hash to be mistaken.
    pub(super) fn new(file: &'a [u8]) -> Self {
        let hash = Sha256::digest(file);
        let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        Self { file, boundary: format!("wartel-{hex}"), fields: String::new() }
    }

    /// With a text field. A text that could end the part early is cut off at its first line.
    pub(super) fn field(mut self, name: &str, value: &str) -> Self {
        let value = value.lines().next().unwrap_or_default();
        self.fields.push_str(&format!(
            "--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{value}\r\n",
            self.boundary,
            quoted(name)
        ));
        self
    }

    /// The `Content-Type` and the whole body, with the file as its last part. `None` if `mime` is no type of a file.
    pub(super) fn file(self, field: &str, name: &str, mime: &str) -> Option<(HeaderValue, Bytes)> {
        let known = |b: u8| b.is_ascii_alphanumeric() || b"/.+-_; =\"".contains(&b);
        if !mime.contains('/') || mime.len() > 128 || !mime.bytes().all(known) {
            return None;
        }
        let Self { file, boundary, fields } = self;
        let head = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"; filename=\"{}\"\r\nContent-Type: {mime}\r\n\r\n",
            quoted(field),
            quoted(name)
        );
        let tail = format!("\r\n--{boundary}--\r\n");
        let body = [fields.as_bytes(), head.as_bytes(), file, tail.as_bytes()].concat();
        let kind = HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).ok()?;
        Some((kind, Bytes::from(body)))
    }
}

/// A name within quotation marks.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_stand_between_lines_that_the_file_does_not_have() {
        let (kind, body) = Multipart::new(b"\x00bytes\r\n--")
            .field("type", "image/png\r\n--evil")
            .file("file", "a\"b\r\n.png", "image/png")
            .unwrap();
        let boundary =
            kind.to_str().unwrap().strip_prefix("multipart/form-data; boundary=").unwrap().to_owned();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"type\"\r\n\r\nimage/png\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a%22b%0D%0A.png\"\r\n\
             Content-Type: image/png\r\n\r\n\0bytes\r\n--\r\n--{boundary}--\r\n"
        );
        assert_eq!(body, expected);
        for mime in ["", "image", "image/png\r\nX: y", "bild/größe"] {
            assert!(Multipart::new(b"x").file("file", "x", mime).is_none(), "{mime}");
        }
    }
}
