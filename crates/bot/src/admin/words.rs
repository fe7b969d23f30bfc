//! The words of a command line: quotes hold words together, `key=value` is a pair.

/// A word of a command line.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct Word {
    /// Before `=`, if it is a pair.
    pub(super) key: Option<String>,
    pub(super) text: String,
    /// Whether it stood in quotes.
    pub(super) quoted: bool,
}

/// Takes a line apart. Spaces around `=` do not matter; quotes of every shape do the same; one that is never closed ends
/// with the line.
pub(super) fn words(line: &str) -> Vec<Word> {
    let mut found: Vec<Word> = Vec::new();
    let mut now = Word { key: None, text: String::new(), quoted: false };
    let (mut inside, mut begun) = (false, false);
    let end = |found: &mut Vec<Word>, now: &mut Word, begun: &mut bool| {
        let word = std::mem::replace(now, Word { key: None, text: String::new(), quoted: false });
        if std::mem::take(begun) {
            found.push(word);
        }
    };
    for c in line.chars() {
        match c {
            '"' => {
                inside = !inside;
                begun = true;
                now.quoted = true;
            }
            c if inside => now.text.push(c),
            '=' if now.key.is_none() && !now.quoted => {
                // `km =45rb`: the key is the word before.
                if now.text.is_empty() && found.last().is_some_and(|last| last.key.is_none() && !last.quoted)
                {
                    now.key = found.pop().map(|last| last.text);
                } else {
                    now.key = Some(std::mem::take(&mut now.text));
                }
                begun = true;
            }
            c if c.is_whitespace() => {
                // `km= 45rb`: the value comes behind the space.
                let waits = now.key.is_some() && now.text.is_empty() && !now.quoted;
                if !waits {
                    end(&mut found, &mut now, &mut begun);
                }
            }
            c => {
                begun = true;
                now.text.push(c);
            }
        }
    }
    end(&mut found, &mut now, &mut begun);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_taken_apart() {
        for (line, expected) in [
            ("", vec![]),
            ("  a  b ", vec!["a", "b"]),
            ("a \"b c\" d", vec!["a", "b c", "d"]),
            ("km=45rb warna = putih harga= 1 x =y", vec!["km:45rb", "warna:putih", "harga:1", "x:y"]),
            ("judul=\"a = b\" z", vec!["judul:a = b", "z"]),
            ("\"offen bis zuletzt", vec!["offen bis zuletzt"]),
            ("foto=https://a.example/?a=b", vec!["foto:https://a.example/?a=b"]),
            ("= x", vec![":x"]),
            ("\"\"", vec![""]),
        ] {
            let shown = |word: Word| match word.key {
                Some(key) => format!("{key}:{}", word.text),
                None => word.text,
            };
            let found: Vec<String> = words(line).into_iter().map(shown).collect();
            assert_eq!(found, expected, "{line}");
        }
    }
}
