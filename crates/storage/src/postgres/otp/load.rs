//! Reading and locking what a batch needs.
//!
//! Each key is looked up on its own (LATERAL), in the order of the array: so locks are taken in that order, and the
//! plan is a look into the index for each key whatever the statistics say. A table that has just begun to grow would
//! be read as a whole otherwise.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest as _, Sha256};
use sqlx::postgres::{PgConnection, PgRow};
use sqlx::{Error, Row as _};
use wartel_core::{PhoneNumber, TenantId, Timestamp};
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey};
use wartel_otp::ledger::{Locator, PhoneLedger};

use super::Owner;
use super::member::Gate;
use super::snapshot::{Phone, Place, Snapshot, Waiting};
use super::window::Window;
use crate::postgres::storable;

/// The key of the gate, in the space of `pg_advisory_xact_lock`.
const GATE: i64 = 0x7761_7274_656c_0001;

/// A longer key is stored as its hash, because an index entry has a longest length. Only keys that others make
/// (message ids) can be so long.
const LONGEST_KEY: usize = 512;

/// All states, for reading back their words.
const STATES: [DeliveryState; 7] = [
    DeliveryState::Queued,
    DeliveryState::Unknown,
    DeliveryState::Accepted,
    DeliveryState::Sent,
    DeliveryState::Failed,
    DeliveryState::Delivered,
    DeliveryState::Read,
];

/// A key as it is stored.
pub(super) fn key(text: &str) -> Cow<'_, str> {
    if text.len() <= LONGEST_KEY {
        return storable(text);
    }
    let hash = Sha256::digest(text.as_bytes());
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}").into()
}

/// Follows locators, without a lock: what they lead to is locked afterwards and says itself whether it still holds.
pub(super) async fn locators(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    locators: Vec<Locator>,
) -> Result<(), Error> {
    if locators.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cow<'_, str>> = locators.iter().map(|locator| key(locator.as_str())).collect();
    let rows = sqlx::query(
        "SELECT k.n, l.tenant, l.phone FROM unnest($1::text[]) WITH ORDINALITY AS k (locator, n)
         CROSS JOIN LATERAL
             (SELECT tenant, phone FROM wartel_otp_locators WHERE locator = k.locator OFFSET 0) AS l",
    )
    .bind(&keys)
    .fetch_all(connection)
    .await?;
    drop(keys);
    let mut found = BTreeMap::new();
    for row in &rows {
        found.insert(place_of(row)?, owner(row, 1)?);
    }
    for (n, locator) in locators.into_iter().enumerate() {
        let place = Place { owner: found.remove(&n), changed: false };
        snapshot.locators.insert(locator, place);
    }
    Ok(())
}

/// Reads the ledgers of phones, and locks those that have rows. Of the others a row may appear meanwhile; that shows
/// when theirs are written.
pub(super) async fn phones(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    owners: BTreeSet<Owner>,
    lock: bool,
) -> Result<(), Error> {
    if owners.is_empty() {
        return Ok(());
    }
    let tenants: Vec<&str> = owners.iter().map(|(tenant, _)| tenant.as_str()).collect();
    let phones: Vec<&str> = owners.iter().map(|(_, phone)| phone.e164()).collect();
    let sql = if lock {
        "SELECT k.n, p.ledger FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (tenant, phone, n)
         CROSS JOIN LATERAL (SELECT ledger FROM wartel_otp_phones
             WHERE tenant = k.tenant AND phone = k.phone FOR UPDATE) AS p"
    } else {
        "SELECT k.n, p.ledger FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS k (tenant, phone, n)
         CROSS JOIN LATERAL (SELECT ledger FROM wartel_otp_phones
             WHERE tenant = k.tenant AND phone = k.phone OFFSET 0) AS p"
    };
    let rows = sqlx::query(sql).bind(&tenants).bind(&phones).fetch_all(connection).await?;
    let mut found = BTreeMap::new();
    for row in &rows {
        found.insert(place_of(row)?, ledger(row, 1)?);
    }
    for (n, owner) in owners.into_iter().enumerate() {
        let phone = found.remove(&n).map_or_else(Phone::unknown, |ledger| Phone {
            stored: true,
            ledger,
            changed: false,
        });
        snapshot.phones.insert(owner, phone);
    }
    Ok(())
}

