//! Items.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wartel_bot::catalogue::{Attribute, ImportReport, Item};
use wartel_bot::console::ItemPage;

/// A picture of an item.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ItemPhoto {
    /// Its public address.
    #[schema(example = "https://foto.example/1.jpg")]
    url: String,
    /// The words below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
}

/// An item to be stored. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(in crate::shop) struct NewItem {
    /// 1 to 120 characters on one line.
    #[schema(example = "Toyota Avanza 1.3 G")]
    title: String,
    /// In rupiah.
    #[schema(example = 150_000_000)]
    price: Option<i64>,
    /// `available` (if it is not given), `reserved`, `sold` or `hidden`.
    status: Option<String>,
    /// By the attributes of the trade: numbers and words.
    #[schema(value_type = Object)]
    attributes: (),
    /// At most 20.
    photos: Option<Vec<ItemPhoto>>,
    /// At most 2,000 characters.
    notes: Option<String>,
}

/// An item.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ItemDocument {
    /// The stock code.
    #[schema(example = "AV-1")]
    code: String,
    /// What it is called.
    #[schema(example = "Toyota Avanza 1.3 G")]
    title: String,
    /// In rupiah; null if it is not told.
    #[schema(example = 150_000_000)]
    price: Option<i64>,
    /// `available`, `reserved`, `sold` or `hidden`.
    #[schema(example = "available")]
    status: &'static str,
    /// What else is known, numbers and words.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Attribute>,
    /// Pictures.
    photos: Vec<ItemPhoto>,
    /// What the shop says about it.
    notes: String,
    /// When it was changed last (RFC 3339).
    updated_at: String,
}

impl From<Item> for ItemDocument {
    fn from(item: Item) -> Self {
        let photos = item.photos.into_iter();
        Self {
            code: item.code,
            title: item.title,
            price: item.price,
            status: item.status.as_str(),
            attributes: item.attributes,
            photos: photos.map(|photo| ItemPhoto { url: photo.url, caption: photo.caption }).collect(),
            notes: item.notes,
            updated_at: item.updated_at.to_rfc3339(),
        }
    }
}

/// A page of items.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ItemList {
    /// By code.
    items: Vec<ItemDocument>,
    /// The `after` of the next page; absent if this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<ItemPage> for ItemList {
    fn from(page: ItemPage) -> Self {
        Self { items: page.items.into_iter().map(ItemDocument::from).collect(), next: page.next }
    }
}

/// The code of an item that was deleted.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct RemovedItem {
    /// The stock code.
    pub(in crate::shop) code: String,
}

/// What a file has changed.
#[derive(Serialize, ToSchema)]
pub(in crate::shop) struct ImportedItems {
    /// How many items are new.
    added: usize,
    /// How many were there and are different now.
    changed: usize,
    /// How many were there and are the same.
    unchanged: usize,
    /// Columns that mean nothing here; they were not read.
    unknown_columns: Vec<String>,
}

impl From<ImportReport> for ImportedItems {
    fn from(report: ImportReport) -> Self {
        let ImportReport { added, changed, unchanged, unknown_columns, .. } = report;
        Self { added, changed, unchanged, unknown_columns }
    }
}
