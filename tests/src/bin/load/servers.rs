//! Stores on servers of their own, which end with this program, and their floors.

use serde_json::{Value, json};
use wartel_http::axum::extract::State;
use wartel_http::axum::routing::post;
use wartel_http::axum::{Json, Router};

use crate::client::Subject;
use crate::floor;

/// Connections of the floor: the best of 8, 16, 32 and 64 on two cores.
#[cfg(has_postgres)]
const FLOOR_CONNECTIONS: u32 = 16;

#[cfg(has_postgres)]
#[path = "../../../../crates/storage/tests/postgres/server.rs"]
mod postgres_server;
#[cfg(has_redis)]
#[path = "../../../../crates/storage/tests/redis/server.rs"]
mod redis_server;

fn text<'a>(body: &'a Value, field: &str) -> &'a str {
    body.get(field).and_then(Value::as_str).unwrap_or_default()
}

/// One statement for each operation, on a pool.
#[cfg(has_postgres)]
pub(crate) async fn postgres_floor() -> (Subject, Box<dyn std::any::Any>) {
    async fn request(State(pool): State<sqlx::PgPool>, Json(body): Json<Value>) -> Json<Value> {
        let done = sqlx::query(
            "INSERT INTO codes VALUES ($1, $2, 0) ON CONFLICT (phone) DO UPDATE SET code = $2, tries = 0",
        );
        let done = done.bind(text(&body, "phone")).bind(floor::CODE).execute(&pool).await;
        Json(json!({"success": done.is_ok()}))
    }
    async fn verify(State(pool): State<sqlx::PgPool>, Json(body): Json<Value>) -> Json<Value> {
        let done = sqlx::query_scalar::<_, bool>(
            "UPDATE codes SET tries = tries + 1, code = CASE WHEN code = $2 THEN '' ELSE code END \
             WHERE phone = $1 AND tries < 5 AND code <> '' RETURNING code = ''",
        );
        let done = done.bind(text(&body, "phone")).bind(text(&body, "otp")).fetch_optional(&pool).await;
        Json(json!({"success": done.is_ok_and(|right| right.unwrap_or_default())}))
    }

    let (server, url) = postgres_place().await;
    let options = sqlx::postgres::PgPoolOptions::new();
    let options = options.max_connections(FLOOR_CONNECTIONS).test_before_acquire(false);
    let pool = options.connect(&url).await.unwrap();
    let table = "CREATE TABLE codes (phone TEXT PRIMARY KEY, code TEXT NOT NULL, tries INTEGER NOT NULL)";
    sqlx::query(table).execute(&pool).await.unwrap();
    let routes = Router::new().route("/request", post(request)).route("/verify", post(verify));
    (floor::served(routes.with_state(pool)).await, server)
}

#[cfg(has_postgres)]
pub(crate) async fn postgres() -> (Subject, Box<dyn std::any::Any>) {
    let (server, url) = postgres_place().await;
    let stores = wartel_storage::PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    (crate::subject::served(std::sync::Arc::new(stores)).await, server)
}

/// The inbox on Postgres, and what reads it.
#[cfg(has_postgres)]
pub(crate) async fn postgres_inbox() -> (crate::webhooks::Desk, Box<dyn std::any::Any>) {
    let (server, url) = postgres_place().await;
    let stores = wartel_storage::PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    (crate::webhooks::served(std::sync::Arc::new(stores)).await, server)
}

#[cfg(has_postgres)]
async fn postgres_place() -> (Box<dyn std::any::Any>, String) {
    let server = tokio::task::spawn_blocking(postgres_server::Server::start).await.unwrap();
    server.end_with_this_program();
    let url = server.url("postgres");
    (Box::new(server), url)
}

/// One script for each operation, on one shared connection.
#[cfg(has_redis)]
pub(crate) async fn redis_floor() -> (Subject, Box<dyn std::any::Any>) {
    use std::sync::Arc;

    use redis::Script;
    use redis::aio::MultiplexedConnection;

    type Place = (MultiplexedConnection, Arc<Script>, Arc<Script>);
    async fn request(State((mut redis, set, _)): State<Place>, Json(body): Json<Value>) -> Json<Value> {
        let mut call = set.prepare_invoke();
        let done = call.key(text(&body, "phone")).arg(floor::CODE).arg(300).invoke_async::<i32>(&mut redis);
        Json(json!({"success": done.await.is_ok()}))
    }
    async fn verify(State((mut redis, _, check)): State<Place>, Json(body): Json<Value>) -> Json<Value> {
        let mut call = check.prepare_invoke();
        let done = call.key(text(&body, "phone")).arg(text(&body, "otp")).invoke_async::<i32>(&mut redis);
        Json(json!({"success": done.await.is_ok_and(|right| right == 1)}))
    }

    let (server, url) = redis_place().await;
    let client = redis::Client::open(url).unwrap();
    let connection = client.get_multiplexed_async_connection().await.unwrap();
    let set = "redis.call('HSET', KEYS[1], 'code', ARGV[1], 'tries', 0) redis.call('EXPIRE', KEYS[1], ARGV[2]) return 1";
    let check = "local code = redis.call('HGET', KEYS[1], 'code') \
                 if not code or redis.call('HINCRBY', KEYS[1], 'tries', 1) > 5 then return 0 end \
                 if code ~= ARGV[1] then return 0 end redis.call('DEL', KEYS[1]) return 1";
    let place: Place = (connection, Arc::new(Script::new(set)), Arc::new(Script::new(check)));
    let routes = Router::new().route("/request", post(request)).route("/verify", post(verify));
    (floor::served(routes.with_state(place)).await, server)
}

#[cfg(has_redis)]
pub(crate) async fn redis() -> (Subject, Box<dyn std::any::Any>) {
    let (server, url) = redis_place().await;
    let stores = wartel_storage::RedisStores::connect(&url).await.unwrap();
    (crate::subject::served(std::sync::Arc::new(stores)).await, server)
}

#[cfg(has_redis)]
async fn redis_place() -> (Box<dyn std::any::Any>, String) {
    let server = tokio::task::spawn_blocking(redis_server::Server::start).await.unwrap();
    server.end_with_this_program();
    let url = server.url();
    (Box::new(server), url)
}
