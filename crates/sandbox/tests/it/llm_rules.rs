//! The assistant without a script: which tools it calls, and that it says only what they told it.

use serde_json::{Value, json};
use wartel_sandbox::{LlmKind, Sandbox};

use crate::llm_wire::{SYSTEM, whole};
use crate::support::start;

fn tool(name: &str, properties: &Value, required: &Value) -> Value {
    json!({"type": "function", "function": {"name": name, "description": name,
        "parameters": {"type": "object", "properties": properties, "required": required}}})
}

/// The tools of a shop.
pub(crate) fn tools() -> Value {
    let text = json!({"type": "string"});
    let number = json!({"type": "integer"});
    json!([
        tool(
            "search_stock",
            &json!({"make": text, "model": text, "min_price": number, "max_price": number, "year_min": number,
                "transmission": {"type": "string", "enum": ["manual", "automatic"]}}),
            &json!([]),
        ),
        tool("car_details", &json!({"code": text}), &json!(["code"])),
        tool("send_photos", &json!({"code": text}), &json!(["code"])),
        tool("shop_profile", &json!({}), &json!([])),
        tool(
            "credit_estimate",
            &json!({"code": text, "down_payment": number, "tenor_months": number}),
            &json!(["code"])
        ),
        tool("book_visit", &json!({"date": text, "time": text, "code": text}), &json!(["date"])),
        tool("record_interest", &json!({"name": text, "note": text}), &json!(["note"])),
        tool("hand_over", &json!({"reason": text}), &json!(["reason"])),
    ])
}

fn user(text: &str) -> Value {
    json!({"role": "user", "content": text})
}

fn said(text: &str) -> Value {
    json!({"role": "assistant", "content": text})
}

/// A conversation that grows as the assistant and the tools speak.
struct Chat<'s> {
    sandbox: &'s Sandbox,
    messages: Vec<Value>,
}

impl<'s> Chat<'s> {
    fn new(sandbox: &'s Sandbox, messages: &[Value]) -> Self {
        let system = json!({"role": "system", "content": SYSTEM});
        Self { sandbox, messages: [&[system], messages].concat() }
    }

    /// What comes next: a message of the assistant.
    async fn next(&mut self) -> Value {
        let more = json!({"tools": tools()});
        let answer = whole(self.sandbox, LlmKind::OpenAi, json!(self.messages), more).await;
        let message = answer["choices"][0]["message"].clone();
        self.messages.push(message.clone());
        message
    }

    async fn text(&mut self) -> String {
        let message = self.next().await;
        assert!(message.get("tool_calls").is_none(), "{message}");
        message["content"].as_str().unwrap().to_owned()
    }

    /// The call that comes next, with its arguments.
    async fn call(&mut self) -> (String, Value) {
        let message = self.next().await;
        let call = &message["tool_calls"][0]["function"];
        let args =
            serde_json::from_str(call["arguments"].as_str().unwrap_or_else(|| panic!("{message}"))).unwrap();
        (call["name"].as_str().unwrap().to_owned(), args)
    }

    /// The tool's result of the last call.
    fn result(&mut self, result: &Value) {
        let id = self.messages.last().unwrap()["tool_calls"][0]["id"].clone();
        let text = result.as_str().map_or_else(|| result.to_string(), str::to_owned);
        self.messages.push(json!({"role": "tool", "tool_call_id": id, "content": text}));
    }
}

fn avanza() -> Value {
    json!({"code": "AVZ-021", "make": "Toyota", "model": "Avanza", "variant": "G", "year": 2019, "price": 145_000_000,
        "mileage_km": 45_000, "transmission": "automatic", "colour": "hitam"})
}

