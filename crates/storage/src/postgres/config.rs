//! How to reach a server, read from an address and checked before anything is opened.

use std::fmt;
use std::str::FromStr as _;

use sqlx::postgres::PgConnectOptions;
use wartel_core::{Secret, StoreError, StoreErrorKind};

use super::error::At;

/// How many connections a pool has unless told otherwise.
const CONNECTIONS: u32 = 10;

/// The options of an address that the driver knows. It would leave others out in silence.
const OPTIONS: [&str; 18] = [
    "sslmode",
    "ssl-mode",
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
];

/// How [`PostgresStores::open`](super::PostgresStores::open) reaches a server.
#[derive(Clone)]
#[non_exhaustive]
pub struct PostgresConfig {
    /// The address: `postgres://user:password@host:5432/database`, with options such as `?sslmode=verify-full` after
    /// it. A socket stands as `%2Fvar%2Frun%2Fpostgresql` in the place of the host. Required.
    pub url: Secret,
    /// How many connections the pool opens at the most. Default: 10. Range: 2..=1000.
    pub connections: u32,
}

/// What is wrong with a [`PostgresConfig`]. Shows no part of the address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostgresConfigError {
    /// The address cannot be read.
    #[error("the address is not of the form postgres://user:password@host/database")]
    Address,
    /// The address has an option that there is none of.
    #[error("the address has an option that does not exist")]
    Option,
    /// Too few connections, or too many.
    #[error("the number of connections is not between 2 and 1000")]
    Connections,
}

impl PostgresConfig {
    /// A pool of at most 10 connections to this address.
    #[must_use]
    pub fn new(url: impl Into<Secret>) -> Self {
        Self { url: url.into(), connections: CONNECTIONS }
    }

    /// Another number of connections.
    #[must_use]
    pub const fn with_connections(mut self, connections: u32) -> Self {
        self.connections = connections;
        self
    }

    /// Checks everything that can be checked without a server.
    ///
    /// # Errors
    /// [`PostgresConfigError`] names what is wrong.
    pub fn validate(&self) -> Result<(), PostgresConfigError> {
        self.options().map(|_| ())
    }

    pub(super) fn options(&self) -> Result<PgConnectOptions, PostgresConfigError> {
        let url = self.url.expose();
        if !(url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            return Err(PostgresConfigError::Address);
        }
        let options = url.split_once('?').map_or("", |(_, options)| options);
        let mut names = options.split('&').filter_map(|option| option.split('=').next());
        if names.any(|name| !name.is_empty() && !OPTIONS.contains(&name) && !name.starts_with("options[")) {
            return Err(PostgresConfigError::Option);
        }
        if !(2..=1000).contains(&self.connections) {
            return Err(PostgresConfigError::Connections);
        }
        let options = PgConnectOptions::from_str(url).map_err(|_| PostgresConfigError::Address)?;
        Ok(options.application_name("wartel"))
    }
}

impl fmt::Debug for PostgresConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresConfig").field("connections", &self.connections).finish_non_exhaustive()
    }
}

impl<T> At<T> for Result<T, PostgresConfigError> {
    fn at(self, step: &'static str) -> Result<T, StoreError> {
        self.map_err(|error| StoreError::new(StoreErrorKind::Unexpected, step).with_source(error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_named_and_not_shown() {
        use PostgresConfigError::{Address, Connections, Option};
        for (url, connections, expected) in [
            ("postgres://wartel:hunter2@db.example/wartel", 10, Ok(())),
            ("postgresql://wartel@db.example/wartel?sslmode=verify-full", 2, Ok(())),
            (
                "postgres://wartel@%2Ftmp/wartel?options=-c%20search_path%3Dx&statement-cache-capacity=0",
                10,
                Ok(()),
            ),
            ("mysql://wartel:hunter2@db.example/wartel", 10, Err(Address)),
            ("postgres://wartel@db.example:hunter2/wartel", 10, Err(Address)),
            ("postgres://wartel@db.example/wartel?sslmode=hunter2", 10, Err(Address)),
            ("postgres://wartel@db.example/wartel?slmode=hunter2", 10, Err(Option)),
            ("postgres://wartel@db.example/wartel", 1, Err(Connections)),
            ("postgres://wartel@db.example/wartel", 1_001, Err(Connections)),
        ] {
            let config = PostgresConfig::new(url).with_connections(connections);
            assert_eq!(config.validate(), expected, "{url}");
            assert!(!format!("{config:?} {:?}", config.validate()).contains("hunter2"));
        }
    }
}
