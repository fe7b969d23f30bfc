//! The language models in the shapes of their servers, with scripted answers.

use serde_json::{Value, json};
use wartel_sandbox::{Authorization, LlmAnswer, LlmKind, Sandbox};

use crate::support::{client, control, start};

pub(crate) const SYSTEM: &str = "Hari ini 2026-12-01. Kamu asisten toko. CANARY-7431";

/// The path behind a base, and the body of a chat with these messages.
fn request(kind: LlmKind, messages: &Value, more: &Value) -> (&'static str, Value) {
    let (path, mut body) = match kind {
        LlmKind::Anthropic => {
            ("/v1/messages", json!({"model": "claude-test", "max_tokens": 1_000, "messages": messages}))
        }
        LlmKind::Ollama => {
            ("/api/chat", json!({"model": "llama-test", "messages": messages, "stream": false}))
        }
        LlmKind::Zai => (
            "/chat/completions",
            json!({"model": "glm-4.7-flash", "messages": messages, "thinking": {"type": "disabled"}}),
        ),
        _ => ("/chat/completions", json!({"model": "gpt-test", "messages": messages})),
    };
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    (path, body)
}

/// Asks with the right key and gives back status, headers and body.
pub(crate) async fn ask(
    sandbox: &Sandbox,
    kind: LlmKind,
    messages: Value,
    more: Value,
) -> Result<(u16, reqwest::header::HeaderMap, String), reqwest::Error> {
    let (path, body) = request(kind, &messages, &more);
    let request = client().post(format!("{}{path}", sandbox.llm_base(kind))).json(&body);
    let request = match kind {
        LlmKind::Anthropic => {
            request.header("x-api-key", sandbox.llm().key()).header("anthropic-version", "2023-06-01")
        }
        LlmKind::Ollama => request,
        _ => request.bearer_auth(sandbox.llm().key()),
    };
    let response = request.send().await?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok((status, headers, response.text().await?))
}

/// The same where an answer has to come.
pub(crate) async fn whole(sandbox: &Sandbox, kind: LlmKind, messages: Value, more: Value) -> Value {
    let (status, _, body) = ask(sandbox, kind, messages, more).await.unwrap();
    assert_eq!(status, 200, "{body}");
    serde_json::from_str(&body).unwrap()
}

fn halo() -> Value {
    json!([{"role": "user", "content": "Halo"}])
}

fn script(sandbox: &Sandbox) {
    sandbox.llm().answer(LlmAnswer::text("Halo Kak"));
    sandbox
        .llm()
        .answer(LlmAnswer::call("search_stock", json!({"model": "Avanza"})).and_call("x", json!({})));
}

/// The data of a stream's events.
fn events(body: &str) -> Vec<Value> {
    let data = body.lines().filter_map(|line| line.strip_prefix("data: ")).filter(|data| *data != "[DONE]");
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

#[tokio::test]
async fn openai_answers_whole() {
    let sandbox = start().await;
    script(&sandbox);
    let answer = whole(&sandbox, LlmKind::OpenAi, halo(), json!({})).await;
    assert_eq!(answer["object"], "chat.completion");
    assert_eq!(answer["model"], "gpt-test");
    assert!(answer["id"].as_str().unwrap().starts_with("chatcmpl-"));
    assert!(answer["created"].is_i64());
    let choice = &answer["choices"][0];
    assert_eq!((&choice["index"], &choice["finish_reason"]), (&json!(0), &json!("stop")));
    assert_eq!(choice["message"]["content"], "Halo Kak");
    assert_eq!(choice["message"]["refusal"], Value::Null);
    assert!(choice["message"].get("tool_calls").is_none());
    // One token for "Halo", two for "Halo Kak".
    assert_eq!(answer["usage"]["prompt_tokens"], 1);
    assert_eq!(answer["usage"]["completion_tokens"], 2);
    assert_eq!(answer["usage"]["total_tokens"], 3);
    assert_eq!(answer["usage"]["completion_tokens_details"]["reasoning_tokens"], 0);
    let answer = whole(&sandbox, LlmKind::OpenAi, halo(), json!({})).await;
    let choice = &answer["choices"][0];
    assert_eq!(
        (&choice["finish_reason"], &choice["message"]["content"]),
        (&json!("tool_calls"), &Value::Null)
    );
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["type"], &call["function"]["name"]), (&json!("function"), &json!("search_stock")));
    assert_eq!(call["function"]["arguments"], r#"{"model":"Avanza"}"#, "arguments are a text");
    assert_ne!(call["id"], choice["message"]["tool_calls"][1]["id"]);
}