#[tokio::test]
async fn the_fitting_tool_is_called_with_what_was_said() {
    let sandbox = start().await;
    let check = async |text: &str, name: &str, args: Value| {
        let call = Chat::new(&sandbox, &[user(text)]).call().await;
        assert_eq!(call, (name.to_owned(), args), "{text}");
    };
    check(
        "Ada Avanza matic di bawah 150 juta?",
        "search_stock",
        json!({"make": "Toyota", "model": "Avanza", "max_price": 150_000_000, "transmission": "automatic"}),
    )
    .await;
    check(
        "budget 120-150jt manual",
        "search_stock",
        json!({"min_price": 120_000_000, "max_price": 150_000_000, "transmission": "manual"}),
    )
    .await;
    check(
        "Do you have a Honda from 2018 or newer?",
        "search_stock",
        json!({"make": "Honda", "year_min": 2018}),
    )
    .await;
    check("stok apa saja kak?", "search_stock", json!({})).await;
    check("alamatnya di mana?", "shop_profile", json!({})).await;
    check("foto AVZ-021 dong", "send_photos", json!({"code": "AVZ-021"})).await;
    check("detail AVZ-021", "car_details", json!({"code": "AVZ-021"})).await;
    check(
        "kredit AVZ-021 DP 20 juta 3 tahun",
        "credit_estimate",
        json!({"code": "AVZ-021", "down_payment": 20_000_000, "tenor_months": 36}),
    )
    .await;
    check("mau test drive besok jam 10", "book_visit", json!({"date": "2026-12-02", "time": "10:00"})).await;
    check(
        "Nama saya Budi, tertarik",
        "record_interest",
        json!({"name": "Budi", "note": "Nama saya Budi, tertarik"}),
    )
    .await;
    check("mau bicara dengan orang", "hand_over", json!({"reason": "mau bicara dengan orang"})).await;
}

#[tokio::test]
async fn answers_are_made_of_results_only_whatever_their_shape() {
    let sandbox = start().await;
    let expected = "Ini unit yang cocok, Kak:\n\
        - Toyota Avanza G, Rp145.000.000, 2019, 45.000 km, automatic, hitam (AVZ-021)\nMau lihat fotonya?";
    for result in [
        json!({"cars": [avanza()]}),
        json!({"items": [avanza()], "total": 1}),
        json!([avanza()]),
        json!({"ok": true, "data": {"results": [{"car": avanza()}]}}),
        json!(format!("<tool_result>\n{}\n</tool_result>", json!({"cars": [avanza()]}))),
    ] {
        let mut chat = Chat::new(&sandbox, &[user("Ada Avanza?")]);
        chat.call().await;
        chat.result(&result);
        assert_eq!(chat.text().await, expected, "{result}");
    }
    let check = async |customer: &str, result: Value, expected: &str| {
        let mut chat = Chat::new(&sandbox, &[user(customer)]);
        chat.call().await;
        chat.result(&result);
        assert_eq!(chat.text().await, expected, "{customer}");
    };
    let ready = json!({"cars": [{"code": "B-18", "title": "Brio Satya 2018", "price_text": "Rp120 juta", "price": 1}]});
    check(
        "Do you have a Brio?",
        ready,
        "Here is what we have:\n- Brio Satya 2018, Rp120 juta (B-18)\nWould you like to see photos?",
    )
    .await;
    check(
        "Ada Avanza?",
        json!({"cars": []}),
        "Maaf Kak, belum ada unit yang cocok. Mau saya carikan model atau budget lain?",
    )
    .await;
    let shop =
        json!({"name": "Prima Mobil", "address": "Jl. Merdeka 5", "hours": {"Senin-Sabtu": "08.00-17.00"}});
    check("alamatnya di mana?", shop.clone(), "Prima Mobil\nAlamat: Jl. Merdeka 5").await;
    check("jam buka?", shop, "Prima Mobil\nJam buka: Senin-Sabtu 08.00-17.00").await;
    check("kredit AVZ-021", json!({"monthly_text": "Rp3,2 juta", "down_payment": 20_000_000, "tenor_months": 36}),
        "Cicilan sekitar Rp3,2 juta, DP Rp20.000.000, 36 bulan\nIni perkiraan, keputusannya di pihak leasing.").await;
    check("foto AVZ-021", json!({"sent": 3}), "Fotonya sudah saya kirim ya, Kak.").await;
    check(
        "test drive besok jam 10",
        json!({"booked": true, "when_text": "Rabu 2 Desember 10.00 WIB"}),
        "Siap Kak, kunjungannya sudah dicatat: Rabu 2 Desember 10.00 WIB.",
    )
    .await;
}

