//! What people read: every sentence in Indonesian and in English.

use wartel_core::{Locale, NameError, PhoneProblem};

/// A sentence for the person who uses the page or the app in front of this interface.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Text {
    /// 200 of request-otp.
    CodeSent,
    /// 202 of request-otp.
    CodeRequested,
    /// 200 of verify-otp.
    PhoneVerified,
    /// 201 of the registration.
    Registered,
    /// 200 of a verification's state.
    VerificationState,
    /// 200 of a verification that was taken back.
    VerificationCancelled,
    /// 200 of a proof that was exchanged.
    ProofRedeemed,
    /// 200 of a webhook.
    WebhookTaken,
    /// 200 of the log of webhooks.
    WebhookLog,
    /// 200 of one of them.
    Webhook,
    /// 202 of a replay.
    WebhookReplayed,
    WebhookNotReplayed,
    WebhookId,
    /// 201 of an account.
    AccountCreated,
    /// 200 of the accounts.
    Accounts,
    /// 200 of an account that was removed.
    AccountRemoved,
    /// 200 and 202 of a pairing.
    Pairing,
    /// 200 of a device that was disconnected.
    DeviceDisconnected,
    AccountId,
    UnknownProvider,
    /// A setting that cannot be used, in the adapter's words.
    AccountSetting(Box<(&'static str, &'static str)>),
    AccountExists,
    AccountFixed,
    PairingMethod,
    #[cfg(feature = "accounts")]
    PairingRefused(wartel_messaging::pairing::PairingReason),
    PairingUnsupported,
    /// Of the shop and its assistant.
    #[cfg(feature = "bot")]
    Shop(Box<crate::shop::ShopText>),
    InvalidRequest,
    MalformedJson,
    NotAnObject,
    NullCharacter,
    WrongContentType,
    TooLarge,
    TooSlow,
    MethodNotAllowed,
    BadSignature,
    Missing,
    NotAString,
    CodeNotQuoted,
    CodeMalformed {
        digits: usize,
    },
    NothingToCheck,
    Purpose,
    Language,
    NetworkAddress,
    DeliveryState,
    NumberBetween {
        min: u64,
        max: u64,
    },
    IdempotencyKey,
    NotTexts,
    Variables,
    Name(NameError),
    Email,
    TooLong {
        max: usize,
        bytes: bool,
    },
    ControlCharacter,
    /// A phone number that is not one; with what to type instead where that is certain.
    Phone {
        problem: PhoneProblem,
        suggestion: Option<Box<str>>,
    },
    NotMobile,
    UnsupportedCountry,
    NotOnWhatsApp,
    WrongCode {
        attempts_left: u32,
    },
    NoActiveCode,
    TooManyAttempts {
        secs: u64,
    },
    ResendTooSoon {
        secs: u64,
    },
    RateLimited {
        secs: u64,
    },
    TooManyWaiting,
    ChallengeRequired,
    ChallengeUnavailable,
    IdempotencyMismatch,
    Unauthorized,
    Forbidden,
    PhoneNotVerified,
    AlreadyRegistered,
    NotFound,
    MessagingDisabled,
    ProviderUnavailable,
    ProviderRejected,
    StoreUnavailable,
    Internal,
}

impl Text {
    /// The sentence in a language.
    pub(crate) fn say(&self, locale: Locale) -> String {
        match locale {
            Locale::En => self.english(),
            _ => self.indonesian(),
        }
    }

