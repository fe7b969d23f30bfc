use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::oneshot;
use wartel_core::{AccountId, ManualClock, PhoneNumber, StoreErrorKind, TenantId};

use super::*;
use crate::outbox::{MemoryOutbox, OutboxEntry, OutboxEntryId, OutboxState};
use crate::testing::{FakeProvider, FakeSenders, sample_phone};
use crate::{Accepted, Capabilities, DisabledProvider, Sender};

/// A memory outbox that fails as often as it was told to, at recording or at leasing.
#[derive(Debug, Default)]
struct Flaky {
    inner: MemoryOutbox,
    record_failures: AtomicUsize,
    lease_failures: AtomicUsize,
}

fn fails(left: &AtomicUsize) -> Result<(), StoreError> {
    match left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
        Ok(_) => Err(StoreError::new(StoreErrorKind::Unavailable, "outbox")),
        Err(_) => Ok(()),
    }
}

#[async_trait::async_trait]
impl Outbox for Flaky {
    async fn enqueue(&self, entry: &OutboxEntry, now: Timestamp) -> Result<bool, StoreError> {
        self.inner.enqueue(entry, now).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedEntry>, StoreError> {
        fails(&self.lease_failures)?;
        self.inner.lease_due(limit, lease, now).await
    }

    async fn record(
        &self,
        id: OutboxEntryId,
        fence: u64,
        outcome: &OutboxOutcome,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        fails(&self.record_failures)?;
        self.inner.record(id, fence, outcome, now).await
    }

    async fn state(&self, id: OutboxEntryId) -> Result<Option<OutboxState>, StoreError> {
        self.inner.state(id).await
    }

    async fn purge(&self, settled_before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        self.inner.purge(settled_before, limit).await
    }

    async fn forget(&self, tenant: &TenantId, to: &PhoneNumber) -> Result<usize, StoreError> {
        self.inner.forget(tenant, to).await
    }
}

/// A provider of somebody's that panics.
#[derive(Debug)]
struct Panicking;

#[async_trait::async_trait]
impl MessageProvider for Panicking {
    fn name(&self) -> &'static str {
        "panicking"
    }

    fn capabilities(&self) -> Capabilities {
        Capabilities::none().with_text()
    }

    async fn send(&self, _: &OutboundMessage) -> Result<Accepted, SendError> {
        panic!("a provider panics")
    }
}

struct Fixture {
    outbox: Arc<Flaky>,
    fake: FakeProvider,
    clock: ManualClock,
}

impl Fixture {
    fn new() -> Self {
        Self {
            outbox: Arc::new(Flaky::default()),
            fake: FakeProvider::default(),
            clock: ManualClock::default(),
        }
    }

    fn dispatcher(&self) -> OutboxDispatcher {
        OutboxDispatcher::new(self.outbox.clone(), Arc::new(self.fake.clone()), Arc::new(self.clock.clone()))
    }

    fn enqueue(&self, text: &str) -> OutboxEntryId {
        self.enqueue_of(TenantId::default(), text)
    }

    fn enqueue_of(&self, tenant: TenantId, text: &str) -> OutboxEntryId {
        let expires = self.clock.now() + Duration::from_secs(24 * 3_600);
        let id = OutboxEntryId::random();
        let entry = OutboxEntry::text(id, tenant, sample_phone(), text, expires);
        assert!(self.outbox.inner.enqueue_now(&entry, self.clock.now()));
        id
    }

    async fn state(&self, id: OutboxEntryId) -> OutboxState {
        self.outbox.state(id).await.unwrap().unwrap()
    }

    async fn dispatch(&self) -> Dispatched {
        self.dispatcher().dispatch_due().await.unwrap()
    }
}

#[tokio::test(start_paused = true)]
async fn everything_due_is_sent_once() {
    let fixture = Fixture::new();
    let ids: Vec<_> = (0..30).map(|n| fixture.enqueue(&format!("Pesan {n}"))).collect();
    assert_eq!(fixture.dispatch().await.accepted, 30);
    assert_eq!(fixture.dispatch().await.total(), 0);
    assert_eq!(fixture.fake.count(), 30);
    for id in ids {
        assert_eq!(fixture.state(id).await, OutboxState::Sent);
    }
}

