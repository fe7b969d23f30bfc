//! The wire samples of every adapter hold nothing of a real person and no secret, and say where they come from.

use std::path::{Path, PathBuf};

/// What stands for the contact and for our own phone in all samples.
const NUMBERS: &[&str] = &["6281234567890", "6281111111111"];

fn folders() -> Vec<PathBuf> {
    let samples = Path::new(env!("CARGO_MANIFEST_DIR")).join("samples");
    std::fs::read_dir(samples).unwrap().map(|folder| folder.unwrap().path()).collect()
}

#[test]
fn samples_hold_no_token_and_no_real_number() {
    for folder in folders() {
        for file in std::fs::read_dir(folder).unwrap() {
            let path = file.unwrap().path();
            let text = std::fs::read_to_string(&path).unwrap();
            assert!(!text.to_lowercase().contains("authorization:"), "{}", path.display());
            for digits in text.split(|c: char| !c.is_ascii_digit()) {
                let number_like = (10..=14).contains(&digits.len()) && digits.starts_with("62");
                assert!(!number_like || NUMBERS.contains(&digits), "{}: {digits}", path.display());
            }
        }
    }
}

#[test]
fn every_folder_says_where_its_samples_come_from() {
    for folder in folders() {
        let readme = std::fs::read_to_string(folder.join("README.md")).unwrap();
        assert!(readme.contains("Source: ") && readme.contains("| 2026-"), "{}", folder.display());
    }
}
