//! Which account sends, and that its layers are shared.

use std::num::NonZeroU32;
use std::time::Duration;

use wartel_core::{MasterKey, Secret};

use super::*;
use crate::accounts::{AccountBook, AccountStore as _, MemoryAccountStore, NewAccount, Sealer};
use crate::layers::WithThrottle;
use crate::pairing::MemoryPairingStore;
use crate::testing::{FakeDevice, FakeProvider, sample_message};
use crate::{
    Account, AccountSettings, Authenticity, Capabilities, InboundEvent, ProviderMessageId, Recipient,
    WebhookError, WebhookRequest, WebhookSource,
};

const SECRET: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

#[derive(Debug)]
struct Silent;

impl WebhookSource for Silent {
    fn authenticity(&self) -> Authenticity {
        Authenticity::TokenOnly
    }

    fn decode(&self, _request: WebhookRequest<'_>) -> Result<Vec<InboundEvent>, WebhookError> {
        Ok(Vec::new())
    }
}

#[async_trait::async_trait]
impl crate::ChatPresence for Silent {
    async fn mark_read(&self, _chat: &Recipient, _message: &ProviderMessageId) -> Result<(), SendError> {
        Ok(())
    }

    async fn typing(&self, _chat: &Recipient, _answers: Option<&ProviderMessageId>) -> Result<(), SendError> {
        Ok(())
    }
}

/// Accounts at the providers `one` and `two`, and what was sent at each.
struct Scene {
    store: MemoryAccountStore,
    book: AccountBook,
    senders: Senders,
    one: FakeProvider,
    two: FakeProvider,
}

fn scene_with(fixed: Option<(Account, Option<&Secret>)>) -> Scene {
    let (one, two) = (FakeProvider::new().named("one"), FakeProvider::new().named("two"));
    let store = MemoryAccountStore::new();
    let sealer = Sealer::new(&MasterKey::parse(SECRET).unwrap(), &[]);
    let (for_one, for_two) = (one.clone(), two.clone());
    let mut book =
        AccountBook::new(Arc::new(store.clone()), sealer).with_connector(Arc::new(move |name, settings| {
            if settings.get("off").is_some() {
                let off = FakeProvider::new().with_capabilities(Capabilities::disabled());
                return Ok(Account::new(Arc::new(off)));
            }
            let provider = if name == "one" { for_one.clone() } else { for_two.clone() };
            let account = Account::new(Arc::new(provider)).with_webhooks(Arc::new(Silent));
            Ok(account.with_presence(Arc::new(Silent)).with_pairing(Arc::new(FakeDevice::new())))
        }));
    if let Some((account, token)) = fixed {
        book = book.with_fixed(TenantId::default(), AccountId::default(), account, token).unwrap();
    }
    let (devices, _worker) = Devices::new(book.clone(), Arc::new(MemoryPairingStore::new()));
    Scene { store, book, senders: Senders::new(devices), one, two }
}

fn scene() -> Scene {
    scene_with(None)
}

fn tenant(name: &str) -> TenantId {
    TenantId::parse(name).unwrap()
}

fn id(name: &str) -> AccountId {
    AccountId::parse(name).unwrap()
}

impl Scene {
    async fn create(&self, of: &str, name: &str, provider: &str) {
        self.create_with(of, name, provider, AccountSettings::new()).await;
    }

    async fn create_with(&self, of: &str, name: &str, provider: &str, settings: AccountSettings) {
        self.book.create(NewAccount::new(tenant(of), id(name), provider, settings)).await.unwrap();
    }

    async fn sender(&self, of: &str, name: &str) -> Option<Sender> {
        self.senders.sender(&tenant(of), &id(name)).await.unwrap()
    }

    async fn first(&self, of: &str) -> Option<String> {
        let first = self.senders.first(&tenant(of)).await.unwrap();
        first.map(|sender| sender.account.to_string())
    }
}

#[tokio::test]
async fn each_tenant_sends_through_its_own_account() {
    let scene = scene();
    scene.create("tenant-one", "shop", "one").await;
    scene.create("tenant-two", "shop", "two").await;
    for (of, counts) in [("tenant-one", (1, 0)), ("tenant-two", (1, 1)), ("tenant-two", (1, 2))] {
        let sender = scene.sender(of, "shop").await.unwrap();
        assert_eq!((sender.tenant.as_str(), sender.account.as_str()), (of, "shop"));
        assert!(sender.presence.is_some() && !sender.is_fixed);
        sender.provider.send(&sample_message()).await.unwrap();
        assert_eq!((scene.one.count(), scene.two.count()), counts, "{of}");
    }
    assert!(scene.sender("tenant-two", "other").await.is_none());
    assert!(scene.sender("tenant-three", "shop").await.is_none());
}

