//! From a file to items.

use std::collections::BTreeMap;

use wartel_core::{TenantId, Timestamp};

use super::amount::read_amount;
use super::columns::{self, Column};
use super::problem::{FileProblem, LineProblem, LineProblemKind};
use crate::catalogue::{Attribute, AttributeKind, AttributeSpec, Item, ItemProblem, Schema};
use crate::tool::Photo;

/// The most that a file may have.
const MAX_BYTES: usize = 5 * 1024 * 1024;
const MAX_LINES: usize = 20_000;
/// So many problems are told; the rest is only counted.
const MAX_PROBLEMS: usize = 200;

/// What a file holds.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Sheet {
    /// The items of good lines, in the file's order.
    pub items: Vec<Item>,
    /// What is wrong with the others: the first 200.
    pub problems: Vec<LineProblem>,
    /// How many lines are wrong.
    pub bad_lines: usize,
    /// Columns that mean nothing here; they are not read. At most 40 characters each.
    pub unknown_columns: Vec<String>,
}

/// Reads a file of items: comma or semicolon between cells, with or without a byte order mark, names of columns in the first
/// line in Indonesian or English. Nothing is stored.
///
/// # Errors
/// [`FileProblem`] if the whole file cannot be read. Single lines are told in [`Sheet::problems`].
pub fn read_sheet(
    bytes: &[u8],
    tenant: &TenantId,
    schema: &Schema,
    now: Timestamp,
) -> Result<Sheet, FileProblem> {
    if bytes.len() > MAX_BYTES {
        return Err(FileProblem::TooLarge);
    }
    let text = std::str::from_utf8(bytes).map_err(|_| FileProblem::NotText)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if text.contains('\0') {
        return Err(FileProblem::NotText);
    }
    if text.lines().count() > MAX_LINES {
        return Err(FileProblem::TooManyLines);
    }
    let mut reader = ::csv::ReaderBuilder::new()
        .delimiter(delimiter(text))
        .flexible(true)
        .trim(::csv::Trim::All)
        .from_reader(text.as_bytes());
    let header = reader.headers().map_err(|_| FileProblem::NoHeader)?.clone();
    let columns: Vec<Option<Column>> = header.iter().map(|name| columns::column(name, schema)).collect();
    let has = |wanted: &Column| columns.iter().flatten().filter(|column| *column == wanted).count();
    if has(&Column::Code) == 0 || has(&Column::Title) == 0 {
        return Err(FileProblem::NoHeader);
    }
    if columns.iter().flatten().any(|column| has(column) > 1) {
        return Err(FileProblem::SameColumnTwice);
    }
    let unknown = header.iter().zip(&columns).filter(|(name, column)| column.is_none() && !name.is_empty());
    let mut sheet = Sheet {
        unknown_columns: unknown.map(|(name, _)| crate::words::plain(name, 40)).collect(),
        ..Sheet::default()
    };

    let mut lines_of: BTreeMap<String, u64> = BTreeMap::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, ::csv::Position::line);
                sheet.refuse(vec![LineProblem::new(line, "", LineProblemKind::Unreadable)]);
                continue;
            }
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        let line = record.position().map_or(0, ::csv::Position::line);
        let names = header.iter().zip(&columns);
        match read_line(&record, names, columns.len(), tenant, schema, line, now) {
            Ok(item) => match lines_of.get(&item.code) {
                Some(&earlier) => {
                    let kind = LineProblemKind::SameCode { line: earlier };
                    sheet.refuse(vec![LineProblem::new(line, "code", kind)]);
                }
                None => {
                    lines_of.insert(item.code.clone(), line);
                    sheet.items.push(item);
                }
            },
            Err(problems) => sheet.refuse(problems),
        }
    }
    Ok(sheet)
}

impl Sheet {
    fn refuse(&mut self, problems: Vec<LineProblem>) {
        self.bad_lines += 1;
        let room = MAX_PROBLEMS.saturating_sub(self.problems.len());
        self.problems.extend(problems.into_iter().take(room));
    }
}

/// What stands between cells: what the first line has more of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |mark: char| first.matches(mark).count();
    if count(';') > count(',') {
        b';'
    } else if count('\t') > count(',') {
        b'\t'
    } else {
        b','
    }
}

fn read_line<'a>(
    record: &'a ::csv::StringRecord,
    columns: impl Iterator<Item = (&'a str, &'a Option<Column>)>,
    width: usize,
    tenant: &TenantId,
    schema: &Schema,
    line: u64,
    now: Timestamp,
) -> Result<Item, Vec<LineProblem>> {
    if record.iter().skip(width).any(|cell| !cell.is_empty()) {
        return Err(vec![LineProblem::new(line, "", LineProblemKind::TooManyCells)]);
    }
    let mut item = Item::new(tenant.clone(), "", "");
    item.updated_at = now;
    let mut problems = Vec::new();
    for ((name, column), cell) in columns.zip(record.iter()) {
        let Some(column) = column else { continue };
        let name = crate::words::plain(name, 40);
        if let Err(kind) = put(&mut item, column, unguarded(cell), schema) {
            problems.push(LineProblem::new(line, name, kind));
        }
    }
    if problems.is_empty()
        && let Err(problem) = item.check(schema)
    {
        problems.push(of_item(line, &problem));
    }
    if problems.is_empty() { Ok(item) } else { Err(problems) }
}

