//! What the migrations of all engines have in common.

use sha2::{Digest as _, Sha256};
use wartel_core::{StoreError, StoreErrorKind};

/// One step of a domain's schema. The SQL is public, so that it can be reviewed, or run by other means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Migration {
    /// Whose tables it changes: `otp`, `messaging`, `registration`, `access` or `bot`.
    pub domain: &'static str,
    /// Its place among the migrations of the domain, from 1 without gaps.
    pub version: u32,
    /// What it does, in one word.
    pub name: &'static str,
    /// The statements.
    pub sql: &'static str,
}

/// Why a schema is not the one of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SchemaError {
    #[error(
        "the database has version {found} of the {domain} tables, this program knows versions up to {known}: \
         run a newer program, or restore a backup from before the update"
    )]
    Newer { domain: &'static str, found: u32, known: u32 },
    #[error("migration {version} of the {domain} tables is not the one that was applied to this database")]
    Changed { domain: &'static str, version: u32 },
    #[error("migration {version} of the {domain} tables is pending: run the migrations")]
    Pending { domain: &'static str, version: u32 },
}

impl SchemaError {
    pub(crate) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(StoreErrorKind::Schema, step).with_source(self)
    }

    /// That this migration has not been applied.
    pub(crate) const fn pending(migration: &Migration) -> Self {
        Self::Pending { domain: migration.domain, version: migration.version }
    }
}

/// The migrations of one domain that are not among those that were applied (versions and checksums, oldest first).
///
/// # Errors
/// [`SchemaError`] if the database is newer than the program, or was changed by another migration of that number.
pub(crate) fn pending_of(
    domain: &'static [Migration],
    applied: &[(u32, String)],
) -> Result<Vec<Migration>, SchemaError> {
    let Some(newest) = domain.last() else { return Ok(Vec::new()) };
    if let Some((found, _)) = applied.last().filter(|(version, _)| *version > newest.version) {
        return Err(SchemaError::Newer { domain: newest.domain, found: *found, known: newest.version });
    }
    let mut pending = Vec::new();
    for migration in domain {
        match applied.iter().find(|(version, _)| *version == migration.version) {
            None => pending.push(*migration),
            Some((_, known)) if *known == checksum(migration.sql) => {}
            Some(_) => {
                return Err(SchemaError::Changed { domain: migration.domain, version: migration.version });
            }
        }
    }
    Ok(pending)
}

/// The table in which the applied migrations of a domain are listed.
pub(crate) fn table(domain: &str) -> String {
    format!("wartel_{domain}_migrations")
}

/// SHA-256 in hex. Line endings do not count, because version control may change them.
pub(crate) fn checksum(sql: &str) -> String {
    let digest = Sha256::digest(sql.replace("\r\n", "\n").as_bytes());
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_endings_do_not_change_a_checksum() {
        assert_eq!(checksum("a\r\nb"), checksum("a\nb"));
        assert_ne!(checksum("a\nb"), checksum("a b"));
    }
}
