//! What the desk answers, in Indonesian and English, with WhatsApp's markup.

mod people;
mod report;
mod stock;

use wartel_core::Locale;

use super::command::{Mistake, Topic};
use super::undo::Step;
use crate::key::Revision;
use crate::words;

pub(super) use people::*;
pub(super) use report::{audit, report, usage};
pub(super) use stock::*;

fn say(locale: Locale, indonesian: &str, english: &str) -> String {
    pick(locale, indonesian, english).to_owned()
}

const fn pick<'a>(locale: Locale, indonesian: &'a str, english: &'a str) -> &'a str {
    match locale {
        Locale::En => english,
        _ => indonesian,
    }
}

/// All commands.
pub(super) fn help(locale: Locale) -> String {
    say(
        locale,
        "*Perintah staf*
/status – keadaan asisten
/bot on · /bot off – asisten aktif atau mati
/stop – *darurat*: asisten toko langsung mati, tanpa konfirmasi
/pause <nomor> [menit] · /resume <nomor> – diam atau aktif lagi di satu chat
/lead list [tahap] · /lead show <id/nomor> · /lead set <id/nomor> <tahap>
/stok list [kata] · /stok terjual <kode> · /stok hapus <kode>
/stok harga <kode> <harga>
/stok tambah <kode> \"judul\" [tahun] harga=165jt km=45rb …
/usage – biaya AI · /audit – riwayat perintah
/konfirmasi <kode> · /undo – batalkan perubahan terakhir (30 menit)",
        "*Staff commands*
/status – how the assistant is
/bot on · /bot off – the assistant on or off
/stop – *emergency*: the shop's assistant is off at once, nothing is asked
/pause <number> [minutes] · /resume <number> – silent or back in one chat
/lead list [stage] · /lead show <id/number> · /lead set <id/number> <stage>
/stock list [words] · /stock sold <code> · /stock delete <code>
/stock price <code> <price>
/stock add <code> \"title\" [year] price=165jt km=45rb …
/usage – cost of AI · /audit – what was done
/confirm <code> · /undo – take back the last change (30 minutes)",
    )
}

/// How it is written.
pub(super) fn mistake(locale: Locale, mistake: Mistake) -> String {
    let (indonesian, english) = match mistake {
        Mistake::Unknown => (
            "Perintah tidak dikenal. Ketik /help untuk daftar perintah.",
            "There is no such command. Write /help for the commands.",
        ),
        Mistake::Lines => (
            "Satu pesan satu perintah, dalam satu baris. Tidak ada yang dijalankan.",
            "One command a message, on one line. Nothing was carried out.",
        ),
        Mistake::Price => (
            "Harganya belum jelas. Tulis misalnya 165jt, Rp165.000.000 atau 1,5 M.",
            "The price is not clear. Write 165jt, Rp165.000.000 or 1,5 M, for example.",
        ),
        Mistake::Form(Topic::Bot) => ("Tulis: /bot on atau /bot off", "Write: /bot on or /bot off"),
        Mistake::Form(Topic::Pause) => ("Tulis: /pause <nomor> [menit]", "Write: /pause <number> [minutes]"),
        Mistake::Form(Topic::Resume) => ("Tulis: /resume <nomor>", "Write: /resume <number>"),
        Mistake::Form(Topic::Lead) => (
            "Tulis: /lead list [tahap], /lead show <id/nomor> atau /lead set <id/nomor> <tahap>\nTahap: baru, minat, serius, janji, deal, gagal",
            "Write: /lead list [stage], /lead show <id/number> or /lead set <id/number> <stage>\nStages: new, interested, qualified, booked, won, lost",
        ),
        Mistake::Form(Topic::Stock) => (
            "Tulis: /stok list [kata], /stok tambah …, /stok harga <kode> <harga>, /stok terjual <kode> atau /stok hapus <kode>",
            "Write: /stock list [words], /stock add …, /stock price <code> <price>, /stock sold <code> or /stock delete <code>",
        ),
        Mistake::Form(Topic::StockAdd) => (
            "Tulis: /stok tambah AV-013 \"Toyota Avanza 1.3 G\" 2019 harga=165jt km=45rb transmisi=manual warna=putih",
            "Write: /stock add AV-013 \"Toyota Avanza 1.3 G\" 2019 price=165jt km=45rb transmission=manual colour=white",
        ),
        Mistake::Form(Topic::StockPrice) => {
            ("Tulis: /stok harga <kode> 165jt", "Write: /stock price <code> 165jt")
        }
        Mistake::Form(Topic::Confirm) => (
            "Tulis: /konfirmasi dan keempat angka kodenya",
            "Write: /confirm and the four digits of the code",
        ),
    };
    say(locale, indonesian, english)
}

