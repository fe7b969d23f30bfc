//! Markdown, as models write it, to WhatsApp's markup.

/// Turns Markdown into WhatsApp's markup.
///
/// # Behavior
/// - `**bold**` and `__bold__` become `*bold*`, `***both***` becomes `*_both_*`, `~~gone~~` becomes `~gone~`; headings become
///   bold lines, `[text](url)` becomes `text: url`, tables become lists, rules become empty lines.
/// - `*single*`, `_single_`, lists (`* `, `- `, `1. `), quotes and code stay as they are. So does what is malformed.
/// - Idempotent.
#[must_use]
pub fn markup(text: &str) -> String {
    // A text that never comes to rest is no Markdown that anybody meant.
    let mut now = once(text);
    for _ in 0..4 {
        let next = once(&now);
        if next == now {
            return now;
        }
        now = next;
    }
    text.to_owned()
}

fn once(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut all = text.split('\n').peekable();
    let mut fenced = false;
    // A fence that nothing closes is text.
    let mut fences = text.split('\n').filter(|line| is_fence(line)).count();
    while let Some(line) = all.next() {
        if is_fence(line) && (fenced || fences > 1) {
            fences -= 1;
            fenced = !fenced;
            // WhatsApp shows the name of the language as text.
            let opened = fenced && line.trim().chars().skip(3).all(|c| c.is_ascii_alphanumeric());
            lines.push(if opened { "```".to_owned() } else { line.to_owned() });
            continue;
        }
        if fenced {
            lines.push(line.to_owned());
            continue;
        }
        if all.peek().is_some_and(|next| is_table_rule(next)) && cells(line).is_some() {
            let head = cells(line).unwrap_or_default();
            all.next();
            while let Some(row) = all.peek().and_then(|row| cells(row)) {
                lines.push(inline(&table_row(&head, &row)));
                all.next();
            }
            continue;
        }
        lines.push(block(line));
    }
    let mut joined = lines.join("\n");
    while joined.contains("\n\n\n") && !text.contains("```") {
        joined = joined.replace("\n\n\n", "\n\n");
    }
    joined
}

fn is_fence(line: &str) -> bool {
    line.trim_start().starts_with("```") && line.matches("```").count() == 1
}

fn is_table_rule(line: &str) -> bool {
    let line = line.trim();
    line.contains('|') && line.contains("--") && line.chars().all(|c| matches!(c, '|' | '-' | ':' | ' '))
}

fn cells(line: &str) -> Option<Vec<String>> {
    let line = line.trim();
    if !line.contains('|') {
        return None;
    }
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    Some(inner.split('|').map(|cell| cell.trim().to_owned()).collect())
}

/// A row as an entry of a list: the first cell, then each other with its heading.
fn table_row(head: &[String], row: &[String]) -> String {
    let named = row.iter().enumerate().filter(|(_, cell)| !cell.is_empty()).map(|(at, cell)| {
        match head.get(at).filter(|name| at > 0 && !name.is_empty()) {
            Some(name) => format!("{}: {cell}", name.trim_matches('*')),
            None => cell.clone(),
        }
    });
    format!("- {}", named.collect::<Vec<_>>().join(", "))
}

/// A line with what only its beginning can mean.
fn block(line: &str) -> String {
    let trimmed = line.trim();
    let hashes = trimmed.chars().take_while(|c| *c == '#').count();
    let heading = trimmed.get(hashes..).and_then(|rest| rest.strip_prefix(' '));
    if let Some(heading) = heading.filter(|_| (1..=6).contains(&hashes)) {
        let words = inline(heading.trim().trim_end_matches('#').trim_end()).replace('*', "");
        let words = words.trim();
        return if words.is_empty() { String::new() } else { format!("*{words}*") };
    }
    let rule = trimmed.len() >= 3 && ["-", "*", "_"].iter().any(|mark| trimmed.replace(mark, "").is_empty());
    if rule {
        return String::new();
    }
    let indent = line.len() - line.trim_start().len();
    let rest = line.get(indent..).unwrap_or_default();
    let lead = line.get(..indent).unwrap_or_default();
    match rest.strip_prefix("+ ") {
        Some(entry) => format!("{lead}- {}", inline(entry)),
        None => match rest.strip_prefix("* ") {
            // The star of a list is none of a pair.
            Some(entry) => format!("{lead}* {}", inline(entry)),
            None => format!("{lead}{}", inline(rest)),
        },
    }
}

