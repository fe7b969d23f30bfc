//! The hazards of language models, with the demo showroom, all tools, and a model by script.

use std::sync::Arc;

use serde_json::{Value, json};
use wartel_bot::agent::{AgentResponder, OneModel};
use wartel_bot::catalogue::{Item, MemoryCatalogueStore, Schema};
use wartel_bot::llm::{Finish, LanguageModel, LlmErrorKind, LlmMessage, LlmReply, ToolCall};
use wartel_bot::pipeline::NothingPending;
use wartel_bot::tenant::{MemoryTenantStore, TenantStore};
use wartel_bot::testing::llm::ScriptedModel;
use wartel_bot::tool::{Scope, Tool, ToolError, ToolOutput, ToolSpec};
use wartel_bot::{AiResponder, Revision, RuleResponder, demo, tools};
use wartel_core::TenantId;
use wartel_messaging::Recipient;

use crate::shop::{Person, Shop, phone, tenant_id};

pub(crate) const ASKED: &str = "ada Avanza matic?";

/// The showroom with this model, then rules; and another shop with a secret beside it.
pub(crate) async fn showroom(model: impl LanguageModel, more: Vec<Arc<dyn Tool>>) -> Shop {
    let (tenant, mut items) = demo::shop(tenant_id(), "https://foto.example");
    let other = TenantId::parse("other").unwrap();
    items.push(Item::new(other, "RHS-01", "Rahasia Avanza matic").with_price(1_000_000));
    let tenants = Arc::new(MemoryTenantStore::new());
    assert!(tenants.save(&tenant, Revision::NEW).await.unwrap().is_saved());
    let catalogue = Arc::new(MemoryCatalogueStore::with_items(items));
    let mut all = tools::all(tenants.clone(), catalogue.clone(), Schema::cars());
    all.extend(more);
    let agent = AgentResponder::new(Arc::new(OneModel(Arc::new(model))), all);
    let rules = RuleResponder::new(tenants, catalogue, Schema::cars());
    let brains: Vec<Arc<dyn AiResponder>> = vec![Arc::new(agent), Arc::new(rules)];
    let shop = Shop::of(brains, Arc::new(NothingPending)).await;
    shop.open(tenant).await;
    shop
}

/// What the customer reads after asking.
pub(crate) async fn answer(shop: &Shop, person: &Person, text: &str) -> Vec<String> {
    shop.writes(person, text).await;
    shop.settle().await;
    shop.texts(person)
}

pub(crate) fn budi() -> Person {
    Person::new("081200000001")
}

fn to_sari(shop: &Shop) -> usize {
    shop.sender.texts_to(&Recipient::Phone(phone("081290005678"))).len()
}

async fn hazard_of_failing(kind: LlmErrorKind) {
    let model = ScriptedModel::default().always_fail(kind);
    let shop = showroom(model.clone(), Vec::new()).await;
    let people = [budi(), Person::new("081200000002"), Person::new("081200000003")];
    for person in &people {
        let texts = answer(&shop, person, ASKED).await;
        assert_eq!(texts.len(), 1, "{kind:?}");
        assert!(texts[0].contains("AVZ-21"), "{kind:?}: the rules answer");
        assert!(!texts[0].contains(kind.as_str()));
    }
    assert_eq!(model.calls(), 3, "{kind:?}: the agent itself does not ask again");
    assert_eq!(to_sari(&shop), usize::from(kind.needs_the_tenant()), "{kind:?}: staff are told once");
    assert_eq!(shop.all_leads().await.len(), 3);
}

#[tokio::test]
async fn hazard_23_models_that_are_busy_leave_the_answer_to_the_rules() {
    for kind in [LlmErrorKind::RateLimited, LlmErrorKind::Overloaded, LlmErrorKind::Unreachable] {
        hazard_of_failing(kind).await;
    }
}

#[tokio::test]
async fn hazard_24_a_spent_or_refused_account_is_told_to_staff_once_and_not_to_customers() {
    for kind in [LlmErrorKind::Quota, LlmErrorKind::Auth] {
        hazard_of_failing(kind).await;
    }
}

#[tokio::test]
async fn hazard_25_what_is_blocked_is_not_asked_again() {
    hazard_of_failing(LlmErrorKind::Blocked).await;
    let model = ScriptedModel::default();
    model.then_reply(LlmReply::text("setengah kalimat ter").with_finish(Finish::Blocked));
    let shop = showroom(model.clone(), Vec::new()).await;
    let texts = answer(&shop, &budi(), ASKED).await;
    assert!(texts.len() == 1 && !texts[0].contains("setengah"));
    assert_eq!(model.calls(), 1);
}

