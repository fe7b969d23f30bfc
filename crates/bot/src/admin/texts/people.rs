//! About chats and leads.

use wartel_core::{Locale, PhoneNumber, Timestamp};

use super::report::moment;
use super::{pick, plain, say};
use crate::admin::leads::short;
use crate::conversation::Chat;
use crate::lead::{Lead, LeadStage};
use crate::tenant::Tenant;

/// A customer, by name and masked number.
pub(in crate::admin) fn who(locale: Locale, chat: Option<&Chat>) -> String {
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

/// Silent in one chat.
pub(in crate::admin) fn paused(locale: Locale, who: &str, minutes: Option<u32>) -> String {
    match (locale, minutes) {
        (Locale::En, Some(minutes)) => format!("⏸️ The assistant is silent for {minutes} minutes: {who}"),
        (Locale::En, None) => format!("⏸️ The assistant is silent until /resume: {who}"),
        (_, Some(minutes)) => format!("⏸️ Asisten diam {minutes} menit: {who}"),
        (_, None) => format!("⏸️ Asisten diam sampai /resume: {who}"),
    }
}

/// Back in one chat.
pub(in crate::admin) fn resumed(locale: Locale, who: &str, on: bool) -> String {
    let off = pick(locale, " (tetapi asisten toko sedang mati)", " (but the shop's assistant is off)");
    let off = if on { "" } else { off };
    match locale {
        Locale::En => format!("▶️ The assistant answers again: {who}{off}"),
        _ => format!("▶️ Asisten menjawab lagi: {who}{off}"),
    }
}

/// Nobody wrote from there.
pub(in crate::admin) fn no_chat(locale: Locale) -> String {
    say(locale, "Tidak ada chat dengan nomor atau nama itu.", "There is no chat with that number or name.")
}

/// Nothing is paused there.
pub(in crate::admin) fn no_pause(locale: Locale) -> String {
    say(
        locale,
        "Tidak ada chat yang dijeda dengan nomor atau nama itu.",
        "No chat with that number or name is paused.",
    )
}

/// The name fits more than one.
pub(in crate::admin) fn several_chats(locale: Locale) -> String {
    say(
        locale,
        "Lebih dari satu pelanggan bernama begitu. Pakai nomornya.",
        "More than one customer has that name. Use the number.",
    )
}

/// There is no such lead.
pub(in crate::admin) fn no_lead(locale: Locale) -> String {
    say(locale, "Lead itu tidak ditemukan. Lihat /lead list.", "There is no such lead. See /lead list.")
}

/// The id fits more than one.
pub(in crate::admin) fn several_leads(locale: Locale) -> String {
    say(
        locale,
        "Lebih dari satu lead cocok. Tulis id lebih panjang.",
        "More than one lead fits. Write more of the id.",
    )
}

/// Two leads of one customer cannot be open.
pub(in crate::admin) fn another_open(locale: Locale) -> String {
    say(
        locale,
        "Pelanggan ini sudah punya lead lain yang terbuka.",
        "This customer has another lead that is open.",
    )
}

pub(in crate::admin) const fn stage_name(locale: Locale, stage: LeadStage) -> &'static str {
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
pub(in crate::admin) fn lead_list(shop: &Tenant, leads: &[Lead], now: Timestamp) -> String {
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
pub(in crate::admin) fn ask_close(locale: Locale, lead: &Lead, stage: LeadStage) -> String {
    let (who, stage) = (person(locale, lead.name.as_deref(), lead.phone.as_ref()), stage_name(locale, stage));
    match locale {
        Locale::En => format!("Close the lead of {who} as *{stage}*?"),
        _ => format!("Tutup lead {who} sebagai *{stage}*?"),
    }
}

/// How far it is now.
pub(in crate::admin) fn stage_set(locale: Locale, lead: &Lead) -> String {
    let (who, stage) =
        (person(locale, lead.name.as_deref(), lead.phone.as_ref()), stage_name(locale, lead.stage));
    match locale {
        Locale::En => format!("✅ The lead of {who} is *{stage}* now."),
        _ => format!("✅ Lead {who} sekarang *{stage}*."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
