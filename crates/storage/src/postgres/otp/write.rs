//! Writing what a batch has changed.

use std::borrow::Cow;

use sqlx::postgres::PgConnection;
use sqlx::{Error, Row as _};
use wartel_core::Timestamp;
use wartel_messaging::ProviderMessageId;

use super::load::key;
use super::snapshot::Snapshot;
use super::window::Head;
use crate::postgres::error::PostgresFailure;
use crate::postgres::storable;

/// Everything that usually changes. Rows that were read are locked, so they are there; a row that is thought to be
/// new may have been written by somebody else meanwhile, which the counts tell.
const CHANGES: &str = "WITH new_phones AS (
        INSERT INTO wartel_otp_phones (tenant, phone, ledger, due_at, purge_at)
        SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::bigint[], $5::bigint[])
        ON CONFLICT DO NOTHING RETURNING 1
    ), new_budgets AS (
        INSERT INTO wartel_otp_budgets (budget, last_seq, latest_at, recent, \"window\", purge_at)
        SELECT * FROM unnest($6::text[], $7::bigint[], $8::bigint[], $9::bytea[], $10::bigint[], $11::bigint[])
        ON CONFLICT DO NOTHING RETURNING 1
    ), links AS (
        INSERT INTO wartel_otp_locators (locator, tenant, phone)
        SELECT * FROM unnest($12::text[], $13::text[], $14::text[])
        ON CONFLICT (locator) DO UPDATE SET tenant = excluded.tenant, phone = excluded.phone
    ), phones AS (
        INSERT INTO wartel_otp_phones (tenant, phone, ledger, due_at, purge_at)
        SELECT * FROM unnest($15::text[], $16::text[], $17::text[], $18::bigint[], $19::bigint[])
        ON CONFLICT (tenant, phone) DO UPDATE
            SET ledger = excluded.ledger, due_at = excluded.due_at, purge_at = excluded.purge_at
    ), budgets AS (
        INSERT INTO wartel_otp_budgets (budget, last_seq, latest_at, recent, \"window\", purge_at)
        SELECT * FROM unnest($20::text[], $21::bigint[], $22::bigint[], $23::bytea[], $24::bigint[], $25::bigint[])
        ON CONFLICT (budget) DO UPDATE SET last_seq = excluded.last_seq, latest_at = excluded.latest_at,
            recent = excluded.recent, \"window\" = excluded.\"window\"
    )
    SELECT (SELECT count(*) FROM new_phones), (SELECT count(*) FROM new_budgets), pg_current_xact_id()::text";

/// Rows of `wartel_otp_phones`, column by column.
#[derive(Default)]
struct PhoneRows<'a> {
    tenants: Vec<&'a str>,
    phones: Vec<&'a str>,
    ledgers: Vec<String>,
    due_at: Vec<Option<i64>>,
    purge_at: Vec<i64>,
}

/// Rows of `wartel_otp_budgets`, column by column.
#[derive(Default)]
struct BudgetRows<'a> {
    keys: Vec<Cow<'a, str>>,
    last_seq: Vec<i64>,
    latest_at: Vec<i64>,
    recent: Vec<Option<Vec<u8>>>,
    window: Vec<i64>,
    purge_at: Vec<i64>,
}

impl<'a> BudgetRows<'a> {
    fn push(&mut self, key: Cow<'a, str>, head: &mut Head) {
        self.keys.push(key);
        self.last_seq.push(head.last_seq);
        self.latest_at.push(head.latest_at);
        self.recent.push(head.recent.take());
        self.window.push(head.window);
        self.purge_at.push(head.latest_at.saturating_add(head.window));
    }
}