/// The entry was carried out before.
pub(super) fn again(locale: Locale, outcome: &str) -> String {
    let (indonesian, english) = match outcome {
        "done" => ("✅ Perintah ini sudah dijalankan.", "✅ This command was carried out already."),
        "undone" => ("✅ Perubahan itu sudah dibatalkan.", "✅ That change was taken back already."),
        "asked" => (
            "Perintah ini menunggu kode. Bila kodenya tidak sampai, kirim ulang perintahnya.",
            "This command waits for its code. If the code did not arrive, send the command again.",
        ),
        _ => ("Perintah ini sudah ditolak.", "This command was refused already."),
    };
    say(locale, indonesian, english)
}

/// Something of our own is wrong.
pub(super) fn failed(locale: Locale) -> String {
    say(locale, "Maaf, perintah itu tidak bisa dijalankan.", "Sorry, that could not be carried out.")
}

/// A question and the code that says yes.
pub(super) fn asked(locale: Locale, question: &str, code: &str) -> String {
    match locale {
        Locale::En => format!("⚠️ {question}\nTo go on write */confirm {code}* within 5 minutes."),
        _ => format!("⚠️ {question}\nUntuk melanjutkan ketik */konfirmasi {code}* dalam 5 menit."),
    }
}

/// There is nothing to confirm.
pub(super) fn nothing_waits(locale: Locale) -> String {
    say(
        locale,
        "Tidak ada perintah Anda yang menunggu kode, atau kodenya sudah kedaluwarsa. Kirim ulang perintahnya.",
        "No command of yours waits for a code, or the code has expired. Send the command again.",
    )
}

/// The command is gone.
pub(super) fn wrong_code(locale: Locale) -> String {
    say(
        locale,
        "Kode salah. Perintahnya dibatalkan; kirim ulang untuk mendapat kode baru.",
        "That is not the code. The command is dropped; send it again for a new code.",
    )
}

/// There is nothing to take back.
pub(super) fn nothing_to_undo(locale: Locale) -> String {
    say(
        locale,
        "Tidak ada perubahan Anda dalam 30 menit terakhir yang bisa dibatalkan.",
        "There is no change of yours within the last 30 minutes to take back.",
    )
}

/// Somebody has changed it since.
pub(super) fn changed_since(locale: Locale) -> String {
    say(
        locale,
        "Tidak dibatalkan: datanya sudah berubah lagi sejak itu.",
        "Not taken back: it was changed again since.",
    )
}

/// It is as before.
pub(super) fn undone(locale: Locale, step: &Step) -> String {
    let (indonesian, english) = match step {
        Step::Item { code, before: None, .. } => {
            (format!("*{code}* dihapus lagi."), format!("*{code}* is gone again."))
        }
        Step::Item { code, .. } => {
            (format!("*{code}* kembali seperti semula."), format!("*{code}* is as it was before."))
        }
        Step::Bot { enabled: true, .. } => {
            ("asisten *aktif* lagi.".to_owned(), "the assistant is *on* again.".to_owned())
        }
        Step::Bot { .. } => ("asisten *mati* lagi.".to_owned(), "the assistant is *off* again.".to_owned()),
        Step::Lead { stage, .. } => (
            format!("lead kembali ke *{}*.", stage_name(Locale::Id, *stage)),
            format!("the lead is *{}* again.", stage_name(Locale::En, *stage)),
        ),
        Step::Pauses { .. } => {
            ("chat itu kembali seperti semula.".to_owned(), "the chat is as it was before.".to_owned())
        }
    };
    match locale {
        Locale::En => format!("↩️ Taken back: {english}"),
        _ => format!("↩️ Dibatalkan: {indonesian}"),
    }
}

/// The assistant is on or off.
pub(super) fn switched(locale: Locale, on: bool, revision: Revision, already: bool) -> String {
    let version = revision.as_u64();
    let (indonesian, english) = match (on, already) {
        (true, false) => ("✅ Asisten sekarang *aktif*", "✅ The assistant is *on* now"),
        (false, false) => (
            "⛔ Asisten sekarang *mati*: tidak ada balasan otomatis lagi, pesan tetap disimpan",
            "⛔ The assistant is *off* now: no automatic answers any more, messages are kept",
        ),
        (true, true) => ("✅ Asisten memang sudah *aktif*", "✅ The assistant is *on* already"),
        (false, true) => ("⛔ Asisten memang sudah *mati*", "⛔ The assistant is *off* already"),
    };
    match locale {
        Locale::En => format!("{english} (version {version})."),
        _ => format!("{indonesian} (versi {version})."),
    }
}

/// Words of others on one line, without what WhatsApp would read as markup.
fn plain(text: &str, most: usize) -> String {
    words::plain(&text.replace(['*', '_', '~', '`'], " "), most)
}
