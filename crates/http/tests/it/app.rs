//! The app under test, and requests to it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tower::ServiceExt as _;
use wartel_access::{ApiKeyStore, CreateKey, Keys, MemoryApiKeyStore, MemoryAuditLog, Scope};
use wartel_bot::catalogue::{MemoryCatalogueStore, Schema};
use wartel_bot::console::{Console, ConsoleParts};
use wartel_bot::conversation::MemoryConversationStore;
use wartel_bot::lead::MemoryLeadStore;
use wartel_bot::spend::MemorySpendStore;
use wartel_bot::tenant::MemoryTenantStore;
use wartel_core::{AccountId, Country, ManualClock, MasterKey, PhoneNumber, Probe, TenantId};
use wartel_http::axum::Router;
use wartel_http::axum::body::{Body, Bytes, to_bytes};
use wartel_http::axum::extract::ConnectInfo;
use wartel_http::axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode};
use wartel_http::{Http, HttpConfig, Routes, WebhookAccount, WebhookAccountList, WebhookAccounts};
use wartel_messaging::accounts::{AccountBook, Devices, DevicesWorker, MemoryAccountStore, Sealer};
use wartel_messaging::adapters::{ConfigError, ConnectError};
use wartel_messaging::inbox::{InboxDispatcher, InboxIntake, LogConsumer};
use wartel_messaging::outbox::MemoryOutbox;
use wartel_messaging::pairing::MemoryPairingStore;
use wartel_messaging::testing::{FakeDevice, FakeProvider};
use wartel_messaging::{Account, MessageProvider, WebhookHandshake, WebhookSource};
use wartel_otp::{OtpService, ReceiptConsumer, ReverseConsumer};
use wartel_registration::{MemoryRegistrationStore, RegistrationService};

use crate::inbox::SwitchInbox;
use crate::store::SwitchStore;
use crate::webhooks::TestSource;

pub const REQUEST_OTP: &str = "/api/registrations/public/request-otp";
pub const VERIFY_OTP: &str = "/api/registrations/public/verify-otp";
pub const REGISTER: &str = "/api/registrations/public";
pub const PHONE: &str = "081234567890";
pub const MASKED: &str = "+62812•••••890";
pub const WEBHOOK_TOKEN: &str = "0123456789abcdef0123";

pub struct TestApp {
    pub router: Router,
    pub http: Http,
    pub otp: OtpService,
    pub provider: FakeProvider,
    pub store: SwitchStore,
    pub inbox: SwitchInbox,
    pub dispatcher: InboxDispatcher,
    pub registrations: MemoryRegistrationStore,
    pub keys: Keys,
    pub clock: ManualClock,
    pub devices: Devices,
    /// Does not run unless a test lets it: nothing happens by itself.
    pub devices_worker: Mutex<Option<DevicesWorker>>,
    /// The device of every account at the provider `device`.
    pub device: FakeDevice,
    pub audit: MemoryAuditLog,
    /// The stores of the shops and their assistant.
    pub shops: ConsoleParts,
}

pub struct Setup {
    pub config: HttpConfig,
    pub probes: Vec<Arc<dyn Probe>>,
    /// Sends instead of the recording fake.
    pub provider: Option<Arc<dyn MessageProvider>>,
    pub source: Arc<dyn WebhookSource>,
    pub handshake: Option<Arc<dyn WebhookHandshake>>,
    /// Finds the accounts instead of a list of one.
    pub accounts: Option<Arc<dyn WebhookAccounts>>,
    /// Keeps the API keys instead of memory.
    pub keys: Option<Arc<dyn ApiKeyStore>>,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            config: HttpConfig::default(),
            probes: Vec::new(),
            provider: None,
            source: Arc::new(TestSource),
            handshake: None,
            accounts: None,
            keys: None,
        }
    }
}

impl TestApp {
    pub fn new() -> Self {
        Self::with(Setup::default())
    }

