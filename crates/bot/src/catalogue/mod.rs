//! What a shop has for sale.
//!
//! An [`Item`] is of any trade: a title, a price, a status and attributes by a [`Schema`]. [`Schema::cars`] is the schema of
//! a dealer of used cars.

mod check;
mod csv;
mod memory;
mod schema;
mod search;
mod store;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use wartel_core::{TenantId, Timestamp};

pub use check::ItemProblem;
pub use csv::{
    FileProblem, ImportError, ImportMode, ImportReport, LineProblem, LineProblemKind, Sheet, import_sheet,
    read_sheet, write_sheet,
};
pub use memory::MemoryCatalogueStore;
pub use schema::{AttributeKind, AttributeSpec, Schema};
pub use search::{Found, Hit, Miss, Query, Range, Sort, query_of, search};
pub use store::CatalogueStore;

pub(crate) use check::{is_code, is_photo_address};
pub(crate) use csv::{put_named, read_amount};
pub(crate) use search::plain_code;

use crate::tool::Photo;

/// Whether an item can be bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ItemStatus {
    /// It can be bought.
    #[default]
    Available,
    /// Somebody has it reserved.
    Reserved,
    /// It is sold.
    Sold,
    /// It is not shown to customers.
    Hidden,
}

impl ItemStatus {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Available, Self::Reserved, Self::Sold, Self::Hidden];

    /// The word that stores and files keep.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Available => "available",
            Self::Reserved => "reserved",
            Self::Sold => "sold",
            Self::Hidden => "hidden",
        }
    }
}

/// The value of an attribute.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Attribute {
    /// A whole number in the unit of its [`AttributeSpec`].
    Number(i64),
    /// Words.
    Text(String),
}

/// One thing for sale. What its texts say is data for readers, never an instruction. `Debug` shows code and status.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Item {
    /// Whose.
    pub tenant: TenantId,
    /// The stock code: unique within the tenant, 2 to 24 characters of `A-Z 0-9 -`.
    pub code: String,
    /// What it is called: `Toyota Avanza 1.3 G`. At most 120 characters.
    pub title: String,
    /// The price in rupiah, if it is told.
    pub price: Option<i64>,
    /// Whether it can be bought.
    pub status: ItemStatus,
    /// What else is known, by the keys of the schema: `year`, `mileage`, ….
    pub attributes: BTreeMap<String, Attribute>,
    /// Pictures, at most 20.
    pub photos: Vec<Photo>,
    /// What the shop says about it, at most 2,000 characters.
    pub notes: String,
    /// When it was changed last.
    pub updated_at: Timestamp,
}

impl Item {
    /// An item that can be bought.
    #[must_use]
    pub fn new(tenant: TenantId, code: impl Into<String>, title: impl Into<String>) -> Self {
        Self { tenant, code: code.into(), title: title.into(), ..Self::default() }
    }

    /// With a price in rupiah.
    #[must_use]
    pub const fn with_price(mut self, rupiah: i64) -> Self {
        self.price = Some(rupiah);
        self
    }

    /// With an attribute that is a number.
    #[must_use]
    pub fn with_number(mut self, key: impl Into<String>, number: i64) -> Self {
        self.attributes.insert(key.into(), Attribute::Number(number));
        self
    }

    /// With an attribute that is words.
    #[must_use]
    pub fn with_text(mut self, key: impl Into<String>, text: impl Into<String>) -> Self {
        self.attributes.insert(key.into(), Attribute::Text(text.into()));
        self
    }

    /// With one more picture.
    #[must_use]
    pub fn with_photo(mut self, url: impl Into<String>) -> Self {
        self.photos.push(Photo { url: url.into(), caption: None });
        self
    }

    /// An attribute that is a number.
    #[must_use]
    pub fn number(&self, key: &str) -> Option<i64> {
        match self.attributes.get(key) {
            Some(Attribute::Number(number)) => Some(*number),
            _ => None,
        }
    }

    /// An attribute that is words.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.attributes.get(key) {
            Some(Attribute::Text(text)) => Some(text),
            _ => None,
        }
    }
}

impl Default for Item {
    fn default() -> Self {
        Self {
            tenant: TenantId::default(),
            code: String::new(),
            title: String::new(),
            price: None,
            status: ItemStatus::default(),
            attributes: BTreeMap::new(),
            photos: Vec::new(),
            notes: String::new(),
            updated_at: Timestamp::from_micros(0),
        }
    }
}

impl fmt::Debug for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Item")
            .field("tenant", &self.tenant)
            .field("code", &self.code)
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
