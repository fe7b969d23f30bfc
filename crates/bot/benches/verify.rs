//! How long a verdict takes on a reply of 1,000 characters that lists four cars.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, reason = "benchmarks fail by panicking")]

use criterion::{Criterion, criterion_group, criterion_main};
use wartel_bot::Evidence;
use wartel_bot::fact::{Date, Fact};
use wartel_bot::tenant::Tenant;
use wartel_bot::verify::{Ground, Verdict, Verifier};
use wartel_core::TenantId;

fn verdicts(c: &mut Criterion) {
    let cars = [
        ("AV-012", "Toyota Avanza 1.3 G", 150_000_000, 2019, 45_000, "Rp150.000.000", "45.000 km"),
        ("BR-003", "Honda Brio 1.2 E", 140_500_000, 2018, 52_000, "140,5 juta", "52 ribu km"),
        ("HR-104", "Honda HR-V 1.5 SE", 265_000_000, 2020, 38_500, "265jt", "38.500 km"),
        ("IN-007", "Toyota Innova 2.0 V", 310_000_000, 2021, 61_000, "Rp310 juta", "61rb km"),
    ];
    let mut evidence = Evidence::default();
    let mut text = String::from("Halo Kak, berikut pilihan yang cocok dengan kebutuhan Kakak:\n\n");
    for (code, title, price, year, km, price_text, km_text) in cars {
        evidence.add(
            [
                Fact::Code(code.to_owned()),
                Fact::Words(title.to_owned()),
                Fact::Money(price),
                Fact::Year(year),
                Fact::Kilometres(km),
            ],
            &[],
        );
        text.push_str(&format!(
            "- *{title}* ({code}), tahun {year}\nHarga {price_text}, kilometer {km_text}. Kondisi terawat, pajak hidup, servis rutin \
             di bengkel resmi dan surat-surat lengkap. Interior bersih dan siap pakai.\n\n"
        ));
    }
    text.push_str(
        "Kakak tertarik dengan yang mana? Kalau mau lihat langsung, silakan datang ke showroom kami ya Kak.",
    );
    let tenant = Tenant::new(TenantId::default(), "Prima Mobil");
    let ground =
        Ground::new(&tenant, Date::new(2026, 12, 1).expect("a day")).with_customer("cari mobil keluarga kak");
    let verifier = Verifier::new();
    assert_eq!(verifier.verify(&text, &evidence, &ground), Verdict::Pass);
    c.bench_function("verify/1000_characters", |b| b.iter(|| verifier.verify(&text, &evidence, &ground)));
}

criterion_group!(benches, verdicts);
criterion_main!(benches);
