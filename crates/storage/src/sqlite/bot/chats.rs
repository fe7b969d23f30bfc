//! Chats: a document each, and who may work on it.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::conversation::{Chat, ChatWrite, ConversationStore, Fence, LeaseChange, LeasedChat, Line};
use wartel_bot::{ChatKey, Revision, Saved};
use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::inbox::ContactId;

use super::{lines, row_limit, saved};
use crate::bot_rows::{json, parsed, revised, revision, signed, unsigned};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl ConversationStore for SqliteStores {
    async fn load(&self, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError> {
        let key = key.clone();
        self.read("chats.load", move |db| load(db, &key)).await
    }

    async fn save(&self, write: &ChatWrite, _now: Timestamp) -> Result<Saved, StoreError> {
        const STEP: &str = "chats.save";
        let (write, document) = (write.clone(), json(&write.chat, STEP)?);
        self.write(STEP, move |db| save(db, &write, &document)).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedChat>, StoreError> {
        self.write("chats.lease_due", move |db| lease_due(db, limit, lease, now)).await
    }

    async fn release(&self, key: &ChatKey, fence: Fence) -> Result<(), StoreError> {
        let key = key.clone();
        self.write("chats.release", move |db| release(db, &key, fence)).await
    }

    async fn lines(&self, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
        let key = key.clone();
        self.read("chats.lines", move |db| lines::read(db, &key, from, limit)).await
    }

    async fn list(&self, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError> {
        let tenant = tenant.clone();
        self.read("chats.list", move |db| list(db, &tenant, paused, limit)).await
    }

    async fn note_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (tenant, account, message) = (tenant.clone(), account.clone(), message.clone());
        self.write("chats.note_sent", move |db| lines::note_sent(db, &tenant, &account, &message, now)).await
    }

    async fn was_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
    ) -> Result<bool, StoreError> {
        let (tenant, account, message) = (tenant.clone(), account.clone(), message.clone());
        self.read("chats.was_sent", move |db| lines::was_sent(db, &tenant, &account, &message)).await
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let tenant = tenant.clone();
        self.write("chats.forget", move |db| forget(db, &tenant, contact)).await
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.write("chats.purge", move |db| lines::purge(db, before, limit)).await
    }
}

fn load(db: &Db<'_>, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError> {
    const STEP: &str = "chats.load";
    let row = db
        .prepare_cached(
            "SELECT document, revision FROM wartel_bot_chats \
             WHERE tenant = ?1 AND account = ?2 AND contact = ?3",
        )
        .at(STEP)?
        .query_row([key.tenant.as_str(), key.account.as_str(), &key.contact.to_string()], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()
        .at(STEP)?;
    row.map(|row| revised(row, STEP)).transpose()
}

fn save(db: &Db<'_>, write: &ChatWrite, document: &str) -> Result<Saved, StoreError> {
    const STEP: &str = "chats.save";
    // A chat that is new has the fence 0: nobody has leased it.
    const INSERT: &str = "INSERT INTO wartel_bot_chats \
         (tenant, account, contact, document, due_at, last_inbound_at, paused, revision) \
         SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 + 1 WHERE coalesce(?9, 0) = 0 AND ?10 IS NOT NULL \
         ON CONFLICT DO NOTHING";
    const UPDATE: &str = "UPDATE wartel_bot_chats SET document = ?4, due_at = ?5, last_inbound_at = ?6, \
         paused = ?7, revision = revision + 1, leased_until = iif(?10, NULL, leased_until) \
         WHERE tenant = ?1 AND account = ?2 AND contact = ?3 AND revision = ?8 AND (?9 IS NULL OR fence = ?9)";
    let ChatWrite { chat, read, .. } = write;
    let (fence, release) = match write.lease {
        LeaseChange::None => (None, false),
        LeaseChange::Keep(fence) => (Some(signed(fence.0)), false),
        LeaseChange::Release(fence) => (Some(signed(fence.0)), true),
    };
    let written = db
        .prepare_cached(if *read == Revision::NEW { INSERT } else { UPDATE })
        .at(STEP)?
        .execute(params![
            chat.key.tenant.as_str(),
            chat.key.account.as_str(),
            chat.key.contact.to_string(),
            document,
            chat.due_at().map(Timestamp::as_micros),
            chat.last_inbound_at.map(Timestamp::as_micros),
            chat.pause.is_some(),
            signed(read.as_u64()),
            fence,
            release,
        ])
        .at(STEP)?;
    let saved = saved(written, *read);
    if saved.is_saved() {
        lines::put(db, &chat.key, &write.lines)?;
    }
    Ok(saved)
}

fn lease_due(
    db: &Db<'_>,
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeasedChat>, StoreError> {
    const STEP: &str = "chats.lease_due";
    let mut due = Vec::new();
    {
        let mut statement = db
            .prepare_cached(
                "SELECT rowid, document, revision, fence FROM wartel_bot_chats \
                 WHERE due_at <= ?1 AND (leased_until IS NULL OR leased_until <= ?1) ORDER BY due_at LIMIT ?2",
            )
            .at(STEP)?;
        let mut rows = statement.query(params![now.as_micros(), row_limit(limit)]).at(STEP)?;
        while let Some(row) = rows.next().at(STEP)? {
            let document: String = row.get(1).at(STEP)?;
            let numbers: (i64, i64, i64) = (row.get(0).at(STEP)?, row.get(2).at(STEP)?, row.get(3).at(STEP)?);
            due.push((document, numbers));
        }
    }
    let mut leased = Vec::new();
    for (document, (rowid, number, fence)) in due {
        // The instant, if that is more: a chat that was forgotten and begins anew gives no fence of old.
        let fence = fence.saturating_add(1).max(now.as_micros());
        hand_over(db, rowid, fence, now + lease)?;
        match parsed(&document, STEP) {
            Ok(chat) => leased.push(LeasedChat::new(chat, revision(number), Fence(unsigned(fence)))),
            // Its neighbours are not to wait for it. It is looked at again when the lease has lapsed.
            Err(error) => tracing::error!(%error, "a chat that is due cannot be read"),
        }
    }
    Ok(leased)
}

fn hand_over(db: &Db<'_>, rowid: i64, fence: i64, until: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "chats.hand_over";
    db.prepare_cached("UPDATE wartel_bot_chats SET fence = ?2, leased_until = ?3 WHERE rowid = ?1")
        .at(STEP)?
        .execute(params![rowid, fence, until.as_micros()])
        .at(STEP)?;
    Ok(())
}

fn release(db: &Db<'_>, key: &ChatKey, fence: Fence) -> Result<(), StoreError> {
    const STEP: &str = "chats.release";
    db.prepare_cached(
        "UPDATE wartel_bot_chats SET leased_until = NULL \
         WHERE tenant = ?1 AND account = ?2 AND contact = ?3 AND fence = ?4",
    )
    .at(STEP)?
    .execute(params![key.tenant.as_str(), key.account.as_str(), key.contact.to_string(), signed(fence.0)])
    .at(STEP)?;
    Ok(())
}

fn list(db: &Db<'_>, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError> {
    const STEP: &str = "chats.list";
    // NULL is less than every instant, so it comes last.
    const ALL: &str = "SELECT document FROM wartel_bot_chats \
         WHERE tenant = ?1 ORDER BY last_inbound_at DESC LIMIT ?2";
    const PAUSED: &str = "SELECT document FROM wartel_bot_chats \
         WHERE tenant = ?1 AND paused = 1 ORDER BY last_inbound_at DESC LIMIT ?2";
    let mut statement = db.prepare_cached(if paused { PAUSED } else { ALL }).at(STEP)?;
    let mut rows = statement.query(params![tenant.as_str(), row_limit(limit)]).at(STEP)?;
    let mut chats = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        chats.push(parsed(&row.get::<_, String>(0).at(STEP)?, STEP)?);
    }
    Ok(chats)
}

fn forget(db: &Db<'_>, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
    const STEP: &str = "chats.forget";
    const LINES: &str = "DELETE FROM wartel_bot_lines WHERE tenant = ?1 AND contact = ?2";
    const CHATS: &str = "DELETE FROM wartel_bot_chats WHERE tenant = ?1 AND contact = ?2";
    let contact = contact.to_string();
    db.prepare_cached(LINES).at(STEP)?.execute([tenant.as_str(), &contact]).at(STEP)?;
    db.prepare_cached(CHATS).at(STEP)?.execute([tenant.as_str(), &contact]).at(STEP)
}
