//! Asking for a code.

use std::collections::BTreeMap;
use std::time::Duration;

use wartel_core::Timestamp;
use wartel_messaging::DeliveryState;

use super::lease::Scope;
use super::state::{Challenge, Pace, PhoneLedger, Reservation, Send, Verification};
use crate::budget::Rate;
use crate::store::{Admission, Admit, Refusal};
use crate::verification::{ChallengeId, SendId, VerificationId};

impl PhoneLedger {
    /// Admits a request or refuses it. `shared_until` is the instant until which the shared budgets refuse,
    /// `None` if they do not. Nothing changes on a refusal.
    pub(super) fn admit(
        &mut self,
        request: &Admit,
        shared_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Admission {
        self.end_unreadable(request, now);
        match self.refuses(request, shared_until, now) {
            Some((reason, until)) => Admission::Refused { reason, until },
            None => self.lease_new_send(request, now),
        }
    }

    /// A challenge whose key was dropped is dead: nobody can check its code any more.
    fn end_unreadable(&mut self, request: &Admit, now: Timestamp) {
        for challenge in &mut self.challenges {
            if challenge.is_live(now) && !request.usable_keys.contains(&challenge.key) {
                challenge.ended_at = Some(now);
                // Its code can be used by nobody: nobody has to wait because of it.
                self.pace.next_at = self.pace.next_at.min(now);
            }
        }
    }

    fn refuses(
        &self,
        request: &Admit,
        shared_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Option<(Refusal, Timestamp)> {
        let rules = &request.rules;
        if self.pace.next_at > now {
            return Some((Refusal::ResendTooSoon, self.pace.next_at));
        }
        if let Some(challenge) = self.live(&request.purpose, now) {
            let prolonged = prolonged(challenge, request, now);
            // Too old to be sent once more, and still somebody's: it is let live out rather than replaced.
            if prolonged.since(now) < rules.min_life {
                return Some((Refusal::ResendTooSoon, challenge.expires_at));
            }
        }
        if self.own_id(request, now).is_none()
            && let Err(until) = self.room_for(rules.checks, rules, now)
        {
            return Some((Refusal::FailedChecks, until));
        }
        let full = request.phone_rates.iter().filter_map(|rate| self.sends_refuse_until(*rate, now)).max();
        if let Some(until) = full {
            return Some((Refusal::PhoneSends, until));
        }
        shared_until.filter(|until| *until > now).map(|until| (Refusal::SharedBudget, until))
    }

    fn sends_refuse_until(&self, rate: Rate, now: Timestamp) -> Option<Timestamp> {
        let at = &self.sends.at;
        let nth_last = at.len().checked_sub(usize::try_from(rate.max).unwrap_or(usize::MAX))?;
        let until = *at.get(nth_last)? + rate.window;
        (until > now).then_some(until)
    }

    /// The pending id that this caller keeps: the one that it names, or else the one asked for from its address.
    fn own_id(&self, request: &Admit, now: Timestamp) -> Option<VerificationId> {
        let live = self.live(&request.purpose, now)?;
        let mine = |v: &&Verification| v.challenge == live.id && self.is_pending(v, now);
        let named = request.own_id.and_then(|id| self.verification(id)).filter(mine);
        let by_client = || {
            let client = request.client.as_ref()?;
            self.verifications.iter().rev().filter(mine).find(|v| v.client.as_ref() == Some(client))
        };
        named.or_else(by_client).map(|verification| verification.id)
    }

    fn lease_new_send(&mut self, request: &Admit, now: Timestamp) -> Admission {
        let own = self.own_id(request, now);
        let challenge_id = self.live_or_new(request, now);
        let verification = own.unwrap_or_else(|| self.new_verification(request, challenge_id));
        if let Some(own) = self.verification_mut(verification) {
            own.greeting.clone_from(&request.greeting);
            own.locale = request.locale;
            own.variables.clone_from(&request.variables);
        }

        let rules = &request.rules;
        let pace_before = self.pace;
        let longest = request.phone_rates.iter().map(|rate| rate.window).max().unwrap_or_default();
        self.sends.at.retain(|at| *at + longest > now);
        // A clock that steps back renews nothing: the instants stay in order. And no two are the same, because a send
        // that is given back is known by its instant.
        let asked_at = self.sends.at.last().map_or(now, |latest| now.max(*latest + Duration::from_micros(1)));
        self.sends.at.push(asked_at);
        self.pace = next_pace(pace_before, request, asked_at);
        self.sends.kept_until = now + longest.max(rules.waits_reset);

        let send = Send {
            id: request.fresh.send,
            asked_by: verification,
            channel: 0,
            fall_back_at: rules.fallbacks.first().map(|fallback| now + fallback.after),
            refused: false,
            asked_at,
            state: DeliveryState::Queued,
            fence: 1,
            tries: 1,
            lease_until: Some(now + rules.lease),
            provider: None,
            message_id: None,
            state_id: None,
            pace_before,
            reserved: Vec::new(),
        };
        let begun = challenge_id == request.fresh.challenge;
        let asked = self.verification(verification).cloned();
        let mut leased = None;
        if let Some(challenge) = self.challenge_mut(challenge_id) {
            challenge.expires_at = prolonged(challenge, request, now);
            let scope = Scope { tenant: &request.tenant, phone: &request.phone, rules };
            leased = Some(scope.leased(challenge, &send, asked.as_ref()));
            challenge.sends.push(send);
        }
        match (self.view(verification, &request.phone, now), leased) {
            (Some(view), Some(send)) => {
                self.remember_key(request, &view);
                Admission::Send { view, send, begun }
            }
            // Both were written a few lines above.
            _ => Admission::Refused { reason: Refusal::ResendTooSoon, until: self.pace.next_at },
        }
    }

    /// Keeps the places that a refusal of the send has in budgets.
    pub(super) fn reserve(&mut self, send: SendId, reserved: Vec<Reservation>) {
        if let Some(send) = self.send_mut(send, 0) {
            send.reserved = reserved;
        }
    }

    fn live_or_new(&mut self, request: &Admit, now: Timestamp) -> ChallengeId {
        if let Some(live) = self.live(&request.purpose, now) {
            return live.id;
        }
        self.challenges.push(Challenge {
            id: request.fresh.challenge,
            purpose: request.purpose.clone(),
            nonce: request.fresh.nonce,
            key: request.key.clone(),
            created_at: now,
            // Its first send prolongs it.
            expires_at: now,
            ended_at: None,
            failed_without_id: 0,
            retention: request.rules.retention,
            sends: Vec::new(),
            network: request.network.clone(),
        });
        request.fresh.challenge
    }

    fn new_verification(&mut self, request: &Admit, challenge: ChallengeId) -> VerificationId {
        self.verifications.push(Verification {
            id: request.fresh.verification,
            challenge,
            client: request.client.clone(),
            greeting: None,
            locale: request.locale,
            checks: request.rules.checks,
            spent: 0,
            cancelled: false,
            approved: false,
            variables: BTreeMap::new(),
            keyed: Vec::new(),
        });
        request.fresh.verification
    }
}

/// When the code dies if it is sent now: prolonged, but never past its longest life, and never shortened.
fn prolonged(challenge: &Challenge, request: &Admit, now: Timestamp) -> Timestamp {
    let longest = challenge.created_at + request.rules.max_life;
    (now + request.rules.ttl).min(longest).max(challenge.expires_at)
}

/// The pace after one more send.
fn next_pace(before: Pace, request: &Admit, now: Timestamp) -> Pace {
    let rules = &request.rules;
    let rested = before.last_at.is_none_or(|last| last + rules.waits_reset <= now);
    let streak = if rested { 1 } else { before.streak.saturating_add(1) };
    let step = usize::try_from(streak).unwrap_or(usize::MAX).saturating_sub(1);
    let wait = rules.waits.get(step).or_else(|| rules.waits.last()).copied().unwrap_or_default();
    Pace { streak, last_at: Some(now), next_at: now + wait }
}
