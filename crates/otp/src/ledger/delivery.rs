//! What became of sends: the provider's answers and its receipts.

use wartel_core::Timestamp;
use wartel_messaging::{DeliveryReceipt, DeliveryState};

use super::locator::Locator;
use super::state::{PhoneLedger, Send};
use crate::budget::Budget;
use crate::store::{DeliveryRecord, SendOutcome};

/// What recording an outcome means for the rest of the store.
#[derive(Default)]
pub(super) struct Recorded {
    /// By what receipts find the message from now on.
    pub(super) added: Vec<Locator>,
    /// Budgets that the outcome is charged to.
    pub(super) charges: Vec<Budget>,
}

impl PhoneLedger {
    /// Records what came of a send; `None` if the fence is not the newest or the outcome tells nothing new.
    pub(super) fn record_delivery(&mut self, record: &DeliveryRecord, now: Timestamp) -> Option<Recorded> {
        let (challenge, send) = self.challenges.iter_mut().find_map(|challenge| {
            let id = challenge.id;
            challenge.sends.iter_mut().find(|send| send.id == record.send).map(|send| (id, send))
        })?;
        // After a lapsed lease a refusal tells of the second try only: the first may have been taken all the same.
        let certain = send.tries == 1 && send.state < DeliveryState::Accepted;
        let refused = record.outcome == SendOutcome::Refused && certain;
        let state = match record.outcome {
            SendOutcome::Accepted { .. } => DeliveryState::Accepted,
            SendOutcome::Refused if refused => DeliveryState::Failed,
            SendOutcome::Refused | SendOutcome::Unknown => DeliveryState::Unknown,
        };
        if send.fence != record.fence || state <= send.state {
            return None;
        }
        send.state = state;
        send.lease_until = None;
        send.provider = Some(record.provider.clone());
        if let SendOutcome::Accepted { message_id } = &record.outcome {
            send.message_id.clone_from(message_id);
        }
        let mut recorded = Recorded { added: send.locators(), charges: Vec::new() };
        if refused {
            recorded.charges.clone_from(&send.refusal_budgets);
            let send = send.clone();
            self.give_back(&send);
            let all_failed = self.challenge(challenge).is_some_and(|challenge| {
                challenge.sends.iter().all(|send| send.state == DeliveryState::Failed)
            });
            if all_failed && let Some(challenge) = self.challenge_mut(challenge) {
                challenge.ended_at.get_or_insert(now);
            }
        }
        Some(recorded)
    }

    /// A send that was certainly refused cost the person nothing: neither a send nor a wait.
    fn give_back(&mut self, send: &Send) {
        if let Some(at) = self.sends.at.iter().position(|at| *at == send.asked_at) {
            self.sends.at.remove(at);
        }
        if self.pace.last_at == Some(send.asked_at) {
            self.pace = send.pace_before;
        }
    }

    /// Raises the state of the send that a receipt names; answers the locators that it taught us.
    pub(super) fn apply_receipt(&mut self, receipt: &DeliveryReceipt) -> Vec<Locator> {
        let named = |send: &&mut Send| {
            let by_message = receipt.key.message_id.is_some() && send.message_id == receipt.key.message_id;
            let by_state = receipt.key.state_id.is_some() && send.state_id == receipt.key.state_id;
            send.provider.as_deref() == Some(receipt.provider.as_str()) && (by_message || by_state)
        };
        // The newest first: should a provider use an id again, its news are of the later message.
        let newest = self.challenges.iter_mut().rev().flat_map(|challenge| challenge.sends.iter_mut().rev());
        let Some(send) = newest.into_iter().find(named) else {
            return Vec::new();
        };
        send.state = send.state.max(receipt.state);
        let known = send.locators();
        if send.state_id.is_none() {
            send.state_id.clone_from(&receipt.key.state_id);
        }
        send.locators().into_iter().filter(|locator| !known.contains(locator)).collect()
    }
}
