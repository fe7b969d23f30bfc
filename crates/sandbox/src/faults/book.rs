//! The list of planned faults and the counting that decides which one fires.

use serde_json::Value;

use super::{Fault, FaultKind, WebhookFault};
use crate::phone::MessageStatus;
use crate::provider::{Endpoint, ProviderKind};

/// More rules than this are a loop gone wild, not a plan.
const MAX_RULES: usize = 1_000;

#[derive(Debug)]
struct Rule {
    id: u64,
    fault: Fault,
    /// How often it was asked and matched.
    seen: u32,
}

impl Rule {
    /// Counts one match and says whether the fault fires on it.
    fn fires(&mut self) -> bool {
        self.seen = self.seen.saturating_add(1);
        self.fault.trigger.fires(self.seen)
    }

    fn spent(&self) -> bool {
        self.fault.trigger.spent(self.seen)
    }
}

/// All planned faults in the order in which they were added.
#[derive(Debug, Default)]
pub(crate) struct FaultBook {
    rules: Vec<Rule>,
    last_id: u64,
}

impl FaultBook {
    /// Adds a fault and gives back its number; `None` if there are too many.
    pub(crate) fn add(&mut self, fault: Fault) -> Option<u64> {
        if self.rules.len() >= MAX_RULES {
            return None;
        }
        self.last_id += 1;
        self.rules.push(Rule { id: self.last_id, fault, seen: 0 });
        Some(self.last_id)
    }

    pub(crate) fn clear(&mut self) {
        self.rules.clear();
    }

    /// What should go wrong with this request, if anything.
    pub(crate) fn strike(
        &mut self,
        provider: ProviderKind,
        endpoint: Endpoint,
        phones: &[String],
    ) -> Option<FaultKind> {
        self.first_firing(provider, |fault| {
            !matches!(fault.kind, FaultKind::Webhook(_))
                && fault.endpoint.is_none_or(|wanted| wanted == endpoint)
                && fault.phone.as_ref().is_none_or(|wanted| phones.contains(wanted))
        })
    }

    /// What should go wrong with this status webhook, if anything.
    pub(crate) fn strike_webhook(
        &mut self,
        provider: ProviderKind,
        phone: &str,
        status: MessageStatus,
    ) -> Option<WebhookFault> {
        let struck = self.first_firing(provider, |fault| {
            let applies = match fault.kind {
                FaultKind::Webhook(WebhookFault::Drop | WebhookFault::Duplicate) => true,
                FaultKind::Webhook(WebhookFault::ReadFirst) => status == MessageStatus::Delivered,
                FaultKind::Webhook(_) => status == MessageStatus::Sent,
                _ => false,
            };
            applies && fault.phone.as_ref().is_none_or(|wanted| wanted == phone)
        })?;
        match struck {
            FaultKind::Webhook(fault) => Some(fault),
            _ => None,
        }
    }

    fn first_firing(
        &mut self,
        provider: ProviderKind,
        matches: impl Fn(&Fault) -> bool,
    ) -> Option<FaultKind> {
        let here = |fault: &Fault| fault.provider.is_none_or(|wanted| wanted == provider) && matches(fault);
        let rule = self.rules.iter_mut().filter(|rule| here(&rule.fault)).find_map(|rule| {
            let fires = rule.fires();
            fires.then_some(rule)
        });
        let kind = rule.map(|rule| rule.fault.kind.clone());
        self.rules.retain(|rule| !rule.spent());
        kind
    }

    /// The faults that can still fire, as the control API lists them.
    pub(crate) fn to_json(&self) -> Value {
        let list: Vec<Value> = self
            .rules
            .iter()
            .map(|rule| {
                let mut fault = rule.fault.to_json();
                if let Some(fields) = fault.as_object_mut() {
                    fields.insert("id".into(), rule.id.into());
                    fields.insert("seen".into(), rule.seen.into());
                }
                fault
            })
            .collect();
        list.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FONNTE: ProviderKind = ProviderKind::Fonnte;

    fn fired(book: &mut FaultBook, requests: usize) -> Vec<bool> {
        (0..requests).map(|_| book.strike(FONNTE, Endpoint::Send, &["621".into()]).is_some()).collect()
    }

    #[test]
    fn triggers_count_matching_requests() {
        let check = |fault: Fault, expected: &[bool]| {
            let mut book = FaultBook::default();
            book.add(fault);
            assert_eq!(fired(&mut book, expected.len()), expected);
        };
        check(Fault::cut_before_accept(), &[true, true, true]);
        check(Fault::cut_before_accept().times(2), &[true, true, false, false]);
        check(Fault::cut_before_accept().times(0), &[false, false]);
        check(Fault::cut_before_accept().every(3), &[false, false, true, false, false, true]);
        check(Fault::cut_before_accept().every(0), &[false, false]);
        check(Fault::cut_before_accept().on(Endpoint::Device), &[false]);
        check(Fault::cut_before_accept().at(FONNTE), &[true]);
        check(Fault::cut_before_accept().at(ProviderKind::Waha), &[false]);
        check(Fault::cut_before_accept().to_phone("+621"), &[true]);
        check(Fault::cut_before_accept().to_phone("622"), &[false]);
    }

    #[test]
    fn the_first_that_fires_decides_and_the_next_waits_its_turn() {
        let mut book = FaultBook::default();
        book.add(Fault::http_error(500).times(1));
        book.add(Fault::refuse("insufficient quota").times(1));
        assert_eq!(book.strike(FONNTE, Endpoint::Send, &[]), Some(FaultKind::HttpError { status: 500 }));
        let second = book.strike(FONNTE, Endpoint::Send, &[]);
        assert_eq!(second, Some(FaultKind::Refuse { reason: "insufficient quota".into() }));
        assert_eq!(book.strike(FONNTE, Endpoint::Send, &[]), None);
        assert_eq!(book.to_json(), serde_json::json!([]));
    }

    #[test]
    fn webhook_faults_leave_requests_alone_and_the_reverse() {
        let mut book = FaultBook::default();
        book.add(Fault::webhook(WebhookFault::Reorder).times(1));
        assert_eq!(book.strike(FONNTE, Endpoint::Send, &[]), None);
        assert_eq!(book.strike_webhook(FONNTE, "621", MessageStatus::Delivered), None);
        assert_eq!(book.strike_webhook(FONNTE, "621", MessageStatus::Sent), Some(WebhookFault::Reorder));
        book.add(Fault::http_error(500));
        assert_eq!(book.strike_webhook(FONNTE, "621", MessageStatus::Sent), None);
    }

    #[test]
    fn the_number_of_rules_is_bounded() {
        let mut book = FaultBook::default();
        for _ in 0..MAX_RULES {
            assert!(book.add(Fault::cut_before_accept()).is_some());
        }
        assert_eq!(book.add(Fault::cut_before_accept()), None);
    }
}
