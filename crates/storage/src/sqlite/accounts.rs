//! The accounts of tenants.

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use wartel_core::{AccountId, KeyId, StoreError, TenantId, Timestamp};
use wartel_messaging::accounts::{AccountStore, SealedSettings, StoredAccount, TokenHash};
use wartel_messaging::pairing::PairingState;

use super::SqliteStores;
use super::error::{At as _, unreadable};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl AccountStore for SqliteStores {
    async fn create(&self, account: &StoredAccount) -> Result<bool, StoreError> {
        let account = account.clone();
        self.write("accounts.create", move |connection| create(connection, &account)).await
    }

    async fn get(&self, tenant: &TenantId, id: &AccountId) -> Result<Option<StoredAccount>, StoreError> {
        let (tenant, id) = (tenant.clone(), id.clone());
        self.read("accounts.get", move |connection| get(connection, &tenant, &id, "accounts.get")).await
    }

    async fn list(
        &self,
        tenant: Option<TenantId>,
        after: Option<(TenantId, AccountId)>,
        limit: usize,
    ) -> Result<Vec<StoredAccount>, StoreError> {
        let work = move |connection: &Connection| list(connection, tenant.as_ref(), after.as_ref(), limit);
        self.read("accounts.list", move |connection| work(connection)).await
    }

    async fn by_token(&self, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError> {
        let token = *token;
        self.read("accounts.by_token", move |connection| by_token(connection, &token)).await
    }

    async fn remove(&self, tenant: &TenantId, id: &AccountId) -> Result<bool, StoreError> {
        const STEP: &str = "accounts.remove";
        let (tenant, id) = (tenant.clone(), id.clone());
        let remove = move |connection: &Connection| {
            connection
                .prepare_cached("DELETE FROM wartel_messaging_accounts WHERE tenant = ?1 AND id = ?2")
                .at(STEP)?
                .execute([tenant.as_str(), id.as_str()])
                .at(STEP)
        };
        Ok(self.write(STEP, move |connection| remove(connection)).await? > 0)
    }

    async fn replace_settings(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        before: &SealedSettings,
        after: &SealedSettings,
    ) -> Result<bool, StoreError> {
        const STEP: &str = "accounts.replace_settings";
        let (tenant, id) = (tenant.clone(), id.clone());
        let (before, after) = (before.clone(), after.clone());
        let replace = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "UPDATE wartel_messaging_accounts SET key_id = ?5, settings = ?6 WHERE tenant = ?1 AND id = ?2 \
                     AND ((key_id = ?3 AND settings = ?4) OR (key_id = ?5 AND settings = ?6))",
                )
                .at(STEP)?
                .execute(params![
                    tenant.as_str(),
                    id.as_str(),
                    before.key().as_str(),
                    before.text(),
                    after.key().as_str(),
                    after.text()
                ])
                .at(STEP)
        };
        Ok(self.write(STEP, move |connection| replace(connection)).await? > 0)
    }

    async fn set_device(
        &self,
        tenant: &TenantId,
        id: &AccountId,
        state: PairingState,
        since: Timestamp,
    ) -> Result<(), StoreError> {
        const STEP: &str = "accounts.set_device";
        let (tenant, id) = (tenant.clone(), id.clone());
        let set = move |connection: &Connection| {
            connection
                .prepare_cached(
                    "UPDATE wartel_messaging_accounts SET device_state = ?3, device_since = ?4 \
                     WHERE tenant = ?1 AND id = ?2 AND (device_since IS NULL OR device_since <= ?4)",
                )
                .at(STEP)?
                .execute(params![tenant.as_str(), id.as_str(), state.as_str(), since.as_micros()])
                .at(STEP)
        };
        self.write(STEP, move |connection| set(connection)).await.map(drop)
    }
}

