//! The accounts of tenants. Every statement but the removal may be repeated: the second time changes nothing and answers
//! the same.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use wartel_core::{AccountId, KeyId, StoreError, TenantId, Timestamp};
use wartel_messaging::accounts::{AccountStore, SealedSettings, StoredAccount, TokenHash};
use wartel_messaging::pairing::PairingState;

use super::database::Repeat;
use super::error::{At as _, unreadable};
use super::{PostgresStores, row_limit, storable};

const CREATE: &str = "INSERT INTO wartel_messaging_accounts \
     (tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since) \
     VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING";
const IS_SAME: &str = "SELECT 1 FROM wartel_messaging_accounts \
     WHERE tenant = $1 AND id = $2 AND key_id = $3 AND settings = $4 AND token_hash = $5";
const GET: &str = "SELECT tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since \
     FROM wartel_messaging_accounts WHERE tenant = $1 AND id = $2";
const BY_TOKEN: &str = "SELECT tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since \
     FROM wartel_messaging_accounts WHERE token_hash = $1";
const LIST: &str = "SELECT tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since \
     FROM wartel_messaging_accounts WHERE ($1::text IS NULL OR tenant = $1) \
     AND ($2::text IS NULL OR (tenant, id) > ($2, $3)) ORDER BY tenant, id LIMIT $4";
const REPLACE: &str = "UPDATE wartel_messaging_accounts SET key_id = $5, settings = $6 WHERE tenant = $1 AND id = $2 \
     AND ((key_id = $3 AND settings = $4) OR (key_id = $5 AND settings = $6))";
const SET_DEVICE: &str = "UPDATE wartel_messaging_accounts SET device_state = $3, device_since = $4 \
     WHERE tenant = $1 AND id = $2 AND (device_since IS NULL OR device_since <= $4)";
const REMOVE: &str = "WITH removed AS (
        DELETE FROM wartel_messaging_accounts WHERE tenant = $1 AND id = $2 RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text FROM removed";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AccountStore for PostgresStores {
    async fn create(&self, account: &StoredAccount) -> Result<bool, StoreError> {
        let step =
            self.inner.database.ask("accounts.create", Repeat::Safe, account, |connection, account| {
                Box::pin(async move {
                    let written = sqlx::query(CREATE)
                        .bind(account.tenant.as_str())
                        .bind(account.id.as_str())
                        .bind(storable(&account.provider))
                        .bind(account.settings.key().as_str())
                        .bind(account.settings.text())
                        .bind(account.token_hash.to_hex())
                        .bind(account.created_at.as_micros())
                        .bind(account.device.map(|(state, _)| state.as_str()))
                        .bind(account.device.map(|(_, since)| since.as_micros()))
                        .execute(&mut *connection)
                        .await?;
                    if written.rows_affected() > 0 {
                        return Ok(true);
                    }
                    let same = sqlx::query(IS_SAME)
                        .bind(account.tenant.as_str())
                        .bind(account.id.as_str())
                        .bind(account.settings.key().as_str())
                        .bind(account.settings.text())
                        .bind(account.token_hash.to_hex())
                        .fetch_optional(connection);
                    Ok(same.await?.is_some())
                })
            });
        step.await
    }

    async fn get(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<StoredAccount>, StoreError> {
        const STEP: &str = "accounts.get";
        let row = self.inner.database.ask(STEP, Repeat::Safe, (tenant, id), |connection, (tenant, id)| {
            Box::pin(async move {
                let row = sqlx::query(GET).bind(tenant.as_str()).bind(id.as_str());
                Ok(row.fetch_optional(connection).await?)
            })
        });
        row.await?.as_ref().map(|row| account(row, STEP)).transpose()
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        after: Option<(TenantId, AccountId)>,
        limit: usize,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        const STEP: &str = "accounts.list";
        let values = (tenant, after, row_limit(limit));
        let rows = self.inner.database.ask(STEP, Repeat::Safe, values, |connection, values| {
            let (tenant, after, limit) = values;
            Box::pin(async move {
                let rows = sqlx::query(LIST)
                    .bind(tenant.as_ref().map(TenantId::as_str))
                    .bind(after.as_ref().map(|(tenant, _)| tenant.as_str()))
                    .bind(after.as_ref().map(|(_, id)| id.as_str()))
                    .bind(*limit)
                    .fetch_all(connection);
                Ok(rows.await?)
            })
        });
        rows.await?.iter().map(|row| account(row, STEP)).collect()
    }

    async fn by_token(&self, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError> {
        const STEP: &str = "accounts.by_token";
        let row = self.inner.database.ask(STEP, Repeat::Safe, token, |connection, token| {
            Box::pin(async move {
                Ok(sqlx::query(BY_TOKEN).bind(token.to_hex()).fetch_optional(connection).await?)
            })
        });
        row.await?.as_ref().map(|row| account(row, STEP)).transpose()
    }

    async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, StoreError> {
        let values = (tenant, id);
        let removed = self.inner.database.change("accounts.remove", values, |connection, (tenant, id)| {
            Box::pin(async move {
                let row = sqlx::query(REMOVE).bind(tenant.as_str()).bind(id.as_str());
                let row = row.fetch_one(connection).await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(removed.await? > 0)
    }

    async fn replace_settings(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        before: &SealedSettings,
        after: &SealedSettings,
    ) -> Result<bool, StoreError> {
        let values = (tenant, id, before, after);
        let step = self.inner.database.ask(
            "accounts.replace_settings",
            Repeat::Safe,
            values,
            |connection, values| {
                let (tenant, id, before, after) = *values;
                Box::pin(async move {
                    let replaced = sqlx::query(REPLACE)
                        .bind(tenant.as_str())
                        .bind(id.as_str())
                        .bind(before.key().as_str())
                        .bind(before.text())
                        .bind(after.key().as_str())
                        .bind(after.text())
                        .execute(connection);
                    Ok(replaced.await?.rows_affected() > 0)
                })
            },
        );
        step.await
    }

    async fn set_device(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        let values = (tenant, id, state, since.as_micros());
        let step =
            self.inner.database.ask("accounts.set_device", Repeat::Safe, values, |connection, values| {
                let (tenant, id, state, since) = *values;
                Box::pin(async move {
                    let noted = sqlx::query(SET_DEVICE)
                        .bind(tenant.as_str())
                        .bind(id.as_str())
                        .bind(state.as_str())
                        .bind(since)
                        .execute(connection);
                    noted.await?;
                    Ok(())
                })
            });
        step.await
    }
}

fn account(row: &PgRow, step: &'static str) -> Result<StoredAccount, StoreError> {
    let text = |column: usize| row.try_get::<&str, _>(column).at(step);
    let mut account = StoredAccount::new(
        TenantId::parse(text(0)?).map_err(|_| unreadable(step, "tenant"))?,
        AccountId::parse(text(1)?).map_err(|_| unreadable(step, "id"))?,
        text(2)?,
        SealedSettings::from_stored(KeyId::from_stored(text(3)?), text(4)?),
        TokenHash::from_hex(text(5)?).map_err(|_| unreadable(step, "token_hash"))?,
        Timestamp::from_micros(row.try_get(6).at(step)?),
    );
    let state: Option<&str> = row.try_get(7).at(step)?;
    let since: Option<i64> = row.try_get(8).at(step)?;
    if let (Some(state), Some(since)) = (state, since) {
        // The word of a newer version is none here.
        account.device = PairingState::from_stored(state).map(|state| (state, Timestamp::from_micros(since)));
    }
    Ok(account)
}