/// Passes the gate of receipts.
pub(super) async fn gate(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    gate: Gate,
) -> Result<(), Error> {
    let sql = match gate {
        Gate::Closed => return Ok(()),
        Gate::Shared => "SELECT pg_advisory_xact_lock_shared($1)",
        Gate::Alone => "SELECT pg_advisory_xact_lock($1)",
    };
    sqlx::query(sql).bind(GATE).execute(connection).await?;
    snapshot.gate = gate;
    Ok(())
}

/// Reads the receipts that wait under locators, and under those that these receipts teach.
pub(super) async fn receipts(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    wanted: Vec<Locator>,
) -> Result<(), Error> {
    let mut wanted = wanted;
    loop {
        wanted.retain(|locator| !snapshot.receipts.contains_key(locator));
        wanted.sort_unstable();
        wanted.dedup();
        if wanted.is_empty() {
            return Ok(());
        }
        let keys: Vec<Cow<'_, str>> = wanted.iter().map(|locator| key(locator.as_str())).collect();
        let rows = sqlx::query(
            "SELECT k.n, r.message_id, r.state_id, r.provider, r.state, r.at
             FROM unnest($1::text[]) WITH ORDINALITY AS k (locator, n)
             CROSS JOIN LATERAL (SELECT message_id, state_id, provider, state, at FROM wartel_otp_receipts
                 WHERE locator = k.locator ORDER BY id) AS r",
        )
        .bind(&keys)
        .fetch_all(&mut *connection)
        .await?;
        let mut found: BTreeMap<usize, Vec<DeliveryReceipt>> = BTreeMap::new();
        let mut taught = Vec::new();
        for row in &rows {
            let receipt = receipt(row)?;
            taught.extend(Locator::of_receipt(&receipt.provider, &receipt.key));
            found.entry(place_of(row)?).or_default().push(receipt);
        }
        for (n, locator) in wanted.into_iter().enumerate() {
            let stored = found.remove(&n).unwrap_or_default();
            snapshot.receipts.insert(locator, Waiting { stored, ..Waiting::default() });
        }
        wanted = taught;
    }
}

/// Reads and locks budgets. Each may be charged `times` in this transaction.
pub(super) async fn budgets(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    wanted: &BTreeSet<(String, u32)>,
    times: usize,
) -> Result<(), Error> {
    let names: BTreeSet<&str> = wanted.iter().map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return Ok(());
    }
    // In the order in which they are stored, which is that of the locks.
    let mut stored: Vec<(Cow<'_, str>, &str)> = names.iter().map(|name| (key(name), *name)).collect();
    stored.sort_unstable();
    let keys: Vec<&str> = stored.iter().map(|(key, _)| key.as_ref()).collect();
    let rows = sqlx::query(
        "SELECT k.n, b.last_seq, b.latest_at, b.recent FROM unnest($1::text[]) WITH ORDINALITY AS k (budget, n)
         CROSS JOIN LATERAL (SELECT last_seq, latest_at, recent FROM wartel_otp_budgets
             WHERE budget = k.budget FOR UPDATE) AS b",
    )
    .bind(&keys)
    .fetch_all(&mut *connection)
    .await?;
    for (_, name) in &stored {
        snapshot.budgets.insert((*name).to_owned(), Window::empty());
    }
    for row in &rows {
        let Some((_, name)) = stored.get(place_of(row)?) else { continue };
        let recent: Option<&[u8]> = row.try_get(3)?;
        let window = Window::stored(row.try_get(1)?, row.try_get(2)?, recent);
        snapshot.budgets.insert((*name).to_owned(), window);
    }
    let mut ranges = Vec::new();
    for (name, max) in wanted {
        let window = snapshot.budgets.get(name);
        if let Some(range) = window.and_then(|window| window.needs(*max, times)) {
            ranges.push((name.as_str(), range));
        }
    }
    budget_events(connection, snapshot, &ranges).await
}