fn create(connection: &Connection, account: &StoredAccount) -> Result<bool, StoreError> {
    const STEP: &str = "accounts.create";
    let written = connection
        .prepare_cached(
            "INSERT INTO wartel_messaging_accounts \
             (tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            account.tenant.as_str(),
            account.id.as_str(),
            account.provider,
            account.settings.key().as_str(),
            account.settings.text(),
            account.token_hash.to_hex(),
            account.created_at.as_micros(),
            account.device.map(|(state, _)| state.as_str()),
            account.device.map(|(_, since)| since.as_micros()),
        ])
        .at(STEP)?;
    if written > 0 {
        return Ok(true);
    }
    let known = get(connection, &account.tenant, &account.id, STEP)?;
    Ok(known
        .is_some_and(|known| known.token_hash == account.token_hash && known.settings == account.settings))
}

fn get(
    connection: &Connection,
    tenant: &TenantId,
    id: &AccountId,
    step: &'static str,
) -> Result<Option<StoredAccount>, StoreError> {
    let mut statement = connection
        .prepare_cached(
            "SELECT tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since \
             FROM wartel_messaging_accounts WHERE tenant = ?1 AND id = ?2",
        )
        .at(step)?;
    let mut rows = statement.query([tenant.as_str(), id.as_str()]).at(step)?;
    rows.next().at(step)?.map(|row| account(row, step)).transpose()
}

fn by_token(connection: &Connection, token: &TokenHash) -> Result<Option<StoredAccount>, StoreError> {
    const STEP: &str = "accounts.by_token";
    let names: Option<(String, String)> = connection
        .prepare_cached("SELECT tenant, id FROM wartel_messaging_accounts WHERE token_hash = ?1")
        .at(STEP)?
        .query_row([token.to_hex()], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .at(STEP)?;
    let Some((tenant, id)) = names else { return Ok(None) };
    let tenant = TenantId::parse(&tenant).map_err(|_| unreadable(STEP, "tenant"))?;
    let id = AccountId::parse(&id).map_err(|_| unreadable(STEP, "id"))?;
    get(connection, &tenant, &id, STEP)
}

fn list(
    connection: &Connection,
    tenant: Option<&TenantId>,
    after: Option<&(TenantId, AccountId)>,
    limit: usize,
) -> Result<Vec<StoredAccount>, StoreError> {
    const STEP: &str = "accounts.list";
    let mut statement = connection
        .prepare_cached(
            "SELECT tenant, id, provider, key_id, settings, token_hash, created_at, device_state, device_since \
             FROM wartel_messaging_accounts WHERE (?1 IS NULL OR tenant = ?1) \
             AND (?2 IS NULL OR (tenant, id) > (?2, ?3)) ORDER BY tenant, id LIMIT ?4",
        )
        .at(STEP)?;
    let after_tenant = after.map(|(tenant, _)| tenant.as_str());
    let after_id = after.map(|(_, id)| id.as_str());
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut rows =
        statement.query(params![tenant.map(TenantId::as_str), after_tenant, after_id, limit]).at(STEP)?;
    let mut accounts = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        accounts.push(account(row, STEP)?);
    }
    Ok(accounts)
}

fn account(row: &Row<'_>, step: &'static str) -> Result<StoredAccount, StoreError> {
    let text = |column: usize| -> Result<String, StoreError> { row.get(column).at(step) };
    let mut account = StoredAccount::new(
        TenantId::parse(&text(0)?).map_err(|_| unreadable(step, "tenant"))?,
        AccountId::parse(&text(1)?).map_err(|_| unreadable(step, "id"))?,
        text(2)?,
        SealedSettings::from_stored(KeyId::from_stored(text(3)?), text(4)?),
        TokenHash::from_hex(&text(5)?).map_err(|_| unreadable(step, "token_hash"))?,
        Timestamp::from_micros(row.get(6).at(step)?),
    );
    let state: Option<String> = row.get(7).at(step)?;
    let since: Option<i64> = row.get(8).at(step)?;
    if let (Some(state), Some(since)) = (state, since) {
        // The word of a newer version is none here.
        account.device =
            PairingState::from_stored(&state).map(|state| (state, Timestamp::from_micros(since)));
    }
    Ok(account)
}
