//! Stores in a folder that is deleted with the test.

use std::path::PathBuf;

use tempfile::TempDir;
use wartel_storage::SqliteStores;

/// A folder for one database.
pub(super) struct Place {
    folder: TempDir,
}

impl Place {
    pub(super) fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    pub(super) fn path(&self) -> PathBuf {
        self.folder.path().join("wartel.db")
    }

    pub(super) async fn open(&self) -> SqliteStores {
        SqliteStores::open(self.path()).await.unwrap()
    }
}

/// An empty store for a case of a suite. Its folder is deleted when the runtime of the test ends.
pub(super) async fn fresh() -> SqliteStores {
    let place = Place::new();
    let stores = place.open().await;
    tokio::spawn(async move {
        let _place = place;
        std::future::pending::<()>().await;
    });
    stores
}
