//! Receipts that came before their message was known.

use rusqlite::params;
use wartel_core::{StoreError, Timestamp};
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId, ReceiptKey};
use wartel_otp::ledger::{Locator, ReceiptOrphan};

use super::error::{At as _, unreadable};
use super::otp::row_limit;
use super::statements::Db;

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

/// Keeps a receipt. The same one again is kept once.
pub(super) fn keep(connection: &Db<'_>, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError> {
    const STEP: &str = "otp.keep_receipt";
    let receipt = &orphan.receipt;
    connection
        .prepare_cached(
            "INSERT OR IGNORE INTO wartel_otp_receipts \
             (locator, message_id, state_id, provider, state, at, kept_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .at(STEP)?
        .execute(params![
            orphan.locator.as_str(),
            receipt.key.message_id.as_ref().map(ProviderMessageId::as_str),
            receipt.key.state_id.as_ref().map(ProviderMessageId::as_str),
            receipt.provider,
            receipt.state.as_str(),
            receipt.at.map(Timestamp::as_micros),
            now.as_micros(),
        ])
        .at(STEP)?;
    Ok(())
}

/// Takes out the receipts that a locator names.
pub(super) fn take(connection: &Db<'_>, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
    const STEP: &str = "otp.take_receipts";
    let receipts = {
        let mut statement = connection
            .prepare_cached(
                "SELECT message_id, state_id, provider, state, at FROM wartel_otp_receipts WHERE locator = ?1",
            )
            .at(STEP)?;
        let mut rows = statement.query([locator.as_str()]).at(STEP)?;
        let mut receipts = Vec::new();
        while let Some(row) = rows.next().at(STEP)? {
            receipts.push(receipt(row, STEP)?);
        }
        receipts
    };
    if !receipts.is_empty() {
        connection
            .prepare_cached("DELETE FROM wartel_otp_receipts WHERE locator = ?1")
            .at(STEP)?
            .execute([locator.as_str()])
            .at(STEP)?;
    }
    Ok(receipts)
}

/// Deletes at most `limit` receipts that are as old as `before` or older; answers how many.
pub(super) fn purge(connection: &Db<'_>, limit: usize, before: Timestamp) -> Result<usize, StoreError> {
    const STEP: &str = "otp.purge_receipts";
    connection
        .prepare_cached(
            "DELETE FROM wartel_otp_receipts WHERE id IN \
             (SELECT id FROM wartel_otp_receipts WHERE kept_at <= ?1 ORDER BY kept_at LIMIT ?2)",
        )
        .at(STEP)?
        .execute(params![before.as_micros(), row_limit(limit)])
        .at(STEP)
}

fn receipt(row: &rusqlite::Row<'_>, step: &'static str) -> Result<DeliveryReceipt, StoreError> {
    let id = |column: usize| -> Result<Option<ProviderMessageId>, StoreError> {
        Ok(row.get::<_, Option<String>>(column).at(step)?.map(ProviderMessageId::new))
    };
    let key = ReceiptKey::new(id(0)?, id(1)?).ok_or_else(|| unreadable(step, "message id"))?;
    let provider: String = row.get(2).at(step)?;
    let word: String = row.get(3).at(step)?;
    let state =
        STATES.into_iter().find(|state| state.as_str() == word).ok_or_else(|| unreadable(step, "state"))?;
    let at: Option<i64> = row.get(4).at(step)?;
    Ok(DeliveryReceipt::new(provider, key, state).with_at(at.map(Timestamp::from_micros)))
}