    fn indonesian(&self) -> String {
        let fixed = match self {
            Self::CodeMalformed { digits } => return format!("Kode OTP terdiri dari {digits} angka."),
            Self::TooLong { max, bytes: false } => return format!("Paling banyak {max} karakter."),
            Self::TooLong { max, .. } => return format!("Paling banyak {max} bita."),
            Self::WrongCode { attempts_left: 0 } => {
                "Kode OTP salah dan tidak ada percobaan tersisa. Minta kode baru."
            }
            Self::WrongCode { attempts_left } => {
                return format!("Kode OTP salah. Sisa percobaan: {attempts_left}.");
            }
            Self::TooManyAttempts { secs } => {
                return format!("Terlalu banyak kode yang salah. Coba lagi dalam {}.", wait_id(*secs));
            }
            Self::ResendTooSoon { secs } => {
                return format!("Kode baru saja dikirim. Tunggu {} sebelum meminta lagi.", wait_id(*secs));
            }
            Self::RateLimited { secs } => {
                return format!("Terlalu banyak permintaan kode. Coba lagi dalam {}.", wait_id(*secs));
            }
            Self::Phone { problem, suggestion } => {
                let what = phone_id(*problem);
                return suggestion.as_ref().map_or(what.to_owned(), |form| format!("{what} Tulis: {form}"));
            }
            Self::AccountSetting(setting) => return format!("{}: {}", setting.0, setting.1),
            #[cfg(feature = "accounts")]
            Self::PairingRefused(reason) => reason.advice(Locale::Id),
            #[cfg(feature = "bot")]
            Self::Shop(text) => return text.say(Locale::Id),
            Self::AccountCreated => "Akun dibuat. Simpan webhook_token sekarang; tidak ditampilkan lagi.",
            Self::Accounts => "Daftar akun",
            Self::AccountRemoved => "Akun dihapus",
            Self::Pairing => "Status perangkat",
            Self::DeviceDisconnected => "Perangkat diputus",
            Self::AccountId => "Terdiri dari 1 sampai 64 karakter a-z, 0-9, `_` dan `-`.",
            Self::UnknownProvider => "Penyedia ini tidak dikenal.",
            Self::AccountExists => "Sudah ada akun dengan nama ini.",
            Self::AccountFixed => "Akun ini berasal dari pengaturan program dan tidak dapat diubah di sini.",
            Self::PairingMethod => "Pilih qr atau code.",
            Self::PairingUnsupported => "Penyedia akun ini tidak memakai perangkat yang ditautkan.",
            Self::NumberBetween { min, max } => return format!("Harus berupa angka {min} sampai {max}."),
            Self::Name(error) => name_id(*error),
            Self::CodeSent => "Kode OTP telah dikirim ke WhatsApp Anda",
            Self::CodeRequested => "Permintaan kode diterima. Pengiriman ke WhatsApp Anda belum dipastikan.",
            Self::PhoneVerified => "Nomor WhatsApp Anda terverifikasi",
            Self::Registered => "Pendaftaran berhasil",
            Self::VerificationState => "Status verifikasi",
            Self::VerificationCancelled => "Verifikasi dibatalkan",
            Self::ProofRedeemed => "Nomor WhatsApp terbukti",
            Self::WebhookTaken => "Diterima",
            Self::WebhookLog => "Catatan webhook",
            Self::Webhook => "Webhook",
            Self::WebhookReplayed => "Webhook diputar ulang",
            Self::WebhookNotReplayed => {
                "Webhook ini tidak dapat diputar ulang: isinya tidak disimpan atau tidak terbaca."
            }
            Self::WebhookId => "Bukan id webhook.",
            Self::InvalidRequest => "Ada isian yang belum benar. Periksa kembali.",
            Self::MalformedJson => "Isi permintaan bukan JSON yang benar.",
            Self::NotAnObject => "Isi permintaan harus berupa objek JSON.",
            Self::NullCharacter => "Isian mengandung karakter nol yang tidak diperbolehkan.",
            Self::WrongContentType => "Isi permintaan harus dikirim sebagai application/json.",
            Self::TooLarge => "Isi permintaan terlalu besar.",
            Self::TooSlow => "Isi permintaan tidak sampai pada waktunya.",
            Self::MethodNotAllowed => "Metode ini tidak tersedia di alamat ini.",
            Self::BadSignature => "Tanda tangan permintaan tidak cocok.",
            Self::Missing => "Wajib diisi.",
            Self::NotAString => "Harus berupa teks.",
            Self::CodeNotQuoted => {
                "Harus berupa teks dalam tanda kutip, agar angka nol di depan tidak hilang."
            }
            Self::NothingToCheck => "Isi nomor WhatsApp atau verification_id.",
            Self::Purpose => "Terdiri dari 1 sampai 32 karakter a-z, 0-9, `_` dan `-`.",
            Self::Language => "Bahasa yang tersedia: id, en.",
            Self::NetworkAddress => "Harus berupa alamat IP.",
            Self::DeliveryState => "Bukan status pengiriman.",
            Self::IdempotencyKey => "Idempotency-Key terdiri dari 1 sampai 255 karakter ASCII yang terlihat.",
            Self::NotTexts => "Harus berupa objek yang isinya teks.",
            Self::Variables => {
                "Paling banyak 8, dengan nama dari a-z dan `_`, dan isi 2 sampai 40 karakter tanpa tautan dan tanpa empat angka berurutan."
            }
            Self::Email => "Alamat email belum benar. Contoh: budi@example.com",
            Self::ControlCharacter => "Mengandung karakter kontrol yang tidak diperbolehkan.",
            Self::NotMobile => "Nomor ini bukan nomor ponsel.",
            Self::UnsupportedCountry => "Kode tidak dapat dikirim ke nomor dari negara ini.",
            Self::NotOnWhatsApp => "Nomor ini tidak dapat dihubungi di WhatsApp.",
            Self::NoActiveCode => "Tidak ada kode yang berlaku. Minta kode baru.",
            Self::TooManyWaiting => "Terlalu banyak permintaan yang menunggu kabar. Coba lagi sebentar lagi.",
            Self::ChallengeRequired => "Selesaikan pemeriksaan keamanan dulu, lalu coba lagi.",
            Self::ChallengeUnavailable => {
                "Pemeriksaan keamanan sedang tidak tersedia. Coba lagi sebentar lagi."
            }
            Self::IdempotencyMismatch => "Idempotency-Key ini sudah dipakai untuk permintaan lain.",
            Self::Unauthorized => "Kunci API tidak ada atau tidak berlaku.",
            Self::Forbidden => "Kunci API ini tidak berhak melakukan hal ini.",
            Self::PhoneNotVerified => {
                "Nomor WhatsApp belum diverifikasi. Verifikasi nomor Anda terlebih dahulu."
            }
            Self::AlreadyRegistered => "Nomor ini sudah terdaftar.",
            Self::NotFound => "Tidak ditemukan.",
            Self::MessagingDisabled => "Pengiriman pesan WhatsApp sedang dimatikan.",
            Self::ProviderUnavailable => "Layanan WhatsApp sedang terganggu. Coba lagi sebentar lagi.",
            Self::ProviderRejected => {
                "Pesan WhatsApp tidak dapat dikirim saat ini. Hubungi kami bila berlanjut."
            }
            Self::StoreUnavailable => "Layanan sedang terganggu. Coba lagi sebentar lagi.",
            Self::Internal => "Terjadi kesalahan di pihak kami.",
        };
        fixed.to_owned()
    }

