//! What happens in the chats: messages come, climb and are read.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use serde_json::json;
use wartel_core::Timestamp;

use super::Shared;
use crate::customer::{CustomerMessage, Extra};
use crate::device::Device;
use crate::lock;
use crate::phone::{Direction, MessageBook, MessageStatus, SandboxMessage, phone_key};
use crate::provider::{Chat, Event, Inbound, Origin, Shown, hex_id};

impl Shared {
    /// Looks into the messages. Nothing else of this type may be called inside.
    pub(crate) fn with_book<T>(&self, look: impl FnOnce(&mut MessageBook) -> T) -> T {
        look(&mut lock(&self.book))
    }

    /// A new message's id, as its device's provider writes them, and a `stateid`.
    pub(crate) fn new_ids(&self, device: &Device) -> (String, String) {
        let number = self.next_message();
        let id = device.kind.fake().map_or_else(|| hex_id(number), |fake| fake.message_id(number));
        // Multiplied by an odd constant: different for each message, and without a likeness to its id.
        (id, format!("3EB0{:012X}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 16))
    }

    /// Puts a new message into its chat, shows it and tells the application what became of it already.
    pub(crate) fn add_message(&self, device: &Device, message: SandboxMessage) {
        let mut book = lock(&self.book);
        self.events.emit("message", Some(message.customer()), &message.to_json());
        self.tell_status(device, &message);
        book.push(message);
    }

    /// Raises a message to a status, shows it and tells the application. Does nothing if it is as far already.
    pub(crate) fn advance(&self, id: &str, status: MessageStatus) -> bool {
        // The book stays locked until the webhook is queued, so that events of one message keep their order.
        let mut book = lock(&self.book);
        let advanced = book.advance(id, status);
        self.advanced(advanced.as_ref())
    }

    /// Makes a message `Invalid` for the reason that the provider's code names. Says whether it was possible.
    pub(crate) fn fail(&self, id: &str, code: &str) -> bool {
        let mut book = lock(&self.book);
        let failed = book.fail(id, code);
        self.advanced(failed.as_ref())
    }

    fn advanced(&self, message: Option<&SandboxMessage>) -> bool {
        let Some(message) = message else { return false };
        let shown = json!({
            "id": message.id, "to": message.to, "from": message.from, "status": message.status.as_str(),
            "at": self.now().to_rfc3339(),
        });
        self.events.emit("status", Some(message.customer()), &shown);
        if let Some(device) = self.devices.with_number(&message.from) {
            self.tell_status(&device, message);
        }
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

    /// The device that wrote last to this customer, or else the first one.
    pub(crate) fn device_of(&self, phone: &str) -> Arc<Device> {
        let number = self.with_book(|book| book.last_to(phone).map(|last| last.from.clone()));
        let device = number.and_then(|number| self.devices.with_number(&number));
        device.unwrap_or_else(|| Arc::clone(&self.devices.first))
    }

    /// Somebody writes on a phone: a customer, or the person at the device's own. What is written in a group or as a
    /// status post stands in no customer's chat.
    pub(crate) fn write(&self, device: &Device, written: &CustomerMessage) -> SandboxMessage {
        let phone = phone_key(&written.phone);
        let own = written.from_own_phone;
        let (id, stateid) = self.new_ids(device);
        let (from, to) = if own { (&device.number, &phone) } else { (&phone, &device.number) };
        let message = SandboxMessage {
            provider: device.kind,
            id,
            stateid,
            direction: if own { Direction::ToCustomer } else { Direction::FromCustomer },
            from: from.clone(),
            to: to.clone(),
            text: written.text.clone(),
            attachment: written.extra.attachment(),
            at: self.now(),
            // What the owner wrote is on the customer's phone at once: no status of it is told.
            status: if own { MessageStatus::Delivered } else { MessageStatus::Sent },
            failure: None,
            callback: None,
        };
        let chat = match &written.group {
            _ if written.story => Chat::Story,
            Some(group) => Chat::Group(group),
            None => Chat::Private,
        };
        if chat == Chat::Private {
            let mut book = lock(&self.book);
            self.events.emit("message", Some(message.customer()), &message.to_json());
            book.push(message.clone());
        }
        let lid = self.contacts.lid(&phone);
        let mut inbound = Inbound {
            message: &message,
            phone: &phone,
            lid: &lid,
            shown: written.shown,
            name: &written.name,
            chat,
            origin: if own { Origin::OwnPhone } else { Origin::Customer },
            extra: &written.extra,
            quotes: written.quotes.as_deref(),
            serial: self.inbox_ids.fetch_add(1, Ordering::SeqCst),
        };
        if written.shown == Shown::Twice {
            inbound.shown = Shown::Phone;
            self.tell_message(device, &inbound);
            inbound.shown = Shown::Lid;
        }
        self.tell_message(device, &inbound);
        message
    }

    /// Shows providers that echo them the messages that the application sends.
    pub(crate) fn echo(&self, device: &Device, message: &SandboxMessage) {
        if message.to.contains('@') {
            return;
        }
        let lid = self.contacts.lid(&message.to);
        self.tell_message(
            device,
            &Inbound {
                message,
                phone: &message.to,
                lid: &lid,
                shown: Shown::Phone,
                name: "",
                chat: Chat::Private,
                origin: Origin::Api,
                extra: &Extra::Nothing,
                quotes: None,
                serial: 0,
            },
        );
    }

    /// Until when this device may not write to this customer, because WhatsApp lets it answer only.
    pub(crate) fn new_chat_locked(&self, device: &Device, phone: &str) -> Option<Timestamp> {
        let until = device.timelock(self.now())?;
        let answers = self.with_book(|book| book.wrote(phone, &device.number));
        (!answers).then_some(until)
    }

    /// Whether this customer wrote to the device within this time.
    pub(crate) fn wrote_within(&self, phone: &str, device: &Device, time: Duration) -> bool {
        let last = self.with_book(|book| book.last_written(phone, &device.number));
        last.is_some_and(|at| self.now().since(at) < time)
    }

    fn tell_message(&self, device: &Device, inbound: &Inbound<'_>) {
        // A customer's tick in a private chat shows that the application took the message.
        let ticks = inbound.chat == Chat::Private && inbound.origin == Origin::Customer;
        let id = ticks.then_some(inbound.message.id.as_str());
        self.tell(device, inbound.phone, &Event::Message(*inbound), id);
    }
}
