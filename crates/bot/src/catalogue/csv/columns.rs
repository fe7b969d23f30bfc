//! Which columns a file has.

use crate::catalogue::{ItemStatus, Schema};
use crate::words;

/// What stands in a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Column {
    Code,
    Title,
    Price,
    Status,
    Photos,
    Notes,
    /// An attribute, by its place in the schema.
    Attribute(usize),
}

/// The columns that every trade has, with their names in both languages; the first is written by exports.
const COMMON: [(Column, &[&str]); 6] = [
    (Column::Code, &["code", "kode", "stock code", "kode stok", "stok", "stock", "sku"]),
    (Column::Title, &["title", "judul", "nama", "name"]),
    (Column::Price, &["price", "harga", "harga jual"]),
    (Column::Status, &["status"]),
    (Column::Photos, &["photos", "foto", "photo", "gambar", "pictures"]),
    (Column::Notes, &["notes", "catatan", "keterangan", "deskripsi", "description"]),
];

/// The column with this name, if there is one.
pub(super) fn column(name: &str, schema: &Schema) -> Option<Column> {
    let name = words::words(name).join(" ");
    let attribute = schema.attributes.iter().position(|spec| {
        [&spec.key, &spec.labels.0, &spec.labels.1]
            .into_iter()
            .any(|known| words::words(known).join(" ") == name)
    });
    let common =
        COMMON.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(column, _)| column.clone());
    common.or(attribute.map(Column::Attribute))
}

/// The status that a word means, in both languages.
pub(super) fn status(word: &str) -> Option<ItemStatus> {
    match words::words(word).join(" ").as_str() {
        "" | "available" | "tersedia" | "ready" | "ada" => Some(ItemStatus::Available),
        "reserved" | "dipesan" | "booked" | "booking" | "keep" => Some(ItemStatus::Reserved),
        "sold" | "terjual" | "laku" => Some(ItemStatus::Sold),
        "hidden" | "disembunyikan" | "sembunyi" => Some(ItemStatus::Hidden),
        _ => None,
    }
}