#[tokio::test]
async fn all_who_send_share_the_throttle_until_the_account_is_made_anew() {
    let mut scene = scene();
    let pace = Throttle::per_second(NonZeroU32::MIN).with_max_wait(Duration::ZERO);
    scene.senders = scene
        .senders
        .clone()
        .with_layers(Arc::new(move |_, provider| Arc::new(WithThrottle::new(provider, pace))));
    scene.create("tenant-one", "shop", "one").await;
    scene.create("tenant-one", "second", "one").await;
    let send = |scene: &Scene, name: &'static str| {
        let senders = scene.senders.clone();
        async move {
            let sender = senders.sender(&tenant("tenant-one"), &id(name)).await.unwrap().unwrap();
            sender.provider.send(&sample_message()).await.map_err(|error| error.kind())
        }
    };
    assert!(send(&scene, "shop").await.is_ok());
    assert_eq!(
        send(&scene, "shop").await,
        Err(SendErrorKind::RateLimited),
        "each caller has turns of its own"
    );
    assert!(send(&scene, "second").await.is_ok(), "two accounts have one throttle");

    // Removed and made anew on another instance: at once it is the new one, with turns of its own.
    scene.store.remove(&tenant("tenant-one"), &id("shop")).await.unwrap();
    assert!(scene.sender("tenant-one", "shop").await.is_none());
    scene.create("tenant-one", "shop", "two").await;
    assert!(send(&scene, "shop").await.is_ok());
    assert_eq!(scene.two.count(), 1);
}

#[tokio::test]
async fn the_first_account_is_default_and_else_by_name() {
    let scene = scene();
    assert_eq!(scene.first("tenant-one").await, None);
    scene.create("tenant-one", "b", "one").await;
    scene.create("tenant-one", "a", "one").await;
    assert_eq!(scene.first("tenant-one").await.as_deref(), Some("a"));
    scene.create("tenant-one", "default", "two").await;
    assert_eq!(scene.first("tenant-one").await.as_deref(), Some("default"));
    let names = scene.senders.accounts(&tenant("tenant-one")).await.unwrap();
    assert_eq!(names.iter().map(AccountId::as_str).collect::<Vec<_>>(), ["default", "a", "b"]);
    assert_eq!(scene.first("tenant-two").await, None, "an account of somebody else's");

    // One that is switched off is passed over, unless there is no other.
    let off = || AccountSettings::new().with("off", "yes");
    scene.create_with("tenant-two", "default", "one", off()).await;
    assert_eq!(scene.first("tenant-two").await.as_deref(), Some("default"));
    scene.create("tenant-two", "shop", "one").await;
    assert_eq!(scene.first("tenant-two").await.as_deref(), Some("shop"));
}

#[tokio::test]
async fn credentials_that_do_not_open_are_an_error_and_no_reason_to_send_elsewhere() {
    let scene = scene();
    scene.create("tenant-one", "default", "one").await;
    let other = Sealer::new(&MasterKey::generate().unwrap(), &[]);
    let book = AccountBook::new(Arc::new(scene.store.clone()), other);
    let (devices, _worker) = Devices::new(book, Arc::new(MemoryPairingStore::new()));
    let senders = Senders::new(devices);
    let error = senders.first(&tenant("tenant-one")).await.unwrap_err();
    assert_eq!((error.kind(), error.advice()), (SendErrorKind::Unauthenticated, RetryAdvice::Never));
    assert!(senders.sender(&tenant("tenant-one"), &AccountId::default()).await.is_err());
}

#[tokio::test]
async fn an_account_of_the_program_keeps_its_own_layers() {
    let provider = FakeProvider::new();
    let token = Secret::new("made-up-webhook-token");
    let account = || {
        let account = Account::new(Arc::new(provider.clone())).with_webhooks(Arc::new(Silent));
        account.with_pairing(Arc::new(FakeDevice::new()))
    };
    for (token, hears) in [(Some(&token), true), (None, false)] {
        let mut scene = scene_with(Some((account(), token)));
        scene.senders = scene.senders.clone().with_layers(Arc::new(|_, _| Arc::new(crate::DisabledProvider)));
        let sender = scene.sender("default", "default").await.unwrap();
        assert!(sender.is_fixed && scene.senders.is_fixed(&TenantId::default(), &AccountId::default()));
        assert!(!scene.senders.is_fixed(&TenantId::default(), &id("shop")));
        sender.provider.send(&sample_message()).await.unwrap();
        let shown = format!("{:?}", sender.provider);
        assert_eq!(shown.contains("WithHearing"), hears, "{shown}");
    }
}

#[tokio::test]
async fn the_longest_unused_is_made_anew_beyond_the_bound() {
    let scene = scene();
    let open = |name: String| {
        let account = Account::new(Arc::new(FakeProvider::new()));
        Arc::new(OpenAccount { tenant: TenantId::default(), id: id(&name), account })
    };
    let accounts: Vec<_> = (0..=KEPT).map(|number| open(format!("a{number}"))).collect();
    let made: Vec<_> = accounts.iter().map(|account| scene.senders.of(account)).collect();
    assert_eq!(scene.senders.kept().senders.len(), KEPT);
    let is_same =
        |number: usize| Arc::ptr_eq(&made[number].provider, &scene.senders.of(&accounts[number]).provider);
    assert!(is_same(KEPT) && is_same(1), "what was used is kept");
    assert!(!is_same(0), "the longest unused stays");
    assert_eq!(scene.senders.kept().senders.len(), KEPT);
}
