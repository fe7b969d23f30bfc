//! What the language models remember: the script, the planned faults and the requests.

use std::collections::VecDeque;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use tokio::sync::watch;

use super::LlmKind;
use super::answer::{Answer, LlmAnswer};
use super::fault::{LlmFault, LlmFaultKind};
use super::record::RecordedPrompt;
use crate::lock;
use crate::ring::Ring;

/// More faults or answers than this are a loop gone wild, not a plan.
const MAX_PLANNED: usize = 1_000;
const MAX_PROMPTS: usize = 2_000;
const MAX_PROMPT_BYTES: usize = 16 << 20;

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: LlmFault,
    /// How often it was asked and matched.
    seen: u32,
}

#[derive(Debug)]
struct Book {
    script: VecDeque<LlmAnswer>,
    rules: Vec<Rule>,
    last_rule: u64,
    prompts: Ring<RecordedPrompt>,
}

/// The state of all language models of a sandbox.
#[derive(Debug)]
pub(crate) struct Llm {
    book: Mutex<Book>,
    requests: AtomicU64,
    /// How many requests were recorded, over the whole life of the sandbox.
    recorded: watch::Sender<u64>,
}

impl Default for Llm {
    fn default() -> Self {
        let prompts = Ring::new(MAX_PROMPTS, MAX_PROMPT_BYTES);
        let book = Book { script: VecDeque::new(), rules: Vec::new(), last_rule: 0, prompts };
        Self { book: Mutex::new(book), requests: AtomicU64::new(1), recorded: watch::Sender::new(0) }
    }
}

impl Llm {
    /// The running number of a request. It goes on after a reset, so that no id comes twice.
    pub(crate) fn next_request(&self) -> u64 {
        self.requests.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn reset(&self) {
        let mut book = lock(&self.book);
        book.script.clear();
        book.rules.clear();
        book.prompts.clear();
    }

    pub(crate) fn record(&self, prompt: RecordedPrompt, bytes: usize) {
        // The texts are kept twice: as they came and as they were understood.
        lock(&self.book).prompts.push(prompt, 512 + 2 * bytes);
        self.recorded.send_modify(|count| *count += 1);
    }

    /// How many requests were recorded, and a way to wait for more.
    pub(crate) fn recorded(&self) -> watch::Receiver<u64> {
        self.recorded.subscribe()
    }

    pub(crate) fn prompts(&self) -> Vec<RecordedPrompt> {
        lock(&self.book).prompts.iter().cloned().collect()
    }

    /// Puts an answer at the end of the script; `false` if there are too many.
    pub(crate) fn push(&self, answer: LlmAnswer) -> bool {
        let mut book = lock(&self.book);
        let room = book.script.len() < MAX_PLANNED;
        if room {
            book.script.push_back(answer);
        }
        room
    }

    /// Takes the first answer of the script that is meant for this last message of a user.
    pub(crate) fn next_answer(&self, last: &str) -> Option<Answer> {
        let mut book = lock(&self.book);
        let position = book.script.iter().position(|answer| answer.fits(last))?;
        book.script.remove(position).map(LlmAnswer::answer)
    }

    pub(crate) fn script(&self) -> Vec<Value> {
        lock(&self.book).script.iter().map(LlmAnswer::to_json).collect()
    }

    pub(crate) fn script_len(&self) -> usize {
        lock(&self.book).script.len()
    }

    pub(crate) fn clear_script(&self) {
        lock(&self.book).script.clear();
    }

    /// Adds a fault and gives back its number; `None` if there are too many.
    pub(crate) fn add_fault(&self, fault: LlmFault) -> Option<u64> {
        let mut book = lock(&self.book);
        if book.rules.len() >= MAX_PLANNED {
            return None;
        }
        book.last_rule += 1;
        let id = book.last_rule;
        book.rules.push(Rule { id, fault, seen: 0 });
        Some(id)
    }

    pub(crate) fn clear_faults(&self) {
        lock(&self.book).rules.clear();
    }

    pub(crate) fn faults(&self) -> Vec<Value> {
        let shown = |rule: &Rule| {
            let mut fault = rule.fault.to_json();
            if let Some(fields) = fault.as_object_mut() {
                fields.insert("id".into(), rule.id.into());
                fields.insert("seen".into(), rule.seen.into());
            }
            fault
        };
        lock(&self.book).rules.iter().map(shown).collect()
    }

    /// What should go wrong at this server, of the kinds that can hit.
    pub(crate) fn strike(
        &self,
        server: LlmKind,
        can_hit: impl Fn(&LlmFaultKind) -> bool,
    ) -> Option<LlmFaultKind> {
        let mut book = lock(&self.book);
        let here =
            |fault: &LlmFault| fault.server.is_none_or(|wanted| wanted == server) && can_hit(&fault.kind);
        let fired = book.rules.iter_mut().filter(|rule| here(&rule.fault)).find_map(|rule| {
            rule.seen = rule.seen.saturating_add(1);
            rule.fault.trigger.fires(rule.seen).then(|| rule.fault.kind.clone())
        });
        book.rules.retain(|rule| !rule.fault.trigger.spent(rule.seen));
        fired
    }
}
