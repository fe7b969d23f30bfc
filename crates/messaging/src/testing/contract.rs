//! The contract of [`MessageProvider`]: what holds for every provider and every wrapper, as a suite to run.
//!
//! ```ignore
//! use wartel_messaging::testing::FakeEnv;
//!
//! mod fake {
//!     wartel_messaging::message_provider_contract!(async { super::FakeEnv::new(|fake| fake) });
//! }
//! // An environment that cannot make its provider fail: those cases are seen as ignored, never as passed.
//! mod live {
//!     wartel_messaging::message_provider_contract!(async { super::live_env().await }, without failures);
//! }
//! ```
//!
//! The crate that runs it needs `tokio` with `macros` and `rt`.
#![expect(clippy::panic, clippy::missing_panics_doc, reason = "a case of a test suite fails by panicking")]

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::timeout;
use wartel_core::Secret;

use super::{phone, sample_message, sample_phone};
use crate::{MessageProvider, OutboundMessage, Recipient, RetryAdvice, SendError, SendErrorKind};

/// How long a case waits for a provider at the most. An environment sets its provider's time limits well below.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// A message as it came out at the far end.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Arrived {
    /// Who got it.
    pub to: Recipient,
    /// The text as shown to them.
    pub text: Secret,
}

impl Arrived {
    /// A message that came out.
    #[must_use]
    pub fn new(to: impl Into<Recipient>, text: impl Into<Secret>) -> Self {
        Self { to: to.into(), text: text.into() }
    }
}

/// A provider under test and its far end. Each case gets a fresh one.
#[async_trait::async_trait]
pub trait ProviderEnv: Send + Sync {
    /// The provider under test: the same one each time.
    fn provider(&self) -> Arc<dyn MessageProvider>;

    /// Every message that arrived at the far end so far.
    async fn arrived(&self) -> Vec<Arrived>;
}

/// What goes wrong with the next send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Failure {
    /// The provider refuses the credentials.
    Unauthenticated,
    /// The provider takes the request and never answers.
    NoAnswer,
}

/// An environment that can make its provider fail.
#[async_trait::async_trait]
pub trait FailingEnv: ProviderEnv {
    /// Makes the next send, and only that one, fail.
    async fn fail_next(&self, failure: Failure);
}

async fn send(
    provider: &dyn MessageProvider,
    message: &OutboundMessage,
) -> Result<crate::Accepted, SendError> {
    match timeout(PATIENCE, provider.send(message)).await {
        Ok(result) => result,
        Err(_) => panic!("send does not end within {PATIENCE:?}"),
    }
}

async fn accepted(provider: &dyn MessageProvider, message: &OutboundMessage) -> crate::Accepted {
    send(provider, message).await.unwrap_or_else(|error| panic!("a plain message is refused: {error}"))
}

async fn arrived_texts(env: &dyn ProviderEnv) -> Vec<String> {
    env.arrived().await.iter().map(|message| message.text.expose().to_owned()).collect()
}

async fn refused(env: &dyn FailingEnv, failure: Failure) -> SendError {
    env.fail_next(failure).await;
    match send(&*env.provider(), &sample_message()).await {
        Ok(_) => panic!("a send that failed says success"),
        Err(error) => error,
    }
}

/// The name is made of lower-case letters, digits and `_`, and stays the same.
pub async fn the_name_is_stable(env: impl ProviderEnv) {
    let name = env.provider().name();
    assert!(
        !name.is_empty() && name.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'_')),
        "{name}"
    );
    assert_eq!(env.provider().name(), name);
}

/// A provider under contract is enabled, can send something, and always says the same of itself.
pub async fn it_says_what_it_can_do(env: impl ProviderEnv) {
    let can = env.provider().capabilities();
    assert!(can.enabled && can.text && can.one_time_code, "{can:?}");
    assert_eq!(env.provider().capabilities(), can);
}

/// A text arrives once, at its recipient, as written.
pub async fn a_text_arrives_as_written(env: impl ProviderEnv) {
    accepted(&*env.provider(), &OutboundMessage::text_to(sample_phone(), "Halo *Budi*")).await;
    let arrived = env.arrived().await;
    assert_eq!(arrived.len(), 1);
    assert!(
        arrived.iter().all(|message| message.to == sample_phone() && message.text.expose() == "Halo *Budi*")
    );
}

