//! Recording a delivery.

use rusqlite::params;
use wartel_core::{StoreError, Timestamp};
use wartel_messaging::inbox::{ContactId, Delivery, NewEntry, Recorded};

use super::super::error::At as _;
use super::super::statements::Db;
use super::contacts;
use crate::inbox_rows::{is_signed, json};

pub(super) fn record(db: &Db<'_>, delivery: &Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
    let mut recorded = Recorded::default();
    for entry in &delivery.entries {
        let contact = match &entry.contact {
            Some(address) => {
                let fresh = ContactId::from(entry.id);
                Some(contacts::see(db, &delivery.tenant, address, entry.name.as_deref(), fresh, now)?)
            }
            None => None,
        };
        let lane = entry.lane(contact);
        if insert(db, delivery, entry, &lane, now)? {
            recorded.new += 1;
        } else {
            recorded.known += 1;
            if delivery.again && hand_again(db, delivery, entry, &lane, now)? {
                recorded.again += 1;
            }
        }
    }
    log(db, delivery, &recorded, now)?;
    Ok(recorded)
}

/// Answers whether the entry is new.
fn insert(
    db: &Db<'_>,
    delivery: &Delivery,
    entry: &NewEntry,
    lane: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const STEP: &str = "inbox.insert";
    let written = db
        .prepare_cached(
            "INSERT INTO wartel_messaging_inbox \
             (id, tenant, account, lane, key, kind, event, signed, received_at, state, due_at) \
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 'queued', ?9) \
             ON CONFLICT (tenant, lane, account, key) DO NOTHING",
        )
        .at(STEP)?
        .execute(params![
            entry.id.to_string(),
            delivery.tenant.as_str(),
            delivery.account.as_str(),
            lane,
            entry.key,
            entry.kind().as_str(),
            entry.event.to_stored(),
            is_signed(delivery.authenticity),
            now.as_micros(),
        ])
        .at(STEP)?;
    Ok(written == 1)
}

/// Makes a settled entry due once more. Answers whether it was settled.
fn hand_again(
    db: &Db<'_>,
    delivery: &Delivery,
    entry: &NewEntry,
    lane: &str,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const STEP: &str = "inbox.again";
    let changed = db
        .prepare_cached(
            "UPDATE wartel_messaging_inbox \
             SET state = 'queued', due_at = ?5, lapses = 0, refusals = 0, taken = '' \
             WHERE tenant = ?1 AND lane = ?2 AND account = ?3 AND key = ?4 AND due_at IS NULL",
        )
        .at(STEP)?
        .execute(params![
            delivery.tenant.as_str(),
            lane,
            delivery.account.as_str(),
            entry.key,
            now.as_micros()
        ])
        .at(STEP)?;
    Ok(changed == 1)
}

/// Writes the line of the log, or what a replay has changed of it.
fn log(db: &Db<'_>, delivery: &Delivery, recorded: &Recorded, now: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "inbox.log";
    let count = |number: usize| i64::try_from(number).unwrap_or(i64::MAX);
    db.prepare_cached(
        "INSERT INTO wartel_messaging_webhooks \
         (id, tenant, account, signed, headers, received_at, events, added, ignored, body) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) \
         ON CONFLICT (id) DO UPDATE SET events = excluded.events, added = added + excluded.added, \
         ignored = excluded.ignored, replays = replays + 1 WHERE tenant = excluded.tenant",
    )
    .at(STEP)?
    .execute(params![
        delivery.id.to_string(),
        delivery.tenant.as_str(),
        delivery.account.as_str(),
        is_signed(delivery.authenticity),
        json(&delivery.headers),
        now.as_micros(),
        count(delivery.events),
        count(recorded.new),
        json(&delivery.ignored),
        delivery.body.as_ref(),
    ])
    .at(STEP)?;
    Ok(())
}
