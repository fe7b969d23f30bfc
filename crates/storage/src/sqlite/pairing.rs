//! How devices stand: a document for each, and one for the tries of each number.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::pairing::{
    DeviceKey, PairingDocs, PairingOutcome, PairingStep, PairingStore, Tries, apply,
};

use super::SqliteStores;
use super::error::{At as _, unreadable};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl PairingStore for SqliteStores {
    async fn step(
        &self,
        device: &DeviceKey,
        step: &PairingStep,
        now: Timestamp,
    ) -> Result<(PairingOutcome, PairingDocs), StoreError> {
        let (device, step) = (device.clone(), step.clone());
        self.write("pairing.step", move |connection| take(connection, &device, &step, now)).await
    }

    async fn load(&self, device: &DeviceKey) -> Result<PairingDocs, StoreError> {
        let device = device.clone();
        self.read("pairing.load", move |connection| load(connection, &device, None, "pairing.load")).await
    }

    async fn forget(&self, device: &DeviceKey) -> Result<(), StoreError> {
        let device = device.clone();
        self.write("pairing.forget", move |connection| forget(connection, &device)).await
    }

    async fn tries(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Tries, StoreError> {
        let (tenant, phone) = (tenant.clone(), phone.clone());
        self.read("pairing.tries", move |connection| tries(connection, &tenant, &phone, "pairing.tries"))
            .await
    }
}

fn take(
    connection: &Connection,
    device: &DeviceKey,
    step: &PairingStep,
    now: Timestamp,
) -> Result<(PairingOutcome, PairingDocs), StoreError> {
    const STEP: &str = "pairing.step";
    let before = load(connection, device, Some(step), STEP)?;
    let phone = step.phone(&before.device);
    let mut docs = before.clone();
    let outcome = apply(&mut docs, step, now);
    if docs.device != before.device {
        connection
            .prepare_cached(
                "INSERT INTO wartel_messaging_pairings (tenant, account, document, updated_at) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant, account) \
                 DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
            )
            .at(STEP)?
            .execute(params![
                device.tenant.as_str(),
                device.account.as_str(),
                json(&docs.device, STEP)?,
                now.as_micros()
            ])
            .at(STEP)?;
    }
    if let (Some(phone), Some(tries)) = (phone, &docs.phone)
        && docs.phone != before.phone
    {
        connection
            .prepare_cached(
                "INSERT INTO wartel_messaging_pairing_tries (tenant, phone, document, updated_at) \
                 VALUES (?1, ?2, ?3, ?4) ON CONFLICT (tenant, phone) \
                 DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at",
            )
            .at(STEP)?
            .execute(params![device.tenant.as_str(), phone.e164(), json(tries, STEP)?, now.as_micros()])
            .at(STEP)?;
    }
    Ok((outcome, docs))
}

/// The documents of a device, with the tries of the number that the step is about, or else of the one it was tried with.
fn load(
    connection: &Connection,
    device: &DeviceKey,
    step: Option<&PairingStep>,
    at: &'static str,
) -> Result<PairingDocs, StoreError> {
    let document: Option<String> = connection
        .prepare_cached("SELECT document FROM wartel_messaging_pairings WHERE tenant = ?1 AND account = ?2")
        .at(at)?
        .query_row([device.tenant.as_str(), device.account.as_str()], |row| row.get(0))
        .optional()
        .at(at)?;
    let record = parsed(document, at)?;
    let phone = match step {
        Some(step) => step.phone(&record),
        None => record.tried_phone().cloned(),
    };
    let phone = phone.map(|phone| tries(connection, &device.tenant, &phone, at)).transpose()?;
    Ok(PairingDocs { device: record, phone })
}

fn tries(
    connection: &Connection,
    tenant: &TenantId,
    phone: &PhoneNumber,
    at: &'static str,
) -> Result<Tries, StoreError> {
    let document: Option<String> = connection
        .prepare_cached(
            "SELECT document FROM wartel_messaging_pairing_tries WHERE tenant = ?1 AND phone = ?2",
        )
        .at(at)?
        .query_row([tenant.as_str(), phone.e164()], |row| row.get(0))
        .optional()
        .at(at)?;
    parsed(document, at)
}

fn forget(connection: &Connection, device: &DeviceKey) -> Result<(), StoreError> {
    const STEP: &str = "pairing.forget";
    connection
        .prepare_cached("DELETE FROM wartel_messaging_pairings WHERE tenant = ?1 AND account = ?2")
        .at(STEP)?
        .execute([device.tenant.as_str(), device.account.as_str()])
        .at(STEP)?;
    Ok(())
}

/// A document that is not there is the default one.
fn parsed<T: DeserializeOwned + Default>(
    document: Option<String>,
    at: &'static str,
) -> Result<T, StoreError> {
    document.map_or_else(
        || Ok(T::default()),
        |document| serde_json::from_str(&document).map_err(|_| unreadable(at, "document")),
    )
}

fn json(document: &impl Serialize, at: &'static str) -> Result<String, StoreError> {
    serde_json::to_string(document).map_err(|_| StoreError::new(StoreErrorKind::Unexpected, at))
}
