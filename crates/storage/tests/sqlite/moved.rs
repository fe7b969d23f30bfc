//! A database file that is deleted, moved or replaced while it is open.
#![cfg(unix)]

use std::error::Error as _;
use std::fs;

use wartel_core::{
    Country, PhoneNumber, Probe as _, ProbeFailureKind, StoreError, StoreErrorKind, TenantId, Timestamp,
};
use wartel_messaging::outbox::{Outbox, OutboxEntry, OutboxEntryId, OutboxState};
use wartel_storage::SqliteStores;

use super::support::Place;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_767_312_000_000_000);

fn entry() -> OutboxEntry {
    let phone = PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap();
    OutboxEntry::text(OutboxEntryId::random(), TenantId::default(), phone, "Halo", LATER)
}

#[track_caller]
fn assert_moved(error: &StoreError) {
    assert_eq!(error.kind(), StoreErrorKind::Unavailable, "{error}");
    let reason = error.source().unwrap().to_string();
    assert!(reason.contains("deleted or replaced"), "{reason}");
}

async fn assert_refuses(stores: &SqliteStores, known: &OutboxEntry, refused: &OutboxEntry) {
    assert_moved(&stores.enqueue(refused, NOW).await.unwrap_err());
    // Both threads that read.
    for _ in 0..2 {
        assert_moved(&stores.state(known.id).await.unwrap_err());
    }
    assert_moved(&stores.migrate().await.unwrap_err());
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Unavailable);
    assert!(failure.reason().starts_with("the database file was deleted or replaced"), "{failure}");
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_refused_until_it_is_back() {
    let place = Place::new();
    let stores = place.open().await;
    let (known, refused, last) = (entry(), entry(), entry());
    assert!(stores.enqueue(&known, NOW).await.unwrap());

    let elsewhere = place.folder().join("elsewhere.db");
    fs::rename(place.path(), &elsewhere).unwrap();
    assert_refuses(&stores, &known, &refused).await;

    fs::rename(&elsewhere, place.path()).unwrap();
    stores.probe().await.unwrap();
    assert!(stores.enqueue(&last, NOW).await.unwrap());
    assert_eq!(stores.state(known.id).await.unwrap(), Some(OutboxState::Queued));
    assert_eq!(stores.state(refused.id).await.unwrap(), None);
    assert_eq!(stores.state(last.id).await.unwrap(), Some(OutboxState::Queued));
}

#[tokio::test]
async fn a_file_that_was_deleted_is_refused_and_so_is_a_new_one_in_its_place() {
    let place = Place::new();
    let stores = place.open().await;
    let (known, refused) = (entry(), entry());
    assert!(stores.enqueue(&known, NOW).await.unwrap());

    fs::remove_file(place.path()).unwrap();
    assert_refuses(&stores, &known, &refused).await;

    fs::write(place.path(), b"").unwrap();
    assert_refuses(&stores, &known, &refused).await;
    // What took the place is left as it is.
    assert_eq!(fs::metadata(place.path()).unwrap().len(), 0);
}
