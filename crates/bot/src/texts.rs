//! What the pipeline itself says, in Indonesian and English. Short, and true whatever happened.

use wartel_core::Locale;

use crate::lead::Lead;
use crate::tool::Booking;

fn say(locale: Locale, indonesian: &str, english: &str) -> String {
    match locale {
        Locale::En => english,
        _ => indonesian,
    }
    .to_owned()
}

/// The models cannot be asked, or their answer was not true.
pub(crate) fn fallback(locale: Locale) -> String {
    say(
        locale,
        "Maaf Kak, pertanyaan ini perlu dijawab oleh tim kami. Mohon ditunggu sebentar ya 🙏",
        "Sorry, a colleague has to answer this one. Please bear with us for a moment 🙏",
    )
}

/// The pictures that were promised did not go out.
pub(crate) fn photos_failed(locale: Locale) -> String {
    say(
        locale,
        "Maaf Kak, fotonya belum bisa terkirim. Tim kami akan membantu mengirimkannya ya 🙏",
        "Sorry, the pictures could not be sent yet. Our team will help you with them 🙏",
    )
}

/// The shop is closed and answers later.
pub(crate) fn closed(locale: Locale, status: &str) -> String {
    say(
        locale,
        &format!("Terima kasih sudah menghubungi kami. {status} Pesan Kakak akan kami balas ya."),
        &format!("Thank you for writing. {status} We will answer your message."),
    )
}

/// No more automatic messages.
pub(crate) fn opted_out(locale: Locale) -> String {
    say(
        locale,
        "Baik Kak, kami tidak akan mengirim pesan otomatis lagi. Ketik MULAI bila ingin menerimanya kembali.",
        "All right, you will get no more automatic messages. Write START to get them again.",
    )
}

/// Automatic messages again.
pub(crate) fn opted_in(locale: Locale) -> String {
    say(
        locale,
        "Siap Kak, pesan otomatis aktif kembali. Ada yang bisa kami bantu?",
        "All right, automatic messages are on again. How can we help?",
    )
}

/// A voice message, a picture or the like.
pub(crate) fn please_type(locale: Locale) -> String {
    say(
        locale,
        "Maaf Kak, saya belum bisa membaca kiriman itu. Boleh diketik pertanyaannya? 🙏",
        "Sorry, I cannot read that one. Could you type your question, please? 🙏",
    )
}

/// A person will take over.
pub(crate) fn handed_over(locale: Locale) -> String {
    say(
        locale,
        "Baik Kak, saya teruskan ke tim kami. Mohon ditunggu ya, sebentar lagi dibalas 🙏",
        "All right, I am passing you on to our team. Somebody will answer you shortly 🙏",
    )
}

/// To staff who wrote something that is no command.
pub(crate) fn staff_hint(locale: Locale) -> String {
    say(
        locale,
        "Nomor ini terdaftar sebagai staf, jadi asisten tidak menjawab. Ketik /help untuk daftar perintah.",
        "This number belongs to staff, so the assistant does not answer. Write /help for the commands.",
    )
}

/// Who a notice to staff is about.
fn who(name: Option<&str>, phone: Option<&str>) -> String {
    match (name, phone) {
        (Some(name), Some(phone)) => format!("{name} ({phone})"),
        (None, Some(phone)) => phone.to_owned(),
        (Some(name), None) => format!("{name} (nomor disembunyikan)"),
        (None, None) => "pelanggan (nomor disembunyikan)".to_owned(),
    }
}

/// To staff: somebody waits for a person.
pub(crate) fn staff_handoff(
    locale: Locale,
    name: Option<&str>,
    phone: Option<&str>,
    reason: &str,
    summary: &str,
) -> String {
    let who = who(name, phone);
    say(
        locale,
        &format!("🔔 Perlu dibalas orang: {who}\nAlasan: {reason}\n{summary}"),
        &format!("🔔 Needs a person: {who}\nReason: {reason}\n{summary}"),
    )
}

/// Why staff are told of messages that nobody answered.
pub(crate) fn too_late(locale: Locale) -> String {
    say(locale, "pesan belum terjawab tepat waktu", "messages were not answered in time")
}

/// Why staff are told of a question that nobody could answer.
pub(crate) fn unanswered(locale: Locale) -> String {
    say(locale, "belum terjawab", "not answered")
}

/// To staff: a lead has come further.
pub(crate) fn staff_lead(locale: Locale, lead: &Lead) -> String {
    let who = who(lead.name.as_deref(), lead.phone.as_ref().map(wartel_core::PhoneNumber::e164));
    let mut lines = vec![say(
        locale,
        &format!("⭐ Lead {}: {who} (skor {})", lead.stage.as_str(), lead.score),
        &format!("⭐ Lead {}: {who} (score {})", lead.stage.as_str(), lead.score),
    )];
    let it = &lead.interest;
    let codes = (!it.codes.is_empty()).then(|| it.codes.join(", "));
    let budget = it.budget.map(rupiah);
    for (indonesian, english, value) in [
        ("Minat", "Wants", it.wish.clone()),
        ("Unit", "Items", codes),
        ("Anggaran", "Budget", budget),
        ("Waktu", "When", it.timeline.clone()),
        ("Bayar", "Pays", it.payment.clone()),
        ("Tukar tambah", "Trade-in", it.trade_in.clone()),
        ("Kota", "City", it.city.clone()),
        ("Janji", "Visit", lead.bookings.last().map(|booking| booked(locale, booking))),
    ] {
        if let Some(value) = value {
            lines.push(format!("{}: {value}", say(locale, indonesian, english)));
        }
    }
    lines.join("\n")
}

fn booked(locale: Locale, booking: &Booking) -> String {
    let code = booking.code.as_ref().map(|code| format!(", {code}")).unwrap_or_default();
    let kind = match booking.kind {
        crate::tool::BookingKind::TestDrive => "test drive".to_owned(),
        crate::tool::BookingKind::Visit => say(locale, "kunjungan", "visit"),
    };
    format!("{kind} {} {}{code}", booking.date, booking.time)
}

/// To staff: the other side of a chat seems to be a machine.
pub(crate) fn staff_loop(locale: Locale, name: Option<&str>, phone: Option<&str>) -> String {
    let who = who(name, phone);
    say(
        locale,
        &format!(
            "⚠️ Chat dengan {who} sepertinya dijawab mesin. Asisten berhenti di chat itu selama satu jam."
        ),
        &format!(
            "⚠️ The chat with {who} seems to be answered by a machine. The assistant is silent there for an hour."
        ),
    )
}

/// To staff: the account of the models needs them.
pub(crate) fn staff_model_trouble(locale: Locale, kind: &str) -> String {
    say(
        locale,
        &format!(
            "⚠️ Layanan AI menolak permintaan ({kind}). Periksa saldo dan kunci akun AI. Pelanggan sementara dijawab dengan cara sederhana."
        ),
        &format!(
            "⚠️ The AI service refuses requests ({kind}). Check the balance and the key of its account. Customers get simple answers meanwhile."
        ),
    )
}

/// `Rp150.000.000`.
pub(crate) fn rupiah(amount: i64) -> String {
    let digits = amount.unsigned_abs().to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            grouped.push('.');
        }
        grouped.push(digit);
    }
    format!("{}Rp{grouped}", if amount < 0 { "-" } else { "" })
}
