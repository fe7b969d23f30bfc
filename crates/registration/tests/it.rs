//! The contract of the store on the memory store, and the sign-up flow from code to confirmation.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests fail by panicking"
)]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::json;
use tokio::task::JoinSet;
use tokio::time::timeout;
use wartel_core::{Country, Locale, ManualClock, MasterKey, PhoneNumber, StoreError, StoreErrorKind};
use wartel_messaging::outbox::{LEASE, MemoryOutbox, Outbox as _, OutboxDispatcher};
use wartel_messaging::testing::FakeProvider;
use wartel_otp::{Check, MemoryOtpStore, OtpService, Proof, Purpose, Start};
use wartel_registration::testing::{MockRegistrationStore, T0};
use wartel_registration::{
    Creation, MemoryRegistrationStore, Register, RegisterError, RegistrationId, RegistrationService,
    RegistrationStore as _,
};

mod memory {
    wartel_registration::registration_store_contract!(async {
        let outbox = wartel_messaging::outbox::MemoryOutbox::new();
        (wartel_registration::MemoryRegistrationStore::new(outbox.clone()), outbox)
    });
}

mod behind_an_arc {
    use std::sync::Arc;
    use wartel_messaging::outbox::{MemoryOutbox, Outbox};
    use wartel_registration::{MemoryRegistrationStore, RegistrationStore};

    wartel_registration::registration_store_contract!(async {
        let outbox = MemoryOutbox::new();
        let store: Arc<dyn RegistrationStore> = Arc::new(MemoryRegistrationStore::new(outbox.clone()));
        (store, Arc::new(outbox) as Arc<dyn Outbox>)
    });
}

struct Desk {
    provider: FakeProvider,
    clock: ManualClock,
    otp: OtpService,
    outbox: MemoryOutbox,
    store: MemoryRegistrationStore,
    registrations: RegistrationService,
}

fn phone(n: u32) -> PhoneNumber {
    PhoneNumber::parse(&format!("0812345{n:05}"), Country::INDONESIA).unwrap()
}

impl Desk {
    fn new() -> Self {
        let (provider, clock) = (FakeProvider::default(), ManualClock::default());
        let (otp, _worker) = OtpService::builder(MasterKey::generate().unwrap())
            .app_name("Toko Budi")
            .provider(Arc::new(provider.clone()))
            .store(Arc::new(MemoryOtpStore::new()))
            .clock(Arc::new(clock.clone()))
            .build()
            .unwrap();
        let outbox = MemoryOutbox::new();
        let store = MemoryRegistrationStore::new(outbox.clone());
        let registrations = RegistrationService::new(otp.clone(), Arc::new(store.clone()));
        Self { provider, clock, otp, outbox, store, registrations }
    }

    fn with_store(&self, store: MockRegistrationStore) -> RegistrationService {
        RegistrationService::new(self.otp.clone(), Arc::new(store))
    }

    /// Proves a number for a purpose.
    async fn proof_for(&self, n: u32, purpose: Purpose) -> Proof {
        let started = self.otp.start(Start::new(phone(n), purpose)).await.unwrap();
        let code = self.provider.last_code(&phone(n)).unwrap();
        let Check::Approved(proof) = self.otp.check(started.id, &code).await.unwrap() else {
            panic!("not approved")
        };
        proof
    }

    async fn proof(&self, n: u32) -> Proof {
        self.proof_for(n, Purpose::REGISTRATION).await
    }

    /// The texts of all confirmations that are due.
    async fn confirmations(&self) -> Vec<String> {
        let due = self.outbox.lease_due(1_000, LEASE, T0).await.unwrap();
        due.into_iter().map(|leased| leased.entry.text.expose().to_owned()).collect()
    }
}

fn not_verified<T: std::fmt::Debug>(result: Result<T, RegisterError>) {
    let error = result.unwrap_err();
    assert!(matches!(error, RegisterError::PhoneNotVerified), "{error:?}");
}

#[tokio::test]
async fn somebody_registers_and_is_confirmed_once() {
    let desk = Desk::new();
    let extra = json!({"paket": {"mbps": 20}, "catatan": "dekat masjid"});
    let register = Register::new(desk.proof(1).await, "  Budi *Santoso* ")
        .phone(Some(phone(1)))
        .email(Some(" budi@example.com ".to_owned()))
        .address(Some("Jl. Melati 5".to_owned()))
        .extra(extra.as_object().unwrap().clone());
    let done = desk.registrations.register(register).await.unwrap();
    assert_eq!((&done.phone, done.full_name.as_str(), done.created_at), (&phone(1), "Budi *Santoso*", T0));
    assert_eq!(done.email.as_deref(), Some("budi@example.com"));
    assert_eq!(done.address.as_deref(), Some("Jl. Melati 5"));
    assert_eq!(serde_json::from_str::<serde_json::Value>(&done.extra).unwrap(), extra);
    assert_eq!(desk.store.get(&done.tenant, done.id).await.unwrap(), Some(done.clone()));

    let texts = desk.confirmations().await;
    assert_eq!(texts.len(), 1);
    for part in ["Halo Budi Santoso,", "Toko Budi", &done.id.to_string()] {
        assert!(texts[0].contains(part), "{part}");
    }
    assert!(!texts[0].contains('*'));
}

