//! Faults of the answer: what a model says when it goes wrong.

mod attacker;
mod calls;
mod numbers;

use wartel_core::Timestamp;

use super::answer::{Answer, Finish};
use super::brain;
use super::fault::LlmFaultKind;
use super::prompt::Prompt;

/// What a model says when it believes that it did what it only thought of.
const PROMISE: &str = "Siap Kak, fotonya sudah saya kirim dan test drive besok jam 10 sudah saya booking ya.";
/// Tokens that a model spends on thoughts if nobody limits it.
const MANY_TOKENS: u64 = 1_024;

/// Whether a fault can hit this answer.
pub(super) fn can_hit(fault: &LlmFaultKind, prompt: &Prompt, answer: &Answer) -> bool {
    let text = answer.calls.is_empty() && !answer.text.is_empty();
    match fault {
        _ if fault.is_of_the_wire() => false,
        LlmFaultKind::BadCall(_) => !prompt.tools.is_empty(),
        LlmFaultKind::WrongNumbers => text && numbers::wrong(&answer.text) != answer.text,
        LlmFaultKind::Han | LlmFaultKind::ReasoningOnly => text,
        _ => true,
    }
}

/// The answer with the fault in it.
pub(super) fn spoil(fault: &LlmFaultKind, answer: Answer, prompt: &Prompt, now: Timestamp) -> Answer {
    match fault {
        LlmFaultKind::Length => {
            let bytes = prompt.max_tokens.unwrap_or(MANY_TOKENS).saturating_mul(4).min(1 << 20);
            let thoughts =
                "Let me think about this once more. ".repeat(usize::try_from(bytes / 35 + 1).unwrap_or(1));
            Answer { reasoning: thoughts, finish: Finish::Length, ..Answer::text("") }
        }
        LlmFaultKind::Sensitive => half(answer, Finish::Blocked),
        LlmFaultKind::NetworkError => half(answer, Finish::Upstream),
        LlmFaultKind::ContextFull => half(answer, Finish::Context),
        LlmFaultKind::Finish(reason) => Answer { finish: Finish::Other(reason.clone()), ..answer },
        LlmFaultKind::ReasoningOnly => Answer { reasoning: answer.text, ..Answer::text("") },
        LlmFaultKind::BadCall(form) => calls::bad(*form, answer, prompt, now),
        LlmFaultKind::WrongNumbers => Answer { text: numbers::wrong(&answer.text), ..answer },
        LlmFaultKind::FalsePromise => Answer { reasoning: answer.reasoning, ..Answer::text(PROMISE) },
        LlmFaultKind::Han => {
            // Half of a sentence in the language that the model thinks in.
            let text =
                format!("\u{597d}\u{7684}\u{ff0c}{} \u{8fd9}\u{8f86}\u{8f66}\u{5f88}\u{597d}", answer.text);
            Answer { text, ..answer }
        }
        LlmFaultKind::ObeysAttacker => attacker::obeyed(answer, prompt, now),
        _ => answer,
    }
}

/// The first half of a text, without calls.
fn half(answer: Answer, finish: Finish) -> Answer {
    let letters: Vec<char> = answer.text.chars().collect();
    let half = letters.iter().take(letters.len() / 2).collect();
    Answer { text: half, calls: Vec::new(), finish, ..answer }
}

/// What the model calls, or would call if it had to.
fn call_of(answer: &Answer, prompt: &Prompt, now: Timestamp) -> Option<super::prompt::Call> {
    let own = answer.calls.first().cloned();
    own.or_else(|| brain::any_call(prompt, now)?.calls.into_iter().next())
}
