//! Redeeming a proof inside the app's own transaction.

use sqlx::postgres::PgConnection;
use wartel_core::{StoreError, Timestamp};
use wartel_otp::ledger::{Locator, steps};
use wartel_otp::store::{Redeem, Redemption};

use super::snapshot::Snapshot;
use super::transaction::StepTransaction;
use super::{load, write};
use crate::postgres::PostgresStores;
use crate::postgres::error::{At as _, PostgresFailure};

const STEP: &str = "otp.redeem";

impl PostgresStores {
    /// Exchanges a proof for its phone as [`OtpStore::redeem`](wartel_otp::OtpStore::redeem) does, but as a part of
    /// the transaction that is open on this connection: what the app writes beside it and the redemption happen
    /// together or not at all.
    ///
    /// The phone is locked until that transaction ends. Commit soon: whoever checks a code of the same phone waits.
    /// On a connection without a transaction it is a transaction of its own.
    ///
    /// # Errors
    /// [`StoreError`] when the database could not answer. After one of the database the transaction can only be
    /// rolled back; the proof is then as it was.
    pub async fn redeem_in(
        connection: &mut PgConnection,
        redeem: &Redeem,
        now: Timestamp,
    ) -> Result<Redemption, StoreError> {
        let mut snapshot = Snapshot::default();
        lock(connection, &mut snapshot, redeem).await.at(STEP)?;
        let mut step = StepTransaction::new(&snapshot);
        let redemption = steps::redeem(&mut step, redeem, now)?;
        snapshot.apply(step.into_parts().0);
        write::changes(connection, &snapshot).await.at(STEP)?;
        Ok(redemption)
    }
}

async fn lock(
    connection: &mut PgConnection,
    snapshot: &mut Snapshot,
    redeem: &Redeem,
) -> Result<(), PostgresFailure> {
    load::locators(connection, snapshot, vec![Locator::proof(&redeem.proof)]).await?;
    let owners = snapshot.locators.values().filter_map(|place| place.owner.clone()).collect();
    load::phones(connection, snapshot, owners, true).await?;
    Ok(())
}