/// Reads events of the budgets whose events are rows.
async fn budget_events(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    ranges: &[(&str, (i64, i64))],
) -> Result<(), Error> {
    if ranges.is_empty() {
        return Ok(());
    }
    let keys: Vec<Cow<'_, str>> = ranges.iter().map(|(name, _)| key(name)).collect();
    let first: Vec<i64> = ranges.iter().map(|(_, (first, _))| *first).collect();
    let last: Vec<i64> = ranges.iter().map(|(_, (_, last))| *last).collect();
    let rows = sqlx::query(
        "SELECT k.n, e.seq, e.at FROM unnest($1::text[], $2::bigint[], $3::bigint[]) WITH ORDINALITY
             AS k (budget, first, last, n)
         CROSS JOIN LATERAL (SELECT seq, at FROM wartel_otp_budget_events
             WHERE budget = k.budget AND seq BETWEEN k.first AND k.last ORDER BY seq) AS e",
    )
    .bind(&keys)
    .bind(&first)
    .bind(&last)
    .fetch_all(connection)
    .await?;
    let mut found: BTreeMap<usize, Vec<(i64, i64)>> = BTreeMap::new();
    for row in &rows {
        found.entry(place_of(row)?).or_default().push((row.try_get(1)?, row.try_get(2)?));
    }
    for (n, (name, range)) in ranges.iter().enumerate() {
        if let Some(window) = snapshot.budgets.get_mut(*name) {
            window.add(*range, found.get(&n).map_or(&[], Vec::as_slice));
        }
    }
    Ok(())
}

/// Reads and locks phones that a clean-up or the worker looks for. Those that somebody else has locked are passed
/// over: they come next time.
pub(super) async fn listed(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    sql: &'static str,
    limit: usize,
    now: Timestamp,
) -> Result<(), Error> {
    let limit = crate::postgres::row_limit(limit);
    let rows = sqlx::query(sql).bind(now.as_micros()).bind(limit).fetch_all(connection).await?;
    for row in &rows {
        let owner = owner(row, 0)?;
        let Some(ledger) = ledger(row, 2)? else {
            // It must not keep the others from being served.
            tracing::error!(phone = %owner.1.masked(), tenant = %owner.0, "the ledger of a phone is unreadable");
            continue;
        };
        snapshot.listed.push(owner.clone());
        snapshot.phones.insert(owner, Phone { stored: true, ledger: Some(ledger), changed: false });
    }
    Ok(())
}

/// The number of the key in the first column, from 0.
fn place_of(row: &PgRow) -> Result<usize, Error> {
    let n: i64 = row.try_get(0)?;
    Ok(usize::try_from(n.saturating_sub(1)).unwrap_or(usize::MAX))
}

/// A ledger; `None` if it cannot be read.
fn ledger(row: &PgRow, column: usize) -> Result<Option<PhoneLedger>, Error> {
    Ok(serde_json::from_str(row.try_get(column)?).ok())
}

/// The tenant and the phone, from a column on.
fn owner(row: &PgRow, column: usize) -> Result<Owner, Error> {
    let tenant = TenantId::parse(row.try_get(column)?).map_err(|error| Error::Decode(error.into()))?;
    let phone = PhoneNumber::from_e164(row.try_get(column + 1)?)
        .map_err(|_| Error::Decode("a phone number is unreadable".into()))?;
    Ok((tenant, phone))
}

fn receipt(row: &PgRow) -> Result<DeliveryReceipt, Error> {
    let unreadable = || Error::Decode("a receipt is unreadable".into());
    let id = |column: usize| -> Result<Option<ProviderMessageId>, Error> {
        Ok(row.try_get::<Option<String>, _>(column)?.map(ProviderMessageId::new))
    };
    let key = ReceiptKey::new(id(1)?, id(2)?).ok_or_else(unreadable)?;
    let provider: String = row.try_get(3)?;
    let word: &str = row.try_get(4)?;
    let state = STATES.into_iter().find(|state| state.as_str() == word).ok_or_else(unreadable)?;
    let at: Option<i64> = row.try_get(5)?;
    Ok(DeliveryReceipt::new(provider, key, state).with_at(at.map(Timestamp::from_micros)))
}
