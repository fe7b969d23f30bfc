//! Handing entries out, and what came of it.

use std::time::Duration;

use rusqlite::{OptionalExtension as _, Row, params};
use wartel_core::{AccountId, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::inbox::{
    ContactId, InboxEntryId, InboxKind, InboxOutcome, InboxState, LeasedInboxEntry, MAX_LAPSES,
};

use super::super::error::{At as _, unreadable};
use super::super::statements::Db;
use super::contacts;
use crate::inbox_rows::{EntryRow, taken};

/// How many kinds there are to ask for.
const KINDS: usize = InboxKind::ALL.len();

/// Entries of one kind that are due and have nothing of the kinds asked for ahead of them in their lane.
const DUE: &str = "SELECT entry.seq, entry.due_at, entry.lapses, entry.id, entry.tenant, entry.account, \
         entry.kind, entry.event, entry.signed, entry.received_at, entry.fence, entry.refusals, entry.taken, \
         contact.id, contact.phone, contact.lid, contact.name, contact.created_at \
     FROM wartel_messaging_inbox AS entry \
     LEFT JOIN wartel_messaging_contacts AS contact ON contact.id = entry.lane \
     WHERE entry.kind = ?1 AND entry.due_at <= ?2 AND (entry.lane = '' OR NOT EXISTS ( \
         SELECT 1 FROM wartel_messaging_inbox AS earlier \
         WHERE earlier.tenant = entry.tenant AND earlier.lane = entry.lane AND earlier.lane <> '' \
           AND earlier.account = entry.account AND earlier.seq < entry.seq AND earlier.due_at IS NOT NULL \
           AND earlier.kind IN (?4, ?5, ?6, ?7))) \
     ORDER BY entry.due_at, entry.seq LIMIT ?3";

/// A row that is due.
struct Due {
    seq: i64,
    due_at: i64,
    lapses: u32,
    row: EntryRow,
}

pub(super) fn lease(
    db: &Db<'_>,
    kinds: &[InboxKind],
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> Result<Vec<LeasedInboxEntry>, StoreError> {
    let mut leased = Vec::new();
    while leased.len() < limit {
        let mut due = Vec::new();
        for kind in kinds {
            due.extend(find_due(db, *kind, kinds, limit - leased.len(), now)?);
        }
        due.sort_unstable_by_key(|due| (due.due_at, due.seq));
        due.truncate(limit - leased.len());
        // Entries that are given up here take no place of those that can be handed out.
        let mut given_up = 0;
        for due in due {
            if due.lapses >= MAX_LAPSES {
                give_up(db, due.seq)?;
                given_up += 1;
                continue;
            }
            let fence = due.row.fence.saturating_add(1);
            hand_over(db, due.seq, fence, now + lease)?;
            let entry = EntryRow { fence, ..due.row };
            leased.push(entry.read().map_err(|unreadable| unreadable.at("inbox.lease"))?);
        }
        if given_up == 0 {
            break;
        }
    }
    Ok(leased)
}

fn find_due(
    db: &Db<'_>,
    kind: InboxKind,
    kinds: &[InboxKind],
    limit: usize,
    now: Timestamp,
) -> Result<Vec<Due>, StoreError> {
    const STEP: &str = "inbox.due";
    let mut asked = [""; KINDS];
    for (place, kind) in asked.iter_mut().zip(kinds) {
        *place = kind.as_str();
    }
    let [first, second, third, fourth] = asked;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = db.prepare_cached(DUE).at(STEP)?;
    let mut rows = statement
        .query(params![kind.as_str(), now.as_micros(), limit, first, second, third, fourth])
        .at(STEP)?;
    let mut due = Vec::new();
    while let Some(row) = rows.next().at(STEP)? {
        due.push(read_due(row).at(STEP)?);
    }
    Ok(due)
}

fn read_due(row: &Row<'_>) -> rusqlite::Result<Due> {
    let has_contact = row.get::<_, Option<String>>(13)?.is_some();
    Ok(Due {
        seq: row.get(0)?,
        due_at: row.get(1)?,
        lapses: row.get(2)?,
        row: EntryRow {
            id: row.get(3)?,
            tenant: row.get(4)?,
            account: row.get(5)?,
            kind: row.get(6)?,
            event: row.get(7)?,
            signed: row.get(8)?,
            received_at: row.get(9)?,
            fence: row.get(10)?,
            refusals: row.get(11)?,
            taken: row.get(12)?,
            contact: if has_contact { Some(contacts::read(row, 13)?) } else { None },
        },
    })
}

fn hand_over(db: &Db<'_>, seq: i64, fence: i64, until: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "inbox.hand_over";
    db.prepare_cached(
        "UPDATE wartel_messaging_inbox \
         SET state = 'processing', fence = ?2, lapses = lapses + 1, due_at = ?3 WHERE seq = ?1",
    )
    .at(STEP)?
    .execute(params![seq, fence, until.as_micros()])
    .at(STEP)?;
    Ok(())
}

fn give_up(db: &Db<'_>, seq: i64) -> Result<(), StoreError> {
    const STEP: &str = "inbox.give_up";
    db.prepare_cached("UPDATE wartel_messaging_inbox SET state = 'dead', due_at = NULL WHERE seq = ?1")
        .at(STEP)?
        .execute([seq])
        .at(STEP)?;
    Ok(())
}

pub(super) fn settle(
    db: &Db<'_>,
    id: InboxEntryId,
    fence: u64,
    outcome: &InboxOutcome,
    now: Timestamp,
) -> Result<bool, StoreError> {
    const STEP: &str = "inbox.settle";
    const END: &str = "UPDATE wartel_messaging_inbox SET state = ?3, due_at = NULL \
         WHERE id = ?1 AND fence = ?2 AND state = 'processing'";
    const POSTPONE: &str = "UPDATE wartel_messaging_inbox \
         SET state = 'queued', due_at = ?3, lapses = 0, refusals = refusals + 1, taken = ?4 \
         WHERE id = ?1 AND fence = ?2 AND state = 'processing'";
    const RELEASE: &str = "UPDATE wartel_messaging_inbox \
         SET state = 'queued', due_at = ?3, lapses = max(lapses - 1, 0) \
         WHERE id = ?1 AND fence = ?2 AND state = 'processing'";
    let (id, fence) = (id.to_string(), i64::try_from(fence).unwrap_or(i64::MAX));
    let end = |state: InboxState| db.prepare_cached(END)?.execute(params![id, fence, state.as_str()]);
    let changed = match outcome {
        InboxOutcome::Done => end(InboxState::Done),
        InboxOutcome::Dead => end(InboxState::Dead),
        InboxOutcome::Retry { at, taken: names } => db
            .prepare_cached(POSTPONE)
            .and_then(|mut postpone| postpone.execute(params![id, fence, at.as_micros(), taken(names)])),
        InboxOutcome::Release => db
            .prepare_cached(RELEASE)
            .and_then(|mut release| release.execute(params![id, fence, now.as_micros()])),
        // An outcome that is newer than this store: better an error than a wrong state.
        _ => return Err(StoreError::new(StoreErrorKind::Unexpected, STEP)),
    };
    Ok(changed.at(STEP)? == 1)
}

pub(super) fn state(db: &Db<'_>, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
    const STEP: &str = "inbox.state";
    let word: Option<String> = db
        .prepare_cached("SELECT state FROM wartel_messaging_inbox WHERE id = ?1")
        .at(STEP)?
        .query_row([id.to_string()], |row| row.get(0))
        .optional()
        .at(STEP)?;
    word.map(|word| InboxState::from_stored(&word).ok_or_else(|| unreadable(STEP, "state"))).transpose()
}

pub(super) fn waits(
    db: &Db<'_>,
    consumer: &str,
    tenant: &TenantId,
    account: &AccountId,
    contact: ContactId,
) -> Result<bool, StoreError> {
    const STEP: &str = "inbox.waits";
    // In the words of the index of what is open.
    let found = db
        .prepare_cached(
            "SELECT 1 FROM wartel_messaging_inbox WHERE tenant = ?1 AND lane = \
                 coalesce((SELECT merged_into FROM wartel_messaging_contacts WHERE id = ?2), ?2) \
             AND lane <> '' AND account = ?3 AND due_at IS NOT NULL AND kind IN ('message', 'echo') \
             AND instr(',' || taken || ',', ',' || ?4 || ',') = 0 LIMIT 1",
        )
        .at(STEP)?
        .query_row([tenant.as_str(), &contact.to_string(), account.as_str(), consumer], |_| Ok(()))
        .optional()
        .at(STEP)?;
    Ok(found.is_some())
}
