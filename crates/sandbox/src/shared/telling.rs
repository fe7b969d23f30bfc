//! What the application is told by webhook, and what goes wrong with it on purpose.

use std::sync::Arc;

use super::Shared;
use crate::device::Device;
use crate::faults::WebhookFault;
use crate::lock;
use crate::phone::{Direction, MessageStatus, SandboxMessage};
use crate::provider::Event;
use crate::webhooks::Job;

impl Shared {
    /// Tells the application of an event, if the device's provider has a webhook for it and somewhere to send it.
    /// `key` keeps events in order: those of one customer come one after another. `ticks` is the message from a customer
    /// that gets its second tick when the webhook is taken.
    pub(crate) fn tell(&self, device: &Device, key: &str, event: &Event<'_>, ticks: Option<&str>) {
        for mut job in self.jobs(device, event) {
            job.ticks = ticks.map(str::to_owned);
            self.lanes.enqueue(key, job);
        }
    }

    fn jobs(&self, device: &Device, event: &Event<'_>) -> Vec<Job> {
        let callback = match event {
            Event::Status(message) | Event::StatusBeforeId(message) => message.callback.clone(),
            _ => None,
        };
        let target = callback.or_else(|| device.target(event.kind()));
        let (Some(provider), Some(target), false) = (device.kind.fake(), target, device.is_deaf()) else {
            return Vec::new();
        };
        let webhooks = provider.webhooks(self, device, &target, event);
        let job = |webhook| Job {
            kind: event.kind(),
            provider,
            target: Arc::clone(&target),
            webhook,
            ticks: None,
            run: self.run(),
        };
        webhooks.into_iter().map(job).collect()
    }

    /// Queues the status webhook for what a message has just become, with the faults planned for it.
    pub(super) fn tell_status(&self, device: &Device, message: &SandboxMessage) {
        if message.status < MessageStatus::Sent || message.direction != Direction::ToCustomer {
            return;
        }
        let jobs = self.jobs(device, &Event::Status(message));
        if jobs.is_empty() {
            return;
        }
        let fault = lock(&self.faults).strike_webhook(device.kind, &message.to, message.status);
        let queue = |jobs: Vec<Job>| {
            for job in jobs {
                self.lanes.enqueue(&message.to, job);
            }
        };
        match fault {
            Some(WebhookFault::Reorder | WebhookFault::ReadFirst) => {
                lock(&self.held).entry(message.id.clone()).or_default().extend(jobs);
                return;
            }
            Some(WebhookFault::Drop) => {}
            Some(WebhookFault::Duplicate) => {
                queue(jobs.clone());
                queue(jobs);
            }
            Some(WebhookFault::StatusBeforeId) => {
                queue(self.jobs(device, &Event::StatusBeforeId(message)));
                queue(jobs);
            }
            None => queue(jobs),
        }
        let held = lock(&self.held).remove(&message.id);
        queue(held.unwrap_or_default());
    }
}
