//! Chats: a document each, and who may work on it.

use std::time::Duration;

use sqlx::postgres::PgConnection;
use sqlx::{Connection as _, Row as _};
use wartel_bot::conversation::{Chat, ChatWrite, ConversationStore, Fence, LeaseChange, LeasedChat, Line};
use wartel_bot::{ChatKey, Revision, Saved};
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::inbox::ContactId;

use super::{lines, read_all, read_revised, saved};
use crate::bot_rows::{json, parsed, revision, signed, unsigned};
use crate::postgres::database::{BEGIN_BY_KEY, Repeat, Written};
use crate::postgres::error::{At as _, PostgresFailure};
use crate::postgres::{PostgresStores, row_limit};

const LOAD: &str = "SELECT document, revision FROM wartel_bot_chats
     WHERE tenant = $1 AND account = $2 AND contact = $3";
const LIST: &str = "SELECT document FROM wartel_bot_chats
     WHERE tenant = $1 ORDER BY last_inbound_at DESC NULLS LAST LIMIT $2";
const LIST_PAUSED: &str = "SELECT document FROM wartel_bot_chats
     WHERE tenant = $1 AND paused ORDER BY last_inbound_at DESC NULLS LAST LIMIT $2";
const RELEASE: &str = "UPDATE wartel_bot_chats SET leased_until = NULL
     WHERE tenant = $1 AND account = $2 AND contact = $3 AND fence = $4";

/// Writes a new chat, and its lines if it was new.
const INSERT: &str = "WITH written AS (
         INSERT INTO wartel_bot_chats (tenant, account, contact, document, due_at, last_inbound_at, paused, revision)
         VALUES ($1, $2, $3, $4, $5, $6, $7, 1) ON CONFLICT DO NOTHING RETURNING 1
     ), lines AS (
         INSERT INTO wartel_bot_lines (tenant, account, contact, number, at, document)
         SELECT $1, $2, $3, line.number, line.at, line.document
         FROM written CROSS JOIN unnest($8::bigint[], $9::bigint[], $10::text[]) WITH ORDINALITY
              AS line (number, at, document, place)
         ORDER BY line.place ON CONFLICT DO NOTHING
     )
     SELECT count(*), pg_current_xact_id()::text FROM written";
/// Writes a chat that is still as it was read, and its lines if it was.
const UPDATE: &str = "WITH written AS (
         UPDATE wartel_bot_chats SET document = $4, due_at = $5, last_inbound_at = $6, paused = $7,
             revision = revision + 1, leased_until = CASE WHEN $13 THEN NULL ELSE leased_until END
         WHERE tenant = $1 AND account = $2 AND contact = $3 AND revision = $11
           AND ($12::bigint IS NULL OR fence = $12)
         RETURNING 1
     ), lines AS (
         INSERT INTO wartel_bot_lines (tenant, account, contact, number, at, document)
         SELECT $1, $2, $3, line.number, line.at, line.document
         FROM written CROSS JOIN unnest($8::bigint[], $9::bigint[], $10::text[]) WITH ORDINALITY
              AS line (number, at, document, place)
         ORDER BY line.place ON CONFLICT DO NOTHING
     )
     SELECT count(*), pg_current_xact_id()::text FROM written";