#[tokio::test]
async fn what_failed_is_not_promised() {
    let sandbox = start().await;
    let check = async |customer: &str, result: Value, never: &str| {
        let mut chat = Chat::new(&sandbox, &[user(customer)]);
        chat.call().await;
        chat.result(&result);
        let text = chat.text().await;
        assert!(text.starts_with("Maaf") && !text.contains(never), "{text}");
    };
    check("foto AVZ-021", json!({"error": "unavailable"}), "sudah saya kirim").await;
    check("foto AVZ-021", json!("tool unavailable"), "sudah saya kirim").await;
    check("test drive besok jam 10", json!({"booked": false}), "sudah dicatat").await;
    check("Ada Avanza di bawah 150 juta?", json!({"status": "error"}), "150").await;
}

#[tokio::test]
async fn a_search_leads_to_the_photos_that_were_asked_for() {
    let sandbox = start().await;
    let mut chat = Chat::new(&sandbox, &[user("minta foto Avanza")]);
    assert_eq!(chat.call().await.0, "search_stock");
    chat.result(&json!({"cars": [avanza()]}));
    assert_eq!(chat.call().await, ("send_photos".into(), json!({"code": "AVZ-021"})));
    chat.result(&json!({"sent": 2}));
    assert_eq!(chat.text().await, "Fotonya sudah saya kirim ya, Kak.");
    // The list of an earlier turn is remembered by its answer alone.
    let before = [user("ada apa saja"), said("Ini:\n- Avanza (AVZ-021)\n- Brio (BRI-7)\n- Brio RS (BRI-19)")];
    let next = async |text: &str| Chat::new(&sandbox, &[&before[..], &[user(text)]].concat()).next().await;
    let code =
        |message: &Value| message["tool_calls"][0]["function"]["arguments"].as_str().map(str::to_owned);
    assert_eq!(code(&next("foto yang kedua").await).unwrap(), r#"{"code":"BRI-19"}"#);
    assert_eq!(code(&next("foto avanza").await).unwrap(), r#"{"code":"AVZ-021"}"#);
    assert_eq!(next("fotonya dong").await["content"], "Boleh, Kak. Mobil yang mana?");
}

#[tokio::test]
async fn arguments_that_were_refused_are_tried_once_more() {
    let sandbox = start().await;
    let mut chat = Chat::new(&sandbox, &[user("foto AVZ-021")]);
    for _ in 0..2 {
        assert_eq!(chat.call().await.0, "send_photos");
        chat.result(&json!({"error": "invalid arguments"}));
    }
    assert!(chat.text().await.starts_with("Maaf"));
}

#[tokio::test]
async fn it_greets_once_asks_one_thing_and_stays_with_cars() {
    let sandbox = start().await;
    let text = async |messages: &[Value]| Chat::new(&sandbox, messages).text().await;
    let hello = text(&[user("Halo")]).await;
    assert_eq!(hello, "Halo Kak! Lagi cari mobil apa, dan budgetnya sekitar berapa?");
    assert_eq!(text(&[user("Hello, good morning")]).await.matches('?').count(), 1);
    let again = text(&[user("Halo"), said(&hello), user("Halo")]).await;
    assert!(!again.contains("Halo"), "{again}");
    assert!(text(&[user("buatkan puisi dong")]).await.contains("hanya bisa bantu soal mobil"));
    assert!(text(&[user("bisa diskon?")]).await.contains("tim kami yang bisa memastikan"));
    assert!(text(&[user("mau test drive")]).await.contains("hari apa dan jam berapa"));
    // The answer to the question goes on from there, and a later word narrows the search.
    let budget = Chat::new(&sandbox, &[user("Halo"), said(&hello), user("150 juta")]).call().await;
    assert_eq!(budget, ("search_stock".into(), json!({"max_price": 150_000_000})));
    let narrowed =
        Chat::new(&sandbox, &[user("avanza 150 juta"), said("Ini..."), user("yang matic")]).call().await;
    let expected =
        json!({"make": "Toyota", "model": "Avanza", "max_price": 150_000_000, "transmission": "automatic"});
    assert_eq!(narrowed.1, expected);
}

#[tokio::test]
async fn a_yes_takes_up_what_was_offered() {
    let sandbox = start().await;
    let call = async |offer: &str, yes: &str| {
        Chat::new(&sandbox, &[user("avanza?"), said(offer), user(yes)]).call().await
    };
    let photos = ("send_photos".to_owned(), json!({"code": "AVZ-021"}));
    assert_eq!(
        call("Ini:\n- Avanza, Rp145.000.000 (AVZ-021)\nMau lihat fotonya?", "boleh kak").await,
        photos
    );
    assert_eq!(
        call("Maaf, itu belum bisa saya pastikan. Boleh saya teruskan ke tim kami?", "ya").await.0,
        "hand_over"
    );
    let mut visit =
        Chat::new(&sandbox, &[user("detail"), said("Avanza\nMau lihat langsung unitnya?"), user("mau")]);
    assert!(visit.text().await.contains("hari apa dan jam berapa"));
}

#[tokio::test]
async fn a_note_about_ungrounded_values_is_answered_without_them() {
    let sandbox = start().await;
    let mut brio = avanza();
    brio["code"] = json!("BRI-19");
    brio["price"] = json!(99_000_000);
    for role in ["user", "system"] {
        let mut chat = Chat::new(&sandbox, &[user("Ada Avanza?")]);
        chat.call().await;
        chat.result(&json!({"cars": [avanza(), brio]}));
        let draft = chat.text().await;
        assert!(draft.contains("Rp99.000.000"));
        let note =
            "These values are not grounded in any tool result, write the reply without them: Rp99.000.000";
        chat.messages.push(json!({"role": role, "content": note}));
        let repaired = chat.text().await;
        assert!(repaired.contains("Rp145.000.000") && !repaired.contains("99"), "{repaired}");
    }
}

#[tokio::test]
async fn a_choice_is_kept() {
    let sandbox = start().await;
    let ask = async |choice: Value| {
        let more = json!({"tools": tools(), "tool_choice": choice});
        whole(&sandbox, LlmKind::OpenAi, json!([user("Halo")]), more).await["choices"][0]["message"].clone()
    };
    assert!(ask(json!("auto")).await.get("tool_calls").is_none());
    assert!(ask(json!("none")).await.get("tool_calls").is_none());
    assert_eq!(ask(json!("required")).await["tool_calls"][0]["function"]["name"], "search_stock");
    let forced = json!({"type": "function", "function": {"name": "hand_over"}});
    assert_eq!(ask(forced).await["tool_calls"][0]["function"]["name"], "hand_over");
}

#[tokio::test]
async fn the_other_servers_play_the_same_assistant() {
    let sandbox = start().await;
    let result = json!({"cars": [avanza()]}).to_string();
    let ours = tools();
    let expected = "Rp145.000.000, 2019, 45.000 km";
    // Anthropic: its own names for schemas, calls and results.
    let theirs: Vec<Value> = ours
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| json!({"name": tool["function"]["name"], "input_schema": tool["function"]["parameters"]}))
        .collect();
    let more = json!({"tools": theirs, "system": SYSTEM});
    let first = whole(&sandbox, LlmKind::Anthropic, json!([user("Ada Avanza?")]), more.clone()).await;
    assert_eq!(first["content"][0]["input"], json!({"make": "Toyota", "model": "Avanza"}));
    let results =
        json!([{"type": "tool_result", "tool_use_id": first["content"][0]["id"], "content": result}]);
    let turn = json!([user("Ada Avanza?"), {"role": "assistant", "content": first["content"]},
        {"role": "user", "content": results}]);
    let second = whole(&sandbox, LlmKind::Anthropic, turn, more).await;
    assert!(second["content"][0]["text"].as_str().unwrap().contains(expected), "{second}");
    // Ollama: results are known by the tool's name.
    let more = json!({"tools": ours});
    let first = whole(&sandbox, LlmKind::Ollama, json!([user("Ada Avanza?")]), more.clone()).await;
    let turn = json!([user("Ada Avanza?"), first["message"],
        {"role": "tool", "tool_name": "search_stock", "content": result}]);
    let second = whole(&sandbox, LlmKind::Ollama, turn, more.clone()).await;
    assert!(second["message"]["content"].as_str().unwrap().contains(expected), "{second}");
    // Z.AI, with its thoughts echoed.
    let first = whole(&sandbox, LlmKind::Zai, json!([user("Ada Avanza?")]), more.clone()).await;
    let message = &first["choices"][0]["message"];
    let turn = json!([user("Ada Avanza?"), message,
        {"role": "tool", "tool_call_id": message["tool_calls"][0]["id"], "content": result}]);
    let second = whole(&sandbox, LlmKind::Zai, turn, more).await;
    assert!(second["choices"][0]["message"]["content"].as_str().unwrap().contains(expected), "{second}");
}
