//! Deleting what is kept of a person.

use rusqlite::{OptionalExtension as _, params};
use wartel_core::{Jid, PhoneNumber, StoreError, TenantId};
use wartel_messaging::inbox::{Forgotten, Mentions};

use super::super::SqliteStores;
use super::super::error::At as _;
use super::super::statements::Db;
use super::contacts;

/// How many webhooks are looked through at once. Readers do not hold up the writer.
const PAGE: i64 = 200;
const STEP: &str = "inbox.forget";

impl SqliteStores {
    pub(super) async fn forget_person(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
    ) -> Result<Forgotten, StoreError> {
        let (of, number) = (tenant.clone(), phone.clone());
        let lid = self.read(STEP, move |db| lid_of(db, &of, &number)).await?;
        let mentions = Mentions::of(phone, lid.as_ref());
        let mut forgotten = Forgotten::default();
        let mut after = String::new();
        loop {
            let (of, mentions) = (tenant.clone(), mentions.clone());
            let page = self.read(STEP, move |db| page(db, &of, &after, &mentions)).await?;
            if !page.found.is_empty() {
                let of = tenant.clone();
                forgotten.bodies += self.write(STEP, move |db| empty(db, &of, &page.found)).await?;
            }
            match page.last {
                Some(last) => after = last,
                None => break,
            }
        }
        let (of, number) = (tenant.clone(), phone.clone());
        let (contacts, entries) = self.write(STEP, move |db| delete(db, &of, &number)).await?;
        Ok(Forgotten::new(contacts, entries, forgotten.bodies))
    }
}

fn lid_of(db: &Db<'_>, tenant: &TenantId, phone: &PhoneNumber) -> Result<Option<Jid>, StoreError> {
    let (by_phone, _) = contacts::known(db, tenant, &phone.clone().into())?;
    Ok(by_phone.and_then(|contact| contact.lid))
}

/// Some webhooks of the log, by their ids.
struct Page {
    found: Vec<String>,
    /// The last that was looked at; `None` if there are no more.
    last: Option<String>,
}

fn page(db: &Db<'_>, tenant: &TenantId, after: &str, mentions: &Mentions) -> Result<Page, StoreError> {
    let mut statement = db
        .prepare_cached(
            "SELECT id, body FROM wartel_messaging_webhooks WHERE tenant = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        )
        .at(STEP)?;
    let mut rows = statement.query(params![tenant.as_str(), after, PAGE]).at(STEP)?;
    let mut page = Page { found: Vec::new(), last: None };
    while let Some(row) = rows.next().at(STEP)? {
        let id: String = row.get(0).at(STEP)?;
        let body = row.get_ref(1).at(STEP)?;
        if body.as_blob().is_ok_and(|body| mentions.are_in(body)) {
            page.found.push(id.clone());
        }
        page.last = Some(id);
    }
    Ok(page)
}

fn empty(db: &Db<'_>, tenant: &TenantId, ids: &[String]) -> Result<usize, StoreError> {
    let mut statement = db
        .prepare_cached(
            "UPDATE wartel_messaging_webhooks SET body = x'', headers = '[]' \
             WHERE tenant = ?1 AND id = ?2 AND length(body) > 0",
        )
        .at(STEP)?;
    let mut emptied = 0;
    for id in ids {
        emptied += statement.execute([tenant.as_str(), id]).at(STEP)?;
    }
    Ok(emptied)
}

/// Answers how many people and entries went.
fn delete(db: &Db<'_>, tenant: &TenantId, phone: &PhoneNumber) -> Result<(usize, usize), StoreError> {
    let id: Option<String> = db
        .prepare_cached("SELECT id FROM wartel_messaging_contacts WHERE tenant = ?1 AND phone = ?2")
        .at(STEP)?
        .query_row([tenant.as_str(), phone.e164()], |row| row.get(0))
        .optional()
        .at(STEP)?;
    let Some(id) = id else { return Ok((0, 0)) };
    let entries = db
        .prepare_cached("DELETE FROM wartel_messaging_inbox WHERE tenant = ?1 AND lane = ?2")
        .at(STEP)?
        .execute([tenant.as_str(), &id])
        .at(STEP)?;
    db.prepare_cached("DELETE FROM wartel_messaging_contacts WHERE id = ?1 OR merged_into = ?1")
        .at(STEP)?
        .execute([&id])
        .at(STEP)?;
    Ok((1, entries))
}