#[tokio::test]
async fn the_confirmation_is_in_the_language_asked_for() {
    let desk = Desk::new();
    let register = Register::new(desk.proof(1).await, "Budi").locale(Locale::En);
    desk.registrations.register(register).await.unwrap();
    assert!(desk.confirmations().await[0].starts_with("Hello Budi,"));
}

#[tokio::test]
async fn a_bad_form_leaves_the_proof_unused() {
    let desk = Desk::new();
    let proof = desk.proof(1).await;
    let bad =
        Register::new(proof.clone(), "B").email(Some("budi".to_owned())).address(Some("\u{7}".to_owned()));
    let Err(RegisterError::Invalid(fields)) = desk.registrations.register(bad).await else {
        panic!("registered")
    };
    assert_eq!(fields.iter().map(|field| field.field).collect::<Vec<_>>(), ["full_name", "email", "address"]);
    assert!(desk.store.is_empty() && desk.confirmations().await.is_empty());
    // Unused: even somebody else could redeem it still.
    assert_eq!(desk.otp.redeem(proof, Purpose::REGISTRATION, "somebody else").await.unwrap(), phone(1));
}

#[tokio::test]
async fn the_same_proof_registers_once() {
    let desk = Desk::new();
    let proof = desk.proof(1).await;
    let first = desk.registrations.register(Register::new(proof.clone(), "Budi")).await.unwrap();
    let again = desk.registrations.register(Register::new(proof, "Siti")).await;
    assert!(matches!(again, Err(RegisterError::AlreadyRegistered)));
    assert_eq!(desk.store.get(&first.tenant, first.id).await.unwrap().unwrap().full_name, "Budi");
    assert_eq!(desk.confirmations().await.len(), 1);
}

#[tokio::test]
async fn a_phone_registers_once_however_often_it_is_proven() {
    let desk = Desk::new();
    desk.registrations.register(Register::new(desk.proof(1).await, "Budi")).await.unwrap();
    desk.clock.advance(Duration::from_secs(60));
    let again = desk.registrations.register(Register::new(desk.proof(1).await, "Budi")).await;
    assert!(matches!(again, Err(RegisterError::AlreadyRegistered)));
    assert_eq!((desk.store.len(), desk.confirmations().await.len()), (1, 1));
}

#[tokio::test]
async fn a_proof_of_another_phone_is_refused_and_unused() {
    let desk = Desk::new();
    let proof = desk.proof(1).await;
    not_verified(
        desk.registrations.register(Register::new(proof.clone(), "Budi").phone(Some(phone(2)))).await,
    );
    assert!(desk.store.is_empty() && desk.confirmations().await.is_empty());
    let done = desk.registrations.register(Register::new(proof, "Budi").phone(Some(phone(1)))).await.unwrap();
    assert_eq!(done.phone, phone(1));
}

#[tokio::test]
async fn only_a_valid_proof_registers() {
    let desk = Desk::new();
    for made_up in ["", "true", "wtp_", "wtp_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        not_verified(desk.registrations.register(Register::new(made_up, "Budi")).await);
    }
    let login = desk.proof_for(1, Purpose::LOGIN).await;
    not_verified(desk.registrations.register(Register::new(login, "Budi")).await);
    let other = desk.otp.for_tenant(wartel_core::TenantId::parse("toko-siti").unwrap());
    let other = RegistrationService::new(other, Arc::new(desk.store.clone()));
    not_verified(other.register(Register::new(desk.proof(2).await, "Budi")).await);
    let late = desk.proof(3).await;
    desk.clock.advance(Duration::from_secs(600));
    not_verified(desk.registrations.register(Register::new(late, "Budi")).await);
    let used = desk.proof(4).await;
    desk.otp.redeem(used.clone(), Purpose::REGISTRATION, "user-1").await.unwrap();
    not_verified(desk.registrations.register(Register::new(used, "Budi")).await);
    assert!(desk.store.is_empty() && desk.confirmations().await.is_empty());
}

