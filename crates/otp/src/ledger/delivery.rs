//! What became of sends: the provider's answers and its receipts.

use wartel_core::Timestamp;
use wartel_messaging::{DeliveryReceipt, DeliveryState};

use super::lease::Scope;
use super::locator::Locator;
use super::state::{PhoneLedger, Reservation, Send};
use crate::store::{DeliveryRecord, LeasedSend, SendOutcome};
use crate::verification::ChallengeId;

/// What recording an outcome means for the rest of the store.
pub(super) struct Outcome {
    /// By what receipts find the message from now on.
    pub(super) added: Vec<Locator>,
    /// What leads nowhere any more.
    pub(super) dropped: Vec<Locator>,
    /// Places in budgets that are given back, because the send was not refused.
    pub(super) released: Vec<Reservation>,
    /// The send over the next channel.
    pub(super) next: Option<LeasedSend>,
}

impl PhoneLedger {
    /// Records what came of a send; `None` if the fence is not the newest or the outcome tells nothing new.
    pub(super) fn record_delivery(&mut self, record: &DeliveryRecord, now: Timestamp) -> Option<Outcome> {
        let (challenge, send) = self.challenges.iter_mut().find_map(|challenge| {
            let id = challenge.id;
            let is_it = |send: &&mut Send| send.id == record.send && send.channel == record.channel;
            challenge.sends.iter_mut().find(is_it).map(|send| (id, send))
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
        send.refused = refused;
        send.provider = Some(record.provider.clone());
        if let SendOutcome::Accepted { message_id } = &record.outcome {
            send.message_id.clone_from(message_id);
        }
        let added = send.locators();
        let mut next = None;
        if record.outcome == SendOutcome::Refused {
            let scope = Scope { tenant: &record.tenant, phone: &record.phone, rules: &record.rules };
            next = self.fall_back(record.send, record.channel, &scope, now);
        }
        let (mut released, mut dropped) = (Vec::new(), Vec::new());
        if next.is_none() {
            let reserved =
                self.send_mut(record.send, record.channel).map(|send| std::mem::take(&mut send.reserved));
            match self.refused_everywhere(record, challenge, now) {
                Some(keys) => dropped = keys,
                None => released = reserved.unwrap_or_default(),
            }
        }
        Some(Outcome { added, dropped, released, next })
    }

    /// Whether the send was certainly refused over all its channels. Then it cost the person nothing, neither a
    /// send nor a wait; and a code that nobody was sent ends. Answers the locators that lead nowhere then, `None` if
    /// it was not refused everywhere.
    fn refused_everywhere(
        &mut self,
        record: &DeliveryRecord,
        of: ChallengeId,
        now: Timestamp,
    ) -> Option<Vec<Locator>> {
        let challenge = self.challenge(of)?;
        let send = challenge.sends.iter().find(|send| send.id == record.send).cloned()?;
        let refused = challenge.sends.iter().filter(|s| s.id == record.send).all(|s| s.refused);
        if !refused {
            return None;
        }
        let all_failed = challenge.sends.iter().all(|send| send.state == DeliveryState::Failed);
        self.give_back(&send);
        let dropped = self.forget_key(record.send);
        if all_failed && let Some(challenge) = self.challenge_mut(of) {
            challenge.ended_at.get_or_insert(now);
        }
        Some(dropped)
    }

    fn give_back(&mut self, send: &Send) {
        if let Some(at) = self.sends.at.iter().position(|at| *at == send.asked_at) {
            self.sends.at.remove(at);
        }
        if self.pace.last_at == Some(send.asked_at) {
            self.pace = send.pace_before;
        }
    }

    /// Raises the state of the send that a receipt names; answers the locators that it taught us.
    pub(super) fn apply_receipt(&mut self, receipt: &DeliveryReceipt, now: Timestamp) -> Vec<Locator> {
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
        if send.state == DeliveryState::Failed {
            // It will not come any more: the next channel need not wait for its turn.
            send.fall_back_at = send.fall_back_at.map(|deadline| deadline.min(now));
        } else if send.state > DeliveryState::Failed {
            send.fall_back_at = None;
        }
        let known = send.locators();
        if send.state_id.is_none() {
            send.state_id.clone_from(&receipt.key.state_id);
        }
        send.locators().into_iter().filter(|locator| !known.contains(locator)).collect()
    }
}
