//! What the desk answers, in Indonesian and English, with WhatsApp's markup.

use jiff::tz::TimeZone;
use wartel_core::{Locale, PhoneNumber, Timestamp};
use wartel_messaging::inbox::ContactId;

use super::command::{Mistake, Topic};
use super::item::Problem;
use super::leads::short;
use super::report::{Count, Window};
use super::store::AuditRow;
use super::undo::Step;
use crate::catalogue::{Item, ItemProblem, ItemStatus};
use crate::conversation::Chat;
use crate::key::Revision;
use crate::lead::{Lead, LeadStage};
use crate::tenant::Tenant;
use crate::texts::rupiah;
use crate::words;

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

/// A customer, by name and masked number.
pub(super) fn who(locale: Locale, chat: Option<&Chat>) -> String {
    chat.map_or_else(String::new, |chat| person(locale, chat.name.as_deref(), chat.phone.as_ref()))
}

fn person(locale: Locale, name: Option<&str>, phone: Option<&PhoneNumber>) -> String {
    let name = name.map(|name| plain(name, 40)).filter(|name| !name.is_empty());
    match (name, phone.map(PhoneNumber::masked)) {
        (Some(name), Some(phone)) => format!("{name} ({phone})"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => say(locale, "pelanggan tanpa nomor", "a customer without a number"),
    }
}

/// Words of others on one line, without what WhatsApp would read as markup.
fn plain(text: &str, most: usize) -> String {
    words::plain(&text.replace(['*', '_', '~', '`'], " "), most)
}

/// Silent in one chat.
pub(super) fn paused(locale: Locale, who: &str, minutes: Option<u32>) -> String {
    match (locale, minutes) {
        (Locale::En, Some(minutes)) => format!("⏸️ The assistant is silent for {minutes} minutes: {who}"),
        (Locale::En, None) => format!("⏸️ The assistant is silent until /resume: {who}"),
        (_, Some(minutes)) => format!("⏸️ Asisten diam {minutes} menit: {who}"),
        (_, None) => format!("⏸️ Asisten diam sampai /resume: {who}"),
    }
}

/// Back in one chat.
pub(super) fn resumed(locale: Locale, who: &str, on: bool) -> String {
    let off = pick(locale, " (tetapi asisten toko sedang mati)", " (but the shop's assistant is off)");
    let off = if on { "" } else { off };
    match locale {
        Locale::En => format!("▶️ The assistant answers again: {who}{off}"),
        _ => format!("▶️ Asisten menjawab lagi: {who}{off}"),
    }
}

/// Nobody wrote from there.
pub(super) fn no_chat(locale: Locale) -> String {
    say(locale, "Tidak ada chat dengan nomor atau nama itu.", "There is no chat with that number or name.")
}

/// Nothing is paused there.
pub(super) fn no_pause(locale: Locale) -> String {
    say(
        locale,
        "Tidak ada chat yang dijeda dengan nomor atau nama itu.",
        "No chat with that number or name is paused.",
    )
}

/// The name fits more than one.
pub(super) fn several_chats(locale: Locale) -> String {
    say(
        locale,
        "Lebih dari satu pelanggan bernama begitu. Pakai nomornya.",
        "More than one customer has that name. Use the number.",
    )
}

/// There is no such lead.
pub(super) fn no_lead(locale: Locale) -> String {
    say(locale, "Lead itu tidak ditemukan. Lihat /lead list.", "There is no such lead. See /lead list.")
}

/// The id fits more than one.
pub(super) fn several_leads(locale: Locale) -> String {
    say(
        locale,
        "Lebih dari satu lead cocok. Tulis id lebih panjang.",
        "More than one lead fits. Write more of the id.",
    )
}

/// Two leads of one customer cannot be open.
pub(super) fn another_open(locale: Locale) -> String {
    say(
        locale,
        "Pelanggan ini sudah punya lead lain yang terbuka.",
        "This customer has another lead that is open.",
    )
}

pub(super) const fn stage_name(locale: Locale, stage: LeadStage) -> &'static str {
    let (indonesian, english) = match stage {
        LeadStage::New => ("baru", "new"),
        LeadStage::Interested => ("minat", "interested"),
        LeadStage::Qualified => ("serius", "qualified"),
        LeadStage::Booked => ("janji", "booked"),
        LeadStage::Won => ("deal", "won"),
        LeadStage::Lost => ("gagal", "lost"),
    };
    pick(locale, indonesian, english)
}

/// Leads, one a line.
pub(super) fn lead_list(shop: &Tenant, leads: &[Lead], now: Timestamp) -> String {
    let locale = shop.locale;
    if leads.is_empty() {
        return say(locale, "Belum ada lead.", "There are no leads yet.");
    }
    let line = |lead: &Lead| {
        format!(
            "*{}* {} · {} · {} · {}",
            short(lead.id),
            person(locale, lead.name.as_deref(), lead.phone.as_ref()),
            stage_name(locale, lead.stage),
            lead.score,
            moment(shop, lead.last_contact_at, now),
        )
    };
    let lines: Vec<String> = leads.iter().map(line).collect();
    format!("*Lead*\n{}", lines.join("\n"))
}