/// A cell without the mark that exports put before what a spreadsheet would run as a formula.
fn unguarded(cell: &str) -> &str {
    match cell.strip_prefix('\'') {
        Some(rest) if super::write::is_formula(rest) => rest,
        _ => cell,
    }
}

/// Puts a value as people write it into the field of an item with this name, in Indonesian or English. `None`: there is no
/// such field.
pub(crate) fn put_named(
    item: &mut Item,
    name: &str,
    value: &str,
    schema: &Schema,
) -> Option<Result<(), LineProblemKind>> {
    columns::column(name, schema).map(|column| put(item, &column, value, schema))
}

fn put(item: &mut Item, column: &Column, cell: &str, schema: &Schema) -> Result<(), LineProblemKind> {
    match column {
        Column::Code => item.code = cell.to_ascii_uppercase(),
        Column::Title => item.title = crate::words::plain(cell, 1_000),
        Column::Price if cell.is_empty() => {}
        Column::Price => item.price = Some(read_amount(cell).ok_or(LineProblemKind::Price)?),
        Column::Status => item.status = columns::status(cell).ok_or(LineProblemKind::Status)?,
        Column::Photos => {
            let urls = cell.split([' ', '|', '\n']).map(str::trim).filter(|url| !url.is_empty());
            item.photos = urls.map(|url| Photo { url: url.to_owned(), caption: None }).collect();
        }
        Column::Notes => item.notes = cell.to_owned(),
        Column::Attribute(at) => {
            if let (Some(spec), false) = (schema.attributes.get(*at), cell.is_empty()) {
                item.attributes.insert(spec.key.clone(), attribute(spec, cell)?);
            }
        }
    }
    Ok(())
}

fn attribute(spec: &AttributeSpec, cell: &str) -> Result<Attribute, LineProblemKind> {
    let number = match &spec.kind {
        AttributeKind::Text => return Ok(Attribute::Text(crate::words::plain(cell, 1_000))),
        AttributeKind::OneOf(_) => {
            let known = spec.canonical(cell).map(|word| Attribute::Text(word.to_owned()));
            return Ok(known.unwrap_or_else(|| Attribute::Text(cell.to_owned())));
        }
        AttributeKind::CubicCentimetres => cubic_centimetres(cell),
        AttributeKind::Kilometres => read_amount(without_unit(cell, "km")),
        AttributeKind::Year | AttributeKind::Count => {
            cell.bytes().all(|b| b.is_ascii_digit()).then(|| cell.parse().ok()).flatten()
        }
    };
    number.map(Attribute::Number).ok_or(LineProblemKind::Number)
}

/// `1500`, `1.500 cc`, `1.5`, `1,5 L`.
fn cubic_centimetres(cell: &str) -> Option<i64> {
    let bare = without_unit(without_unit(cell, "cc"), "l");
    let litres = bare.split_once(['.', ',']).filter(|(whole, rest)| whole.len() == 1 && rest.len() == 1);
    match litres {
        Some((whole, rest)) => Some(whole.parse::<i64>().ok()? * 1_000 + rest.parse::<i64>().ok()? * 100),
        None => read_amount(bare),
    }
}

fn without_unit<'a>(cell: &'a str, unit: &str) -> &'a str {
    let end = cell.len().saturating_sub(unit.len());
    match (cell.get(..end), cell.get(end..)) {
        (Some(bare), Some(tail)) if tail.eq_ignore_ascii_case(unit) => bare.trim_end(),
        _ => cell,
    }
}

fn of_item(line: u64, problem: &ItemProblem) -> LineProblem {
    let column = match problem {
        ItemProblem::Code => "code",
        ItemProblem::Title => "title",
        ItemProblem::Price => "price",
        ItemProblem::Attribute { key, .. } | ItemProblem::UnknownAttribute { key } => key,
        ItemProblem::TooManyPhotos | ItemProblem::Photo { .. } => "photos",
        ItemProblem::Notes => "notes",
    };
    let kind = match problem {
        ItemProblem::Code => LineProblemKind::Code,
        ItemProblem::Attribute { expected, .. } => LineProblemKind::Misfit { expected: expected.clone() },
        other => LineProblemKind::Misfit { expected: other.to_string() },
    };
    LineProblem::new(line, column, kind)
}
