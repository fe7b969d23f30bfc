use serde_json::{Value, json};
use wartel_bot::spend::{Reservation, ReservationId, SpendCaps};
use wartel_core::Clock as _;
use wartel_http::axum::http::{Method, StatusCode};

use super::{BOT, SHOP, actions, budi, chat, customer, profile, put, shop, with_body};
use crate::app::RequestExt as _;
use crate::v1::Program;

#[tokio::test]
async fn a_profile_is_stored_as_a_whole_and_read_back() {
    let program = Program::new().await;
    program.get(SHOP).await.problem(404, "not_found");
    let made = put(&program, SHOP, "", &profile()).await.expect(StatusCode::OK);
    assert_eq!((made.header("etag"), made.header("cache-control")), ("\"1\"", "no-store"));
    let read = program.get(SHOP).await.expect(StatusCode::OK);
    assert_eq!(read.header("etag"), "\"1\"");
    let shop = &read.json["data"];
    assert_eq!((&shop["name"], &shop["id"]), (&json!("Toko Budi"), &json!("toko-budi")));
    assert_eq!(shop["staff"][0]["phone"], "+6281512345670");
    assert_eq!((&shop["bot"]["enabled"], &shop["bot"]["handoff_minutes"]), (&json!(true), &json!(720)));
    // What was read can be put back as it is.
    let same = put(&program, SHOP, "\"1\"", shop).await.expect(StatusCode::OK);
    assert_eq!((same.header("etag"), &same.json["data"]), ("\"2\"", shop));
    assert_eq!(actions(&program).await, ["shop.put revision 1", "shop.put revision 2"]);
}

#[tokio::test]
async fn hazard_17_whoever_has_read_an_old_profile_overwrites_nothing() {
    let program = shop().await;
    let renamed = |name: &str| {
        let mut body = profile();
        body["name"] = name.into();
        body
    };
    put(&program, SHOP, "\"1\"", &renamed("Toko Baru")).await.expect(StatusCode::OK);
    for (tag, status) in [("\"1\"", 412), ("W/\"2\"", 412), ("\"3\"", 412), ("\"abc\"", 412), ("", 428)] {
        let refused = put(&program, SHOP, tag, &renamed("Toko Lama")).await.problem(status, "changed");
        assert!(refused.headers.get("etag").is_none(), "{tag}");
    }
    let bad = put(&program, SHOP, "2", &renamed("Toko Lama")).await.problem(400, "invalid_request");
    assert_eq!(bad.fields(), ["If-Match"]);
    assert_eq!(program.get(SHOP).await.json["data"]["name"], "Toko Baru");
    put(&program, SHOP, "*", &renamed("Toko Lain")).await.expect(StatusCode::OK);
    assert_eq!(program.get(SHOP).await.header("etag"), "\"3\"");
    let nothing = Program::new().await;
    put(&nothing, SHOP, "\"1\"", &profile()).await.problem(412, "changed");
    nothing.get(SHOP).await.problem(404, "not_found");
}

#[tokio::test]
async fn hazard_17_of_racing_writers_of_one_revision_one_wins() {
    let program = shop().await;
    let put = |name: usize| {
        let mut body = profile();
        body["name"] = format!("Toko {name}").into();
        program.call(with_body(Method::PUT, SHOP, "\"1\"", &body))
    };
    let answers = futures_util::future::join_all((0..8).map(put)).await;
    let won = answers.iter().filter(|answer| answer.status == StatusCode::OK).count();
    assert_eq!((won, program.get(SHOP).await.header("etag")), (1, "\"2\""));
}

#[tokio::test]
async fn what_is_wrong_is_named_and_nothing_is_stored() {
    let program = Program::new().await;
    for (change, fields) in [
        (json!({"name": ""}), &["name"][..]),
        (json!({"name": null}), &["name"]),
        (json!({"name": 5}), &["name"]),
        (json!({"name": "a".repeat(81)}), &["name"]),
        (json!({"phone": "081234567890"}), &["phone"]),
        (json!({"phone": "x", "trade": 7, "locale": "klingon"}), &["phone", "locale", "trade"]),
        (json!({"website": "ftp://toko.example"}), &["website"]),
        (json!({"hours": {"time_zone": "Asia/Atlantis"}}), &["hours.time_zone"]),
        (json!({"hours": {"week": [[["08:00", "25:00"]]]}}), &["hours.week"]),
        (json!({"hours": {"week": [[]]}}), &["hours.week"]),
        (json!({"hours": 8}), &["hours"]),
        (json!({"staff": [{"phone": "0815", "name": "Sari"}]}), &["staff"]),
        (json!({"staff": {}}), &["staff"]),
        (json!({"bot": {"enabled": "yes"}}), &["bot.enabled"]),
        (json!({"bot": {"day_budget": -1, "stale_minutes": 1.5}}), &["bot.day_budget", "bot.stale_minutes"]),
        (json!({"bot": []}), &["bot"]),
        (
            json!({"bot": {"burst_window_ms": 4_000_000_000_u32}}),
            &["bot.burst_window_ms", "bot.burst_cap_ms"],
        ),
        (json!({"policies": vec!["a"; 31]}), &["policies"]),
        (json!({"credit": {"min_down": 2000}}), &["credit"]),
    ] {
        let mut body = profile();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = put(&program, SHOP, "", &body).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), fields, "{change}");
    }
    for (body, status) in [("", 400), ("[]", 400), ("{\"name\":\"a\\u0000\"}", 400)] {
        let asked = with_body(Method::PUT, SHOP, "", &json!({})).map(|_| body.into());
        program.call(asked).await.problem(status, "invalid_request");
    }
    program.get(SHOP).await.problem(404, "not_found");
    assert!(actions(&program).await.is_empty());
    let english = with_body(Method::PUT, SHOP, "", &json!({})).header("accept-language", "en");
    let english = program.call(english).await.problem(400, "invalid_request");
    assert_eq!(english.json["errors"][0]["message"], "Must be 1 to 80 characters on one line.");
}