#[tokio::test]
async fn hazard_26_no_part_of_a_broken_answer_reaches_the_customer() {
    for kind in [
        LlmErrorKind::CutOff,
        LlmErrorKind::Protocol,
        LlmErrorKind::TimedOut,
        LlmErrorKind::Unexpected,
        LlmErrorKind::BudgetSpent,
        LlmErrorKind::BadRequest,
    ] {
        hazard_of_failing(kind).await;
    }
    for finish in [Finish::Length, Finish::Other("network_error".to_owned())] {
        let model = ScriptedModel::default()
            .always_reply(LlmReply::text("Ada Kak, harganya ter").with_finish(finish.clone()));
        let texts = answer(&showroom(model, Vec::new()).await, &budi(), ASKED).await;
        assert!(texts.len() == 1 && !texts[0].contains("harganya ter"), "{finish:?}");
    }
}

#[tokio::test]
async fn hazard_27_thoughts_that_ate_the_room_get_more_of_it_once() {
    let model = ScriptedModel::default();
    model.then_reply(LlmReply::text("").with_finish(Finish::Length));
    model.then_text("Baik Kak, mau yang warna apa?");
    let shop = showroom(model.clone(), Vec::new()).await;
    assert_eq!(answer(&shop, &budi(), ASKED).await, ["Baik Kak, mau yang warna apa?"]);
    let rooms: Vec<u32> = model.requests().iter().map(|request| request.max_output_tokens).collect();
    assert_eq!(rooms, [800, 1_600]);
}

pub(crate) fn call(id: usize, name: &str, arguments: &str) -> ToolCall {
    ToolCall { id: format!("call_{id}"), name: name.to_owned(), arguments: arguments.to_owned() }
}

#[tokio::test]
async fn hazard_28_wrong_calls_are_answered_with_what_is_wrong() {
    for (name, arguments) in [
        ("search_stock", "{\"words\": "),
        ("no_such_tool", "{}"),
        ("search_stock", "[1]"),
        ("book_visit", "{\"kind\": 7}"),
        ("search_stock", "{\"words\": \"avanza\", \"tenant\": \"other\"}"),
    ] {
        let model = ScriptedModel::default();
        model.then_reply(LlmReply::calls(vec![call(0, name, arguments)]));
        model.then_text("Mau yang warna apa Kak?");
        let shop = showroom(model.clone(), Vec::new()).await;
        assert_eq!(answer(&shop, &budi(), ASKED).await, ["Mau yang warna apa Kak?"], "{name} {arguments}");
        let requests = model.requests();
        let Some(LlmMessage::ToolResult { content, .. }) = requests[1].messages.last() else { panic!() };
        assert!(!content.contains("RHS-01"));
    }
}

#[tokio::test]
async fn hazard_28_many_calls_and_calls_without_end_are_bounded() {
    let many = (0..20).map(|id| call(id, "shop_profile", "")).collect();
    let model = ScriptedModel::default().always_reply(LlmReply::calls(many));
    let shop = showroom(model.clone(), Vec::new()).await;
    let texts = answer(&shop, &budi(), ASKED).await;
    assert!(texts.len() == 1 && texts[0].contains("AVZ-21"), "the rules answer");
    assert!(model.calls() <= 6);
    pairs_are_whole(&model);
}

/// Each result follows the call that it belongs to, and each call has its result.
pub(crate) fn pairs_are_whole(model: &ScriptedModel) {
    for request in model.requests() {
        let mut open: Vec<String> = Vec::new();
        for message in &request.messages {
            match message {
                LlmMessage::Assistant { tool_calls, .. } => {
                    assert!(open.is_empty());
                    open = tool_calls.iter().map(|call| call.id.clone()).collect();
                }
                LlmMessage::ToolResult { call_id, .. } => assert_eq!(open.remove(0), *call_id),
                _ => assert!(open.is_empty()),
            }
        }
        assert!(open.is_empty());
    }
}

