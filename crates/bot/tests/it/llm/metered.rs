//! Keeping within a budget.

use std::sync::Arc;
use std::time::Duration;

use wartel_bot::llm::{
    LanguageModel, LlmAdvice, LlmErrorKind, LlmReply, LlmRequest, Metered, Price, Retry, Usage,
};
use wartel_bot::spend::{MemorySpendStore, MockSpendStore, SpendCaps, SpendStore, Spent};
use wartel_bot::testing::llm::ScriptedModel;
use wartel_core::{Clock, ManualClock, StoreError, StoreErrorKind, TenantId};

use super::question;

/// One token of either kind costs a millionth of a dollar.
const PRICE: Price = Price::new(1_000_000, 1_000_000, 1_000_000);

fn metered(model: &ScriptedModel, store: &MemorySpendStore, day: u64) -> Metered<ScriptedModel> {
    let caps = SpendCaps::new(day, 1_000_000, "Asia/Jakarta");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    Metered::new(model.clone(), Arc::new(store.clone()), clock, TenantId::default(), caps)
}

async fn spent(store: &MemorySpendStore) -> Spent {
    let day = store.spent(&TenantId::default(), "day/2026-01-01").await.unwrap();
    assert_eq!(store.spent(&TenantId::default(), "month/2026-01").await.unwrap(), day);
    day
}

fn answer(prompt: u64, completion: u64) -> LlmReply {
    LlmReply::text("Halo").with_usage(Usage::new(prompt, completion))
}

fn small() -> LlmRequest {
    question().with_max_output_tokens(100)
}

#[tokio::test]
async fn hazard_38_what_was_used_is_settled() {
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.then_reply(answer(30, 12));
    metered(&model, &store, 10_000).complete(&small()).await.unwrap();
    assert_eq!(spent(&store).await, Spent::new(42, 0, 1, 42));
}

#[tokio::test]
async fn hazard_38_a_call_that_does_not_fit_is_not_made() {
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.always_reply(answer(1, 1));
    // 100 tokens of answer alone cost 100, and the prompt comes on top.
    let error = metered(&model, &store, 150).complete(&small()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::BudgetSpent, Some("day")));
    assert_eq!(error.advice, LlmAdvice::Elsewhere);
    assert_eq!(model.calls(), 0);
    // A model that costs nothing fits any budget.
    let free = ScriptedModel::default();
    free.always_reply(answer(1, 1));
    assert!(metered(&free, &store, 0).complete(&small()).await.is_ok());
}

#[tokio::test]
async fn hazard_38_a_failed_call_costs_nothing_or_all_of_it() {
    for (kind, all) in [
        (LlmErrorKind::RateLimited, false),
        (LlmErrorKind::Overloaded, false),
        (LlmErrorKind::Unreachable, false),
        (LlmErrorKind::Quota, false),
        (LlmErrorKind::Auth, false),
        (LlmErrorKind::BadRequest, false),
        (LlmErrorKind::ContextTooLong, false),
        (LlmErrorKind::CutOff, true),
        (LlmErrorKind::TimedOut, true),
        (LlmErrorKind::Protocol, true),
        (LlmErrorKind::Unexpected, true),
    ] {
        let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
        model.then_fail(kind);
        assert!(metered(&model, &store, 10_000).complete(&small()).await.is_err());
        let spent = spent(&store).await;
        assert_eq!((spent.settled > 100, spent.reserved), (all, 0), "{kind:?}");
    }
    // So does an answer whose usage is not told.
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.then_text("Halo");
    assert!(metered(&model, &store, 10_000).complete(&small()).await.is_ok());
    assert!(spent(&store).await.settled > 100);
}

#[tokio::test(start_paused = true)]
async fn hazard_38_every_try_is_reserved_by_itself() {
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.then_fail(LlmErrorKind::CutOff).then_fail(LlmErrorKind::CutOff).then_reply(answer(30, 12));
    // The first try may have cost nearly all there is, so that there is no second one.
    let retry = Retry::new(metered(&model, &store, 400));
    let error = retry.complete(&small()).await.unwrap_err();
    assert_eq!((error.kind, model.calls()), (LlmErrorKind::BudgetSpent, 1));
}

/// 200 calls at once, each of which may cost about 270 and does cost what `used` says. The answer does not come before all
/// have begun.
async fn at_once(day: u64, used: Usage) -> (u64, usize) {
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.slow(Duration::from_millis(20)).always_reply(LlmReply::text("Halo").with_usage(used));
    let metered = Arc::new(metered(&model, &store, day));
    let mut tasks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let metered = Arc::clone(&metered);
        tasks.spawn(async move { metered.complete(&small()).await.is_ok() });
    }
    let answered = tasks.join_all().await.into_iter().filter(|answered| *answered).count();
    assert_eq!(answered, model.calls());
    (spent(&store).await.settled, answered)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn hazard_38_200_calls_at_once_stay_within_the_cap() {
    let (settled, answered) = at_once(5_000, Usage::new(150, 100)).await;
    assert!(settled <= 5_000 && answered >= 10, "{answered} calls cost {settled}");
    // Even if each uses more than could be foreseen, it is no more than that of the calls that fitted.
    let (settled, answered) = at_once(300, Usage::new(5_000, 100)).await;
    assert_eq!((settled, answered), (5_100, 1));
}

#[tokio::test(start_paused = true)]
async fn hazard_38_a_ledger_that_does_not_answer_means_no_call() {
    let model = ScriptedModel::default().with_price(PRICE);
    let mut broken = MockSpendStore::new();
    broken
        .expect_reserve()
        .returning(|_, _| Err(StoreError::new(StoreErrorKind::Unavailable, "bot.spend.reserve")));
    let caps = SpendCaps::new(10_000, 10_000, "UTC");
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::default());
    let chain = Metered::new(model.clone(), Arc::new(broken), clock, TenantId::default(), caps);
    let error = Retry::new(chain).complete(&small()).await.unwrap_err();
    assert_eq!((error.kind, error.code.as_deref()), (LlmErrorKind::BudgetSpent, Some("ledger_unavailable")));
    assert_eq!((error.advice, model.calls()), (LlmAdvice::Never, 0));
}

#[tokio::test(start_paused = true)]
async fn hazard_38_a_dropped_call_counts_as_made() {
    let (model, store) = (ScriptedModel::default().with_price(PRICE), MemorySpendStore::new());
    model.then_hang();
    let clock = ManualClock::default();
    let shared: Arc<dyn Clock> = Arc::new(clock.clone());
    let caps = SpendCaps::new(400, 1_000_000, "Asia/Jakarta");
    let chain = Metered::new(model.clone(), Arc::new(store.clone()), shared, TenantId::default(), caps);
    tokio::time::timeout(Duration::from_secs(1), chain.complete(&small())).await.unwrap_err();
    assert!(spent(&store).await.reserved > 100);
    clock.advance(Duration::from_secs(30 + 61));
    let error = chain.complete(&small()).await.unwrap_err();
    assert_eq!(error.kind, LlmErrorKind::BudgetSpent);
    let spent = spent(&store).await;
    assert_eq!((spent.reserved, spent.settled > 100), (0, true));
}
