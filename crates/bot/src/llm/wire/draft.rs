//! An answer while it is read; in the end it is whole or it is an error.

use super::calls::{RawCall, mend};
use super::json;
use crate::llm::arguments::has_call_markup;
use crate::llm::{Finish, LlmAdvice, LlmError, LlmErrorKind, LlmReply, LlmRequest, Usage};

/// Why an answer ended, in the words of every server together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::llm) enum End {
    /// The model had no more to say or wants to call.
    Done,
    /// It wants to call.
    Calls,
    /// The longest length is reached.
    Length,
    /// The server's rules ended it.
    Blocked,
    /// The server itself broke off.
    CutOff,
    /// Prompt and answer do not fit the model.
    Context,
    /// A word that is not known.
    Other(String),
}

/// An answer while it is read.
#[derive(Default)]
pub(in crate::llm) struct Draft {
    pub(in crate::llm) text: String,
    pub(in crate::llm) reasoning: String,
    pub(in crate::llm) calls: Vec<RawCall>,
    pub(in crate::llm) end: Option<End>,
    pub(in crate::llm) usage: Usage,
    pub(in crate::llm) id: Option<String>,
}

impl Draft {
    /// The whole answer. Without an end it broke off; an answer that says nothing is none, even if the model has thought.
    pub(in crate::llm) fn into_reply(
        mut self,
        name: &str,
        request: &LlmRequest,
    ) -> Result<LlmReply, LlmError> {
        let id = self.id.as_deref().and_then(json::loggable_id);
        let error = |kind| LlmError::of(name, kind).with_request_id(id.clone());
        let again = |code| error(LlmErrorKind::Protocol).with_code(code).with_advice(LlmAdvice::After(None));
        let (text, thought) = without_thoughts(&self.text);
        self.reasoning.push_str(thought);
        let mut text = text.trim().to_owned();
        let mut calls = mend(self.calls, request);
        let finish = match self.end {
            None => return Err(error(LlmErrorKind::CutOff).with_code("no_end")),
            Some(End::CutOff) => return Err(error(LlmErrorKind::CutOff).with_code("network_error")),
            Some(End::Context) => return Err(error(LlmErrorKind::ContextTooLong)),
            Some(End::Done | End::Calls) if !calls.is_empty() => Finish::ToolCalls,
            // The calls that it speaks of were lost on the way, or stand in the text.
            Some(End::Calls) => return Err(again("no_calls")),
            Some(End::Done) if text.is_empty() => return Err(again("empty_answer")),
            Some(End::Done) => Finish::Stop,
            Some(End::Length) => Finish::Length,
            Some(End::Blocked) => Finish::Blocked,
            Some(End::Other(word)) => Finish::Other(plain_word(&word)),
        };
        match finish {
            // Half of a call is no call, and nothing of a forbidden answer may be used.
            Finish::Length => calls.clear(),
            Finish::Blocked => {
                calls.clear();
                text.clear();
            }
            _ => {}
        }
        if has_call_markup(&text) {
            return Err(again("call_in_text"));
        }
        let reasoning = Some(self.reasoning).filter(|text| !text.trim().is_empty());
        Ok(LlmReply {
            tool_calls: calls,
            ..LlmReply::text(text)
                .with_finish(finish)
                .with_usage(self.usage)
                .with_reasoning(reasoning)
                .with_request_id(id)
        })
    }
}

/// What stands before and between `<think>` marks is thought, not said: some servers leave it in the text. Thoughts
/// without an end have no answer behind them.
fn without_thoughts(text: &str) -> (&str, &str) {
    const OPEN: &str = "<think>";
    const CLOSE: &str = "</think>";
    match text.rsplit_once(CLOSE) {
        Some((thought, said)) => (said, thought.trim_start().trim_start_matches(OPEN)),
        None => match text.trim_start().strip_prefix(OPEN) {
            Some(thought) => ("", thought),
            None => (text, ""),
        },
    }
}

/// A word of a server that may be logged.
fn plain_word(word: &str) -> String {
    word.chars().filter(|c| c.is_ascii_alphabetic() || matches!(c, '_' | '-')).take(40).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::llm::LlmMessage;

    fn request() -> LlmRequest {
        LlmRequest::new("", vec![LlmMessage::user("halo")], "turn-1")
    }

    fn draft(text: &str, end: Option<End>) -> Draft {
        Draft { text: text.into(), end, ..Draft::default() }
    }

    #[test]
    fn hazard_26_an_answer_is_whole_or_an_error() {
        for (end, kind) in [
            (None, LlmErrorKind::CutOff),
            (Some(End::CutOff), LlmErrorKind::CutOff),
            (Some(End::Context), LlmErrorKind::ContextTooLong),
            (Some(End::Calls), LlmErrorKind::Protocol),
        ] {
            let error = draft("Harganya 15", end.clone()).into_reply("x/y", &request()).unwrap_err();
            assert_eq!(error.kind, kind, "{end:?}");
            assert!(!format!("{error:?} {error}").contains("Harganya"));
        }
        let reply = draft(" Halo Kak ", Some(End::Done)).into_reply("x/y", &request()).unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("Halo Kak", Finish::Stop));
    }

    #[test]
    fn hazard_25_nothing_of_a_blocked_answer_is_left() {
        let reply = draft("forbidden", Some(End::Blocked)).into_reply("x/y", &request()).unwrap();
        assert_eq!((reply.text.as_str(), reply.finish), ("", Finish::Blocked));
    }

    #[test]
    fn hazard_27_an_empty_answer_at_the_longest_length_is_told_apart() {
        let long = draft("", Some(End::Length)).into_reply("x/y", &request()).unwrap();
        assert_eq!(long.finish, Finish::Length);
        let mut thinker = draft("", Some(End::Done));
        thinker.reasoning = "The customer greets.".into();
        let error = thinker.into_reply("x/y", &request()).unwrap_err();
        assert_eq!((error.code.as_deref(), error.advice), (Some("empty_answer"), LlmAdvice::After(None)));
    }

    #[test]
    fn thoughts_in_the_text_are_not_said() {
        for (text, said, thought) in [
            ("<think>hmm</think>Halo", "Halo", Some("hmm")),
            ("hmm</think>\n\nHalo", "Halo", Some("hmm")),
            ("Halo", "Halo", None),
        ] {
            let reply = draft(text, Some(End::Done)).into_reply("x/y", &request()).unwrap();
            assert_eq!((reply.text.as_str(), reply.reasoning.as_deref()), (said, thought), "{text}");
        }
        assert!(draft("<think>hmm, Halo", Some(End::Done)).into_reply("x/y", &request()).is_err());
    }

    #[test]
    fn hazard_28_a_call_written_into_the_text_is_not_said() {
        let text = "<tool_call>search\n<arg_key>make</arg_key><arg_value>Toyota</arg_value></tool_call>";
        let error = draft(text, Some(End::Done)).into_reply("x/y", &request()).unwrap_err();
        assert_eq!(error.code.as_deref(), Some("call_in_text"));
    }

    #[test]
    fn unknown_ends_keep_a_word_that_may_be_logged() {
        let reply =
            draft("Halo", Some(End::Other("eos +62812".into()))).into_reply("x/y", &request()).unwrap();
        assert_eq!(reply.finish, Finish::Other("eos".into()));
    }
}
