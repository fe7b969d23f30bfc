//! Hearing at once of messages that another instance wrote.

use std::convert::Infallible;
use std::future::Future;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool, PgPoolOptions};
use tokio::time::{Instant, sleep};

use super::PostgresStores;
use super::error::PostgresFailure;

/// The channels on which a transaction that writes into the outbox or the inbox tells of it. One of each for the whole
/// database: whoever keeps several schemas in it hears of the others' messages too, looks, and finds nothing.
const OUTBOX: &str = "wartel_outbox";
const INBOX: &str = "wartel_inbox";

/// How long one try to connect may take.
const CONNECT_TIME: Duration = Duration::from_secs(5);

/// How long to wait before the next try, when listening has failed.
const AGAIN: Duration = Duration::from_millis(500);

/// How often a failure that lasts is logged.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

impl PostgresStores {
    /// Calls `wake` whenever any instance has written into the outbox, until `shutdown` ends: give it the waker of the
    /// dispatcher, so that a message which one instance promised is sent at once by whichever is free.
    ///
    /// # Behavior
    /// - Uses one connection of its own, beside the pool, opened as those of the pool are.
    /// - A connection that breaks is opened again, and `wake` is called then, because something may have been missed.
    ///   A failure that lasts is logged when it begins and every minute.
    /// - It is a shortcut and no more: a dispatcher asks every second all the same. Behind `PgBouncer` in transaction
    ///   mode nothing is heard.
    pub async fn on_outbox_written(
        &self,
        wake: impl Fn() + Send + Sync,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        self.listen_until(OUTBOX, wake, shutdown).await;
    }

    /// Calls `wake` whenever any instance has recorded something in the inbox, until `shutdown` ends: give it the waker
    /// of the dispatcher. Works as [`on_outbox_written`](Self::on_outbox_written) does.
    pub async fn on_inbox_written(
        &self,
        wake: impl Fn() + Send + Sync,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        self.listen_until(INBOX, wake, shutdown).await;
    }

    async fn listen_until(
        &self,
        channel: &'static str,
        wake: impl Fn() + Send + Sync,
        shutdown: impl Future<Output = ()> + Send,
    ) {
        let options = self.inner.database.connect_options().as_ref().clone();
        let pool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .acquire_timeout(CONNECT_TIME)
            .connect_lazy_with(options);
        tokio::select! {
            () = shutdown => {}
            () = keep_listening(&pool, channel, &wake) => {}
        }
        pool.close().await;
    }
}

async fn keep_listening(pool: &PgPool, channel: &'static str, wake: &(impl Fn() + Send + Sync)) {
    let mut complained: Option<Instant> = None;
    loop {
        let Err(error) = listen(pool, channel, wake).await;
        if complained.is_none_or(|at| at.elapsed() >= COMPLAIN_EVERY) {
            complained = Some(Instant::now());
            let failure = PostgresFailure::of(&error);
            tracing::warn!(
                %failure, channel, "news cannot be listened to; the database is asked every second all the same"
            );
        }
        sleep(AGAIN).await;
    }
}

async fn listen(
    pool: &PgPool,
    channel: &str,
    wake: &(impl Fn() + Send + Sync),
) -> Result<Infallible, sqlx::Error> {
    let mut listener = PgListener::connect_with(pool).await?;
    listener.listen(channel).await?;
    // For what was written while nobody listened.
    wake();
    loop {
        // Nothing means that the connection was lost, and made again: something may have been missed.
        let _ = listener.try_recv().await?;
        wake();
    }
}
