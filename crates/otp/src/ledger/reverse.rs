//! Verifications whose code the person sends to us.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::{KeyId, PhoneNumber, Timestamp};
use wartel_messaging::DeliveryState;

use super::locator::Locator;
use super::state::{PhoneLedger, ProofRecord};
use crate::budget::ClientKey;
use crate::code::Nonce;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::reverse_store::{
    OpenReverse, ReverseAdmission, ReverseChallenge, ReverseClaim, ReverseClaimed, ReverseOutcome,
    ReverseReceipt, ReverseRefusal, ReverseState,
};
use crate::verification::{VerificationId, VerificationState, VerificationView};

/// How many that are over are kept of one phone; the oldest go first.
const OVER_KEPT: usize = 16;

/// One caller's wish to have the phone proven by a message that it sends. It has a code of its own.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Reverse {
    id: VerificationId,
    purpose: Purpose,
    nonce: Nonce,
    key: KeyId,
    client: Option<ClientKey>,
    created_at: Timestamp,
    expires_at: Timestamp,
    wrong: u32,
    wrong_max: u32,
    stage: Stage,
    retention: Duration,
}

#[derive(Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// Waits for its code until it expires.
    Waiting,
    /// The code arrived; the proof can be claimed.
    Confirmed { until: Timestamp },
    /// The proof was shown.
    Claimed { at: Timestamp, proof: ProofHash, proof_expires_at: Timestamp },
    /// The caller took it back.
    Cancelled { at: Timestamp },
    /// Too many wrong codes came.
    Spent { at: Timestamp },
    /// Its key was dropped.
    Unreadable { at: Timestamp },
}

impl Reverse {
    fn state(&self, now: Timestamp) -> ReverseState {
        match self.stage {
            Stage::Waiting if now < self.expires_at => ReverseState::Waiting,
            Stage::Confirmed { until } if now < until => ReverseState::Confirmed,
            Stage::Claimed { .. } => ReverseState::Claimed,
            _ => ReverseState::Over,
        }
    }

    fn is_waiting(&self, now: Timestamp) -> bool {
        self.state(now) == ReverseState::Waiting
    }

    /// Whether its caller can still get a proof by it.
    fn is_open(&self, now: Timestamp) -> bool {
        matches!(self.state(now), ReverseState::Waiting | ReverseState::Confirmed)
    }

    /// When it ended or will end by itself.
    const fn end(&self) -> Timestamp {
        match self.stage {
            Stage::Waiting => self.expires_at,
            Stage::Confirmed { until } => until,
            Stage::Claimed { at, .. }
            | Stage::Cancelled { at }
            | Stage::Spent { at }
            | Stage::Unreadable { at } => at,
        }
    }

    pub(super) fn purge_at(&self) -> Timestamp {
        self.end() + self.retention
    }

    fn challenge(&self, phone: &PhoneNumber, now: Timestamp) -> ReverseChallenge {
        ReverseChallenge {
            id: self.id,
            phone: phone.clone(),
            purpose: self.purpose.clone(),
            nonce: self.nonce,
            key: self.key.clone(),
            state: self.state(now),
            ends_at: self.end(),
        }
    }

    fn view(&self, phone: &PhoneNumber, now: Timestamp) -> VerificationView {
        let state = match (&self.stage, self.state(now)) {
            (_, ReverseState::Waiting) => VerificationState::Pending,
            (_, ReverseState::Confirmed | ReverseState::Claimed) => VerificationState::Approved,
            (Stage::Cancelled { .. }, _) => VerificationState::Cancelled,
            (Stage::Spent { .. }, _) => VerificationState::Locked,
            _ => VerificationState::Expired,
        };
        VerificationView {
            id: self.id,
            phone: phone.clone(),
            purpose: self.purpose.clone(),
            state,
            // Nothing was sent and nothing will be.
            delivery: DeliveryState::Queued,
            attempts_left: self.wrong_max.saturating_sub(self.wrong),
            expires_at: self.end(),
            resend_at: self.created_at,
        }
    }
}

