//! What is answered.

use wartel_core::Locale;

use crate::tenant::Tenant;

pub(super) fn greeting(tenant: &Tenant, locale: Locale, again: bool) -> String {
    match (locale, again) {
        (Locale::En, false) => format!("Hello, welcome to {}. How can we help you?", tenant.name),
        (Locale::En, true) => "How can we help you?".to_owned(),
        (_, false) => format!("Halo Kak, selamat datang di {}. Ada yang bisa kami bantu?", tenant.name),
        (_, true) => "Ada yang bisa kami bantu, Kak?".to_owned(),
    }
}

pub(super) fn hours(text: &str, now: &str, locale: Locale) -> String {
    let answer = match locale {
        Locale::En => format!("Our opening hours: {text}."),
        _ => format!("Jam buka kami: {text}."),
    };
    if now.is_empty() { answer } else { format!("{answer}\n{now}") }
}

pub(super) fn location(address: Option<&str>, map: Option<&str>, locale: Locale) -> String {
    let mut lines = Vec::new();
    if let Some(address) = address {
        lines.push(match locale {
            Locale::En => format!("Our address: {address}"),
            _ => format!("Alamat kami: {address}"),
        });
    }
    if let Some(map) = map {
        lines.push(match locale {
            Locale::En => format!("Map: {map}"),
            _ => format!("Peta: {map}"),
        });
    }
    lines.join("\n")
}

pub(super) fn contact(phone: Option<&str>, website: Option<&str>, locale: Locale) -> String {
    let mut lines = Vec::new();
    if let Some(phone) = phone {
        lines.push(match locale {
            Locale::En => format!("You can reach us at {phone}, or just write here."),
            _ => format!("Kami bisa dihubungi di {phone}, atau langsung tulis di sini ya Kak."),
        });
    }
    if let Some(website) = website {
        lines.push(match locale {
            Locale::En => format!("Website: {website}"),
            _ => format!("Situs web: {website}"),
        });
    }
    lines.join("\n")
}

pub(super) const fn person(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "Of course. A colleague of ours will answer you here.",
        _ => "Baik Kak, tim kami akan membalas di sini.",
    }
}

/// Why a person takes over, for staff.
pub(super) const fn reason(locale: Locale) -> &'static str {
    match locale {
        Locale::En => "the customer asks for a person",
        _ => "pelanggan minta dibantu orang",
    }
}
