//! One run of a step on what was read. What it changes is gathered, what it used is noted, and what it misses too.

use std::collections::BTreeMap;

use wartel_core::{PhoneNumber, StoreError, StoreErrorKind, TenantId, Timestamp};
use wartel_messaging::DeliveryReceipt;
use wartel_otp::Budget;
use wartel_otp::ledger::{Locator, PhoneLedger, ReceiptOrphan, Transaction};

use super::keys::{self, Keys};
use super::view::{self, Changes, Count, Level, Missed, View};
use super::{Owner, ends, receipts};
use crate::redis::error::unreadable;

pub(super) struct StepTransaction<'a> {
    keys: &'a Keys,
    view: &'a View,
    /// What was not read is taken for empty. Whatever follows from that is tried and never answered.
    guesses: bool,
    /// The one phone that a step which looks for phones finds.
    listed: Option<Listed<'a>>,
    /// Ledgers as they were read.
    loaded: Vec<(Owner, PhoneLedger)>,
    ran: Ran,
}

/// A phone that was found in the list of ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listed<'a> {
    pub(super) owner: &'a Owner,
    /// It was not listed for being deleted: that has to be found out.
    pub(super) may_stay: bool,
}

/// What a run used and did.
#[derive(Default)]
pub(super) struct Ran {
    /// Documents and values, by key, and whether it is a document.
    pub(super) strings: BTreeMap<String, bool>,
    pub(super) levels: BTreeMap<(String, u32), Used>,
    pub(super) changes: Changes,
    pub(super) missed: Missed,
    /// Keys of which a value was taken for granted.
    pub(super) guessed: Missed,
    /// Phones that had, or may have had, a second place in the list of ends.
    pub(super) listed_twice: Vec<Owner>,
    /// The keys of locators, and those of the phones to which they lead.
    pub(super) located: Vec<(String, String)>,
}

/// What a run found in a budget.
#[derive(Debug, Clone, Copy)]
pub(super) struct Used {
    /// Its `max`-th latest event must not be later than this, for it must not refuse.
    pub(super) free_until: Timestamp,
    /// Its latest event must not be later than this, because it was not read.
    pub(super) latest_until: Timestamp,
}

impl Ran {
    /// The keys of the phones that it is about.
    pub(super) fn documents(&self) -> impl Iterator<Item = &str> {
        self.strings.iter().filter_map(|(key, is_document)| is_document.then_some(key.as_str()))
    }
}

impl Used {
    /// Whatever it holds will do.
    pub(super) const UNBOUND: Self = Self { free_until: Timestamp::MAX, latest_until: Timestamp::MAX };
}

impl<'a> StepTransaction<'a> {
    pub(super) fn new(keys: &'a Keys, view: &'a View, guesses: bool, listed: Option<Listed<'a>>) -> Self {
        Self { keys, view, guesses, listed, loaded: Vec::new(), ran: Ran::default() }
    }

    pub(super) fn into_ran(mut self) -> Ran {
        let twice = |ledger: &PhoneLedger| self.listed.is_some() || ends::second_place(ledger).is_some();
        let loaded = self.loaded.iter().filter(|(_, ledger)| twice(ledger));
        self.ran.listed_twice = loaded.map(|(owner, _)| owner.clone()).collect();
        self.ran
    }

    fn string(&mut self, key: String, is_document: bool) -> Result<Option<&'a [u8]>, StoreError> {
        let value = match self.view.string(&key) {
            Some(value) => {
                if !self.view.is_proven(&key) {
                    self.ran.guessed.strings.push(key.clone());
                }
                value
            }
            None if self.guesses => {
                self.ran.guessed.strings.push(key.clone());
                None
            }
            None => {
                self.ran.missed.strings.push(key);
                return Err(missing("otp.read"));
            }
        };
        self.ran.strings.insert(key, is_document);
        Ok(value)
    }

    fn level(&mut self, budget: &Budget) -> Result<(Level, &mut Used), StoreError> {
        let name = (budget.key.clone(), budget.rate.max);
        let known = self.view.level(&budget.key, budget.rate.max);
        if known.is_none() && !self.guesses {
            self.ran.missed.levels.push(name);
            return Err(missing("otp.budget"));
        }
        if known.is_none() {
            self.ran.guessed.levels.push(name.clone());
        }
        Ok((known.unwrap_or_default(), self.ran.levels.entry(name).or_insert(Used::UNBOUND)))
    }

    /// When this run charged a budget last.
    fn charged_at(&self, budget: &Budget) -> Option<Timestamp> {
        self.ran.changes.budgets.iter().rev().find_map(|count| match count {
            Count::Event { budget: charged, at } => (charged.key == budget.key).then_some(*at),
            Count::Release { .. } => None,
        })
    }
}

