//! Registrations, each written together with the message that confirms it.

use sqlx::Row as _;
use sqlx::postgres::PgRow;
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::outbox::OutboxEntry;
use wartel_registration::{Creation, Registration, RegistrationId, RegistrationStore};

use super::PostgresStores;
use super::database::Repeat;
use super::error::{At as _, unreadable};

/// One statement: the message is written if and only if the registration is, and then the dispatchers of all
/// instances are told.
const CREATE: &str = "WITH created AS (
        INSERT INTO wartel_registration_registrations
            (id, tenant, phone, full_name, email, address, extra, created_at)
        VALUES ($1::text::uuid, $2, $3, $4, $5, $6, $7, $8)
        ON CONFLICT DO NOTHING RETURNING 1
    ), confirmation AS (
        INSERT INTO wartel_messaging_outbox (id, tenant, recipient, body, state, due_at, expires_at)
        SELECT $9::text::uuid, $10::text, $11::text, $12::text, 'queued', $8, $13::bigint FROM created
        ON CONFLICT (id) DO NOTHING
    )
    SELECT count(*), pg_current_xact_id()::text, count(pg_notify('wartel_outbox', '')::text) FROM created";

/// Deletes the registration of a phone.
const FORGET: &str = "WITH gone AS (
        DELETE FROM wartel_registration_registrations WHERE tenant = $1 AND phone = $2 RETURNING 1
    )
    SELECT count(*), pg_current_xact_id()::text FROM gone";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl RegistrationStore for PostgresStores {
    async fn create(
        &self,
        registration: &Registration,
        confirmation: &OutboxEntry,
    ) -> Result<Creation, StoreError> {
        let values = (registration, confirmation);
        let created = self.inner.database.change("registration.create", values, |connection, values| {
            let (registration, confirmation) = *values;
            Box::pin(async move {
                let row = sqlx::query(CREATE)
                    .bind(registration.id.to_string())
                    .bind(registration.tenant.as_str())
                    .bind(registration.phone.e164())
                    .bind(&registration.full_name)
                    .bind(&registration.email)
                    .bind(&registration.address)
                    .bind(&registration.extra)
                    .bind(registration.created_at.as_micros())
                    .bind(confirmation.id.to_string())
                    .bind(confirmation.tenant.as_str())
                    .bind(confirmation.to.e164())
                    .bind(confirmation.text.expose())
                    .bind(confirmation.expires_at.as_micros())
                    .fetch_one(connection)
                    .await?;
                Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
            })
        });
        Ok(if created.await? == 1 { Creation::Created } else { Creation::AlreadyRegistered })
    }

    async fn get(&self, tenant: &TenantId, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        const STEP: &str = "registration.get";
        let row = self.inner.database.ask(STEP, Repeat::Safe, (tenant, id), |connection, (tenant, id)| {
            Box::pin(async move {
                let row = sqlx::query(
                    "SELECT id::text, tenant, phone, full_name, email, address, extra, created_at \
                 FROM wartel_registration_registrations WHERE tenant = $1 AND id = $2::text::uuid",
                )
                .bind(tenant.as_str())
                .bind(id.to_string())
                .fetch_optional(connection);
                Ok(row.await?)
            })
        });
        row.await?.as_ref().map(|row| registration(row, STEP)).transpose()
    }

    async fn find_by_phone(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Option<Registration>, StoreError> {
        const STEP: &str = "registration.find_by_phone";
        let row =
            self.inner.database.ask(STEP, Repeat::Safe, (tenant, phone), |connection, (tenant, phone)| {
                Box::pin(async move {
                    let row = sqlx::query(
                        "SELECT id::text, tenant, phone, full_name, email, address, extra, created_at \
                 FROM wartel_registration_registrations WHERE tenant = $1 AND phone = $2",
                    )
                    .bind(tenant.as_str())
                    .bind(phone.e164())
                    .fetch_optional(connection);
                    Ok(row.await?)
                })
            });
        row.await?.as_ref().map(|row| registration(row, STEP)).transpose()
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        let values = (tenant, phone);
        let gone =
            self.inner.database.change("registration.forget", values, |connection, (tenant, phone)| {
                Box::pin(async move {
                    let row = sqlx::query(FORGET)
                        .bind(tenant.as_str())
                        .bind(phone.e164())
                        .fetch_one(connection)
                        .await?;
                    Ok((row.try_get::<i64, _>(0)?, row.try_get(1)?))
                })
            });
        Ok(gone.await? > 0)
    }
}

fn registration(row: &PgRow, step: &'static str) -> Result<Registration, StoreError> {
    let text = |column: usize| row.try_get::<&str, _>(column).at(step);
    let mut registration = Registration::new(
        RegistrationId::parse(text(0)?).map_err(|_| unreadable(step, "id"))?,
        TenantId::parse(text(1)?).map_err(|_| unreadable(step, "tenant"))?,
        PhoneNumber::from_e164(text(2)?).map_err(|_| unreadable(step, "phone"))?,
        text(3)?,
        Timestamp::from_micros(row.try_get(7).at(step)?),
    );
    registration.email = row.try_get(4).at(step)?;
    registration.address = row.try_get(5).at(step)?;
    text(6)?.clone_into(&mut registration.extra);
    Ok(registration)
}
