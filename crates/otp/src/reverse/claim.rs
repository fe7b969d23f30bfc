//! Claiming the proof.

use wartel_core::Timestamp;

use super::error::ClaimError;
use crate::proof::Proof;
use crate::reverse_store::{ReverseClaim, ReverseClaimed, ReverseState, ReverseTarget};
use crate::service::OtpService;
use crate::verification::VerificationId;

/// What the holder of an id gets.
#[derive(Debug, Clone)]
pub enum Claim {
    /// The code has not arrived yet.
    Pending {
        /// Until when it is waited for.
        expires_at: Timestamp,
    },
    /// The code arrived from the claimed number. The proof is shown once, here.
    Approved(Proof),
    /// Unknown, expired, cancelled, ended, or the proof was shown before: one answer for all. Also for an id whose
    /// code we sent: its proof is the answer to the right code.
    NoActiveCode,
}

impl OtpService {
    /// Gives the proof to the holder of an id once the code arrived. Asking while it has not costs one read.
    ///
    /// # Behavior
    /// - One proof for each id, shown once, however many ask at the same time. If its answer is lost on its way, the
    ///   person verifies again: to show a proof twice would be worse.
    /// - A proof that was never shown can be claimed for 10 min after the code arrived, and dies at the same instant
    ///   whenever it is claimed. A process that crashed before it asked loses nothing.
    ///
    /// # Errors
    /// [`ClaimError`] if the store could not answer.
    pub async fn claim(&self, id: VerificationId) -> Result<Claim, ClaimError> {
        let Some(reverse) = &self.shared.reverse else { return Ok(Claim::NoActiveCode) };
        let now = self.shared.clock.now();
        // Callers ask again and again until the code arrives, so that is not a write.
        let found = reverse.store.read_reverse(&self.tenant, &ReverseTarget::Id(id), now).await?;
        let Some(challenge) = found.into_iter().next() else { return Ok(Claim::NoActiveCode) };
        match challenge.state {
            ReverseState::Waiting if reverse.keys.ids().any(|known| *known == challenge.key) => {
                return Ok(Claim::Pending { expires_at: challenge.ends_at });
            }
            ReverseState::Confirmed => {}
            // A code whose key was dropped will never arrive.
            _ => return Ok(Claim::NoActiveCode),
        }
        let (token, proof_hash) = Proof::generate()?;
        let claim = ReverseClaim::new(self.tenant.clone(), id, proof_hash);
        Ok(match reverse.store.claim_reverse(claim, now).await? {
            ReverseClaimed::Approved { proof_expires_at } => {
                Claim::Approved(Proof::new(token, proof_expires_at))
            }
            ReverseClaimed::Waiting { until } => Claim::Pending { expires_at: until },
            ReverseClaimed::Nothing => Claim::NoActiveCode,
        })
    }
}
