use serde_json::{Value, json};
use wartel_access::Scope;
use wartel_core::TenantId;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, Request, StatusCode};

use super::{BOT, ITEM, SHOP, actions, budi, chat, customer, lead, profile, put, shop, with_body};
use crate::app::{Answer, RequestExt as _, request};
use crate::v1::{Program, signed};

/// The other tenant's program.
async fn siti(program: &Program) -> impl AsyncFn(Request<Body>) -> Answer {
    let key = program.app.key("warung-siti", &Scope::ALL).await;
    async move |asked| program.app.call(signed(asked, &key)).await
}

fn get(path: &str) -> Request<Body> {
    request(Method::GET, path, Body::empty())
}

#[tokio::test]
async fn hazard_16_what_belongs_to_others_is_not_there() {
    let program = shop().await;
    put(&program, ITEM, "", &json!({"title": "Avanza"})).await.expect(StatusCode::CREATED);
    let ani = customer(&program);
    let chat = chat(&program, &budi(), &ani, "halo").await;
    let lead = format!("/v1/leads/{}", lead(&program, &budi(), &ani).await.id);
    let before = actions(&program).await;
    let siti = siti(&program).await;
    for path in [SHOP, BOT, "/v1/usage", ITEM, &lead, &chat] {
        siti(get(path)).await.problem(404, "not_found");
    }
    siti(with_body(Method::PUT, BOT, "", &json!({"enabled": false}))).await.problem(404, "not_found");
    siti(with_body(Method::PUT, &lead, "", &json!({"stage": "won"}))).await.problem(404, "not_found");
    siti(request(Method::DELETE, ITEM, Body::empty()).header("if-match", "*"))
        .await
        .problem(404, "not_found");
    for step in ["pause", "resume", "messages"] {
        let asked = with_body(Method::POST, &format!("{chat}/{step}"), "", &json!({"text": "Halo"}));
        siti(asked).await.problem(404, "not_found");
    }
    for (path, list) in [("/v1/items", "items"), ("/v1/leads", "leads"), ("/v1/chats", "chats")] {
        let answer = siti(get(path)).await.expect(StatusCode::OK);
        assert!(answer.json["data"][list].as_array().unwrap().is_empty(), "{path}");
    }
    assert_eq!(siti(get("/v1/items.csv")).await.text().lines().count(), 1);
    let gone = siti(request(Method::DELETE, &format!("/v1/customers/{}", ani.id), Body::empty())).await;
    assert_eq!(gone.expect(StatusCode::OK).json["data"], json!({"chats": 0, "leads": 0}));

    // Nothing has happened to it.
    assert_eq!(actions(&program).await, before);
    assert_eq!(program.get(BOT).await.json["data"]["enabled"], true);
    let read = program.get(&chat).await.expect(StatusCode::OK);
    assert_eq!(
        (&read.json["data"]["chat"]["pause"], &read.json["data"]["chat"]["unsent"]),
        (&json!(null), &json!(0))
    );
    assert_eq!(program.get(&lead).await.json["data"]["stage"], "new");
    program.get(ITEM).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn hazard_33_a_forged_tenant_has_no_effect() {
    let program = shop().await;
    put(&program, ITEM, "", &json!({"title": "Avanza"})).await.expect(StatusCode::CREATED);
    let siti = siti(&program).await;
    let forged = |mut body: Value| {
        for name in ["id", "tenant", "tenant_id"] {
            body[name] = "toko-budi".into();
        }
        body
    };
    let forge = |asked: Request<Body>| {
        asked.header("x-tenant", "toko-budi").header("x-tenant-id", "toko-budi").header("tenant", "toko-budi")
    };
    let mut body = forged(profile());
    body["name"] = "Warung Siti".into();
    let asked = with_body(Method::PUT, "/v1/shop?tenant=toko-budi&tenant_id=toko-budi", "", &body);
    let made = siti(forge(asked)).await.expect(StatusCode::OK);
    assert_eq!((&made.json["data"]["id"], made.header("etag")), (&json!("warung-siti"), "\"1\""));
    let item = forged(json!({"title": "Bakso", "code": "XX-9"}));
    let asked = with_body(Method::PUT, &format!("{ITEM}?tenant=toko-budi"), "", &item);
    siti(forge(asked)).await.expect(StatusCode::CREATED);
    let file = "code,title,tenant\nAV-2,Soto,toko-budi\n";
    let asked =
        request(Method::POST, "/v1/items.csv?tenant=toko-budi", file).header("content-type", "text/csv");
    siti(forge(asked)).await.expect(StatusCode::OK);
    siti(forge(with_body(Method::PUT, BOT, "", &forged(json!({"enabled": false})))))
        .await
        .expect(StatusCode::OK);

    let shops = &program.app.shops;
    let other = TenantId::parse("warung-siti").unwrap();
    let titles = async |tenant: &TenantId| -> Vec<String> {
        let items = shops.catalogue.list(tenant).await.unwrap();
        assert!(items.iter().all(|item| item.tenant == *tenant));
        items.into_iter().map(|item| item.title).collect()
    };
    assert_eq!(titles(&budi()).await, ["Avanza"]);
    assert_eq!(titles(&other).await, ["Bakso", "Soto"]);
    let mine = shops.tenants.get(&budi()).await.unwrap().unwrap().0;
    let theirs = shops.tenants.get(&other).await.unwrap().unwrap().0;
    assert_eq!((mine.name.as_str(), mine.bot.enabled), ("Toko Budi", true));
    assert_eq!((theirs.name.as_str(), theirs.bot.enabled), ("Warung Siti", false));
    let read = siti(forge(get("/v1/shop?tenant=toko-budi"))).await;
    assert_eq!(read.json["data"]["name"], "Warung Siti");
}
