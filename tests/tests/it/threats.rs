//! Threat 7: nobody is registered without the right code, whatever is called in whatever order.

use std::sync::Arc;

use wartel_core::{Country, ManualClock, MasterKey, PhoneNumber, TenantId};
use wartel_messaging::outbox::MemoryOutbox;
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{
    Check, CheckTarget, MemoryOtpStore, OtpPolicy, OtpService, Proof, Purpose, Start, VerificationId,
};
use wartel_registration::{MemoryRegistrationStore, Register, RegistrationService};

use crate::races::rounds;

/// As many sequences as one desk bears, which remembers every message.
const AT_A_DESK: u32 = 500;

struct Desk {
    provider: FakeProvider,
    clock: ManualClock,
    otp: OtpService,
    other: OtpService,
    store: MemoryRegistrationStore,
    registrations: RegistrationService,
}

/// Numbers that look random and are the same in each run (`SplitMix64`).
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("0812345{n:05}"), Country::INDONESIA).unwrap()
}

impl Desk {
    fn new() -> Self {
        let (provider, clock) = (FakeProvider::default(), ManualClock::default());
        let mut policy = OtpPolicy::default();
        policy.length = 10;
        policy.sends_per_tenant.clear();
        let (otp, _worker) = OtpService::builder(MasterKey::generate().unwrap())
            .app_name("Toko Budi")
            .provider(Arc::new(provider.clone()))
            .store(Arc::new(MemoryOtpStore::new()))
            .clock(Arc::new(clock.clone()))
            .policy(policy)
            .build()
            .unwrap();
        let store = MemoryRegistrationStore::new(MemoryOutbox::new());
        let registrations = RegistrationService::new(otp.clone(), Arc::new(store.clone()));
        let other = otp.for_tenant(TenantId::parse("toko-siti").unwrap());
        Self { provider, clock, otp, other, store, registrations }
    }

    /// A proof that is good for something else than the victim's registration.
    async fn proof(&self, otp: &OtpService, of: &PhoneNumber, purpose: Purpose) -> Option<Proof> {
        let started = otp.start(Start::new(of.clone(), purpose)).await.ok()?;
        let code = self.provider.last_code(of)?;
        match otp.check(started.id, &code).await.unwrap() {
            Check::Approved(proof) => Some(proof),
            _ => None,
        }
    }
}

/// What somebody holds who has every right but the one.
struct Holdings {
    victim: PhoneNumber,
    own: PhoneNumber,
    ids: Vec<VerificationId>,
    tokens: Vec<String>,
}

async fn step(desk: &Desk, dice: &mut Dice, held: &mut Holdings) {
    let victim = held.victim.clone();
    match dice.below(9) {
        0 | 1 => {
            let purpose = [Purpose::REGISTRATION, Purpose::LOGIN][dice.below(2) as usize].clone();
            if let Ok(started) = desk.otp.start(Start::new(victim, purpose)).await {
                held.ids.push(started.id);
                held.tokens.push(started.id.to_string());
            }
        }
        2 => {
            for id in held.ids.clone() {
                let guess = format!("{:010}", dice.below(10_000_000_000));
                assert!(!matches!(desk.otp.check(id, &guess).await.unwrap(), Check::Approved(_)));
            }
        }
        3 => {
            let target = CheckTarget::phone(victim, Purpose::REGISTRATION);
            let guess = format!("{:010}", dice.below(10_000_000_000));
            assert!(!matches!(desk.otp.check(target, &guess).await.unwrap(), Check::Approved(_)));
        }
        // The victim logs in, and her proof for that is stolen.
        4 => {
            let proof = desk.proof(&desk.otp, &victim, Purpose::LOGIN).await;
            held.tokens.extend(proof.map(|proof| proof.expose().to_owned()));
        }
        // Somebody proves a number of his own, here or at another shop's.
        5 => {
            let (otp, of) = if dice.below(2) == 0 { (&desk.otp, &held.own) } else { (&desk.other, &victim) };
            let proof = desk.proof(otp, of, Purpose::REGISTRATION).await;
            held.tokens.extend(proof.map(|proof| proof.expose().to_owned()));
        }
        6 => desk.clock.advance(std::time::Duration::from_secs([1, 60, 300, 700][dice.below(4) as usize])),
        7 => {
            if let Some(id) = held.ids.pop() {
                desk.otp.cancel(id).await.unwrap();
            }
        }
        _ => {
            let count = held.tokens.len() as u64 + 3;
            let token = match dice.below(count) {
                0 => "true".to_owned(),
                1 => String::new(),
                2 => format!("wtp_{}", "A".repeat(43)),
                n => held.tokens[n as usize - 3].clone(),
            };
            let register = Register::new(token.as_str(), "Wulandari").phone(Some(victim));
            assert!(
                desk.registrations.register(register).await.is_err(),
                "registered without the right code"
            );
        }
    }
}

/// 3,000 sequences of 12 calls by default; `WARTEL_LONG=334` makes it a million.
#[tokio::test]
async fn no_sequence_without_the_right_code_registers() {
    let (mut dice, all) = (Dice(20_260_101), u32::try_from(rounds(3_000)).unwrap());
    for batch in 0..all.div_ceil(AT_A_DESK) {
        let desk = Desk::new();
        let mut proofs = 0;
        for sequence in 0..AT_A_DESK {
            let (victim, own) = (phone(2 * sequence), phone(2 * sequence + 1));
            let mut held = Holdings { victim, own, ids: Vec::new(), tokens: Vec::new() };
            for _ in 0..12 {
                step(&desk, &mut dice, &mut held).await;
            }
            proofs += held.tokens.iter().filter(|token| token.starts_with("wtp_")).count();
        }
        assert!(desk.store.is_empty(), "batch {batch}: somebody is registered");
        assert!(proofs > 100, "nobody held a proof of anything: {proofs}");
        // With the right code it works, so the steps above are the right ones.
        let proof = desk.proof(&desk.otp, &phone(99_999), Purpose::REGISTRATION).await.unwrap();
        let register = Register::new(proof.expose(), "Wulandari").phone(Some(phone(99_999)));
        desk.registrations.register(register).await.unwrap();
        assert_eq!(desk.store.len(), 1);
    }
}
