//! Making texts of strangers harmless inside a WhatsApp message.
//!
//! What a person types as a name goes out over the operator's number. It must not format the message around
//! it, link anywhere, or say something that a reader takes for a code or an advertisement.

use wartel_core::FullName;

/// The longest name that a message greets with, in characters.
const MAX_GREETED: usize = 40;

/// So many digits in a row may be read as a code.
const CODE_LIKE: usize = 4;

/// Makes WhatsApp markup and links in a text harmless; what remains reads much the same.
///
/// # Behavior
/// - `*`, `_`, `~` and the backtick, which format, are dropped, and so are `{` and `}`, which some providers
///   replace, and characters that cannot be seen or that change the direction of text.
/// - White space, line breaks and control characters become one space; there is none at either end. A `>`, `-`
///   or `#` at the beginning, which makes a quote, a list or a heading, is dropped.
/// - `/`, `\` and `@` become a space, and a dot between letters or digits is followed by one, so that nothing
///   is a link, an address or a mention.
/// - Doing it twice changes nothing more.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().filter(|c| !is_unseen(*c) && !is_markup(*c)).peekable();
    while let Some(c) = characters.next() {
        if c.is_whitespace() || c.is_control() || is_slash(c) || is_at(c) {
            if !kept.ends_with(' ') {
                kept.push(' ');
            }
            continue;
        }
        let after_word = kept.chars().next_back().is_some_and(char::is_alphanumeric);
        kept.push(c);
        if is_dot(c) && after_word && characters.peek().is_some_and(|next| next.is_alphanumeric()) {
            kept.push(' ');
        }
    }
    let begins_a_line = |c: char| c.is_whitespace() || matches!(c, '>' | '-' | '#');
    kept.trim_start_matches(begins_a_line).trim_end().to_owned()
}

/// The name to greet somebody with in a message, made [`harmless`]; `None` if the message had better not greet
/// by name.
///
/// A name is greeted with if it has at most 40 characters, no run of four digits, no `/`, no `@` and no dot
/// between letters or digits, and some letter. Digits of every script count, and digits with only signs or
/// spaces between them are a run too: `1 2 3 4` reads like a code as much as `1234` does.
#[must_use]
pub fn greeting_name(name: &FullName) -> Option<String> {
    let seen: Vec<char> = name.as_str().chars().filter(|c| !is_unseen(*c)).collect();
    if name.as_str().chars().count() > MAX_GREETED || seen.iter().any(|c| is_slash(*c) || is_at(*c)) {
        return None;
    }
    let links = seen.windows(3).any(|three| {
        matches!(three, [before, dot, after] if before.is_alphanumeric() && is_dot(*dot) && after.is_alphanumeric())
    });
    if links || longest_run_of_digits(&seen) >= CODE_LIKE {
        return None;
    }
    let name = harmless(name.as_str());
    name.chars().any(char::is_alphabetic).then_some(name)
}

/// Digits with no letter between them.
fn longest_run_of_digits(characters: &[char]) -> usize {
    let (mut run, mut longest) = (0, 0);
    for c in characters {
        if c.is_numeric() {
            run += 1;
            longest = longest.max(run);
        } else if c.is_alphabetic() {
            run = 0;
        }
    }
    longest
}

/// Source: <https://faq.whatsapp.com/539178204879377>, November 2026 (bold, italic, strikethrough, monospace).
const fn is_markup(c: char) -> bool {
    matches!(c, '*' | '_' | '~' | '`' | '{' | '}')
}

/// The dot and what international domain names accept for one (UTS 46 §4).
const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{3002}' | '\u{FF0E}' | '\u{FF61}' | '\u{2024}')
}

const fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{FF0F}' | '\u{FF3C}')
}

const fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{FF20}' | '\u{FE6B}')
}

