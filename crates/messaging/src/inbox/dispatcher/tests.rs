use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::HeaderMap;
use tokio::sync::{Semaphore, SemaphorePermit, oneshot};
use wartel_core::{AccountId, ManualClock, StoreErrorKind, Timestamp};

use super::*;
use crate::inbox::{
    Contact, ContactId, DeliveryId, Forgotten, InboxEntryId, InboxEvent, InboxState, LogQuery,
    LoggedDelivery, MemoryInbox, StoredDelivery,
};
use crate::testing::sample_phone;
use crate::{
    Authenticity, ContactAddress, InboundContent, InboundEvent, InboundMessage, LidLookup, RetryAdvice,
    SendError, SendErrorKind,
};

/// A memory inbox that fails as often as it was told to, at settling or at leasing.
#[derive(Debug, Default)]
struct Flaky {
    inner: MemoryInbox,
    settle_failures: AtomicUsize,
    lease_failures: AtomicUsize,
    /// How many may ask at once, as a pool of connections has it. Whoever settles holds a place for a while.
    places: Option<Semaphore>,
}

impl Flaky {
    async fn place(&self) -> Option<SemaphorePermit<'_>> {
        Some(self.places.as_ref()?.acquire().await.unwrap())
    }
}

fn fails(left: &AtomicUsize) -> Result<(), StoreError> {
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(StoreError::new(StoreErrorKind::Unavailable, "inbox")),
        Err(_) => Ok(()),
    }
}

#[async_trait::async_trait]
impl Inbox for Flaky {
    async fn record(&self, delivery: Delivery, now: Timestamp) -> Result<Recorded, StoreError> {
        self.inner.record(delivery, now).await
    }