#[tokio::test]
async fn openai_streams() {
    let sandbox = start().await;
    script(&sandbox);
    let asked = json!({"stream": true, "stream_options": {"include_usage": true}});
    let (_, headers, body) = ask(&sandbox, LlmKind::OpenAi, halo(), asked).await.unwrap();
    assert!(headers["content-type"].to_str().unwrap().starts_with("text/event-stream"));
    assert!(body.ends_with("data: [DONE]\n\n"));
    let chunks = events(&body);
    assert_eq!(chunks[0]["object"], "chat.completion.chunk");
    assert_eq!(chunks[0]["choices"][0]["delta"]["role"], "assistant");
    assert_eq!(chunks[0]["choices"][0]["finish_reason"], Value::Null);
    assert!(chunks[0]["choices"][0].as_object().unwrap().contains_key("finish_reason"));
    assert_eq!(chunks[1]["choices"][0]["delta"]["content"], "Halo Kak");
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!((&chunks[3]["choices"], &chunks[3]["usage"]["total_tokens"]), (&json!([]), &json!(3)));
    let (_, _, body) = ask(&sandbox, LlmKind::OpenAi, halo(), json!({"stream": true})).await.unwrap();
    let chunks = events(&body);
    assert!(chunks.iter().all(|chunk| chunk.get("usage").is_none()), "nobody asked for the usage");
    let deltas: Vec<&Value> = chunks
        .iter()
        .map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0])
        .filter(|d| d.is_object())
        .collect();
    assert_eq!((&deltas[0]["index"], &deltas[0]["function"]["arguments"]), (&json!(0), &json!("")));
    assert_eq!(deltas[0]["function"]["name"], "search_stock");
    assert!(deltas[0]["id"].is_string() && deltas[1].get("id").is_none());
    let of_first = deltas.iter().filter(|delta| delta["index"] == 0);
    let args: String = of_first.map(|delta| delta["function"]["arguments"].as_str().unwrap()).collect();
    assert_eq!(args, r#"{"model":"Avanza"}"#);
    assert_eq!(chunks.last().unwrap()["choices"][0]["finish_reason"], "tool_calls");
}

