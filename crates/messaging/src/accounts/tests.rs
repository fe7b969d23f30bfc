//! Two tenants on two providers at once, accounts over their life, and the worker of their devices.
#![allow(clippy::panic)]

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;
use wartel_core::{AccountId, ManualClock, MasterKey, Secret, TenantId};

use super::{
    AccountBook, AccountError, AccountStore as _, Connector, CreatedAccount, DeviceLookup, Devices,
    MemoryAccountStore, NewAccount, Sealer,
};
use crate::adapters::{ConfigError, ConnectError};
use crate::pairing::{MemoryPairingStore, PairingService, PairingState};
use crate::testing::{FakeDevice, FakeProvider, TokioClock};
use crate::{
    Account, AccountSettings, Authenticity, DeviceEvent, DeviceInfo, InboundEvent, PairingMethod,
    WebhookError, WebhookRequest, WebhookSource,
};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

/// Webhooks that are one word: what the device does.
#[derive(Debug)]
struct Words(&'static str);

impl WebhookSource for Words {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        // Each provider has its own words, so that a body that came to the wrong one is noticed.
        let word = std::str::from_utf8(request.body).ok().and_then(|body| body.strip_prefix(self.0));
        match word {
            Some("connected") => Ok(vec![InboundEvent::DeviceState(DeviceEvent::Connected)]),
            Some("banned") => Ok(vec![InboundEvent::DeviceState(DeviceEvent::Banned { until: None })]),
            _ => Err(WebhookError::Unreadable),
        }
    }
}

/// Knows the providers `one` and `two`, which need a token and have the same device.
fn connector(device: FakeDevice) -> Connector {
    Arc::new(move |provider, settings| {
        let name = match provider {
            "one" => "one",
            "two" => "two",
            _ => return Err(ConnectError::UnknownProvider),
        };
        if settings.get("token").is_none() {
            return Err(ConfigError::new(name, "token", "is empty").into());
        }
        let account = Account::new(Arc::new(FakeProvider::default().named(name)));
        let account = account.with_webhooks(Arc::new(Words(if name == "one" { "1:" } else { "2:" })));
        // Provider two has no devices when a setting says so.
        let paired = settings.get("bare").is_none();
        Ok(if paired { account.with_pairing(Arc::new(device.clone())) } else { account })
    })
}

fn sealer() -> Sealer {
    Sealer::new(&MasterKey::parse(SECRET).unwrap(), &[])
}

fn book(store: &MemoryAccountStore) -> AccountBook {
    AccountBook::new(Arc::new(store.clone()), sealer())
        .with_connector(connector(FakeDevice::new()))
        .with_clock(Arc::new(ManualClock::default()))
}