/// Pairs and links within a line. Code spans stay.
fn inline(line: &str) -> String {
    let mut made = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(next) = rest.chars().next() {
        let step = code(rest)
            .map(|(whole, len)| (whole.to_owned(), len))
            .or_else(|| pair(rest, "***").map(|(inner, len)| (format!("*_{inner}_*"), len)))
            .or_else(|| pair(rest, "**").map(|(inner, len)| (format!("*{inner}*"), len)))
            .or_else(|| {
                word_edge(&made)
                    .then(|| pair(rest, "__"))
                    .flatten()
                    .map(|(inner, len)| (format!("*{inner}*"), len))
            })
            .or_else(|| pair(rest, "~~").map(|(inner, len)| (format!("~{inner}~"), len)))
            .or_else(|| link(rest))
            .or_else(|| url(rest).map(|(whole, len)| (whole.to_owned(), len)))
            .unwrap_or_else(|| (next.to_string(), next.len_utf8()));
        made.push_str(&step.0);
        rest = rest.get(step.1..).unwrap_or_default();
    }
    made
}

fn word_edge(made: &str) -> bool {
    !made.ends_with(|c: char| c.is_alphanumeric())
}

fn code(rest: &str) -> Option<(&str, usize)> {
    let ticks = rest.len() - rest.trim_start_matches('`').len();
    if ticks == 0 {
        return None;
    }
    let mark = rest.get(..ticks)?;
    let inner = rest.get(ticks..)?;
    let end = inner.find(mark).map_or(ticks, |at| ticks + at + ticks);
    Some((rest.get(..end)?, end))
}

/// What stands between a pair of marks: not empty, no white space next to the marks, none of their character inside.
fn pair<'t>(rest: &'t str, mark: &str) -> Option<(&'t str, usize)> {
    let body = rest.strip_prefix(mark)?;
    let character = mark.get(..1)?;
    let end = body.find(mark)?;
    let inner = body.get(..end)?;
    let behind = body.get(end + mark.len()..)?;
    let fits = !inner.is_empty()
        && !inner.contains(character)
        && !inner.contains('`')
        && inner.trim() == inner
        && !behind.starts_with(character)
        && (mark != "__" || !behind.starts_with(|c: char| c.is_alphanumeric()));
    fits.then_some((inner, mark.len() * 2 + end))
}

/// `[text](url)`, `![text](url)` and `<url>`.
fn link(rest: &str) -> Option<(String, usize)> {
    if let Some(inner) = rest.strip_prefix('<') {
        let end = inner.find('>')?;
        let target = inner.get(..end)?;
        let is_url = target.starts_with("http://") || target.starts_with("https://");
        return (is_url && !target.contains(char::is_whitespace)).then(|| (target.to_owned(), end + 2));
    }
    let bang = usize::from(rest.starts_with('!'));
    let body = rest.get(bang..)?.strip_prefix('[')?;
    let close = body.find("](")?;
    let text = body.get(..close)?;
    let after = body.get(close + 2..)?;
    let end = after.find(')')?;
    let target = after.get(..end)?;
    if text.contains(['[', ']', '\n']) || target.is_empty() || target.contains(char::is_whitespace) {
        return None;
    }
    let bare = |link: &str| {
        let link =
            link.trim_start_matches("https://").trim_start_matches("http://").trim_start_matches("mailto:");
        link.trim_end_matches('/').to_owned()
    };
    let shown = target.strip_prefix("mailto:").or_else(|| target.strip_prefix("tel:")).unwrap_or(target);
    let words = text.replace("**", "");
    let made = if words.is_empty() || bare(&words) == bare(target) {
        shown.to_owned()
    } else {
        format!("{words}: {shown}")
    };
    Some((made, bang + 1 + close + 2 + end + 1))
}

