//! A showroom to try things out with: made up, with nothing left out.

use wartel_core::{PhoneNumber, TenantId, Timestamp};

use crate::catalogue::{Item, ItemStatus};
use crate::fact::ClockTime;
use crate::tenant::{CreditTable, CreditTerm, DayHours, Hours, Staff, Tenant};

/// One car: code, title, make, model, variant, price in millions, year, kilometres, gearbox, fuel, colour, cc, body, plate,
/// notes.
struct Car {
    code: &'static str,
    title: &'static str,
    names: [&'static str; 3],
    millions: i64,
    year: i64,
    mileage: i64,
    transmission: &'static str,
    fuel: &'static str,
    colour: &'static str,
    engine: i64,
    body: &'static str,
    plate: &'static str,
    status: ItemStatus,
    notes: &'static str,
}

#[rustfmt::skip]
const CARS: [Car; 12] = [
    Car { code: "AVZ-19", title: "Toyota Avanza 1.3 G", names: ["Toyota", "Avanza", "1.3 G"], millions: 165, year: 2019, mileage: 52_000, transmission: "manual", fuel: "petrol", colour: "silver", engine: 1_300, body: "MPV", plate: "Jakarta", status: ItemStatus::Available, notes: "Tangan pertama, servis rutin di bengkel resmi. Pajak hidup sampai Maret." },
    Car { code: "AVZ-21", title: "Toyota Avanza 1.5 G", names: ["Toyota", "Avanza", "1.5 G"], millions: 198, year: 2021, mileage: 31_000, transmission: "automatic", fuel: "petrol", colour: "putih", engine: 1_500, body: "MPV", plate: "Bekasi", status: ItemStatus::Available, notes: "Ban baru, kunci cadangan lengkap." },
    Car { code: "BRI-18", title: "Honda Brio Satya 1.2 E", names: ["Honda", "Brio", "Satya 1.2 E"], millions: 128, year: 2018, mileage: 61_000, transmission: "automatic", fuel: "petrol", colour: "merah", engine: 1_200, body: "hatchback", plate: "Depok", status: ItemStatus::Available, notes: "Irit, cocok untuk harian. Ada baret halus di bumper belakang." },
    Car { code: "BRI-20", title: "Honda Brio RS 1.2", names: ["Honda", "Brio", "RS 1.2"], millions: 172, year: 2020, mileage: 28_000, transmission: "automatic", fuel: "petrol", colour: "kuning", engine: 1_200, body: "hatchback", plate: "Jakarta", status: ItemStatus::Reserved, notes: "Kilometer rendah, interior bersih." },
    Car { code: "INN-17", title: "Toyota Innova Reborn 2.4 V", names: ["Toyota", "Innova", "Reborn 2.4 V"], millions: 289, year: 2017, mileage: 88_000, transmission: "automatic", fuel: "diesel", colour: "hitam", engine: 2_400, body: "MPV", plate: "Tangerang", status: ItemStatus::Available, notes: "Captain seat, kondisi mesin halus." },
    Car { code: "XPD-19", title: "Mitsubishi Xpander Ultimate", names: ["Mitsubishi", "Xpander", "Ultimate"], millions: 215, year: 2019, mileage: 47_000, transmission: "automatic", fuel: "petrol", colour: "abu-abu", engine: 1_500, body: "MPV", plate: "Jakarta", status: ItemStatus::Available, notes: "Kamera mundur, rem tangan manual." },
    Car { code: "PJR-18", title: "Mitsubishi Pajero Sport Dakar 4x2", names: ["Mitsubishi", "Pajero", "Sport Dakar 4x2"], millions: 415, year: 2018, mileage: 72_000, transmission: "automatic", fuel: "diesel", colour: "putih", engine: 2_400, body: "SUV", plate: "Bogor", status: ItemStatus::Available, notes: "Sunroof, ban tebal." },
    Car { code: "HRV-20", title: "Honda HR-V 1.5 E", names: ["Honda", "HR-V", "1.5 E"], millions: 268, year: 2020, mileage: 36_000, transmission: "automatic", fuel: "petrol", colour: "hitam", engine: 1_500, body: "SUV", plate: "Jakarta", status: ItemStatus::Available, notes: "Pemakai wanita, buku servis ada." },
    Car { code: "ERT-18", title: "Suzuki Ertiga GX", names: ["Suzuki", "Ertiga", "GX"], millions: 152, year: 2018, mileage: 66_000, transmission: "manual", fuel: "petrol", colour: "biru", engine: 1_500, body: "MPV", plate: "Bekasi", status: ItemStatus::Available, notes: "AC dingin, kaki-kaki senyap." },
    Car { code: "MZ3-16", title: "Mazda 3 Hatchback", names: ["Mazda", "3", "Hatchback"], millions: 235, year: 2016, mileage: 69_000, transmission: "automatic", fuel: "petrol", colour: "merah", engine: 2_000, body: "hatchback", plate: "Jakarta", status: ItemStatus::Available, notes: "Sunroof, jok kulit." },
    Car { code: "FRT-21", title: "Toyota Fortuner 2.4 VRZ", names: ["Toyota", "Fortuner", "2.4 VRZ"], millions: 485, year: 2021, mileage: 41_000, transmission: "automatic", fuel: "diesel", colour: "putih", engine: 2_400, body: "SUV", plate: "Jakarta", status: ItemStatus::Sold, notes: "" },
    Car { code: "AGY-17", title: "Toyota Agya 1.2 TRD", names: ["Toyota", "Agya", "1.2 TRD"], millions: 108, year: 2017, mileage: 74_000, transmission: "manual", fuel: "petrol", colour: "oranye", engine: 1_200, body: "hatchback", plate: "Bandung", status: ItemStatus::Available, notes: "Kaca film baru." },
];

/// The showroom "Wartel Motor" in Jakarta with hours, policies, a table of credits, one member of staff and twelve cars. The
/// pictures are below `photos_base` without a slash at its end: `https://foto.wartel-motor.example`. The assistant is switched on.
#[must_use]
pub fn shop(tenant: TenantId, photos_base: &str) -> (Tenant, Vec<Item>) {
    let items = CARS.iter().map(|car| item(car, &tenant, photos_base)).collect();
    (profile(tenant), items)
}

fn profile(tenant: TenantId) -> Tenant {
    let mut shop = Tenant::new(tenant, "Wartel Motor");
    let phone = |text: &str| PhoneNumber::from_e164(text).ok();
    shop.phone = phone("+6281290001234");
    shop.address = Some("Jl. Contoh Raya No. 21, Kebayoran Baru, Jakarta Selatan".to_owned());
    shop.map_url = Some("https://maps.wartel-motor.example/showroom".to_owned());
    shop.website = Some("https://wartel-motor.example".to_owned());
    shop.trade = "mobil bekas".to_owned();
    shop.tone = "ramah, jujur dan singkat, sapa pelanggan dengan Kak".to_owned();
    shop.hours = hours();
    shop.policies = [
        "Semua unit lulus pemeriksaan 120 titik; hasilnya bisa dilihat di showroom.",
        "Garansi mesin dan transmisi 6 bulan atau 10.000 km, mana yang lebih dulu.",
        "Test drive di showroom dengan SIM A yang masih berlaku.",
        "Tukar tambah bisa; harga mobil lama ditentukan setelah dilihat.",
        "Harga dapat dibicarakan langsung di showroom, bukan lewat chat.",
    ]
    .map(str::to_owned)
    .to_vec();
    shop.staff = phone("+6281290005678").map(|phone| Staff::new(phone, "Sari")).into_iter().collect();
    shop.credit = Some(CreditTable::new(
        2_000,
        vec![
            CreditTerm::new(12, 500),
            CreditTerm::new(24, 600),
            CreditTerm::new(36, 700),
            CreditTerm::new(48, 800),
            CreditTerm::new(60, 900),
        ],
        "Perkiraan saja; perusahaan pembiayaan yang memutuskan. Biaya administrasi dan asuransi belum termasuk.",
    ));
    shop.bot.enabled = true;
    shop
}

/// Monday to Saturday from nine to six, Sunday from ten to four.
fn hours() -> Hours {
    let span = |from, to| Some(DayHours(vec![(ClockTime::new(from, 0)?, ClockTime::new(to, 0)?)]));
    let mut week = vec![span(9, 18).unwrap_or_default(); 6];
    week.push(span(10, 16).unwrap_or_default());
    Hours { week, ..Hours::default() }
}

fn item(car: &Car, tenant: &TenantId, photos_base: &str) -> Item {
    let [make, model, variant] = car.names;
    let mut item = Item::new(tenant.clone(), car.code, car.title)
        .with_price(car.millions * 1_000_000)
        .with_text("make", make)
        .with_text("model", model)
        .with_text("variant", variant)
        .with_number("year", car.year)
        .with_number("mileage", car.mileage)
        .with_text("transmission", car.transmission)
        .with_text("fuel", car.fuel)
        .with_text("colour", car.colour)
        .with_number("engine", car.engine)
        .with_text("body", car.body)
        .with_text("plate", car.plate);
    for side in ["depan", "samping", "interior"] {
        item = item.with_photo(format!("{photos_base}/{}/{side}.jpg", car.code.to_ascii_lowercase()));
    }
    item.status = car.status;
    item.notes = car.notes.to_owned();
    item.updated_at = Timestamp::EPOCH;
    item
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Schema;

    #[test]
    fn the_showroom_is_in_order() {
        let (shop, items) = shop(TenantId::default(), "https://foto.wartel-motor.example");
        assert_eq!(shop.check(), Ok(()));
        assert!(shop.phone.is_some() && shop.staff.len() == 1 && shop.bot.enabled);
        let codes: std::collections::BTreeSet<_> = items.iter().map(|item| item.code.clone()).collect();
        assert_eq!(codes.len(), 12);
        for item in items {
            assert_eq!(item.check(&Schema::cars()), Ok(()), "{}", item.code);
            assert_eq!(item.photos.len(), 3);
        }
    }
}