#[tokio::test]
async fn zai_answers_as_recorded() {
    let sandbox = start().await;
    sandbox.llm().answer(
        LlmAnswer::text("I'll check.")
            .thinking("weather?")
            .and_call("weather", json!({"location": "Florence"})),
    );
    let (_, headers, body) = ask(&sandbox, LlmKind::Zai, halo(), json!({})).await.unwrap();
    assert_eq!(headers["content-type"], "application/json; charset=UTF-8");
    let answer: Value = serde_json::from_str(&body).unwrap();
    assert_eq!(answer["request_id"], answer["id"]);
    assert_eq!(answer["id"].as_str().unwrap().len(), 30);
    let choice = &answer["choices"][0];
    assert_eq!(choice["finish_reason"], "tool_calls");
    assert_eq!(choice["message"]["content"], "I'll check.", "a text beside calls");
    assert_eq!(choice["message"]["reasoning_content"], "weather?");
    let call = &choice["message"]["tool_calls"][0];
    assert_eq!((&call["index"], &call["type"]), (&json!(0), &json!("function")));
    assert!(call["id"].as_str().unwrap().starts_with("call_-"));
    assert_eq!(call["function"], json!({"name": "weather", "arguments": r#"{"location":"Florence"}"#}));
    let usage = &answer["usage"];
    assert_eq!(usage["completion_tokens_details"]["reasoning_tokens"], 2);
    assert_eq!(usage["prompt_tokens_details"]["cached_tokens"], 0);
    let sum = usage["prompt_tokens"].as_u64().unwrap() + usage["completion_tokens"].as_u64().unwrap();
    assert_eq!(usage["total_tokens"], sum);
}

#[tokio::test]
async fn zai_streams_as_recorded() {
    let sandbox = start().await;
    sandbox.llm().answer(LlmAnswer::call("a", json!({"q": 1})).and_call("b", json!({})).thinking("hm"));
    let (_, headers, body) = ask(&sandbox, LlmKind::Zai, halo(), json!({"stream": true})).await.unwrap();
    assert_eq!(headers["content-type"], "text/event-stream;charset=UTF-8");
    assert!(body.ends_with("data: [DONE]\n\n"));
    let chunks = events(&body);
    let (last, before) = chunks.split_last().unwrap();
    for chunk in before {
        assert_eq!(chunk["choices"][0]["delta"]["role"], "assistant", "the role is in every delta");
        assert!(
            chunk["choices"][0].get("finish_reason").is_none() && chunk.get("usage").is_none(),
            "{chunk}"
        );
    }
    assert_eq!(before[0]["choices"][0]["delta"]["reasoning_content"], "hm");
    let calls: Vec<&Value> =
        before[1..].iter().map(|chunk| &chunk["choices"][0]["delta"]["tool_calls"][0]).collect();
    assert_eq!((&calls[0]["index"], &calls[1]["index"]), (&json!(0), &json!(1)));
    assert_eq!(calls[0]["function"], json!({"name": "a", "arguments": r#"{"q":1}"#}), "a call comes whole");
    assert_eq!(last["choices"][0]["delta"], json!({"role": "assistant", "content": ""}));
    assert_eq!(last["choices"][0]["finish_reason"], "tool_calls");
    assert!(last["usage"]["total_tokens"].is_u64(), "the usage is in the last chunk");
}

#[tokio::test]
async fn zai_thinks_unless_told_not_to_and_can_think_all_its_tokens_away() {
    let sandbox = start().await;
    let thinking = json!({"thinking": {"type": "enabled"}});
    let answer = whole(&sandbox, LlmKind::Zai, halo(), thinking.clone()).await;
    let reasoning = answer["usage"]["completion_tokens_details"]["reasoning_tokens"].as_u64().unwrap();
    assert!(reasoning > 200, "a greeting costs {reasoning}");
    assert!(!answer["choices"][0]["message"]["content"].as_str().unwrap().is_empty());
    let small = json!({"thinking": {"type": "enabled"}, "max_tokens": 100});
    let answer = whole(&sandbox, LlmKind::Zai, halo(), small).await;
    assert_eq!(answer["choices"][0]["message"]["content"], "");
    assert_eq!(answer["choices"][0]["finish_reason"], "length");
    assert_eq!(answer["usage"]["completion_tokens"], 100);
    let answer = whole(&sandbox, LlmKind::Zai, halo(), json!({})).await;
    assert!(answer["choices"][0]["message"].get("reasoning_content").is_none());
}

#[tokio::test]
async fn anthropic_answers_whole() {
    let sandbox = start().await;
    script(&sandbox);
    let answer = whole(&sandbox, LlmKind::Anthropic, halo(), json!({"system": "x"})).await;
    assert_eq!((&answer["type"], &answer["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(answer["content"], json!([{"type": "text", "text": "Halo Kak"}]));
    assert_eq!((&answer["stop_reason"], &answer["stop_sequence"]), (&json!("end_turn"), &Value::Null));
    assert_eq!(answer["usage"]["output_tokens"], 2);
    assert_eq!(answer["usage"]["cache_read_input_tokens"], 0);
    let answer = whole(&sandbox, LlmKind::Anthropic, halo(), json!({})).await;
    let block = &answer["content"][0];
    assert_eq!((&block["type"], &block["input"]), (&json!("tool_use"), &json!({"model": "Avanza"})));
    assert_eq!(answer["stop_reason"], "tool_use");
    // The results of both calls come back in one message, before any text.
    let ids: Vec<&Value> = answer["content"].as_array().unwrap().iter().map(|block| &block["id"]).collect();
    let results: Vec<Value> = ids
        .iter()
        .map(|id| json!({"type": "tool_result", "tool_use_id": id, "content": [{"type": "text", "text": "{}"}]}))
        .collect();
    let turn = |content: &[Value]| json!([halo()[0], {"role": "assistant", "content": answer["content"]}, {"role": "user", "content": content}]);
    whole(&sandbox, LlmKind::Anthropic, turn(&results), json!({})).await;
    let recorded = sandbox.llm().last_request().unwrap();
    let tools: Vec<_> =
        recorded.messages.iter().filter(|m| m.role == "tool").map(|m| m.tools.clone()).collect();
    assert_eq!(tools, [["search_stock"], ["x"]]);
    let (status, _, body) = ask(&sandbox, LlmKind::Anthropic, turn(&results[..1]), json!({})).await.unwrap();
    assert_eq!((status, body.contains("tool call has no result")), (400, true), "{body}");
}

#[tokio::test]
async fn anthropic_streams() {
    let sandbox = start().await;
    sandbox.llm().answer(LlmAnswer::text("Saya cek ya").and_call("search_stock", json!({"model": "Avanza"})));
    let asked = json!({"stream": true});
    let (_, _, body) = ask(&sandbox, LlmKind::Anthropic, halo(), asked).await.unwrap();
    assert!(!body.contains("[DONE]"));
    let named: Vec<&str> = body.lines().filter_map(|line| line.strip_prefix("event: ")).collect();
    let events = events(&body);
    let kinds: Vec<&str> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    assert_eq!(named, kinds, "each event is named as its type");
    assert_eq!((kinds[0], kinds[1], kinds[2]), ("message_start", "content_block_start", "ping"));
    assert_eq!(events[0]["message"]["content"], json!([]));
    assert_eq!(events[1]["content_block"], json!({"type": "text", "text": ""}));
    assert_eq!(events[3]["delta"], json!({"type": "text_delta", "text": "Saya cek ya"}));
    let start = events.iter().find(|event| event["content_block"]["type"] == "tool_use").unwrap();
    assert_eq!((&start["index"], &start["content_block"]["input"]), (&json!(1), &json!({})));
    let args = events.iter().filter_map(|event| event["delta"]["partial_json"].as_str());
    assert_eq!(args.collect::<String>(), r#"{"model":"Avanza"}"#);
    let delta = &events[events.len() - 2];
    assert_eq!(
        (&delta["type"], &delta["delta"]["stop_reason"]),
        (&json!("message_delta"), &json!("tool_use"))
    );
    assert!(delta["usage"]["output_tokens"].is_u64());
    assert_eq!(events.last().unwrap()["type"], "message_stop");
}

#[tokio::test]
async fn ollama_streams_lines_unless_told_not_to() {
    let sandbox = start().await;
    script(&sandbox);
    let (_, headers, body) = ask(&sandbox, LlmKind::Ollama, halo(), json!({"stream": null})).await.unwrap();
    assert_eq!(headers["content-type"], "application/x-ndjson");
    let lines: Vec<Value> = body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines[0]["message"], json!({"role": "assistant", "content": "Halo Kak"}));
    assert_eq!((&lines[0]["done"], &lines[1]["done"]), (&json!(false), &json!(true)));
    assert_eq!((&lines[1]["done_reason"], &lines[1]["eval_count"]), (&json!("stop"), &json!(2)));
    let answer = whole(&sandbox, LlmKind::Ollama, halo(), json!({})).await;
    let call = &answer["message"]["tool_calls"][0];
    assert_eq!(*call, json!({"function": {"name": "search_stock", "arguments": {"model": "Avanza"}}}));
    assert_eq!(answer["done_reason"], "stop", "calls end like texts");
    assert!(answer["prompt_eval_count"].is_u64() && answer["created_at"].as_str().unwrap().ends_with('Z'));
    let as_text = json!([{"role": "user", "content": "x"}, {"role": "assistant", "content": "",
        "tool_calls": [{"function": {"name": "a", "arguments": "{}"}}]}]);
    let (status, _, body) = ask(&sandbox, LlmKind::Ollama, as_text, json!({})).await.unwrap();
    assert_eq!((status, body.contains(r#""error""#)), (400, true));
}

#[tokio::test]
async fn a_wrong_key_is_refused_in_the_words_of_the_server() {
    let sandbox = Sandbox::builder().llm_key("kunci-kedua").start().await.unwrap();
    let check = async |kind: LlmKind, header: &str, key: Option<&str>, pointer: &str, expected: Value| {
        let (path, body) = request(kind, &halo(), &json!({}));
        let mut request = client().post(format!("{}{path}", sandbox.llm_base(kind))).json(&body);
        if let Some(key) = key {
            request = request.header(header, key);
        }
        let response = request.header("anthropic-version", "2023-06-01").send().await.unwrap();
        let status = if expected.is_null() { 200 } else { 401 };
        assert_eq!(response.status(), status, "{kind:?}");
        let body: Value = response.json().await.unwrap();
        assert_eq!(body.pointer(pointer).cloned().unwrap_or_default(), expected, "{body}");
    };
    let bearer = "authorization";
    check(LlmKind::OpenAi, bearer, Some("Bearer salah"), "/error/code", json!("invalid_api_key")).await;
    check(LlmKind::OpenAi, bearer, None, "/error/type", json!("invalid_request_error")).await;
    check(LlmKind::Zai, bearer, Some("Bearer salah"), "/error/code", json!("1002")).await;
    check(LlmKind::Zai, bearer, None, "/error/code", json!("1001")).await;
    check(LlmKind::Anthropic, "x-api-key", Some("salah"), "/error/type", json!("authentication_error")).await;
    check(LlmKind::OpenAi, bearer, Some("Bearer kunci-kedua"), "/error", Value::Null).await;
    check(LlmKind::Ollama, bearer, None, "/error", Value::Null).await;
    let records = sandbox.llm().requests();
    let keys: Vec<_> = records.iter().map(|record| (record.authorization, record.key)).collect();
    assert_eq!(keys[0], (Authorization::Refused, None));
    assert_eq!(keys[1], (Authorization::Missing, None));
    assert_eq!(keys[5], (Authorization::Accepted, Some(1)));
}

#[tokio::test]
async fn what_a_server_does_not_take_is_a_400() {
    let sandbox = start().await;
    let check = async |kind: LlmKind, messages: Value, more: Value, part: &str| {
        let (status, _, body) = ask(&sandbox, kind, messages, more).await.unwrap();
        assert_eq!((status, body.contains(part)), (400, true), "{kind:?}: {body}");
    };
    let orphan =
        json!([{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "call_1", "content": "y"}]);
    check(LlmKind::OpenAi, orphan, json!({}), "tool result does not answer").await;
    check(LlmKind::OpenAi, json!([]), json!({}), "messages must be").await;
    check(LlmKind::OpenAi, halo(), json!({"model": ""}), "model is missing").await;
    check(LlmKind::Zai, halo(), json!({"temperature": 1.5}), "temperature").await;
    check(LlmKind::Zai, halo(), json!({"max_tokens": 200_000}), "max_tokens").await;
    check(LlmKind::Zai, halo(), json!({"request_id": "x"}), "request_id").await;
    check(LlmKind::Zai, json!([{"role": "system", "content": "x"}]), json!({}), "1214").await;
    check(LlmKind::Anthropic, halo(), json!({"max_tokens": 0}), "max_tokens").await;
    check(LlmKind::Anthropic, json!([{"role": "system", "content": "x"}]), json!({}), "role must be").await;
    let base = sandbox.llm_base(LlmKind::Zai);
    let status = |method: reqwest::Method, path: String| async move {
        client().request(method, path).send().await.unwrap().status().as_u16()
    };
    assert_eq!(status(reqwest::Method::GET, format!("{base}/chat/completions")).await, 405);
    assert_eq!(status(reqwest::Method::POST, format!("{base}/models/none")).await, 404);
    assert_eq!(status(reqwest::Method::POST, format!("{}/llm/gemini/x", sandbox.url())).await, 404);
    assert!(sandbox.requests().is_empty(), "no provider saw any of it");
}

#[tokio::test]
async fn json_is_of_the_schema_that_was_asked_for() {
    let sandbox = start().await;
    let schema = json!({"type": "object", "properties": {"reply": {"type": "string"},
        "intent": {"type": "string", "enum": ["other", "greeting"]}, "score": {"type": "integer"}}});
    let format =
        json!({"type": "json_schema", "json_schema": {"name": "x", "strict": true, "schema": schema}});
    let answer = whole(&sandbox, LlmKind::OpenAi, halo(), json!({"response_format": format})).await;
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    let read: Value = serde_json::from_str(text).unwrap();
    assert_eq!((&read["intent"], &read["score"]), (&json!("greeting"), &json!(0)));
    assert!(read["reply"].as_str().unwrap().starts_with("Halo Kak"));
    let answer = whole(&sandbox, LlmKind::Ollama, halo(), json!({"format": schema})).await;
    assert_eq!(answer["message"]["content"], text);
    let asked = json!({"response_format": {"type": "json_object"}});
    let answer = whole(&sandbox, LlmKind::Zai, halo(), asked).await;
    let text = answer["choices"][0]["message"]["content"].as_str().unwrap();
    assert!(serde_json::from_str::<Value>(text).unwrap().is_object());
}

#[tokio::test]
async fn scripts_records_and_the_control_api() {
    let sandbox = start().await;
    let script =
        json!([{"text": "Untuk Avanza", "when": "avanza"}, {"text": "Untuk siapa saja"}]).to_string();
    let (status, pushed) = control(&sandbox, "POST", "llm/answers", Some(&script)).await;
    assert_eq!((status, &pushed["answers"]), (201, &json!(2)));
    let said = async |text: &str| {
        let messages = json!([{"role": "system", "content": SYSTEM}, {"role": "user", "content": text}]);
        let answer = whole(&sandbox, LlmKind::OpenAi, messages, json!({})).await;
        answer["choices"][0]["message"]["content"].as_str().unwrap().to_owned()
    };
    assert_eq!(said("brio ada?").await, "Untuk siapa saja");
    assert_eq!(said("AVANZA ada?").await, "Untuk Avanza");
    assert_eq!(sandbox.llm().answers_left(), 0);
    let record = sandbox.llm().last_request().unwrap();
    assert_eq!((record.server, record.model.as_str(), record.stream), (LlmKind::OpenAi, "gpt-test", false));
    assert_eq!((record.system.as_str(), record.last_user_text()), (SYSTEM, Some("AVANZA ada?")));
    assert!(record.contains("CANARY-7431") && !record.contains("brio"));
    assert!(!format!("{record:?}").contains("AVANZA"), "no text in Debug");
    let (_, listed) = control(&sandbox, "GET", "llm/requests", None).await;
    assert_eq!(listed["requests"][1]["body"]["messages"][1]["content"], "AVANZA ada?");
    assert!(!listed.to_string().contains("sandbox-key"));
    let (_, shown) = control(&sandbox, "GET", "llm", None).await;
    assert_eq!(shown["bases"]["zai"], format!("{}/llm/zai/api/paas/v4", sandbox.url()));
    for (call, body) in [("llm/answers", r#"{"txet":"x"}"#), ("llm/faults", r#"{"kind":"explode"}"#)] {
        assert_eq!(control(&sandbox, "POST", call, Some(body)).await.0, 400, "{call}");
    }
    assert_eq!(control(&sandbox, "PUT", "llm/faults", None).await.0, 405);
    assert_eq!(control(&sandbox, "GET", "llm/nothing", None).await.0, 404);
    sandbox.llm().answer(LlmAnswer::text("x"));
    sandbox.reset();
    assert_eq!((sandbox.llm().answers_left(), sandbox.llm().requests().len()), (0, 0));
}
