//! What the rows of the inbox have in common on all engines.

use bytes::Bytes;
use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::Authenticity;
use wartel_messaging::inbox::{
    Contact, ContactId, DeliveryId, InboxEntry, InboxEntryId, InboxEvent, InboxKind, LeasedInboxEntry,
    LoggedDelivery, StoredDelivery,
};

/// A column that does not hold what this program writes.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("a row has an unreadable {0}")]
pub(crate) struct Unreadable(pub(crate) &'static str);

impl Unreadable {
    pub(crate) fn at(self, step: &'static str) -> StoreError {
        StoreError::new(StoreErrorKind::Corrupt, step).with_source(self)
    }
}

type Read<T> = Result<T, Unreadable>;

pub(crate) const fn is_signed(authenticity: Authenticity) -> bool {
    matches!(authenticity, Authenticity::Signed)
}

const fn authenticity(signed: bool) -> Authenticity {
    if signed { Authenticity::Signed } else { Authenticity::TokenOnly }
}

fn tenant(text: &str) -> Read<TenantId> {
    TenantId::parse(text).map_err(|_| Unreadable("tenant"))
}

fn account(text: &str) -> Read<AccountId> {
    AccountId::parse(text).map_err(|_| Unreadable("account"))
}

fn delivery_id(text: &str) -> Read<DeliveryId> {
    DeliveryId::parse(text).map_err(|_| Unreadable("id"))
}

/// A list as one text; lists of texts always have a form in JSON.
pub(crate) fn json<T: serde::Serialize + ?Sized>(list: &T) -> String {
    serde_json::to_string(list).unwrap_or_else(|_| "[]".to_owned())
}

/// The names of consumers hold no comma.
pub(crate) fn taken(names: &[String]) -> String {
    names.join(",")
}

fn number(value: i64) -> usize {
    usize::try_from(value).unwrap_or_default()
}

/// A contact as it stands in its row.
#[derive(Debug, Clone)]
pub(crate) struct ContactRow {
    pub(crate) id: String,
    pub(crate) phone: Option<String>,
    pub(crate) lid: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) created_at: i64,
}

impl ContactRow {
    pub(crate) fn of(contact: &Contact) -> Self {
        Self {
            id: contact.id.to_string(),
            phone: contact.phone.as_ref().map(|phone| phone.e164().to_owned()),
            lid: contact.lid.as_ref().map(Jid::to_wire),
            name: contact.name.clone(),
            created_at: contact.created_at.as_micros(),
        }
    }

    pub(crate) fn read(self) -> Read<Contact> {
        let id = ContactId::parse(&self.id).map_err(|_| Unreadable("id"))?;
        let phone = self.phone.map(|phone| PhoneNumber::from_e164(&phone)).transpose();
        let lid = self.lid.map(|lid| Jid::parse(&lid)).transpose();
        let phone = phone.map_err(|_| Unreadable("phone"))?;
        let lid = lid.map_err(|_| Unreadable("lid"))?;
        let created_at = Timestamp::from_micros(self.created_at);
        // What is known of a contact may be nothing: the number went to somebody else.
        let mut contact = Contact::blank(id, created_at).with_name(self.name);
        contact.phone = phone;
        contact.lid = lid;
        Ok(contact)
    }
}

/// An entry as it stands in its row.
#[derive(Debug)]
pub(crate) struct EntryRow {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) account: String,
    pub(crate) kind: String,
    pub(crate) event: String,
    pub(crate) signed: bool,
    pub(crate) received_at: i64,
    pub(crate) fence: i64,
    pub(crate) refusals: i64,
    pub(crate) taken: String,
    pub(crate) contact: Option<ContactRow>,
}

impl EntryRow {
    pub(crate) fn read(self) -> Read<LeasedInboxEntry> {
        let kind: InboxKind = self.kind.parse().map_err(|_| Unreadable("kind"))?;
        let entry = InboxEntry::new(
            InboxEntryId::parse(&self.id).map_err(|_| Unreadable("id"))?,
            tenant(&self.tenant)?,
            account(&self.account)?,
            authenticity(self.signed),
            InboxEvent::from_stored(kind, &self.event).ok_or(Unreadable("event"))?,
            Timestamp::from_micros(self.received_at),
        );
        let entry = entry.with_contact(self.contact.map(ContactRow::read).transpose()?);
        let taken = self.taken.split(',').filter(|name| !name.is_empty()).map(str::to_owned).collect();
        let refusals = u32::try_from(self.refusals).unwrap_or_default();
        Ok(LeasedInboxEntry::new(entry, self.fence.max(0).unsigned_abs(), refusals, taken))
    }
}

/// A line of the log as it stands in its row, without the body.
#[derive(Debug)]
pub(crate) struct LogRow {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) signed: bool,
    pub(crate) received_at: i64,
    pub(crate) bytes: i64,
    pub(crate) events: i64,
    pub(crate) added: i64,
    pub(crate) ignored: String,
    pub(crate) replays: i64,
}

impl LogRow {
    pub(crate) fn read(self) -> Read<LoggedDelivery> {
        let received_at = Timestamp::from_micros(self.received_at);
        let (id, account) = (delivery_id(&self.id)?, account(&self.account)?);
        let ignored = serde_json::from_str(&self.ignored).map_err(|_| Unreadable("ignored"))?;
        let line =
            LoggedDelivery::new(id, account, authenticity(self.signed), received_at, number(self.bytes));
        let replays = u32::try_from(self.replays).unwrap_or_default();
        Ok(line
            .with_events(number(self.events), number(self.added))
            .with_ignored(ignored)
            .with_replays(replays))
    }
}

/// A delivery as it stands in its row, to be decoded again.
#[derive(Debug)]
pub(crate) struct DeliveryRow {
    pub(crate) id: String,
    pub(crate) tenant: String,
    pub(crate) account: String,
    pub(crate) signed: bool,
    pub(crate) headers: String,
    pub(crate) body: Vec<u8>,
    pub(crate) received_at: i64,
}

impl DeliveryRow {
    pub(crate) fn read(self) -> Read<StoredDelivery> {
        let headers = serde_json::from_str(&self.headers).map_err(|_| Unreadable("headers"))?;
        let stored = StoredDelivery::new(
            delivery_id(&self.id)?,
            tenant(&self.tenant)?,
            account(&self.account)?,
            authenticity(self.signed),
            Bytes::from(self.body),
            Timestamp::from_micros(self.received_at),
        );
        Ok(stored.with_headers(headers))
    }
}
