//! The state of one sandbox and every change to it. Handlers, the ladder and the public handle all come here.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::runtime::Handle;
use wartel_core::{Clock, Timestamp};

use crate::builder::Options;
use crate::device::Device;
use crate::error::SandboxError;
use crate::events::EventLog;
use crate::faults::{FaultBook, WebhookFault};
use crate::fonnte::wire;
use crate::lock;
use crate::phone::{Direction, MessageBook, MessageStatus, SandboxMessage};
use crate::recorder::RecordedRequest;
use crate::ring::Ring;
use crate::tasks::Tasks;
use crate::webhooks::{Job, LaneEnds, Lanes, RetryPlan, Target, WebhookAttempt, WebhookKind};

const MAX_REQUESTS: usize = 2_000;
const MAX_REQUEST_BYTES: usize = 16 << 20;
const MAX_WEBHOOK_LOG: usize = 2_000;
const MAX_WEBHOOK_LOG_BYTES: usize = 16 << 20;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) devices: Vec<Arc<Device>>,
    pub(crate) faults: Mutex<FaultBook>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) tasks: Tasks,
    pub(crate) retry: RetryPlan,
    book: Mutex<MessageBook>,
    /// Numbers without WhatsApp.
    absent: Mutex<HashSet<String>>,
    requests: Mutex<Ring<RecordedRequest>>,
    webhook_log: Mutex<Ring<WebhookAttempt>>,
    targets: Mutex<HashMap<WebhookKind, Arc<Target>>>,
    /// `sent` events held back by [`WebhookFault::Reorder`], by message id.
    held: Mutex<HashMap<String, Job>>,
    lanes: Lanes,
    message_ids: AtomicU64,
    request_ids: AtomicU64,
    inbox_ids: AtomicU64,
    run: AtomicU64,
}