    fn english(&self) -> String {
        let fixed = match self {
            Self::CodeMalformed { digits } => return format!("The code has {digits} digits."),
            Self::TooLong { max, bytes: false } => return format!("At most {max} characters."),
            Self::TooLong { max, .. } => return format!("At most {max} bytes."),
            Self::WrongCode { attempts_left: 0 } => "Wrong code, and no tries are left. Ask for a new code.",
            Self::WrongCode { attempts_left } => return format!("Wrong code. Tries left: {attempts_left}."),
            Self::TooManyAttempts { secs } => {
                return format!("Too many wrong codes. Try again in {}.", wait_en(*secs));
            }
            Self::ResendTooSoon { secs } => {
                return format!("A code was just sent. Wait {} before asking again.", wait_en(*secs));
            }
            Self::RateLimited { secs } => {
                return format!("Too many codes were asked for. Try again in {}.", wait_en(*secs));
            }
            Self::Phone { problem, suggestion } => {
                let what = phone_en(*problem);
                return suggestion.as_ref().map_or(what.to_owned(), |form| format!("{what} Type: {form}"));
            }
            Self::AccountSetting(setting) => return format!("{}: {}", setting.0, setting.1),
            #[cfg(feature = "accounts")]
            Self::PairingRefused(reason) => reason.advice(Locale::En),
            #[cfg(feature = "bot")]
            Self::Shop(text) => return text.say(Locale::En),
            Self::AccountCreated => "The account is made. Keep the webhook_token now; it is not shown again.",
            Self::Accounts => "The accounts",
            Self::AccountRemoved => "The account is removed",
            Self::Pairing => "How the device stands",
            Self::DeviceDisconnected => "The device is disconnected",
            Self::AccountId => "Must be 1 to 64 characters of a-z, 0-9, `_` and `-`.",
            Self::UnknownProvider => "This provider is not known.",
            Self::AccountExists => "There is an account of this name.",
            Self::AccountFixed => {
                "This account comes from the program's own settings and is not changed here."
            }
            Self::PairingMethod => "Choose qr or code.",
            Self::PairingUnsupported => "The provider of this account has no device that is paired here.",
            Self::NumberBetween { min, max } => return format!("Must be a number from {min} to {max}."),
            Self::Name(error) => name_en(*error),
            Self::CodeSent => "The code was sent to your WhatsApp",
            Self::CodeRequested => "Your request was taken. It is not yet certain that the code was sent.",
            Self::PhoneVerified => "Your WhatsApp number is verified",
            Self::Registered => "You are registered",
            Self::VerificationState => "State of the verification",
            Self::VerificationCancelled => "The verification is cancelled",
            Self::ProofRedeemed => "The WhatsApp number is proven",
            Self::WebhookTaken => "Taken",
            Self::WebhookLog => "The log of webhooks",
            Self::Webhook => "The webhook",
            Self::WebhookReplayed => "The webhook is replayed",
            Self::WebhookNotReplayed => {
                "This webhook cannot be replayed: its body is not kept, or cannot be read."
            }
            Self::WebhookId => "Not the id of a webhook.",
            Self::InvalidRequest => "Something is not filled in correctly. Please check.",
            Self::MalformedJson => "The body is not valid JSON.",
            Self::NotAnObject => "The body must be a JSON object.",
            Self::NullCharacter => "A null character is not allowed.",
            Self::WrongContentType => "The body must be sent as application/json.",
            Self::TooLarge => "The body is too large.",
            Self::TooSlow => "The body did not arrive in time.",
            Self::MethodNotAllowed => "This address has no such method.",
            Self::BadSignature => "The signature does not fit.",
            Self::Missing => "Required.",
            Self::NotAString => "Must be text.",
            Self::CodeNotQuoted => "Must be text in quotes, so that leading zeros are kept.",
            Self::NothingToCheck => "Give the WhatsApp number or the verification_id.",
            Self::Purpose => "Must be 1 to 32 characters of a-z, 0-9, `_` and `-`.",
            Self::Language => "The languages are id and en.",
            Self::NetworkAddress => "Must be an IP address.",
            Self::DeliveryState => "Not a state of delivery.",
            Self::IdempotencyKey => "The Idempotency-Key must be 1 to 255 visible ASCII characters.",
            Self::NotTexts => "Must be an object of texts.",
            Self::Variables => {
                "At most 8, with names of a-z and `_`, and values of 2 to 40 characters without links or four digits in a row."
            }
            Self::Email => "Not an e-mail address such as budi@example.com",
            Self::ControlCharacter => "Contains a control character, which is not allowed.",
            Self::NotMobile => "This is not the number of a mobile phone.",
            Self::UnsupportedCountry => "Codes cannot be sent to numbers of this country.",
            Self::NotOnWhatsApp => "This number cannot be reached on WhatsApp.",
            Self::NoActiveCode => "There is no valid code. Ask for a new one.",
            Self::TooManyWaiting => "Too many requests wait for news. Please try again in a moment.",
            Self::ChallengeRequired => "Pass the security check first, then try again.",
            Self::ChallengeUnavailable => "The security check is not available now. Try again in a moment.",
            Self::IdempotencyMismatch => "This Idempotency-Key was used for another request.",
            Self::Unauthorized => "There is no API key, or it is not valid.",
            Self::Forbidden => "This API key may not do this.",
            Self::PhoneNotVerified => "The WhatsApp number is not verified. Please verify it first.",
            Self::AlreadyRegistered => "This number is registered already.",
            Self::NotFound => "Not found.",
            Self::MessagingDisabled => "WhatsApp messages are switched off.",
            Self::ProviderUnavailable => "WhatsApp cannot be reached. Please try again in a moment.",
            Self::ProviderRejected => {
                "The WhatsApp message cannot be sent now. Please contact us if this goes on."
            }
            Self::StoreUnavailable => "The service is disturbed. Please try again in a moment.",
            Self::Internal => "Something went wrong on our side.",
        };
        fixed.to_owned()
    }
}

