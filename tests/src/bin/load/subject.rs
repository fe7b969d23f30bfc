//! Wartel behind its own routers, with a provider that sends nothing.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};

use serde_json::json;
use wartel_core::MasterKey;
use wartel_http::{Http, HttpConfig, axum};
use wartel_messaging::outbox::MemoryOutbox;
use wartel_messaging::{Accepted, Capabilities, Content, MessageProvider, OutboundMessage, SendError};
use wartel_otp::{MemoryOtpStore, OtpPolicy, OtpService, OtpStore, Rate};
use wartel_registration::{MemoryRegistrationStore, RegistrationService};
use wartel_storage::SqliteStores;

use crate::client::{Subject, phone};

/// Takes every message at once, and remembers the codes so that the clients can type them.
#[derive(Debug, Clone, Default)]
struct NoOp {
    codes: Arc<[Mutex<HashMap<String, String>>; 16]>,
}

impl NoOp {
    fn shard(&self, digits: &str) -> &Mutex<HashMap<String, String>> {
        &self.codes[usize::from(digits.bytes().last().unwrap_or_default()) % self.codes.len()]
    }
}

#[async_trait::async_trait]
impl MessageProvider for NoOp {
    fn name(&self) -> &'static str {
        "noop"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_one_time_code().with_text().with_message_ids()
    }

    async fn send(&self, message: &OutboundMessage) -> Result<Accepted, SendError> {
        let digits = message.to.user();
        if let Content::OneTimeCode(code) = &message.content {
            self.shard(digits).lock().unwrap().insert(digits.to_owned(), code.code.expose().to_owned());
        }
        Ok(Accepted::new().with_message_id(digits))
    }
}

pub(crate) async fn memory() -> Subject {
    served(Arc::new(MemoryOtpStore::new())).await
}

pub(crate) async fn sqlite(path: &Path) -> Subject {
    served(Arc::new(SqliteStores::open(path).await.unwrap())).await
}

pub(crate) async fn served(store: Arc<dyn OtpStore>) -> Subject {
    let provider = NoOp::default();
    let mut policy = OtpPolicy::default();
    // All clients are one tenant here; everything else is the default policy.
    policy.sends_per_network.iter_mut().for_each(|rate| *rate = Rate::new(u32::MAX, rate.window));
    policy.sends_per_tenant.iter_mut().for_each(|rate| *rate = Rate::new(u32::MAX, rate.window));
    let (otp, worker) = OtpService::builder(MasterKey::generate().unwrap())
        .app_name("Toko Budi")
        .provider(Arc::new(provider.clone()))
        .store(store)
        .policy(policy)
        .build()
        .unwrap();
    tokio::spawn(worker.run(std::future::pending()));
    let registrations = RegistrationService::new(
        otp.clone(),
        Arc::new(MemoryRegistrationStore::new(MemoryOutbox::default())),
    );
    let mut config = HttpConfig::default();
    config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let http = Http::new(config).unwrap();
    let app =
        http.app(http.registration_routes(otp.clone(), registrations).merge(http.verification_routes(otp)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    Subject {
        address,
        request_path: "/api/registrations/public/request-otp",
        verify_path: "/api/registrations/public/verify-otp",
        request_body: |number| json!({"phone": phone(number), "full_name": "Budi"}).to_string(),
        verify_body: Arc::new(move |number| {
            let phone = phone(number);
            let digits = format!("62{}", phone.trim_start_matches('0'));
            let code = provider.shard(&digits).lock().unwrap().get(&digits).cloned().unwrap_or_default();
            json!({"phone": phone, "otp": code}).to_string()
        }),
    }
}