impl PhoneLedger {
    /// Opens a verification or refuses it; answers also the locators that lead nowhere now. `shared_until` is the
    /// instant until which the shared budgets refuse. Nothing changes on a refusal.
    pub(super) fn open_reverse(
        &mut self,
        request: &OpenReverse,
        shared_until: Option<Timestamp>,
        now: Timestamp,
    ) -> (ReverseAdmission, Vec<Locator>) {
        let own = self.own_reverse(request, now);
        let places = if own.is_some() { None } else { self.places_until(request, now) };
        let refusal = places.map(|until| (ReverseRefusal::Open, until)).or_else(|| {
            let until = shared_until.filter(|until| *until > now)?;
            Some((ReverseRefusal::SharedBudget, until))
        });
        if let Some((reason, until)) = refusal {
            return (ReverseAdmission::Refused { reason, until }, Vec::new());
        }
        self.end_unreadable_reverse(request, now);
        let rules = &request.rules;
        let mut opened = Reverse {
            id: request.id,
            purpose: request.purpose.clone(),
            nonce: request.nonce,
            key: request.key.clone(),
            client: request.client.clone(),
            created_at: now,
            expires_at: now + rules.ttl.min(rules.max_life),
            wrong: 0,
            wrong_max: rules.wrong_codes,
            stage: Stage::Waiting,
            retention: rules.retention,
        };
        if let Some(own) = self.reverse.iter_mut().find(|reverse| Some(reverse.id) == own) {
            let longest = own.created_at + rules.max_life;
            own.expires_at = (now + rules.ttl).min(longest).max(own.expires_at);
            opened = own.clone();
        } else {
            self.reverse.push(opened.clone());
        }
        let dropped = self.drop_surplus_reverse(now);
        (ReverseAdmission::Opened(opened.challenge(&request.phone, now)), dropped)
    }

    /// The verification that this caller keeps: only one that it names. The address does not do, as it does for a
    /// code that we send: whoever holds the id gets the proof, and many people share an address.
    fn own_reverse(&self, request: &OpenReverse, now: Timestamp) -> Option<VerificationId> {
        let named = self.reverse.iter().find(|reverse| Some(reverse.id) == request.own_id)?;
        let readable = request.usable_keys.contains(&named.key);
        (readable && named.purpose == request.purpose && named.is_waiting(now)).then_some(named.id)
    }

    /// When a place is free for one more, at the latest; `None` if one is free now. Places are never taken from
    /// those who have them, so that a stranger pushes nobody out.
    fn places_until(&self, request: &OpenReverse, now: Timestamp) -> Option<Timestamp> {
        let open = || {
            self.reverse.iter().filter(|reverse| {
                reverse.purpose == request.purpose
                    && reverse.is_open(now)
                    && request.usable_keys.contains(&reverse.key)
            })
        };
        let all = room_at(open().map(Reverse::end), request.rules.open);
        // Callers whose address is not known are not one client.
        let of_client = request.client.as_ref().and_then(|client| {
            let ends = open().filter(|reverse| reverse.client.as_ref() == Some(client)).map(Reverse::end);
            room_at(ends, request.rules.open_per_client)
        });
        all.max(of_client)
    }

    /// One whose key was dropped is dead: nobody can read its code any more. A proof whose code arrived before can
    /// still be claimed.
    fn end_unreadable_reverse(&mut self, request: &OpenReverse, now: Timestamp) {
        for reverse in &mut self.reverse {
            if reverse.is_waiting(now) && !request.usable_keys.contains(&reverse.key) {
                reverse.stage = Stage::Unreadable { at: now };
            }
        }
    }