/// A one-time code arrives with its digits.
pub async fn a_code_arrives(env: impl ProviderEnv) {
    accepted(&*env.provider(), &sample_message()).await;
    let texts = arrived_texts(&env).await;
    assert!(matches!(texts.as_slice(), [text] if text.contains("482915")));
}

/// Every character survives: line breaks, signs that encodings use, other scripts, emoji.
pub async fn every_character_survives(env: impl ProviderEnv) {
    let text = "Kode:\n*482915* & 100% + 1=2? #1; \"a\" 'b' <c> \\ {d}\nشكرا 谢谢 👩\u{200D}👧 é";
    accepted(&*env.provider(), &OutboundMessage::text_to(sample_phone(), text)).await;
    assert!(arrived_texts(&env).await == [text], "the text arrives changed");
}

/// A text of 4,096 characters arrives whole; where the provider says that it takes fewer, one of as many as it takes.
pub async fn a_long_text_arrives_whole(env: impl ProviderEnv) {
    let length = env.provider().capabilities().max_text.min(4_096);
    assert!(length >= 1_000, "the longest text is too short for anything");
    let text = "Pesan panjang. ".chars().cycle().take(length - 1).chain(['.']).collect::<String>();
    accepted(&*env.provider(), &OutboundMessage::text_to(sample_phone(), text.as_str())).await;
    assert!(arrived_texts(&env).await == [text], "the text arrives changed");
}

/// Numbers of other countries arrive where they belong.
pub async fn other_countries_are_reached(env: impl ProviderEnv) {
    for number in ["+6591234567", "+14155550123", "+447400123456"] {
        accepted(&*env.provider(), &OutboundMessage::text_to(phone(number), "Hello")).await;
        assert!(
            env.arrived().await.iter().any(|message| message.to == phone(number)),
            "a number is rewritten"
        );
    }
}

/// The same message twice is two messages: a provider does not guess that one is a copy.
pub async fn the_same_text_twice_arrives_twice(env: impl ProviderEnv) {
    for _ in 0..2 {
        accepted(&*env.provider(), &sample_message()).await;
    }
    assert_eq!(env.arrived().await.len(), 2);
}

/// A provider that gives ids gives each message its own.
pub async fn ids_are_unique(env: impl ProviderEnv) {
    let mut ids = HashSet::new();
    for _ in 0..5 {
        let id = accepted(&*env.provider(), &sample_message()).await.message_id;
        assert_eq!(
            id.is_some(),
            env.provider().capabilities().message_ids,
            "capabilities and answers differ"
        );
        if let Some(id) = id {
            assert!(!id.as_str().is_empty() && ids.insert(id), "an id is empty or used twice");
        }
    }
}

/// Messages that are sent together all arrive, each once.
pub async fn messages_sent_together_all_arrive(env: impl ProviderEnv) {
    let mut sends = JoinSet::new();
    for n in 0..20 {
        let provider = env.provider();
        sends.spawn(async move {
            accepted(&*provider, &OutboundMessage::text_to(sample_phone(), format!("Pesan {n:02}"))).await;
        });
    }
    sends.join_all().await;
    let mut texts = arrived_texts(&env).await;
    texts.sort();
    let expected: Vec<String> = (0..20).map(|n| format!("Pesan {n:02}")).collect();
    assert_eq!(texts, expected);
}

/// A send that is dropped halfway does not harm the next one.
pub async fn a_dropped_send_harms_no_other(env: impl ProviderEnv) {
    let provider = env.provider();
    let first = OutboundMessage::text_to(sample_phone(), "pertama");
    let _dropped = timeout(Duration::ZERO, provider.send(&first)).await;
    accepted(&*provider, &OutboundMessage::text_to(sample_phone(), "kedua")).await;
    let second = arrived_texts(&env).await.into_iter().filter(|text| text == "kedua").count();
    assert_eq!(second, 1);
}

