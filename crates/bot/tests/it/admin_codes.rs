//! What needs a code, what can be taken back, and what is written down of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wartel_bot::admin::{AdminStore, AuditRow, Confirmation, MemoryAdminStore, Undo};
use wartel_bot::catalogue::{CatalogueStore, ItemStatus};
use wartel_bot::lead::LeadStage;
use wartel_core::{StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::inbox::ContactId;

use crate::admin::{Counter, car, code_in, echoing};
use crate::shop::{Person, tenant, tenant_id};

const MINUTE: Duration = Duration::from_secs(60);

/// Another code than this one.
fn wrong(code: &str) -> String {
    format!("{:04}", (code.parse::<u32>().unwrap() + 1) % 10_000)
}

#[tokio::test]
async fn hazard_18_what_cannot_be_undone_by_a_slip_needs_a_fresh_code() {
    let counter = Counter::with(echoing()).await;
    counter.shop.writes(&Person::new("081200000001"), "halo").await;
    for (command, done) in [
        ("/stok harga AV-013 16,5jt", "*Rp16.500.000*"),
        ("/stok terjual AV-013", "*terjual*"),
        ("/stok hapus AV-013", "dihapus"),
        ("/lead set 081200000001 gagal", "*gagal*"),
    ] {
        let before = (counter.item("AV-013").await, counter.shop.all_leads().await);
        let first = counter.code(command).await;
        let same = |now: (_, Vec<_>)| assert_eq!(now, before, "{command}: nothing has changed");
        let now = || async { (counter.item("AV-013").await, counter.shop.all_leads().await) };
        same(now().await);
        // A wrong one takes the command away, also from the right one.
        assert!(counter.says(&format!("/konfirmasi {}", wrong(&first))).await.contains("Kode salah"));
        assert!(counter.says(&format!("/konfirmasi {first}")).await.contains("Tidak ada perintah"));
        same(now().await);
        // Too late.
        let late = counter.code(command).await;
        counter.shop.clock.advance(5 * MINUTE);
        assert!(counter.says(&format!("/konfirmasi {late}")).await.contains("kedaluwarsa"));
        same(now().await);
        // Somebody else's.
        let mine = counter.code(command).await;
        let other = counter.told(&counter.dewi, &format!("/konfirmasi {mine}")).await;
        assert!(other.contains("Tidak ada perintah"), "{other}");
        same(now().await);
        let said = counter.says(&format!("/konfirmasi {mine}")).await;
        assert!(said.contains(done), "{said}");
        assert_ne!(now().await, before);
        assert!(counter.says(&format!("/konfirmasi {mine}")).await.contains("Tidak ada perintah"), "once");
    }
}

#[tokio::test]
async fn hazard_18_the_code_of_another_command_or_shop_is_refused() {
    let counter = Counter::with(echoing()).await;
    let (mut sold, mut delete) = (String::new(), String::new());
    while sold == delete {
        sold = counter.code("/stok terjual AV-013").await;
        delete = counter.code("/stok hapus XE-002").await;
    }
    assert!(counter.says(&format!("/konfirmasi {sold}")).await.contains("Kode salah"));
    assert_eq!(counter.item("AV-013").await.unwrap().status, ItemStatus::Available);
    assert!(counter.item("XE-002").await.is_some());
    // The same person works for another shop, which has an item of the same code.
    let other = TenantId::parse("lain").unwrap();
    counter.shop.open(tenant(other.clone())).await;
    counter.items.save(&car(other.clone(), "AV-013", "Toyota Avanza"), Default::default()).await.unwrap();
    let code = counter.code("/stok hapus AV-013").await;
    let mut entry = counter
        .shop
        .entry(&counter.sari, counter.shop.message(&counter.sari, &format!("/konfirmasi {code}")));
    entry.tenant = other.clone();
    counter.shop.take(&entry).await.unwrap();
    assert!(counter.item("AV-013").await.is_some());
    assert!(counter.items.get(&other, "AV-013").await.unwrap().is_some());
    assert_eq!(counter.store.audit(&other, 9).await.unwrap()[0].outcome, "refused");
    assert!(counter.says(&format!("/konfirmasi {code}")).await.contains("dihapus"));
    assert!(counter.items.get(&other, "AV-013").await.unwrap().is_some());
}

#[tokio::test]
async fn the_last_change_of_a_person_is_taken_back() {
    let counter = Counter::with(echoing()).await;
    let budi = Person::new("081200000001");
    counter.shop.writes(&budi, "halo").await;
    counter.shop.settle().await;
    let before = counter.item("AV-013").await;
    for command in ["/stok harga AV-013 160jt", "/stok terjual AV-013", "/stok hapus AV-013"] {
        let said = counter.says(command).await;
        if said.contains("konfirmasi") {
            counter.says(&format!("/konfirmasi {}", code_in(&said))).await;
        }
        assert_ne!(counter.item("AV-013").await, before, "{command}");
        assert!(counter.told(&counter.dewi, "/undo").await.contains("Tidak ada perubahan Anda"));
        assert!(counter.says("/undo").await.contains("seperti semula"));
        assert_eq!(counter.item("AV-013").await, before, "{command}");
        assert!(counter.says("/batal").await.contains("Tidak ada perubahan"), "once");
    }
    counter.says("/stok tambah HR-7 HR-V").await;
    counter.says("/undo").await;
    assert!(counter.item("HR-7").await.is_none());
    counter.says("/stop").await;
    assert!(!counter.is_on().await);
    assert!(counter.says("/undo").await.contains("*aktif*") && counter.is_on().await);
    counter.says("/pause 081200000001").await;
    assert!(counter.shop.chat(&budi).await.pause.is_some());
    counter.says("/undo").await;
    assert!(counter.shop.chat(&budi).await.pause.is_none());
    counter.says("/lead set 081200000001 serius").await;
    counter.says("/undo").await;
    assert_eq!(counter.shop.all_leads().await[0].stage, LeadStage::New);
}

#[tokio::test]
async fn what_was_changed_since_or_long_ago_is_not_taken_back() {
    let counter = Counter::with(echoing()).await;
    counter.says("/stok harga AV-013 160jt").await;
    counter.told(&counter.dewi, "/stok harga AV-013 161jt").await;
    assert!(counter.says("/undo").await.contains("sudah berubah"));
    assert_eq!(counter.item("AV-013").await.unwrap().price, Some(161_000_000));
    counter.says("/stok harga AV-013 160jt").await;
    counter.shop.clock.advance(30 * MINUTE);
    assert!(counter.says("/undo").await.contains("Tidak ada perubahan"));
    assert_eq!(counter.item("AV-013").await.unwrap().price, Some(160_000_000));
    counter.says("/bot off").await;
    counter.shop.change(|shop| shop.bot.enabled = true).await;
    counter.shop.change(|shop| shop.bot.enabled = false).await;
    assert!(counter.says("/undo").await.contains("sudah berubah"));
    assert!(!counter.is_on().await);
}

#[tokio::test]
async fn every_command_is_written_down_and_no_code_is() {
    let counter = Counter::with(echoing()).await;
    let code = counter.code("/stok hapus AV-013").await;
    counter.says(&format!("/konfirmasi {}", wrong(&code))).await;
    let code = counter.code("/stok hapus AV-013").await;
    counter.says(&format!("/konfirmasi {code}")).await;
    counter.says("/undo").await;
    counter.says("/apa ini").await;
    counter.says("/status").await;
    counter.says("halo semua").await;
    let rows: Vec<_> = counter
        .rows()
        .await
        .into_iter()
        .rev()
        .map(|row| (row.action, row.target.unwrap_or_default(), row.outcome))
        .collect();
    let expected = [
        ("stock.delete", "AV-013", "asked"),
        ("confirm", "", "refused"),
        ("stock.delete", "AV-013", "asked"),
        ("stock.delete", "AV-013", "done"),
        ("undo", "AV-013", "undone"),
        ("unknown", "", "refused"),
        ("status", "", "done"),
    ];
    assert_eq!(rows, expected.map(|(a, b, c)| (a.to_owned(), b.to_owned(), c.to_owned())));
    let told = counter.says("/audit").await;
    assert!(told.contains("Anda · stock.delete AV-013 · jadi"), "{told}");
    let asked = counter.says("/stok hapus XE-002").await;
    let waiting = counter.store.take_asked(&tenant_id(), counter.sari.contact.id, Timestamp::EPOCH).await;
    let waiting = waiting.unwrap().unwrap();
    assert!(!waiting.command.contains(&code_in(&asked)) && waiting.code_hash.len() == 64);
    assert!(!format!("{waiting:?} {:?}", counter.desk).contains(&waiting.code_hash));
}

/// A store that cannot answer the n-th call to `record`.
#[derive(Debug)]
struct Flaky {
    store: MemoryAdminStore,
    fails_at: usize,
    calls: AtomicUsize,
}

#[async_trait::async_trait]
impl AdminStore for Flaky {
    async fn ask(&self, confirmation: &Confirmation) -> Result<(), StoreError> {
        self.store.ask(confirmation).await
    }

    async fn take_asked(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Confirmation>, StoreError> {
        self.store.take_asked(tenant, staff, now).await
    }

    async fn keep_undo(&self, undo: &Undo) -> Result<(), StoreError> {
        self.store.keep_undo(undo).await
    }

    async fn take_undo(
        &self,
        tenant: &TenantId,
        staff: ContactId,
        now: Timestamp,
    ) -> Result<Option<Undo>, StoreError> {
        self.store.take_undo(tenant, staff, now).await
    }

    async fn record(&self, row: &AuditRow) -> Result<bool, StoreError> {
        if self.calls.fetch_add(1, Ordering::Relaxed) == self.fails_at {
            return Err(StoreError::new(StoreErrorKind::Unavailable, "test.record"));
        }
        self.store.record(row).await
    }

    async fn audit(&self, tenant: &TenantId, limit: usize) -> Result<Vec<AuditRow>, StoreError> {
        self.store.audit(tenant, limit).await
    }
}

#[tokio::test]
async fn a_confirmed_command_that_was_not_written_down_is_finished_when_it_comes_again() {
    for command in ["/stok terjual AV-013", "/stok hapus AV-013", "/stok harga AV-013 1 M"] {
        let store = MemoryAdminStore::new();
        let flaky = Flaky { store: store.clone(), fails_at: 1, calls: AtomicUsize::new(0) };
        let counter = Counter::over(echoing(), store, Arc::new(flaky)).await;
        let code = counter.code(command).await;
        let message = counter.shop.message(&counter.sari, &format!("/konfirmasi {code}"));
        let entry = counter.shop.entry(&counter.sari, message);
        assert!(counter.shop.take(&entry).await.is_err_and(|error| error.is_retry()));
        counter.shop.take(&entry).await.unwrap();
        counter.shop.after(Duration::ZERO).await;
        let said = counter.shop.texts(&counter.sari).pop().unwrap();
        assert!(said.starts_with('✅') || said.contains("dihapus"), "{said}");
        assert_eq!(counter.rows().await[0].outcome, "done");
    }
}
