//! Files, migrations and what is still there after a restart.

use std::time::Duration;

use rusqlite::Connection;
use tokio::task::JoinSet;
use wartel_core::{Country, PhoneNumber, Probe as _, ProbeFailureKind, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::outbox::{LEASE, Outbox, OutboxEntry, OutboxEntryId, OutboxOutcome, OutboxState};
use wartel_otp::store::{
    Admission, AttemptOutcome, DeliveryRecord, Redemption, Refusal, SendOutcome, Target,
};
use wartel_otp::testing::{admit_for, attempt, default_rules, phone_number, redeem};
use wartel_otp::{Budget, OtpStore, Rate};
use wartel_registration::{Creation, Registration, RegistrationId, RegistrationStore};
use wartel_storage::SqliteStores;
use wartel_storage::sqlite::MIGRATIONS;

use super::support::Place;

const NOW: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const LATER: Timestamp = Timestamp::from_micros(1_767_312_000_000_000);

fn phone() -> PhoneNumber {
    PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap()
}

fn entry(text: &str) -> OutboxEntry {
    OutboxEntry::text(OutboxEntryId::random(), TenantId::default(), phone(), text, LATER)
}

fn registration() -> Registration {
    let mut registration = Registration::new(
        RegistrationId::random(),
        TenantId::default(),
        phone(),
        "Budi '; DROP TABLE 👩‍👧",
        NOW,
    );
    registration.email = Some("budi@example.com".to_owned());
    registration.address = Some("Jl. Merdeka 1\nJakarta".to_owned());
    registration.extra = r#"{"shop":"Toko"}"#.to_owned();
    registration
}

#[tokio::test]
async fn what_was_answered_is_there_after_a_restart() {
    let place = Place::new();
    let (registration, confirmation) = (registration(), entry("Selamat datang"));
    {
        let stores = place.open().await;
        assert_eq!(stores.create(&registration, &confirmation).await.unwrap(), Creation::Created);
        // Not closed: as after a crash, the log has not been moved into the file.
    }
    let stores = place.open().await;
    assert!(
        RegistrationStore::get(&stores, &registration.tenant, registration.id).await.unwrap().unwrap()
            == registration
    );
    let leased = Outbox::lease_due(&stores, 10, LEASE, NOW).await.unwrap();
    assert_eq!(leased.len(), 1);
    assert_eq!(leased[0].entry.id, confirmation.id);
    assert_eq!(leased[0].entry.text.expose(), "Selamat datang");
    assert_eq!(stores.create(&registration, &entry("again")).await.unwrap(), Creation::AlreadyRegistered);
    assert!(Outbox::lease_due(&stores, 10, LEASE, NOW).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_code_that_was_promised_is_there_after_a_restart() {
    let place = Place::new();
    let budget = Budget::new("ip/203.0.113.7", Rate::new(1, Duration::from_secs(3_600)));
    let request = || admit_for(&phone()).shared([budget.clone()]).build();
    let admission = place.open().await.admit(request(), NOW).await.unwrap();
    let Admission::Send { view, send, .. } = admission else { panic!("refused") };

    let stores = place.open().await;
    let target = Target::Id(view.id);
    let live =
        OtpStore::get(&stores, &TenantId::default(), &target, NOW).await.unwrap().unwrap().live.unwrap();
    assert!(live.nonce == send.nonce && live.phone == phone());
    // The send was leased by whoever died: it is due when the lease ends, and nobody records under the old fence.
    let later = NOW + default_rules().lease;
    let again = OtpStore::lease_due(&stores, 10, &default_rules(), later).await.unwrap();
    assert_eq!(
        again.iter().map(|send| (send.send, send.fence)).collect::<Vec<_>>(),
        [(send.send, send.fence + 1)]
    );
    let outcome = SendOutcome::Accepted { message_id: None };
    let record = |send| DeliveryRecord::new(send, "fake", outcome.clone(), default_rules());
    let late = stores.record_delivery(record(&send), later).await.unwrap();
    assert!(!late.is_kept(), "the outcome of a lease that was taken over is kept");
    assert!(stores.record_delivery(record(&again[0]), later).await.unwrap().is_kept());
    // The budget was not renewed.
    let other = admit_for(&phone_number(1)).shared([budget.clone()]).build();
    let refused = stores.admit(other, later).await.unwrap();
    assert!(matches!(refused, Admission::Refused { reason: Refusal::SharedBudget, .. }));
    let right = attempt(target, Some(live.id), true);
    let approved = stores.attempt(right.clone(), later).await.unwrap();
    assert!(matches!(approved, AttemptOutcome::Approved { .. }));

    let redeemed = place.open().await.redeem(redeem(&right.proof_hash, "registration"), later).await.unwrap();
    assert_eq!(redeemed, Redemption::Phone(phone()));
}

#[tokio::test]
async fn a_damaged_row_is_an_error_and_not_an_empty_phone() {
    let place = Place::new();
    let stores = place.open().await;
    stores.admit(admit_for(&phone()).build(), NOW).await.unwrap();
    let connection = Connection::open(place.path()).unwrap();
    connection.execute("UPDATE wartel_otp_phones SET ledger = substr(ledger, 1, 40)", []).unwrap();
    let error = stores.admit(admit_for(&phone()).build(), NOW).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Corrupt);
    assert!(!format!("{error:?}").contains("81234567890"));
    // Other phones are as well as before.
    let other = stores.admit(admit_for(&phone_number(1)).build(), NOW).await.unwrap();
    assert!(matches!(other, Admission::Send { .. }));
}

#[tokio::test]
async fn a_refused_registration_sends_nothing() {
    let place = Place::new();
    let stores = place.open().await;
    let racing: JoinSet<_> = (0..50)
        .map(|_| {
            let (stores, registration, confirmation) =
                (stores.clone(), registration(), entry("Selamat datang"));
            async move { stores.create(&registration, &confirmation).await.unwrap() }
        })
        .collect();
    let answers = racing.join_all().await;
    assert_eq!(answers.iter().filter(|answer| **answer == Creation::Created).count(), 1);
    assert_eq!(Outbox::lease_due(&stores, 100, LEASE, NOW).await.unwrap().len(), 1);
}

#[tokio::test]
async fn the_text_of_a_settled_message_is_gone_from_the_file() {
    let place = Place::new();
    let stores = place.open().await;
    let entry = entry("Halo Budi-Santoso-Yang-Unik");
    stores.enqueue(&entry, NOW).await.unwrap();
    let leased = Outbox::lease_due(&stores, 1, LEASE, NOW).await.unwrap();
    let outcome = OutboxOutcome::Accepted { message_id: None };
    assert!(stores.record(entry.id, leased[0].fence, &outcome, NOW).await.unwrap());
    assert_eq!(stores.state(entry.id).await.unwrap(), Some(OutboxState::Sent));
    stores.close().await;
    let bytes = std::fs::read(place.path()).unwrap();
    let holds = |text: &str| bytes.windows(text.len()).any(|window| window == text.as_bytes());
    assert!(holds("wartel_messaging_outbox"), "the file is not the database");
    assert!(!holds("Budi-Santoso-Yang-Unik"));
}

#[tokio::test]
async fn two_instances_share_one_file() {
    let place = Place::new();
    let (first, second) = (place.open().await, place.open().await);
    let writing: JoinSet<_> = (0..100)
        .map(|n| {
            let stores = if n % 2 == 0 { first.clone() } else { second.clone() };
            async move { stores.enqueue(&entry("Halo"), NOW).await.unwrap() }
        })
        .collect();
    assert!(writing.join_all().await.into_iter().all(|written| written));
    let (from_first, from_second) =
        tokio::join!(Outbox::lease_due(&first, 60, LEASE, NOW), Outbox::lease_due(&second, 60, LEASE, NOW));
    let mut ids: Vec<_> =
        from_first.unwrap().into_iter().chain(from_second.unwrap()).map(|l| l.entry.id).collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 100);
}

#[tokio::test]
async fn instances_that_start_at_once_migrate_once() {
    let place = Place::new();
    let starting: JoinSet<_> = (0..8)
        .map(|_| {
            let path = place.path();
            async move { SqliteStores::open(path).await.unwrap() }
        })
        .collect();
    for stores in starting.join_all().await {
        stores.probe().await.unwrap();
        assert_eq!(stores.migrate().await.unwrap(), []);
    }
    let connection = Connection::open(place.path()).unwrap();
    for domain in MIGRATIONS {
        let table = format!("wartel_{}_migrations", domain[0].domain);
        let rows: u32 =
            connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap();
        assert_eq!(rows as usize, domain.len(), "{table}");
    }
}

#[tokio::test]
async fn opening_without_migrating_leaves_the_tables_to_the_caller() {
    let place = Place::new();
    let stores = SqliteStores::open_without_migrating(place.path()).await.unwrap();
    let all: Vec<_> = MIGRATIONS.concat();
    assert_eq!(stores.pending_migrations().await.unwrap(), all);
    assert_eq!(stores.enqueue(&entry("Halo"), NOW).await.unwrap_err().kind(), StoreErrorKind::Schema);
    let failure = stores.probe().await.unwrap_err();
    assert_eq!(failure.kind(), ProbeFailureKind::Misconfigured);
    assert!(failure.reason().contains("pending"), "{failure}");

    assert_eq!(stores.migrate().await.unwrap(), all);
    assert_eq!(stores.pending_migrations().await.unwrap(), []);
    stores.probe().await.unwrap();
    assert!(stores.enqueue(&entry("Halo"), NOW).await.unwrap());
}

#[tokio::test]
async fn tables_of_a_newer_program_are_refused_in_words() {
    let place = Place::new();
    place.open().await.close().await;
    let connection = Connection::open(place.path()).unwrap();
    connection.execute("INSERT INTO wartel_otp_migrations VALUES (99, 'future', 'checksum', 0)", []).unwrap();
    let error = SqliteStores::open(place.path()).await.unwrap_err();
    assert_eq!(error.kind(), StoreErrorKind::Schema);
    let reason = std::error::Error::source(&error).unwrap().to_string();
    assert!(reason.contains("version 99 of the otp tables") && reason.contains("newer program"), "{reason}");
}

#[tokio::test]
async fn the_tables_live_beside_those_of_the_app() {
    let place = Place::new();
    let connection = Connection::open(place.path()).unwrap();
    connection.execute_batch("CREATE TABLE users (id INTEGER); INSERT INTO users VALUES (1)").unwrap();
    connection.pragma_update(None, "user_version", 42).unwrap();
    let stores = place.open().await;
    stores.probe().await.unwrap();
    let mut statement = connection
        .prepare("SELECT tbl_name FROM sqlite_schema WHERE tbl_name NOT LIKE 'wartel\\_%' ESCAPE '\\'")
        .unwrap();
    let others: Vec<String> =
        statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
    assert_eq!(others, ["users"]);
    let version: i32 = connection.pragma_query_value(None, "user_version", |row| row.get(0)).unwrap();
    assert_eq!(version, 42);
}

#[tokio::test]
async fn addresses_are_accepted_and_folders_made_for_the_owner_only() {
    let place = Place::new();
    let path = place.folder().join("data/shop/wartel.db");
    let stores = SqliteStores::open(format!("sqlite://{}", path.display())).await.unwrap();
    stores.probe().await.unwrap();
    stores.enqueue(&entry("Halo"), NOW).await.unwrap();
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&place.folder().join("data")), 0o700);
        assert_eq!(mode(&place.folder().join("data/shop")), 0o700);
        assert_eq!(mode(&path), 0o600);
        assert_eq!(mode(&path.with_extension("db-wal")), 0o600);
    }
    assert!(!format!("{stores:?}").contains("shop"));
}

#[tokio::test]
async fn what_cannot_be_opened_says_why() {
    let place = Place::new();
    let no_database = place.folder().join("letter.txt");
    std::fs::write(&no_database, "Dear Budi, this is a letter and not a database.".repeat(100)).unwrap();
    assert_eq!(SqliteStores::open(&no_database).await.unwrap_err().kind(), StoreErrorKind::Corrupt);

    let under_a_file = no_database.join("wartel.db");
    assert_eq!(SqliteStores::open(&under_a_file).await.unwrap_err().kind(), StoreErrorKind::Unavailable);
    assert_eq!(SqliteStores::open(place.folder()).await.unwrap_err().kind(), StoreErrorKind::Unavailable);

    let error = SqliteStores::open("sqlite::memory:").await.unwrap_err();
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("memory"));
}
