//! Deleting what is kept of a person.

use sqlx::Row as _;
use sqlx::postgres::PgConnection;
use wartel_core::{Jid, PhoneNumber, StoreError, TenantId};
use wartel_messaging::inbox::{Forgotten, Mentions};

use super::write;
use crate::postgres::database::{Database, Repeat, Written};
use crate::postgres::error::{At as _, PostgresFailure, unreadable};

/// How many webhooks are looked through at once.
const PAGE: i64 = 200;
const STEP: &str = "inbox.forget";

/// Some webhooks of the log, with the bodies of those that may name the person: the others are not sent here.
const SEARCH: &str = "WITH page AS MATERIALIZED (
        SELECT id, body FROM wartel_messaging_webhooks WHERE tenant = $1 AND id > $2 ORDER BY id LIMIT $3
    )
    SELECT id, CASE WHEN EXISTS (
        SELECT 1 FROM unnest($4::bytea[]) AS digits WHERE position(digits IN body) > 0
    ) THEN body END FROM page ORDER BY id";

pub(super) async fn forget(
    database: &Database,
    tenant: &TenantId,
    phone: &PhoneNumber,
) -> Result<Forgotten, StoreError> {
    let mentions = Mentions::of(phone, lid_of(database, tenant, phone).await?.as_ref());
    let mut bodies = 0;
    let mut after = String::new();
    loop {
        let (found, last) = page(database, tenant, &after, &mentions).await?;
        if !found.is_empty() {
            bodies += empty(database, tenant, found).await?;
        }
        match last {
            Some(last) => after = last,
            None => break,
        }
    }
    let values = (tenant, phone);
    let deleted = database
        .change(STEP, values, |connection, (tenant, phone)| Box::pin(delete(connection, tenant, phone)));
    let (contacts, entries) = deleted.await?;
    Ok(Forgotten::new(contacts, entries, bodies))
}

async fn lid_of(
    database: &Database,
    tenant: &TenantId,
    phone: &PhoneNumber,
) -> Result<Option<Jid>, StoreError> {
    let row = database.ask(STEP, Repeat::Safe, (tenant, phone), |connection, (tenant, phone)| {
        Box::pin(async move {
            let row =
                sqlx::query("SELECT lid FROM wartel_messaging_contacts WHERE tenant = $1 AND phone = $2")
                    .bind(tenant.as_str())
                    .bind(phone.e164())
                    .fetch_optional(connection);
            Ok(row.await?)
        })
    });
    let Some(row) = row.await? else { return Ok(None) };
    let lid: Option<String> = row.try_get(0).at(STEP)?;
    lid.map(|lid| Jid::parse(&lid)).transpose().map_err(|_| unreadable(STEP, "lid"))
}

/// Answers the ids of those that name the person, and of the last that was looked at; `None` if there are no more.
async fn page(
    database: &Database,
    tenant: &TenantId,
    after: &str,
    mentions: &Mentions,
) -> Result<(Vec<String>, Option<String>), StoreError> {
    let digits: Vec<Vec<u8>> = mentions.digits().iter().map(|digits| digits.clone().into_bytes()).collect();
    let values = (tenant, after, digits);
    let rows = database.ask(STEP, Repeat::Safe, values, |connection, (tenant, after, digits)| {
        Box::pin(async move {
            let rows = sqlx::query(SEARCH).bind(tenant.as_str()).bind(*after).bind(PAGE).bind(digits);
            Ok(rows.fetch_all(connection).await?)
        })
    });
    let (mut found, mut last) = (Vec::new(), None);
    for row in rows.await? {
        let id: String = row.try_get(0).at(STEP)?;
        let body: Option<&[u8]> = row.try_get(1).at(STEP)?;
        if body.is_some_and(|body| mentions.are_in(body)) {
            found.push(id.clone());
        }
        last = Some(id);
    }
    Ok((found, last))
}

/// Counts those that were emptied already by a try whose answer was lost as well.
async fn empty(database: &Database, tenant: &TenantId, ids: Vec<String>) -> Result<usize, StoreError> {
    let emptied = database.ask(STEP, Repeat::Safe, (tenant, ids), |connection, (tenant, ids)| {
        Box::pin(async move {
            let emptied = sqlx::query(
                "UPDATE wartel_messaging_webhooks SET body = ''::bytea, headers = '[]'
                 WHERE tenant = $1 AND id = ANY($2::text[])",
            );
            Ok(emptied.bind(tenant.as_str()).bind(ids).execute(connection).await?.rows_affected())
        })
    });
    Ok(usize::try_from(emptied.await?).unwrap_or(usize::MAX))
}

/// Answers how many people and entries went.
async fn delete(
    connection: &mut PgConnection,
    tenant: &TenantId,
    phone: &PhoneNumber,
) -> Result<Written<(usize, usize)>, PostgresFailure> {
    write::lock(connection, std::iter::once(tenant)).await?;
    let row = sqlx::query(
        "SELECT pg_current_xact_id()::text,
                (SELECT id FROM wartel_messaging_contacts WHERE tenant = $1 AND phone = $2)",
    );
    let row = row.bind(tenant.as_str()).bind(phone.e164()).fetch_one(&mut *connection).await?;
    let (transaction, id): (String, Option<String>) = (row.try_get(0)?, row.try_get(1)?);
    let Some(id) = id else { return Ok(((0, 0), transaction)) };
    let entries = sqlx::query("DELETE FROM wartel_messaging_inbox WHERE tenant = $1 AND lane = $2")
        .bind(tenant.as_str())
        .bind(&id)
        .execute(&mut *connection)
        .await?
        .rows_affected();
    sqlx::query("DELETE FROM wartel_messaging_contacts WHERE id = $1 OR merged_into = $1")
        .bind(&id)
        .execute(connection)
        .await?;
    Ok(((1, usize::try_from(entries).unwrap_or(usize::MAX)), transaction))
}
