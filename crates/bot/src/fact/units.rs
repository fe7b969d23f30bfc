//! The words that stand next to numbers, in both languages.

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unit {
    Money,
    Kilometres,
    Percent,
    Months,
    Years,
    CubicCentimetres,
    Litres,
    Count,
    /// How often: instalments.
    Times,
    /// Hours, days and other words that no [`super::Fact`] stands for.
    Other,
}

/// By how much a word multiplies, and whether it says "about" (`jutaan`).
pub(super) fn scale(word: &str) -> Option<(i64, bool)> {
    let (word, about) = match word {
        "jutaan" | "jtan" => ("juta", true),
        "ribuan" | "rban" => ("ribu", true),
        "miliaran" | "milyaran" => ("miliar", true),
        other => (other, false),
    };
    let by = match word {
        "ribu" | "rb" | "k" | "thousand" => 1_000,
        "juta" | "jt" | "jeti" | "million" | "mio" | "mil" | "mn" => 1_000_000,
        "miliar" | "milyar" | "m" | "billion" | "bn" => 1_000_000_000,
        "triliun" | "trilyun" | "trillion" => 1_000_000_000_000,
        _ => return None,
    };
    Some((by, about))
}

/// What a word after a number counts.
pub(super) fn unit(word: &str) -> Option<Unit> {
    Some(match word {
        "rupiah" | "rp" | "idr" | "perak" => Unit::Money,
        "km" | "kilometer" | "kilometers" | "kilometre" | "kilometres" | "kms" => Unit::Kilometres,
        "persen" | "percent" | "pct" | "prosen" => Unit::Percent,
        "bulan" | "bln" | "month" | "months" | "mo" | "bulanan" => Unit::Months,
        "tahun" | "thn" | "th" | "year" | "years" | "yr" | "yrs" | "tahunan" => Unit::Years,
        "cc" => Unit::CubicCentimetres,
        "x" | "kali" | "times" => Unit::Times,
        "liter" | "litre" | "l" | "liters" | "litres" => Unit::Litres,
        "unit" | "units" | "mobil" | "buah" | "pilihan" | "car" | "cars" | "option" | "options"
        | "vehicle" | "vehicles" | "foto" | "photo" | "photos" | "gambar" | "seater" | "seat" | "seats"
        | "kursi" | "penumpang" | "passengers" | "pintu" | "doors" | "orang" | "people" | "tipe"
        | "varian" | "stok" => Unit::Count,
        "jam" | "hari" | "minggu" | "menit" | "detik" | "hour" | "hours" | "day" | "days" | "week"
        | "weeks" | "minute" | "minutes" | "hp" | "ps" | "tk" | "kw" | "kwh" | "nm" | "meter" | "menitan"
        | "inci" | "inch" | "lembar" | "lantai" | "detikan" => Unit::Other,
        _ => return None,
    })
}

/// Words before a number that say what it is, if nothing after it does.
pub(super) fn lead(word: &str) -> Option<Unit> {
    Some(match word {
        "rp" | "idr" | "harga" | "harganya" | "price" | "dp" | "cicilan" | "angsuran" => Unit::Money,
        "km" | "kilometer" | "kilometernya" | "kmnya" | "odometer" | "odo" | "tempuh" | "mileage" => {
            Unit::Kilometres
        }
        "tenor" | "tenornya" => Unit::Months,
        "mesin" | "engine" => Unit::CubicCentimetres,
        "ada" | "stok" | "tersedia" | "stock" => Unit::Count,
        _ => return None,
    })
}

/// Whether a word says that what follows is only near.
pub(super) fn is_about(word: &str) -> bool {
    matches!(
        word,
        "sekitar"
            | "kisaran"
            | "hampir"
            | "mendekati"
            | "sekitaran"
            | "around"
            | "about"
            | "approximately"
            | "roughly"
            | "nearly"
            | "almost"
            | "approx"
    )
}

/// The number of a month from its name.
pub(super) fn month(word: &str) -> Option<i8> {
    Some(match word {
        "januari" | "january" | "jan" => 1,
        "februari" | "pebruari" | "february" | "feb" => 2,
        "maret" | "march" | "mar" => 3,
        "april" | "apr" => 4,
        "mei" | "may" => 5,
        "juni" | "june" | "jun" => 6,
        "juli" | "july" | "jul" => 7,
        "agustus" | "august" | "agt" | "ags" | "aug" => 8,
        "september" | "sept" | "sep" => 9,
        "oktober" | "october" | "okt" | "oct" => 10,
        "november" | "nopember" | "nov" => 11,
        "desember" | "december" | "des" | "dec" => 12,
        _ => return None,
    })
}

/// The day of the week, Monday first, from its name.
pub(super) fn weekday(word: &str) -> Option<i8> {
    Some(match word {
        "senin" | "monday" => 0,
        "selasa" | "tuesday" => 1,
        "rabu" | "wednesday" => 2,
        "kamis" | "thursday" => 3,
        "jumat" | "friday" => 4,
        "sabtu" | "saturday" => 5,
        "minggu" | "ahad" | "sunday" => 6,
        _ => return None,
    })
}
