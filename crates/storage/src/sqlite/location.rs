//! Where the database file is, and making it so that only its owner can read it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use wartel_core::{StoreError, StoreErrorKind};

const STEP: &str = "sqlite.open";

/// What is wrong with the text that names a database.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum LocationError {
    #[error("the path of the database is empty")]
    Empty,
    #[error("a database in memory is not shared by connections and not durable; use the memory stores")]
    Memory,
    #[error("the address of the database has a parameter other than mode=rwc")]
    Parameter,
    #[error("the path of the database has a null byte")]
    NullByte,
    #[error("the address of the database is not one of SQLite: give a path or sqlite://path")]
    OtherEngine,
}

/// Reads a path, or an address such as `sqlite://data/wartel.db`.
pub(super) fn parse(location: &Path) -> Result<PathBuf, LocationError> {
    let Some(text) = location.to_str() else { return Ok(location.to_owned()) };
    if text.contains('\0') {
        return Err(LocationError::NullByte);
    }
    let path = match text.strip_prefix("sqlite:") {
        Some(rest) => {
            let rest = rest.strip_prefix("//").unwrap_or(rest);
            match rest.split_once('?') {
                Some((path, "mode=rwc")) => path,
                Some(_) => return Err(LocationError::Parameter),
                None => rest,
            }
        }
        None if text.contains("://") || text.starts_with("file:") => return Err(LocationError::OtherEngine),
        None => text,
    };
    match path {
        "" => Err(LocationError::Empty),
        ":memory:" | "memory:" => Err(LocationError::Memory),
        path => Ok(PathBuf::from(path)),
    }
}

/// Creates the folder (0700) and the file (0600) where they are missing. SQLite gives its journal the
/// permissions of the database file.
pub(super) fn prepare(path: &Path) -> Result<(), StoreError> {
    create(path).map_err(|error| {
        let kind = match error.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::QuotaExceeded => {
                StoreErrorKind::Full
            }
            _ => StoreErrorKind::Unavailable,
        };
        StoreError::new(kind, STEP).with_source(error)
    })
}

fn create(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

/// Tells one file from another that took its name. SQLite writes on into a file that was deleted, as if all
/// were well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileIdentity(u64, u64);

impl FileIdentity {
    #[cfg(unix)]
    fn of(path: &Path) -> io::Result<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = fs::metadata(path)?;
        Ok(Self(metadata.dev(), metadata.ino()))
    }

    /// Other systems do not let an open file be deleted; that it is there is enough.
    #[cfg(not(unix))]
    fn of(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|_| Self(0, 0))
    }
}

/// The name of the database file does not lead to the file that was opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the database file was deleted or replaced while it was open: put it back, or restart the program")]
pub(super) struct FileMoved;

impl FileMoved {
    pub(super) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(StoreErrorKind::Unavailable, step).with_source(self)
    }
}

/// The file that was opened, by its name and by what it is.
#[derive(Debug, Clone)]
pub(super) struct OpenFile {
    path: Arc<Path>,
    identity: FileIdentity,
}

impl OpenFile {
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self { path: Arc::from(path), identity: FileIdentity::of(path)? })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Looks whether the file still has its name. Costs about a microsecond, a small part of any transaction.
    pub(super) fn check(&self) -> Result<(), FileMoved> {
        // What cannot be looked at cannot be opened again after a restart, so it counts as gone.
        match FileIdentity::of(&self.path) {
            Ok(identity) if identity == self.identity => Ok(()),
            _ => Err(FileMoved),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_and_addresses_name_a_file() {
        for (text, expected) in [
            ("otp.db", Ok("otp.db")),
            ("./data/otp.db", Ok("./data/otp.db")),
            ("/var/lib/wartel/otp.db", Ok("/var/lib/wartel/otp.db")),
            ("sqlite://data/wartel.db", Ok("data/wartel.db")),
            ("sqlite:///var/lib/wartel.db", Ok("/var/lib/wartel.db")),
            ("sqlite:wartel.db", Ok("wartel.db")),
            ("sqlite://wartel.db?mode=rwc", Ok("wartel.db")),
            ("sqlite://wartel.db?mode=memory", Err(LocationError::Parameter)),
            ("sqlite::memory:", Err(LocationError::Memory)),
            (":memory:", Err(LocationError::Memory)),
            ("memory:", Err(LocationError::Memory)),
            ("", Err(LocationError::Empty)),
            ("sqlite://", Err(LocationError::Empty)),
            ("postgres://localhost/wartel", Err(LocationError::OtherEngine)),
            ("file:wartel.db", Err(LocationError::OtherEngine)),
            ("wartel\0.db", Err(LocationError::NullByte)),
        ] {
            assert_eq!(parse(Path::new(text)), expected.map(PathBuf::from), "{text}");
        }
    }
}
