//! The contract of [`LeadStore`]: what holds for every store, as a suite to run.
//!
//! ```ignore
//! mod memory {
//!     wartel_bot::lead_store_contract!(async { wartel_bot::lead::MemoryLeadStore::new() });
//! }
//! ```
//!
//! The expression is a future of a fresh, empty store; it is evaluated anew in each test. The crate that runs it
//! needs `tokio` with `macros`, `rt` and `rt-multi-thread`.

use std::sync::Arc;

use super::samples::{
    HOUR, ODD, SECOND, T0, account, contact, good, phone, refused, saved, tenant, there, together, winners,
};
use crate::key::Revision;
use crate::lead::{
    Lead, LeadEvent, LeadEventId, LeadId, LeadNews, LeadQuery, LeadStage, LeadStore, Leads, apply,
};

/// The names of all cases; `suite_is_complete` compares the macro with it.
pub const CASES: &[&str] = &[
    "a_lead_comes_out_as_it_went_in",
    "an_unknown_lead_is_nothing",
    "the_revision_that_was_read_decides",
    "fifty_writers_of_a_revision_have_one_winner",
    "a_customer_has_one_open_lead",
    "a_hundred_at_once_open_one_lead",
    "a_closed_lead_stands_in_nobodys_way",
    "a_closed_lead_is_opened_again_if_none_is_open",
    "opening_again_at_once_opens_one",
    "events_at_once_are_all_counted",
    "leads_are_listed_by_the_latest_contact",
    "leads_of_a_stage_are_listed_closed_or_not",
    "leads_of_tenants_are_apart",
    "a_forgotten_customer_has_no_leads",
];

