//! A draft shows nothing internal, is in the customer's language and does the shop's work only.

use wartel_core::Locale;

use crate::guard;

use super::ground::Ground;
use super::problem::{Problem, ProblemKind};

/// What only prompts and tools say.
const INTERNAL: &[&str] = &[
    "system prompt",
    "prompt sistem",
    "instruksi sistem",
    "system instruction",
    "my instructions",
    "instruksi saya adalah",
    "as an ai language model",
    "sebagai model bahasa",
    "<tool_call",
    "</tool_call",
    "<think>",
    "</think>",
    "<function",
    "tool_calls",
    "\"arguments\":",
    "<|im_",
    "[/inst]",
];

/// The canary and the words of prompts, in the draft as it is and as it looks.
pub(super) fn leaks(draft: &str, plain: &str, ground: &Ground<'_>, problems: &mut Vec<Problem>) {
    let lower = plain.to_lowercase();
    let squeezed =
        |text: &str| text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    let canary: String = squeezed(ground.canary);
    let shown = |text: &str| {
        let text: String = squeezed(text);
        let backwards: String = canary.chars().rev().collect();
        text.contains(&canary) || text.contains(&backwards)
    };
    let leaked = !canary.is_empty() && (shown(draft) || shown(plain));
    if leaked || INTERNAL.iter().any(|words| lower.contains(words)) {
        problems.push(Problem::new(ProblemKind::Leak, ""));
    }
}

pub(super) fn check(plain: &str, ground: &Ground<'_>, problems: &mut Vec<Problem>) {
    let foreign: String = plain.chars().filter(|c| guard::is_foreign_script(*c)).take(12).collect();
    if !foreign.is_empty() {
        problems.push(Problem::new(ProblemKind::Language, &foreign));
    } else if let Some(other) = guard::language(plain).filter(|language| *language != ground.locale) {
        let said: String = plain.chars().take(60).collect();
        // A stock list has few words of any language; what is quoted must be a sentence.
        if guard::language_words(plain, other) >= 3 {
            problems.push(Problem::new(ProblemKind::Language, &said));
        }
    }
    if let Some(word) = first_words(plain, ground.locale) {
        problems.push(Problem::new(ProblemKind::Language, word));
    }
    let code = plain.contains("```")
        && ["def ", "function ", "import ", "#include", "=>", "</", "class ", "print(", "console."]
            .iter()
            .any(|sign| plain.contains(sign));
    let asked = plain.chars().count() > 400 && guard::scope(ground.customer).is_some();
    if code || asked {
        problems.push(Problem::new(ProblemKind::OutOfScope, ""));
    }
}

/// A sentence that begins with a word of the other language: "Yes, mobilnya ada".
fn first_words(plain: &str, locale: Locale) -> Option<&str> {
    let others: &[&str] = match locale {
        Locale::Id => &["yes", "sure", "certainly", "unfortunately", "hello", "sorry", "absolutely", "yeah"],
        Locale::En => &["iya", "tidak", "baik", "tentu", "maaf", "mohon", "halo", "selamat", "silakan"],
        _ => &[],
    };
    plain
        .split(['.', '!', '?', '\n'])
        .map(|sentence| sentence.trim_start().split(|c: char| !c.is_alphabetic()).next().unwrap_or_default())
        .find(|word| others.contains(&word.to_lowercase().as_str()))
}
