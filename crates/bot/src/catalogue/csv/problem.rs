//! What is wrong with a file, and how to mend it.

use wartel_core::{Locale, StoreError};

/// What is wrong with a whole file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// It is too large.
    #[error("the file is larger than 5 MiB: split it")]
    TooLarge,
    /// It has too many lines.
    #[error("the file has more than 20,000 lines: split it")]
    TooManyLines,
    /// It is not UTF-8.
    #[error("the file is not UTF-8 text: save it as \"CSV UTF-8\"")]
    NotText,
    /// A column is missing that every item needs.
    #[error("the first line must name the columns, among them code and title")]
    NoHeader,
    /// Two columns mean the same.
    #[error("two columns of the first line mean the same: remove one")]
    SameColumnTwice,
}

/// What is wrong with a line of a file. Holds at most the name of a column, nothing that stands in the file's cells.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct LineProblem {
    /// Which line, as editors count them: the header is line 1.
    pub line: u64,
    /// In which column; empty if it is the whole line.
    pub column: String,
    /// What is wrong with it.
    pub kind: LineProblemKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LineProblemKind {
    /// There are more cells than columns: a cell with a comma is not quoted.
    TooManyCells,
    /// A quotation mark is not closed, or the like.
    Unreadable,
    /// The code is missing or has another form.
    Code,
    /// The same code stands on this earlier line.
    SameCode {
        /// Which line.
        line: u64,
    },
    /// It is not an amount in rupiah.
    Price,
    /// It is not a word for a status.
    Status,
    /// It is not a whole number.
    Number,
    /// It does not fit: what it must be, in English.
    Misfit {
        /// What it must be.
        expected: String,
    },
}

/// Why nothing was imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImportError {
    /// The whole file is wrong.
    #[error(transparent)]
    File(#[from] FileProblem),
    /// The store could not answer. What was stored before that stays; the same import again goes on.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl FileProblem {
    /// How to mend the file, in a person's language.
    #[must_use]
    pub fn text(self, locale: Locale) -> String {
        if locale == Locale::En {
            return self.to_string();
        }
        match self {
            Self::TooLarge => "Berkas lebih dari 5 MiB: bagi menjadi beberapa berkas",
            Self::TooManyLines => "Berkas lebih dari 20.000 baris: bagi menjadi beberapa berkas",
            Self::NotText => "Berkas bukan teks UTF-8: simpan sebagai \"CSV UTF-8\"",
            Self::NoHeader => "Baris pertama harus berisi nama kolom, termasuk kode dan judul",
            Self::SameColumnTwice => "Ada dua kolom dengan arti yang sama di baris pertama: hapus salah satu",
        }
        .to_owned()
    }
}

impl LineProblem {
    pub(super) fn new(line: u64, column: impl Into<String>, kind: LineProblemKind) -> Self {
        Self { line, column: column.into(), kind }
    }

    /// The line, what is wrong, and how to mend it, in a person's language.
    #[must_use]
    pub fn text(&self, locale: Locale) -> String {
        let (line, column) = (self.line, &self.column);
        let mend = self.kind.text(locale);
        match (locale, column.is_empty()) {
            (Locale::En, true) => format!("Line {line}: {mend}"),
            (Locale::En, false) => format!("Line {line}, {column}: {mend}"),
            (_, true) => format!("Baris {line}: {mend}"),
            (_, false) => format!("Baris {line}, {column}: {mend}"),
        }
    }
}

impl LineProblemKind {
    fn text(&self, locale: Locale) -> String {
        let texts = match self {
            Self::TooManyCells => (
                "lebih banyak isi daripada kolom; beri tanda kutip pada isi yang memuat koma",
                "more cells than columns; put cells with a comma in quotation marks",
            ),
            Self::Unreadable => {
                ("tidak terbaca; periksa tanda kutipnya", "unreadable; check its quotation marks")
            }
            Self::Code => (
                "tulis kode stok 2–24 karakter dari A-Z, 0-9 dan -",
                "write a stock code of 2 to 24 characters of A-Z, 0-9 and -",
            ),
            Self::SameCode { line } => {
                return match locale {
                    Locale::En => format!("the code stands on line {line} already; each code once"),
                    _ => format!("kode ini sudah ada di baris {line}; setiap kode satu kali saja"),
                };
            }
            Self::Price => (
                "tulis harga seperti 150000000 atau Rp 150.000.000, atau kosongkan",
                "write the price as 150000000 or Rp 150.000.000, or leave it empty",
            ),
            Self::Status => (
                "tulis tersedia, dipesan, terjual atau disembunyikan",
                "write available, reserved, sold or hidden",
            ),
            Self::Number => {
                ("tulis bilangan bulat, atau kosongkan", "write a whole number, or leave it empty")
            }
            Self::Misfit { expected } => {
                return match locale {
                    Locale::En => format!("it does not fit: {expected}"),
                    _ => format!("isinya tidak sesuai: {expected}"),
                };
            }
        };
        if locale == Locale::En { texts.1.to_owned() } else { texts.0.to_owned() }
    }
}