#[cfg(feature = "bot")]
impl From<crate::shop::ShopText> for Text {
    fn from(text: crate::shop::ShopText) -> Self {
        Self::Shop(Box::new(text))
    }
}

/// How long to wait, rounded up to a unit that people use.
fn wait_id(secs: u64) -> String {
    match secs {
        0..=90 => format!("{} detik", secs.max(1)),
        91..=5_400 => format!("{} menit", secs.div_ceil(60)),
        5_401..=172_800 => format!("{} jam", secs.div_ceil(3_600)),
        _ => format!("{} hari", secs.div_ceil(86_400)),
    }
}

fn wait_en(secs: u64) -> String {
    let (number, unit) = match secs {
        0..=90 => (secs.max(1), "second"),
        91..=5_400 => (secs.div_ceil(60), "minute"),
        5_401..=172_800 => (secs.div_ceil(3_600), "hour"),
        _ => (secs.div_ceil(86_400), "day"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

const fn phone_id(problem: PhoneProblem) -> &'static str {
    match problem {
        PhoneProblem::Empty => "Nomor WhatsApp wajib diisi.",
        PhoneProblem::TooLong => "Nomor terlalu panjang.",
        PhoneProblem::TooShort => "Nomor terlalu pendek.",
        PhoneProblem::Letters => "Nomor hanya boleh berisi angka, bukan huruf.",
        PhoneProblem::NonAsciiDigits => "Gunakan angka biasa 0–9.",
        PhoneProblem::ControlCharacters => "Nomor mengandung karakter yang tidak terlihat.",
        PhoneProblem::UnexpectedCharacters => "Nomor mengandung karakter yang tidak dikenal.",
        PhoneProblem::Separators => "Tulis nomor tanpa spasi, tanda hubung, titik, atau kurung.",
        PhoneProblem::MissingPrefix => "Nomor harus diawali 0, 62, atau +62.",
        PhoneProblem::InternationalPrefix => "Gunakan tanda + untuk kode negara, bukan 00.",
        PhoneProblem::TrunkPrefix => "Hapus angka 0 setelah kode negara.",
        PhoneProblem::UnknownCountry => "Kode negara tidak dikenal.",
        _ => "Nomor ini tidak ada. Periksa kembali angkanya.",
    }
}

const fn phone_en(problem: PhoneProblem) -> &'static str {
    match problem {
        PhoneProblem::Empty => "The WhatsApp number is required.",
        PhoneProblem::TooLong => "The number is too long.",
        PhoneProblem::TooShort => "The number is too short.",
        PhoneProblem::Letters => "The number must have digits only, no letters.",
        PhoneProblem::NonAsciiDigits => "Please use the digits 0–9.",
        PhoneProblem::ControlCharacters => "The number contains invisible characters.",
        PhoneProblem::UnexpectedCharacters => "The number contains characters that do not belong in it.",
        PhoneProblem::Separators => "Write the number without spaces, dashes, dots or brackets.",
        PhoneProblem::MissingPrefix => "The number must begin with its national prefix or its country code.",
        PhoneProblem::InternationalPrefix => "Use + before the country code, not 00.",
        PhoneProblem::TrunkPrefix => "Remove the 0 after the country code.",
        PhoneProblem::UnknownCountry => "The country code is not known.",
        _ => "There is no such number. Please check the digits.",
    }
}

const fn name_id(error: NameError) -> &'static str {
    match error {
        NameError::TooShort => "Nama paling sedikit 2 karakter.",
        NameError::TooLong => "Nama paling banyak 100 karakter.",
        NameError::ControlCharacter => "Nama mengandung karakter kontrol yang tidak diperbolehkan.",
        NameError::BidiCharacter => {
            "Nama mengandung karakter pengubah arah tulisan yang tidak diperbolehkan."
        }
        _ => "Nama harus berisi huruf.",
    }
}

