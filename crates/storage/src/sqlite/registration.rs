//! Registrations, each written together with the message that confirms it.

use rusqlite::{Connection, params};
use wartel_core::{PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::outbox::OutboxEntry;
use wartel_registration::{Creation, Registration, RegistrationId, RegistrationStore};

use super::error::{At as _, unreadable};
use super::{SqliteStores, outbox};

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl RegistrationStore for SqliteStores {
    async fn create(
        &self,
        registration: &Registration,
        confirmation: &OutboxEntry,
    ) -> Result<Creation, StoreError> {
        let (registration, confirmation) = (registration.clone(), confirmation.clone());
        self.write("registration.create", move |connection| create(connection, &registration, &confirmation))
            .await
    }

    async fn get(&self, tenant: &TenantId, id: RegistrationId) -> Result<Option<Registration>, StoreError> {
        let (tenant, id) = (tenant.as_str().to_owned(), id.to_string());
        self.read("registration.get", move |connection| {
            find(
                connection,
                "SELECT id, tenant, phone, full_name, email, address, extra, created_at \
                 FROM wartel_registration_registrations WHERE tenant = ?1 AND id = ?2",
                [&tenant, &id],
            )
        })
        .await
    }

    async fn find_by_phone(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Option<Registration>, StoreError> {
        let (tenant, phone) = (tenant.as_str().to_owned(), phone.e164().to_owned());
        self.read("registration.find_by_phone", move |connection| {
            find(
                connection,
                "SELECT id, tenant, phone, full_name, email, address, extra, created_at \
                 FROM wartel_registration_registrations WHERE tenant = ?1 AND phone = ?2",
                [&tenant, &phone],
            )
        })
        .await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<bool, StoreError> {
        const STEP: &str = "registration.forget";
        let (tenant, phone) = (tenant.clone(), phone.clone());
        self.write(STEP, move |connection| {
            let gone = connection
                .prepare_cached(
                    "DELETE FROM wartel_registration_registrations WHERE tenant = ?1 AND phone = ?2",
                )
                .at(STEP)?
                .execute([tenant.as_str(), phone.e164()])
                .at(STEP)?;
            Ok(gone > 0)
        })
        .await
    }
}

fn create(
    connection: &Connection,
    registration: &Registration,
    confirmation: &OutboxEntry,
) -> Result<Creation, StoreError> {
    const STEP: &str = "registration.create";
    let written = connection
        .prepare_cached(
            "INSERT INTO wartel_registration_registrations \
             (id, tenant, phone, full_name, email, address, extra, created_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            registration.id.to_string(),
            registration.tenant.as_str(),
            registration.phone.e164(),
            registration.full_name,
            registration.email,
            registration.address,
            registration.extra,
            registration.created_at.as_micros(),
        ])
        .at(STEP)?;
    if written == 0 {
        return Ok(Creation::AlreadyRegistered);
    }
    outbox::enqueue(connection, confirmation, registration.created_at)?;
    Ok(Creation::Created)
}

fn find(
    connection: &Connection,
    sql: &'static str,
    key: [&String; 2],
) -> Result<Option<Registration>, StoreError> {
    const STEP: &str = "registration.find";
    let mut statement = connection.prepare_cached(sql).at(STEP)?;
    let mut rows = statement.query(key).at(STEP)?;
    let Some(row) = rows.next().at(STEP)? else { return Ok(None) };
    let text = |column: usize| row.get::<_, String>(column).at(STEP);
    let mut registration = Registration::new(
        RegistrationId::parse(&text(0)?).map_err(|_| unreadable(STEP, "id"))?,
        TenantId::parse(&text(1)?).map_err(|_| unreadable(STEP, "tenant"))?,
        PhoneNumber::from_e164(&text(2)?).map_err(|_| unreadable(STEP, "phone"))?,
        text(3)?,
        Timestamp::from_micros(row.get(7).at(STEP)?),
    );
    registration.email = row.get(4).at(STEP)?;
    registration.address = row.get(5).at(STEP)?;
    registration.extra = text(6)?;
    Ok(Some(registration))
}
