//! The inbox in memory: for tests and for programs that may forget what came in when they end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use wartel_core::{AccountId, Jid, PhoneNumber, StoreError, TenantId, Timestamp};

use super::contact::{Contact, ContactId, Sighting};
use super::delivery::{Delivery, DeliveryId, LogQuery, LoggedDelivery, NewEntry, Recorded, StoredDelivery};
use super::entry::{
    InboxEntry, InboxEntryId, InboxEvent, InboxKind, InboxOutcome, InboxState, LeasedInboxEntry,
};
use super::forget::{Forgotten, Mentions};
use super::{Inbox, MAX_LAPSES};
use crate::inbound::ContactAddress;

/// The inbox in memory. Clones share the same entries.
#[derive(Debug, Clone, Default)]
pub struct MemoryInbox {
    rows: Arc<Mutex<Rows>>,
}

#[derive(Debug, Default)]
struct Rows {
    contacts: HashMap<ContactId, Owned>,
    /// By number and by LID, as they are written on the wire.
    addresses: HashMap<(TenantId, String), ContactId>,
    /// In the order in which they were recorded.
    entries: BTreeMap<u64, Row>,
    /// Those that are not settled.
    open: BTreeSet<u64>,
    by_key: HashMap<Place, u64>,
    by_id: HashMap<InboxEntryId, u64>,
    deliveries: BTreeMap<DeliveryId, Logged>,
    next_number: u64,
}

#[derive(Debug)]
struct Owned {
    tenant: TenantId,
    contact: Contact,
    merged_into: Option<ContactId>,
}

/// What tells an entry from all others.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Place {
    tenant: TenantId,
    account: AccountId,
    lane: String,
    key: String,
}

#[derive(Debug)]
struct Row {
    place: Place,
    /// The contact in it is left out; it is looked up when the entry is handed out.
    entry: InboxEntry,
    contact: Option<ContactId>,
    status: Status,
    fence: u64,
    lapses: u32,
    refusals: u32,
    taken: Vec<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    Queued { due_at: Timestamp },
    Processing { until: Timestamp },
    Done,
    Dead,
}

#[derive(Debug)]
struct Logged {
    tenant: TenantId,
    line: LoggedDelivery,
    stored: StoredDelivery,
}

impl Row {
    const fn is_settled(&self) -> bool {
        matches!(self.status, Status::Done | Status::Dead)
    }

    /// Since when it waits to be leased; `None` if it is not due.
    fn due_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self.status {
            Status::Queued { due_at: at } | Status::Processing { until: at } => (at <= now).then_some(at),
            Status::Done | Status::Dead => None,
        }
    }

    /// Of two that are the same message, the one with the lower rank stays.
    const fn rank(&self) -> u8 {
        match (self.is_settled(), self.fence) {
            (true, _) => 0,
            (false, 1..) => 1,
            (false, 0) => 2,
        }
    }
}

impl MemoryInbox {
    /// An empty inbox.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Rows {
    /// The contacts that have the number and the LID of an address.
    fn known(&self, tenant: &TenantId, address: &ContactAddress) -> (Option<Contact>, Option<Contact>) {
        let find = |key: Option<String>| {
            let id = self.addresses.get(&(tenant.clone(), key?))?;
            self.contacts.get(id).map(|owned| owned.contact.clone())
        };
        let by_phone = find(address.phone.as_ref().map(|phone| phone.e164().to_owned()));
        (by_phone, find(address.lid.as_ref().map(Jid::to_wire)))
    }

    /// Carries out what a sighting means, and answers whose it is.
    fn carry_out(&mut self, tenant: &TenantId, seen: Sighting) -> ContactId {
        let id = seen.contact.id;
        if let Some(bereft) = seen.bereft {
            self.put(tenant, bereft);
        }
        if let Some(merged) = seen.merged {
            self.merge(tenant, merged, id);
        }
        if seen.is_new || seen.is_changed {
            self.put(tenant, seen.contact);
        }
        id
    }

