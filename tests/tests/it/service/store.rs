//! Where the service under test keeps its state: each test has a place of its own.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use sqlx::postgres::PgConnection;
use sqlx::{AssertSqlSafe, Connection as _, Row as _};

#[path = "../../../../crates/storage/tests/postgres/server.rs"]
pub(crate) mod postgres;
#[path = "../../../../crates/storage/tests/redis/server.rs"]
pub(crate) mod redis;

use postgres::Server;

/// The tables that hold what callers caused.
const TABLES: [&str; 5] = [
    "wartel_otp_phones",
    "wartel_otp_locators",
    "wartel_otp_budgets",
    "wartel_messaging_outbox",
    "wartel_registration_registrations",
];

/// One place for the state of a service, or of several that share it.
#[derive(Clone)]
pub(crate) enum Store {
    /// A file in the service's folder.
    Sqlite(std::path::PathBuf),
    /// A Postgres database.
    Postgres(String),
    /// A Redis server of its own for the codes, and another store for the rest.
    Redis(Redis, Box<Store>),
}

/// A Redis server.
pub(crate) type Redis = Arc<Mutex<redis::Server>>;

impl Store {
    /// A file in this folder.
    pub(crate) fn sqlite(folder: &Path) -> Self {
        Self::Sqlite(folder.join("wartel.db"))
    }

    /// A schema of its own on the server that all tests share. A schema takes 2 ms, a database 50.
    pub(crate) async fn postgres() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let server = tokio::task::spawn_blocking(shared_server).await.unwrap();
        let name = format!("test_{}", COUNT.fetch_add(1, Ordering::Relaxed));
        let url = server.url("postgres");
        execute(&url, &format!("CREATE SCHEMA {name}")).await;
        Self::Postgres(format!("{url}?options=-c%20search_path%3D{name}"))
    }

    /// A Redis server for the codes, with this for the rest.
    pub(crate) fn with_redis(self) -> Self {
        let server = tokio::task::block_in_place(redis::Server::start);
        Self::Redis(Arc::new(Mutex::new(server)), Box::new(self))
    }

    /// The variables that tell a service of it.
    pub(crate) fn vars(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Sqlite(path) => vec![("DATABASE_URL", format!("sqlite://{}", path.display()))],
            Self::Postgres(url) => vec![("DATABASE_URL", url.clone())],
            Self::Redis(server, rest) => {
                let mut vars = rest.vars();
                vars.push(("REDIS_URL", server.lock().unwrap().url()));
                vars
            }
        }
    }

    /// Rows in all tables that hold what callers caused, and keys.
    pub(crate) async fn rows(&self) -> i64 {
        let mut rows = match self {
            // One key is the probe's.
            Self::Redis(server, _) => {
                i64::try_from(keys(server).iter().filter(|key| !key.ends_with(":probe")).count()).unwrap()
            }
            _ => 0,
        };
        for table in TABLES {
            let count = self.texts(&format!("SELECT CAST(count(*) AS TEXT) FROM {table}")).await;
            rows += count[0].parse::<i64>().unwrap();
        }
        rows
    }

    /// What is known of each phone, as text.
    pub(crate) async fn ledgers(&self) -> Vec<String> {
        match self {
            Self::Redis(server, _) => keys(server)
                .iter()
                .filter(|key| key.contains("}:p:"))
                .map(|key| ask(server, &["GET", key]).concat())
                .collect(),
            _ => self.texts("SELECT ledger FROM wartel_otp_phones").await,
        }
    }

    /// The answers of the database to a query of one column of text.
    pub(crate) async fn texts(&self, query: &str) -> Vec<String> {
        match self.database() {
            Self::Sqlite(path) => {
                let file = rusqlite::Connection::open(path).unwrap();
                let mut statement = file.prepare(query).unwrap();
                let rows = statement.query_map([], |row| row.get(0)).unwrap();
                rows.map(|row| row.unwrap()).collect()
            }
            Self::Redis(..) => panic!("it is no database"),
            Self::Postgres(url) => {
                let mut connection = PgConnection::connect(url).await.unwrap();
                let rows =
                    sqlx::query(AssertSqlSafe(query.to_owned())).fetch_all(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                rows.iter().map(|row| row.get(0)).collect()
            }
        }
    }

    /// The database.
    fn database(&self) -> &Self {
        match self {
            Self::Redis(_, rest) => rest,
            database => database,
        }
    }

    /// Everything that it holds: the bytes of the files, or the rows of all tables as text, with all that was ever
    /// written to Redis.
    pub(crate) async fn dump(&self) -> Vec<u8> {
        let mut dump = match self {
            Self::Redis(server, _) => {
                let folder = server.lock().unwrap().socket().parent().unwrap().join("appendonlydir");
                assert!(folder.is_dir(), "Redis writes its file elsewhere");
                files(&folder)
            }
            _ => Vec::new(),
        };
        match self.database() {
            Self::Redis(..) => panic!("it is no database"),
            Self::Sqlite(path) => dump.extend(files(path.parent().unwrap())),
            Self::Postgres(_) => {
                let tables = self
                    .texts("SELECT tablename::text FROM pg_tables WHERE schemaname = current_schema()")
                    .await;
                assert!(tables.len() >= TABLES.len(), "{tables:?}");
                for table in tables {
                    for row in self.texts(&format!("SELECT t::text FROM {table} AS t")).await {
                        dump.extend_from_slice(row.as_bytes());
                        dump.push(b'\n');
                    }
                }
            }
        }
        dump
    }
}

/// The bytes of all files of a folder.
fn files(folder: &Path) -> Vec<u8> {
    let paths = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    paths.filter(|path| path.is_file()).flat_map(|path| std::fs::read(path).unwrap()).collect()
}

fn keys(server: &Redis) -> Vec<String> {
    ask(server, &["KEYS", "*"])
}

/// Asks a Redis server and answers the texts of its reply, however they are nested.
pub(crate) fn ask(server: &Redis, command: &[&str]) -> Vec<String> {
    let mut stream = BufReader::new(UnixStream::connect(server.lock().unwrap().socket()).unwrap());
    let mut request = format!("*{}\r\n", command.len());
    for word in command {
        request.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.get_mut().write_all(request.as_bytes()).unwrap();
    let mut texts = Vec::new();
    let mut left = 1;
    while left > 0 {
        left -= 1;
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        let (kind, rest) = line.trim_end().split_at(1);
        match kind {
            "*" => left += rest.parse::<usize>().unwrap(),
            "$" if rest == "-1" => {}
            "$" => {
                let mut bytes = vec![0; rest.parse::<usize>().unwrap() + 2];
                stream.read_exact(&mut bytes).unwrap();
                texts.push(String::from_utf8_lossy(&bytes[..bytes.len() - 2]).into_owned());
            }
            "-" => panic!("Redis refuses: {rest}"),
            _ => texts.push(rest.to_owned()),
        }
    }
    texts
}

/// Runs statements on a Postgres server.
pub(crate) async fn execute(url: &str, sql: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    for statement in sql.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
        sqlx::raw_sql(AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
}

fn shared_server() -> &'static Server {
    static SHARED: OnceLock<Server> = OnceLock::new();
    SHARED.get_or_init(|| {
        let server = Server::start();
        server.end_with_this_program();
        server
    })
}