#[tokio::test]
async fn hazard_17_the_switch_is_what_the_store_says_now() {
    let program = shop().await;
    let read = program.get(BOT).await.expect(StatusCode::OK);
    assert_eq!((read.header("etag"), read.header("cache-control")), ("\"1\"", "no-store"));
    assert_eq!((&read.json["data"]["enabled"], &read.json["data"]["version"]), (&json!(true), &json!(1)));
    // 00:00 UTC is 07:00 in Jakarta.
    assert_eq!(read.json["data"]["hours"], "closed");
    assert_eq!(read.json["data"]["hours_until"], "2026-01-01T01:00:00Z");

    let off = put(&program, BOT, "", &json!({"enabled": false})).await.expect(StatusCode::OK);
    assert_eq!((off.header("etag"), &off.json["data"]["enabled"]), ("\"2\"", &json!(false)));
    // Somebody else writes to the store behind this process.
    let tenants = &program.app.shops.tenants;
    let (mut shop, revision) = tenants.get(&budi()).await.unwrap().unwrap();
    assert!(!shop.bot.enabled);
    shop.bot.enabled = true;
    assert!(tenants.save(&shop, revision).await.unwrap().is_saved());
    let read = program.get(BOT).await;
    assert_eq!((read.header("etag"), &read.json["data"]["enabled"]), ("\"3\"", &json!(true)));
    // Whoever saw it on with revision 1 does not switch it off now.
    put(&program, BOT, "\"1\"", &json!({"enabled": false})).await.problem(412, "changed");
    put(&program, BOT, "\"3\"", &json!({"enabled": false})).await.expect(StatusCode::OK);
    assert_eq!(program.get(BOT).await.json["data"]["enabled"], false);
    for body in [json!({}), json!({"enabled": "false"}), json!({"enabled": null}), json!({"enabled": 1})] {
        let answer = put(&program, BOT, "", &body).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["enabled"], "{body}");
    }
    let expected = ["shop.put revision 1", "bot.off revision 2", "bot.off revision 4"];
    assert_eq!(actions(&program).await, expected);
    let other = Program::new().await;
    other.get(BOT).await.problem(404, "not_found");
    put(&other, BOT, "", &json!({"enabled": true})).await.problem(404, "not_found");
}

#[tokio::test]
async fn paused_chats_are_counted() {
    let program = shop().await;
    let path = chat(&program, &budi(), &customer(&program), "halo").await;
    chat(&program, &budi(), &customer(&program), "halo").await;
    let count = async || program.get(BOT).await.json["data"]["paused_chats"].clone();
    assert_eq!(count().await, 0);
    program.post(&format!("{path}/pause"), json!({"minutes": 30})).await.expect(StatusCode::OK);
    assert_eq!(count().await, 1);
    program.app.clock.advance(std::time::Duration::from_secs(30 * 60));
    assert_eq!(count().await, 0, "the pause has ended");
}

#[tokio::test]
async fn the_price_of_models_is_told_with_its_caps() {
    let program = shop().await;
    let (shop, _) = program.app.shops.tenants.get(&budi()).await.unwrap().unwrap();
    let (now, id) = (program.app.clock.now(), ReservationId::random());
    let caps = SpendCaps::from(&shop).windows(now);
    let until = now + std::time::Duration::from_secs(60);
    let spend = &program.app.shops.spend;
    spend.reserve(&Reservation::new(id, budi(), caps.clone(), 900, until), now).await.unwrap();
    spend.settle(&budi(), id, 700, 1_234, now).await.unwrap();
    let open = Reservation::new(ReservationId::random(), budi(), caps, 50, until);
    spend.reserve(&open, now).await.unwrap();
    let usage = program.get("/v1/usage").await.expect(StatusCode::OK);
    let counts = |name: &str, cap: u64| -> Value {
        json!({"name": name, "cap": cap, "spent": 700, "reserved": 50, "calls": 1, "tokens": 1_234})
    };
    assert_eq!(usage.json["data"]["day"], counts("2026-01-01", 2_000_000));
    assert_eq!(usage.json["data"]["month"], counts("2026-01", 30_000_000));
    Program::new().await.get("/v1/usage").await.problem(404, "not_found");
}
