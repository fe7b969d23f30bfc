//! The words of a verification: ids, states, and what a caller may see.

use serde::{Deserialize, Serialize};
use wartel_core::{PhoneNumber, Timestamp};
use wartel_messaging::DeliveryState;

use crate::purpose::Purpose;

wartel_core::uuid_id! {
    /// Names one caller's handle on a challenge. A capability: 122 random bits.
    pub struct VerificationId;
    /// Names a challenge: the one live code of a (tenant, phone, purpose).
    pub struct ChallengeId;
    /// Names one send of a challenge's code.
    pub struct SendId;
}

/// How a verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum VerificationState {
    /// Waits for the right code.
    Pending,
    /// This caller gave the right code.
    Approved,
    /// The code is too old, or another caller used it.
    Expired,
    /// The caller took it back.
    Cancelled,
    /// All checks of this caller are spent.
    Locked,
}

impl VerificationState {
    /// The word of the HTTP API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Expired => "expired",
            Self::Cancelled => "cancelled",
            Self::Locked => "locked",
        }
    }
}

/// A verification as its caller may see it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerificationView {
    /// Which one.
    pub id: VerificationId,
    /// The number to be proven.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// How it stands.
    pub state: VerificationState,
    /// The furthest that any message came which this caller asked for.
    pub delivery: DeliveryState,
    /// How many checks this caller has left.
    pub attempts_left: u32,
    /// From this instant on the code is dead.
    pub expires_at: Timestamp,
    /// From this instant on the code may be asked for again.
    pub resend_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_have_the_words_of_the_api() {
        for (state, word) in [
            (VerificationState::Pending, "pending"),
            (VerificationState::Approved, "approved"),
            (VerificationState::Expired, "expired"),
            (VerificationState::Cancelled, "cancelled"),
            (VerificationState::Locked, "locked"),
        ] {
            assert_eq!(state.as_str(), word);
        }
    }
}
