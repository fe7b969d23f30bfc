//! Webhook acknowledgements: a provider's requests are authenticated, decoded and recorded, and answered with 200 only
//! then; meanwhile the dispatcher hands what came in to a consumer.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use wartel_core::{AccountId, SystemClock, TenantId};
use wartel_http::{Http, HttpConfig, WebhookAccount, WebhookAccountList, axum};
use wartel_messaging::adapters::fonnte::FonnteWebhooks;
use wartel_messaging::inbox::{
    ConsumerError, InboundConsumer, Inbox, InboxDispatcher, InboxEntry, InboxKind, MemoryInbox,
};
use wartel_storage::SqliteStores;

use crate::client::{Load, Phase, phone};

/// A made-up token, and the address that it makes.
const TOKEN: &str = "made-up-webhook-token-0123456789";
const PATH: &str = "/webhook/whatsapp/made-up-webhook-token-0123456789";

/// How many connections there are for webhooks that come at a fixed rate: more than are under way at once.
const PACED_CONNECTIONS: usize = 128;

/// How many people write.
const PEOPLE: u64 = 10_000;

/// What is measured.
pub(crate) struct Figures {
    pub(crate) acknowledged: Phase,
    /// Entries that the consumer had by the end of the phase, for each second of it.
    pub(crate) handed_per_second: f64,
}

/// A server that takes webhooks.
pub(crate) struct Desk {
    address: SocketAddr,
    handed: Arc<AtomicU64>,
}

/// Counts what it is handed.
#[derive(Debug)]
struct Counter(Arc<AtomicU64>);

#[async_trait::async_trait]
impl InboundConsumer for Counter {
    fn name(&self) -> &'static str {
        "counter"
    }

    fn kinds(&self) -> &[InboxKind] {
        &InboxKind::ALL
    }

    async fn take(&self, _entry: &InboxEntry) -> Result<(), ConsumerError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

pub(crate) async fn memory() -> Desk {
    served(Arc::new(MemoryInbox::new())).await
}

pub(crate) async fn sqlite(path: &Path) -> Desk {
    served(Arc::new(SqliteStores::open(path).await.unwrap())).await
}

pub(crate) async fn served(inbox: Arc<dyn Inbox>) -> Desk {
    let handed = Arc::new(AtomicU64::new(0));
    let dispatcher = InboxDispatcher::new(inbox, Arc::new(SystemClock))
        .with_consumer(Arc::new(Counter(Arc::clone(&handed))));
    let intake = dispatcher.intake();
    tokio::spawn(dispatcher.run(std::future::pending()));
    let source = Arc::new(FonnteWebhooks::default());
    let account = WebhookAccount::new(TenantId::default(), AccountId::default(), source);
    let accounts = WebhookAccountList::default().with(TOKEN, account).unwrap();
    let http = Http::new(HttpConfig::default()).unwrap();
    let app = http.app(http.webhook_routes(intake, Arc::new(accounts)));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        axum::serve(listener, app.into_make_service_with_connect_info::<SocketAddr>()).await
    });
    Desk { address, handed }
}

/// Two messages, then a receipt, as Fonnte sends them; each is new.
fn body(number: u64) -> String {
    if number % 3 == 2 {
        return json!({
            "device": "6281234567890", "id": number.to_string(), "stateid": format!("3EB0{number:012}"),
            "status": "sent", "state": "sent",
        })
        .to_string();
    }
    let person = phone(number % PEOPLE).replacen('0', "62", 1);
    json!({
        "quick": false, "device": "6281234567890", "pesan": "Halo kak, mobilnya masih ada?", "pengirim": person,
        "member": "", "message": "Halo kak, mobilnya masih ada?", "text": "non-button message", "sender": person,
        "name": "Budi", "location": "", "url": "", "type": "text", "extension": "", "filename": "", "pollname": "",
        "choices": [], "inboxid": number + 1, "isgroup": false, "isforwarded": false, "timestamp": 1_767_225_600,
    })
    .to_string()
}

impl Load {
    /// Sends webhooks as long as a phase lasts.
    pub(crate) async fn acknowledge(&self, desk: &Desk, clients: usize) -> Figures {
        let numbers = Arc::new(AtomicU64::new(0));
        let started = Instant::now();
        let until = started + self.phase;
        let next = move || (Instant::now() < until).then(|| numbers.fetch_add(1, Ordering::Relaxed));
        let acknowledged = crate::client::run_phase(desk.address, PATH, clients, next, body).await;
        let handed = desk.handed.load(Ordering::Relaxed) as f64;
        Figures { acknowledged, handed_per_second: handed / started.elapsed().as_secs_f64() }
    }

    /// Sends webhooks at a fixed rate as long as a phase lasts, after a second of them that does not count.
    pub(crate) async fn acknowledge_paced(&self, desk: &Desk, rate: u32) -> Figures {
        let first = (rate, Duration::from_secs(1), 0);
        let _ = crate::client::run_paced(desk.address, PATH, PACED_CONNECTIONS, first, body).await;
        let (before, started) = (desk.handed.load(Ordering::Relaxed), Instant::now());
        let phase = (rate, self.phase, u64::from(rate));
        let acknowledged = crate::client::run_paced(desk.address, PATH, PACED_CONNECTIONS, phase, body).await;
        let handed = (desk.handed.load(Ordering::Relaxed) - before) as f64;
        Figures { acknowledged, handed_per_second: handed / started.elapsed().as_secs_f64() }
    }
}
