//! Requests that come again with the same idempotency key.

use wartel_core::{PhoneNumber, Timestamp};

use super::locator::Locator;
use super::state::{KeyedRequest, PhoneLedger};
use crate::store::{Admit, Idempotency};
use crate::verification::{SendId, VerificationView};

/// What the ledger knows of an idempotency key.
pub(super) enum Replay {
    /// Nothing: the request was refused, or is forgotten.
    Unknown,
    /// It stands for another request.
    Conflict,
    /// This was answered.
    Answered(VerificationView),
}

impl PhoneLedger {
    pub(super) fn replay(&self, idempotency: &Idempotency, phone: &PhoneNumber, now: Timestamp) -> Replay {
        let keyed = self.verifications.iter().find_map(|verification| {
            let keyed = verification.keyed.iter().find(|keyed| keyed.key == idempotency.key)?;
            Some((verification, keyed))
        });
        let Some((verification, keyed)) = keyed else { return Replay::Unknown };
        if !idempotency.bodies.contains(&keyed.body) {
            return Replay::Conflict;
        }
        let challenge = self.challenge(verification.challenge);
        let Some((mut view, challenge)) = self.view(verification.id, phone, now).zip(challenge) else {
            return Replay::Unknown;
        };
        view.delivery = challenge.delivery_of(keyed.send);
        view.expires_at = keyed.expires_at;
        view.resend_at = keyed.resend_at;
        Replay::Answered(view)
    }

    /// Keeps what is answered to a request with an idempotency key.
    pub(super) fn remember_key(&mut self, request: &Admit, view: &VerificationView) {
        let Some(idempotency) = &request.idempotency else { return };
        let keyed = KeyedRequest {
            key: idempotency.key.clone(),
            body: idempotency.bodies.first().cloned().unwrap_or_default(),
            send: request.fresh.send,
            expires_at: view.expires_at,
            resend_at: view.resend_at,
        };
        if let Some(verification) = self.verification_mut(view.id) {
            verification.keyed.push(keyed);
        }
    }

    /// A request of which nothing was sent stands for nothing: the same key may ask again. Answers the locators that
    /// lead nowhere now.
    pub(super) fn forget_key(&mut self, send: SendId) -> Vec<Locator> {
        let mut dropped = Vec::new();
        for verification in &mut self.verifications {
            let forgotten = verification.keyed.iter().filter(|keyed| keyed.send == send);
            dropped.extend(forgotten.map(|keyed| Locator::idempotency(&keyed.key)));
            verification.keyed.retain(|keyed| keyed.send != send);
        }
        dropped
    }
}