fn settings() -> AccountSettings {
    AccountSettings::new().with("token", "made-up-token-of-the-tests")
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn shop() -> AccountId {
    AccountId::parse("shop").unwrap()
}

async fn create(book: &AccountBook, of: &str, provider: &str) -> CreatedAccount {
    book.create(NewAccount::new(tenant(of), shop(), provider, settings())).await.unwrap()
}

async fn state(devices: &Devices, of: &str) -> PairingState {
    match devices.device(&tenant(of), &shop()).await.unwrap() {
        DeviceLookup::Device(service) => service.status().await.unwrap().state,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn two_tenants_on_two_providers_at_once_and_no_event_crosses() {
    let book = book(&MemoryAccountStore::new());
    let (devices, _worker) = Devices::new(book.clone(), Arc::new(MemoryPairingStore::new()));
    let one = create(&book, "tenant-one", "one").await;
    let two = create(&book, "tenant-two", "two").await;
    let webhook = |token: Secret, body: &'static str| {
        let (book, devices) = (book.clone(), devices.clone());
        async move {
            let account = book.by_token(token.expose()).await.unwrap()?;
            let headers = http::HeaderMap::new();
            let source = account.account.webhooks.clone().unwrap();
            let events = source.decode(WebhookRequest::new(&headers, body.as_bytes())).ok()?;
            devices.on_webhook(&account, &events).await.unwrap();
            Some(account.tenant.to_string())
        }
    };
    let mut calls = JoinSet::new();
    for index in 0..100 {
        let (token, body, owner) = if index % 2 == 0 {
            (one.token.clone(), "1:connected", "tenant-one")
        } else {
            (two.token.clone(), "2:banned", "tenant-two")
        };
        let call = webhook(token, body);
        calls.spawn(async move { assert_eq!(call.await.as_deref(), Some(owner)) });
    }
    calls.join_all().await;
    assert_eq!(state(&devices, "tenant-one").await, PairingState::Connected);
    assert_eq!(state(&devices, "tenant-two").await, PairingState::Banned);
    // A body that comes to the other's URL is nobody's.
    assert_eq!(webhook(one.token.clone(), "2:banned").await, None);
    assert_eq!(state(&devices, "tenant-one").await, PairingState::Connected);
    for unknown in ["", "x", &"x".repeat(500)] {
        assert!(book.by_token(unknown).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn the_inbox_tells_each_device_its_own_news() {
    use crate::inbox::{InboundConsumer as _, InboxEntry, InboxEntryId, InboxEvent};
    let book = book(&MemoryAccountStore::new());
    let (devices, _worker) = Devices::new(book.clone(), Arc::new(MemoryPairingStore::new()));
    create(&book, "tenant-one", "one").await;
    create(&book, "tenant-two", "two").await;
    let entry = |of: &str, event| {
        let (id, at) = (InboxEntryId::random(), wartel_core::Timestamp::EPOCH);
        InboxEntry::new(id, tenant(of), shop(), Authenticity::TokenOnly, event, at)
    };
    let device = |event| InboxEvent::Device(event);
    devices.take(&entry("tenant-one", device(DeviceEvent::Connected))).await.unwrap();
    assert_eq!(state(&devices, "tenant-one").await, PairingState::Connected);
    assert_eq!(state(&devices, "tenant-two").await, PairingState::Unpaired);
    devices.take(&entry("tenant-one", device(DeviceEvent::LoggedOut))).await.unwrap();
    assert_eq!(state(&devices, "tenant-one").await, PairingState::LoggedOut);
    // What is of no account any more is nobody's news, and no error.
    devices.take(&entry("tenant-three", device(DeviceEvent::Connected))).await.unwrap();

    let contact = crate::ContactAddress::from(crate::testing::sample_phone());
    let message = crate::InboundMessage::new(contact, crate::InboundContent::text("halo"));
    devices.take(&entry("tenant-two", InboxEvent::Message(message))).await.unwrap();
    let lookup = devices.device(&tenant("tenant-two"), &shop()).await.unwrap();
    let DeviceLookup::Device(two) = lookup else { panic!("no device") };
    assert!(two.status().await.unwrap().last_event_at.is_some(), "a message is a sign of life");
}

#[tokio::test]
async fn an_account_lives_from_its_making_to_its_removal() {
    let store = MemoryAccountStore::new();
    let book = book(&store);
    let (devices, _worker) = Devices::new(book.clone(), Arc::new(MemoryPairingStore::new()));
    let created = create(&book, "default", "one").await;
    assert!(!format!("{created:?}").contains(created.token.expose()));
    let open = book.open(&tenant("default"), &shop()).await.unwrap().unwrap();
    let again = book.by_token(created.token.expose()).await.unwrap().unwrap();
    assert!(Arc::ptr_eq(&open, &again), "what was made of the settings is kept");
    assert_eq!(book.list(None).await.unwrap(), [created.view]);
    let taken = book.create(NewAccount::new(tenant("default"), shop(), "two", settings())).await;
    assert!(matches!(taken, Err(AccountError::Taken)));

    // Another instance, which opened it before, does not know it any more either.
    let other = self::book(&store);
    assert!(other.by_token(created.token.expose()).await.unwrap().is_some());
    assert!(devices.remove(&tenant("default"), &shop()).await.unwrap());
    assert!(!devices.remove(&tenant("default"), &shop()).await.unwrap());
    assert!(other.by_token(created.token.expose()).await.unwrap().is_none());
    assert!(other.open(&tenant("default"), &shop()).await.unwrap().is_none());
    let gone = devices.device(&tenant("default"), &shop()).await.unwrap();
    assert!(matches!(gone, DeviceLookup::NoAccount));
}

#[tokio::test]
async fn what_cannot_be_used_is_said_before_anything_is_kept() {
    let store = MemoryAccountStore::new();
    let book = book(&store);
    let new = |provider: &str, settings| NewAccount::new(tenant("default"), shop(), provider, settings);
    let unknown = book.create(new("pigeon", settings())).await.unwrap_err();
    assert!(matches!(unknown, AccountError::Connect(ConnectError::UnknownProvider)));
    let missing = book.create(new("one", AccountSettings::new())).await.unwrap_err();
    assert_eq!(missing.to_string(), "one: token is empty");
    assert!(store.list(None, None, 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn the_account_of_the_environment_stands_first_and_is_not_removed() {
    let store = MemoryAccountStore::new();
    let token = Secret::new("made-up-webhook-token");
    let fixed = Account::new(Arc::new(FakeProvider::default().named("fixed")));
    let book =
        book(&store).with_fixed(TenantId::default(), AccountId::default(), fixed, Some(&token)).unwrap();
    create(&book, "default", "one").await;
    let open = book.by_token(token.expose()).await.unwrap().unwrap();
    assert_eq!((open.account.provider.name(), open.id.as_str()), ("fixed", "default"));
    let names =
        |views: Vec<super::AccountView>| views.into_iter().map(|v| v.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(book.list(Some(&TenantId::default())).await.unwrap()), ["default", "shop"]);
    assert!(book.list(Some(&tenant("toko-budi"))).await.unwrap().is_empty());
    let id = AccountId::default();
    assert!(matches!(book.remove(&TenantId::default(), &id).await, Err(AccountError::Fixed)));
    let new = NewAccount::new(TenantId::default(), id, "one", settings());
    assert!(matches!(book.create(new).await, Err(AccountError::Taken)));
}

#[tokio::test]
async fn seals_are_renewed_and_then_the_old_secret_is_not_needed() {
    let store = MemoryAccountStore::new();
    let old = MasterKey::parse(SECRET).unwrap();
    let new = MasterKey::generate().unwrap();
    let created = create(&book(&store), "default", "one").await;
    let with = |sealer| {
        AccountBook::new(Arc::new(store.clone()), sealer).with_connector(connector(FakeDevice::new()))
    };
    let forgotten = with(Sealer::new(&new, &[])).by_token(created.token.expose()).await;
    assert!(matches!(forgotten, Err(AccountError::Seal(super::SealError::UnknownKey))));
    let rotating = with(Sealer::new(&new, &[old]));
    assert!(rotating.by_token(created.token.expose()).await.unwrap().is_some());
    assert_eq!(rotating.renew_seals().await.unwrap(), 1);
    assert_eq!(rotating.renew_seals().await.unwrap(), 0);
    let after = with(Sealer::new(&new, &[])).by_token(created.token.expose()).await;
    assert!(after.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn the_worker_looks_after_every_device_and_notes_how_it_stands() {
    let store = MemoryAccountStore::new();
    let device = FakeDevice::new();
    let book = AccountBook::new(Arc::new(store.clone()), sealer()).with_connector(connector(device.clone()));
    let pairings = Arc::new(MemoryPairingStore::new());
    let clock = Arc::new(TokioClock::default());
    let (devices, worker) = Devices::with_clock(book.clone(), pairings, clock);
    tokio::spawn(worker.run(std::future::pending()));
    create(&book, "default", "one").await;
    let bare = NewAccount::new(tenant("bare"), shop(), "two", settings().with("bare", "yes"));
    book.create(bare).await.unwrap();
    let lookup = devices.device(&tenant("bare"), &shop()).await.unwrap();
    assert!(matches!(lookup, DeviceLookup::NotPaired));

    let DeviceLookup::Device(service) = devices.device(&tenant("default"), &shop()).await.unwrap() else {
        panic!("no device")
    };
    let first: PairingService = service.clone();
    let shown = service.start(PairingMethod::Qr).await.unwrap().snapshot;
    sleep(Duration::from_secs(58)).await;
    let later = service.status().await.unwrap();
    assert!(later.qr.is_some() && later.qr != shown.qr, "the worker replaced the code");
    device.set(DeviceInfo::new(true));
    sleep(Duration::from_secs(15)).await;
    let stored = store.get(&tenant("default"), &shop()).await.unwrap().unwrap();
    assert_eq!(stored.device.unwrap().0, PairingState::Connected);
    assert_eq!(book.list(None).await.unwrap().last().unwrap().device, stored.device);

    // Removed on another instance: the worker lets go of it.
    store.remove(&tenant("default"), &shop()).await.unwrap();
    sleep(Duration::from_secs(15)).await;
    let looks = device.looks();
    sleep(Duration::from_secs(600)).await;
    assert_eq!(device.looks(), looks, "a device of nobody is looked at");
    drop(first);
}
