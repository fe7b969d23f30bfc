//! A draft said again without what a note objects to.

/// The lines of a text that hold nothing that the note names; `None` if none is left that says something.
pub(super) fn without(text: &str, note: &str) -> Option<String> {
    let numbers = numbers(note);
    let quoted = quoted(note);
    let good = |line: &&str| {
        let lower = line.to_lowercase();
        !self::numbers(line).iter().any(|number| numbers.contains(number))
            && !quoted.iter().any(|part| lower.contains(part.as_str()))
    };
    let kept: Vec<&str> = text.lines().filter(good).collect();
    // A heading or a question alone answers nothing.
    let says = kept.iter().any(|line| !line.ends_with([':', '?']));
    says.then(|| kept.join("\n"))
}

/// The groups of digits, without the marks between thousands.
fn numbers(text: &str) -> Vec<String> {
    let digits = text.split(|c: char| !(c.is_ascii_digit() || c == '.' || c == ','));
    digits
        .map(|word| word.chars().filter(char::is_ascii_digit).collect::<String>())
        .filter(|word| !word.is_empty())
        .collect()
}

/// What stands between quotation marks, in lower case.
fn quoted(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (open, close) in [('"', '"'), ('\u{201c}', '\u{201d}'), ('`', '`')] {
        let mut rest = text;
        while let Some((_, behind)) = rest.split_once(open) {
            let Some((inside, after)) = behind.split_once(close) else { break };
            if (2..=80).contains(&inside.chars().count()) {
                found.push(inside.to_lowercase());
            }
            rest = after;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_note_names_is_left_out() {
        let draft =
            "Ini unit yang cocok:\n- Avanza, Rp150.000.000, 45.000 km\n- Brio, Rp140.000.000\nMau lihat?";
        let check =
            |note: &str, expected: Option<&str>| assert_eq!(without(draft, note).as_deref(), expected);
        check("not grounded: Rp150,000,000", Some("Ini unit yang cocok:\n- Brio, Rp140.000.000\nMau lihat?"));
        check("values not grounded: \"Rp140.000.000\", \"45.000 km\"", None);
        check("not grounded: 2017", Some(draft));
    }
}
