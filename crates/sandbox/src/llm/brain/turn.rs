//! The turn that a request is in: what the customer said, which tools ran since, and what came before.

use serde_json::Value;

use super::facts::{self, Car};
use super::words;
use crate::llm::prompt::{Message, Prompt, Role};

/// A tool that ran in this turn.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) tool: String,
    pub(crate) result: Value,
}

/// What a request shows.
#[derive(Debug)]
pub(crate) struct Turn<'p> {
    /// What the customer said since the assistant's last word.
    pub(crate) customer: String,
    pub(crate) steps: Vec<Step>,
    /// A note that the draft of an answer was not good.
    pub(crate) note: Option<&'p str>,
    earlier: &'p [Message],
}

/// The words that a note about a draft is known by, where a user is given as its author.
const NOTE: [&str; 12] = [
    "grounded",
    "not supported by",
    "unsupported",
    "unverified",
    "not in the tool",
    "tool result",
    "tool data",
    "rewrite",
    "your draft",
    "your previous reply",
    "tulis ulang jawaban",
    "tidak ada di data",
];

/// Whether a message is a note of the program around the model and not a customer's word.
fn is_note(messages: &[Message], at: usize) -> bool {
    let Some(message) = messages.get(at) else { return false };
    let before = at.checked_sub(1).and_then(|before| messages.get(before));
    let after_draft = before.is_some_and(|before| before.role != Role::User);
    match message.role {
        Role::System => after_draft,
        Role::User => {
            let text = message.text.to_lowercase();
            after_draft && NOTE.iter().any(|word| text.contains(word))
        }
        _ => false,
    }
}

/// A result as JSON, also if something stands around it, such as the marks of a fence; one that is none is a text.
fn result(text: &str) -> Value {
    let inside = || {
        let inside = text.get(text.find(['{', '['])?..=text.rfind(['}', ']'])?)?;
        serde_json::from_str(inside).ok()
    };
    serde_json::from_str(text).ok().or_else(inside).unwrap_or_else(|| Value::String(text.to_owned()))
}

/// Words without the marks that programs put around what is not to be trusted: `<customer>` and `</customer>`.
fn unfenced(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('<') {
        plain.push_str(before);
        let mark = after.split_once('>').filter(|(name, _)| {
            let name = name.strip_prefix('/').unwrap_or(name);
            (1..=40).contains(&name.len())
                && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-')
        });
        if let Some((_, after)) = mark {
            rest = after;
        } else {
            plain.push('<');
            rest = after;
        }
    }
    plain.push_str(rest);
    plain.trim().to_owned()
}

impl<'p> Turn<'p> {
    pub(crate) fn of(prompt: &'p Prompt) -> Self {
        let messages = prompt.messages.as_slice();
        let customer = |at: &usize| {
            messages.get(*at).is_some_and(|message| message.role == Role::User) && !is_note(messages, *at)
        };
        let last = (0..messages.len()).rev().find(customer);
        let end = last.map_or(0, |last| last + 1);
        let said = (0..end).rev().take_while(customer).count();
        let start = end - said;
        let texts: Vec<&str> =
            messages.iter().skip(start).take(said).map(|message| message.text.as_str()).collect();
        let since = messages.get(end..).unwrap_or_default();
        let steps = since.iter().filter(|message| message.role == Role::Tool).map(|message| Step {
            tool: message.tool.clone().unwrap_or_default(),
            result: result(&message.text),
        });
        let note = (end..messages.len()).rev().find(|at| is_note(messages, *at));
        Self {
            customer: unfenced(&texts.join("\n")),
            steps: steps.collect(),
            note: note.and_then(|at| messages.get(at)).map(|message| message.text.as_str()),
            earlier: messages.get(..start).unwrap_or_default(),
        }
    }

    /// Whether the assistant has spoken before.
    pub(crate) fn spoken_before(&self) -> bool {
        self.earlier.iter().any(|message| message.role == Role::Assistant)
    }

    /// What the assistant said last before this turn.
    pub(crate) fn last_said(&self) -> Option<&str> {
        let last = self.earlier.iter().rev().find(|message| message.role == Role::Assistant)?;
        Some(&last.text)
    }

    /// What customers said earlier, newest first.
    pub(crate) fn earlier_customer(&self) -> impl Iterator<Item = String> {
        self.earlier
            .iter()
            .rev()
            .filter(|message| message.role == Role::User)
            .map(|message| unfenced(&message.text))
    }

    /// The results of a tool in this turn.
    pub(crate) fn results(&self, tool: &str) -> Vec<&Value> {
        self.steps.iter().filter(|step| step.tool == tool).map(|step| &step.result).collect()
    }

    /// The cars that tools told of in this turn.
    pub(crate) fn cars(&self) -> Vec<Car> {
        self.steps.iter().flat_map(|step| facts::cars(&step.result)).collect()
    }

    /// The cars that were spoken of last before this turn: of a tool's result, or by the codes in an answer.
    pub(crate) fn cars_before(&self) -> Vec<Car> {
        for message in self.earlier.iter().rev() {
            let found = match message.role {
                Role::Tool => facts::cars(&result(&message.text)),
                Role::Assistant => message.text.lines().flat_map(named).collect(),
                _ => Vec::new(),
            };
            if !found.is_empty() {
                return found;
            }
        }
        Vec::new()
    }
}

/// The cars whose codes stand in a line of an answer; the line is what they are called.
fn named(line: &str) -> Vec<Car> {
    let car = |code: &str| Car { code: Some(code.to_owned()), title: line.to_owned(), ..Car::default() };
    words::codes(line).into_iter().map(car).collect()
}

#[cfg(test)]
mod tests {
    use super::unfenced;

    #[test]
    fn marks_of_a_fence_are_no_words() {
        for (fenced, plain) in [
            ("<customer_words>besok jam 10</customer_words>", "besok jam 10"),
            ("harga < 200 juta > 100 juta", "harga < 200 juta > 100 juta"),
            ("<a>satu</a>\n<a>dua</a>", "satu\ndua"),
            ("a < b", "a < b"),
        ] {
            assert_eq!(unfenced(fenced), plain);
        }
    }
}
