//! The models of every tenant.

use std::sync::Arc;

use serde_json::json;
use wartel_bot::llm::ollama::OllamaConfig;
use wartel_bot::llm::openai::OpenAiConfig;
use wartel_bot::llm::{Backend, LanguageModel, LlmErrorKind, LlmReply, ModelSet, Models, Price, Usage};
use wartel_bot::spend::{MemorySpendStore, SpendCaps, SpendStore};
use wartel_bot::testing::llm::ScriptedModel;
use wartel_core::{ManualClock, TenantId};

use super::double::{Answer, Double};
use super::failover::Told;
use super::question;

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn caps() -> SpendCaps {
    SpendCaps::new(1_000_000, 1_000_000, "Asia/Jakarta")
}

struct Env {
    models: Models,
    store: MemorySpendStore,
    told: Arc<Told>,
}

fn env() -> Env {
    let (store, told) = (MemorySpendStore::new(), Arc::new(Told::default()));
    let clock = Arc::new(ManualClock::default());
    Env { models: Models::new(Arc::new(store.clone()), clock, Arc::clone(&told) as _), store, told }
}

fn scripted(text: &str) -> ScriptedModel {
    let model = ScriptedModel::new(text).with_price(Price::new(1_000_000, 0, 1_000_000));
    model.always_reply(LlmReply::text(text).with_usage(Usage::new(7, 3)));
    model
}

fn set_of(model: &ScriptedModel) -> ModelSet {
    ModelSet::new(vec![Backend::Model(Arc::new(model.clone()))])
}

async fn said(model: &dyn LanguageModel) -> String {
    model.complete(&question()).await.unwrap().text
}

#[tokio::test]
async fn hazard_52_a_change_applies_to_the_next_turn_and_mixes_none() {
    let Env { models, .. } = env();
    let shop = tenant("shop");
    assert!(models.for_tenant(&shop, &caps()).is_none());
    models.set(&shop, set_of(&scripted("old"))).unwrap();
    let turn = models.for_tenant(&shop, &caps()).unwrap();
    assert_eq!(said(&turn).await, "old");
    models.set(&shop, set_of(&scripted("new"))).unwrap();
    assert_eq!(said(&turn).await, "old");
    assert_eq!(said(&models.for_tenant(&shop, &caps()).unwrap()).await, "new");
    models.remove(&shop);
    assert!(models.for_tenant(&shop, &caps()).is_none());
}

#[tokio::test]
async fn hazard_52_what_cannot_be_used_is_refused_and_the_old_one_stays() {
    let Env { models, .. } = env();
    let shop = tenant("shop");
    models.set(&shop, set_of(&scripted("old"))).unwrap();
    for (backend, field) in [
        (Backend::OpenAi(OpenAiConfig::zai("", "glm-4.7-flash")), "api_key"),
        (Backend::OpenAi(OpenAiConfig::zai("hush\nhush", "glm-4.7-flash")), "api_key"),
        (Backend::OpenAi(OpenAiConfig::llama_cpp("http://10.0.0.7/v1", "x")), "base_url"),
        (Backend::Ollama(OllamaConfig::new("")), "model"),
    ] {
        let set = ModelSet::new(vec![Backend::Model(Arc::new(scripted("new"))), backend]);
        let error = models.set(&shop, set).unwrap_err();
        assert_eq!(error.field, field);
        assert!(!format!("{error:?} {error} {models:?}").contains("hush"));
    }
    assert_eq!(models.set(&shop, ModelSet::new(vec![])).unwrap_err().field, "backends");
    assert_eq!(said(&models.for_tenant(&shop, &caps()).unwrap()).await, "old");
}

#[tokio::test]
async fn hazards_22_38_each_tenant_has_its_own_key_and_pays_for_itself() {
    let Env { models, store, .. } = env();
    let answer = json!({"choices": [{"message": {"content": "Halo"}, "finish_reason": "stop"}],
                        "usage": {"prompt_tokens": 7, "completion_tokens": 3}});
    let server = Double::start(Answer::json(&answer)).await;
    for name in ["shop-a", "shop-b"] {
        let config = OpenAiConfig::custom(&server.url, "x")
            .with_api_key(format!("key-of-{name}"))
            .with_price(Price::new(1_000_000, 0, 1_000_000));
        models.set(&tenant(name), ModelSet::new(vec![Backend::OpenAi(config)])).unwrap();
    }
    for name in ["shop-a", "shop-b", "shop-a"] {
        assert_eq!(said(&models.for_tenant(&tenant(name), &caps()).unwrap()).await, "Halo");
    }
    let keys: Vec<_> = server
        .heads()
        .iter()
        .map(|head| head.split("bearer ").nth(1).unwrap().split("\r\n").next().unwrap().to_owned())
        .collect();
    assert_eq!(keys, ["key-of-shop-a", "key-of-shop-b", "key-of-shop-a"]);
    let day = "day/2026-01-01";
    assert_eq!(store.spent(&tenant("shop-a"), day).await.unwrap().settled, 20);
    assert_eq!(store.spent(&tenant("shop-b"), day).await.unwrap().settled, 10);
}

#[tokio::test]
async fn hazard_24_a_circuit_outlives_the_turn_and_a_new_key_closes_it() {
    let Env { models, told, .. } = env();
    let shop = tenant("shop");
    let model = scripted("good");
    model.then_fail_code(LlmErrorKind::Quota, "1308");
    models.set(&shop, set_of(&model)).unwrap();
    for _ in 0..5 {
        let turn = models.for_tenant(&shop, &caps()).unwrap();
        assert_eq!(turn.complete(&question()).await.unwrap_err().kind, LlmErrorKind::Quota);
    }
    assert_eq!((model.calls(), told.all()), (1, vec!["shop good quota 1308".to_owned()]));
    models.set(&shop, set_of(&model)).unwrap();
    assert_eq!(said(&models.for_tenant(&shop, &caps()).unwrap()).await, "good");
}

#[tokio::test]
async fn tenants_without_models_of_their_own_share_the_default_and_pay_for_themselves() {
    let Env { models, store, .. } = env();
    models.set_default(set_of(&scripted("shared"))).unwrap();
    models.set(&tenant("own"), set_of(&scripted("own"))).unwrap();
    for (name, text) in [("a", "shared"), ("b", "shared"), ("own", "own")] {
        assert_eq!(said(&models.for_tenant(&tenant(name), &caps()).unwrap()).await, text);
        assert_eq!(store.spent(&tenant(name), "month/2026-01").await.unwrap().calls, 1);
    }
    let poor = SpendCaps::new(5, 5, "Asia/Jakarta");
    let turn = models.for_tenant(&tenant("a"), &poor).unwrap();
    assert_eq!(turn.complete(&question()).await.unwrap_err().kind, LlmErrorKind::BudgetSpent);
}
