//! One server for all cases, and a schema of its own for each.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::postgres::{PgConnection, PgPoolOptions};
use sqlx::{AssertSqlSafe, Connection as _, Row as _};
use wartel_storage::PostgresStores;

use super::server::Server;

static SHARED: OnceLock<Server> = OnceLock::new();
static COUNT: AtomicU32 = AtomicU32::new(0);

/// The address of a new schema with all tables.
pub(super) async fn database() -> String {
    let url = empty_database().await;
    let stores = PostgresStores::connect(&url).await.unwrap();
    stores.migrate().await.unwrap();
    stores.close().await;
    url
}

/// The address of a new schema without tables. A schema takes 2 ms, a database 50.
pub(super) async fn empty_database() -> String {
    let server = tokio::task::spawn_blocking(shared).await.unwrap();
    let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
    run(&server.url("postgres"), &format!("CREATE SCHEMA {name}")).await;
    format!("{}?options=-c%20search_path%3D{name}", server.url("postgres"))
}

/// Runs statements on a connection of their own.
pub(super) async fn run(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// One number that a query gives.
pub(super) async fn number(url: &str, sql: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.unwrap();
    let row = sqlx::query(AssertSqlSafe(sql.to_owned())).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    row.get(0)
}

/// Empty stores for a case of a suite, on a pool as an app would bring.
pub(super) async fn fresh() -> PostgresStores {
    stores(&database().await).await
}

/// Stores on a database, as one of several instances has them.
pub(super) async fn stores(url: &str) -> PostgresStores {
    PostgresStores::from_pool(PgPoolOptions::new().max_connections(6).connect(url).await.unwrap())
}

fn shared() -> &'static Server {
    SHARED.get_or_init(|| {
        let server = Server::start();
        server.end_with_this_program();
        server
    })
}