/// Runs the contract of [`LeadStore`] as one `#[tokio::test]` for each case.
///
/// Takes an expression that is a future of a fresh store; it is evaluated anew in each test. Put each use in a
/// module of its own. Attributes before the expression are put on every case.
#[macro_export]
macro_rules! lead_store_contract {
    ($(#[$attribute:meta])+ $store:expr) => {
        $crate::lead_store_contract! { @all [$(#[$attribute])+] $store }
    };
    ($store:expr) => {
        $crate::lead_store_contract! { @all [] $store }
    };
    (@all $attributes:tt $store:expr) => {
        $crate::__bot_suite! {
            lead_contract $attributes $store,
            a_lead_comes_out_as_it_went_in an_unknown_lead_is_nothing the_revision_that_was_read_decides
            fifty_writers_of_a_revision_have_one_winner a_customer_has_one_open_lead
            a_hundred_at_once_open_one_lead a_closed_lead_stands_in_nobodys_way
            a_closed_lead_is_opened_again_if_none_is_open opening_again_at_once_opens_one
            events_at_once_are_all_counted leads_are_listed_by_the_latest_contact
            leads_of_a_stage_are_listed_closed_or_not leads_of_tenants_are_apart a_forgotten_customer_has_no_leads
        }
    };
}

fn wrote(of: &str, who: u32) -> LeadEvent {
    LeadEvent {
        id: LeadEventId::random(),
        tenant: tenant(of),
        contact: contact(who),
        account: account("default"),
        news: LeadNews::Wrote { phone: Some(phone(who)), name: Some("Siti".to_owned()) },
        at: T0,
    }
}

/// An open lead of the customer, with an id of its own.
fn lead(of: &str, who: u32) -> Lead {
    let change = there(apply(None, &wrote(of, who)), "a lead that a message opens");
    Lead { id: LeadId::random(), ..change.lead }
}

fn in_stage(lead: &Lead, stage: LeadStage) -> Lead {
    Lead { stage, closed_at: stage.is_closed().then_some(T0), ..lead.clone() }
}

/// With everything that a lead can have.
pub async fn a_lead_comes_out_as_it_went_in(store: impl LeadStore) {
    let mut lead = lead("toko", 1);
    lead.name = Some(ODD.to_owned());
    lead.interest.codes = vec!["AVZ-01".to_owned()];
    lead.interest.budget = Some(150_000_000);
    lead.score = 100;
    lead.messages = u64::MAX;
    let revision = saved(store.save(&lead, Revision::NEW).await);
    assert_eq!(good(store.get(&lead.tenant, lead.id).await), Some((lead.clone(), revision)));
    assert_eq!(good(store.open_of(&lead.tenant, lead.contact).await), Some((lead.clone(), revision)));
    assert_eq!(good(store.list(&lead.tenant, &LeadQuery::new()).await), [lead]);
}

/// Nothing was written, and nothing is found.
pub async fn an_unknown_lead_is_nothing(store: impl LeadStore) {
    let lead = lead("toko", 1);
    refused(store.save(&lead, Revision::from_u64(1)).await);
    assert_eq!(good(store.get(&lead.tenant, lead.id).await), None);
    assert_eq!(good(store.open_of(&lead.tenant, lead.contact).await), None);
    assert_eq!(good(store.list(&lead.tenant, &LeadQuery::new()).await), []);
    assert_eq!(good(store.forget(&lead.tenant, lead.contact).await), 0);
}

/// Who has read an older one writes nothing.
pub async fn the_revision_that_was_read_decides(store: impl LeadStore) {
    let lead = lead("toko", 1);
    let first = saved(store.save(&lead, Revision::NEW).await);
    let changed = in_stage(&lead, LeadStage::Qualified);
    let second = saved(store.save(&changed, first).await);
    assert!(Revision::NEW < first && first < second);
    for read in [Revision::NEW, first, second.next()] {
        refused(store.save(&in_stage(&lead, LeadStage::Lost), read).await);
    }
    assert_eq!(good(store.get(&lead.tenant, lead.id).await), Some((changed, second)));
}

/// However many write at once, each revision is written once.
pub async fn fifty_writers_of_a_revision_have_one_winner(store: impl LeadStore) {
    let (store, lead): (Arc<dyn LeadStore>, _) = (Arc::new(store), lead("toko", 1));
    for _ in 0..3 {
        let found = good(store.get(&lead.tenant, lead.id).await);
        let read = found.map_or(Revision::NEW, |(_, revision)| revision);
        let writers = (0..50).map(|messages| {
            let (store, lead) = (store.clone(), Lead { messages, ..lead.clone() });
            async move { store.save(&lead, read).await }
        });
        assert_eq!(winners(together(writers).await), 1);
        let (_, now) = there(good(store.get(&lead.tenant, lead.id).await), "the lead");
        assert_eq!(now, read.next());
    }
}

/// A second one is refused.
pub async fn a_customer_has_one_open_lead(store: impl LeadStore) {
    let (first, second) = (lead("toko", 1), lead("toko", 1));
    saved(store.save(&first, Revision::NEW).await);
    refused(store.save(&second, Revision::NEW).await);
    assert_eq!(good(store.get(&second.tenant, second.id).await), None);
    saved(store.save(&lead("toko", 2), Revision::NEW).await);
}

/// However many first messages race.
pub async fn a_hundred_at_once_open_one_lead(store: impl LeadStore) {
    let store: Arc<dyn LeadStore> = Arc::new(store);
    let writers = (0..100).map(|_| {
        let (store, lead) = (store.clone(), lead("toko", 1));
        async move { store.save(&lead, Revision::NEW).await }
    });
    assert_eq!(winners(together(writers).await), 1);
    assert_eq!(good(store.list(&tenant("toko"), &LeadQuery::new()).await).len(), 1);
}

/// Who bought may come again.
pub async fn a_closed_lead_stands_in_nobodys_way(store: impl LeadStore) {
    let first = lead("toko", 1);
    let read = saved(store.save(&first, Revision::NEW).await);
    saved(store.save(&in_stage(&first, LeadStage::Won), read).await);
    assert_eq!(good(store.open_of(&first.tenant, first.contact).await), None);
    let second = lead("toko", 1);
    let revision = saved(store.save(&second, Revision::NEW).await);
    assert_eq!(good(store.open_of(&first.tenant, first.contact).await), Some((second, revision)));
    // Any number of them.
    saved(store.save(&in_stage(&lead("toko", 1), LeadStage::Lost), Revision::NEW).await);
}

/// People may say that it was not over, unless the customer has another one by now.
pub async fn a_closed_lead_is_opened_again_if_none_is_open(store: impl LeadStore) {
    let (first, second) = (lead("toko", 1), lead("toko", 1));
    let closed = in_stage(&first, LeadStage::Lost);
    let of_first = saved(store.save(&closed, Revision::NEW).await);
    let of_second = saved(store.save(&second, Revision::NEW).await);
    refused(store.save(&first, of_first).await);
    assert_eq!(good(store.get(&first.tenant, first.id).await), Some((closed, of_first)));
    saved(store.save(&in_stage(&second, LeadStage::Won), of_second).await);
    let revision = saved(store.save(&first, of_first).await);
    assert_eq!(good(store.open_of(&first.tenant, first.contact).await), Some((first, revision)));
}

/// Two that are opened again while a new one comes: one of the three is open.
pub async fn opening_again_at_once_opens_one(store: impl LeadStore) {
    let store: Arc<dyn LeadStore> = Arc::new(store);
    for who in 0..10 {
        let leads = [lead("toko", who), lead("toko", who), lead("toko", who)];
        let mut reads = Vec::new();
        for lead in &leads[..2] {
            reads.push(saved(store.save(&in_stage(lead, LeadStage::Lost), Revision::NEW).await));
        }
        reads.push(Revision::NEW);
        let writers = leads.into_iter().zip(reads).map(|(lead, read)| {
            let store = store.clone();
            async move { store.save(&lead, read).await }
        });
        assert_eq!(winners(together(writers).await), 1);
    }
}

/// Every message of a customer who writes faster than anybody answers.
pub async fn events_at_once_are_all_counted(store: impl LeadStore) {
    let leads = Leads::new(Arc::new(store));
    let tellers = (0..10).map(|_| {
        let leads = leads.clone();
        async move { good(leads.tell(&wrote("toko", 1)).await).is_some_and(|change| change.opened) }
    });
    assert_eq!(together(tellers).await.into_iter().filter(|opened| *opened).count(), 1);
    let open = good(leads.store().open_of(&tenant("toko"), contact(1)).await);
    assert_eq!(there(open, "the lead").0.messages, 10);
}

/// At most so many, and none that is closed.
pub async fn leads_are_listed_by_the_latest_contact(store: impl LeadStore) {
    let mut expected = Vec::new();
    for (who, after) in [(1, SECOND), (2, HOUR), (3, 2 * SECOND), (4, 2 * HOUR)] {
        let mut lead = lead("toko", who);
        lead.last_contact_at = T0 + after;
        if who == 4 {
            lead = in_stage(&lead, LeadStage::Lost);
        } else {
            expected.push(lead.clone());
        }
        saved(store.save(&lead, Revision::NEW).await);
    }
    expected.sort_by_key(|lead| std::cmp::Reverse(lead.last_contact_at));
    assert_eq!(good(store.list(&tenant("toko"), &LeadQuery::new()).await), expected);
    expected.truncate(2);
    assert_eq!(good(store.list(&tenant("toko"), &LeadQuery::new().with_limit(2)).await), expected);
}

/// A stage that is asked for by name.
pub async fn leads_of_a_stage_are_listed_closed_or_not(store: impl LeadStore) {
    for (who, stage) in (0..).zip(LeadStage::ALL) {
        saved(store.save(&in_stage(&lead("toko", who), stage), Revision::NEW).await);
    }
    for (who, stage) in (0..).zip(LeadStage::ALL) {
        let found = good(store.list(&tenant("toko"), &LeadQuery::new().with_stage(stage)).await);
        let found: Vec<_> = found.iter().map(|lead| (lead.contact, lead.stage)).collect();
        assert_eq!(found, [(contact(who), stage)]);
    }
    assert_eq!(good(store.list(&tenant("toko"), &LeadQuery::new()).await).len(), 4);
}

/// The same person may look at two shops.
pub async fn leads_of_tenants_are_apart(store: impl LeadStore) {
    let (one, other) = (lead("satu", 1), lead("dua", 1));
    let of_one = saved(store.save(&one, Revision::NEW).await);
    assert_eq!(good(store.get(&other.tenant, one.id).await), None);
    assert_eq!(good(store.open_of(&other.tenant, one.contact).await), None);
    assert_eq!(good(store.list(&other.tenant, &LeadQuery::new()).await), []);
    saved(store.save(&other, Revision::NEW).await);
    assert_eq!(good(store.forget(&other.tenant, one.contact).await), 1);
    assert_eq!(good(store.open_of(&one.tenant, one.contact).await), Some((one, of_one)));
}

/// Open or closed.
pub async fn a_forgotten_customer_has_no_leads(store: impl LeadStore) {
    let (open, stays) = (lead("toko", 1), lead("toko", 2));
    let closed = in_stage(&lead("toko", 1), LeadStage::Won);
    for lead in [&open, &closed, &stays] {
        saved(store.save(lead, Revision::NEW).await);
    }
    assert_eq!(good(store.forget(&open.tenant, open.contact).await), 2);
    assert_eq!(good(store.forget(&open.tenant, open.contact).await), 0);
    assert_eq!(good(store.get(&open.tenant, closed.id).await), None);
    assert_eq!(good(store.list(&open.tenant, &LeadQuery::new()).await), [stays]);
}

#[cfg(test)]
mod tests {
    #[test]
    fn every_case_is_listed() {
        assert_eq!(crate::testing::suite::written(include_str!("lead_contract.rs")), super::CASES);
    }

    mod memory {
        crate::lead_store_contract!(async { crate::lead::MemoryLeadStore::new() });
    }
}
