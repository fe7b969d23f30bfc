//! Leasing sends: those whose holder is gone, and those that go on over the next channel.

use wartel_core::{PhoneNumber, TenantId, Timestamp};
use wartel_messaging::DeliveryState;

use super::state::{Challenge, PhoneLedger, Reservation, Send, Verification};
use crate::store::{LeasedSend, Rules};
use crate::verification::SendId;

/// Whose ledger it is, and by which rules.
pub(super) struct Scope<'a> {
    pub(super) tenant: &'a TenantId,
    pub(super) phone: &'a PhoneNumber,
    pub(super) rules: &'a Rules,
}

/// What was due of a phone.
pub(super) struct Due {
    /// The sends to be made.
    pub(super) leased: Vec<LeasedSend>,
    /// Places in budgets that are given back, because the sends that kept them are given up.
    pub(super) released: Vec<Reservation>,
}

impl Scope<'_> {
    /// The send as its holder gets it.
    pub(super) fn leased(
        &self,
        challenge: &Challenge,
        send: &Send,
        asked_by: Option<&Verification>,
    ) -> LeasedSend {
        LeasedSend {
            tenant: self.tenant.clone(),
            phone: self.phone.clone(),
            purpose: challenge.purpose.clone(),
            send: send.id,
            fence: send.fence,
            nonce: challenge.nonce,
            key: challenge.key.clone(),
            expires_at: challenge.expires_at,
            greeting: asked_by.and_then(|v| v.greeting.clone()),
            locale: asked_by.map(|v| v.locale).unwrap_or_default(),
            channel: send.channel,
            variables: asked_by.map(|v| v.variables.clone()).unwrap_or_default(),
            reserved: send.reserved.iter().map(|reservation| reservation.budget.clone()).collect(),
        }
    }

    fn may_be_sent(&self, challenge: &Challenge, now: Timestamp) -> bool {
        challenge.is_live(now) && challenge.expires_at.since(now) >= self.rules.min_life
    }
}

impl PhoneLedger {
    pub(super) fn send_mut(&mut self, id: SendId, channel: u32) -> Option<&mut Send> {
        let mut sends = self.challenges.iter_mut().flat_map(|challenge| &mut challenge.sends);
        sends.find(|send| send.id == id && send.channel == channel)
    }

    /// At most `limit` sends to be made: over the next channel where a deadline has passed, and again where a
    /// lease has lapsed. What may not be sent again becomes `unknown`; the places in budgets of those that cannot be
    /// refused any more are given back.
    pub(super) fn lease_due(&mut self, scope: &Scope<'_>, limit: usize, now: Timestamp) -> Due {
        let (mut leased, mut released) = (Vec::new(), Vec::new());
        let late: Vec<(SendId, u32)> = self
            .challenges
            .iter()
            .flat_map(|challenge| &challenge.sends)
            .filter(|send| send.fall_back_at.is_some_and(|deadline| deadline <= now))
            .map(|send| (send.id, send.channel))
            .collect();
        for (id, channel) in late {
            if leased.len() < limit {
                leased.extend(self.fall_back_if_late(id, channel, scope, now));
            }
        }
        for challenge in &mut self.challenges {
            let may_be_sent = scope.may_be_sent(challenge, now);
            let mut again = Vec::new();
            for send in &mut challenge.sends {
                if send.lease_until.is_none_or(|until| until > now) {
                    continue;
                }
                if !may_be_sent || send.tries >= scope.rules.uncertain_tries {
                    send.lease_until = None;
                    send.state = send.state.max(DeliveryState::Unknown);
                    // No refusal of a second try is certain. One of the only try still is, should it come late.
                    if send.tries > 1 {
                        released.append(&mut send.reserved);
                    }
                    continue;
                }
                if leased.len() + again.len() >= limit {
                    continue;
                }
                send.tries += 1;
                send.fence += 1;
                send.lease_until = Some(now + scope.rules.lease);
                again.push((send.id, send.channel));
            }
            for (id, channel) in again {
                let mut sends = challenge.sends.iter();
                let Some(send) = sends.find(|send| send.id == id && send.channel == channel) else {
                    continue;
                };
                let asked_by = self.verifications.iter().find(|v| v.id == send.asked_by);
                leased.push(scope.leased(challenge, send, asked_by));
            }
        }
        Due { leased, released }
    }

    /// Goes on over the next channel unless the message came far enough.
    fn fall_back_if_late(
        &mut self,
        id: SendId,
        channel: u32,
        scope: &Scope<'_>,
        now: Timestamp,
    ) -> Option<LeasedSend> {
        let send = self.send_mut(id, channel)?;
        let rule = scope.rules.fallbacks.get(usize::try_from(channel).ok()?);
        // A policy that has no next channel any more ends the waiting.
        let Some(rule) = rule else {
            send.fall_back_at = None;
            return None;
        };
        // Accepted and nothing heard since: silence says something only where receipts are known to arrive.
        let silent = send.state < rule.wanted && (rule.receipts || send.state < DeliveryState::Accepted);
        if silent || send.state == DeliveryState::Failed {
            self.fall_back(id, channel, scope, now)
        } else {
            send.fall_back_at = None;
            None
        }
    }

    /// Makes and leases the message over the next channel; `None` if there is none, it was made already, or the
    /// code has too little life left.
    pub(super) fn fall_back(
        &mut self,
        id: SendId,
        channel: u32,
        scope: &Scope<'_>,
        now: Timestamp,
    ) -> Option<LeasedSend> {
        let is_it = |send: &Send| send.id == id && send.channel == channel;
        let challenge = self.challenges.iter_mut().find(|challenge| challenge.sends.iter().any(is_it))?;
        let may_be_sent = scope.may_be_sent(challenge, now);
        let send = challenge.sends.iter_mut().find(|send| is_it(send))?;
        // Whatever comes of it: a channel is left once. Its lease does not lapse into sending over it again.
        let waited = send.fall_back_at.take().is_some();
        let left = usize::try_from(channel).ok()?;
        if !waited || !may_be_sent || left >= scope.rules.fallbacks.len() {
            return None;
        }
        if send.lease_until.take().is_some() {
            send.state = send.state.max(DeliveryState::Unknown);
        }
        let next = Send {
            id,
            channel: channel + 1,
            fall_back_at: scope.rules.fallbacks.get(left + 1).map(|rule| now + rule.after),
            refused: false,
            state: DeliveryState::Queued,
            fence: 1,
            tries: 1,
            lease_until: Some(now + scope.rules.lease),
            provider: None,
            message_id: None,
            state_id: None,
            reserved: std::mem::take(&mut send.reserved),
            asked_by: send.asked_by,
            asked_at: send.asked_at,
            pace_before: send.pace_before,
        };
        let asked_by = self.verifications.iter().find(|v| v.id == next.asked_by);
        let leased = scope.leased(challenge, &next, asked_by);
        challenge.sends.push(next);
        Some(leased)
    }
}
