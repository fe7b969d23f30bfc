//! Asking again, on tokio's paused clock.

use std::collections::HashSet;
use std::num::NonZeroU32;
use std::time::Duration;

use tokio::time::Instant;
use wartel_bot::llm::{LanguageModel, LlmAdvice, LlmError, LlmErrorKind, LlmReply, Retry, RetryPolicy};
use wartel_bot::testing::llm::ScriptedModel;

use super::question;

async fn ask(model: &ScriptedModel, policy: RetryPolicy) -> (Result<LlmReply, LlmError>, Duration) {
    let started = Instant::now();
    let result = Retry::with_policy(model.clone(), policy).complete(&question()).await;
    (result, started.elapsed())
}

fn after(seconds: u64) -> LlmAdvice {
    LlmAdvice::After(Some(Duration::from_secs(seconds)))
}

#[tokio::test(start_paused = true)]
async fn hazard_23_the_wait_that_is_asked_for_is_the_least() {
    let model = ScriptedModel::default();
    model.then_fail_with(LlmErrorKind::RateLimited, after(7)).then_text("Halo");
    let (result, took) = ask(&model, RetryPolicy::default()).await;
    assert_eq!(result.unwrap().text, "Halo");
    assert!((Duration::from_secs(7)..Duration::from_millis(7_510)).contains(&took), "{took:?}");
    assert_eq!(model.calls(), 2);
}

#[tokio::test(start_paused = true)]
async fn hazard_23_without_a_word_of_the_server_waits_grow_and_differ() {
    let mut waits = HashSet::new();
    for _ in 0..20 {
        let model = ScriptedModel::default();
        model.then_fail(LlmErrorKind::RateLimited).then_fail(LlmErrorKind::Overloaded).then_text("Halo");
        let (result, took) = ask(&model, RetryPolicy::default()).await;
        assert!(result.is_ok());
        // 500 ms and 1 s, and up to 500 ms of jitter twice.
        assert!((Duration::from_millis(1_500)..Duration::from_millis(2_510)).contains(&took), "{took:?}");
        waits.insert(took.as_millis());
    }
    assert!(waits.len() > 5, "no jitter: {waits:?}");
}

#[tokio::test(start_paused = true)]
async fn hazards_24_25_nothing_else_is_asked_again() {
    for kind in [
        LlmErrorKind::Quota,
        LlmErrorKind::Auth,
        LlmErrorKind::BadRequest,
        LlmErrorKind::ContextTooLong,
        LlmErrorKind::Blocked,
        LlmErrorKind::Protocol,
        LlmErrorKind::BudgetSpent,
        LlmErrorKind::Unexpected,
    ] {
        let model = ScriptedModel::default();
        model.then_fail(kind).then_text("Halo");
        assert_eq!(ask(&model, RetryPolicy::default()).await.0.unwrap_err().kind, kind);
        assert_eq!(model.calls(), 1, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn tries_are_counted_and_each_has_an_id_of_its_own() {
    let model = ScriptedModel::default();
    model.always_fail(LlmErrorKind::Overloaded);
    assert!(ask(&model, RetryPolicy::default()).await.0.is_err());
    let ids: Vec<_> = model.requests().into_iter().map(|request| request.request_id).collect();
    assert_eq!(ids, ["turn-0001", "turn-0001-2", "turn-0001-3"]);
    let policy = RetryPolicy::default().with_max_tries(NonZeroU32::MIN);
    assert!(ask(&model, policy).await.0.is_err());
    assert_eq!(model.calls(), 4);
}

#[tokio::test(start_paused = true)]
async fn hazard_23_everything_ends_within_the_time_of_the_request() {
    // A wait of 29 s leaves no time for a try within 30 s.
    let model = ScriptedModel::default();
    model.always_fail(LlmErrorKind::RateLimited);
    model.then_fail_with(LlmErrorKind::RateLimited, after(29));
    let (result, took) = ask(&model, RetryPolicy::default()).await;
    assert_eq!((result.unwrap_err().advice, model.calls()), (after(29), 1));
    assert!(took < Duration::from_secs(1), "{took:?}");
    // A try that hangs is given up, and there is no time for another.
    let silent = ScriptedModel::default();
    silent.then_hang();
    let (result, took) = ask(&silent, RetryPolicy::default()).await;
    assert_eq!((result.unwrap_err().kind, silent.calls()), (LlmErrorKind::TimedOut, 1));
    assert!(took <= Duration::from_millis(30_010), "{took:?}");
    // A later try gets what is left of the time.
    let slow = ScriptedModel::default();
    slow.slow(Duration::from_secs(10)).then_fail(LlmErrorKind::Overloaded).then_text("Halo");
    assert!(ask(&slow, RetryPolicy::default()).await.0.is_ok());
    let second = slow.requests()[1].timeout;
    assert!((Duration::from_secs(18)..Duration::from_millis(19_501)).contains(&second), "{second:?}");
}