/// Refused credentials are an error of their kind, and nothing arrives.
pub async fn a_refusal_is_an_error(env: impl FailingEnv) {
    let error = refused(&env, Failure::Unauthenticated).await;
    assert_eq!(error.kind(), SendErrorKind::Unauthenticated);
    assert_eq!(error.advice(), RetryAdvice::Never);
    assert_eq!(error.provider(), env.provider().name());
    assert_eq!(env.arrived().await.len(), 0);
}

/// After a failure the next message goes out.
pub async fn a_failure_is_not_for_ever(env: impl FailingEnv) {
    refused(&env, Failure::Unauthenticated).await;
    accepted(&*env.provider(), &sample_message()).await;
    assert_eq!(env.arrived().await.len(), 1);
}

/// No answer ends in time, and says that the message may have been taken.
pub async fn no_answer_is_ambiguous(env: impl FailingEnv) {
    let error = refused(&env, Failure::NoAnswer).await;
    assert_eq!(error.kind(), SendErrorKind::Unavailable);
    assert!(error.is_ambiguous());
}

/// Neither error shows the number, the code or the text, in any of its forms.
pub async fn errors_show_nothing(env: impl FailingEnv) {
    for failure in [Failure::Unauthenticated, Failure::NoAnswer] {
        let error = refused(&env, failure).await;
        let mut shown = format!("{error} {error:?} {error:#?}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            shown.push_str(&format!(" {cause} {cause:?}"));
            source = cause.source();
        }
        for secret in ["81234567890", "482915", "Kode Anda"] {
            assert!(!shown.contains(secret), "an error shows what it must not");
        }
    }
}

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "the_name_is_stable",
    "it_says_what_it_can_do",
    "a_text_arrives_as_written",
    "a_code_arrives",
    "every_character_survives",
    "a_long_text_arrives_whole",
    "other_countries_are_reached",
    "the_same_text_twice_arrives_twice",
    "ids_are_unique",
    "messages_sent_together_all_arrive",
    "a_dropped_send_harms_no_other",
    "a_refusal_is_an_error",
    "a_failure_is_not_for_ever",
    "no_answer_is_ambiguous",
    "errors_show_nothing",
];

/// Runs the contract of [`MessageProvider`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of an environment ([`FailingEnv`], or [`ProviderEnv`] with
/// `without failures`); it is evaluated anew in each test. Put each use in a module of its own.
#[macro_export]
macro_rules! message_provider_contract {
    ($env:expr) => {
        $crate::message_provider_contract!(@list run, $env);
    };
    ($env:expr, without failures) => {
        $crate::message_provider_contract!(@list ignore, $env);
    };
    (@list $mode:ident, $env:expr) => {
        $crate::message_provider_contract! {
            @suite $mode, $env,
            [
                the_name_is_stable it_says_what_it_can_do a_text_arrives_as_written a_code_arrives
                every_character_survives a_long_text_arrives_whole other_countries_are_reached
                the_same_text_twice_arrives_twice ids_are_unique messages_sent_together_all_arrive
                a_dropped_send_harms_no_other
            ]
            [a_refusal_is_an_error a_failure_is_not_for_ever no_answer_is_ambiguous errors_show_nothing]
        }
    };
    (@suite $mode:ident, $env:expr, [$($plain:ident)+] [$($failing:ident)+]) => {
        $($crate::message_provider_contract!(@run $env, $plain);)+
        $($crate::message_provider_contract!(@$mode $env, $failing);)+

        #[test]
        fn suite_is_complete() {
            let run = [$(stringify!($plain),)+ $(stringify!($failing),)+];
            assert_eq!(run.as_slice(), $crate::testing::contract::CASES);
        }
    };
    (@run $env:expr, $case:ident) => {
        #[::tokio::test]
        async fn $case() {
            $crate::testing::contract::$case($env.await).await;
        }
    };
    (@ignore $env:expr, $case:ident) => {
        #[test]
        #[ignore = "needs an environment that can make its provider fail"]
        fn $case() {
            panic!("the environment cannot make its provider fail");
        }
    };
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        let source = include_str!("contract.rs");
        let written: Vec<&str> =
            source.lines().filter_map(|line| line.strip_prefix("pub async fn ")?.split('(').next()).collect();
        assert_eq!(written, super::CASES);
    }
}