    fn put(&mut self, tenant: &TenantId, contact: Contact) {
        let id = contact.id;
        self.addresses.retain(|_, owner| *owner != id);
        let keys =
            [contact.phone.as_ref().map(|p| p.e164().to_owned()), contact.lid.as_ref().map(Jid::to_wire)];
        for key in keys.into_iter().flatten() {
            self.addresses.insert((tenant.clone(), key), id);
        }
        self.contacts.insert(id, Owned { tenant: tenant.clone(), contact, merged_into: None });
    }

    /// Gives the entries of one contact to another.
    fn merge(&mut self, tenant: &TenantId, from: ContactId, into: ContactId) {
        self.addresses.retain(|_, owner| *owner != from);
        for owned in self.contacts.values_mut() {
            if owned.contact.id == from {
                owned.contact.phone = None;
                owned.contact.lid = None;
            }
            if owned.contact.id == from || owned.merged_into == Some(from) {
                owned.merged_into = Some(into);
            }
        }
        let lane = from.to_string();
        let moving: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, row)| row.place.tenant == *tenant && row.place.lane == lane)
            .map(|(number, _)| *number)
            .collect();
        for number in moving {
            let Some(row) = self.entries.get(&number) else { continue };
            let place = Place { lane: into.to_string(), ..row.place.clone() };
            if let Some(twin) = self.by_key.get(&place).copied() {
                let rank = |number| self.entries.get(&number).map(|row: &Row| (row.rank(), number));
                let goes = if rank(twin) < rank(number) { number } else { twin };
                self.remove(goes);
                if goes == number {
                    continue;
                }
            }
            if let Some(row) = self.entries.get_mut(&number) {
                self.by_key.remove(&row.place);
                self.by_key.insert(place.clone(), number);
                row.place = place;
                row.contact = Some(into);
            }
        }
    }

    fn remove(&mut self, number: u64) {
        self.open.remove(&number);
        if let Some(row) = self.entries.remove(&number) {
            self.by_id.remove(&row.entry.id);
            self.by_key.remove(&row.place);
        }
    }

    /// Records one entry. Answers whether it is new, and whether it is handed out again.
    fn record(&mut self, delivery: &Delivery, new: &NewEntry, now: Timestamp) -> (bool, bool) {
        let tenant = &delivery.tenant;
        let contact = new.contact.as_ref().map(|address| {
            let (by_phone, by_lid) = self.known(tenant, address);
            let name = new.name.as_deref();
            let seen = Sighting::of(address, name, by_phone, by_lid, ContactId::from(new.id), now);
            self.carry_out(tenant, seen)
        });
        let place = Place {
            tenant: delivery.tenant.clone(),
            account: delivery.account.clone(),
            lane: new.lane(contact),
            key: new.key.clone(),
        };
        if let Some((number, known)) =
            self.by_key.get(&place).and_then(|number| Some((*number, self.entries.get_mut(number)?)))
        {
            let again = delivery.again && known.is_settled();
            if again {
                self.open.insert(number);
                known.status = Status::Queued { due_at: now };
                known.lapses = 0;
                known.refusals = 0;
                known.taken.clear();
            }
            return (false, again);
        }
        let number = self.next_number;
        self.next_number += 1;
        let entry = InboxEntry::new(
            new.id,
            delivery.tenant.clone(),
            delivery.account.clone(),
            delivery.authenticity,
            // In the form in which it is kept elsewhere, so that it is bounded and read as there.
            InboxEvent::from_stored(new.kind(), &new.event.to_stored()).unwrap_or_else(|| new.event.clone()),
            now,
        );
        let status = Status::Queued { due_at: now };
        let row = Row {
            place: place.clone(),
            entry,
            contact,
            status,
            fence: 0,
            lapses: 0,
            refusals: 0,
            taken: Vec::new(),
        };
        self.by_key.insert(place, number);
        self.by_id.insert(new.id, number);
        self.entries.insert(number, row);
        self.open.insert(number);
        (true, false)
    }

    fn is_blocked(&self, number: u64, kinds: &[InboxKind]) -> bool {
        let Some(row) = self.entries.get(&number).filter(|row| !row.place.lane.is_empty()) else {
            return false;
        };
        let same = |other: &Row| {
            other.place.tenant == row.place.tenant
                && other.place.account == row.place.account
                && other.place.lane == row.place.lane
        };
        let mut earlier = self.open.range(..number).filter_map(|number| self.entries.get(number));
        earlier.any(|other| same(other) && kinds.contains(&other.entry.kind()))
    }

    fn log(&mut self, delivery: Delivery, recorded: Recorded, now: Timestamp) {
        let Delivery { id, tenant, account, authenticity, headers, body, ignored, events, .. } = delivery;
        let fresh = || Logged {
            tenant: tenant.clone(),
            line: LoggedDelivery::new(id, account.clone(), authenticity, now, body.len()),
            stored: StoredDelivery::new(id, tenant.clone(), account.clone(), authenticity, body.clone(), now)
                .with_headers(headers),
        };
        let known = self.deliveries.contains_key(&id);
        let logged = self.deliveries.entry(id).or_insert_with(fresh);
        logged.line.events = events;
        logged.line.ignored = ignored;
        logged.line.new += recorded.new;
        logged.line.replays += u32::from(known);
    }
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl Inbox for MemoryInbox {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        let mut rows = self.rows();
        let mut recorded = Recorded::default();
        for new in &delivery.entries {
            let (is_new, again) = rows.record(&delivery, new, now);
            recorded.new += usize::from(is_new);
            recorded.known += usize::from(!is_new);
            recorded.again += usize::from(again);
        }
        rows.log(delivery, recorded, now);
        Ok(recorded)
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        let mut rows = self.rows();
        let mut due: Vec<(Timestamp, u64)> = rows
            .open
            .iter()
            .filter_map(|number| rows.entries.get(number).map(|row| (*number, row)))
            .filter(|(_, row)| kinds.contains(&row.entry.kind()))
            .filter_map(|(number, row)| Some((row.due_since(now)?, number)))
            .collect();
        due.sort_unstable();
        let mut leased = Vec::new();
        for (_, number) in due {
            if leased.len() >= limit {
                break;
            }
            if rows.is_blocked(number, kinds) {
                continue;
            }
            let Some(row) = rows.entries.get_mut(&number) else { continue };
            if row.lapses >= MAX_LAPSES {
                row.status = Status::Dead;
                rows.open.remove(&number);
                continue;
            }
            row.fence += 1;
            row.lapses += 1;
            row.status = Status::Processing { until: now + lease };
            let (entry, contact) = (row.entry.clone(), row.contact);
            let (fence, refusals, taken) = (row.fence, row.refusals, row.taken.clone());
            let contact = contact.and_then(|id| rows.contacts.get(&id)).map(|owned| owned.contact.clone());
            leased.push(LeasedInboxEntry::new(entry.with_contact(contact), fence, refusals, taken));
        }
        Ok(leased)
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let mut rows = self.rows();
        let Some(number) = rows.by_id.get(&id).copied() else { return Ok(false) };
        let Some(row) = rows.entries.get_mut(&number) else { return Ok(false) };
        if row.fence != fence || !matches!(row.status, Status::Processing { .. }) {
            return Ok(false);
        }
        match outcome {
            InboxOutcome::Done => row.status = Status::Done,
            InboxOutcome::Dead => row.status = Status::Dead,
            InboxOutcome::Retry { at, taken } => {
                row.status = Status::Queued { due_at: *at };
                row.lapses = 0;
                row.refusals = row.refusals.saturating_add(1);
                row.taken.clone_from(taken);
            }
            InboxOutcome::Release => {
                row.status = Status::Queued { due_at: now };
                row.lapses = row.lapses.saturating_sub(1);
            }
        }
        if row.is_settled() {
            rows.open.remove(&number);
        }
        Ok(true)
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        let address = ContactAddress::linked(phone, lid);
        let mut rows = self.rows();
        let (by_phone, by_lid) = rows.known(tenant, &address);
        let seen = Sighting::of_link(&address, by_phone, by_lid, now);
        Ok(seen.map(|seen| rows.carry_out(tenant, seen)))
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        let rows = self.rows();
        let of = |id: ContactId| rows.contacts.get(&id).filter(|owned| owned.tenant == *tenant);
        let found = of(id).and_then(|owned| owned.merged_into.map_or(Some(owned), of));
        Ok(found.map(|owned| owned.contact.clone()))
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        let rows = self.rows();
        let row = rows.by_id.get(&id).and_then(|number| rows.entries.get(number));
        Ok(row.map(|row| match row.status {
            Status::Queued { .. } => InboxState::Queued,
            Status::Processing { .. } => InboxState::Processing,
            Status::Done => InboxState::Done,
            Status::Dead => InboxState::Dead,
        }))
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        let rows = self.rows();
        let merged_into = rows.contacts.get(&contact).and_then(|owned| owned.merged_into);
        let lane = merged_into.unwrap_or(contact).to_string();
        Ok(rows.open.iter().filter_map(|number| rows.entries.get(number)).any(|row| {
            row.place.tenant == *tenant
                && row.place.account == *account
                && row.place.lane == lane
                && matches!(row.entry.kind(), InboxKind::Message | InboxKind::Echo)
                && row.taken.iter().all(|name| name != consumer)
        }))
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        let rows = self.rows();
        let lines = rows
            .deliveries
            .values()
            .rev()
            .filter(|logged| logged.tenant == *tenant)
            .filter(|logged| query.account.as_ref().is_none_or(|account| logged.line.account == *account))
            .filter(|logged| query.before.is_none_or(|before| logged.line.id < before));
        Ok(lines.take(query.limit).map(|logged| logged.line.clone()).collect())
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        let rows = self.rows();
        let logged = rows.deliveries.get(&id).filter(|logged| logged.tenant == *tenant);
        Ok(logged.map(|logged| logged.stored.clone()))
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut rows = self.rows();
        let entries: Vec<u64> = rows
            .entries
            .iter()
            .filter(|(_, row)| row.entry.received_at < received_before)
            .map(|(number, _)| *number)
            .take(limit)
            .collect();
        let deliveries: Vec<DeliveryId> = rows
            .deliveries
            .values()
            .filter(|logged| logged.line.received_at < received_before)
            .map(|logged| logged.line.id)
            .take(limit)
            .collect();
        for number in &entries {
            rows.remove(*number);
        }
        for id in &deliveries {
            rows.deliveries.remove(id);
        }
        Ok(entries.len() + deliveries.len())
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        let mut rows = self.rows();
        let (known, _) = rows.known(tenant, &phone.clone().into());
        let mentions = Mentions::of(phone, known.as_ref().and_then(|contact| contact.lid.as_ref()));
        let mut forgotten = Forgotten::default();
        for logged in rows.deliveries.values_mut().filter(|logged| logged.tenant == *tenant) {
            if mentions.are_in(&logged.stored.body) {
                logged.stored.body = Bytes::new();
                logged.stored.headers.clear();
                logged.line.bytes = 0;
                forgotten.bodies += 1;
            }
        }
        let Some(id) = known.map(|contact| contact.id) else { return Ok(forgotten) };
        let lane = id.to_string();
        let theirs = |row: &Row| row.place.tenant == *tenant && row.place.lane == lane;
        let entries: Vec<u64> =
            rows.entries.iter().filter(|(_, row)| theirs(row)).map(|(number, _)| *number).collect();
        for number in &entries {
            rows.remove(*number);
        }
        rows.addresses.retain(|_, owner| *owner != id);
        rows.contacts.retain(|known, owned| *known != id && owned.merged_into != Some(id));
        forgotten.contacts = 1;
        forgotten.entries = entries.len();
        Ok(forgotten)
    }
}