#[tokio::test]
async fn a_failed_insert_leaves_the_proof_usable_and_a_retry_makes_the_same() {
    let desk = Desk::new();
    let proof = desk.proof(1).await;
    let mut store = MockRegistrationStore::new();
    let ids = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&ids);
    let tries = AtomicUsize::new(0);
    store.expect_create().times(3).returning(move |registration, confirmation| {
        seen.lock().unwrap().push((registration.id.as_uuid(), confirmation.id.as_uuid()));
        match tries.fetch_add(1, Ordering::SeqCst) {
            0 => Err(StoreError::new(StoreErrorKind::Full, "registration.create")),
            1 => Err(StoreError::new(StoreErrorKind::Unavailable, "registration.create")),
            _ => Ok(Creation::Created),
        }
    });
    let registrations = desk.with_store(store);
    for kind in [StoreErrorKind::Full, StoreErrorKind::Unavailable] {
        let failed = registrations.register(Register::new(proof.clone(), "Budi")).await;
        let Err(RegisterError::Store(error)) = failed else { panic!("registered") };
        assert_eq!(error.kind(), kind);
    }
    let done = registrations.register(Register::new(proof.clone(), "Budi")).await.unwrap();
    let expected = RegistrationId::from_proof(&wartel_otp::ProofToken::from(proof).hash().unwrap());
    assert_eq!(done.id, expected);
    assert_eq!(*ids.lock().unwrap(), vec![(expected.as_uuid(), expected.as_uuid()); 3]);
}

#[tokio::test]
async fn a_bad_form_or_proof_never_reaches_the_store() {
    let desk = Desk::new();
    let mut store = MockRegistrationStore::new();
    store.expect_create().never();
    let registrations = desk.with_store(store);
    assert!(registrations.register(Register::new(desk.proof(1).await, "")).await.is_err());
    not_verified(registrations.register(Register::new("true", "Budi")).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_a_hundred_at_once_with_one_proof_one_is_registered() {
    let desk = Desk::new();
    for n in 0..10 {
        let proof = desk.proof(n).await;
        let mut tasks = JoinSet::new();
        for _ in 0..100 {
            let (registrations, proof) = (desk.registrations.clone(), proof.clone());
            tasks.spawn(async move { registrations.register(Register::new(proof, "Budi")).await });
        }
        let answers = tasks.join_all().await;
        assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
        let refused = |answer: &&Result<_, _>| matches!(answer, Err(RegisterError::AlreadyRegistered));
        assert_eq!(answers.iter().filter(refused).count(), 99);
    }
    assert_eq!((desk.store.len(), desk.confirmations().await.len()), (10, 10));
}

#[tokio::test(start_paused = true)]
async fn the_confirmation_is_sent_at_once() {
    let desk = Desk::new();
    let outbox = Arc::new(desk.outbox.clone());
    let provider = Arc::new(desk.provider.clone());
    let dispatcher = OutboxDispatcher::new(outbox, provider, Arc::new(desk.clock.clone()));
    let registrations = desk.registrations.clone().with_waker(dispatcher.waker());
    let proof = desk.proof(1).await;
    let running = tokio::spawn(dispatcher.run(std::future::pending()));
    tokio::task::yield_now().await;
    let done = registrations.register(Register::new(proof, "Budi")).await.unwrap();
    // The code was the first message; the confirmation comes before the dispatcher would look by itself.
    timeout(Duration::from_millis(100), desk.provider.wait_sent(2)).await.unwrap();
    assert!(desk.provider.last_text(&phone(1)).unwrap().contains(&done.id.to_string()));
    running.abort();
}

#[tokio::test]
async fn debug_and_errors_show_nothing_private() {
    let desk = Desk::new();
    let proof = desk.proof(1).await;
    let token = proof.expose().to_owned();
    let register = Register::new(proof, "Wulandari")
        .phone(Some(phone(1)))
        .email(Some("wulan@example.com".to_owned()))
        .address(Some("Jl. Melati 5".to_owned()));
    let mut shown = format!("{register:?} {register:#?}");
    let done = desk.registrations.register(register.clone()).await.unwrap();
    let again = desk.registrations.register(register).await.unwrap_err();
    let invalid =
        desk.registrations.register(Register::new(token.as_str(), "W\u{202E}ulandari")).await.unwrap_err();
    shown.push_str(&format!("{done:?} {again:?} {again} {invalid:?} {invalid}"));
    shown.push_str(&format!("{:?} {:?}", desk.registrations, desk.store));
    for secret in [&token, "Wulandari", "ulandari", "wulan@", "Melati", "81234500001"] {
        assert!(!shown.contains(secret), "something private is shown");
    }
}