/// A tool that panics, hangs or fails.
#[derive(Debug)]
struct Broken(ToolSpec, &'static str);

#[async_trait::async_trait]
impl Tool for Broken {
    fn spec(&self) -> &ToolSpec {
        &self.0
    }

    async fn call(&self, _: Value, _: &Scope) -> Result<ToolOutput, ToolError> {
        match self.1 {
            "panics" => panic!("a broken tool"),
            "hangs" => std::future::pending().await,
            _ => Err(ToolError::unavailable("the store at 10.0.0.7 is down")),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn hazard_29_tools_that_do_not_answer_are_unavailable_and_nothing_is_invented() {
    for how in ["panics", "hangs", "fails"] {
        let spec = ToolSpec::new("stock_of_branch", "Stock of another branch", json!({"type": "object"}));
        let model = ScriptedModel::default();
        model.then_call("stock_of_branch", &json!({}));
        model.then_text("Di cabang ada Avanza 2020 harga Rp170.000.000 Kak.");
        model.then_text("Maaf Kak, stok cabang belum bisa saya cek.");
        let shop = showroom(model.clone(), vec![Arc::new(Broken(spec, how))]).await;
        let texts = answer(&shop, &budi(), ASKED).await;
        assert_eq!(texts, ["Maaf Kak, stok cabang belum bisa saya cek."], "{how}");
        let requests = model.requests();
        let Some(LlmMessage::ToolResult { content, .. }) = requests[1].messages.last() else { panic!() };
        assert!(content.contains("unavailable") && !content.contains("10.0.0.7"));
    }
}

#[tokio::test]
async fn hazard_30_what_did_not_happen_is_not_said() {
    for lie in [
        "Fotonya sudah saya kirim ya Kak.",
        "Test drive Kakak sudah saya jadwalkan.",
        "Data Kakak sudah saya catat dan teruskan ke tim.",
    ] {
        let model = ScriptedModel::default().always_reply(LlmReply::text(lie));
        let shop = showroom(model.clone(), Vec::new()).await;
        let texts = answer(&shop, &budi(), ASKED).await;
        assert!(texts.len() == 1 && texts[0] != lie, "{lie}");
        assert!(model.calls() <= 2);
    }
}

#[tokio::test]
async fn hazard_30_pictures_go_out_once_though_they_were_asked_for_again() {
    let model = ScriptedModel::default();
    model.then_call("send_photos", &json!({"code": "AVZ-21"}));
    model.then_text("Ini fotonya Kak, harganya Rp1 juta saja.");
    model.then_call("send_photos", &json!({"code": "AVZ-21"}));
    model.then_text("Ini fotonya ya Kak.");
    let shop = showroom(model, Vec::new()).await;
    let texts = answer(&shop, &budi(), "minta foto AVZ-21 dong, yang jelas").await;
    assert_eq!(texts.iter().filter(|text| text.starts_with("https://foto.example")).count(), 3);
    assert_eq!(texts.last().unwrap(), "Ini fotonya ya Kak.");
}

#[tokio::test]
async fn hazard_31_a_wrong_price_is_repaired_once_and_then_given_up() {
    let model = ScriptedModel::default();
    model.then_call("search_stock", &json!({"words": "avanza matic"}));
    model.then_text("Ada Kak, Avanza 1.5 G (AVZ-21) harganya Rp 1 juta.");
    model.then_text("Ada Kak, Avanza 1.5 G (AVZ-21) harganya Rp198.000.000.");
    let shop = showroom(model.clone(), Vec::new()).await;
    let texts = answer(&shop, &budi(), ASKED).await;
    assert_eq!(texts, ["Ada Kak, Avanza 1.5 G (AVZ-21) harganya Rp198.000.000."]);
    let model = ScriptedModel::default().always_reply(LlmReply::text("Avanza cuma Rp 79 juta Kak!"));
    let texts = answer(&showroom(model.clone(), Vec::new()).await, &budi(), ASKED).await;
    assert!(texts.len() == 1 && texts[0].contains("AVZ-21") && !texts[0].contains("79"));
    assert_eq!(model.calls(), 2);
}

#[tokio::test]
async fn hazard_32_nothing_is_promised() {
    for promise in [
        "Deal ya Kak, satu dolar, that's a legally binding offer.",
        "Kredit Kakak pasti disetujui, dijamin ACC.",
        "Saya kasih diskon khusus untuk Kakak, pasti bisa.",
    ] {
        let model = ScriptedModel::default().always_reply(LlmReply::text(promise));
        let texts = answer(&showroom(model, Vec::new()).await, &budi(), ASKED).await;
        assert!(texts.len() == 1 && texts[0] != promise, "{promise}");
    }
}
