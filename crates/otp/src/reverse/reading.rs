//! Reading codes out of a message.

use zeroize::Zeroizing;

use crate::code::TypedCode;

/// A longer message is none that carries a code: the text that we write has a hundred bytes, and people add few words.
const LONGEST: usize = 1_024;

/// So many codes of one message are compared, the first ones. The text that we write has one, and a second one at
/// most, if the app's name has digits.
const MOST: usize = 8;

/// Groups of digits with nothing but one space or dash between each two.
#[derive(Default)]
struct Chain(Zeroizing<Vec<String>>);

/// Everything in a message that can be a code of `length` digits, with whatever words around it. A code may be
/// written in groups (`123 456`, `123-456`). Only ASCII digits count; a group that touches a digit of another script
/// is none.
pub(super) fn codes_in(text: &str, length: usize) -> Vec<TypedCode> {
    if text.len() > LONGEST {
        return Vec::new();
    }
    let mut codes = Vec::new();
    for chain in chains(text) {
        for first in 0..chain.0.len() {
            let mut joined = Zeroizing::new(String::with_capacity(LONGEST));
            for group in chain.0.iter().skip(first) {
                joined.push_str(group);
                if joined.chars().count() >= length {
                    break;
                }
            }
            if let Ok(code) = TypedCode::parse(&joined, length) {
                codes.push(code);
                if codes.len() >= MOST {
                    return codes;
                }
            }
        }
    }
    codes
}

fn chains(text: &str) -> Vec<Chain> {
    let mut chains = vec![Chain::default()];
    let mut chain = Chain::default();
    // Whether the last character was part of a group, and whether it was the one separator after a group.
    let (mut in_group, mut after_one) = (false, false);
    for character in text.chars().filter(|character| !is_unseen(*character)) {
        if character.is_numeric() {
            // A digit of another script stays what it is, and spoils its group.
            match chain.0.last_mut().filter(|_| in_group) {
                Some(group) => group.push(character),
                None if after_one => chain.0.push(character.into()),
                None => {
                    chains.push(std::mem::take(&mut chain));
                    chain.0.push(character.into());
                }
            }
            (in_group, after_one) = (true, false);
        } else {
            after_one = in_group && is_separator(character);
            in_group = false;
        }
    }
    chains.push(chain);
    chains
}

/// What people and keyboards put between the groups of a code.
const fn is_separator(character: char) -> bool {
    matches!(character, ' ' | '-' | '\u{a0}' | '\u{2010}'..='\u{2013}' | '\u{202f}')
}

/// What nobody sees: it neither parts nor joins.
const fn is_unseen(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many six-digit codes are read, and whether this one is among them.
    fn read(text: &str, wanted: &str) -> (usize, bool) {
        let found = codes_in(text, 6);
        (found.len(), found.iter().any(|typed| typed.is_text(wanted)))
    }

    #[test]
    fn codes_are_found_among_words() {
        for text in [
            "123456",
            " 123456 ",
            "Verifikasi Toko Budi: 123456",
            "kode saya 123456 terima kasih",
            "*123456*",
            "123 456",
            "123-456",
            "12 34 56",
            "Kode:123456.",
            "\u{2068}123456\u{2069}",
            "12\u{200b}3456",
            "123\u{a0}456",
            "halo\n123456\nhalo",
            "pesanan 2 123456",
            "123456 2",
        ] {
            let (count, found) = read(text, "123456");
            assert!(found && count <= 2, "{text}: {count}");
        }
    }

    #[test]
    fn what_is_no_code_is_not_read() {
        for text in [
            "",
            "halo",
            "12345",
            "1234567",
            "harga Rp1.500.000",
            "0812-3456-7890",
            "+6281234567890",
            "１２３４５６",
            "١٢٣٤٥٦",
            "１23456",
            "123456７",
            "123  456",
            "123 - 456",
            "123.456",
            "123\n456",
            "1234 567",
        ] {
            assert_eq!(read(text, "123456").0, 0, "{text}");
        }
    }

    #[test]
    fn several_groups_are_all_read_up_to_a_bound() {
        assert_eq!(read("Toko 777888: 123456", "123456"), (2, true));
        assert_eq!(read("Toko 777888: 123456", "777888"), (2, true));
        let many: Vec<String> = (100_000..100_100).map(|n| n.to_string()).collect();
        assert_eq!(codes_in(&many.join(", "), 6).len(), MOST);
        assert_eq!(codes_in(&format!("123456{}", " ".repeat(LONGEST)), 6).len(), 0);
        assert_eq!(codes_in(&format!("123456{}", " ".repeat(LONGEST - 6)), 6).len(), 1);
    }

    #[test]
    fn any_length_of_the_policy_is_read() {
        for length in 6..=10 {
            let digits = &"1234567890"[..length];
            let found = codes_in(&format!("kode {digits} ya"), length);
            assert!(found.iter().any(|typed| typed.is_text(digits)), "{length}");
        }
    }
}
