use serde_json::json;
use wartel_access::Scope;
use wartel_http::axum::body::Body;
use wartel_http::axum::http::{Method, StatusCode};

use super::{Program, REDEEM, START, signed};
use crate::app::{PHONE, RequestExt as _, json_request, request};

#[tokio::test]
async fn what_belongs_to_others_is_not_there() {
    let program = Program::new().await;
    let path = program.start(PHONE).await;
    let code = json!({"code": program.app.code(PHONE)});
    let other = program.app.key("warung-siti", &Scope::ALL).await;
    let get = |path: &str| signed(request(Method::GET, path, Body::empty()), &other);
    program.app.call(get(&path)).await.problem(404, "not_found");
    program.app.call(get(&format!("{path}?wait=30&since=queued"))).await.problem(404, "not_found");
    program.app.call(get(&format!("{path}/events"))).await.problem(404, "not_found");
    let check = signed(json_request(&format!("{path}/check"), code.clone()), &other);
    program.app.call(check).await.problem(404, "not_found");
    let delete = signed(request(Method::DELETE, &path, Body::empty()), &other);
    program.app.call(delete).await.problem(404, "not_found");
    // Nor to the tenant of the public routes.
    let id = path.rsplit('/').next().unwrap();
    program.app.get(&format!("/api/verifications/{id}")).await.problem(404, "not_found");

    // Nothing of it was spent.
    assert_eq!(program.get(&path).await.json["data"]["attempts_left"], 5);
    let answer = program.post(&format!("{path}/check"), code).await.expect(StatusCode::OK);
    let proof = json!({"proof": answer.json["data"]["proof"], "purpose": "login", "by": "user-17"});
    let theirs = signed(json_request(REDEEM, proof.clone()), &other);
    program.app.call(theirs).await.problem(403, "phone_not_verified");
    program.post(REDEEM, proof).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn each_tenant_has_a_code_of_its_own() {
    let program = Program::new().await;
    let mine = program.start(PHONE).await;
    let code = program.app.code(PHONE);
    let other = program.app.key("warung-siti", &Scope::ALL).await;
    let body = json!({"phone": PHONE, "purpose": "login"});
    let answer =
        program.app.call(signed(json_request(START, body), &other)).await.expect(StatusCode::CREATED);
    let theirs = format!("{START}/{}/check", answer.json["data"]["verification_id"].as_str().unwrap());
    let guess = signed(json_request(&theirs, json!({"code": code})), &other);
    program.app.call(guess).await.problem(422, "wrong_code");
    program.post(&format!("{mine}/check"), json!({"code": code})).await.expect(StatusCode::OK);
}

#[tokio::test]
async fn nothing_but_the_key_says_which_tenant_it_is() {
    let program = Program::new().await;
    let body = json!({"phone": PHONE, "purpose": "login", "tenant": "default"});
    let asked = json_request(START, body).header("x-tenant", "default").header("host", "default.example");
    let answer = program.call(asked).await.expect(StatusCode::CREATED);
    let id = answer.json["data"]["verification_id"].as_str().unwrap();
    program.app.get(&format!("/api/verifications/{id}")).await.problem(404, "not_found");
    program.get(&format!("{START}/{id}")).await.expect(StatusCode::OK);
}
