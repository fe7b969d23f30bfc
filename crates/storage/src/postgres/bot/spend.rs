//! What models cost. Changes of one tenant take turns, so that all windows move together or none does.

use std::collections::HashMap;

use sqlx::Row as _;
use sqlx::postgres::{PgConnection, PgRow};
use wartel_bot::spend::{Reservation, ReservationId, Reserved, SpendStore, Spent};
use wartel_core::{StoreError, TenantId, Timestamp};

use crate::bot_rows::{signed, unsigned};
use crate::postgres::database::{BEGIN_BY_KEY, Repeat, Written};
use crate::postgres::error::PostgresFailure;
use crate::postgres::{PostgresStores, storable};

const LOCK: &str = "SELECT pg_advisory_xact_lock(hashtextextended('wartel_bot_spend/' || $1, 0))";
/// Whether a reservation is known, and whether any has expired.
const LOOK: &str = "SELECT
     EXISTS (SELECT FROM wartel_bot_reservations WHERE tenant = $1 AND id = $2),
     EXISTS (SELECT FROM wartel_bot_reservations WHERE tenant = $1 AND expires_at <= $3),
     pg_current_xact_id()::text";
/// Ends reservations that have expired: each cost all of it.
const EXPIRE: &str = "WITH ended AS (
         DELETE FROM wartel_bot_reservations WHERE tenant = $1 AND expires_at <= $2 RETURNING spans, amount
     ), sums AS (
         SELECT span, sum(ended.amount)::bigint AS amount, count(*) AS calls
         FROM ended CROSS JOIN LATERAL unnest(ended.spans) AS span GROUP BY span
     )
     UPDATE wartel_bot_spend AS spend SET settled = spend.settled + sums.amount, calls = spend.calls + sums.calls,
         reserved = greatest(spend.reserved - sums.amount, 0)
     FROM sums WHERE spend.tenant = $1 AND spend.span = sums.span";
/// Ends a reservation with what the call has cost.
const SETTLE: &str = "WITH ended AS (
         DELETE FROM wartel_bot_reservations WHERE tenant = $1 AND id = $2 RETURNING spans, amount
     )
     UPDATE wartel_bot_spend AS spend SET settled = spend.settled + $3, calls = spend.calls + 1,
         tokens = spend.tokens + $4, reserved = greatest(spend.reserved - ended.amount, 0)
     FROM ended WHERE spend.tenant = $1 AND spend.span = ANY (ended.spans)";
const SPENT: &str = "SELECT span, settled, reserved, calls, tokens FROM wartel_bot_spend
     WHERE tenant = $1 AND span = ANY ($2)";
const RESERVE: &str = "WITH reservation AS (
         INSERT INTO wartel_bot_reservations (tenant, id, spans, amount, expires_at) VALUES ($1, $2, $3, $4, $5)
     )
     INSERT INTO wartel_bot_spend AS spend (tenant, span, settled, reserved, calls, tokens)
     SELECT DISTINCT $1, span, 0, $4, 0, 0 FROM unnest($3) AS span
     ON CONFLICT (tenant, span) DO UPDATE SET reserved = spend.reserved + excluded.reserved";

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl SpendStore for PostgresStores {
    async fn reserve(&self, reservation: &Reservation, now: Timestamp) -> Result<Reserved, StoreError> {
        let values = (reservation, now);
        let reserve = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "spend.reserve",
            values,
            |connection, (reservation, now)| Box::pin(reserve(connection, reservation, *now)),
        );
        reserve.await
    }

    async fn settle(
        &self,
        tenant: &TenantId,
        id: ReservationId,
        cost: u64,
        tokens: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let values = (tenant, id, signed(cost), signed(tokens), now);
        let settle = self.inner.database.change_in(
            BEGIN_BY_KEY,
            "spend.settle",
            values,
            |connection, (tenant, id, cost, tokens, now)| {
                Box::pin(async move {
                    let (known, transaction) = begin(connection, tenant, *id, *now).await?;
                    if known {
                        let settled = sqlx::query(SETTLE)
                            .bind(tenant.as_str())
                            .bind(id.to_string())
                            .bind(*cost)
                            .bind(*tokens)
                            .execute(connection);
                        settled.await?;
                    }
                    Ok(((), transaction))
                })
            },
        );
        settle.await
    }

    async fn spent(&self, tenant: &TenantId, window: &str) -> Result<Spent, StoreError> {
        let values = (tenant, vec![storable(window).into_owned()]);
        let found =
            self.inner.database.ask("spend.spent", Repeat::Safe, values, |connection, (tenant, windows)| {
                Box::pin(spent(connection, tenant, windows))
            });
        Ok(found.await?.into_values().next().unwrap_or_default())
    }
}

/// Waits for the tenant's turn and ends what has expired. Answers whether a reservation is known, and the name of the
/// transaction.
async fn begin(
    connection: &mut PgConnection,
    tenant: &TenantId,
    id: ReservationId,
    now: Timestamp,
) -> Result<(bool, String), PostgresFailure> {
    sqlx::query(LOCK).bind(tenant.as_str()).execute(&mut *connection).await?;
    let look = async |connection: &mut PgConnection| {
        let row = sqlx::query(LOOK).bind(tenant.as_str()).bind(id.to_string()).bind(now.as_micros());
        row.fetch_one(connection).await
    };
    let mut row = look(&mut *connection).await?;
    if row.try_get(1)? {
        sqlx::query(EXPIRE).bind(tenant.as_str()).bind(now.as_micros()).execute(&mut *connection).await?;
        row = look(connection).await?;
    }
    Ok((row.try_get(0)?, row.try_get(2)?))
}

async fn reserve(
    connection: &mut PgConnection,
    reservation: &Reservation,
    now: Timestamp,
) -> Result<Written<Reserved>, PostgresFailure> {
    let Reservation { tenant, caps, amount, .. } = reservation;
    let (known, transaction) = begin(connection, tenant, reservation.id, now).await?;
    if known {
        return Ok((Reserved::Yes, transaction));
    }
    let windows: Vec<String> = caps.iter().map(|cap| storable(&cap.window).into_owned()).collect();
    let spent = spent(connection, tenant, &windows).await?;
    for (cap, window) in caps.iter().zip(&windows) {
        let spent = spent.get(window).copied().unwrap_or_default();
        if spent.settled.saturating_add(spent.reserved).saturating_add(*amount) > cap.max {
            return Ok((Reserved::No { window: cap.window.clone() }, transaction));
        }
    }
    sqlx::query(RESERVE)
        .bind(tenant.as_str())
        .bind(reservation.id.to_string())
        .bind(windows)
        .bind(signed(*amount))
        .bind(reservation.expires_at.as_micros())
        .execute(connection)
        .await?;
    Ok((Reserved::Yes, transaction))
}

async fn spent(
    connection: &mut PgConnection,
    tenant: &TenantId,
    windows: &[String],
) -> Result<HashMap<String, Spent>, PostgresFailure> {
    let rows = sqlx::query(SPENT).bind(tenant.as_str()).bind(windows).fetch_all(connection).await?;
    let read = |row: &PgRow| {
        let number = |column: usize| row.try_get::<i64, _>(column).map(unsigned);
        Ok((row.try_get(0)?, Spent::new(number(1)?, number(2)?, number(3)?, number(4)?)))
    };
    rows.iter().map(read).collect()
}
