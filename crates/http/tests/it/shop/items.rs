use std::convert::Infallible;

use serde_json::{Value, json};
use wartel_http::axum::body::{Body, Bytes};
use wartel_http::axum::http::{Method, StatusCode};

use super::{ITEM, actions, budi, put};
use crate::app::{Answer, RequestExt as _, request};
use crate::v1::Program;

const CSV: &str = "/v1/items.csv";

fn avanza() -> Value {
    json!({
        "title": "Toyota Avanza 1.3 G",
        "price": 150_000_000,
        "attributes": {"year": 2019, "transmission": "matic"},
        "photos": [{"url": "https://foto.example/1.jpg"}],
        "notes": "Tangan pertama.",
    })
}

async fn delete(program: &Program, path: &str, tag: &str) -> Answer {
    let asked = request(Method::DELETE, path, Body::empty());
    program.call(if tag.is_empty() { asked } else { asked.header("if-match", tag) }).await
}

async fn send(program: &Program, file: impl Into<Body>) -> Answer {
    program.call(request(Method::POST, CSV, file).header("content-type", "text/csv; charset=utf-8")).await
}

async fn codes(program: &Program, query: &str) -> Vec<String> {
    let page = program.get(&format!("/v1/items{query}")).await.expect(StatusCode::OK);
    let items = page.json["data"]["items"].as_array().unwrap();
    items.iter().map(|item| item["code"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn an_item_is_stored_changed_and_deleted_by_whoever_has_read_it() {
    let program = Program::new().await;
    program.get(ITEM).await.problem(404, "not_found");
    let made = put(&program, ITEM, "", &avanza()).await.expect(StatusCode::CREATED);
    assert_eq!(made.header("etag"), "\"1\"");
    let read = program.get(ITEM).await.expect(StatusCode::OK);
    assert_eq!(read.json["data"], made.json["data"]);
    let item = &read.json["data"];
    assert_eq!((&item["code"], &item["price"]), (&json!("AV-1"), &json!(150_000_000)));
    assert_eq!(item["attributes"], json!({"year": 2019, "transmission": "automatic"}));
    assert_eq!(item["updated_at"], "2026-01-01T00:00:00Z");

    put(&program, ITEM, "", &avanza()).await.problem(428, "changed");
    put(&program, ITEM, "\"7\"", &avanza()).await.problem(412, "changed");
    let sold = put(&program, ITEM, "\"1\"", &json!({"title": "Avanza", "status": "sold"})).await;
    assert_eq!(sold.expect(StatusCode::OK).json["data"]["status"], "sold");
    put(&program, ITEM, "\"1\"", &avanza()).await.problem(412, "changed");
    put(&program, "/v1/items/AV-2", "*", &avanza()).await.problem(412, "changed");

    delete(&program, ITEM, "").await.problem(428, "changed");
    delete(&program, ITEM, "\"1\"").await.problem(412, "changed");
    program.get(ITEM).await.expect(StatusCode::OK);
    delete(&program, ITEM, "\"2\"").await.expect(StatusCode::OK);
    delete(&program, ITEM, "\"2\"").await.problem(404, "not_found");
    assert_eq!(actions(&program).await, ["item.put AV-1", "item.put AV-1", "item.delete AV-1"]);
}

#[tokio::test]
async fn what_is_wrong_with_an_item_is_named_and_nothing_is_stored() {
    let program = Program::new().await;
    let attributes = |value: Value| json!({"attributes": value});
    for (path, change, fields) in [
        ("av-1", json!({}), &["code"][..]),
        ("A", json!({}), &["code"]),
        ("AV_1", json!({}), &["code"]),
        ("AV-1", json!({"title": " "}), &["title"]),
        ("AV-1", json!({"title": "a\nb"}), &["title"]),
        ("AV-1", json!({"title": null, "price": "murah", "notes": 3}), &["title", "price", "notes"]),
        ("AV-1", json!({"price": 0}), &["price"]),
        ("AV-1", json!({"price": 1.5}), &["price"]),
        ("AV-1", json!({"price": 9_223_372_036_854_775_808_u64}), &["price"]),
        ("AV-1", json!({"status": "gone"}), &["status"]),
        ("AV-1", attributes(json!({"year": 99})), &["attributes"]),
        ("AV-1", attributes(json!({"doors": 4})), &["attributes"]),
        ("AV-1", attributes(json!({"year": true})), &["attributes"]),
        ("AV-1", attributes(json!([])), &["attributes"]),
        ("AV-1", json!({"photos": [{"url": "ftp://foto.example/1.jpg"}]}), &["photos"]),
        ("AV-1", json!({"photos": vec![json!({"url": "https://foto.example/1.jpg"}); 21]}), &["photos"]),
        ("AV-1", json!({"photos": ["x"]}), &["photos"]),
        ("AV-1", json!({"notes": "a".repeat(2_001)}), &["notes"]),
    ] {
        let mut body = avanza();
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let answer = put(&program, &format!("/v1/items/{path}"), "", &body).await;
        assert_eq!(answer.problem(400, "invalid_request").fields(), fields, "{path} {change}");
    }
    let unknown = put(&program, ITEM, "", &json!({"title": "a", "attributes": {"pintu-rahasia": 4}})).await;
    assert!(!unknown.text().contains("rahasia"), "what was sent is not repeated");
    assert!(unknown.json["errors"][0]["message"].as_str().unwrap().contains("mileage"));
    assert!(program.app.shops.catalogue.list(&budi()).await.unwrap().is_empty());
    assert!(actions(&program).await.is_empty());
}

#[tokio::test]
async fn items_are_listed_by_words_status_and_page() {
    let program = Program::new().await;
    let file = "code,title,price,status,year\nAV-1,Toyota Avanza,150000000,tersedia,2019\n\
                BR-2,Honda Brio,120000000,terjual,2018\nIN-3,Toyota Innova,,disembunyikan,2019\n";
    send(&program, file).await.expect(StatusCode::OK);
    for (query, expected) in [
        ("", &["AV-1", "BR-2", "IN-3"][..]),
        ("?q=toy", &["AV-1", "IN-3"]),
        ("?q=TOYOTA%202019%20av", &["AV-1"]),
        ("?q=in-3", &["IN-3"]),
        ("?q=sedan", &[]),
        ("?status=sold", &["BR-2"]),
        ("?status=hidden&q=innova", &["IN-3"]),
        ("?after=AV-1", &["BR-2", "IN-3"]),
        ("?limit=2", &["AV-1", "BR-2"]),
    ] {
        assert_eq!(codes(&program, query).await, expected, "{query}");
    }
    let page = program.get("/v1/items?limit=2").await;
    assert_eq!(page.json["data"]["next"], "BR-2");
    let last = program.get("/v1/items?limit=2&after=BR-2").await;
    assert!(last.json["data"].get("next").is_none());
    let long = format!("?q={}", "a".repeat(201));
    for (query, field) in [
        ("?limit=0", "limit"),
        ("?limit=501", "limit"),
        ("?limit=-1", "limit"),
        ("?status=gone", "status"),
        (long.as_str(), "q"),
    ] {
        let answer = program.get(&format!("/v1/items{query}")).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), [field], "{query}");
    }
}

#[tokio::test]
async fn a_file_goes_out_and_comes_back_the_same() {
    let program = Program::new().await;
    put(&program, ITEM, "", &avanza()).await.expect(StatusCode::CREATED);
    put(&program, "/v1/items/BR-2", "", &json!({"title": "=Brio; \"merah\", 2018"})).await;
    let file = program.get(CSV).await;
    assert_eq!(file.status, StatusCode::OK);
    assert!(file.header("content-type").starts_with("text/csv; charset=utf-8"));
    assert!(file.header("content-disposition").starts_with("attachment"));
    assert!(file.text().starts_with("\u{feff}code,title,price,status,make"));
    let back = send(&program, file.bytes.clone()).await.expect(StatusCode::OK);
    let counts = json!({"added": 0, "changed": 0, "unchanged": 2, "unknown_columns": []});
    assert_eq!(back.json["data"], counts);
    let more = "kode;judul;harga;gudang\nAV-1;Avanza;140.000.000;A\nXP-9;Xpander;;B\n";
    let more = send(&program, more).await.expect(StatusCode::OK);
    let counts = json!({"added": 1, "changed": 1, "unchanged": 0, "unknown_columns": ["gudang"]});
    assert_eq!(more.json["data"], counts);
    assert_eq!(codes(&program, "").await, ["AV-1", "BR-2", "XP-9"]);
    assert_eq!(program.get(ITEM).await.json["data"]["price"], 140_000_000);
    assert_eq!(actions(&program).await.last().unwrap(), "items.import 1 added, 1 changed");
}

#[tokio::test]
async fn a_file_with_a_wrong_line_stores_nothing_and_says_how_to_mend_it() {
    let program = Program::new().await;
    put(&program, ITEM, "", &avanza()).await.expect(StatusCode::CREATED);
    let file = "code,title,price,year\nAV-1,Avanza baru,1,2019\nBR-2,Brio,rahasia,2018\nAV-1,Avanza,,2019\n\
                !,Innova,,\nXP-9,Xpander,,1200\n";
    let answer = send(&program, file).await.problem(422, "invalid_sheet");
    let lines = answer.json["lines"].as_array().unwrap();
    let places: Vec<_> = lines.iter().map(|it| (it["line"].as_u64(), it["column"].as_str())).collect();
    let expected = [(3, "price"), (4, "code"), (5, "code"), (6, "year")];
    assert_eq!(places, expected.map(|(line, column)| (Some(line), Some(column))));
    assert!(lines[0]["message"].as_str().unwrap().starts_with("Baris 3, price: tulis harga seperti"));
    assert!(answer.json["message"].as_str().unwrap().starts_with("4 baris belum benar."));
    assert!(!answer.text().contains("rahasia"), "cells are not repeated");
    let asked = request(Method::POST, CSV, file).header("content-type", "text/csv");
    let english = program.call(asked.header("accept-language", "en")).await;
    assert!(english.json["lines"][0]["message"].as_str().unwrap().starts_with("Line 3, price: write"));

    for (file, word) in [("", "kolom"), ("nama,harga\na,1\n", "kolom"), ("code,title,kode\n", "kolom")] {
        let answer = send(&program, file).await.problem(422, "invalid_sheet");
        assert!(answer.json["message"].as_str().unwrap().contains(word), "{file}");
    }
    send(&program, vec![0xff, 0xfe, b'a']).await.problem(422, "invalid_sheet");
    assert_eq!(codes(&program, "").await, ["AV-1"]);
    assert_eq!(program.get(ITEM).await.header("etag"), "\"1\"");
    assert_eq!(actions(&program).await, ["item.put AV-1"]);
}

#[tokio::test]
async fn a_file_is_csv_of_at_most_3_mib() {
    let program = Program::new().await;
    for content_type in ["", "application/json", "text/plain", "text/csvx"] {
        let asked = request(Method::POST, CSV, "code,title\nAV-1,a\n").header("content-type", content_type);
        program.call(asked).await.problem(415, "invalid_request");
    }
    let mut file = b"code,title\nAV-1,Avanza\n".to_vec();
    file.resize(3 * 1024 * 1024, b'\n');
    file.push(b'\n');
    send(&program, file.clone()).await.problem(413, "invalid_request");
    // The same without a length beforehand.
    let pieces: Vec<_> =
        file.chunks(64 * 1024).map(|it| Ok::<_, Infallible>(Bytes::copy_from_slice(it))).collect();
    send(&program, Body::from_stream(futures_util::stream::iter(pieces)))
        .await
        .problem(413, "invalid_request");
    assert!(codes(&program, "").await.is_empty());
    let mut long = b"code,title,notes\nAV-1,Avanza,\"".to_vec();
    long.resize(3 * 1024 * 1024 - 2, b'a');
    long.extend(b"\"\n");
    send(&program, long).await.problem(422, "invalid_sheet");
}