const fn name_en(error: NameError) -> &'static str {
    match error {
        NameError::TooShort => "The name needs at least 2 characters.",
        NameError::TooLong => "The name has at most 100 characters.",
        NameError::ControlCharacter => "The name contains a control character, which is not allowed.",
        NameError::BidiCharacter => {
            "The name contains a character that changes the direction of text, which is not allowed."
        }
        _ => "The name must contain a letter.",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_rounded_up_to_units_that_people_use() {
        for (secs, indonesian, english) in [
            (0, "1 detik", "1 second"),
            (60, "60 detik", "60 seconds"),
            (91, "2 menit", "2 minutes"),
            (300, "5 menit", "5 minutes"),
            (5_401, "2 jam", "2 hours"),
            (86_400, "24 jam", "24 hours"),
            (2_592_000, "30 hari", "30 days"),
        ] {
            assert_eq!((wait_id(secs).as_str(), wait_en(secs).as_str()), (indonesian, english));
        }
    }

    #[test]
    fn the_form_to_type_stands_in_the_sentence() {
        let text = Text::Phone { problem: PhoneProblem::Separators, suggestion: Some("081234567890".into()) };
        assert!(text.say(Locale::Id).ends_with("Tulis: 081234567890"));
        assert!(text.say(Locale::En).ends_with("Type: 081234567890"));
    }
}