#[tokio::test(start_paused = true)]
async fn each_tenant_sends_through_its_own_account() {
    let fixture = Fixture::new();
    let (book, own) = (FakeSenders::new(), FakeProvider::default());
    let shop = TenantId::parse("toko-budi").unwrap();
    book.put(Sender::new(shop.clone(), AccountId::default(), Arc::new(own.clone())));
    // The account that the program was started with is passed by: its layers are around the provider already.
    let fixed = Sender::new(TenantId::default(), AccountId::default(), Arc::new(DisabledProvider));
    book.put(fixed.fixed());
    let dispatcher = fixture.dispatcher().with_senders(Arc::new(book.clone()));
    fixture.enqueue_of(shop.clone(), "Pesan 1");
    fixture.enqueue_of(TenantId::default(), "Pesan 2");
    fixture.enqueue_of(TenantId::parse("toko-lain").unwrap(), "Pesan 3");
    assert_eq!(dispatcher.dispatch_due().await.unwrap().accepted, 3);
    assert_eq!((own.count(), fixture.fake.count()), (1, 2));

    // While it cannot be told, nobody else's account is used.
    book.fail(true);
    let waiting = fixture.enqueue_of(shop, "Pesan 4");
    assert_eq!(dispatcher.dispatch_due().await.unwrap().postponed, 1);
    assert_eq!(fixture.state(waiting).await, OutboxState::Queued);
    book.fail(false);
    fixture.clock.advance(Duration::from_secs(5));
    assert_eq!(dispatcher.dispatch_due().await.unwrap().accepted, 1);
    assert_eq!((own.count(), fixture.fake.count()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn eight_go_at_once_and_a_slow_one_holds_up_nobody() {
    let fixture = Fixture::new();
    fixture.fake.then_accept_after(Duration::from_secs(20));
    for n in 0..16 {
        fixture.enqueue(&format!("{n}"));
        if n > 0 {
            fixture.fake.then_accept_after(Duration::from_secs(2));
        }
    }
    let started = Instant::now();
    assert_eq!(fixture.dispatch().await.accepted, 16);
    // Fifteen messages of 2 s in seven places beside the slow one.
    assert_eq!(started.elapsed().as_secs(), 20);
    let started = Instant::now();
    for _ in 0..16 {
        fixture.enqueue("x");
        fixture.fake.then_accept_after(Duration::from_secs(1));
    }
    fixture.dispatch().await;
    assert_eq!(started.elapsed().as_secs(), 2, "eight at once, not more and not fewer");
}

#[tokio::test(start_paused = true)]
async fn a_refused_message_waits_longer_each_time_and_arrives_once() {
    let fixture = Fixture::new();
    let id = fixture.enqueue("Terima kasih");
    fixture.fake.then_fail(SendErrorKind::Unauthenticated).then_fail(SendErrorKind::Unavailable);
    assert_eq!(fixture.dispatch().await.postponed, 1);
    fixture.clock.advance(Duration::from_secs(4));
    assert_eq!(fixture.dispatch().await.total(), 0);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.dispatch().await.postponed, 1);
    fixture.clock.advance(Duration::from_secs(9));
    assert_eq!(fixture.dispatch().await.total(), 0);
    fixture.clock.advance(Duration::from_secs(1));
    assert_eq!(fixture.dispatch().await.accepted, 1);
    assert_eq!((fixture.state(id).await, fixture.fake.count()), (OutboxState::Sent, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_unknown_or_refused_for_good_is_not_repeated() {
    let fixture = Fixture::new();
    let lost = fixture.enqueue("a");
    fixture.fake.then_lose_answer();
    assert_eq!(fixture.dispatch().await.unknown, 1);
    let refused = fixture.enqueue("b");
    fixture.fake.then_fail(SendErrorKind::NotOnWhatsApp);
    assert_eq!(fixture.dispatch().await.abandoned, 1);
    let hung = fixture.enqueue("c");
    fixture.fake.then_hang(Duration::from_secs(3_600));
    let started = Instant::now();
    assert_eq!(fixture.dispatch().await.unknown, 1);
    assert_eq!(started.elapsed(), SEND_TIMEOUT);
    fixture.clock.advance(Duration::from_secs(3_600));
    assert_eq!(fixture.dispatch().await.total(), 0);
    assert_eq!(fixture.state(lost).await, OutboxState::Unknown);
    assert_eq!(fixture.state(refused).await, OutboxState::Abandoned);
    assert_eq!(fixture.state(hung).await, OutboxState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn an_outcome_is_recorded_although_the_store_fails_a_few_times() {
    let fixture = Fixture::new();
    let id = fixture.enqueue("x");
    fixture.outbox.record_failures.store(RECORD_WAITS.len(), Ordering::SeqCst);
    assert_eq!(fixture.dispatch().await.accepted, 1);
    fixture.clock.advance(LEASE);
    assert_eq!(fixture.dispatch().await.total(), 0);
    assert_eq!((fixture.state(id).await, fixture.fake.count()), (OutboxState::Sent, 1));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_never_records_makes_two_sends_at_the_most() {
    let fixture = Fixture::new();
    let id = fixture.enqueue("x");
    fixture.outbox.record_failures.store(usize::MAX, Ordering::SeqCst);
    for _ in 0..4 {
        fixture.dispatch().await;
        fixture.clock.advance(LEASE);
    }
    assert_eq!((fixture.state(id).await, fixture.fake.count()), (OutboxState::Unknown, 2));
}

#[tokio::test(start_paused = true)]
async fn a_store_that_cannot_lease_is_an_error_after_the_sends_have_ended() {
    let fixture = Fixture::new();
    fixture.outbox.lease_failures.store(1, Ordering::SeqCst);
    fixture.enqueue("x");
    assert!(fixture.dispatcher().dispatch_due().await.is_err());
    assert_eq!(fixture.dispatch().await.accepted, 1);
}

#[tokio::test(start_paused = true)]
async fn a_panicking_provider_does_not_end_the_dispatcher() {
    let fixture = Fixture::new();
    let id = fixture.enqueue("x");
    let dispatcher =
        OutboxDispatcher::new(fixture.outbox.clone(), Arc::new(Panicking), Arc::new(fixture.clock.clone()));
    assert_eq!(dispatcher.dispatch_due().await.unwrap().unknown, 1);
    assert_eq!(fixture.state(id).await, OutboxState::Unknown);
}

#[tokio::test(start_paused = true)]
async fn running_it_polls_wakes_and_ends_cleanly() {
    let fixture = Fixture::new();
    let (stop, stopped) = oneshot::channel::<()>();
    let dispatcher = fixture.dispatcher();
    let waker = dispatcher.waker();
    let running = tokio::spawn(dispatcher.run(async move { drop(stopped.await) }));
    tokio::time::sleep(Duration::from_millis(100)).await;

    // By its own poll, within a second, also when the store fails once.
    fixture.outbox.lease_failures.store(1, Ordering::SeqCst);
    fixture.enqueue("a");
    tokio::time::timeout(2 * POLL, fixture.fake.wait_sent(1)).await.unwrap();

    // At once when woken.
    let started = Instant::now();
    fixture.enqueue("b");
    waker.wake();
    fixture.fake.wait_sent(2).await;
    assert!(started.elapsed() < Duration::from_millis(50), "{:?}", started.elapsed());

    // A send under way is ended before the end.
    let slow = fixture.enqueue("c");
    fixture.fake.then_accept_after(Duration::from_secs(3));
    waker.wake();
    tokio::time::sleep(Duration::from_secs(1)).await;
    stop.send(()).unwrap();
    tokio::time::timeout(Duration::from_secs(30), running).await.unwrap().unwrap();
    assert_eq!(fixture.state(slow).await, OutboxState::Sent);
}

#[tokio::test(start_paused = true)]
async fn running_it_deletes_what_is_old() {
    let fixture = Fixture::new();
    let id = fixture.enqueue("a");
    fixture.dispatch().await;
    fixture.clock.advance(KEEP_SETTLED + Duration::from_secs(1));
    tokio::time::timeout(
        Duration::from_secs(2),
        fixture.dispatcher().run(tokio::time::sleep(Duration::from_secs(1))),
    )
    .await
    .unwrap();
    assert_eq!(fixture.outbox.state(id).await.unwrap(), None);
}