/// An address, whose underscores and stars are its own.
fn url(rest: &str) -> Option<(&str, usize)> {
    if !(rest.starts_with("http://") || rest.starts_with("https://")) {
        return None;
    }
    let end = rest
        .find(|c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '*' | '`' | '|'))
        .unwrap_or(rest.len());
    Some((rest.get(..end)?, end))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn hazard_42_markdown_becomes_whatsapp() {
        let rows = [
            ("**Avanza 2019**", "*Avanza 2019*"),
            ("__Avanza__ ada", "*Avanza* ada"),
            ("***penting***", "*_penting_*"),
            ("~~Rp160 juta~~ **Rp150 juta**", "~Rp160 juta~ *Rp150 juta*"),
            ("# Stok kami", "*Stok kami*"),
            ("### **Stok** kami ###", "*Stok kami*"),
            ("* satu\n* dua", "* satu\n* dua"),
            ("* **Harga:** Rp150 juta", "* *Harga:* Rp150 juta"),
            ("- satu\n+ dua", "- satu\n- dua"),
            ("1. **Avanza** (AV-012)", "1. *Avanza* (AV-012)"),
            ("[Lokasi](https://maps.app.goo.gl/a_b_c)", "Lokasi: https://maps.app.goo.gl/a_b_c"),
            ("[https://contoh.com](https://contoh.com/)", "https://contoh.com/"),
            ("![foto](https://contoh.com/a.jpg)", "foto: https://contoh.com/a.jpg"),
            ("<https://contoh.com>", "https://contoh.com"),
            ("> kutipan", "> kutipan"),
            ("satu\n\n---\n\ndua", "satu\n\ndua"),
            ("`**kode**`", "`**kode**`"),
            ("```\nbelum ditutup **a**", "```\nbelum ditutup *a*"),
            ("```rust\nlet a = **b;\n```", "```\nlet a = **b;\n```"),
            (
                "| Unit | Harga | Tahun |\n|---|---|---|\n| Avanza | Rp150 juta | 2019 |\n| Brio | Rp140 juta | 2018 |",
                "- Avanza, Harga: Rp150 juta, Tahun: 2019\n- Brio, Harga: Rp140 juta, Tahun: 2018",
            ),
        ];
        for (text, expected) in rows {
            assert_eq!(markup(text), expected, "{text}");
        }
    }

    #[test]
    fn hazard_42_what_is_malformed_or_right_stays() {
        for text in [
            "**tidak ditutup",
            "** spasi **",
            "2 * 3 * 4",
            "*tebal* _miring_ ~coret~",
            "snake_case_name dan __init__file",
            "[teks](",
            "[teks] (https://contoh.com)",
            "#tanpaspasi",
            "a | b tanpa tabel",
            "https://contoh.com/a__b__c?x=**y",
            "5*5=25",
        ] {
            assert_eq!(markup(text), text, "{text}");
        }
    }

    proptest! {
        #[test]
        fn hazard_42_rendering_twice_changes_nothing(text in "[a-c*_~`#|\\[\\]()<>:!+ \n-]{0,40}") {
            let once = markup(&text);
            prop_assert_eq!(markup(&once), once);
        }

        #[test]
        fn words_survive(words in proptest::collection::vec("[a-z]{1,8}", 1..8)) {
            let text = format!("# {}\n**{}**", words.join(" "), words.join(" "));
            let made = markup(&text);
            prop_assert_eq!(made.matches(&words.join(" ")).count() , 2);
        }
    }
}
