//! The contract of [`LanguageModel`]: what holds for every adapter, as a suite to run.
//!
//! ```ignore
//! mod mine {
//!     wartel_bot::language_model_contract!(async { super::MyBench::new().await });
//! }
//! ```
//!
//! The expression is a future of a fresh [`ModelBench`]; it is evaluated anew in each test. The crate that runs it needs
//! `tokio` with `macros` and `rt`.
#![expect(
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_panics_doc,
    reason = "a case of a test suite fails by panicking"
)]

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;

use crate::llm::{
    Finish, LanguageModel, LlmAdvice, LlmError, LlmErrorKind, LlmMessage, LlmReply, LlmRequest,
};
use crate::tool::ToolSpec;

/// The key that a bench configures its model with. No error and no `Debug` may show it.
pub const KEY: &str = "made-up-key.hush";
/// A text that a bench puts into the body of every error. No error may show it.
pub const SECRET_TEXT: &str = "words of the server about 6281234567890";
/// The wait that [`Scene::TooMany`] asks for.
pub const WAIT: Duration = Duration::from_secs(7);

/// What the server of a bench does with every request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Scene {
    /// Answers `Halo Kak`, with 11 tokens of prompt, 5 of answer, and fields that nobody knows.
    Says,
    /// Calls `search` with `{"make":"Toyota"}` and `hours` without arguments.
    Calls,
    /// Says `Sebentar` and calls `search` with `{"make":"Toyota"}`.
    SaysAndCalls,
    /// Thinks, and says nothing.
    Thinks,
    /// Reaches the longest length after `Harganya 15`.
    TooLongAnswer,
    /// Ends with a word that nobody knows after `Halo Kak`.
    EndsStrangely,
    /// The connection breaks in the middle of `Harganya 15`.
    Breaks,
    /// Answers with a web page and a good status.
    Nonsense,
    /// Refuses the key.
    WrongKey,
    /// Has too many requests and asks to wait for [`WAIT`].
    TooMany,
    /// Has failed.
    Overloaded,
    /// Does not know the model.
    NoModel,
    /// Never answers.
    Silent,
}

/// A server of an adapter, and the model in front of it. Each case gets a fresh one.
#[async_trait::async_trait]
pub trait ModelBench: Send + Sync {
    /// A model with the key [`KEY`] before a server that does this.
    async fn model(&self, scene: Scene) -> Arc<dyn LanguageModel>;

    /// The JSON bodies of the requests that arrived.
    fn requests(&self) -> Vec<serde_json::Value>;
}

fn request() -> LlmRequest {
    LlmRequest::new("Be brief.", vec![LlmMessage::user("ada avanza?")], "turn-0001")
        .with_tools(vec![ToolSpec::new("search", "Looks.", json!({"type": "object", "properties": {}}))])
        .with_timeout(Duration::from_secs(20))
}

async fn reply(bench: &impl ModelBench, scene: Scene) -> LlmReply {
    let model = bench.model(scene).await;
    model.complete(&request()).await.unwrap_or_else(|error| panic!("{scene:?} is an error: {error}"))
}

async fn error(bench: &impl ModelBench, scene: Scene) -> LlmError {
    let model = bench.model(scene).await;
    let Err(error) = model.complete(&request()).await else { panic!("{scene:?} is no error") };
    let shown = format!("{error} {error:?} {model:?}");
    assert!(!shown.contains("hush") && !shown.contains("62812"), "a secret is shown: {shown}");
    assert_eq!(error.backend, model.name());
    error
}

/// A text comes whole, with what it used; what nobody knows is passed over.
pub async fn a_text_comes_whole(bench: impl ModelBench) {
    let reply = reply(&bench, Scene::Says).await;
    assert_eq!((reply.text.as_str(), &reply.finish), ("Halo Kak", &Finish::Stop));
    assert!(reply.tool_calls.is_empty());
    assert_eq!((reply.usage.prompt, reply.usage.completion), (11, 5));
}

/// Several calls come with ids of their own; no arguments are an empty object.
pub async fn calls_come_with_ids(bench: impl ModelBench) {
    let reply = reply(&bench, Scene::Calls).await;
    assert_eq!(reply.finish, Finish::ToolCalls);
    assert_eq!(reply.tool_calls.len(), 2);
    let (search, hours) = (&reply.tool_calls[0], &reply.tool_calls[1]);
    assert_eq!((search.name.as_str(), hours.name.as_str()), ("search", "hours"));
    let arguments = |call: &crate::llm::ToolCall| {
        call.parsed_arguments().unwrap_or_else(|error| panic!("unusable arguments: {error}"))
    };
    assert_eq!(arguments(search).get("make"), Some(&json!("Toyota")));
    assert!(arguments(hours).is_empty());
    assert!(!search.id.is_empty() && search.id != hours.id);
}

/// A text and a call may come together.
pub async fn a_text_beside_a_call_is_kept(bench: impl ModelBench) {
    let reply = reply(&bench, Scene::SaysAndCalls).await;
    assert_eq!((reply.text.as_str(), reply.tool_calls.len()), ("Sebentar", 1));
    assert_eq!(reply.finish, Finish::ToolCalls);
}

/// Thoughts alone are no answer.
pub async fn hazard_27_thoughts_are_no_answer(bench: impl ModelBench) {
    let error = error(&bench, Scene::Thinks).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::Protocol, LlmAdvice::After(None)));
}

/// An answer at the longest length says so.
pub async fn hazard_27_the_longest_length_is_told(bench: impl ModelBench) {
    assert_eq!(reply(&bench, Scene::TooLongAnswer).await.finish, Finish::Length);
}

