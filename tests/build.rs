//! Finds out what this machine can run: `cfg(has_chromium)` when Chromium and its driver are installed, so that
//! without them the browser's tests are shown as ignored.

use std::env;
use std::path::PathBuf;

fn main() {
    println!("cargo:rustc-check-cfg=cfg(has_chromium)");
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-env-changed=PATH");
    let folders: Vec<PathBuf> = env::split_paths(&env::var_os("PATH").unwrap_or_default()).collect();
    let find = |name: &str| folders.iter().map(|folder| folder.join(name)).find(|path| path.is_file());
    if let (Some(chromium), Some(driver)) = (find("chromium"), find("chromedriver")) {
        println!("cargo:rustc-cfg=has_chromium");
        println!("cargo:rustc-env=WARTEL_CHROMIUM={}", chromium.display());
        println!("cargo:rustc-env=WARTEL_CHROMEDRIVER={}", driver.display());
        println!("cargo:rerun-if-changed={}", chromium.display());
        println!("cargo:rerun-if-changed={}", driver.display());
    } else {
        // Whoever installs them later must not have to clean first.
        for folder in folders.iter().filter(|folder| folder.is_dir()) {
            println!("cargo:rerun-if-changed={}", folder.display());
        }
    }
}
