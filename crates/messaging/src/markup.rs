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
///   replace, and characters that cannot be seen or that change the direction of text, except what emoji and
///   letters are joined and varied with.
/// - White space, line breaks and control characters become one space; there is none at either end. A `>`, `-`
///   or `#` at the beginning, which makes a quote, a list or a heading, is dropped.
/// - `/`, `\` and `@` become a space, and a dot before a letter or digit is followed by one, whatever stands
///   before the dot, so that nothing is a link, an address or a mention.
/// - Doing it twice changes nothing more.
#[must_use]
pub fn harmless(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut characters = text.chars().filter(|c| !is_unseen(*c) && !is_markup(*c));
    while let Some(c) = characters.next() {
        if c.is_whitespace() || c.is_control() || is_slash(c) || is_at(c) {
            if !kept.ends_with(' ') {
                kept.push(' ');
            }
            continue;
        }
        kept.push(c);
        if is_dot(c) && a_word_follows(characters.clone()) {
            kept.push(' ');
        }
    }
    let begins_a_line = |c: char| c.is_whitespace() || matches!(c, '>' | '-' | '#');
    kept.trim_start_matches(begins_a_line).trim_end().to_owned()
}

/// The name to greet somebody with in a message, made [`harmless`]; `None` if the message had better not greet
/// by name.
///
/// A name is greeted with if it has at most 40 characters, no run of four digits, no `/`, no `@`, no dot before a
/// letter or digit (`St. Budi` is greeted, `Budi S.Kom` and `.com` are not), and some letter. Whatever looks like
/// a dot counts as one. Digits of every script count, and digits with only signs or spaces between them are a run
/// too: `1 2 3 4` reads like a code as much as `1234` does. Characters that cannot be seen, marks over letters and
/// markup are looked through: they hide nothing from these rules.
#[must_use]
pub fn greeting_name(name: &FullName) -> Option<String> {
    let hides = |c: char| is_unseen(c) || is_joining(c) || is_mark(c) || is_markup(c);
    let compared: Vec<char> = name.as_str().chars().filter(|c| !hides(*c)).collect();
    if name.as_str().chars().count() > MAX_GREETED || compared.iter().any(|c| is_slash(*c) || is_at(*c)) {
        return None;
    }
    let following = |position: usize| compared.iter().skip(position + 1).copied();
    let links =
        compared.iter().enumerate().any(|(at, c)| looks_like_a_dot(*c) && a_word_follows(following(at)));
    if links || longest_run_of_digits(&compared) >= CODE_LIKE {
        return None;
    }
    let name = harmless(name.as_str());
    name.chars().any(char::is_alphabetic).then_some(name)
}

