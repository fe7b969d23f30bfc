//! Replies as models write them, by hand: right ones pass, wrong ones do not.

use wartel_bot::Evidence;
use wartel_bot::fact::{ClockTime, Date, Fact};
use wartel_bot::tenant::{CreditTable, CreditTerm, Hours, Tenant};
use wartel_bot::tool::ActionKind;
use wartel_bot::verify::{Ground, Verifier};
use wartel_core::{Country, Locale, PhoneNumber, TenantId};

const CUSTOMER: &str =
    "kak cari mobil keluarga budget 160-200 juta, bisa kredit? DP saya ada 40 juta. besok jam 2 bisa lihat?";

fn shop() -> Tenant {
    let mut tenant = Tenant::new(TenantId::default(), "Prima Mobil 88");
    tenant.phone = Some(PhoneNumber::parse("081234567890", Country::INDONESIA).unwrap());
    tenant.address = Some("Ruko Sentra Niaga Blok B2 No. 15, Jl. Ahmad Yani KM 7, Bekasi 17141".to_owned());
    tenant.map_url = Some("https://maps.app.goo.gl/Qw3rTy".to_owned());
    tenant.website = Some("https://primamobil.example.com".to_owned());
    let time = |hour, minute| ClockTime::new(hour, minute).unwrap();
    tenant.hours = Hours::daily("Asia/Jakarta", time(8, 30), time(17, 0));
    tenant.policies = vec![
        "Garansi mesin dan transmisi 1 tahun atau 10.000 km.".to_owned(),
        "Test drive gratis, cukup bawa SIM A. 100% bebas banjir dan tabrak.".to_owned(),
        "Booking fee Rp1.000.000, bisa kembali penuh bila kredit ditolak.".to_owned(),
    ];
    tenant.credit = Some(CreditTable::new(
        2_000,
        vec![CreditTerm::new(36, 850), CreditTerm::new(48, 900)],
        "Estimasi, keputusan di tangan leasing.",
    ));
    tenant
}

fn evidence() -> Evidence {
    let mut evidence = Evidence::default();
    let car = |code: &str, title: &str, price, year, km, cc| {
        [
            Fact::Code(code.to_owned()),
            Fact::Words(title.to_owned()),
            Fact::Money(price),
            Fact::Year(year),
            Fact::Kilometres(km),
            Fact::CubicCentimetres(cc),
        ]
    };
    let mut found = vec![Fact::Count(3)];
    found.extend(car("AV-012", "Toyota Avanza 1.3 G AT", 165_000_000, 2019, 45_000, 1_329));
    found.extend(car("XP-007", "Mitsubishi Xpander 1.5 Ultimate", 198_500_000, 2018, 61_250, 1_499));
    found.extend(car("MZ-003", "Mazda 2 GT Skyactiv", 189_000_000, 2017, 58_000, 1_496));
    evidence.add(found, &[]);
    evidence.add(
        [
            Fact::Code("AV-012".to_owned()),
            Fact::Money(165_000_000),
            Fact::Money(33_000_000),
            Fact::Percent(2_000),
            Fact::Months(36),
            Fact::Money(4_602_000),
            Fact::Percent(850),
        ],
        &[],
    );
    evidence
}

fn problems(text: &str, locale: Locale, actions: &[ActionKind]) -> String {
    let tenant = shop();
    let mut evidence = evidence();
    evidence.actions.extend(actions);
    let ground = Ground::new(&tenant, Date::new(2026, 12, 1).unwrap())
        .with_locale(locale)
        .with_customer(CUSTOMER)
        .with_canary("kenari-55aa");
    Verifier::new().verify(text, &evidence, &ground).hint()
}