/// The fence is the instant, if that is more than the last one: a chat that was forgotten and begins anew gives no fence
/// of old.
const LEASE: &str = "WITH due AS MATERIALIZED (
         SELECT tenant, account, contact, due_at FROM wartel_bot_chats
         WHERE due_at <= $1 AND (leased_until IS NULL OR leased_until <= $1)
         ORDER BY due_at LIMIT $2 FOR UPDATE SKIP LOCKED
     )
     UPDATE wartel_bot_chats AS chat SET fence = greatest(chat.fence + 1, $1), leased_until = $3
     FROM due WHERE chat.tenant = due.tenant AND chat.account = due.account AND chat.contact = due.contact
     RETURNING due.due_at, chat.document, chat.revision, chat.fence";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ConversationStore for PostgresStores {
    async fn load(&self, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError> {
        const STEP: &str = "chats.load";
        let row = self.inner.database.ask(STEP, Repeat::Safe, key, |connection, key| {
            Box::pin(async move {
                let row = sqlx::query(LOAD)
                    .bind(key.tenant.as_str())
                    .bind(key.account.as_str())
                    .bind(key.contact.to_string())
                    .fetch_optional(connection);
                Ok(row.await?)
            })
        });
        read_revised(row.await?.as_ref(), STEP)
    }

    async fn save(&self, write: &ChatWrite, _now: Timestamp) -> Result<Saved, StoreError> {
        const STEP: &str = "chats.save";
        let fence = match write.lease {
            LeaseChange::None => None,
            LeaseChange::Keep(fence) | LeaseChange::Release(fence) => Some(fence),
        };
        // Nobody has leased a chat that does not exist.
        if write.read == Revision::NEW && fence.is_some_and(|fence| fence.0 != 0) {
            return Ok(Saved::Conflict);
        }
        let lines = write.lines.iter().map(|line| json(line, STEP)).collect::<Result<Vec<_>, _>>()?;
        let values = (write, json(&write.chat, STEP)?, lines, fence);
        let save = self.inner.database.change_in(BEGIN_BY_KEY, STEP, values, |connection, values| {
            let (write, document, lines, fence) = values;
            Box::pin(put(connection, write, document, lines, *fence))
        });
        save.await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedChat>, StoreError> {
        const STEP: &str = "chats.lease_due";
        // If the answer is lost, the leases lapse: that is what they are for.
        let values = (now.as_micros(), row_limit(limit), (now + lease).as_micros());
        let rows = self.inner.database.ask(STEP, Repeat::Never, values, |connection, values| {
            let (now, limit, until) = *values;
            Box::pin(async move {
                // In a transaction, so that a lease that takes too long is taken back.
                let mut transaction = connection.begin_with(BEGIN_BY_KEY).await?;
                let rows = sqlx::query(LEASE).bind(now).bind(limit).bind(until);
                let rows = rows.fetch_all(&mut *transaction).await?;
                transaction.commit().await?;
                Ok(rows)
            })
        });
        let mut leased: Vec<(i64, LeasedChat)> = Vec::new();
        for row in rows.await? {
            let (number, fence): (i64, i64) = (row.try_get(2).at(STEP)?, row.try_get(3).at(STEP)?);
            match parsed(row.try_get(1).at(STEP)?, STEP) {
                Ok(chat) => {
                    let chat = LeasedChat::new(chat, revision(number), Fence(unsigned(fence)));
                    leased.push((row.try_get(0).at(STEP)?, chat));
                }
                // Its neighbours are not to wait for it. It is looked at again when the lease has lapsed.
                Err(error) => tracing::error!(%error, "a chat that is due cannot be read"),
            }
        }
        leased.sort_by_key(|(due_at, _)| *due_at);
        Ok(leased.into_iter().map(|(_, chat)| chat).collect())
    }

    async fn release(&self, key: &ChatKey, fence: Fence) -> Result<(), StoreError> {
        let values = (key, signed(fence.0));
        let release =
            self.inner.database.ask("chats.release", Repeat::Safe, values, |connection, (key, fence)| {
                Box::pin(async move {
                    let released = sqlx::query(RELEASE)
                        .bind(key.tenant.as_str())
                        .bind(key.account.as_str())
                        .bind(key.contact.to_string())
                        .bind(*fence)
                        .execute(connection);
                    released.await?;
                    Ok(())
                })
            });
        release.await
    }

    async fn lines(&self, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
        lines::read(&self.inner.database, key, from, limit).await
    }

    async fn list(&self, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError> {
        const STEP: &str = "chats.list";
        let values = (if paused { LIST_PAUSED } else { LIST }, tenant, row_limit(limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (select, tenant, limit) = *values;
            Box::pin(async move {
                Ok(sqlx::query(select).bind(tenant.as_str()).bind(limit).fetch_all(connection).await?)
            })
        });
        read_all(&rows.await?, STEP)
    }

    async fn note_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        lines::note_sent(&self.inner.database, tenant, account, message, now).await
    }

    async fn was_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
    ) -> Result<bool, StoreError> {
        lines::was_sent(&self.inner.database, tenant, account, message).await
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let values = (tenant, contact);
        let forget = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "chats.forget",
            values,
            |connection, (tenant, contact)| Box::pin(forget(connection, tenant, *contact)),
        );
        forget.await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        lines::purge(&self.inner.database, before, limit).await
    }
}

async fn put(
    connection: &mut PgConnection,
    write: &ChatWrite,
    document: &str,
    lines: &[String],
    fence: Option<Fence>,
) -> Result<Written<Saved>, PostgresFailure> {
    let ChatWrite { chat, read, .. } = write;
    let is_new = *read == Revision::NEW;
    let mut query = sqlx::query(if is_new { INSERT } else { UPDATE })
        .bind(chat.key.tenant.as_str())
        .bind(chat.key.account.as_str())
        .bind(chat.key.contact.to_string())
        .bind(document)
        .bind(chat.due_at().map(Timestamp::as_micros))
        .bind(chat.last_inbound_at.map(Timestamp::as_micros))
        .bind(chat.pause.is_some())
        .bind(write.lines.iter().map(|line| signed(line.number)).collect::<Vec<_>>())
        .bind(write.lines.iter().map(|line| line.at.as_micros()).collect::<Vec<_>>())
        .bind(lines);
    if !is_new {
        query = query
            .bind(signed(read.as_u64()))
            .bind(fence.map(|fence| signed(fence.0)))
            .bind(matches!(write.lease, LeaseChange::Release(_)));
    }
    saved(&query.fetch_one(connection).await?, *read)
}

async fn forget(
    connection: &mut PgConnection,
    tenant: &TenantId,
    contact: ContactId,
) -> Result<Written<usize>, PostgresFailure> {
    // The chats first: who writes one just now is waited for, and its lines are seen by the second statement.
    const CHATS: &str = "DELETE FROM wartel_bot_chats WHERE tenant = $1 AND contact = $2";
    const LINES: &str = "WITH gone AS (
             DELETE FROM wartel_bot_lines WHERE tenant = $1 AND contact = $2
         ) SELECT pg_current_xact_id()::text";
    let contact = contact.to_string();
    let chats = sqlx::query(CHATS).bind(tenant.as_str()).bind(&contact).execute(&mut *connection).await?;
    let row = sqlx::query(LINES).bind(tenant.as_str()).bind(&contact).fetch_one(connection).await?;
    Ok((usize::try_from(chats.rows_affected()).unwrap_or(usize::MAX), row.try_get(0)?))
}
