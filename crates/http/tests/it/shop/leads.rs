use std::time::Duration;

use serde_json::json;
use wartel_http::axum::http::StatusCode;
use wartel_messaging::inbox::ContactId;

use super::{actions, budi, customer, lead, put, shop};

#[tokio::test]
async fn leads_are_listed_and_their_stage_is_set() {
    let program = shop().await;
    let one = lead(&program, &budi(), &customer(&program)).await;
    program.app.clock.advance(Duration::from_secs(60));
    let two = lead(&program, &budi(), &customer(&program)).await;
    let ids = async |query: &str| -> Vec<String> {
        let list = program.get(&format!("/v1/leads{query}")).await.expect(StatusCode::OK);
        let leads = list.json["data"]["leads"].as_array().unwrap();
        leads.iter().map(|lead| lead["id"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(ids("").await, [two.id.to_string(), one.id.to_string()]);
    assert_eq!(ids("?limit=1").await, [two.id.to_string()]);

    let path = format!("/v1/leads/{}", one.id);
    let read = program.get(&path).await.expect(StatusCode::OK);
    let data = &read.json["data"];
    assert_eq!((read.header("etag"), &data["stage"]), ("\"1\"", &json!("new")));
    assert_eq!((&data["phone"], &data["name"]), (&json!("+6281234567890"), &json!("Ani")));
    let won = put(&program, &path, "\"1\"", &json!({"stage": "won"})).await.expect(StatusCode::OK);
    assert_eq!((won.header("etag"), &won.json["data"]["stage"]), ("\"2\"", &json!("won")));
    assert_eq!(won.json["data"]["closed_at"], "2026-01-01T00:01:00Z");
    assert_eq!(
        (ids("").await, ids("?stage=won").await),
        (vec![two.id.to_string()], vec![one.id.to_string()])
    );
    put(&program, &path, "\"1\"", &json!({"stage": "lost"})).await.problem(412, "changed");
    // The same again writes nothing.
    let same = put(&program, &path, "", &json!({"stage": "won"})).await.expect(StatusCode::OK);
    assert_eq!(same.header("etag"), "\"2\"");
    assert!(actions(&program).await.contains(&format!("lead.stage {} won", one.id)));
}

#[tokio::test]
async fn a_closed_lead_is_opened_again_unless_the_customer_has_another() {
    let program = shop().await;
    let ani = customer(&program);
    let first = format!("/v1/leads/{}", lead(&program, &budi(), &ani).await.id);
    put(&program, &first, "", &json!({"stage": "lost"})).await.expect(StatusCode::OK);
    let open = put(&program, &first, "", &json!({"stage": "interested"})).await.expect(StatusCode::OK);
    assert_eq!(open.json["data"]["closed_at"], json!(null));
    put(&program, &first, "", &json!({"stage": "lost"})).await.expect(StatusCode::OK);
    let second = lead(&program, &budi(), &ani).await;
    put(&program, &first, "", &json!({"stage": "new"})).await.problem(409, "other_lead_open");
    assert_eq!(program.get(&first).await.json["data"]["stage"], "lost");
    put(&program, &format!("/v1/leads/{}", second.id), "", &json!({"stage": "won"}))
        .await
        .expect(StatusCode::OK);
    put(&program, &first, "", &json!({"stage": "new"})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn what_is_no_stage_changes_nothing() {
    let program = shop().await;
    let path = format!("/v1/leads/{}", lead(&program, &budi(), &customer(&program)).await.id);
    for body in [
        json!({}),
        json!({"stage": "sold"}),
        json!({"stage": ""}),
        json!({"stage": 3}),
        json!({"stage": "Won"}),
    ] {
        let answer = put(&program, &path, "", &body).await.problem(400, "invalid_request");
        assert_eq!(answer.fields(), ["stage"], "{body}");
    }
    assert_eq!(program.get(&path).await.header("etag"), "\"1\"");
    program.get("/v1/leads?stage=sold").await.problem(400, "invalid_request");
    program.get("/v1/leads?limit=501").await.problem(400, "invalid_request");
    for id in ["x".to_owned(), ContactId::random().to_string()] {
        program.get(&format!("/v1/leads/{id}")).await.problem(404, "not_found");
        put(&program, &format!("/v1/leads/{id}"), "", &json!({"stage": "won"}))
            .await
            .problem(404, "not_found");
    }
}
