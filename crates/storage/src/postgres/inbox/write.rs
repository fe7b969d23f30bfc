//! One transaction with all its deliveries.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use wartel_core::{TenantId, Timestamp};
use wartel_messaging::ContactAddress;
use wartel_messaging::inbox::{Contact, ContactId, Delivery, NewEntry, Recorded, Sighting};

use super::contacts::{self, Book};
use super::queue::Change;
use crate::inbox_rows::{is_signed, json};
use crate::postgres::database::{BEGIN_BY_KEY, Work, Written};
use crate::postgres::error::PostgresFailure;

/// A delivery and when it came.
pub(in crate::postgres) type Came = (Arc<Delivery>, Timestamp);

impl Change for Came {
    type Answer = Recorded;

    const STEP: &'static str = "inbox.record";

    const BEGIN: &'static str = BEGIN_BY_KEY;

    fn size(&self) -> (usize, usize) {
        (self.0.entries.len(), self.0.body.len())
    }

    fn key(&self) -> Option<&str> {
        // The statements are made for entries that come twice.
        None
    }

    fn make<'c>(connection: &'c mut PgConnection, batch: &'c Vec<Self>) -> Work<'c, Written<Vec<Recorded>>> {
        Box::pin(record(connection, batch))
    }
}

/// An entry with its place among those that are to be written.
struct Placed<'a> {
    delivery: &'a Delivery,
    entry: &'a NewEntry,
    lane: String,
    now: Timestamp,
}

/// What a batch is to write, as far as it was not written yet.
#[derive(Default)]
struct Pending<'a> {
    contacts: Vec<(TenantId, Contact)>,
    entries: Vec<Placed<'a>>,
    /// The entries that were written and are new.
    new: HashSet<String>,
    /// Entries that were known and are handed out again.
    again: HashSet<String>,
}

/// Records deliveries; gives what became of each.
async fn record(
    connection: &mut PgConnection,
    batch: &[Came],
) -> Result<Written<Vec<Recorded>>, PostgresFailure> {
    lock(connection, batch.iter().map(|(delivery, _)| &delivery.tenant)).await?;
    let mut book = Book::load(connection, &addresses(batch)).await?;
    let mut pending = Pending::default();
    for (delivery, now) in batch {
        for entry in &delivery.entries {
            let contact = match &entry.contact {
                Some(address) => {
                    let [by_phone, by_lid] = book.known(&delivery.tenant, address);
                    let (name, fresh) = (entry.name.as_deref(), ContactId::from(entry.id));
                    let seen = Sighting::of(address, name, by_phone, by_lid, fresh, *now);
                    book.apply(&delivery.tenant, &seen);
                    let id = seen.contact.id;
                    pending.see(connection, &delivery.tenant, seen).await?;
                    Some(id)
                }
                None => None,
            };
            pending.entries.push(Placed { delivery, entry, lane: entry.lane(contact), now: *now });
        }
    }
    pending.flush(connection).await?;
    let recorded: Vec<Recorded> = batch.iter().map(|(delivery, _)| pending.outcome(delivery)).collect();
    let transaction = log(connection, batch, &recorded).await?;
    Ok((recorded, transaction))
}

/// The addresses that a batch names.
fn addresses(batch: &[Came]) -> Vec<(&TenantId, &ContactAddress)> {
    let mut addresses = Vec::new();
    for (delivery, _) in batch {
        let named = delivery.entries.iter().filter_map(|entry| entry.contact.as_ref());
        addresses.extend(named.map(|address| (&delivery.tenant, address)));
    }
    addresses
}

/// Notes that a LID and a number are one person.
pub(super) async fn link(
    connection: &mut PgConnection,
    tenant: &TenantId,
    address: &ContactAddress,
    now: Timestamp,
) -> Result<Written<Option<ContactId>>, PostgresFailure> {
    lock(connection, std::iter::once(tenant)).await?;
    let book = Book::load(connection, &[(tenant, address)]).await?;
    let [by_phone, by_lid] = book.known(tenant, address);
    let seen = Sighting::of_link(address, by_phone, by_lid, now);
    let id = seen.as_ref().map(|seen| seen.contact.id);
    if let Some(seen) = seen {
        let mut pending = Pending::default();
        pending.see(connection, tenant, seen).await?;
        pending.flush(connection).await?;
    }
    let row = sqlx::query("SELECT pg_current_xact_id()::text").fetch_one(connection).await?;
    Ok((id, row.try_get(0)?))
}

/// Locks tenants until the end of the transaction, everybody in the same order. A tenant without rows has nothing else
/// that could be locked.
pub(super) async fn lock(
    connection: &mut PgConnection,
    tenants: impl Iterator<Item = &TenantId>,
) -> Result<(), PostgresFailure> {
    let tenants: BTreeSet<&str> = tenants.map(TenantId::as_str).collect();
    sqlx::query(
        "SELECT pg_advisory_xact_lock(hashtextextended('wartel_messaging_inbox/' || tenant, 0))
         FROM unnest($1::text[]) AS tenant",
    )
    .bind(tenants.into_iter().collect::<Vec<_>>())
    .execute(connection)
    .await?;
    Ok(())
}

