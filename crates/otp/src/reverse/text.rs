//! The text that the person sends, and the link that writes it.

use wartel_core::{Locale, PhoneNumber, Secret};

/// The text with the code, for the person to send.
pub(super) fn text(app: &str, code: &Secret, locale: Locale) -> Secret {
    let code = code.expose();
    Secret::new(match locale {
        Locale::En => format!("Verification for {app}: {code}"),
        _ => format!("Verifikasi {app}: {code}"),
    })
}

/// A link that opens WhatsApp with `text` written to `number`.
///
/// Source: <https://www.walinktool.com/blog/wa-me-link-format-explained>, 2026-11-20: the number without plus sign,
/// the text percent-encoded.
pub(super) fn link(number: &PhoneNumber, text: &Secret) -> Secret {
    let mut link = format!("https://wa.me/{}?text=", number.digits());
    for byte in text.expose().bytes() {
        match byte {
            // RFC 3986 §2.3: everything else is encoded.
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                link.push(char::from(byte));
            }
            _ => {
                link.push('%');
                for nibble in [byte >> 4, byte & 0x0f] {
                    link.push(char::from_digit(nibble.into(), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    Secret::new(link)
}

#[cfg(test)]
mod tests {
    use super::*;
    use wartel_core::Country;

    #[test]
    fn the_text_names_the_app_and_the_code() {
        let code = Secret::new("012345");
        assert_eq!(text("Toko Budi", &code, Locale::Id).expose(), "Verifikasi Toko Budi: 012345");
        assert_eq!(text("Toko Budi", &code, Locale::En).expose(), "Verification for Toko Budi: 012345");
    }

    #[test]
    fn the_link_is_encoded_byte_by_byte() {
        let number = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        let link = link(&number, &Secret::new("Verifikasi Café & Co: 012345"));
        let expected = "https://wa.me/6281234567890?text=Verifikasi%20Caf%C3%A9%20%26%20Co%3A%20012345";
        assert_eq!(link.expose(), expected);
    }
}
