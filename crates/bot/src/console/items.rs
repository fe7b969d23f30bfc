//! What the shop sells.

use wartel_core::TenantId;

use super::{Console, ConsoleError, Precondition};
use crate::catalogue::{
    Attribute, ImportError, ImportMode, ImportReport, Item, ItemStatus, import_sheet, write_sheet,
};
use crate::key::{Revision, Saved};
use crate::words;

/// Which items to list.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemQuery {
    /// Only those whose code, title or attributes have all of these words, or words that begin so. Default: empty.
    pub words: String,
    /// Only of this status. Default: of every status, also hidden ones.
    pub status: Option<ItemStatus>,
    /// Only those behind this code.
    pub after: Option<String>,
    /// At most so many, 1 to 500. Default: 100.
    pub limit: usize,
}

impl Default for ItemQuery {
    fn default() -> Self {
        Self { words: String::new(), status: None, after: None, limit: 100 }
    }
}

/// A page of items, by code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ItemPage {
    /// The items.
    pub items: Vec<Item>,
    /// The [`ItemQuery::after`] of the next page; `None`: this is the last one.
    pub next: Option<String>,
}

impl Console {
    /// Items of the tenant, by code.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn items(&self, tenant: &TenantId, query: &ItemQuery) -> Result<ItemPage, ConsoleError> {
        let wanted = words::words(&query.words);
        let mut items = self.parts.catalogue.list(tenant).await?;
        items.retain(|item| {
            query.status.is_none_or(|status| item.status == status)
                && query.after.as_ref().is_none_or(|after| item.code > *after)
                && has_words(item, &wanted)
        });
        items.sort_by(|one, other| one.code.cmp(&other.code));
        let limit = query.limit.clamp(1, 500);
        let more = items.len() > limit;
        items.truncate(limit);
        let next = items.last().filter(|_| more).map(|item| item.code.clone());
        Ok(ItemPage { items, next })
    }

    /// An item, and its revision.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] or [`ConsoleError::Store`].
    pub async fn item(&self, tenant: &TenantId, code: &str) -> Result<(Item, Revision), ConsoleError> {
        self.parts.catalogue.get(tenant, code).await?.ok_or(ConsoleError::NotFound)
    }

    /// Stores a whole item under a code. Tenant, code and time are set here, whatever they are in the item, and words of
    /// groups become the first of their group. One that exists must have been read. Answers also whether it is new.
    ///
    /// # Errors
    /// [`ConsoleError::Item`], [`ConsoleError::NotRead`], [`ConsoleError::Changed`] or [`ConsoleError::Store`].
    pub async fn put_item(
        &self,
        tenant: &TenantId,
        code: &str,
        mut item: Item,
        read: &Precondition,
    ) -> Result<(Item, Revision, bool), ConsoleError> {
        item.tenant = tenant.clone();
        code.clone_into(&mut item.code);
        item.updated_at = self.clock.now();
        item.check(&self.schema)?;
        for spec in &self.schema.attributes {
            if let Some(Attribute::Text(word)) = item.attributes.get_mut(&spec.key)
                && let Some(first) = spec.canonical(word)
            {
                first.clone_into(word);
            }
        }
        let now = self.parts.catalogue.get(tenant, code).await?.map(|(_, revision)| revision);
        read.check_read(now)?;
        match self.parts.catalogue.save(&item, now.unwrap_or(Revision::NEW)).await? {
            Saved::Saved(revision) => Ok((item, revision, now.is_none())),
            Saved::Conflict => Err(ConsoleError::Changed),
        }
    }

    /// Deletes an item, which must have been read.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], [`ConsoleError::NotRead`], [`ConsoleError::Changed`] or [`ConsoleError::Store`].
    pub async fn delete_item(
        &self,
        tenant: &TenantId,
        code: &str,
        read: &Precondition,
    ) -> Result<(), ConsoleError> {
        let (_, now) = self.item(tenant, code).await?;
        read.check_read(Some(now))?;
        match self.parts.catalogue.delete(tenant, code, now).await? {
            Saved::Saved(_) => Ok(()),
            Saved::Conflict => Err(ConsoleError::Changed),
        }
    }

    /// All items of the tenant as a CSV file.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn export_items(&self, tenant: &TenantId) -> Result<String, ConsoleError> {
        Ok(write_sheet(&self.parts.catalogue.list(tenant).await?, &self.schema))
    }

    /// Stores the items of a CSV file, or nothing of it if any line is wrong: the report says which and how to mend it.
    /// Items that the file does not name stay.
    ///
    /// # Errors
    /// [`ConsoleError::File`] if the file is wrong as a whole, or [`ConsoleError::Store`]: what was stored before that
    /// stays, and the same file again goes on.
    pub async fn import_items(&self, tenant: &TenantId, file: &[u8]) -> Result<ImportReport, ConsoleError> {
        let (store, now) = (&*self.parts.catalogue, self.clock.now());
        import_sheet(store, tenant, &self.schema, file, ImportMode::AllOrNothing, now).await.map_err(
            |error| match error {
                ImportError::File(problem) => ConsoleError::File(problem),
                ImportError::Store(error) => ConsoleError::Store(error),
            },
        )
    }
}

fn has_words(item: &Item, wanted: &[String]) -> bool {
    if wanted.is_empty() {
        return true;
    }
    let mut has = words::words(&item.code);
    has.extend(words::words(&item.title));
    for value in item.attributes.values() {
        match value {
            Attribute::Number(number) => has.push(number.to_string()),
            Attribute::Text(text) => has.extend(words::words(text)),
        }
    }
    wanted.iter().all(|word| has.iter().any(|it| it.starts_with(word.as_str())))
}
