//! The conformance page: every test that it names exists, and the page is complete.

use std::collections::BTreeSet;
use std::path::Path;

use wartel_tests::workspace::root;

const PAGE: &str = "docs/otp-conformance.md";

fn page() -> String {
    std::fs::read_to_string(root().join(PAGE)).unwrap()
}

/// Every `path.rs::name` in backticks.
fn named(page: &str) -> BTreeSet<(String, String)> {
    let quoted = page.split('`').skip(1).step_by(2);
    quoted
        .filter_map(|text| text.split_once(".rs::"))
        .map(|(path, name)| (format!("{path}.rs"), name.to_owned()))
        .collect()
}

/// What is wrong with the name of a test: nothing if the file has a test of that name, or a case of a contract.
fn problem(folder: &Path, path: &str, name: &str) -> Option<String> {
    let Ok(source) = std::fs::read_to_string(folder.join(path)) else {
        return Some(format!("{path} is not there"));
    };
    let lines: Vec<&str> = source.lines().collect();
    let is_it = |line: &str| {
        let line = line.trim_start();
        let function = line.strip_prefix("pub ").unwrap_or(line);
        let function = function.strip_prefix("async ").unwrap_or(function);
        function.strip_prefix("fn ").is_some_and(|rest| {
            rest.strip_prefix(name).is_some_and(|rest| rest.starts_with('(') || rest.starts_with('<'))
        })
    };
    let Some(at) = lines.iter().position(|line| is_it(line)) else {
        return Some(format!("{path} has no {name}"));
    };
    // Cases of a contract are public functions, which its macro makes tests of and its list keeps complete.
    let case = path.contains("/testing/") && lines[at].starts_with("pub async fn ");
    let above = lines[..at].iter().rev().take_while(|line| !line.trim().is_empty() && !line.contains('}'));
    let attributed = above.clone().any(|line| {
        let line = line.trim();
        line.starts_with("#[") && (line.contains("test]") || line.contains("::test("))
    });
    (!case && !attributed).then(|| format!("{path}::{name} is no test"))
}

#[test]
fn every_test_that_the_page_names_exists() {
    let named = named(&page());
    assert!(named.len() >= 100, "the page names {} tests only", named.len());
    let wrong: Vec<String> = named.iter().filter_map(|(path, name)| problem(&root(), path, name)).collect();
    assert!(wrong.is_empty(), "{PAGE}: {wrong:#?}");
}

#[test]
fn a_test_that_is_not_there_is_told() {
    let here = "tests/tests/it/conformance.rs";
    assert_eq!(problem(&root(), here, "a_test_that_is_not_there_is_told"), None);
    for (path, name) in [
        ("tests/tests/it/nothing.rs", "anything"),
        (here, "a_test_that_nobody_wrote"),
        (here, "page"),
        (here, "every_test_that_the_page"),
    ] {
        assert!(problem(&root(), path, name).is_some(), "{path}::{name}");
    }
    assert_eq!(named("see `a/b.rs::c`, `x` and `a/b.rs`").len(), 1);
}

/// Each row of a table has a test, or says in words why it has none.
#[test]
fn every_row_has_a_test_or_a_reason() {
    let page = page();
    let rows = page.lines().filter(|line| line.starts_with('|') && !line.starts_with("|---"));
    let mut count = 0;
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").map(str::trim).collect();
        // The heads of the tables.
        if cells.last() == Some(&"Proof") {
            continue;
        }
        count += 1;
        let last = cells.last().unwrap();
        let reasoned =
            ["Not met", "Not applicable", "Not tested", "Partly"].iter().any(|word| row.contains(word));
        assert!(last.contains(".rs::") || reasoned, "no proof and no reason: {row}");
    }
    assert!(count >= 50, "the page has {count} rows only");
}

/// All 24 rows of the table of threats are there.
#[test]
fn every_threat_is_there() {
    let page = page();
    for number in 1..=24 {
        assert!(
            page.lines().any(|line| line.starts_with(&format!("| T{number} |"))),
            "threat {number} is missing"
        );
    }
}
