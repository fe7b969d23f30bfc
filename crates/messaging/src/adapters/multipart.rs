//! Bodies of `multipart/form-data`, for providers that take files that way.

use bytes::Bytes;

/// The fields and the file of a form.
#[derive(Default)]
pub(super) struct Form {
    fields: Vec<(&'static str, String)>,
    file: Option<File>,
}

struct File {
    field: &'static str,
    name: String,
    mime: String,
    bytes: Bytes,
}

impl Form {
    /// With a text.
    pub(super) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.fields.push((name, value.into()));
        self
    }

    /// With a file. A type that no header may carry becomes `application/octet-stream`.
    pub(super) fn with_file(mut self, field: &'static str, name: &str, mime: &str, bytes: Bytes) -> Self {
        let fits = !mime.is_empty() && mime.bytes().all(|b| b == b' ' || b.is_ascii_graphic());
        let mime = if fits { mime } else { "application/octet-stream" }.to_owned();
        self.file = Some(File { field, name: plain(name), mime, bytes });
        self
    }

    /// The value of `Content-Type`, and the body.
    pub(super) fn finish(self) -> (String, Vec<u8>) {
        let boundary = self.boundary();
        let mut body = Vec::new();
        for (name, value) in &self.fields {
            let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
            body.extend([head.as_bytes(), value.as_bytes(), b"\r\n"].concat());
        }
        if let Some(File { field, name, mime, bytes }) = &self.file {
            let head = format!(
                "--{boundary}\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"{name}\"\r\n\
                 Content-Type: {mime}\r\n\r\n"
            );
            body.extend_from_slice(head.as_bytes());
            body.extend_from_slice(bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body)
    }

    /// The first boundary that stands nowhere in the content.
    fn boundary(&self) -> String {
        let file = self.file.as_ref().map_or(&[][..], |file| &file.bytes);
        let within = |boundary: &str| {
            let texts = self.fields.iter().any(|(_, value)| value.contains(boundary));
            texts || file.windows(boundary.len()).any(|window| window == boundary.as_bytes())
        };
        let mut number = 0_u64;
        loop {
            let boundary = format!("wartel-form-{number}");
            if !within(&boundary) {
                return boundary;
            }
            number += 1;
        }
    }
}

/// A name between quotes. Readers differ in how they take an escaped sign, so those that would need it are replaced.
fn plain(name: &str) -> String {
    let sign = |c: char| match c {
        '"' => '\'',
        '\\' | '/' => '_',
        c if c.is_control() => ' ',
        c => c,
    };
    name.chars().map(sign).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_as_readers_take_it() {
        let form = Form::default().with("phone", "62").with_file(
            "image",
            "../a\"b\r\n.png",
            "image/png",
            Bytes::from_static(b"\x89PNG"),
        );
        let (kind, body) = form.finish();
        assert_eq!(kind, "multipart/form-data; boundary=wartel-form-0");
        let expected = b"--wartel-form-0\r\nContent-Disposition: form-data; name=\"phone\"\r\n\r\n62\r\n\
            --wartel-form-0\r\nContent-Disposition: form-data; name=\"image\"; filename=\".._a'b  .png\"\r\n\
            Content-Type: image/png\r\n\r\n\x89PNG\r\n--wartel-form-0--\r\n";
        assert_eq!(body, expected);
    }

    #[test]
    fn the_content_never_ends_the_form() {
        let bytes = Bytes::from_static(b"..--wartel-form-1\r\n..");
        let form = Form::default().with("caption", "wartel-form-0").with_file("file", "a", "x\r\ny", bytes);
        let (kind, body) = form.finish();
        assert_eq!(kind, "multipart/form-data; boundary=wartel-form-2");
        assert!(String::from_utf8(body).unwrap().contains("Content-Type: application/octet-stream\r\n"));
    }
}
