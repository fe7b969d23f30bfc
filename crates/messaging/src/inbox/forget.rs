//! What is deleted of a person who asks for it, and how their traces in webhooks are told from those of others.

use wartel_core::{Jid, PhoneNumber};

/// What [`Inbox::forget`](super::Inbox::forget) deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Forgotten {
    /// People: 1 if the tenant knew the number, with everybody who was merged into them.
    pub contacts: usize,
    /// Their entries, settled or not.
    pub entries: usize,
    /// Webhooks of the log whose bodies were emptied.
    pub bodies: usize,
}

impl Forgotten {
    /// So many of each.
    #[must_use]
    pub const fn new(contacts: usize, entries: usize, bodies: usize) -> Self {
        Self { contacts, entries, bodies }
    }
}

/// The digits by which the body of a webhook names a person: the number with its calling code, the number as it is
/// dialled in its country (`0812…`), and the LID. `Debug` shows none of them.
#[derive(Clone)]
pub struct Mentions {
    digits: Vec<String>,
}

impl Mentions {
    /// How a person with this number, and this LID if it is known, is named.
    #[must_use]
    pub fn of(phone: &PhoneNumber, lid: Option<&Jid>) -> Self {
        let national = phone.digits().strip_prefix(phone.country().calling_code());
        let digits = [
            Some(phone.digits().to_owned()),
            national.map(|rest| format!("0{rest}")),
            lid.map(|lid| lid.user().to_owned()),
        ];
        Self { digits: digits.into_iter().flatten().filter(|digits| !digits.is_empty()).collect() }
    }

    /// The digits, for a search that comes first: what holds none of them in a row names nobody.
    #[must_use]
    pub fn digits(&self) -> &[String] {
        &self.digits
    }

    /// Whether a body names the person: digits that are part of a longer number are somebody else's.
    #[must_use]
    pub fn are_in(&self, body: &[u8]) -> bool {
        self.digits.iter().any(|digits| {
            let digits = digits.as_bytes();
            body.windows(digits.len()).enumerate().any(|(at, window)| {
                window == digits
                    && !ends_in_digit(body.get(..at).unwrap_or_default())
                    && !body.get(at + digits.len()).is_some_and(u8::is_ascii_digit)
            })
        })
    }
}

impl std::fmt::Debug for Mentions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mentions").finish_non_exhaustive()
    }
}

/// A digit that ends an escape of a form (`%20`) or of JSON (`\u0020`) is none of a number.
fn ends_in_digit(before: &[u8]) -> bool {
    let is_escape = |hex: &[u8]| hex.iter().all(u8::is_ascii_hexdigit);
    match before {
        [.., b'%', one, two] if is_escape(&[*one, *two]) => false,
        [.., b'\\', b'u', a, b, c, d] if is_escape(&[*a, *b, *c, *d]) => false,
        [.., last] => last.is_ascii_digit(),
        [] => false,
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::Country;

    use super::*;

    #[test]
    fn a_person_is_told_from_longer_numbers() {
        let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
        let lid = Jid::parse("123456789012345@lid").unwrap();
        let mentions = Mentions::of(&phone, Some(&lid));
        for body in [
            "6281234567890",
            r#"{"from":"6281234567890:12@s.whatsapp.net"}"#,
            "From=whatsapp%3A%2B6281234567890&To=x",
            "a=%206281234567890",
            r#"{"text":"\u00206281234567890"}"#,
            r#"{"sender":"081234567890"}"#,
            "x123456789012345@lid",
        ] {
            assert!(mentions.are_in(body.as_bytes()), "{body}");
        }
        for body in [
            "",
            "62812345678901",
            "16281234567890",
            "6281234567891",
            "81234567890",
            "0812345678901",
            "1234567890123456@lid",
            "628123456789",
        ] {
            assert!(!mentions.are_in(body.as_bytes()), "{body}");
        }
        assert!(!Mentions::of(&phone, None).are_in(b"123456789012345@lid"));
        assert_eq!(format!("{mentions:?}"), "Mentions { .. }");
    }
}
