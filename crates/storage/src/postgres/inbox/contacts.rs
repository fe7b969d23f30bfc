//! Who wrote: the contacts that a batch names, as they are and as they become.

use std::collections::HashMap;

use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Error, Row as _};
use wartel_core::{Jid, TenantId};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId, Sighting};

use crate::inbox_rows::ContactRow;
use crate::postgres::error::PostgresFailure;
use crate::postgres::storable;

/// The contacts of a batch. Whoever changes one here has it written afterwards.
#[derive(Default)]
pub(super) struct Book {
    contacts: HashMap<ContactId, Contact>,
    /// By number and by LID, as they are written on the wire.
    addresses: HashMap<(TenantId, String), ContactId>,
}

/// The number and the LID of an address, as they are written on the wire.
fn keys(address: &ContactAddress) -> [Option<String>; 2] {
    [address.phone.as_ref().map(|phone| phone.e164().to_owned()), address.lid.as_ref().map(Jid::to_wire)]
}

impl Book {
    /// Reads the contacts that have one of these numbers or LIDs.
    pub(super) async fn load(
        connection: &mut PgConnection,
        wanted: &[(&TenantId, &ContactAddress)],
    ) -> Result<Self, PostgresFailure> {
        let (mut tenants, mut values) = (Vec::new(), Vec::new());
        for (tenant, address) in wanted {
            for key in keys(address).into_iter().flatten() {
                tenants.push(tenant.as_str());
                values.push(key);
            }
        }
        let mut book = Self::default();
        if values.is_empty() {
            return Ok(book);
        }
        let rows = sqlx::query(
            "WITH wanted AS MATERIALIZED (
                 SELECT DISTINCT tenant, value FROM unnest($1::text[], $2::text[]) AS wanted (tenant, value)
             )
             SELECT contact.id, contact.phone, contact.lid, contact.name, contact.created_at, contact.tenant
             FROM wanted JOIN wartel_messaging_contacts AS contact
               ON contact.tenant = wanted.tenant AND contact.phone = wanted.value
             UNION ALL
             SELECT contact.id, contact.phone, contact.lid, contact.name, contact.created_at, contact.tenant
             FROM wanted JOIN wartel_messaging_contacts AS contact
               ON contact.tenant = wanted.tenant AND contact.lid = wanted.value",
        )
        .bind(tenants)
        .bind(values)
        .fetch_all(connection)
        .await?;
        for row in rows {
            let tenant = TenantId::parse(row.try_get(5)?).map_err(|_| PostgresFailure::SHAPE)?;
            book.put(&tenant, read(&row, 0)?.read().map_err(|_| PostgresFailure::SHAPE)?);
        }
        Ok(book)
    }

    /// The contacts that have the number and the LID of an address.
    pub(super) fn known(&self, tenant: &TenantId, address: &ContactAddress) -> [Option<Contact>; 2] {
        keys(address).map(|key| {
            let id = self.addresses.get(&(tenant.clone(), key?))?;
            self.contacts.get(id).cloned()
        })
    }

    /// Takes note of what a sighting means.
    pub(super) fn apply(&mut self, tenant: &TenantId, seen: &Sighting) {
        if let Some(bereft) = &seen.bereft {
            self.put(tenant, bereft.clone());
        }
        if let Some(merged) = seen.merged {
            self.forget(merged);
        }
        if seen.is_new || seen.is_changed {
            self.put(tenant, seen.contact.clone());
        }
    }

    fn put(&mut self, tenant: &TenantId, contact: Contact) {
        self.forget(contact.id);
        for key in contact.address().iter().flat_map(keys).flatten() {
            self.addresses.insert((tenant.clone(), key), contact.id);
        }
        self.contacts.insert(contact.id, contact);
    }

    fn forget(&mut self, id: ContactId) {
        if let Some(known) = self.contacts.remove(&id) {
            for key in known.address().iter().flat_map(keys).flatten() {
                self.addresses.retain(|(_, of), owner| *of != key || *owner != id);
            }
        }
    }
}

