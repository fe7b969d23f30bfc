//! The way of a message from the provider to the phone: pending, sent, delivered; or invalid.

use std::sync::Arc;
use std::time::Duration;

use crate::device::Device;
use crate::phone::{Direction, MessageStatus, SandboxMessage};
use crate::shared::Shared;

/// A message that the provider has accepted.
#[derive(Debug)]
pub(crate) struct Outgoing {
    /// The number in digits, or a group id.
    pub(crate) to: String,
    pub(crate) text: String,
    pub(crate) attachment: Option<String>,
    /// The time until it may be sent: its schedule and the delay between targets.
    pub(crate) wait: Duration,
    /// Whether it waits for a time of day that the caller chose.
    pub(crate) scheduled: bool,
}

/// Takes a message over and starts it on its way; gives back its id.
pub(crate) fn accept(shared: &Arc<Shared>, device: &Arc<Device>, outgoing: Outgoing) -> String {
    let number = shared.next_message_id();
    let id = number.to_string();
    let on_whatsapp = shared.on_whatsapp(&outgoing.to);
    let at_once = outgoing.wait.is_zero()
        && shared.options.sent_after.is_zero()
        && device.is_connected()
        && on_whatsapp;
    shared.add_message(SandboxMessage {
        id: id.clone(),
        // Multiplied by an odd constant: different for each message, and without a likeness to its id.
        stateid: format!("3EB0{:012X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16),
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
    });
    let climber = Climber {
        shared: Arc::clone(shared),
        device: Arc::clone(device),
        id: id.clone(),
        wait: outgoing.wait,
        on_whatsapp,
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
    on_whatsapp: bool,
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
            if !self.on_whatsapp {
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