#[test]
fn hazard_31_right_indonesian_replies_pass() {
    let mut bad: Vec<String> = Vec::new();
    for text in [
        "Halo Kak! 😊 Untuk budget 160–200 juta, kami ada 3 unit yang cocok:\n\n1️⃣ *Toyota Avanza 1.3 G AT* (AV-012)\n   📅 2019\n   \
         🛣️ 45.000 km\n   💰 Rp165.000.000\n\n2️⃣ *Mitsubishi Xpander 1.5 Ultimate* (XP-007)\n   📅 2018\n   🛣️ 61.250 km\n   💰 \
         Rp198.500.000\n\n3️⃣ *Mazda 2 GT Skyactiv* (MZ-003)\n   📅 2017\n   🛣️ 58.000 km\n   💰 Rp189.000.000\n\nKakak tertarik yang mana?",
        "Ada Kak, Avanza 2019 matic, kilometer baru 45 ribu, harga 165 juta.",
        "Kalau Xpander tahun 2018 di harga 198,5 juta ya Kak, km 61.250.",
        "Untuk Avanza (AV-012): harga cash Rp165 juta. Kalau kredit, DP 20% sekitar Rp33 juta, tenor 36 bulan, angsuran \
         Rp4.602.000/bulan. Ini estimasi ya Kak, keputusan di tangan leasing.",
        "DP Kakak 40 juta sudah cukup untuk Avanza, karena DP minimalnya 20% atau Rp33.000.000.",
        "Bunga flat 8,5% per tahun untuk tenor 3 tahun, Kak.",
        "Besok jam 2 siang bisa Kak, kami buka 08.30 - 17.00 WIB.",
        "Showroom kami di Ruko Sentra Niaga Blok B2 No. 15, Jl. Ahmad Yani KM 7, Bekasi. Peta: https://maps.app.goo.gl/Qw3rTy",
        "Bisa hubungi 0812-3456-7890 atau wa.me/6281234567890 ya Kak.",
        "Ada garansi mesin dan transmisi 1 tahun atau 10.000 km, Kak. Unit 100% bebas banjir.",
        "Booking fee Rp1 juta, Kak, bisa kembali penuh bila kredit ditolak.",
        "Dari tiga unit itu, yang paling murah Avanza, 165 jutaan.",
        "Xpander mesinnya 1.5, Avanza 1.3. Dua-duanya bensin.",
        "Selamat datang di Prima Mobil 88! Ada yang bisa kami bantu, Kak?",
        "Mazda 2 kami warnanya merah, tahun 2017, Rp189 juta.",
        "Avanza Rp165 juta, Xpander Rp198,5 juta, dan Mazda 2 Rp189 juta. Semuanya masih masuk budget Kakak.",
        "Maaf Kak, untuk harga nett bisa langsung nego dengan tim kami di showroom.",
        "Kilometernya masih rendah Kak, sekitar 45 ribuan.",
        "AV-012 lebih muda setahun dari XP-007, Kak.",
        "Buka setiap hari jam setengah sembilan sampai jam 5 sore, Kak.",
        "Ada yang matic, Kak: AV-012 (2019, Rp165 juta) dan XP-007 (2018, Rp198,5 juta).",
        "Test drive gratis Kak, cukup bawa SIM A. Mau dijadwalkan besok?",
        "Siap Kak 🙏 Boleh tahu nama Kakak dan rencana mau ambil kapan?",
        "- Avanza: 165jt\n- Xpander: 198,5jt\n- Mazda 2: 189jt",
        "Buka dari jam setengah sembilan pagi sampai jam lima sore, Kak.",
        "Budget Kakak 200 juta masuk untuk semua unit ini.",
        "Kode unitnya AV-012 ya Kak. Website kami primamobil.example.com.",
        "| Unit | Harga |\n|---|---|\n| Avanza 2019 | Rp165.000.000 |\n| Xpander 2018 | Rp198.500.000 |",
        "Pajaknya masih panjang Kak, untuk detailnya saya pastikan dulu ke tim ya.",
        "Mohon maaf Kak, data itu belum ada di saya. Bisa ditanyakan langsung ke 081234567890.",
        "Range harganya 165–198,5 juta Kak.",
        "Total ada 3 pilihan di rentang 160-200 juta.",
        "Kalau dibandingkan, Xpander lebih mahal karena Rp198,5 juta, sedangkan Avanza cukup Rp165 juta.",
        "Yang Rp165 juta itu Avanza, yang Rp198,5 juta Xpander, Kak.",
        "*Avanza 1.3 G AT*\nKode: AV-012\nTahun: 2019\nKM: 45.000\nTransmisi: matic\nHarga: Rp165.000.000",
        "*Toyota Avanza 1.3 G AT* – Rp165 juta (2019, 45rb km)\n*Mazda 2 GT* – Rp189 juta (2017, 58rb km)",
        "Ada Kak:\n• Avanza 2019 — Rp165 jt\n• Xpander 2018 — Rp198,5 jt\n• Mazda 2 2017 — Rp189 jt",
        "Xpander Ultimate 2018 itu KM-nya 61.250, harganya 198,5 juta nego tipis di tempat.",
        "Untuk Mazda 2 GT (MZ-003), tahun 2017, odometer 58.000 km. Kalau Avanza (AV-012) tahun 2019, odometer 45.000 km.",
        "Iya Kak, Avanza-nya masih ready. 165 juta aja, pajak hidup.",
        "Baik Kak, dengan DP 40 juta Kakak bisa ambil Avanza 165 juta.",
        "Mau lihat unit hari ini atau besok, Kak? Kami buka sampai jam 17.00.",
        "Syaratnya KTP, KK, dan NPWP ya Kak.",
        "Bisa Kak, kita jadwalkan ya. Kakak mau datang jam berapa?",
        "Oke Kak, ditunggu kedatangannya. Kalau butuh bantuan, kabari saja.",
        "Unit ini tangan pertama, Kak? Saya cek dulu ya, datanya belum ada di saya.",
        "Boleh Kak, tim kami siap membantu kalau mau tukar tambah.",
        "Kak, Avanza dan Xpander sama-sama matic, cuma beda tahun: 2019 dan 2018.",
        "DP-nya mulai 33 juta Kak (20%), angsuran 4,602 juta/bulan selama 36x.",
        "Alhamdulillah masih ada, Kak. Silakan mampir ke showroom, alamatnya di Ruko Sentra Niaga Blok B2 No. 15.",
    ] {
        let hint = problems(text, Locale::Id, &[]);
        if !hint.is_empty() {
            bad.push(format!("{text}\n{hint}\n"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.concat());
}

#[test]
fn hazard_31_right_english_replies_pass() {
    let mut bad: Vec<String> = Vec::new();
    for text in [
        "Hi! For a budget of 160-200 million we have 3 cars:\n\n1. *Toyota Avanza 1.3 G AT* (AV-012), 2019, 45,000 km, Rp165,000,000\n2. \
         *Mitsubishi Xpander 1.5 Ultimate* (XP-007), 2018, 61,250 km, Rp198,500,000\n3. *Mazda 2 GT Skyactiv* (MZ-003), 2017, 58,000 km, \
         Rp189,000,000\n\nWhich one would you like to see?",
        "The 2019 Avanza is IDR 165 million and has done 45k km.",
        "With 20% down (Rp33 million) the instalment for 36 months is Rp4,602,000. It is only an estimate.",
        "We are open from 8:30 am to 5 pm every day.",
        "Tomorrow at 2 pm works. We are at Ruko Sentra Niaga Blok B2 No. 15, Jl. Ahmad Yani KM 7, Bekasi.",
        "There is a 1 year or 10,000 km warranty on the engine and the transmission.",
        "You can call us at +62 812-3456-7890.",
        "The Xpander is around Rp200 million.",
        "Yes, it is still available. Would you like to take it for a test drive?",
        "The Avanza costs Rp165 million while the Xpander is Rp198.5 million.",
        "Great choice! The Mazda 2 GT (MZ-003) is a 2017 model with 58,000 km for Rp189 million.",
        "Of the three, the Avanza has the lowest mileage at 45,000 km.",
        "You can reach us on 081234567890 if you have any questions.",
        "Sorry, I do not have that information. Our team can check it for you.",
    ] {
        let hint = problems(text, Locale::En, &[]);
        if !hint.is_empty() {
            bad.push(format!("{text}\n{hint}\n"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.concat());
}

#[test]
fn hazard_30_replies_with_actions_pass() {
    use ActionKind::{Book, HandOver, RecordInterest, SendPhotos};
    for (text, actions) in [
        (
            "Siap Kak, fotonya saya kirim ya. Mau sekalian dijadwalkan lihat unit?",
            &[SendPhotos] as &[ActionKind],
        ),
        ("Sudah saya catat ya Kak, besok jam 2. Tim kami akan konfirmasi.", &[Book]),
        ("Terima kasih Kak, minatnya sudah saya catat. Tim kami akan menghubungi Kakak.", &[RecordInterest]),
        ("Baik Kak, saya sambungkan ke tim kami ya.", &[HandOver]),
    ] {
        assert_eq!(problems(text, Locale::Id, actions), "", "{text}");
        assert_ne!(problems(text, Locale::Id, &[]), "", "{text}");
    }
}

#[test]
fn hazard_31_wrong_replies_do_not_pass() {
    let mut bad: Vec<String> = Vec::new();
    for text in [
        "Ada Kak, Avanza 2020 matic, harga 165 juta.",
        "Ada Kak, Avanza 2019 matic, harga 156 juta.",
        "Harga Avanza seratus enam puluh juta saja.",
        "Harga Xpander 165 juta, Kak.",
        "Xpander tahun 2019 ya Kak.",
        "Mazda 2 kilometernya 45.000 km.",
        "Avanza sekitar 150 juta.",
        "Harganya mulai 99 jutaan Kak.",
        "Angsurannya Rp4.206.000 per bulan.",
        "DP cukup 10% saja, Kak.",
        "Bunganya 0% Kak.",
        "Tenor bisa sampai 72 bulan.",
        "Kami buka sampai jam 9 malam.",
        "Buka 24 jam setiap hari, Kak.",
        "Hubungi 0812-3456-7891 ya.",
        "Cek https://primamobil.example.org ya Kak.",
        "Peta: https://maps.app.goo.gl/qw3rty",
        "Kode unitnya AV-021.",
        "Kami di Blok B3 No. 15, Bekasi.",
        "Garansi mesin 2 tahun, Kak.",
        "Booking fee-nya Rp500.000.",
        "Ada 12 unit yang cocok.",
        "Ada promo cashback 5 juta bulan ini.",
        "Diskon Rp2.000.000 untuk Kakak.",
        "Pajak sampai 12 Maret 2027.",
        "Promo berakhir 31/12/2026.",
        "Mesinnya 1.8, Kak.",
        "Bisa transfer ke rekening 1234567890.",
        "STNK atas nama perusahaan, nomor polisi B 1234 XYZ.",
        "Sudah terjual lebih dari 500 mobil.",
        "Avanza (XP-007) Rp165 juta.",
        "Buka jam setengah sepuluh, Kak.",
        "Garansi tiga hari, Kak.",
        "Harganya bisa 160 juta, Kak.",
        "Avanza lebih murah, hanya 160 juta.",
        "Angsurannya cukup 4 juta, Kak.",
        "Harga USD 11,000.",
        "Kalau dibandingkan, Xpander Rp165 juta, sedangkan Avanza Rp198,5 juta.",
        "*Toyota Avanza 1.3 G AT* – Rp189 juta (2019, 45rb km)\n*Mazda 2 GT* – Rp165 juta (2017, 58rb km)",
        "*Avanza 1.3 G AT*\nKode: AV-012\nTahun: 2018\nHarga: Rp165.000.000",
        "Avanza 2019, km 61.250, Rp165 juta.",
        "Mazda 2 2018 Rp189 juta, Kak.",
        "Mazda 2 tahun 2019 Rp189 juta, Kak.",
        "Avanza 165 juta OTR, cicilan mulai 2 jutaan.",
        "Cicilan Rp150 ribu per hari, Kak.",
        "Harga nett 160, Kak.",
        "Kilometernya 45 ribu, servis terakhir 40 ribu km.",
        "Rp165.000.0000",
        "Avanza cuma 165 ribu, Kak.",
        "Avanza 1,65 miliar, Kak.",
        "Garansi 1 tahun atau 20.000 km.",
        "Jl. Ahmad Yani KM 8, Bekasi.",
        "Kode pos 17142.",
        "Diskon 3 persen untuk Kakak.",
        "Unit terjual 2 minggu lalu, Kak.",
        "Rating kami 4,9 dari 1.200 ulasan.",
    ] {
        if problems(text, Locale::Id, &[]).is_empty() {
            bad.push(format!("{text}\n"));
        }
    }
    assert!(bad.is_empty(), "{}", bad.concat());
}
