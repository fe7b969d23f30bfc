//! What people read about the shop: every sentence in Indonesian and in English.

use wartel_bot::catalogue::{FileProblem, ItemProblem, LineProblem};
use wartel_core::Locale;

/// A sentence about the shop and its assistant.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum ShopText {
    Profile,
    ProfileSaved,
    Bot,
    BotOn,
    BotOff,
    Usage,
    Items,
    Item,
    ItemSaved,
    ItemDeleted,
    SheetStored,
    Leads,
    Lead,
    LeadSaved,
    Chats,
    Chat,
    ChatPaused,
    ChatResumed,
    MessageWaits,
    CustomerForgotten,
    Changed,
    NotRead,
    NoAddress,
    OtherLeadOpen,
    TooManyWaiting,
    Message,
    NotABool,
    /// A value of another form than the field has.
    Form,
    PhoneForm,
    IfMatch,
    Status,
    Stage,
    NotCsv,
    /// What a field must be, in English.
    Must(&'static str),
    ItemWrong(Box<ItemProblem>),
    /// The attributes that there are.
    UnknownAttribute(Box<str>),
    SheetWrong {
        bad_lines: usize,
    },
    File(FileProblem),
    Line(Box<LineProblem>),
}

impl ShopText {
    /// The sentence in a language.
    pub(crate) fn say(&self, locale: Locale) -> String {
        let english = locale == Locale::En;
        match self {
            Self::Must(expected) if english => format!("Must be {expected}."),
            Self::Must(expected) => format!("Isinya harus: {expected}."),
            Self::ItemWrong(problem) if english => format!("{problem}."),
            Self::ItemWrong(problem) => item_id(problem),
            Self::UnknownAttribute(known) if english => format!("The attributes are: {known}."),
            Self::UnknownAttribute(known) => format!("Atribut yang tersedia: {known}."),
            Self::SheetWrong { bad_lines } if english => {
                format!("{bad_lines} lines are wrong. Nothing is stored: mend them and send the file again.")
            }
            Self::SheetWrong { bad_lines } => {
                format!("{bad_lines} baris belum benar. Tidak ada yang disimpan: perbaiki lalu kirim lagi.")
            }
            Self::File(problem) => problem.text(locale),
            Self::Line(problem) => problem.text(locale),
            fixed if english => fixed.english().to_owned(),
            fixed => fixed.indonesian().to_owned(),
        }
    }

    const fn indonesian(&self) -> &'static str {
        match self {
            Self::Profile => "Profil toko",
            Self::ProfileSaved => "Profil toko disimpan",
            Self::Bot => "Status asisten",
            Self::BotOn => "Asisten dinyalakan",
            Self::BotOff => "Asisten dimatikan",
            Self::Usage => "Pemakaian model",
            Self::Items => "Daftar barang",
            Self::Item => "Barang",
            Self::ItemSaved => "Barang disimpan",
            Self::ItemDeleted => "Barang dihapus",
            Self::SheetStored => "Berkas disimpan",
            Self::Leads => "Daftar calon pembeli",
            Self::Lead => "Calon pembeli",
            Self::LeadSaved => "Tahap disimpan",
            Self::Chats => "Daftar percakapan",
            Self::Chat => "Percakapan",
            Self::ChatPaused => "Asisten diam di percakapan ini",
            Self::ChatResumed => "Asisten menjawab lagi di percakapan ini",
            Self::MessageWaits => "Pesan menunggu dikirim. Asisten diam di percakapan ini.",
            Self::CustomerForgotten => "Percakapan dan data calon pembeli ini dihapus",
            Self::Changed => "Data sudah berubah sejak dibaca. Muat ulang, lalu coba lagi.",
            Self::NotRead => "Sertakan If-Match dengan ETag yang terakhir dibaca.",
            Self::NoAddress => "Alamat pelanggan ini tidak diketahui lagi.",
            Self::OtherLeadOpen => "Pelanggan ini sudah punya catatan lain yang masih terbuka.",
            Self::TooManyWaiting => "Terlalu banyak pesan yang menunggu dikirim. Coba lagi sebentar lagi.",
            Self::Message => "Tulis 1 sampai 4.096 karakter tanpa karakter kontrol.",
            Self::NotABool => "Harus true atau false.",
            Self::PhoneForm => "Tulis nomor seperti +6281234567890.",
            Self::IfMatch => "If-Match harus berupa ETag dalam tanda kutip, seperti \"3\".",
            Self::Status => "Pilih available, reserved, sold atau hidden.",
            Self::Stage => "Pilih new, interested, qualified, booked, won atau lost.",
            Self::NotCsv => "Isi permintaan harus dikirim sebagai text/csv.",
            _ => "Bentuk isinya tidak sesuai.",
        }
    }

    const fn english(&self) -> &'static str {
        match self {
            Self::Profile => "The profile of the shop",
            Self::ProfileSaved => "The profile is stored",
            Self::Bot => "How the assistant stands",
            Self::BotOn => "The assistant is switched on",
            Self::BotOff => "The assistant is switched off",
            Self::Usage => "What models cost",
            Self::Items => "The items",
            Self::Item => "The item",
            Self::ItemSaved => "The item is stored",
            Self::ItemDeleted => "The item is deleted",
            Self::SheetStored => "The file is stored",
            Self::Leads => "The leads",
            Self::Lead => "The lead",
            Self::LeadSaved => "The stage is stored",
            Self::Chats => "The chats",
            Self::Chat => "The chat",
            Self::ChatPaused => "The assistant is silent in this chat",
            Self::ChatResumed => "The assistant answers in this chat again",
            Self::MessageWaits => "The message waits to be sent. The assistant is silent in this chat.",
            Self::CustomerForgotten => "The customer's chats and leads are deleted",
            Self::Changed => "It was changed since it was read. Load it again, then try again.",
            Self::NotRead => "Send If-Match with the ETag that was read last.",
            Self::NoAddress => "No address of this customer is known any more.",
            Self::OtherLeadOpen => "Another lead of this customer is open.",
            Self::TooManyWaiting => "Too many messages wait to be sent. Try again in a moment.",
            Self::Message => "Write 1 to 4,096 characters without control characters.",
            Self::NotABool => "Must be true or false.",
            Self::PhoneForm => "Write numbers as +6281234567890.",
            Self::IfMatch => "If-Match must be an ETag in quotes, such as \"3\".",
            Self::Status => "Choose available, reserved, sold or hidden.",
            Self::Stage => "Choose new, interested, qualified, booked, won or lost.",
            Self::NotCsv => "The body must be sent as text/csv.",
            _ => "It has another form.",
        }
    }
}

fn item_id(problem: &ItemProblem) -> String {
    match problem {
        ItemProblem::Code => "Kode stok terdiri dari 2–24 karakter A-Z, 0-9 dan -.".to_owned(),
        ItemProblem::Title => "Judul terdiri dari 1–120 karakter dalam satu baris.".to_owned(),
        ItemProblem::Price => "Harga harus lebih dari 0 dan paling banyak Rp 1.000.000.000.000.".to_owned(),
        ItemProblem::Attribute { key, expected } => format!("{key} harus: {expected}."),
        ItemProblem::TooManyPhotos => "Paling banyak 20 foto.".to_owned(),
        ItemProblem::Photo { number } => {
            format!("Alamat foto {number} harus diawali https:// dan paling banyak 2.000 karakter.")
        }
        ItemProblem::Notes => "Catatan paling banyak 2.000 karakter.".to_owned(),
        _ => "Barang ini belum benar.".to_owned(),
    }
}
