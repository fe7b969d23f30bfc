//! Who wrote: found, made, changed and merged.

use rusqlite::{Row, params};
use wartel_core::{Jid, PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId, Sighting};

use super::super::error::At as _;
use super::super::statements::Db;
use crate::inbox_rows::ContactRow;

/// The contact of an address, which is made, changed or merged for it.
pub(super) fn see(
    db: &Db<'_>,
    tenant: &TenantId,
    address: &ContactAddress,
    name: Option<&str>,
    fresh: ContactId,
    now: Timestamp,
) -> Result<ContactId, StoreError> {
    let (by_phone, by_lid) = known(db, tenant, address)?;
    carry_out(db, tenant, &Sighting::of(address, name, by_phone, by_lid, fresh, now))
}

pub(super) fn link(
    db: &Db<'_>,
    tenant: &TenantId,
    lid: &Jid,
    phone: &PhoneNumber,
    now: Timestamp,
) -> Result<Option<ContactId>, StoreError> {
    let address = ContactAddress::linked(phone, lid);
    let (by_phone, by_lid) = known(db, tenant, &address)?;
    let seen = Sighting::of_link(&address, by_phone, by_lid, now);
    seen.map(|seen| carry_out(db, tenant, &seen)).transpose()
}

pub(super) fn by_id(db: &Db<'_>, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
    const SELECT: &str = "SELECT id, phone, lid, name, created_at FROM wartel_messaging_contacts \
         WHERE tenant = ?1 AND id = (SELECT coalesce(merged_into, id) FROM wartel_messaging_contacts WHERE id = ?2)";
    find(db, SELECT, tenant, &id.to_string())
}

/// The contacts that have the number and the LID of an address.
pub(super) fn known(
    db: &Db<'_>,
    tenant: &TenantId,
    address: &ContactAddress,
) -> Result<(Option<Contact>, Option<Contact>), StoreError> {
    const BY_PHONE: &str = "SELECT id, phone, lid, name, created_at FROM wartel_messaging_contacts \
         WHERE tenant = ?1 AND phone = ?2";
    const BY_LID: &str = "SELECT id, phone, lid, name, created_at FROM wartel_messaging_contacts \
         WHERE tenant = ?1 AND lid = ?2";
    let by_phone = match &address.phone {
        Some(phone) => find(db, BY_PHONE, tenant, phone.e164())?,
        None => None,
    };
    let by_lid = match &address.lid {
        Some(lid) => find(db, BY_LID, tenant, &lid.to_wire())?,
        None => None,
    };
    Ok((by_phone, by_lid))
}

fn find(
    db: &Db<'_>,
    select: &'static str,
    tenant: &TenantId,
    key: &str,
) -> Result<Option<Contact>, StoreError> {
    const STEP: &str = "inbox.contact";
    let mut statement = db.prepare_cached(select).at(STEP)?;
    let mut rows = statement.query([tenant.as_str(), key]).at(STEP)?;
    let Some(row) = rows.next().at(STEP)? else { return Ok(None) };
    read(row, 0).at(STEP)?.read().map_err(|unreadable| unreadable.at(STEP)).map(Some)
}

/// The five columns of a contact, from this one on.
pub(super) fn read(row: &Row<'_>, first: usize) -> rusqlite::Result<ContactRow> {
    Ok(ContactRow {
        id: row.get(first)?,
        phone: row.get(first + 1)?,
        lid: row.get(first + 2)?,
        name: row.get(first + 3)?,
        created_at: row.get(first + 4)?,
    })
}

fn carry_out(db: &Db<'_>, tenant: &TenantId, seen: &Sighting) -> Result<ContactId, StoreError> {
    let id = seen.contact.id;
    if let Some(bereft) = &seen.bereft {
        put(db, tenant, bereft)?;
    }
    if let Some(merged) = seen.merged {
        merge(db, tenant, merged, id)?;
    }
    if seen.is_new || seen.is_changed {
        put(db, tenant, &seen.contact)?;
    }
    Ok(id)
}

fn put(db: &Db<'_>, tenant: &TenantId, contact: &Contact) -> Result<(), StoreError> {
    const STEP: &str = "inbox.put_contact";
    let row = ContactRow::of(contact);
    db.prepare_cached(
        "INSERT INTO wartel_messaging_contacts (id, tenant, phone, lid, name, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) \
         ON CONFLICT (id) DO UPDATE SET phone = excluded.phone, lid = excluded.lid, name = excluded.name",
    )
    .at(STEP)?
    .execute(params![row.id, tenant.as_str(), row.phone, row.lid, row.name, row.created_at])
    .at(STEP)?;
    Ok(())
}

/// Gives the entries of one contact to another, of which the first one is found from now on. Of two entries that are the
/// same message the one stays that consumers have had, or have now, or else the earlier one.
fn merge(db: &Db<'_>, tenant: &TenantId, from: ContactId, into: ContactId) -> Result<(), StoreError> {
    const STEP: &str = "inbox.merge";
    let (from, into) = (from.to_string(), into.to_string());
    db.prepare_cached(
        "UPDATE wartel_messaging_contacts SET phone = NULL, lid = NULL, merged_into = ?2 \
         WHERE id = ?1 OR merged_into = ?1",
    )
    .at(STEP)?
    .execute([&from, &into])
    .at(STEP)?;
    db.prepare_cached(
        "WITH twins AS (
             SELECT ours.seq AS ours, theirs.seq AS theirs,
                    CASE WHEN ours.due_at IS NULL THEN 0 WHEN ours.fence > 0 THEN 1 ELSE 2 END AS our_rank,
                    CASE WHEN theirs.due_at IS NULL THEN 0 WHEN theirs.fence > 0 THEN 1 ELSE 2 END AS their_rank
             FROM wartel_messaging_inbox AS theirs JOIN wartel_messaging_inbox AS ours
               ON ours.tenant = theirs.tenant AND ours.lane = ?3
              AND ours.account = theirs.account AND ours.key = theirs.key
             WHERE theirs.tenant = ?1 AND theirs.lane = ?2
         )
         DELETE FROM wartel_messaging_inbox WHERE seq IN (
             SELECT CASE WHEN (our_rank, ours) < (their_rank, theirs) THEN theirs ELSE ours END FROM twins
         )",
    )
    .at(STEP)?
    .execute(params![tenant.as_str(), from, into])
    .at(STEP)?;
    db.prepare_cached("UPDATE wartel_messaging_inbox SET lane = ?3 WHERE tenant = ?1 AND lane = ?2")
        .at(STEP)?
        .execute(params![tenant.as_str(), from, into])
        .at(STEP)?;
    Ok(())
}
