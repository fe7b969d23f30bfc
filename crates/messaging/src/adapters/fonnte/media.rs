//! Files on their way out: by address as a form, by their bytes as `multipart/form-data`.
//!
//! Source: <https://docs.fonnte.com/api-send-message/>, November 2026; fields "url", "file", "filename".

use bytes::Bytes;

/// The largest file that Fonnte takes, in bytes.
/// Source: <https://docs.fonnte.com/api-send-message/>, November 2026; reason `file size must under 4MB`.
pub(super) const MAX_FILE: usize = 4 << 20;

/// A file of a multipart body.
pub(super) struct File<'a> {
    pub(super) name: &'a str,
    pub(super) mime: &'a str,
    pub(super) bytes: &'a [u8],
}

/// A body of these fields and the file, and its content type.
pub(super) fn multipart(fields: &[(&str, &str)], file: &File<'_>) -> (String, Bytes) {
    let boundary = boundary(fields, file.bytes);
    let mut body = Vec::with_capacity(file.bytes.len() + 1_024);
    for (name, value) in fields {
        let head = format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(value.as_bytes());
        body.extend_from_slice(b"\r\n");
    }
    let (name, mime) = (quoted(file.name), plain(file.mime));
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
         Content-Type: {mime}\r\n\r\n"
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(file.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), Bytes::from(body))
}

/// A line that stands in no value: what is sent could otherwise end its own part and begin another.
fn boundary(fields: &[(&str, &str)], bytes: &[u8]) -> String {
    let inside = |boundary: &str| {
        let within = |hay: &[u8]| hay.windows(boundary.len()).any(|window| window == boundary.as_bytes());
        within(bytes) || fields.iter().any(|(_, value)| within(value.as_bytes()))
    };
    (0_u64..)
        .map(|number| format!("wartel-{:016x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ 0x5EED))
        .find(|boundary| !inside(boundary))
        .unwrap_or_default()
}

/// A file name as browsers write it into the head of a part.
fn quoted(name: &str) -> String {
    let shown = name.chars().filter(|c| !c.is_control());
    shown.map(|c| if c == '"' { "%22".to_owned() } else { c.to_string() }).collect()
}

/// A type that is one, or the type of anything.
fn plain(mime: &str) -> &str {
    let fits = mime.contains('/')
        && mime.len() <= 127
        && mime.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-/".contains(&b));
    if fits { mime } else { "application/octet-stream" }
}

/// The name of a file that was given none: Fonnte goes by its ending.
pub(super) fn default_name(mime: &str) -> String {
    let subtype = mime.rsplit('/').next().unwrap_or_default();
    let ending = match subtype {
        "jpeg" => "jpg",
        "mpeg" => "mp3",
        "plain" => "txt",
        other if (1..=8).contains(&other.len()) && other.bytes().all(|b| b.is_ascii_alphanumeric()) => other,
        _ => "bin",
    };
    format!("file.{ending}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_stands_behind_the_fields() {
        let file = File { name: "na\"ma\r\n.png", mime: "image/png", bytes: b"PNG" };
        let (content_type, body) = multipart(&[("target", "628"), ("message", "hai")], &file);
        let boundary = content_type.strip_prefix("multipart/form-data; boundary=").unwrap();
        let expected = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"target\"\r\n\r\n628\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"message\"\r\n\r\nhai\r\n\
             --{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"na%22ma.png\"\r\n\
             Content-Type: image/png\r\n\r\nPNG\r\n--{boundary}--\r\n"
        );
        assert_eq!(body, expected);
    }

    #[test]
    fn no_content_ends_its_own_part() {
        let first = boundary(&[], b"");
        let (content_type, _) =
            multipart(&[("message", &first)], &File { name: "x", mime: "a/b", bytes: first.as_bytes() });
        assert!(!content_type.ends_with(&first));
        assert_eq!(plain("image/png\r\nX-Evil: 1"), "application/octet-stream");
    }

    #[test]
    fn names_are_made_of_the_type() {
        for (mime, name) in [
            ("image/jpeg", "file.jpg"),
            ("application/pdf", "file.pdf"),
            ("application/vnd.ms-excel", "file.bin"),
            ("", "file.bin"),
        ] {
            assert_eq!(default_name(mime), name, "{mime}");
        }
    }
}
