//! What the cases of all suites use. All of it is made up.
#![expect(clippy::panic, reason = "a case of a test suite fails by panicking")]

use std::future::Future;
use std::time::Duration;

use tokio::task::JoinSet;
use wartel_core::{AccountId, Country, PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use crate::key::{Revision, Saved};

/// 2026-01-01T00:00:00Z.
pub(super) const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MICRO: Duration = Duration::from_micros(1);
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

/// Words that stores must give back as they are.
pub(super) const ODD: &str = "Kak, \"harga\" '95%'\\ \u{0} \u{1F697}\n\u{2066}DROP TABLE x;--\u{feff}";

pub(super) fn good<T>(result: Result<T, StoreError>) -> T {
    result.unwrap_or_else(|error| panic!("the store failed: {error}"))
}

pub(super) fn there<T>(found: Option<T>, what: &str) -> T {
    found.unwrap_or_else(|| panic!("missing: {what}"))
}

/// The revision of a write that must have succeeded.
pub(super) fn saved(result: Result<Saved, StoreError>) -> Revision {
    match good(result) {
        Saved::Saved(revision) => revision,
        Saved::Conflict => panic!("a write that nobody stands in the way of is refused"),
    }
}

pub(super) fn refused(result: Result<Saved, StoreError>) {
    assert_eq!(good(result), Saved::Conflict, "a write is taken that must be refused");
}

pub(super) fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap_or_default()
}

pub(super) fn account(name: &str) -> AccountId {
    AccountId::parse(name).unwrap_or_default()
}

/// The contact with number `n`, always the same.
pub(super) fn contact(n: u32) -> ContactId {
    let text = format!("00000000-0000-7000-8000-{n:012x}");
    ContactId::parse(&text).unwrap_or_else(|_| panic!("a test uses an id that is none"))
}

pub(super) fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("+62812{n:07}"), Country::INDONESIA)
        .unwrap_or_else(|error| panic!("a test uses a number that is none: {error}"))
}

/// Runs all of these at the same time and gives what they answered.
pub(super) async fn together<T: Send + 'static>(
    tasks: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
) -> Vec<T> {
    tasks.into_iter().collect::<JoinSet<T>>().join_all().await
}

/// How many of these writes were taken.
pub(super) fn winners(results: Vec<Result<Saved, StoreError>>) -> usize {
    results.into_iter().map(good).filter(|saved| saved.is_saved()).count()
}