    /// Those of the phone, in the order of their creation.
    pub(super) fn read_reverse(
        &self,
        id: Option<VerificationId>,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Vec<ReverseChallenge> {
        let wanted = self.reverse.iter().filter(|reverse| id.is_none_or(|id| id == reverse.id));
        wanted.map(|reverse| reverse.challenge(phone, now)).collect()
    }

    pub(super) fn reverse_view(
        &self,
        id: VerificationId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Option<VerificationView> {
        self.reverse.iter().find(|reverse| reverse.id == id).map(|reverse| reverse.view(phone, now))
    }

    /// A message with a code arrived.
    pub(super) fn receive_reverse(&mut self, receipt: &ReverseReceipt, now: Timestamp) -> ReverseOutcome {
        let Some(id) = receipt.matched else { return self.count_wrong_reverse(receipt, now) };
        let Some(reverse) = self.reverse.iter_mut().find(|reverse| reverse.id == id) else {
            return ReverseOutcome::Over;
        };
        match reverse.state(now) {
            ReverseState::Waiting => {
                let until = now + receipt.rules.proof_ttl;
                reverse.stage = Stage::Confirmed { until };
                ReverseOutcome::Confirmed { until }
            }
            ReverseState::Confirmed | ReverseState::Claimed => ReverseOutcome::Repeated,
            ReverseState::Over => ReverseOutcome::Over,
        }
    }

    fn count_wrong_reverse(&mut self, receipt: &ReverseReceipt, now: Timestamp) -> ReverseOutcome {
        let mut waiting: Vec<&mut Reverse> =
            self.reverse.iter_mut().filter(|reverse| reverse.is_waiting(now)).collect();
        if waiting.is_empty() {
            return ReverseOutcome::NobodyWaits;
        }
        if waiting.iter().any(|reverse| !receipt.seen.contains(&reverse.id)) {
            return ReverseOutcome::Stale;
        }
        let mut most = 0;
        for reverse in &mut waiting {
            reverse.wrong = reverse.wrong.saturating_add(1);
            let left = reverse.wrong_max.saturating_sub(reverse.wrong);
            if left == 0 {
                reverse.stage = Stage::Spent { at: now };
            }
            most = most.max(left);
        }
        ReverseOutcome::Wrong { left: most }
    }

    /// Shows the proof once; answers also the locator that is new.
    pub(super) fn claim_reverse(
        &mut self,
        claim: &ReverseClaim,
        now: Timestamp,
    ) -> (ReverseClaimed, Option<Locator>) {
        let Some(reverse) = self.reverse.iter_mut().find(|reverse| reverse.id == claim.id) else {
            return (ReverseClaimed::Nothing, None);
        };
        match &reverse.stage {
            Stage::Claimed { proof, proof_expires_at, .. } if *proof == claim.proof_hash => {
                return (ReverseClaimed::Approved { proof_expires_at: *proof_expires_at }, None);
            }
            Stage::Waiting if now < reverse.expires_at => {
                return (ReverseClaimed::Waiting { until: reverse.expires_at }, None);
            }
            Stage::Confirmed { until } if now < *until => {}
            _ => return (ReverseClaimed::Nothing, None),
        }
        let proof_expires_at = reverse.end();
        let proof = claim.proof_hash.clone();
        reverse.stage = Stage::Claimed { at: now, proof: proof.clone(), proof_expires_at };
        let purpose = reverse.purpose.clone();
        self.proofs.push(ProofRecord {
            hash: proof,
            purpose,
            expires_at: proof_expires_at,
            redeemed_by: None,
        });
        (ReverseClaimed::Approved { proof_expires_at }, Some(Locator::proof(&claim.proof_hash)))
    }

    /// Ends a verification by which its caller could still get a proof. Answers `false` if there is none.
    pub(super) fn cancel_reverse(&mut self, id: VerificationId, now: Timestamp) -> bool {
        let Some(reverse) = self.reverse.iter_mut().find(|reverse| reverse.id == id && reverse.is_open(now))
        else {
            return false;
        };
        reverse.stage = Stage::Cancelled { at: now };
        true
    }

    /// Drops those that `keep` does not want; answers the locators that lead nowhere now.
    pub(super) fn drop_reverse(&mut self, keep: impl Fn(&Reverse) -> bool) -> Vec<Locator> {
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.reverse).into_iter().partition(keep);
        self.reverse = kept;
        gone.iter().map(|reverse| Locator::verification(reverse.id)).collect()
    }

    fn drop_surplus_reverse(&mut self, now: Timestamp) -> Vec<Locator> {
        let over = self.reverse.iter().filter(|reverse| !reverse.is_open(now));
        let mut ends: Vec<_> = over.map(|reverse| (reverse.end(), reverse.id)).collect();
        ends.sort_unstable();
        ends.truncate(ends.len().saturating_sub(OVER_KEPT));
        self.drop_reverse(|reverse| !ends.iter().any(|(_, id)| *id == reverse.id))
    }
}

/// When fewer than `max` of those that end at these instants are left; `None` if so already.
fn room_at(ends: impl Iterator<Item = Timestamp>, max: u32) -> Option<Timestamp> {
    let mut ends: Vec<Timestamp> = ends.collect();
    ends.sort_unstable();
    let surplus = ends.len().checked_sub(usize::try_from(max).unwrap_or(usize::MAX))?;
    ends.get(surplus).copied()
}
