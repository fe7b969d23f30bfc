//! How devices stand: a document for each, and one for the tries of each number.
//!
//! A step locks the row of the device, then that of the number, so that no two steps wait for each other. A row that is
//! not there yet is made first: only what is there can be locked.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::pairing::{
    DeviceKey, PairingDocs, PairingOutcome, PairingRecord, PairingStep, PairingStore, Tries, apply,
};

use super::PostgresStores;
use super::database::Repeat;
use super::error::PostgresFailure;

/// Makes the row if it is not there. Waits for whoever makes it just now.
const MAKE_DEVICE: &str = "INSERT INTO wartel_messaging_pairings (tenant, account, document, updated_at) \
     VALUES ($1, $2, '{}', $3) ON CONFLICT DO NOTHING";
/// In a statement of its own, which sees what was committed while it waited for the lock.
const LOCK_DEVICE: &str = "SELECT document FROM wartel_messaging_pairings \
     WHERE tenant = $1 AND account = $2 FOR UPDATE";
const SAVE_DEVICE: &str = "UPDATE wartel_messaging_pairings SET document = $3, updated_at = $4 \
     WHERE tenant = $1 AND account = $2";
const READ_DEVICE: &str = "SELECT document FROM wartel_messaging_pairings WHERE tenant = $1 AND account = $2";

const MAKE_TRIES: &str = "INSERT INTO wartel_messaging_pairing_tries (tenant, phone, document, updated_at) \
     VALUES ($1, $2, '{}', $3) ON CONFLICT DO NOTHING";
const LOCK_TRIES: &str = "SELECT document FROM wartel_messaging_pairing_tries \
     WHERE tenant = $1 AND phone = $2 FOR UPDATE";
const SAVE_TRIES: &str = "UPDATE wartel_messaging_pairing_tries SET document = $3, updated_at = $4 \
     WHERE tenant = $1 AND phone = $2";
const READ_TRIES: &str =
    "SELECT document FROM wartel_messaging_pairing_tries WHERE tenant = $1 AND phone = $2";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl PairingStore for PostgresStores {
    async fn step(
        &self,
        device: &DeviceKey,
        step: &PairingStep,
        now: Timestamp,
    ) -> Result<(PairingOutcome, PairingDocs), StoreError> {
        let values = (device, step, now);
        let taken = self.inner.database.change("pairing.step", values, |connection, values| {
            let (device, step, now) = *values;
            Box::pin(async move {
                let answer = take(connection, device, step, now).await?;
                let row = sqlx::query("SELECT pg_current_xact_id()::text").fetch_one(connection).await?;
                Ok((answer, row.try_get(0)?))
            })
        });
        taken.await
    }

    async fn load(&self, device: &DeviceKey) -> Result<PairingDocs, StoreError> {
        let read = self.inner.database.ask("pairing.load", Repeat::Safe, device, |connection, device| {
            Box::pin(async move {
                let (tenant, account) = (device.tenant.as_str(), device.account.as_str());
                let record: PairingRecord = read(connection, READ_DEVICE, tenant, account).await?;
                let tries = match record.tried_phone() {
                    Some(phone) => Some(read(connection, READ_TRIES, tenant, phone.e164()).await?),
                    None => None,
                };
                Ok(PairingDocs { device: record, phone: tries })
            })
        });
        read.await
    }

    async fn forget(&self, device: &DeviceKey) -> Result<(), StoreError> {
        let forget = self.inner.database.ask("pairing.forget", Repeat::Safe, device, |connection, device| {
            Box::pin(async move {
                sqlx::query("DELETE FROM wartel_messaging_pairings WHERE tenant = $1 AND account = $2")
                    .bind(device.tenant.as_str())
                    .bind(device.account.as_str())
                    .execute(connection)
                    .await?;
                Ok(())
            })
        });
        forget.await
    }

    async fn tries(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Tries, StoreError> {
        let values = (tenant, phone);
        let tries = self.inner.database.ask("pairing.tries", Repeat::Safe, values, |connection, values| {
            let (tenant, phone) = *values;
            Box::pin(async move { read(connection, READ_TRIES, tenant.as_str(), phone.e164()).await })
        });
        tries.await
    }
}

async fn take(
    connection: &mut PgConnection,
    device: &DeviceKey,
    step: &PairingStep,
    now: Timestamp,
) -> Result<(PairingOutcome, PairingDocs), PostgresFailure> {
    let (tenant, account) = (device.tenant.as_str(), device.account.as_str());
    make(connection, MAKE_DEVICE, tenant, account, now).await?;
    let record: PairingRecord = read(connection, LOCK_DEVICE, tenant, account).await?;
    let phone = step.phone(&record);
    let tries: Option<Tries> = match &phone {
        Some(phone) => {
            make(connection, MAKE_TRIES, tenant, phone.e164(), now).await?;
            Some(read(connection, LOCK_TRIES, tenant, phone.e164()).await?)
        }
        None => None,
    };
    let before = PairingDocs { device: record, phone: tries };
    let mut docs = before.clone();
    let outcome = apply(&mut docs, step, now);
    if docs.device != before.device {
        save(connection, SAVE_DEVICE, tenant, account, &docs.device, now).await?;
    }
    if let (Some(phone), Some(tries)) = (phone, &docs.phone)
        && docs.phone != before.phone
    {
        save(connection, SAVE_TRIES, tenant, phone.e164(), tries, now).await?;
    }
    Ok((outcome, docs))
}

async fn make(
    connection: &mut PgConnection,
    sql: &'static str,
    tenant: &str,
    name: &str,
    now: Timestamp,
) -> Result<(), PostgresFailure> {
    sqlx::query(sql).bind(tenant).bind(name).bind(now.as_micros()).execute(connection).await?;
    Ok(())
}

/// A document that is not there is the default one.
async fn read<T: DeserializeOwned + Default>(
    connection: &mut PgConnection,
    sql: &'static str,
    tenant: &str,
    name: &str,
) -> Result<T, PostgresFailure> {
    let row = sqlx::query(sql).bind(tenant).bind(name).fetch_optional(connection).await?;
    let Some(row) = row else { return Ok(T::default()) };
    serde_json::from_str(row.try_get(0)?).map_err(|_| unreadable())
}

async fn save(
    connection: &mut PgConnection,
    sql: &'static str,
    tenant: &str,
    name: &str,
    document: &(impl Serialize + Sync),
    now: Timestamp,
) -> Result<(), PostgresFailure> {
    let json = serde_json::to_string(document).map_err(|_| unreadable())?;
    sqlx::query(sql).bind(tenant).bind(name).bind(json).bind(now.as_micros()).execute(connection).await?;
    Ok(())
}

/// The document is not one of this program's. Nothing of it is told.
fn unreadable() -> PostgresFailure {
    PostgresFailure::of(&sqlx::Error::Decode("a document".into()))
}