impl Transaction for StepTransaction<'_> {
    fn load(&mut self, tenant: &TenantId, phone: &PhoneNumber) -> Result<PhoneLedger, StoreError> {
        let changed =
            self.ran.changes.phones.iter().find(|((of, number), _)| of == tenant && number == phone);
        if let Some((_, ledger)) = changed {
            return Ok(ledger.clone());
        }
        let document = self.string(self.keys.phone(tenant, phone), true)?;
        let ledger = view::ledger(document).ok_or_else(|| unreadable("otp.load", "ledger"))?;
        self.loaded.push(((tenant.clone(), phone.clone()), ledger.clone()));
        Ok(ledger)
    }

    fn save(
        &mut self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        ledger: &PhoneLedger,
    ) -> Result<(), StoreError> {
        let owner = (tenant.clone(), phone.clone());
        self.ran.changes.phones.retain(|(changed, _)| *changed != owner);
        // What was listed is written in any case: where it was found may be wrong.
        let unchanged = self.listed.is_none()
            && self.loaded.iter().any(|(loaded, before)| *loaded == owner && before == ledger);
        if !unchanged {
            self.ran.changes.phones.push((owner, ledger.clone()));
        }
        Ok(())
    }

    fn link(&mut self, locator: &Locator, tenant: &TenantId, phone: &PhoneNumber) -> Result<(), StoreError> {
        self.ran.located.push((self.keys.locator(locator), self.keys.phone(tenant, phone)));
        self.ran.changes.locators.insert(locator.clone(), Some((tenant.clone(), phone.clone())));
        Ok(())
    }

    fn unlink(&mut self, locator: &Locator) -> Result<(), StoreError> {
        self.ran.changes.locators.insert(locator.clone(), None);
        Ok(())
    }

    fn locate(&mut self, locator: &Locator) -> Result<Option<Owner>, StoreError> {
        if let Some(owner) = self.ran.changes.locators.get(locator) {
            return Ok(owner.clone());
        }
        let key = self.keys.locator(locator);
        let Some(value) = self.string(key.clone(), false)? else { return Ok(None) };
        let owner = keys::owner(value).ok_or_else(|| unreadable("otp.locate", "phone"))?;
        self.ran.located.push((key, self.keys.phone(&owner.0, &owner.1)));
        Ok(Some(owner))
    }

    fn refuses_until(&mut self, budget: &Budget, now: Timestamp) -> Result<Option<Timestamp>, StoreError> {
        if self.charged_at(budget).is_some() {
            // Only the events at both ends are known, so a budget is asked first and charged then.
            return Err(StoreError::new(StoreErrorKind::Unexpected, "otp.budget"));
        }
        let (level, used) = self.level(budget)?;
        let until = level.first.map(|first| first + budget.rate.window).filter(|until| *until > now);
        if until.is_none() {
            used.free_until = used.free_until.min(now - budget.rate.window);
        }
        Ok(until)
    }

    fn charge(&mut self, budget: &Budget, now: Timestamp) -> Result<Timestamp, StoreError> {
        let charged_at = self.charged_at(budget);
        let is_read = self.view.level(&budget.key, budget.rate.max).is_some();
        let (level, used) = self.level(budget)?;
        // A clock that steps back renews nothing.
        let at = now.max(level.latest.unwrap_or(now)).max(charged_at.unwrap_or(now));
        if !is_read {
            used.latest_until = at;
        }
        self.ran.changes.budgets.push(Count::Event { budget: budget.clone(), at });
        Ok(at)
    }

    fn release(&mut self, budget: &Budget, at: Timestamp) -> Result<(), StoreError> {
        // Nothing of it has to be known, only that it is a budget.
        self.ran.levels.entry((budget.key.clone(), budget.rate.max)).or_insert(Used::UNBOUND);
        self.ran.changes.budgets.push(Count::Release { budget: budget.clone(), at });
        Ok(())
    }

    fn keep_receipt(&mut self, orphan: &ReceiptOrphan, now: Timestamp) -> Result<(), StoreError> {
        let name = orphan.locator.as_str();
        let mut waiting = self.waiting(name)?;
        if receipts::add(&mut waiting, &orphan.receipt) {
            let value = receipts::encode(&waiting);
            self.ran.changes.receipts.insert(name.to_owned(), Some((value, now)));
        }
        Ok(())
    }

    fn take_receipts(&mut self, locator: &Locator) -> Result<Vec<DeliveryReceipt>, StoreError> {
        let waiting = self.waiting(locator.as_str())?;
        if !waiting.is_empty() {
            self.ran.changes.receipts.insert(locator.as_str().to_owned(), None);
        }
        Ok(waiting)
    }

    fn due(&mut self, _limit: usize, _now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        Ok(self.listed.map(|listed| listed.owner.clone()).into_iter().collect())
    }

    fn purgeable(&mut self, _limit: usize, now: Timestamp) -> Result<Vec<Owner>, StoreError> {
        let Some(Listed { owner, may_stay }) = self.listed else { return Ok(Vec::new()) };
        if may_stay && self.load(&owner.0, &owner.1)?.purge_at() > now {
            return Ok(Vec::new());
        }
        Ok(vec![owner.clone()])
    }

    /// The clean-up of what is shared has a script of its own, beside the step.
    fn purge_shared(
        &mut self,
        _limit: usize,
        _before: Timestamp,
        _now: Timestamp,
    ) -> Result<usize, StoreError> {
        Ok(0)
    }
}

impl StepTransaction<'_> {
    fn waiting(&mut self, locator: &str) -> Result<Vec<DeliveryReceipt>, StoreError> {
        let value = match self.ran.changes.receipts.get(locator) {
            Some(Some((value, _))) => {
                return receipts::decode(value).ok_or_else(|| unreadable("otp.receipts", "receipt"));
            }
            Some(None) => None,
            None => self.string(self.keys.receipts(locator), false)?,
        };
        let waiting =
            value.map(|value| receipts::decode(value).ok_or_else(|| unreadable("otp.receipts", "receipt")));
        Ok(waiting.transpose()?.unwrap_or_default())
    }
}

/// Ends a run that cannot go on. The step runs again when what it missed was read; nobody sees this error.
fn missing(step: &'static str) -> StoreError {
    StoreError::new(StoreErrorKind::Unavailable, step)
}