/// Writes what has changed, in the order of the keys. Answers the name of the transaction, by which the server can
/// be asked what became of it; `None` if there was nothing to write.
///
/// # Errors
/// [`PostgresFailure::OVERTAKEN`] if a row that was thought to be new is there; the transaction is to be rolled back.
pub(super) async fn changes(
    connection: &mut PgConnection,
    snapshot: &Snapshot,
) -> Result<Option<String>, PostgresFailure> {
    let mut new_phones = PhoneRows::default();
    let mut phones = PhoneRows::default();
    let (mut gone_tenants, mut gone_phones) = (Vec::new(), Vec::new());
    for ((tenant, number), phone) in &snapshot.phones {
        let Some(ledger) = phone.ledger.as_ref().filter(|_| phone.changed) else { continue };
        if ledger.is_empty() {
            if phone.stored {
                gone_tenants.push(tenant.as_str());
                gone_phones.push(number.e164());
            }
            continue;
        }
        let rows = if phone.stored { &mut phones } else { &mut new_phones };
        rows.tenants.push(tenant.as_str());
        rows.phones.push(number.e164());
        rows.ledgers.push(serde_json::to_string(ledger).map_err(|error| Error::Encode(error.into()))?);
        rows.due_at.push(ledger.due_at().map(Timestamp::as_micros));
        rows.purge_at.push(ledger.purge_at().as_micros());
    }

    let mut new_budgets = BudgetRows::default();
    let mut budgets = BudgetRows::default();
    let mut events = Vec::new();
    let mut past_events = Vec::new();
    for (name, window) in &snapshot.budgets {
        let Some(mut head) = window.head() else { continue };
        events.extend(head.rows.drain(..).map(|(seq, at)| (key(name), seq, at)));
        past_events.extend(head.delete_up_to.map(|up_to| (key(name), up_to)));
        let rows = if head.is_new { &mut new_budgets } else { &mut budgets };
        rows.push(key(name), &mut head);
    }

    let mut links: Vec<_> = snapshot.locators.iter().filter(|(_, place)| place.changed).collect();
    links.sort_unstable_by_key(|(locator, _)| *locator);
    let unlinked: Vec<Cow<'_, str>> = links
        .iter()
        .filter(|(_, place)| place.owner.is_none())
        .map(|(locator, _)| key(locator.as_str()))
        .collect();
    let linked: Vec<_> = links
        .iter()
        .filter_map(|(locator, place)| place.owner.as_ref().map(|owner| (key(locator.as_str()), owner)))
        .collect();

    delete_phones(connection, &gone_tenants, &gone_phones).await?;
    unlink(connection, &unlinked).await?;
    let receipts_changed = receipts(connection, snapshot).await?;
    let others_changed = receipts_changed || !gone_phones.is_empty() || !unlinked.is_empty();
    if !others_changed
        && new_phones.phones.is_empty()
        && phones.phones.is_empty()
        && new_budgets.keys.is_empty()
        && budgets.keys.is_empty()
        && linked.is_empty()
    {
        return Ok(None);
    }

    let expected = (new_phones.phones.len(), new_budgets.keys.len());
    let link_keys: Vec<&str> = linked.iter().map(|(key, _)| key.as_ref()).collect();
    let link_tenants: Vec<&str> = linked.iter().map(|(_, (tenant, _))| tenant.as_str()).collect();
    let link_phones: Vec<&str> = linked.iter().map(|(_, (_, phone))| phone.e164()).collect();
    let row = sqlx::query(CHANGES)
        .bind(new_phones.tenants)
        .bind(new_phones.phones)
        .bind(new_phones.ledgers)
        .bind(new_phones.due_at)
        .bind(new_phones.purge_at)
        .bind(new_budgets.keys)
        .bind(new_budgets.last_seq)
        .bind(new_budgets.latest_at)
        .bind(new_budgets.recent)
        .bind(new_budgets.window)
        .bind(new_budgets.purge_at)
        .bind(link_keys)
        .bind(link_tenants)
        .bind(link_phones)
        .bind(phones.tenants)
        .bind(phones.phones)
        .bind(phones.ledgers)
        .bind(phones.due_at)
        .bind(phones.purge_at)
        .bind(budgets.keys)
        .bind(budgets.last_seq)
        .bind(budgets.latest_at)
        .bind(budgets.recent)
        .bind(budgets.window)
        .bind(budgets.purge_at)
        .fetch_one(&mut *connection)
        .await?;
    let written = (row.try_get::<i64, _>(0)?, row.try_get::<i64, _>(1)?);
    if (usize::try_from(written.0).ok(), usize::try_from(written.1).ok())
        != (Some(expected.0), Some(expected.1))
    {
        return Err(PostgresFailure::OVERTAKEN);
    }
    // Now that their budgets are this transaction's.
    budget_events(connection, &events, &past_events).await?;
    Ok(Some(row.try_get(2)?))
}

async fn delete_phones(
    connection: &mut PgConnection,
    tenants: &[&str],
    phones: &[&str],
) -> Result<(), Error> {
    if phones.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "DELETE FROM wartel_otp_phones AS p USING unnest($1::text[], $2::text[]) AS k (tenant, phone)
         WHERE p.tenant = k.tenant AND p.phone = k.phone",
    )
    .bind(tenants)
    .bind(phones)
    .execute(connection)
    .await
    .map(|_| ())
}

