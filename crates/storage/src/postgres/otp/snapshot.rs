//! What a transaction has read, as the steps of a batch change it one after the other.

use std::collections::{BTreeMap, HashMap};

use wartel_core::Timestamp;
use wartel_messaging::DeliveryReceipt;
use wartel_otp::ledger::{Locator, PhoneLedger, ReceiptOrphan};

use super::Owner;
use super::member::Gate;
use super::window::Window;

/// What was read, and what has become of it.
#[derive(Default)]
pub(super) struct Snapshot {
    /// Ordered, because they are written in order.
    pub(super) phones: BTreeMap<Owner, Phone>,
    pub(super) locators: HashMap<Locator, Place>,
    pub(super) budgets: BTreeMap<String, Window>,
    pub(super) receipts: HashMap<Locator, Waiting>,
    pub(super) gate: Gate,
    /// The phones of which something is due or can be deleted.
    pub(super) listed: Vec<Owner>,
}

/// The ledger of a phone.
pub(super) struct Phone {
    /// Whether it has a row.
    pub(super) stored: bool,
    /// `None` if the row is unreadable.
    pub(super) ledger: Option<PhoneLedger>,
    pub(super) changed: bool,
}

/// Where a locator leads.
pub(super) struct Place {
    pub(super) owner: Option<Owner>,
    pub(super) changed: bool,
}

/// The receipts that wait under a locator.
#[derive(Default)]
pub(super) struct Waiting {
    /// Those that have rows.
    pub(super) stored: Vec<DeliveryReceipt>,
    /// Those that have none yet.
    pub(super) new: Vec<(DeliveryReceipt, Timestamp)>,
    /// The rows are to be deleted.
    pub(super) taken: bool,
}

impl Phone {
    /// A phone without a row.
    pub(super) fn unknown() -> Self {
        Self { stored: false, ledger: Some(PhoneLedger::default()), changed: false }
    }
}

/// What one step did.
#[derive(Default)]
pub(super) struct Changes {
    pub(super) phones: Vec<(Owner, PhoneLedger)>,
    pub(super) locators: HashMap<Locator, Option<Owner>>,
    pub(super) budgets: Vec<(String, Window)>,
    pub(super) kept: Vec<(ReceiptOrphan, Timestamp)>,
    pub(super) taken: Vec<Locator>,
}

impl Snapshot {
    /// Takes over what a step did.
    pub(super) fn apply(&mut self, changes: Changes) {
        for (owner, ledger) in changes.phones {
            if let Some(phone) = self.phones.get_mut(&owner) {
                phone.ledger = Some(ledger);
                phone.changed = true;
            }
        }
        for (locator, owner) in changes.locators {
            self.locators.insert(locator, Place { owner, changed: true });
        }
        self.budgets.extend(changes.budgets);
        for locator in changes.taken {
            if let Some(waiting) = self.receipts.get_mut(&locator) {
                waiting.taken |= !waiting.stored.is_empty();
                waiting.stored.clear();
                waiting.new.clear();
            }
        }
        for (orphan, now) in changes.kept {
            self.receipts.entry(orphan.locator).or_default().new.push((orphan.receipt, now));
        }
    }
}