/// Whether to close it.
pub(super) fn ask_close(locale: Locale, lead: &Lead, stage: LeadStage) -> String {
    let (who, stage) = (person(locale, lead.name.as_deref(), lead.phone.as_ref()), stage_name(locale, stage));
    match locale {
        Locale::En => format!("Close the lead of {who} as *{stage}*?"),
        _ => format!("Tutup lead {who} sebagai *{stage}*?"),
    }
}

/// How far it is now.
pub(super) fn stage_set(locale: Locale, lead: &Lead) -> String {
    let (who, stage) =
        (person(locale, lead.name.as_deref(), lead.phone.as_ref()), stage_name(locale, lead.stage));
    match locale {
        Locale::En => format!("✅ The lead of {who} is *{stage}* now."),
        _ => format!("✅ Lead {who} sekarang *{stage}*."),
    }
}

pub(super) const fn status(locale: Locale, status: ItemStatus) -> &'static str {
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
pub(super) fn stock_list(locale: Locale, found: &[&Item], most: usize) -> String {
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
pub(super) fn no_item(locale: Locale) -> String {
    say(locale, "Kode stok itu tidak ada. Lihat /stok list.", "There is no such stock code. See /stock list.")
}

/// The code belongs to another item.
pub(super) fn code_taken(locale: Locale, code: &str) -> String {
    match locale {
        Locale::En => format!("There is an item *{code}* already. Use another code."),
        _ => format!("Kode *{code}* sudah dipakai. Gunakan kode lain."),
    }
}

/// It is there.
pub(super) fn item_added(locale: Locale, item: &Item) -> String {
    format!("✅ {}\n{}", pick(locale, "Stok ditambahkan:", "Added to the stock:"), item_line(locale, item))
}

/// Whether to move the price so far.
pub(super) fn ask_price(locale: Locale, item: &Item, before: i64, after: i64) -> String {
    let (title, before, after) = (plain(&item.title, 60), rupiah(before), rupiah(after));
    match locale {
        Locale::En => {
            format!("*{}* {title}: {before} → *{after}*. That is more than 30% apart.", item.code)
        }
        _ => format!("*{}* {title}: {before} → *{after}*. Bedanya lebih dari 30%.", item.code),
    }
}

/// What it costs now.
pub(super) fn price_set(locale: Locale, item: &Item, before: Option<i64>) -> String {
    let before = before.map(|before| format!("{} → ", rupiah(before))).unwrap_or_default();
    let price = item.price.map(rupiah).unwrap_or_default();
    let label = pick(locale, "Harga", "Price of");
    format!("✅ {label} *{}* {}: {before}*{price}*", item.code, plain(&item.title, 60))
}

/// Whether it is sold.
pub(super) fn ask_sold(locale: Locale, item: &Item) -> String {
    format!("{} {}", pick(locale, "Tandai *terjual*?", "Mark as *sold*?"), item_line(locale, item))
}

/// It is sold.
pub(super) fn item_sold(locale: Locale, item: &Item) -> String {
    let title = plain(&item.title, 60);
    match locale {
        Locale::En => format!("✅ *{}* {title} is *sold*.", item.code),
        _ => format!("✅ *{}* {title} *terjual*.", item.code),
    }
}

/// Whether to delete it.
pub(super) fn ask_delete(locale: Locale, item: &Item) -> String {
    format!("{} {}", pick(locale, "*Hapus* dari stok?", "*Delete* from the stock?"), item_line(locale, item))
}

/// It is gone.
pub(super) fn item_deleted(locale: Locale, code: &str) -> String {
    match locale {
        Locale::En => format!("🗑️ *{code}* is deleted. /undo brings it back for 30 minutes."),
        _ => format!("🗑️ *{code}* dihapus. /undo mengembalikannya dalam 30 menit."),
    }
}

/// What is wrong with a new item.
pub(super) fn item_problem(locale: Locale, problem: &Problem) -> String {
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

/// How everything is.
pub(super) fn report(shop: &Tenant, revision: Revision, counts: [Count; 2], windows: &[Window]) -> String {
    let locale = shop.locale;
    let on = if shop.bot.enabled {
        say(locale, "🟢 Asisten *aktif*", "🟢 The assistant is *on*")
    } else {
        say(locale, "⛔ Asisten *mati*", "⛔ The assistant is *off*")
    };
    let since = shop
        .bot
        .switched_at
        .map(|at| format!(" {} {}", pick(locale, "sejak", "since"), moment(shop, at, Timestamp::EPOCH)));
    let version = pick(locale, "versi", "version");
    let mut lines = vec![
        format!("*{}*", plain(&shop.name, 80)),
        format!("{on}{} ({version} {})", since.unwrap_or_default(), revision.as_u64()),
    ];
    let labels = [pick(locale, "Lead terbuka", "Open leads"), pick(locale, "Chat dijeda", "Paused chats")];
    for (label, Count(count, more)) in labels.iter().zip(counts) {
        lines.push(format!("{label}: {count}{}", if more { "+" } else { "" }));
    }
    lines.extend(spend_lines(locale, windows));
    lines.join("\n")
}

fn spend_lines(locale: Locale, windows: &[Window]) -> Vec<String> {
    let labels = [pick(locale, "AI hari ini", "AI today"), pick(locale, "AI bulan ini", "AI this month")];
    let line = |(label, window): (&&str, &Window)| {
        let waiting = if window.spent.reserved == 0 {
            String::new()
        } else {
            format!(" (+{} {})", dollars(window.spent.reserved), pick(locale, "berjalan", "under way"))
        };
        format!(
            "{label}: {}{waiting} {} {}",
            dollars(window.spent.settled),
            pick(locale, "dari", "of"),
            dollars(window.max)
        )
    };
    labels.iter().zip(windows).map(line).collect()
}

/// What models have cost.
pub(super) fn usage(locale: Locale, windows: &[Window]) -> String {
    let lines = spend_lines(locale, windows).into_iter().zip(windows).map(|(line, window)| {
        let (calls, tokens) = (window.spent.calls, window.spent.tokens);
        format!("{line} · {calls} {} · {tokens} token", pick(locale, "panggilan", "calls"))
    });
    let lines: Vec<String> = lines.collect();
    format!("*{}*\n{}", pick(locale, "Pemakaian AI", "Use of AI"), lines.join("\n"))
}

/// Millionths of a US dollar: `US$0.42`, small amounts with more digits.
fn dollars(micros: u64) -> String {
    let (whole, rest) = (micros / 1_000_000, micros % 1_000_000);
    if micros > 0 && micros < 10_000 {
        format!("US${whole}.{:04}", rest / 100)
    } else {
        format!("US${whole}.{:02}", rest / 10_000)
    }
}

/// Who did what.
pub(super) fn audit(shop: &Tenant, asker: ContactId, rows: &[AuditRow]) -> String {
    let locale = shop.locale;
    if rows.is_empty() {
        return say(locale, "Belum ada perintah.", "There were no commands yet.");
    }
    let line = |row: &AuditRow| {
        let by = if row.staff == asker {
            pick(locale, "Anda", "you")
        } else {
            pick(locale, "staf lain", "others")
        };
        let target = row.target.as_deref().map(|target| format!(" {}", tail(target))).unwrap_or_default();
        let when = moment(shop, row.at, Timestamp::EPOCH);
        format!("{when} · {by} · {}{target} · {}", row.action, outcome(locale, &row.outcome))
    };
    let lines: Vec<String> = rows.iter().map(line).collect();
    format!("*{}*\n{}", pick(locale, "Perintah terakhir", "Last commands"), lines.join("\n"))
}

/// A stock code as it is; of an id its end, as lists show it.
fn tail(target: &str) -> String {
    if target.len() == 36 { target.get(30..).unwrap_or_default().to_owned() } else { plain(target, 24) }
}

fn outcome(locale: Locale, outcome: &str) -> &str {
    match outcome {
        "done" => pick(locale, "jadi", "done"),
        "asked" => pick(locale, "menunggu kode", "waits for its code"),
        "refused" => pick(locale, "ditolak", "refused"),
        "undone" => pick(locale, "dibatalkan", "taken back"),
        other => other,
    }
}

/// A moment in the shop's time zone; on the day of `now` only its time.
fn moment(shop: &Tenant, at: Timestamp, now: Timestamp) -> String {
    let zone = TimeZone::get(&shop.hours.time_zone).unwrap_or(TimeZone::UTC);
    let civil = |at: Timestamp| {
        zone.to_datetime(jiff::Timestamp::from_microsecond(at.as_micros()).unwrap_or_default())
    };
    let (then, today) = (civil(at), civil(now));
    let time = format!("{:02}:{:02} {}", then.hour(), then.minute(), shop.hours.zone_name(at));
    let time = time.trim_end();
    if then.date() == today.date() { time.to_owned() } else { format!("{} {time}", then.date()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_of_dollars() {
        for (micros, text) in [
            (0, "US$0.00"),
            (420, "US$0.0004"),
            (10_000, "US$0.01"),
            (1_239_999, "US$1.23"),
            (30_000_000, "US$30.00"),
        ] {
            assert_eq!(dollars(micros), text);
        }
    }

    #[test]
    fn words_of_others_are_no_markup_and_no_second_line() {
        assert_eq!(plain("*Budi*\n/bot off\u{202e}", 40), "Budi /bot off");
        let chat = |name: Option<&str>, phone: Option<&str>| {
            person(Locale::Id, name, phone.map(|it| PhoneNumber::from_e164(it).unwrap()).as_ref())
        };
        assert_eq!(chat(Some("Budi"), Some("+6281234567890")), "Budi (+62812•••••890)");
        assert_eq!(chat(Some("**"), None), "pelanggan tanpa nomor");
    }
}
