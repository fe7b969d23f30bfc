//! Finds out what the tests of this crate can run: `cfg(has_postgres)` when the programs of a PostgreSQL server are
//! installed, so that without them its cases are shown as ignored. Changes nothing of the library.

use std::env;
use std::path::{Path, PathBuf};

/// Where Debian puts each version, in `<version>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_postgres)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PATH");
    // Whoever installs it later must not have to clean first.
    println!("cargo:rerun-if-changed={DEBIAN}");
    let mut folders = versions();
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    let server = |folder: &&PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if let Some(folder) = folders.iter().find(server) {
        println!("cargo:rustc-cfg=has_postgres");
        println!("cargo:rustc-env=WARTEL_POSTGRES={}", folder.display());
    }
}

/// The folders of the installed versions, the newest first.
fn versions() -> Vec<PathBuf> {
    let mut versions: Vec<(u32, PathBuf)> = Path::new(DEBIAN)
        .read_dir()
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .collect();
    versions.sort_unstable_by(|one, other| other.cmp(one));
    versions.into_iter().map(|(_, folder)| folder).collect()
}
