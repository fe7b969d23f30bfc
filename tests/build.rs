//! Finds out what this machine can run, so that what it cannot is shown as ignored: `cfg(has_chromium)` when Chromium
//! and its driver are installed, `cfg(has_postgres)` and `cfg(has_redis)` when the servers are, and `cfg(can_mount)`
//! when a small disk can be made.

use std::env;
use std::path::{Path, PathBuf};

/// Where Debian puts each version of PostgreSQL, in `<version>/bin`.
const DEBIAN: &str = "/usr/lib/postgresql";

/// The right to mount: bit 21 of the capabilities of Linux.
const SYS_ADMIN: u64 = 1 << 21;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_chromium, has_postgres, has_redis, can_mount)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PATH");
    println!("cargo:rerun-if-changed={DEBIAN}");
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if let (Some(chromium), Some(driver)) = (find("chromium"), find("chromedriver")) {
        println!("cargo:rustc-cfg=has_chromium");
        println!("cargo:rustc-env=WARTEL_CHROMIUM={}", chromium.display());
        println!("cargo:rustc-env=WARTEL_CHROMEDRIVER={}", driver.display());
        println!("cargo:rerun-if-changed={}", chromium.display());
        println!("cargo:rerun-if-changed={}", driver.display());
    } else {
        look_again(&folders);
    }
    let is_server = |folder: &&PathBuf| folder.join("initdb").is_file() && folder.join("postgres").is_file();
    if let Some(folder) = versions().iter().chain(&folders).find(is_server) {
        println!("cargo:rustc-cfg=has_postgres");
        println!("cargo:rustc-env=WARTEL_POSTGRES={}", folder.display());
    }
    if let Some(redis) = find("redis-server") {
        println!("cargo:rustc-cfg=has_redis");
        println!("cargo:rustc-env=WARTEL_REDIS={}", redis.display());
        println!("cargo:rerun-if-changed={}", redis.display());
    } else {
        look_again(&folders);
    }
    if may_mount() {
        println!("cargo:rustc-cfg=can_mount");
    }
}

/// Whoever installs what is missing later must not have to clean first.
fn look_again(folders: &[PathBuf]) {
    for folder in folders.iter().filter(|folder| folder.is_dir()) {
        println!("cargo:rerun-if-changed={}", folder.display());
    }
}

/// The folders of the installed versions of PostgreSQL, the newest first.
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

fn may_mount() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities = capabilities.and_then(|text| u64::from_str_radix(text.trim(), 16).ok());
    capabilities.is_some_and(|capabilities| capabilities & SYS_ADMIN != 0)
}
