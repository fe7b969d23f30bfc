//! A million verifications leave nothing behind.

use std::sync::Arc;

use wartel_otp::testing::flows::{purge_all, run_flows};
use wartel_otp::{MemoryOtpStore, OtpStore};

use crate::desk::{rounds, seconds};

/// 5,000 flows by default; `WARTEL_LONG=200` makes it a million. Two days after the last one only counters of failed
/// checks are left, thirty-one days after it nothing at all.
#[tokio::test]
async fn flows_past_their_end_leave_only_counters_of_failed_checks() {
    let store = MemoryOtpStore::new();
    let shared: Arc<dyn OtpStore> = Arc::new(store.clone());
    let count = rounds(5_000);
    let flows = run_flows(&shared, count, 16).await;
    let most = store.len();
    let later = flows.ended_at + seconds(2 * 86_400);
    purge_all(&shared, later).await;
    println!("{count} flows: {most} rows at their end, {} two days later", store.len());
    // One ledger for each of those phones, and no locator, counter or receipt.
    assert_eq!(store.len(), flows.phones_with_failed_checks);
    assert!(most > 2 * store.len(), "the flows keep nothing that could be left");
    purge_all(&shared, later + seconds(30 * 86_400)).await;
    assert!(store.is_empty(), "{} rows are left for ever", store.len());
}