async fn unlink(connection: &mut PgConnection, locators: &[Cow<'_, str>]) -> Result<(), Error> {
    if locators.is_empty() {
        return Ok(());
    }
    sqlx::query("DELETE FROM wartel_otp_locators WHERE locator = ANY ($1::text[])")
        .bind(locators)
        .execute(connection)
        .await
        .map(|_| ())
}

/// Deletes the receipts that were taken and writes those that are kept; the same one again is kept once.
async fn receipts(connection: &mut PgConnection, snapshot: &Snapshot) -> Result<bool, Error> {
    let mut waiting: Vec<_> = snapshot.receipts.iter().collect();
    waiting.sort_unstable_by_key(|(locator, _)| *locator);
    let taken: Vec<Cow<'_, str>> = waiting
        .iter()
        .filter(|(_, waiting)| waiting.taken)
        .map(|(locator, _)| key(locator.as_str()))
        .collect();
    if !taken.is_empty() {
        sqlx::query("DELETE FROM wartel_otp_receipts WHERE locator = ANY ($1::text[])")
            .bind(&taken)
            .execute(&mut *connection)
            .await?;
    }
    let kept: Vec<_> = waiting
        .iter()
        .flat_map(|(locator, waiting)| waiting.new.iter().map(move |(receipt, now)| (locator, receipt, now)))
        .collect();
    if !kept.is_empty() {
        let id = |id: Option<&ProviderMessageId>| id.map(|id| storable(id.as_str()).into_owned());
        let locators: Vec<Cow<'_, str>> = kept.iter().map(|(locator, ..)| key(locator.as_str())).collect();
        let messages: Vec<_> = kept.iter().map(|(_, r, _)| id(r.key.message_id.as_ref())).collect();
        let state_ids: Vec<_> = kept.iter().map(|(_, r, _)| id(r.key.state_id.as_ref())).collect();
        let providers: Vec<_> = kept.iter().map(|(_, receipt, _)| storable(&receipt.provider)).collect();
        let states: Vec<&str> = kept.iter().map(|(_, receipt, _)| receipt.state.as_str()).collect();
        let at: Vec<Option<i64>> =
            kept.iter().map(|(_, receipt, _)| receipt.at.map(Timestamp::as_micros)).collect();
        let kept_at: Vec<i64> = kept.iter().map(|(_, _, now)| now.as_micros()).collect();
        sqlx::query(
            "INSERT INTO wartel_otp_receipts (locator, message_id, state_id, provider, state, at, kept_at)
             SELECT * FROM unnest
                 ($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[])
             ON CONFLICT DO NOTHING",
        )
        .bind(locators)
        .bind(messages)
        .bind(state_ids)
        .bind(providers)
        .bind(states)
        .bind(at)
        .bind(kept_at)
        .execute(connection)
        .await?;
    }
    Ok(!taken.is_empty() || !kept.is_empty())
}

/// Writes new events of large budgets and deletes those that fell out of them.
async fn budget_events(
    connection: &mut PgConnection,
    events: &[(Cow<'_, str>, i64, i64)],
    past: &[(Cow<'_, str>, i64)],
) -> Result<(), Error> {
    if !past.is_empty() {
        let keys: Vec<&str> = past.iter().map(|(key, _)| key.as_ref()).collect();
        let up_to: Vec<i64> = past.iter().map(|(_, up_to)| *up_to).collect();
        sqlx::query(
            "DELETE FROM wartel_otp_budget_events AS e USING unnest($1::text[], $2::bigint[]) AS k (budget, up_to)
             WHERE e.budget = k.budget AND e.seq <= k.up_to",
        )
        .bind(keys)
        .bind(up_to)
        .execute(&mut *connection)
        .await?;
    }
    if !events.is_empty() {
        let keys: Vec<&str> = events.iter().map(|(key, ..)| key.as_ref()).collect();
        let seqs: Vec<i64> = events.iter().map(|(_, seq, _)| *seq).collect();
        let at: Vec<i64> = events.iter().map(|(.., at)| *at).collect();
        sqlx::query(
            "INSERT INTO wartel_otp_budget_events (budget, seq, at)
             SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[])",
        )
        .bind(keys)
        .bind(seqs)
        .bind(at)
        .execute(connection)
        .await?;
    }
    Ok(())
}