    pub fn with(setup: Setup) -> Self {
        let provider = FakeProvider::default();
        let store = SwitchStore::new();
        let clock = ManualClock::default();
        let (otp, _worker) =
            OtpService::builder(MasterKey::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap())
                .app_name("Toko Budi")
                .provider(setup.provider.unwrap_or_else(|| Arc::new(provider.clone())))
                .store(Arc::new(store.clone()))
                .clock(Arc::new(clock.clone()))
                .build()
                .unwrap();
        let registrations = MemoryRegistrationStore::new(MemoryOutbox::default());
        let service = RegistrationService::new(otp.clone(), Arc::new(registrations.clone()));
        let http = Http::new(setup.config).unwrap();
        let account = WebhookAccount::new(TenantId::default(), AccountId::default(), setup.source);
        let account = account.with_handshake(setup.handshake);
        let list = || WebhookAccountList::default().with(WEBHOOK_TOKEN, account).unwrap();
        let accounts = setup.accounts.unwrap_or_else(|| Arc::new(list()));
        let inbox = SwitchInbox::new();
        let dispatcher = InboxDispatcher::new(Arc::new(inbox.clone()), Arc::new(clock.clone()))
            .with_consumer(Arc::new(ReceiptConsumer::new(otp.clone())))
            .with_consumer(Arc::new(ReverseConsumer::new(otp.clone())))
            .with_consumer(Arc::new(LogConsumer));
        let keys = setup.keys.unwrap_or_else(|| Arc::new(MemoryApiKeyStore::default()));
        let keys = Keys::new(keys).with_clock(Arc::new(clock.clone()));
        let routes = all_routes(&http, &otp, service, (dispatcher.intake(), accounts), setup.probes)
            .merge(http.v1_routes(otp.clone(), keys.clone()));
        let (device, audit) = (FakeDevice::new(), MemoryAuditLog::default());
        let (devices, worker) = devices(&device, &clock);
        let devices_worker = Mutex::new(Some(worker));
        let routes =
            routes.merge(http.account_routes(devices.clone(), keys.clone(), Arc::new(audit.clone())));
        let log = (devices.clone(), keys.clone(), Arc::new(audit.clone()), dispatcher.intake());
        let routes = routes.merge(http.account_webhook_routes(log.0, log.1, log.2, log.3));
        let shops = shops();
        let console =
            Console::new(shops.clone(), Arc::new(Schema::cars())).with_clock(Arc::new(clock.clone()));
        let routes = routes.merge(http.shop_routes(console, keys.clone(), Arc::new(audit.clone())));
        let router = http.app(routes);
        Self {
            router,
            http,
            otp,
            provider,
            store,
            inbox,
            dispatcher,
            registrations,
            keys,
            clock,
            devices,
            devices_worker,
            device,
            audit,
            shops,
        }
    }

    pub async fn call(&self, request: Request<Body>) -> Answer {
        call(&self.router, request).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(json_request(path, body)).await
    }

    /// Posts a webhook, which must be taken, and hands to consumers what it says.
    pub async fn report(&self, body: Value) -> Answer {
        let answer = self.post(&format!("/webhook/whatsapp/{WEBHOOK_TOKEN}"), body).await;
        let answer = answer.expect(StatusCode::OK);
        self.dispatcher.dispatch_due().await.unwrap();
        answer
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(request(Method::GET, path, Body::empty())).await
    }

    /// A new API key of a tenant.
    pub async fn key(&self, tenant: &str, scopes: &[Scope]) -> String {
        let wanted = CreateKey::new(TenantId::parse(tenant).unwrap(), "tests").scopes(scopes.iter().copied());
        self.keys.create(wanted, "tests").await.unwrap().key.expose().to_owned()
    }

    /// Asks for a code; the answer must be 200.
    pub async fn start(&self, phone: &str) -> Value {
        let answer = self.post(REQUEST_OTP, json!({"phone": phone, "full_name": "Test User"})).await;
        answer.expect(StatusCode::OK).json["data"].clone()
    }

    pub fn code(&self, phone: &str) -> String {
        self.provider.last_code(&PhoneNumber::parse(phone, Country::INDONESIA).unwrap()).unwrap()
    }

    /// A code that is not the right one.
    pub fn wrong_code(&self, phone: &str) -> String {
        let right: u32 = self.code(phone).parse().unwrap();
        format!("{:06}", (right + 1) % 1_000_000)
    }

    /// Verifies a phone; gives the proof.
    pub async fn prove(&self, phone: &str) -> String {
        let started = self.start(phone).await;
        let body = json!({"verification_id": started["verification_id"], "otp": self.code(phone)});
        let answer = self.post(VERIFY_OTP, body).await;
        answer.expect(StatusCode::OK).json["data"]["proof"].as_str().unwrap().to_owned()
    }

    pub fn assert_nothing_stored(&self, why: &str) {
        assert!(self.store.inner.is_empty(), "the OTP store holds something: {why}");
        assert!(self.registrations.is_empty(), "the registration store holds something: {why}");
        assert_eq!(self.provider.calls(), 0, "the provider was called: {why}");
    }
}

fn shops() -> ConsoleParts {
    ConsoleParts {
        tenants: Arc::new(MemoryTenantStore::new()),
        catalogue: Arc::new(MemoryCatalogueStore::new()),
        leads: Arc::new(MemoryLeadStore::new()),
        chats: Arc::new(MemoryConversationStore::new()),
        spend: Arc::new(MemorySpendStore::new()),
    }
}

