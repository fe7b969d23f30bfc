//! Text as words, numbers and marks, with where each stands.

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Letters.
    Word,
    /// ASCII digits, with single points and commas between them.
    Number,
    /// White space within a line.
    Space,
    /// The end of a line.
    Line,
    /// Any other character.
    Mark,
}

/// A piece of a text.
#[derive(Debug, Clone)]
pub(crate) struct Token<'a> {
    /// As it is written.
    pub(crate) text: &'a str,
    /// Where it begins, in bytes.
    pub(crate) start: usize,
    /// What it is.
    pub(crate) kind: Kind,
    /// A word in small letters; empty for everything else.
    pub(crate) word: String,
}

impl Token<'_> {
    /// Where it ends, in bytes.
    pub(crate) const fn end(&self) -> usize {
        self.start + self.text.len()
    }
}

/// Cuts a text into tokens. Nothing is left out.
pub(crate) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut found = Vec::with_capacity(text.len() / 3);
    let mut chars = text.char_indices().peekable();
    while let Some((start, first)) = chars.next() {
        let kind = kind_of(first);
        let mut end = start + first.len_utf8();
        match kind {
            Kind::Word | Kind::Space => {
                while let Some(&(at, next)) = chars.peek() {
                    if kind_of(next) != kind {
                        break;
                    }
                    end = at + next.len_utf8();
                    chars.next();
                }
            }
            Kind::Number => {
                while let Some(&(at, next)) = chars.peek() {
                    let rest = text.get(at + next.len_utf8()..).unwrap_or_default();
                    let joins = matches!(next, '.' | ',') && rest.starts_with(|c: char| c.is_ascii_digit());
                    if !next.is_ascii_digit() && !joins {
                        break;
                    }
                    end = at + next.len_utf8();
                    chars.next();
                }
            }
            Kind::Line | Kind::Mark => {}
        }
        let piece = text.get(start..end).unwrap_or_default();
        let word = if kind == Kind::Word { piece.to_lowercase() } else { String::new() };
        found.push(Token { text: piece, start, kind, word });
    }
    found
}

fn kind_of(c: char) -> Kind {
    if c.is_ascii_digit() {
        Kind::Number
    } else if c == '\n' || c == '\r' {
        Kind::Line
    } else if c.is_whitespace() {
        Kind::Space
    } else if c.is_alphabetic() {
        Kind::Word
    } else {
        Kind::Mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_left_out() {
        for text in ["Rp150.000.000, ya Kak!", "*AV-012*\n1.5 L 🚗", "10.00-17.00", "", "akhir 12."] {
            let whole: String = tokens(text).iter().map(|token| token.text).collect();
            assert_eq!(whole, text);
        }
    }

    #[test]
    fn a_point_at_the_end_is_no_part_of_a_number() {
        let found = tokens("tahun 2019. Harga 1,5");
        let numbers: Vec<&str> =
            found.iter().filter(|it| it.kind == Kind::Number).map(|it| it.text).collect();
        assert_eq!(numbers, ["2019", "1,5"]);
    }
}
