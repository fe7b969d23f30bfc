//! The installation's secret: given, or kept in a file in development.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::Path;

use anyhow::Context;
use wartel_core::MasterKey;

use crate::config::SecretSource;

/// The secret, made and kept in a file where none is given.
pub(crate) fn load(source: &SecretSource) -> anyhow::Result<MasterKey> {
    match source {
        SecretSource::Given(key) => Ok(key.clone()),
        SecretSource::Kept(path) => kept(path),
    }
}

fn kept(path: &Path) -> anyhow::Result<MasterKey> {
    match fs::read_to_string(path) {
        Ok(text) => MasterKey::parse(&text)
            .with_context(|| format!("{} holds no secret; delete it, or set WARTEL_SECRET", path.display())),
        Err(error) if error.kind() == ErrorKind::NotFound => make(path),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
    }
}

fn make(path: &Path) -> anyhow::Result<MasterKey> {
    let cannot = || format!("cannot keep a secret in {}; set WARTEL_SECRET instead", path.display());
    if let Some(folder) = path.parent() {
        let mut private = fs::DirBuilder::new();
        private.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut private, 0o700);
        private.create(folder).with_context(cannot)?;
    }
    let key = MasterKey::generate()?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(mut file) => {
            file.write_all(key.expose_hex().as_bytes()).with_context(cannot)?;
            file.sync_all().with_context(cannot)?;
            Ok(key)
        }
        // Another process made it at the same moment: its secret is the one.
        Err(error) if error.kind() == ErrorKind::AlreadyExists => kept(path),
        Err(error) => Err(error).with_context(cannot),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_made_once_and_only_its_owner_reads_it() {
        let folder = std::env::temp_dir().join(format!("wartel-keys-{}", std::process::id()));
        let path = folder.join("secret");
        let first = kept(&path).unwrap();
        assert_eq!(kept(&path).unwrap().id(), first.id());
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
            assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o700);
        }
        fs::write(&path, "rubbish!").unwrap();
        let told = format!("{:#}", kept(&path).unwrap_err());
        assert!(told.contains("delete it") && !told.contains("rubbish"), "{told}");
        fs::remove_dir_all(folder).unwrap();
    }
}
