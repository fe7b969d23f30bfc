//! The arrows between crates, proven by `cargo tree`: see ARCHITECTURE.md.

use std::collections::BTreeSet;

use wartel_tests::workspace::dependencies;

const ALL: &[&str] = &["--all-features"];
const LIBRARIES: [&str; 9] = [
    "wartel-core",
    "wartel-access",
    "wartel-messaging",
    "wartel-otp",
    "wartel-bot",
    "wartel-registration",
    "wartel-storage",
    "wartel-http",
    "wartel-sandbox",
];

/// Which of our crates each of our crates may be built from.
const ARROWS: [(&str, &[&str]); 9] = [
    ("wartel-core", &[]),
    ("wartel-access", &["wartel-core"]),
    ("wartel-messaging", &["wartel-core"]),
    ("wartel-otp", &["wartel-core", "wartel-messaging"]),
    ("wartel-bot", &["wartel-core", "wartel-messaging"]),
    ("wartel-registration", &["wartel-core", "wartel-messaging", "wartel-otp"]),
    (
        "wartel-storage",
        &[
            "wartel-core",
            "wartel-access",
            "wartel-messaging",
            "wartel-otp",
            "wartel-bot",
            "wartel-registration",
        ],
    ),
    (
        "wartel-http",
        &[
            "wartel-core",
            "wartel-access",
            "wartel-messaging",
            "wartel-otp",
            "wartel-bot",
            "wartel-registration",
        ],
    ),
    ("wartel-sandbox", &["wartel-core"]),
];

fn assert_absent(package: &str, forbidden: &[&str], features: &[&str]) {
    let tree = dependencies(package, "normal", features);
    let found: Vec<_> = forbidden.iter().filter(|name| tree.contains(**name)).collect();
    assert!(found.is_empty(), "{package} is built from {found:?}");
}

#[test]
fn crates_depend_only_along_the_arrows() {
    for (package, allowed) in ARROWS {
        let tree = dependencies(package, "normal,build", ALL);
        let ours: BTreeSet<&str> =
            tree.iter().map(String::as_str).filter(|name| name.starts_with("wartel-")).collect();
        let allowed: BTreeSet<&str> = allowed.iter().copied().collect();
        let more: Vec<_> = ours.difference(&allowed).collect();
        assert!(more.is_empty(), "{package} must not depend on {more:?}");
    }
}

#[test]
fn no_crate_is_tested_with_a_crate_that_depends_on_it() {
    for (package, allowed) in ARROWS {
        let tree = dependencies(package, "normal,build,dev", ALL);
        let ours = tree.iter().map(String::as_str).filter(|name| name.starts_with("wartel-"));
        let more: Vec<_> = ours.filter(|name| !allowed.contains(name)).collect();
        assert!(more.is_empty(), "{package} is tested with {more:?}");
    }
}

#[test]
fn core_does_no_io() {
    assert_absent("wartel-core", &["tokio", "reqwest", "sqlx", "rusqlite", "redis", "axum", "hyper"], ALL);
}

#[test]
fn axum_stands_in_http_only() {
    for package in LIBRARIES.into_iter().filter(|package| *package != "wartel-http") {
        assert_absent(package, &["axum"], ALL);
    }
}

#[test]
fn reqwest_stands_under_adapters_only() {
    for package in LIBRARIES {
        // Without features nobody has an HTTP client, the adapters' crate neither.
        assert_absent(package, &["reqwest"], &[]);
    }
    for package in
        ["wartel-core", "wartel-access", "wartel-otp", "wartel-registration", "wartel-http", "wartel-sandbox"]
    {
        assert_absent(package, &["reqwest"], ALL);
    }
}

#[test]
fn databases_stand_in_storage_only() {
    for package in LIBRARIES.into_iter().filter(|package| *package != "wartel-storage") {
        assert_absent(package, &["sqlx", "rusqlite", "libsqlite3-sys", "redis"], ALL);
    }
    assert_absent("wartel-storage", &["rusqlite", "libsqlite3-sys"], &[]);
}

#[test]
fn the_service_carries_no_test_code() {
    assert_absent("wartel-service", &["mockall", "proptest", "tempfile", "wiremock"], &[]);
}

#[test]
fn one_crypto_library() {
    assert_absent("wartel-service", &["ring", "openssl", "openssl-sys", "native-tls"], &[]);
}