/// Whether a letter or digit comes next. Signs beyond ASCII are skipped, so that no mark, joiner or blank that the
/// lists below do not name can stand between; another dot is not, because it is looked at in its turn.
fn a_word_follows(characters: impl Iterator<Item = char>) -> bool {
    let mut characters =
        characters.skip_while(|c| !c.is_ascii() && !c.is_alphanumeric() && !c.is_whitespace() && !is_dot(*c));
    characters.next().is_some_and(char::is_alphanumeric)
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

/// The dot and what software takes for one: the label separators of international domain names and the characters
/// that compatibility normalisation turns into a dot.
///
/// Source: <https://www.unicode.org/reports/tr46/> §4.
const fn is_dot(c: char) -> bool {
    matches!(c, '.' | '\u{2024}' | '\u{3002}' | '\u{FE52}' | '\u{FF0E}' | '\u{FF61}')
}

/// What a reader takes for a dot, at the foot of the line or in the middle, and digits that carry one.
///
/// Source: <https://www.unicode.org/reports/tr39/> §4, the confusables of U+002E and U+00B7.
const fn looks_like_a_dot(c: char) -> bool {
    is_dot(c)
        || matches!(c,
            '\u{00B7}' | '\u{0387}' | '\u{0660}' | '\u{06D4}' | '\u{06F0}' | '\u{0701}' | '\u{0702}' | '\u{1427}'
            | '\u{16EB}' | '\u{2022}' | '\u{2025}'..='\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{2488}'..='\u{249B}'
            | '\u{2E31}' | '\u{2E33}' | '\u{30FB}' | '\u{A4F8}' | '\u{A4FA}' | '\u{A60E}' | '\u{A78F}' | '\u{FF65}'
            | '\u{10101}' | '\u{10A50}' | '\u{1D16D}' | '\u{1F100}')
}

const fn is_slash(c: char) -> bool {
    matches!(c, '/' | '\\' | '\u{2044}' | '\u{2215}' | '\u{FF0F}' | '\u{FF3C}')
}

const fn is_at(c: char) -> bool {
    matches!(c, '@' | '\u{FF20}' | '\u{FE6B}')
}

/// Characters that are not shown, and those that change the direction of text: all that Unicode calls ignorable by
/// default but for what [joins and varies](is_joining), and the annotation marks.
///
/// Source: <https://www.unicode.org/reports/tr44/>, `Default_Ignorable_Code_Point`.
const fn is_unseen(c: char) -> bool {
    matches!(c,
        '\u{00AD}' | '\u{034F}' | '\u{061C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}' | '\u{180E}'
        | '\u{200B}' | '\u{200C}' | '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
        | '\u{3164}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}' | '\u{1BCA0}'..='\u{1BCA3}'
        | '\u{1D173}'..='\u{1D17A}' | '\u{E0000}'..='\u{E00FF}' | '\u{E01F0}'..='\u{E0FFF}')
}

/// The joiner and the variation selectors: not shown themselves, but emoji are made with them, and some letters.
const fn is_joining(c: char) -> bool {
    matches!(c,
        '\u{180B}'..='\u{180D}' | '\u{180F}' | '\u{200D}' | '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

/// Marks that can stand over, under or around any character. The vowel signs of single scripts are not among them:
/// they are letters to their readers.
const fn is_mark(c: char) -> bool {
    matches!(c,
        '\u{0300}'..='\u{036F}' | '\u{0483}'..='\u{0489}' | '\u{1AB0}'..='\u{1AFF}' | '\u{1DC0}'..='\u{1DFF}'
        | '\u{20D0}'..='\u{20FF}' | '\u{FE20}'..='\u{FE2F}')
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
            ("toko\u{200D}.com", "toko\u{200D}. com"),
            ("toko.\u{200D}com", "toko. \u{200D}com"),
            ("toko.\u{3164}com", "toko. com"),
            ("toko\u{301}.com", "toko\u{301}. com"),
            ("toko\u{34F}.com", "toko. com"),
            ("tok0\u{FE0F}.me", "tok0\u{FE0F}. me"),
            ("toko\u{E0061}.com", "toko. com"),
            ("👍.me", "👍. me"),
            ("toko .com", "toko . com"),
            ("toko.👍com", "toko. 👍com"),
            ("toko\u{FE52}com", "toko\u{FE52} com"),
            ("Gal·la", "Gal·la"),
            ("Jose\u{301}", "Jose\u{301}"),
            ("葛\u{E0100}城", "葛\u{E0100}城"),
            ("tunggu...", "tunggu..."),
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
            ("Kunjungi toko\u{200D}.com", None),
            ("toko\u{200C}.com", None),
            ("toko\u{301}.com", None),
            ("toko\u{34F}.com", None),
            ("toko.\u{34F}com", None),
            ("tok0\u{FE0F}.me", None),
            ("toko.\u{E0061}com", None),
            ("toko.\u{E0101}com", None),
            ("toko.\u{3164}com", None),
            ("toko.\u{2800}com", None),
            ("toko.\u{483}com", None),
            ("toko._com", None),
            ("toko{.}com", None),
            ("toko .com", None),
            ("👍.me toko", None),
            ("Budi S.Kom", None),
            ("toko·com", None),
            ("toko\u{A4F8}com", None),
            ("toko\u{FF61}com", None),
            ("toko\u{2024}com", None),
            ("toko\u{FE52}com", None),
            ("toko⒈com", None),
            ("toko…com", None),
            ("St. Budi", Some("St. Budi")),
            ("Budi Jr.", Some("Budi Jr.")),
            ("Jose\u{301} Budi", Some("Jose\u{301} Budi")),
            ("Kode 1\u{3164}2\u{3164}3\u{3164}4", None),
            ("Kode 1\u{345}2\u{345}3\u{345}4", None),
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
        fn no_hidden_character_makes_a_link(
            before in "[a-z0-9 👍]{0,3}",
            hidden in "[\u{AD}\u{300}-\u{36F}\u{115F}\u{180B}-\u{180F}\u{1AB0}-\u{1ACE}\u{1DC0}-\u{1DFF}\u{200B}-\u{200D}\u{2060}-\u{2064}\u{20D0}-\u{20F0}\u{3164}\u{FE00}-\u{FE0F}\u{FE20}-\u{FE2F}\u{FEFF}\u{FFA0}\u{E0000}-\u{E01EF}*_~`{}]{0,3}",
            also in "[\u{34F}\u{200D}\u{FE0F}\u{301}\u{E0020}-\u{E007F}*_]{0,3}",
            dot in "[.．。｡․﹒]",
        ) {
            let text = format!("To{before}{hidden}{dot}{also}com");
            prop_assert_eq!(greeting_name(&FullName::parse(&text).unwrap()), None);
            let result = harmless(&text);
            let shown: String = result.chars().filter(|c| !is_joining(*c) && !is_mark(*c)).collect();
            let (_, after) = shown.split_once(dot.as_str()).unwrap();
            prop_assert_eq!(after, " com");
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