/// Characters of no width, except the joiner and the variation selectors, which emoji are made of; marks,
/// embeddings, overrides and isolates of direction; tags.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{061C}' | '\u{180E}' | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{206F}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn markup_goes_and_the_name_stays() {
        for (text, expected) in [
            ("Budi", "Budi"),
            ("*Budi*", "Budi"),
            ("_~`Siti`~_", "Siti"),
            ("```x```", "x"),
            ("*123456*", "123456"),
            ("'; DROP TABLE", "'; DROP TABLE"),
            ("O'Neil-Smith, Jr.", "O'Neil-Smith, Jr."),
            ("  Budi \n\t Santoso  ", "Budi Santoso"),
            ("Budi\u{202E}idub", "Budiidub"),
            ("B\u{200B}udi", "Budi"),
            ("> quoted", "quoted"),
            ("- - # list", "list"),
            ("toko.example", "toko. example"),
            ("https://toko.example/x?y", "https: toko. example x?y"),
            ("wa.me/6281", "wa. me 6281"),
            ("budi@toko.example", "budi toko. example"),
            ("toko\u{FF0E}example", "toko\u{FF0E} example"),
            ("H. Ahmad", "H. Ahmad"),
            ("{name}", "name"),
            ("👩\u{200D}👧 Ayu", "👩\u{200D}👧 Ayu"),
            ("山田太郎", "山田太郎"),
            ("***", ""),
            ("", ""),
        ] {
            assert_eq!(harmless(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_what_can_be_no_code_and_no_link_is_greeted() {
        let forty = "a".repeat(40);
        let longer = "a".repeat(41);
        for (name, expected) in [
            ("Budi", Some("Budi")),
            ("*Budi* _Santoso_", Some("Budi Santoso")),
            ("Budi 123", Some("Budi 123")),
            ("H. Ahmad", Some("H. Ahmad")),
            ("Ayu 👩\u{200D}👧", Some("Ayu 👩\u{200D}👧")),
            ("山田太郎", Some("山田太郎")),
            ("R2D2 dan C3PO", Some("R2D2 dan C3PO")),
            (forty.as_str(), Some(forty.as_str())),
            (longer.as_str(), None),
            ("Budi 1234", None),
            ("*123456*", None),
            ("Kode 1 2 3 4", None),
            ("Kode 12-34-56", None),
            ("Budi ١٢٣٤", None),
            ("Budi １２３４", None),
            ("Budi 𝟏𝟐𝟑𝟒", None),
            ("Budi ①②③④", None),
            ("1\u{FE0F}\u{20E3}2\u{FE0F}\u{20E3}3\u{FE0F}\u{20E3}4\u{FE0F}\u{20E3} Budi", None),
            ("toko.example", None),
            ("toko\u{3002}example", None),
            ("toko\u{200B}.\u{200B}example", None),
            ("a/b", None),
            ("budi@toko", None),
            ("'; --", None),
            ("***", None),
            ("🎉🎉", None),
        ] {
            assert_eq!(greeting_name(&FullName::parse(name).unwrap()).as_deref(), expected, "{name:?}");
        }
    }

    proptest! {
        #[test]
        fn nothing_harmful_is_left_of_any_text(text in any::<String>()) {
            let result = harmless(&text);
            let harmful = result.contains(['*', '_', '~', '`', '{', '}', '/', '@', '\n', '\r']);
            prop_assert!(!harmful);
            prop_assert_eq!(&harmless(&result), &result);
            prop_assert_eq!(result.trim(), &result);
        }

        #[test]
        fn no_greeting_holds_a_code_or_is_long(text in "[ -~0-9٠-٩]{2,60}") {
            if let Ok(name) = FullName::parse(&text) && let Some(greeting) = greeting_name(&name) {
                prop_assert!(greeting.chars().count() <= MAX_GREETED);
                prop_assert!(longest_run_of_digits(&greeting.chars().collect::<Vec<_>>()) < CODE_LIKE);
            }
        }
    }
}
