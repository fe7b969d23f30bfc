//! Finds out what the tests of this crate can run: `cfg(has_postgres)` when the programs of a PostgreSQL server are
//! installed, and `cfg(has_redis)` when a Redis server is, so that without them their cases are shown as ignored. Changes
//! nothing of the library.

use std::env;
use std::path::{Path, PathBuf};

/// Where Debian puts each version, in `<version>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_postgres)");
    println!("cargo:rustc-check-cfg=cfg(has_redis)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PATH");
    // Whoever installs it later must not have to clean first.
    println!("cargo:rerun-if-changed={DEBIAN}");
    let path = env::var_os("PATH").unwrap_or_default();
    let places: Vec<PathBuf> = env::split_paths(&path).map(|folder| folder.join("redis-server")).collect();
    if let Some(server) = places.iter().find(|server| server.is_file()) {
        println!("cargo:rustc-cfg=has_redis");
        println!("cargo:rustc-env=WARTEL_REDIS={}", server.display());
        println!("cargo:rerun-if-changed={}", server.display());
    } else {
        // A file that is missing would have this run each time; a folder changes when it is put there.
        for folder in places.iter().filter_map(|server| server.parent()).filter(|folder| folder.is_dir()) {
            println!("cargo:rerun-if-changed={}", folder.display());
        }
    }
    let mut folders = versions();
    folders.extend(env::split_paths(&path));
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
