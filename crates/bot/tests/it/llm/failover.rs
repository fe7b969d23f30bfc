//! Several models in order, on tokio's paused clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, advance};
use wartel_bot::llm::{Failover, FailoverPolicy, LanguageModel, LlmErrorKind, LlmEvents, LlmReply, Retry};
use wartel_bot::testing::llm::ScriptedModel;
use wartel_core::TenantId;

use super::question;

/// Remembers what it was told.
#[derive(Debug, Default)]
pub(super) struct Told(Mutex<Vec<String>>);

impl Told {
    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

impl LlmEvents for Told {
    fn needs_the_tenant(&self, tenant: &TenantId, backend: &str, kind: LlmErrorKind, code: Option<&str>) {
        let line = format!("{tenant} {backend} {} {}", kind.as_str(), code.unwrap_or("-"));
        self.0.lock().unwrap().push(line);
    }
}

fn chain(models: &[&ScriptedModel], told: &Arc<Told>) -> Failover {
    let models = models.iter().map(|&model| {
        let model: Arc<dyn LanguageModel> = Arc::new(Retry::new(model.clone()));
        model
    });
    let events = Arc::clone(told) as Arc<dyn LlmEvents>;
    Failover::new(TenantId::default(), models.collect(), events, FailoverPolicy::default())
}

fn two() -> (ScriptedModel, ScriptedModel, Arc<Told>) {
    (ScriptedModel::new("first/model"), ScriptedModel::new("second/model"), Arc::default())
}

#[tokio::test(start_paused = true)]
async fn hazard_24_a_spent_balance_is_asked_once_in_a_window_and_told_once() {
    let (first, second, told) = two();
    first.then_fail_code(LlmErrorKind::Quota, "1113");
    first.always_fail(LlmErrorKind::Quota);
    second.always_reply(LlmReply::text("Halo"));
    let chain = chain(&[&first, &second], &told);
    for _ in 0..50 {
        assert_eq!(chain.complete(&question()).await.unwrap().text, "Halo");
    }
    assert_eq!((first.calls(), second.calls()), (1, 50));
    assert_eq!(told.all(), ["default first/model quota 1113"]);
    // When the window is over one call goes through on trial; it fails, and somebody is told again.
    advance(Duration::from_secs(15 * 60)).await;
    for _ in 0..5 {
        assert!(chain.complete(&question()).await.is_ok());
    }
    assert_eq!((first.calls(), told.all().len()), (2, 2));
    // The next trial is answered, and the model is the first again.
    advance(Duration::from_secs(15 * 60)).await;
    first.always_reply(LlmReply::text("Selamat pagi"));
    for _ in 0..3 {
        assert_eq!(chain.complete(&question()).await.unwrap().text, "Selamat pagi");
    }
    assert_eq!(told.all().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn hazard_24_without_another_model_the_refusal_is_handed_on_without_a_call() {
    let (only, _, told) = two();
    only.then_fail_code(LlmErrorKind::Auth, "1001");
    only.always_reply(LlmReply::text("too early"));
    let chain = chain(&[&only], &told);
    for _ in 0..10 {
        let error = chain.complete(&question()).await.unwrap_err();
        assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::Auth, Some("1001")));
    }
    assert_eq!((only.calls(), told.all().len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn hazard_24_many_at_once_tell_once_and_one_is_on_trial() {
    let (only, _, told) = two();
    only.slow(Duration::from_secs(1)).always_fail(LlmErrorKind::Quota);
    let chain = Arc::new(chain(&[&only], &told));
    let all_at_once = || async {
        let asked = (0..20).map(|_| {
            let chain = Arc::clone(&chain);
            async move { chain.complete(&question()).await.unwrap_err() }
        });
        futures_util::future::join_all(asked).await
    };
    all_at_once().await;
    assert_eq!((only.calls(), told.all().len()), (20, 1));
    advance(Duration::from_secs(15 * 60)).await;
    all_at_once().await;
    assert_eq!(only.calls(), 21);
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_where_another_model_may_answer_and_only_there() {
    for (kind, tries, goes_on) in [
        (LlmErrorKind::Overloaded, 3, true),
        (LlmErrorKind::RateLimited, 3, true),
        (LlmErrorKind::CutOff, 3, true),
        (LlmErrorKind::Protocol, 1, true),
        (LlmErrorKind::Unexpected, 1, true),
        (LlmErrorKind::BudgetSpent, 1, true),
        (LlmErrorKind::Blocked, 1, false),
        (LlmErrorKind::BadRequest, 1, false),
        (LlmErrorKind::ContextTooLong, 1, false),
    ] {
        let (first, second, told) = two();
        first.always_fail(kind);
        second.always_reply(LlmReply::text("Halo"));
        let result = chain(&[&first, &second], &told).complete(&question()).await;
        assert_eq!((result.is_ok(), first.calls()), (goes_on, tries), "{kind:?}");
        assert_eq!(second.calls(), usize::from(goes_on), "{kind:?}");
        assert!(told.all().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_model_leaves_time_for_the_next() {
    let (first, second, told) = two();
    first.then_hang();
    second.always_reply(LlmReply::text("Halo"));
    let started = Instant::now();
    assert!(chain(&[&first, &second], &told).complete(&question()).await.is_ok());
    let took = started.elapsed();
    assert!((Duration::from_secs(20)..Duration::from_millis(20_010)).contains(&took), "{took:?}");
    second.then_hang();
    first.then_hang();
    let started = Instant::now();
    let error = chain(&[&first, &second], &told).complete(&question()).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::TimedOut);
    assert!(started.elapsed() <= Duration::from_millis(30_010));
}

#[tokio::test]
async fn a_chain_can_do_what_all_of_it_can() {
    let (first, second, told) = two();
    let second = second.clone().with_capabilities(second.capabilities().without_tools());
    let chain = chain(&[&first, &second], &told);
    assert!(!chain.capabilities().tools && chain.capabilities().json_schema);
    assert_eq!(chain.name(), "first/model");
}
