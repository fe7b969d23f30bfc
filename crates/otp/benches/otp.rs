//! How long the parts of a check take: deriving a code, comparing it, and the whole check on the memory store.
#![allow(clippy::unwrap_used, missing_docs, reason = "a benchmark stops at the first thing that goes wrong")]

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BatchSize, Criterion, criterion_group, criterion_main};
use wartel_core::{Country, MasterKey, PhoneNumber, TenantId};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{
    Check, CodeKeys, MemoryOtpStore, Nonce, OtpPolicy, OtpService, Purpose, Start, TypedCode, VerificationId,
};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

fn phone(n: u64) -> PhoneNumber {
    PhoneNumber::parse(&format!("0812{:08}", n % 100_000_000), Country::INDONESIA).unwrap()
}

/// The code with one digit changed.
fn another(code: &str, at: usize) -> String {
    let change =
        |(n, c): (usize, char)| if n == at { char::from(b'0' + (c as u8 - b'0' + 1) % 10) } else { c };
    code.chars().enumerate().map(change).collect()
}

fn derivation(c: &mut Criterion) {
    let keys = CodeKeys::new(&MasterKey::parse(SECRET).unwrap(), &[]);
    let (tenant, phone) = (TenantId::default(), phone(34_567_890));
    let nonce = Nonce::from_bytes([7; 16]);
    let id = keys.current_id().clone();
    c.bench_function("derive a code of 6 digits", |b| {
        b.iter(|| {
            keys.derive(&id, &tenant, &Purpose::REGISTRATION, black_box(&phone), black_box(&nonce), 6)
                .unwrap()
        });
    });

    let code = keys.derive(&id, &tenant, &Purpose::REGISTRATION, &phone, &nonce, 6).unwrap();
    let digits = code.expose().expose().to_owned();
    let mut compare = c.benchmark_group("compare");
    // The three must take the same time: where a code differs is nobody's business.
    for (name, typed) in [
        ("right", digits.clone()),
        ("first digit wrong", another(&digits, 0)),
        ("last digit wrong", another(&digits, 5)),
    ] {
        let typed = TypedCode::parse(&typed, 6).unwrap();
        compare.bench_function(name, |b| b.iter(|| black_box(&code).matches(black_box(&typed))));
    }
    compare.finish();
}

/// An engine that nothing limits, so that each round may begin at once.
fn engine() -> (OtpService, FakeProvider) {
    let provider = FakeProvider::default();
    let mut policy = OtpPolicy::default();
    policy.sends_per_tenant.clear();
    let (otp, _worker) = OtpService::builder(MasterKey::parse(SECRET).unwrap())
        .app_name("Bench")
        .provider(Arc::new(provider.clone()))
        .store(Arc::new(MemoryOtpStore::new()))
        .policy(policy)
        .build()
        .unwrap();
    (otp, provider)
}

async fn start(otp: &OtpService, provider: &FakeProvider, n: u64) -> (VerificationId, String) {
    let phone = phone(n);
    let started = otp.start(Start::new(phone.clone(), Purpose::REGISTRATION)).await.unwrap();
    (started.id, provider.last_code(&phone).unwrap())
}

fn check(c: &mut Criterion) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let mut group = c.benchmark_group("check on the memory store");
    for (name, right) in [("right", true), ("wrong", false)] {
        let (otp, provider) = engine();
        let mut n = 0;
        group.bench_function(name, |b| {
            b.iter_batched(
                || {
                    n += 1;
                    let (id, code) = runtime.block_on(start(&otp, &provider, n));
                    (id, if right { code } else { another(&code, 5) })
                },
                |(id, code)| {
                    let check = runtime.block_on(otp.check(id, &code)).unwrap();
                    assert_eq!(matches!(check, Check::Approved(_)), right);
                },
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, derivation, check);
criterion_main!(benches);