/// The five columns of a contact, from this one on.
pub(super) fn read(row: &PgRow, first: usize) -> Result<ContactRow, Error> {
    Ok(ContactRow {
        id: row.try_get(first)?,
        phone: row.try_get(first + 1)?,
        lid: row.try_get(first + 2)?,
        name: row.try_get(first + 3)?,
        created_at: row.try_get(first + 4)?,
    })
}

pub(super) async fn by_id(
    connection: &mut PgConnection,
    tenant: &TenantId,
    id: ContactId,
) -> Result<Option<Contact>, PostgresFailure> {
    let row = sqlx::query(
        "SELECT id, phone, lid, name, created_at FROM wartel_messaging_contacts WHERE tenant = $1 AND id =
             (SELECT coalesce(merged_into, id) FROM wartel_messaging_contacts WHERE id = $2)",
    )
    .bind(tenant.as_str())
    .bind(id.to_string())
    .fetch_optional(connection)
    .await?;
    row.map(|row| read(&row, 0)?.read().map_err(|_| PostgresFailure::SHAPE)).transpose()
}

/// Writes contacts, new ones and changed ones, each once.
pub(super) async fn put(
    connection: &mut PgConnection,
    contacts: &[(TenantId, Contact)],
) -> Result<(), Error> {
    let rows: Vec<ContactRow> = contacts.iter().map(|(_, contact)| ContactRow::of(contact)).collect();
    let of = |row: &ContactRow| row.name.as_deref().map(|name| storable(name).into_owned());
    sqlx::query(
        "INSERT INTO wartel_messaging_contacts (id, tenant, phone, lid, name, created_at)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])
         ON CONFLICT (id) DO UPDATE SET phone = excluded.phone, lid = excluded.lid, name = excluded.name",
    )
    .bind(rows.iter().map(|row| row.id.as_str()).collect::<Vec<_>>())
    .bind(contacts.iter().map(|(tenant, _)| tenant.as_str()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.phone.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.lid.as_deref()).collect::<Vec<_>>())
    .bind(rows.iter().map(of).collect::<Vec<_>>())
    .bind(rows.iter().map(|row| row.created_at).collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

/// Gives the entries of one contact to another, of which the first one is found from now on. Of two entries that are the
/// same message the one stays that consumers have had, or have now, or else the earlier one.
pub(super) async fn merge(
    connection: &mut PgConnection,
    tenant: &TenantId,
    from: ContactId,
    into: ContactId,
) -> Result<(), Error> {
    const TWINS: &str = "WITH twins AS MATERIALIZED (
             SELECT ours.seq AS ours, theirs.seq AS theirs,
                    CASE WHEN ours.due_at IS NULL THEN 0 WHEN ours.fence > 0 THEN 1 ELSE 2 END AS our_rank,
                    CASE WHEN theirs.due_at IS NULL THEN 0 WHEN theirs.fence > 0 THEN 1 ELSE 2 END AS their_rank
             FROM wartel_messaging_inbox AS theirs JOIN wartel_messaging_inbox AS ours
               ON ours.tenant = theirs.tenant AND ours.lane = $3
              AND ours.account = theirs.account AND ours.key = theirs.key
             WHERE theirs.tenant = $1 AND theirs.lane = $2
         )
         DELETE FROM wartel_messaging_inbox WHERE seq IN (
             SELECT CASE WHEN (our_rank, ours) < (their_rank, theirs) THEN theirs ELSE ours END FROM twins
         )";
    // In the order in which outcomes lock entries, so that neither waits for the other.
    const LOCK: &str = "SELECT FROM wartel_messaging_inbox WHERE tenant = $1 AND lane IN ($2, $3)
                        ORDER BY seq FOR UPDATE";
    let (from, into) = (from.to_string(), into.to_string());
    sqlx::query(
        "UPDATE wartel_messaging_contacts SET phone = NULL, lid = NULL, merged_into = $2
         WHERE id = $1 OR merged_into = $1",
    )
    .bind(&from)
    .bind(&into)
    .execute(&mut *connection)
    .await?;
    for statement in
        [LOCK, TWINS, "UPDATE wartel_messaging_inbox SET lane = $3 WHERE tenant = $1 AND lane = $2"]
    {
        sqlx::query(statement)
            .bind(tenant.as_str())
            .bind(&from)
            .bind(&into)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}
