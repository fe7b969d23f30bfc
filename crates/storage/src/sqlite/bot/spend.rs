//! What models cost.

use rusqlite::{OptionalExtension as _, params};
use wartel_bot::spend::{Reservation, ReservationId, Reserved, SpendStore, Spent};
use wartel_core::{StoreError, TenantId, Timestamp};

use crate::bot_rows::{json, parsed, signed, unsigned};
use crate::sqlite::SqliteStores;
use crate::sqlite::error::At as _;
use crate::sqlite::statements::Db;

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl SpendStore for SqliteStores {
    async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
        let reservation = reservation.clone();
        self.write("spend.reserve", move |db| reserve(db, &reservation, now)).await
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        id: ReservationId,
        cost: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let tenant = tenant.clone();
        let settle = move |db: &Db<'_>| {
            expire(db, &tenant, now)?;
            end(db, &tenant, &id.to_string(), Some((cost, tokens)))
        };
        self.write("spend.settle", move |db| settle(db)).await
    }

    async fn spent(&self, tenant: &TenantId, window: &str) -> Result<Spent, StoreError> {
        let (tenant, window) = (tenant.clone(), window.to_owned());
        self.read("spend.spent", move |db| spent(db, &tenant, &window)).await
    }
}

fn reserve(db: &Db<'_>, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
    const STEP: &str = "spend.reserve";
    let Reservation { tenant, caps, amount, .. } = reservation;
    expire(db, tenant, now)?;
    let id = reservation.id.to_string();
    let known = db
        .prepare_cached("SELECT 1 FROM wartel_bot_reservations WHERE tenant = ?1 AND id = ?2")
        .at(STEP)?
        .query_row([tenant.as_str(), &id], |_| Ok(()))
        .optional()
        .at(STEP)?;
    if known.is_some() {
        return Ok(Reserved::Yes);
    }
    for cap in caps {
        let spent = spent(db, tenant, &cap.window)?;
        if spent.settled.saturating_add(spent.reserved).saturating_add(*amount) > cap.max {
            return Ok(Reserved::No { window: cap.window.clone() });
        }
    }
    for cap in caps {
        add(db, tenant, &cap.window, &Change { reserved: signed(*amount), ..Change::default() })?;
    }
    let spans: Vec<&str> = caps.iter().map(|cap| cap.window.as_str()).collect();
    db.prepare_cached(
        "INSERT INTO wartel_bot_reservations (tenant, id, spans, amount, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)",
    )
    .at(STEP)?
    .execute(params![
        tenant.as_str(),
        id,
        json(&spans, STEP)?,
        signed(*amount),
        reservation.expires_at.as_micros()
    ])
    .at(STEP)?;
    Ok(Reserved::Yes)
}

/// What was reserved and never settled counts as made, and cost all of it.
fn expire(db: &Db<'_>, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "spend.expire";
    let over: Vec<String> = db
        .prepare_cached("SELECT id FROM wartel_bot_reservations WHERE tenant = ?1 AND expires_at <= ?2")
        .at(STEP)?
        .query_map(params![tenant.as_str(), now.as_micros()], |row| row.get(0))
        .and_then(Iterator::collect)
        .at(STEP)?;
    over.iter().try_for_each(|id| end(db, tenant, id, None))
}

/// Ends a reservation, if it is there, with what the call has cost and how many tokens it used; with all that was
/// reserved if nobody knows.
fn end(db: &Db<'_>, tenant: &TenantId, id: &str, real: Option<(u64, u64)>) -> Result<(), StoreError> {
    const STEP: &str = "spend.end";
    let ended: Option<(String, i64)> = db
        .prepare_cached(
            "DELETE FROM wartel_bot_reservations WHERE tenant = ?1 AND id = ?2 RETURNING spans, amount",
        )
        .at(STEP)?
        .query_row([tenant.as_str(), id], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
        .at(STEP)?;
    let Some((spans, amount)) = ended else { return Ok(()) };
    let (cost, tokens) = real.map_or((amount, 0), |(cost, tokens)| (signed(cost), signed(tokens)));
    let change = Change { settled: cost, reserved: amount.saturating_neg(), calls: 1, tokens };
    let spans: Vec<String> = parsed(&spans, STEP)?;
    spans.iter().try_for_each(|span| add(db, tenant, span, &change))
}

/// What is added to a window.
#[derive(Debug, Clone, Copy, Default)]
struct Change {
    settled: i64,
    reserved: i64,
    calls: i64,
    tokens: i64,
}

fn add(db: &Db<'_>, tenant: &TenantId, span: &str, change: &Change) -> Result<(), StoreError> {
    const STEP: &str = "spend.add";
    db.prepare_cached(
        "INSERT INTO wartel_bot_spend (tenant, span, settled, reserved, calls, tokens) \
         VALUES (?1, ?2, ?3, max(?4, 0), ?5, ?6) \
         ON CONFLICT (tenant, span) DO UPDATE SET settled = settled + ?3, reserved = max(reserved + ?4, 0), \
         calls = calls + ?5, tokens = tokens + ?6",
    )
    .at(STEP)?
    .execute(params![tenant.as_str(), span, change.settled, change.reserved, change.calls, change.tokens])
    .at(STEP)?;
    Ok(())
}

fn spent(db: &Db<'_>, tenant: &TenantId, window: &str) -> Result<Spent, StoreError> {
    const STEP: &str = "spend.spent";
    let numbers: Option<[i64; 4]> = db
        .prepare_cached(
            "SELECT settled, reserved, calls, tokens FROM wartel_bot_spend WHERE tenant = ?1 AND span = ?2",
        )
        .at(STEP)?
        .query_row([tenant.as_str(), window], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?]))
        .optional()
        .at(STEP)?;
    let [settled, reserved, calls, tokens] = numbers.unwrap_or_default().map(unsigned);
    Ok(Spent::new(settled, reserved, calls, tokens))
}
