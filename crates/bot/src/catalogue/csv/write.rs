//! From items to a file.

use crate::catalogue::{Attribute, Item, Schema};

/// Writes items as a file that [`read_sheet`](super::read_sheet) reads back: UTF-8 with a byte order mark, so that
/// spreadsheets take it for what it is, commas between cells, keys as names of columns.
///
/// A cell that a spreadsheet would run as a formula begins with `'`.
/// Source: OWASP, "CSV Injection", <https://owasp.org/www-community/attacks/CSV_Injection>.
#[must_use]
pub fn write_sheet(items: &[Item], schema: &Schema) -> String {
    let mut text = String::from("\u{feff}code,title,price,status");
    for spec in &schema.attributes {
        text.push(',');
        text.push_str(&cell(&spec.key));
    }
    text.push_str(",photos,notes\r\n");
    for item in items {
        let mut cells = vec![
            cell(&item.code),
            cell(&item.title),
            item.price.map(|price| price.to_string()).unwrap_or_default(),
            item.status.as_str().to_owned(),
        ];
        for spec in &schema.attributes {
            cells.push(match item.attributes.get(&spec.key) {
                Some(Attribute::Number(number)) => number.to_string(),
                Some(Attribute::Text(text)) => cell(text),
                None => String::new(),
            });
        }
        let urls: Vec<&str> = item.photos.iter().map(|photo| photo.url.as_str()).collect();
        cells.push(cell(&urls.join(" ")));
        cells.push(cell(&item.notes));
        text.push_str(&cells.join(","));
        text.push_str("\r\n");
    }
    text
}

/// Whether a spreadsheet would run a cell that begins so.
pub(super) fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\''])
}

fn cell(text: &str) -> String {
    let guarded = if is_formula(text) { format!("'{text}") } else { text.to_owned() };
    if guarded.contains([',', ';', '"', '\n', '\r', '\t', '\'']) {
        format!("\"{}\"", guarded.replace('"', "\"\""))
    } else {
        guarded
    }
}
