//! The way of a message from the provider to the phone: pending, sent, delivered; or invalid.

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::phone::{Direction, MessageStatus, SandboxMessage};
use crate::shared::Shared;
use crate::webhooks::Target;

/// A message that the provider has accepted.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    /// The number in digits, or a group id.
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) attachment: Option<String>,
    /// The time until it may be sent: its schedule and the delay between targets.
    pub(crate) wait: Duration,
    /// Whether it waits for a time of day that the caller chose.
    pub(crate) scheduled: bool,
    /// The id that the caller chose, where a provider allows that. Default: the provider's next one.
    pub(crate) id: Option<String>,
    /// Where its status webhooks go. Default: to the device's target.
    pub(crate) callback: Option<Arc<Target>>,
}

/// Takes a message over and starts it on its way; gives back its id.
pub(crate) fn accept(shared: &Arc<Shared>, device: &Arc<Device>, outgoing: Outgoing) -> String {
    let (given, stateid) = shared.new_ids(device);
    let id = outgoing.id.unwrap_or(given);
    // A provider that does not refuse a cold message itself learns afterwards that it never left.
    let arrives = shared.on_whatsapp(&outgoing.to) && shared.new_chat_locked(device, &outgoing.to).is_none();
    let at_once =
        outgoing.wait.is_zero() && shared.options.sent_after.is_zero() && device.is_connected() && arrives;
    let message = SandboxMessage {
        provider: device.kind,
        id: id.clone(),
        stateid,
        direction: Direction::ToCustomer,
        from: device.number.clone(),
        to: outgoing.to,
        text: outgoing.text,
        attachment: outgoing.attachment,
        at: shared.now(),
        status: match (at_once, outgoing.scheduled) {
            (true, _) => MessageStatus::Sent,
            (false, true) => MessageStatus::Waiting,
            (false, false) => MessageStatus::Pending,
        },
        failure: None,
        callback: outgoing.callback,
    };
    shared.echo(device, &message);
    shared.add_message(device, message);
    let climber = Climber {
        shared: Arc::clone(shared),
        device: Arc::clone(device),
        id: id.clone(),
        wait: outgoing.wait,
        arrives,
        sent: at_once,
    };
    shared.tasks.spawn_until_reset(climber.climb());
    id
}

struct Climber {
    shared: Arc<Shared>,
    device: Arc<Device>,
    id: String,
    wait: Duration,
    arrives: bool,
    sent: bool,
}

impl Climber {
    async fn climb(self) {
        let options = &self.shared.options;
        if !self.sent {
            tokio::time::sleep(self.wait).await;
            self.shared.advance(&self.id, MessageStatus::Pending);
            self.device.until_connected().await;
            tokio::time::sleep(options.sent_after).await;
            if !self.arrives {
                tokio::time::sleep(options.delivered_after).await;
                self.shared.advance(&self.id, MessageStatus::Invalid);
                return;
            }
            self.shared.advance(&self.id, MessageStatus::Sent);
        }
        tokio::time::sleep(options.delivered_after).await;
        self.shared.advance(&self.id, MessageStatus::Delivered);
    }
}