/// An unknown end is no error and no end.
pub async fn a_strange_end_is_told(bench: impl ModelBench) {
    let reply = reply(&bench, Scene::EndsStrangely).await;
    assert!(matches!(reply.finish, Finish::Other(_)), "{:?}", reply.finish);
}

/// Half an answer is an error that may be asked again.
pub async fn hazard_26_half_an_answer_is_an_error(bench: impl ModelBench) {
    let error = error(&bench, Scene::Breaks).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::CutOff, LlmAdvice::After(None)));
}

/// What cannot be read is an error.
pub async fn nonsense_is_an_error(bench: impl ModelBench) {
    assert_eq!(error(&bench, Scene::Nonsense).await.kind, LlmErrorKind::Protocol);
}

/// A refused key is for the tenant.
pub async fn hazard_24_a_refused_key_is_for_the_tenant(bench: impl ModelBench) {
    let error = error(&bench, Scene::WrongKey).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::Auth, LlmAdvice::Elsewhere));
    assert!(error.kind.needs_the_tenant());
}

/// The wait that the server asks for is handed on.
pub async fn hazard_23_the_wait_is_handed_on(bench: impl ModelBench) {
    let error = error(&bench, Scene::TooMany).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::RateLimited, LlmAdvice::After(Some(WAIT))));
}

/// A server that has failed may be asked again.
pub async fn a_failed_server_may_be_asked_again(bench: impl ModelBench) {
    let error = error(&bench, Scene::Overloaded).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::Overloaded, LlmAdvice::After(None)));
}

/// A model that is not there is not asked again, but another backend may be.
pub async fn a_missing_model_is_not_asked_again(bench: impl ModelBench) {
    let error = error(&bench, Scene::NoModel).await;
    assert_eq!((error.kind, error.advice), (LlmErrorKind::BadRequest, LlmAdvice::Elsewhere));
}

/// A call ends with its time.
pub async fn a_silent_server_is_given_up(bench: impl ModelBench) {
    let model = bench.model(Scene::Silent).await;
    let request = request().with_timeout(Duration::from_millis(50));
    let Err(error) = model.complete(&request).await else { panic!("silence is an answer") };
    assert_eq!((error.kind, error.advice), (LlmErrorKind::TimedOut, LlmAdvice::After(None)));
}

/// Without a question nothing is sent.
pub async fn a_call_without_a_question_is_not_made(bench: impl ModelBench) {
    let model = bench.model(Scene::Says).await;
    let request = LlmRequest::new("Be brief.", vec![LlmMessage::assistant("Halo")], "turn-0001");
    let Err(error) = model.complete(&request).await else { panic!("there was no question") };
    assert_eq!((error.kind, error.advice), (LlmErrorKind::BadRequest, LlmAdvice::Never));
    assert!(bench.requests().is_empty());
}

/// A second round carries the call and its result, and never arguments that are no object.
pub async fn a_second_round_carries_the_result(bench: impl ModelBench) {
    let model = bench.model(Scene::Calls).await;
    let first = model.complete(&request()).await.unwrap_or_else(|error| panic!("{error}"));
    let mut second = request();
    let mut said = first.clone();
    said.tool_calls[0].arguments = "{\"half".to_owned();
    second.messages.push(said.to_message());
    for call in &first.tool_calls {
        second.messages.push(LlmMessage::ToolResult {
            call_id: call.id.clone(),
            name: call.name.clone(),
            content: "{\"found\":\"Avanza\"}".to_owned(),
            is_error: false,
        });
    }
    model.complete(&second).await.unwrap_or_else(|error| panic!("{error}"));
    let sent = bench.requests().pop().unwrap_or_default().to_string();
    assert!(sent.contains("Avanza") && sent.contains("search"), "the result was not sent");
    assert!(!sent.contains("half"), "arguments that are no object were sent");
}

/// Every case, by name.
pub const CASES: &[&str] = &[
    "a_text_comes_whole",
    "calls_come_with_ids",
    "a_text_beside_a_call_is_kept",
    "hazard_27_thoughts_are_no_answer",
    "hazard_27_the_longest_length_is_told",
    "a_strange_end_is_told",
    "hazard_26_half_an_answer_is_an_error",
    "nonsense_is_an_error",
    "hazard_24_a_refused_key_is_for_the_tenant",
    "hazard_23_the_wait_is_handed_on",
    "a_failed_server_may_be_asked_again",
    "a_missing_model_is_not_asked_again",
    "a_silent_server_is_given_up",
    "a_call_without_a_question_is_not_made",
    "a_second_round_carries_the_result",
];

/// Makes one test of each case of the [contract](crate::testing::llm::contract) of models.
#[macro_export]
macro_rules! language_model_contract {
    ($bench:expr) => {
        $crate::language_model_contract! {
            @suite $bench,
            [
                a_text_comes_whole calls_come_with_ids a_text_beside_a_call_is_kept
                hazard_27_thoughts_are_no_answer hazard_27_the_longest_length_is_told a_strange_end_is_told
                hazard_26_half_an_answer_is_an_error nonsense_is_an_error
                hazard_24_a_refused_key_is_for_the_tenant hazard_23_the_wait_is_handed_on
                a_failed_server_may_be_asked_again a_missing_model_is_not_asked_again
                a_silent_server_is_given_up a_call_without_a_question_is_not_made
                a_second_round_carries_the_result
            ]
        }
    };
    (@suite $bench:expr, [$($case:ident)+]) => {
        $(
            #[::tokio::test]
            async fn $case() {
                $crate::testing::llm::contract::$case($bench.await).await;
            }
        )+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($case),)+];
            assert_eq!(run.as_slice(), $crate::testing::llm::contract::CASES);
        }
    };
}
