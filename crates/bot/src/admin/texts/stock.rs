//! About the items for sale.

use wartel_core::Locale;

use super::{mistake, pick, plain, say};
use crate::admin::command::Mistake;
use crate::admin::item::Problem;
use crate::catalogue::{Item, ItemProblem, ItemStatus};
use crate::texts::rupiah;

pub(in crate::admin) const fn status(locale: Locale, status: ItemStatus) -> &'static str {
    let (indonesian, english) = match status {
        ItemStatus::Available => ("tersedia", "available"),
        ItemStatus::Reserved => ("dipesan", "reserved"),
        ItemStatus::Sold => ("terjual", "sold"),
        ItemStatus::Hidden => ("disembunyikan", "hidden"),
    };
    pick(locale, indonesian, english)
}

fn item_line(locale: Locale, item: &Item) -> String {
    let year = item.number("year").map(|year| format!(" {year}")).unwrap_or_default();
    let price = item.price.map_or_else(|| say(locale, "tanpa harga", "no price"), rupiah);
    format!("*{}* {}{year} · {price} · {}", item.code, plain(&item.title, 60), status(locale, item.status))
}

/// Items, one a line.
pub(in crate::admin) fn stock_list(locale: Locale, found: &[&Item], most: usize) -> String {
    if found.is_empty() {
        return say(locale, "Tidak ada stok yang cocok.", "Nothing in stock fits.");
    }
    let mut lines = vec![match locale {
        Locale::En => format!("*Stock* ({})", found.len()),
        _ => format!("*Stok* ({})", found.len()),
    }];
    lines.extend(found.iter().take(most).map(|item| item_line(locale, item)));
    if found.len() > most {
        lines.push(say(
            locale,
            "… persempit dengan kata: /stok list avanza 2019",
            "… narrow it down with words: /stock list avanza 2019",
        ));
    }
    lines.join("\n")
}

/// There is no such item.
pub(in crate::admin) fn no_item(locale: Locale) -> String {
    say(locale, "Kode stok itu tidak ada. Lihat /stok list.", "There is no such stock code. See /stock list.")
}

/// The code belongs to another item.
pub(in crate::admin) fn code_taken(locale: Locale, code: &str) -> String {
    match locale {
        Locale::En => format!("There is an item *{code}* already. Use another code."),
        _ => format!("Kode *{code}* sudah dipakai. Gunakan kode lain."),
    }
}

/// It is there.
pub(in crate::admin) fn item_added(locale: Locale, item: &Item) -> String {
    format!("✅ {}\n{}", pick(locale, "Stok ditambahkan:", "Added to the stock:"), item_line(locale, item))
}

/// Whether to move the price so far.
pub(in crate::admin) fn ask_price(locale: Locale, item: &Item, before: i64, after: i64) -> String {
    let (title, before, after) = (plain(&item.title, 60), rupiah(before), rupiah(after));
    match locale {
        Locale::En => {
            format!("*{}* {title}: {before} → *{after}*. That is more than 30% apart.", item.code)
        }
        _ => format!("*{}* {title}: {before} → *{after}*. Bedanya lebih dari 30%.", item.code),
    }
}

/// What it costs now.
pub(in crate::admin) fn price_set(locale: Locale, item: &Item, before: Option<i64>) -> String {
    let before = before.map(|before| format!("{} → ", rupiah(before))).unwrap_or_default();
    let price = item.price.map(rupiah).unwrap_or_default();
    let label = pick(locale, "Harga", "Price of");
    format!("✅ {label} *{}* {}: {before}*{price}*", item.code, plain(&item.title, 60))
}

/// Whether it is sold.
pub(in crate::admin) fn ask_sold(locale: Locale, item: &Item) -> String {
    format!("{} {}", pick(locale, "Tandai *terjual*?", "Mark as *sold*?"), item_line(locale, item))
}

/// It is sold.
pub(in crate::admin) fn item_sold(locale: Locale, item: &Item) -> String {
    let title = plain(&item.title, 60);
    match locale {
        Locale::En => format!("✅ *{}* {title} is *sold*.", item.code),
        _ => format!("✅ *{}* {title} *terjual*.", item.code),
    }
}

/// Whether to delete it.
pub(in crate::admin) fn ask_delete(locale: Locale, item: &Item) -> String {
    format!("{} {}", pick(locale, "*Hapus* dari stok?", "*Delete* from the stock?"), item_line(locale, item))
}

/// It is gone.
pub(in crate::admin) fn item_deleted(locale: Locale, code: &str) -> String {
    match locale {
        Locale::En => format!("🗑️ *{code}* is deleted. /undo brings it back for 30 minutes."),
        _ => format!("🗑️ *{code}* dihapus. /undo mengembalikannya dalam 30 menit."),
    }
}

/// What is wrong with a new item.
pub(in crate::admin) fn item_problem(locale: Locale, problem: &Problem) -> String {
    let (indonesian, english) = match problem {
        Problem::Key(key) => (format!("Tidak ada isian *{key}*."), format!("There is no field *{key}*.")),
        Problem::Value(key) => {
            (format!("Isi *{key}* tidak terbaca."), format!("The value of *{key}* cannot be read."))
        }
        Problem::Twice(key) => (format!("*{key}* ditulis dua kali."), format!("*{key}* is there twice.")),
        Problem::Price | Problem::Item(ItemProblem::Price) => return mistake(locale, Mistake::Price),
        Problem::Item(ItemProblem::Code) => (
            "Kode stok: 2–24 karakter dari A-Z, 0-9 dan -.".to_owned(),
            "A stock code has 2 to 24 characters of A-Z, 0-9 and -.".to_owned(),
        ),
        Problem::Item(ItemProblem::Title) => (
            "Judul: 1–120 karakter, dalam tanda kutip.".to_owned(),
            "A title has 1 to 120 characters, in quotes.".to_owned(),
        ),
        Problem::Item(ItemProblem::Attribute { key, expected }) => {
            (format!("*{key}* tidak cocok ({expected})."), format!("*{key}* must be {expected}."))
        }
        Problem::Item(other) => (format!("Tidak cocok: {other}."), format!("Not right: {other}.")),
    };
    match locale {
        Locale::En => format!("{english} Nothing was added."),
        _ => format!("{indonesian} Tidak ada yang ditambahkan."),
    }
}