/// Accounts at two providers: `device` has one that is paired, `plain` has none.
fn devices(device: &FakeDevice, clock: &ManualClock) -> (Devices, DevicesWorker) {
    let key = MasterKey::from_bytes(b"0123456789abcdef0123456789abcdef").unwrap();
    let device = device.clone();
    let book = AccountBook::new(Arc::new(MemoryAccountStore::new()), Sealer::new(&key, &[]))
        .with_clock(Arc::new(clock.clone()))
        .with_connector(Arc::new(move |provider, settings| {
            if settings.get("token").is_none() {
                return Err(ConfigError::new("device", "token", "is empty").into());
            }
            let account = Account::new(Arc::new(FakeProvider::default()));
            match provider {
                "device" => {
                    Ok(account.with_webhooks(Arc::new(TestSource)).with_pairing(Arc::new(device.clone())))
                }
                "plain" => Ok(account),
                _ => Err(ConnectError::UnknownProvider),
            }
        }));
    Devices::with_clock(book, Arc::new(MemoryPairingStore::new()), Arc::new(clock.clone()))
}

pub fn all_routes(
    http: &Http,
    otp: &OtpService,
    registrations: RegistrationService,
    (intake, accounts): (InboxIntake, Arc<dyn WebhookAccounts>),
    probes: Vec<Arc<dyn Probe>>,
) -> Routes {
    http.registration_routes(otp.clone(), registrations)
        .merge(http.verification_routes(otp.clone()))
        .merge(http.webhook_routes(intake, accounts))
        .merge(http.health_routes(probes))
        .merge(http.metrics_routes(|| "wartel_up 1\n".to_owned()))
        .merge(http.page_routes(otp))
}

pub async fn call(router: &Router, request: Request<Body>) -> Answer {
    let response = router.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, usize::MAX).await.unwrap();
    let json = serde_json::from_slice(&bytes).unwrap_or(Value::Null);
    Answer { status: parts.status, headers: parts.headers, bytes, json }
}

pub fn request(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    let mut request = Request::builder().method(method).uri(path).body(body.into()).unwrap();
    request.extensions_mut().insert(ConnectInfo(SocketAddr::from(([203, 0, 113, 9], 4711))));
    request
}

pub fn json_request(path: &str, body: Value) -> Request<Body> {
    raw_json_request(path, body.to_string())
}

pub fn raw_json_request(path: &str, body: impl Into<Body>) -> Request<Body> {
    request(Method::POST, path, body).header("content-type", "application/json")
}

/// Adds to a request.
pub trait RequestExt {
    fn header(self, name: &str, value: &str) -> Self;
    fn from(self, peer: &str) -> Self;
}

impl RequestExt for Request<Body> {
    fn header(mut self, name: &str, value: &str) -> Self {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        self.headers_mut().insert(name, HeaderValue::from_str(value).unwrap());
        self
    }

    fn from(mut self, peer: &str) -> Self {
        self.extensions_mut().insert(ConnectInfo(SocketAddr::new(peer.parse().unwrap(), 4711)));
        self
    }
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub bytes: Bytes,
    pub json: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.bytes).unwrap()
    }

    /// The status, and the shape that goes with it.
    #[track_caller]
    pub fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{}", self.text());
        if status.is_success() {
            assert_eq!(self.json["success"], true);
            assert!(self.json["message"].as_str().is_some_and(|message| !message.is_empty()));
            assert!(self.json["data"].is_object());
        }
        self
    }

    /// A problem with every part that it must have.
    #[track_caller]
    pub fn problem(self, status: u16, code: &str) -> Self {
        assert_eq!(
            (self.status.as_u16(), self.json["code"].as_str()),
            (status, Some(code)),
            "{}",
            self.text()
        );
        assert_eq!(self.header("content-type"), "application/problem+json");
        assert_eq!(self.json["success"], false);
        assert_eq!(self.json["status"], status);
        assert_eq!(self.json["type"], format!("urn:problem-type:wartel:{code}"));
        for part in ["title", "detail", "message"] {
            assert!(self.json[part].as_str().is_some_and(|text| !text.is_empty()), "{part}: {}", self.text());
        }
        if matches!(status, 429 | 503) {
            let secs: u64 = self.header("retry-after").parse().expect("Retry-After in whole seconds");
            assert!(secs >= 1);
            assert_eq!(self.json["retry_after"], secs);
        }
        assert!(!self.header("x-request-id").is_empty());
        self
    }

    pub fn fields(&self) -> Vec<&str> {
        let errors = self.json["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
        for error in errors {
            assert!(error["message"].as_str().is_some_and(|message| !message.is_empty()));
        }
        errors.iter().map(|error| error["field"].as_str().unwrap()).collect()
    }
}
