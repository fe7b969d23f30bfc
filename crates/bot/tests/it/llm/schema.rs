//! Tools for a model that calls none, within the contract's rounds.

use serde_json::json;
use wartel_bot::llm::{Finish, LanguageModel, LlmReply, ResponseFormat, SchemaTools};
use wartel_bot::testing::llm::ScriptedModel;
use wartel_bot::tool::ToolSpec;

use super::question;

#[tokio::test]
async fn a_model_without_tools_calls_by_its_answer() {
    let model = ScriptedModel::default();
    let model = model.clone().with_capabilities(model.capabilities().without_tools());
    model.then_text(r#"{"say":"","calls":[{"tool":"search","arguments":{"make":"Toyota"}}]}"#);
    let layer = SchemaTools::new(model.clone());
    assert!(layer.capabilities().tools);
    let tool = ToolSpec::new("search", "Looks.", json!({"type": "object"}));
    let request = question().with_tools(vec![tool]);
    let reply = layer.complete(&request).await.unwrap();
    assert_eq!((reply.finish, reply.tool_calls[0].name.as_str()), (Finish::ToolCalls, "search"));
    let sent = model.requests().pop().unwrap();
    assert!(sent.tools.is_empty() && matches!(sent.format, ResponseFormat::Json { .. }));
    // Half a JSON at the longest length is not shown to anybody.
    model.then_reply(LlmReply::text(r#"{"say":"Harganya 15"#).with_finish(Finish::Length));
    let reply = layer.complete(&request).await.unwrap();
    assert_eq!((reply.finish, reply.text.as_str()), (Finish::Length, ""));
}

#[tokio::test]
async fn what_needs_no_schema_is_left_alone() {
    let model = ScriptedModel::default();
    model.always_reply(LlmReply::text("Halo"));
    let tool = ToolSpec::new("search", "Looks.", json!({"type": "object"}));
    let request = question().with_tools(vec![tool]);
    SchemaTools::new(model.clone()).complete(&request).await.unwrap();
    let plain = model.clone().with_capabilities(model.capabilities().without_tools());
    SchemaTools::new(plain).complete(&question()).await.unwrap();
    assert_eq!(model.requests(), [request, question()]);
}