impl Pending<'_> {
    /// Takes note of what becomes of contacts. What must happen in its order happens now.
    async fn see(
        &mut self,
        connection: &mut PgConnection,
        tenant: &TenantId,
        seen: Sighting,
    ) -> Result<(), PostgresFailure> {
        if seen.bereft.is_some() || seen.merged.is_some() {
            self.flush(connection).await?;
        }
        if let Some(bereft) = seen.bereft {
            contacts::put(connection, &[(tenant.clone(), bereft)]).await?;
        }
        if let Some(merged) = seen.merged {
            contacts::merge(connection, tenant, merged, seen.contact.id).await?;
        }
        if seen.is_new || seen.is_changed {
            // One statement cannot write a row twice: the last version counts.
            self.contacts.retain(|(_, contact)| contact.id != seen.contact.id);
            self.contacts.push((tenant.clone(), seen.contact));
        }
        Ok(())
    }

    /// Writes what waits.
    async fn flush(&mut self, connection: &mut PgConnection) -> Result<(), PostgresFailure> {
        if !self.contacts.is_empty() {
            contacts::put(connection, &self.contacts).await?;
            self.contacts.clear();
        }
        let entries = std::mem::take(&mut self.entries);
        if entries.is_empty() {
            return Ok(());
        }
        let new = insert(connection, &entries).await?;
        for placed in entries.iter().filter(|placed| placed.delivery.again) {
            let id = placed.entry.id.to_string();
            if !new.contains(&id) && hand_again(connection, placed).await? {
                self.again.insert(id);
            }
        }
        self.new.extend(new);
        Ok(())
    }

    fn outcome(&self, delivery: &Delivery) -> Recorded {
        let count = |of: &HashSet<String>| {
            delivery.entries.iter().filter(|entry| of.contains(&entry.id.to_string())).count()
        };
        let new = count(&self.new);
        Recorded::new(new, delivery.entries.len().saturating_sub(new), count(&self.again))
    }
}

/// Writes entries in their order; gives the ids of those that are new.
async fn insert(
    connection: &mut PgConnection,
    entries: &[Placed<'_>],
) -> Result<HashSet<String>, PostgresFailure> {
    let rows = sqlx::query(
        "INSERT INTO wartel_messaging_inbox
             (id, tenant, account, lane, key, kind, event, signed, received_at, state, due_at)
         SELECT id, tenant, account, lane, key, kind, event, signed, received_at, 'queued', received_at
         FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                     $8::boolean[], $9::bigint[]) WITH ORDINALITY
              AS new (id, tenant, account, lane, key, kind, event, signed, received_at, place)
         ORDER BY place
         ON CONFLICT (tenant, lane, account, key) DO NOTHING RETURNING id",
    )
    .bind(entries.iter().map(|placed| placed.entry.id.to_string()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.delivery.tenant.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.delivery.account.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.lane.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.entry.key.as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.entry.kind().as_str()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.entry.event.to_stored()).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| is_signed(placed.delivery.authenticity)).collect::<Vec<_>>())
    .bind(entries.iter().map(|placed| placed.now.as_micros()).collect::<Vec<_>>())
    .fetch_all(connection)
    .await?;
    rows.iter().map(|row| Ok(row.try_get(0)?)).collect()
}

/// Makes a settled entry due once more. Answers whether it was settled.
async fn hand_again(
    connection: &mut PgConnection,
    Placed { delivery, entry, lane, now }: &Placed<'_>,
) -> Result<bool, PostgresFailure> {
    let changed = sqlx::query(
        "UPDATE wartel_messaging_inbox
         SET state = 'queued', due_at = $5, lapses = 0, refusals = 0, taken = ''
         WHERE tenant = $1 AND lane = $2 AND account = $3 AND key = $4 AND due_at IS NULL",
    )
    .bind(delivery.tenant.as_str())
    .bind(lane)
    .bind(delivery.account.as_str())
    .bind(&entry.key)
    .bind(now.as_micros())
    .execute(connection)
    .await?;
    Ok(changed.rows_affected() == 1)
}

/// Writes the lines of the log, or what replays have changed of them, and tells the dispatchers of all instances if
/// there is something for them. Gives the name of the transaction.
async fn log(
    connection: &mut PgConnection,
    batch: &[Came],
    recorded: &[Recorded],
) -> Result<String, PostgresFailure> {
    let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
    let deliveries = || batch.iter().map(|(delivery, _)| delivery);
    let row = sqlx::query(
        "WITH written AS (
             INSERT INTO wartel_messaging_webhooks AS line
                 (id, tenant, account, signed, headers, received_at, events, added, ignored, body)
             SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[], $5::text[], $6::bigint[],
                                  $7::integer[], $8::integer[], $9::text[], $10::bytea[])
             ON CONFLICT (id) DO UPDATE SET events = excluded.events, added = line.added + excluded.added,
                 ignored = excluded.ignored, replays = line.replays + 1 WHERE line.tenant = excluded.tenant
         )
         SELECT pg_current_xact_id()::text, CASE WHEN $11 THEN pg_notify('wartel_inbox', '')::text END",
    )
    .bind(deliveries().map(|delivery| delivery.id.to_string()).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.tenant.as_str()).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.account.as_str()).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| is_signed(delivery.authenticity)).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| json(&delivery.headers)).collect::<Vec<_>>())
    .bind(batch.iter().map(|(_, now)| now.as_micros()).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| count(delivery.events)).collect::<Vec<_>>())
    .bind(recorded.iter().map(|recorded| count(recorded.new)).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| json(&delivery.ignored)).collect::<Vec<_>>())
    .bind(deliveries().map(|delivery| delivery.body.as_ref()).collect::<Vec<&[u8]>>())
    .bind(recorded.iter().any(Recorded::is_due))
    .fetch_one(connection)
    .await?;
    Ok(row.try_get(0)?)
}