impl Shared {
    /// Builds the state from options that were checked; the lanes still have to be started.
    pub(crate) fn new(options: Options, runtime: Handle) -> Result<(Arc<Self>, LaneEnds), SandboxError> {
        let (lanes, ends) = Lanes::new();
        let mut targets = HashMap::new();
        for (kind, url) in &options.webhooks {
            targets.insert(*kind, Arc::new(Target::parse(url)?));
        }
        let devices = options
            .tokens
            .iter()
            .enumerate()
            .map(|(index, token)| Arc::new(Device::new(index, token, options.quota, options.connected)))
            .collect();
        let clock = Arc::clone(&options.clock);
        let shared = Self {
            devices,
            faults: Mutex::default(),
            events: Arc::new(EventLog::new(format!("{:x}", clock.now().as_micros()))),
            tasks: Tasks::new(runtime),
            retry: options.retry,
            book: Mutex::new(MessageBook::new(options.max_messages)),
            absent: Mutex::new(options.without_whatsapp.clone()),
            requests: Mutex::new(Ring::new(MAX_REQUESTS, MAX_REQUEST_BYTES)),
            webhook_log: Mutex::new(Ring::new(MAX_WEBHOOK_LOG, MAX_WEBHOOK_LOG_BYTES)),
            targets: Mutex::new(targets),
            held: Mutex::default(),
            lanes,
            // Never the ids of an earlier run: whoever keeps them would take a new message for an old one.
            message_ids: AtomicU64::new(clock.now().as_micros().unsigned_abs() / 1_000),
            request_ids: AtomicU64::new(2_900_001),
            inbox_ids: AtomicU64::new(1),
            run: AtomicU64::new(0),
            clock,
            options,
        };
        Ok((Arc::new(shared), ends))
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn next_message_id(&self) -> u64 {
        self.message_ids.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn next_request_id(&self) -> u64 {
        self.request_ids.fetch_add(1, Ordering::SeqCst)
    }

    /// Grows with each reset.
    pub(crate) fn run(&self) -> u64 {
        self.run.load(Ordering::SeqCst)
    }

    pub(crate) fn on_whatsapp(&self, phone: &str) -> bool {
        !lock(&self.absent).contains(phone)
    }

    pub(crate) fn set_on_whatsapp(&self, phone: String, present: bool) {
        let mut absent = lock(&self.absent);
        if present {
            absent.remove(&phone);
        } else {
            absent.insert(phone);
        }
    }

    // Messages.

    /// Looks into the messages. Nothing else of this type may be called inside.
    pub(crate) fn with_book<T>(&self, look: impl FnOnce(&mut MessageBook) -> T) -> T {
        look(&mut lock(&self.book))
    }

    /// Puts a new message into its chat and shows it.
    pub(crate) fn add_message(&self, message: SandboxMessage) {
        let mut book = lock(&self.book);
        self.events.emit("message", Some(message.customer()), &message.to_json());
        self.status_webhook(&message);
        book.push(message);
    }

    /// Raises a message to a status, shows it and tells the application. Does nothing if it is as far already.
    pub(crate) fn advance(&self, id: &str, status: MessageStatus) -> bool {
        // The book stays locked until the webhook is queued, so that events of one message keep their order.
        let mut book = lock(&self.book);
        let Some(message) = book.advance(id, status) else { return false };
        let shown = json!({
            "id": message.id, "to": message.to, "from": message.from, "status": status.as_str(),
            "at": self.now().to_rfc3339(),
        });
        self.events.emit("status", Some(message.customer()), &shown);
        self.status_webhook(&message);
        true
    }

    /// The customer opens the chat: what was sent is delivered and read. Gives back how many messages that were.
    pub(crate) fn mark_read(&self, phone: &str) -> usize {
        let unread = self.with_book(|book| book.unread(phone));
        unread
            .iter()
            .filter(|id| {
                self.advance(id, MessageStatus::Delivered);
                self.advance(id, MessageStatus::Read)
            })
            .count()
    }

    /// The customer writes to the device that wrote to them last, or else to the first one.
    pub(crate) fn customer_writes(&self, from: &str, name: &str, text: &str) -> SandboxMessage {
        let device = self.with_book(|book| book.last_to(from).map(|last| last.from.clone()));
        let device = device.or_else(|| self.devices.first().map(|device| device.number.clone()));
        let message = SandboxMessage {
            id: self.next_message_id().to_string(),
            stateid: String::new(),
            direction: Direction::FromCustomer,
            from: from.to_owned(),
            to: device.unwrap_or_default(),
            text: text.to_owned(),
            attachment: None,
            at: self.now(),
            status: MessageStatus::Sent,
        };
        self.add_message(message.clone());
        if let Some(target) = self.target(WebhookKind::Incoming) {
            let inbox_id = self.inbox_ids.fetch_add(1, Ordering::SeqCst);
            let mut job = self.job(WebhookKind::Incoming, target, wire::incoming(&message, name, inbox_id));
            job.ticks = Some(message.id.clone());
            self.lanes.enqueue(from, job);
        }
        message
    }

    // The device.

    /// Connects or disconnects all devices.
    pub(crate) fn set_connected(&self, connected: bool) {
        for device in &self.devices {
            self.connect_device(device, connected);
        }
    }

    /// Connects or disconnects a device and tells the application. Says whether this changed anything.
    pub(crate) fn connect_device(&self, device: &Device, connected: bool) -> bool {
        let changed = device.set_connected(connected);
        if changed {
            self.events.emit("device", None, &json!({"device": device.number, "connected": connected}));
            if let Some(target) = self.target(WebhookKind::Connect) {
                let body = wire::connect(&device.number, connected, self.now());
                self.lanes.enqueue(&device.number, self.job(WebhookKind::Connect, target, body));
            }
        }
        changed
    }

    // Webhooks.

    pub(crate) fn set_target(&self, kind: WebhookKind, target: Option<Arc<Target>>) {
        let mut targets = lock(&self.targets);
        match target {
            Some(target) => targets.insert(kind, target),
            None => targets.remove(&kind),
        };
    }

    fn target(&self, kind: WebhookKind) -> Option<Arc<Target>> {
        lock(&self.targets).get(&kind).cloned()
    }

    fn job(&self, kind: WebhookKind, target: Arc<Target>, body: serde_json::Value) -> Job {
        Job { kind, target, body, ticks: None, run: self.run() }
    }

    /// Queues the status webhook for what a message has just become, with the faults planned for it.
    fn status_webhook(&self, message: &SandboxMessage) {
        let told = message.status >= MessageStatus::Sent && message.direction == Direction::ToCustomer;
        let Some(target) = self.target(WebhookKind::Status).filter(|_| told) else { return };
        let fault = lock(&self.faults).strike_webhook(&message.to, message.status);
        let now = self.now();
        let body = wire::status(message, self.options.full_status, now);
        let job = self.job(WebhookKind::Status, Arc::clone(&target), body);
        let queue = |job| self.lanes.enqueue(&message.to, job);
        match fault {
            Some(WebhookFault::Reorder) => {
                lock(&self.held).insert(message.id.clone(), job);
                return;
            }
            Some(WebhookFault::Drop) => {}
            Some(WebhookFault::Duplicate) => {
                queue(job.clone());
                queue(job);
            }
            Some(WebhookFault::StatusBeforeId) => {
                queue(self.job(WebhookKind::Status, target, wire::state_only(message, now)));
                queue(job);
            }
            None => queue(job),
        }
        let held = lock(&self.held).remove(&message.id);
        held.into_iter().for_each(queue);
    }

    // Records.

    pub(crate) fn record_request(&self, request: RecordedRequest) {
        let size = request.size();
        lock(&self.requests).push(request, size);
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.requests).iter().cloned().collect()
    }

    pub(crate) fn record_webhook(&self, attempt: WebhookAttempt) {
        let size = 256
            + attempt
                .body
                .as_object()
                .map_or(0, |fields| fields.values().map(|value| value.as_str().map_or(16, str::len)).sum());
        lock(&self.webhook_log).push(attempt, size);
    }

    pub(crate) fn webhook_log(&self) -> Vec<WebhookAttempt> {
        lock(&self.webhook_log).iter().cloned().collect()
    }

    // The whole.

    /// Back to how it started, but for the webhook URLs and the ids, which go on counting.
    pub(crate) fn reset(&self) {
        self.run.fetch_add(1, Ordering::SeqCst);
        self.tasks.reset();
        self.with_book(MessageBook::clear);
        lock(&self.faults).clear();
        lock(&self.held).clear();
        lock(&self.requests).clear();
        lock(&self.webhook_log).clear();
        lock(&self.absent).clone_from(&self.options.without_whatsapp);
        for device in &self.devices {
            device.reset(self.options.quota, self.options.connected);
        }
        self.events.emit("reset", None, &json!({}));
    }

    /// Ends the streams and every background task.
    pub(crate) fn stop(&self) {
        self.events.close();
        self.tasks.stop();
    }
}
