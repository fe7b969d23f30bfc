//! The state of one sandbox and every change to it. Providers, the ladder and the public handle all come here.

mod chat;
mod pairing;
mod telling;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::runtime::Handle;
use wartel_core::{Clock, Timestamp};

pub(crate) use pairing::PairingRefused;

use crate::builder::Options;
use crate::contacts::Contacts;
use crate::device::Devices;
use crate::error::SandboxError;
use crate::events::EventLog;
use crate::faults::FaultBook;
use crate::llm::Llm;
use crate::lock;
use crate::phone::MessageBook;
use crate::recorder::RecordedRequest;
use crate::ring::Ring;
use crate::tasks::Tasks;
use crate::webhooks::{Job, LaneEnds, Lanes, Target, WebhookAttempt};

const MAX_REQUESTS: usize = 2_000;
const MAX_REQUEST_BYTES: usize = 16 << 20;
const MAX_WEBHOOK_LOG: usize = 2_000;
const MAX_WEBHOOK_LOG_BYTES: usize = 16 << 20;

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) options: Options,
    pub(crate) clock: Arc<dyn Clock>,
    /// The sandbox's own base URL, without a slash at its end.
    pub(crate) url: String,
    pub(crate) devices: Devices,
    pub(crate) contacts: Contacts,
    pub(crate) faults: Mutex<FaultBook>,
    pub(crate) events: Arc<EventLog>,
    pub(crate) tasks: Tasks,
    /// The language model's script, faults and records.
    pub(crate) llm: Llm,
    book: Mutex<MessageBook>,
    /// Numbers without WhatsApp.
    absent: Mutex<HashSet<String>>,
    requests: Mutex<Ring<RecordedRequest>>,
    webhook_log: Mutex<Ring<WebhookAttempt>>,
    /// Events held back by [`WebhookFault`](crate::WebhookFault)s, by message id.
    held: Mutex<HashMap<String, Vec<Job>>>,
    lanes: Lanes,
    message_ids: AtomicU64,
    request_ids: AtomicU64,
    inbox_ids: AtomicU64,
    run: AtomicU64,
}

impl Shared {
    /// Builds the state from options that were checked; the lanes still have to be started.
    pub(crate) fn new(
        options: Options,
        url: String,
        runtime: Handle,
    ) -> Result<(Arc<Self>, LaneEnds), SandboxError> {
        let (lanes, ends) = Lanes::new();
        let devices = Devices::new(&options.tokens, |kind| options.start(kind));
        for ((provider, kind), url) in &options.webhooks {
            let target = Arc::new(Target::parse(url)?);
            for device in devices.of(*provider) {
                device.set_target(*kind, Some(Arc::clone(&target)));
            }
        }
        let clock = Arc::clone(&options.clock);
        let shared = Self {
            url,
            devices,
            contacts: Contacts::default(),
            faults: Mutex::default(),
            events: Arc::new(EventLog::new(format!("{:x}", clock.now().as_micros()))),
            tasks: Tasks::new(runtime),
            llm: Llm::default(),
            book: Mutex::new(MessageBook::new(options.max_messages)),
            absent: Mutex::new(options.without_whatsapp.clone()),
            requests: Mutex::new(Ring::new(MAX_REQUESTS, MAX_REQUEST_BYTES)),
            webhook_log: Mutex::new(Ring::new(MAX_WEBHOOK_LOG, MAX_WEBHOOK_LOG_BYTES)),
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

    /// The running number of a new message.
    pub(crate) fn next_message(&self) -> u64 {
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

    // Records.

    pub(crate) fn record_request(&self, request: RecordedRequest) {
        let size = request.size();
        lock(&self.requests).push(request, size);
    }

    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        lock(&self.requests).iter().cloned().collect()
    }

    pub(crate) fn record_webhook(&self, attempt: WebhookAttempt) {
        let size = attempt.size();
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
        self.llm.reset();
        lock(&self.held).clear();
        lock(&self.requests).clear();
        lock(&self.webhook_log).clear();
        lock(&self.absent).clone_from(&self.options.without_whatsapp);
        self.devices.reset(|kind| self.options.start(kind));
        self.events.emit("reset", None, &json!({}));
    }

    /// Ends the streams and every background task.
    pub(crate) fn stop(&self) {
        self.events.close();
        self.tasks.stop();
    }
}