    async fn lease(
        &self,
        kinds: &[InboxKind],
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedInboxEntry>, StoreError> {
        fails(&self.lease_failures)?;
        let _place = self.place().await;
        self.inner.lease(kinds, limit, lease, now).await
    }

    async fn settle(
        &self,
        id: InboxEntryId,
        fence: u64,
        outcome: &InboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        fails(&self.settle_failures)?;
        let _place = self.place().await;
        tokio::task::yield_now().await;
        self.inner.settle(id, fence, outcome, now).await
    }

    async fn link(
        &self,
        tenant: &TenantId,
        lid: &Jid,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<Option<ContactId>, StoreError> {
        self.inner.link(tenant, lid, phone, now).await
    }

    async fn contact(&self, tenant: &TenantId, id: ContactId) -> Result<Option<Contact>, StoreError> {
        self.inner.contact(tenant, id).await
    }

    async fn state(&self, id: InboxEntryId) -> Result<Option<InboxState>, StoreError> {
        self.inner.state(id).await
    }

    async fn waits(
        &self,
        consumer: &str,
        tenant: &TenantId,
        account: &AccountId,
        contact: ContactId,
    ) -> Result<bool, StoreError> {
        self.inner.waits(consumer, tenant, account, contact).await
    }

    async fn log(&self, tenant: &TenantId, query: &LogQuery) -> Result<Vec<LoggedDelivery>, StoreError> {
        self.inner.log(tenant, query).await
    }

    async fn replay(&self, tenant: &TenantId, id: DeliveryId) -> Result<Option<StoredDelivery>, StoreError> {
        self.inner.replay(tenant, id).await
    }

    async fn purge(&self, received_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.inner.purge(received_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, phone: &PhoneNumber) -> Result<Forgotten, StoreError> {
        self.inner.forget(tenant, phone).await
    }
}

/// What a consumer does with the entries that it gets, in turn; in the end it takes them.
#[derive(Debug, Clone, Copy)]
enum Does {
    Takes,
    Retries,
    Refuses,
    Panics,
    Hangs,
}

/// Records what it was handed.
#[derive(Debug)]
struct Scripted {
    name: &'static str,
    script: Mutex<Vec<Does>>,
    got: Mutex<Vec<(String, Option<ContactAddress>)>>,
}

impl Scripted {
    fn new(name: &'static str, script: impl IntoIterator<Item = Does>) -> Arc<Self> {
        let mut script: Vec<Does> = script.into_iter().collect();
        script.reverse();
        Arc::new(Self { name, script: Mutex::new(script), got: Mutex::default() })
    }

    fn got(&self) -> Vec<String> {
        self.got.lock().unwrap().iter().map(|(text, _)| text.clone()).collect()
    }

    fn contacts(&self) -> Vec<ContactAddress> {
        self.got.lock().unwrap().iter().filter_map(|(_, contact)| contact.clone()).collect()
    }
}

#[async_trait::async_trait]
impl InboundConsumer for Scripted {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kinds(&self) -> &[InboxKind] {
        &[InboxKind::Message]
    }

    async fn take(&self, entry: &InboxEntry) -> Result<(), ConsumerError> {
        let InboxEvent::Message(message) = &entry.event else { panic!("a kind that was not asked for") };
        let text = message.content.words().unwrap_or_default().to_owned();
        let contact = entry.contact.as_ref().and_then(Contact::address);
        self.got.lock().unwrap().push((text, contact));
        let does = self.script.lock().unwrap().pop().unwrap_or(Does::Takes);
        match does {
            Does::Takes => Ok(()),
            Does::Retries => Err(ConsumerError::retry("not now")),
            Does::Refuses => Err(ConsumerError::never("never")),
            Does::Panics => panic!("a consumer panics"),
            Does::Hangs => std::future::pending().await,
        }
    }
}

/// Knows the number of one LID, and counts how often it is asked.
#[derive(Debug, Default)]
struct Lookup {
    known: Option<(Jid, PhoneNumber)>,
    fails: bool,
    asked: AtomicUsize,
}

#[async_trait::async_trait]
impl LidLookup for Lookup {
    async fn phone_of(&self, lid: &Jid) -> Result<Option<PhoneNumber>, SendError> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.fails {
            return Err(SendError::new("fake", SendErrorKind::Unavailable, RetryAdvice::After(None)));
        }
        Ok(self.known.as_ref().filter(|(known, _)| known == lid).map(|(_, phone)| phone.clone()))
    }
}

#[derive(Default)]
struct Fixture {
    inbox: Arc<Flaky>,
    clock: ManualClock,
}

fn lid() -> Jid {
    Jid::parse("123456789012345@lid").unwrap()
}

fn hidden() -> ContactAddress {
    ContactAddress::new(None, Some(lid())).unwrap()
}

fn delivery(from: ContactAddress, id: &str) -> Delivery {
    let message = InboundMessage::new(from, InboundContent::text(id)).with_id(Some(id));
    Delivery::new(
        TenantId::default(),
        AccountId::default(),
        Authenticity::Signed,
        &HeaderMap::new(),
        Bytes::new(),
        vec![InboundEvent::Message(message)],
    )
}

impl Fixture {
    fn dispatcher(&self, consumers: &[&Arc<Scripted>]) -> InboxDispatcher {
        let dispatcher = InboxDispatcher::new(self.inbox.clone(), Arc::new(self.clock.clone()));
        consumers.iter().fold(dispatcher, |dispatcher, consumer| {
            dispatcher.with_consumer(Arc::clone(consumer) as Arc<dyn InboundConsumer>)
        })
    }

    async fn record(&self, from: ContactAddress, id: &str) -> InboxEntryId {
        let delivery = delivery(from, id);
        let entry = delivery.entries[0].id;
        self.inbox.record(delivery, self.clock.now()).await.unwrap();
        entry
    }

    async fn state(&self, id: InboxEntryId) -> Option<InboxState> {
        self.inbox.state(id).await.unwrap()
    }
}

fn lookups(lookup: &Arc<Lookup>) -> Arc<dyn LidLookups> {
    let key = (TenantId::default(), AccountId::default());
    Arc::new(BTreeMap::from([(key, Arc::clone(lookup) as Arc<dyn LidLookup>)]))
}

#[tokio::test(start_paused = true)]
async fn everything_due_is_handed_to_all_consumers_in_order() {
    let fixture = Fixture::default();
    let (one, two) = (Scripted::new("one", []), Scripted::new("two", []));
    for n in 0..40 {
        fixture.record(sample_phone().into(), &format!("{n:02}")).await;
    }
    let handed = fixture.dispatcher(&[&one, &two]).dispatch_due().await.unwrap();
    assert_eq!(handed, Handed { done: 40, ..Handed::default() });
    assert!(one.got().is_sorted() && one.got().len() == 40);
    assert_eq!(one.got(), two.got());
    assert_eq!(fixture.dispatcher(&[&one]).dispatch_due().await.unwrap(), Handed::default());
}

#[tokio::test(start_paused = true)]
async fn who_has_taken_an_entry_does_not_get_it_again() {
    let fixture = Fixture::default();
    let one = Scripted::new("one", []);
    let two = Scripted::new("two", [Does::Retries, Does::Panics, Does::Takes]);
    let id = fixture.record(sample_phone().into(), "m").await;
    let dispatcher = fixture.dispatcher(&[&one, &two]);
    for wait in [1, 2] {
        assert_eq!(dispatcher.dispatch_due().await.unwrap().postponed, 1);
        fixture.clock.advance(Duration::from_secs(wait) - Duration::from_micros(1));
        assert_eq!(dispatcher.dispatch_due().await.unwrap(), Handed::default(), "it comes too early");
        fixture.clock.advance(Duration::from_micros(1));
    }
    assert_eq!(dispatcher.dispatch_due().await.unwrap().done, 1);
    assert_eq!((one.got().len(), two.got().len()), (1, 3));
    assert_eq!(fixture.state(id).await, Some(InboxState::Done));
}

#[tokio::test(start_paused = true)]
async fn a_consumer_that_hangs_is_broken_off_within_the_lease() {
    let fixture = Fixture::default();
    let (one, two) = (Scripted::new("one", [Does::Hangs]), Scripted::new("two", []));
    fixture.record(sample_phone().into(), "m").await;
    let before = Instant::now();
    let handed = fixture.dispatcher(&[&one, &two]).dispatch_due().await.unwrap();
    assert_eq!(handed.postponed, 1);
    assert!(before.elapsed() < LEASE);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.dispatcher(&[&one, &two]).dispatch_due().await.unwrap().done, 1);
    assert_eq!((one.got().len(), two.got().len()), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn who_never_can_is_not_asked_again() {
    let fixture = Fixture::default();
    let (one, two) = (Scripted::new("one", [Does::Refuses]), Scripted::new("two", [Does::Retries]));
    let id = fixture.record(sample_phone().into(), "m").await;
    let other = fixture.record(sample_phone().into(), "n").await;
    let dispatcher = fixture.dispatcher(&[&one, &two]);
    dispatcher.dispatch_due().await.unwrap();
    fixture.clock.advance(Duration::from_secs(1));
    dispatcher.dispatch_due().await.unwrap();
    assert_eq!(
        (one.got(), two.got()),
        (vec!["m".into(), "n".into()], vec!["m".into(), "m".into(), "n".into()])
    );
    assert_eq!(fixture.state(other).await, Some(InboxState::Done));
    // Alone it is the end of the entry.
    let alone = Scripted::new("alone", [Does::Refuses]);
    let last = fixture.record(sample_phone().into(), "o").await;
    let handed = fixture.dispatcher(&[&alone]).dispatch_due().await.unwrap();
    assert_eq!((handed.dead, fixture.state(last).await), (1, Some(InboxState::Dead)));
    assert_ne!(fixture.state(id).await, Some(InboxState::Queued));
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_nobody_can_take_is_given_up_after_about_a_day() {
    let fixture = Fixture::default();
    let one = Scripted::new("one", std::iter::repeat_n(Does::Retries, 1_000));
    let id = fixture.record(sample_phone().into(), "m").await;
    let begin = fixture.clock.now();
    let dispatcher = fixture.dispatcher(&[&one]);
    while fixture.state(id).await != Some(InboxState::Dead) {
        dispatcher.dispatch_due().await.unwrap();
        fixture.clock.advance(Duration::from_secs(60));
    }
    let hours = fixture.clock.now().since(begin).as_secs() / 3_600;
    assert!((20..30).contains(&hours), "{hours} hours");
}

#[tokio::test(start_paused = true)]
async fn the_number_behind_a_lid_is_found_before_the_message_is_handed_over() {
    let fixture = Fixture::default();
    let one = Scripted::new("one", []);
    let lookup = Arc::new(Lookup { known: Some((lid(), sample_phone())), ..Lookup::default() });
    // The same message under both addresses, and one that only the LID has sent.
    fixture.record(sample_phone().into(), "m1").await;
    let twin = fixture.record(hidden(), "m1").await;
    fixture.record(hidden(), "m2").await;
    let dispatcher = fixture.dispatcher(&[&one]).with_lid_lookups(lookups(&lookup));
    let handed = dispatcher.dispatch_due().await.unwrap();
    assert_eq!((handed.done, handed.postponed, handed.dead), (2, 0, 0));
    assert_eq!(one.got(), ["m1", "m2"]);
    assert_eq!(fixture.state(twin).await, None, "it was the same message");
    assert_eq!(one.contacts()[1], ContactAddress::linked(&sample_phone(), &lid()));
    assert_eq!(lookup.asked.load(Ordering::SeqCst), 1, "what is known is not asked");
}

#[tokio::test(start_paused = true)]
async fn a_lid_whose_number_nobody_tells_is_handed_over_as_it_is() {
    for fails in [false, true] {
        let fixture = Fixture::default();
        let one = Scripted::new("one", []);
        let lookup = Arc::new(Lookup { fails, ..Lookup::default() });
        let dispatcher = fixture.dispatcher(&[&one]).with_lid_lookups(lookups(&lookup));
        for id in ["m1", "m2"] {
            fixture.record(hidden(), id).await;
            assert_eq!(dispatcher.dispatch_due().await.unwrap().done, 1);
        }
        assert_eq!(one.contacts(), [hidden(), hidden()]);
        assert_eq!(lookup.asked.load(Ordering::SeqCst), 1, "not asked again so soon");
        tokio::time::advance(LOOKUP_AGAIN).await;
        fixture.record(hidden(), "m3").await;
        dispatcher.dispatch_due().await.unwrap();
        assert_eq!(lookup.asked.load(Ordering::SeqCst), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_in_the_end_and_a_store_that_fails_is_said_so() {
    let fixture = Fixture::default();
    let one = Scripted::new("one", []);
    let id = fixture.record(sample_phone().into(), "m").await;
    fixture.inbox.settle_failures.store(5, Ordering::SeqCst);
    fixture.inbox.lease_failures.store(1, Ordering::SeqCst);
    let dispatcher = fixture.dispatcher(&[&one]);
    assert!(dispatcher.dispatch_due().await.is_err());
    assert_eq!(dispatcher.dispatch_due().await.unwrap().done, 1);
    assert_eq!(fixture.state(id).await, Some(InboxState::Done));
    assert_eq!(one.got().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn it_runs_when_woken_and_when_not_until_it_is_told_to_stop() {
    let fixture = Fixture::default();
    let one = Scripted::new("one", []);
    let dispatcher = fixture.dispatcher(&[&one]).with_retention(Duration::from_secs(3_600));
    let intake = dispatcher.intake();
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(dispatcher.run(async move {
        let _ = stopped.await;
    }));
    // Lets the first round end, which finds nothing.
    tokio::time::sleep(Duration::from_millis(10)).await;
    let old = delivery(sample_phone().into(), "woken");
    let old_entry = old.entries[0].id;
    let before = Instant::now();
    intake.record(old).await.unwrap();
    while one.got().is_empty() {
        tokio::task::yield_now().await;
    }
    assert!(before.elapsed() < Duration::from_millis(1), "woken, it does not wait for its poll");
    fixture.record(sample_phone().into(), "polled").await;
    tokio::time::sleep(POLL).await;
    assert_eq!(one.got(), ["woken", "polled"]);
    fixture.inbox.lease_failures.store(3, Ordering::SeqCst);
    fixture.record(sample_phone().into(), "after a failure").await;
    tokio::time::sleep(4 * POLL).await;
    assert_eq!(one.got().len(), 3);
    // What is old enough is deleted by and by.
    fixture.clock.advance(Duration::from_secs(3_601));
    tokio::time::sleep(PURGE_EVERY).await;
    assert_eq!(fixture.state(old_entry).await, None);
    stop.send(()).unwrap();
    running.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_with_few_connections_is_enough() {
    let inbox = Arc::new(Flaky { places: Some(Semaphore::new(2)), ..Flaky::default() });
    let fixture = Fixture { inbox, ..Fixture::default() };
    let one = Scripted::new("one", []);
    for n in 0..100 {
        let phone = format!("+62812345678{n:02}");
        fixture.record(crate::testing::phone(&phone).into(), &format!("{n}")).await;
    }
    let dispatcher = fixture.dispatcher(&[&one]);
    let handed = tokio::time::timeout(Duration::from_secs(10), dispatcher.dispatch_due()).await;
    assert_eq!(handed.expect("nobody waits for those who wait for him").unwrap().done, 100);
}
