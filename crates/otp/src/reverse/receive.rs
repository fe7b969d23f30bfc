//! Taking the messages that come in.

use std::fmt;

use wartel_core::{PhoneNumber, Secret, StoreError, StoreErrorKind};

use super::{Reverse, reading};
use crate::code::{Code, TypedCode};
use crate::events::{Limit, OtpEvent};
use crate::reverse_store::{ReverseChallenge, ReverseOutcome, ReverseReceipt, ReverseState, ReverseTarget};
use crate::service::OtpService;
use crate::verification::VerificationId;

/// How often the open verifications are read again because one was opened between reading and counting.
const READS: usize = 4;

/// How the source of a message is known to be the messaging service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum InboundTrust {
    /// By the service's signature on the bytes of the request, which was checked.
    Signed,
    /// Only by the secret in the address that the request came to. Whoever learns that address can write messages in
    /// everybody's name, so such a message proves nothing, unless the engine was built with
    /// [`dangerous_accept_unsigned_inbound`](crate::OtpBuilder::dangerous_accept_unsigned_inbound).
    TokenOnly,
}

/// A message that came in. `Debug` does not show its text.
#[derive(Clone)]
pub struct InboundProof {
    from: PhoneNumber,
    text: Secret,
    source: InboundTrust,
}

impl InboundProof {
    /// A message with `text` that `from` sent to us, directly: neither in a group or channel, nor an echo of our own
    /// messages, nor of a sender of whom only a LID is known.
    #[must_use]
    pub fn new(from: PhoneNumber, text: impl Into<Secret>, source: InboundTrust) -> Self {
        Self { from, text: text.into(), source }
    }
}

impl fmt::Debug for InboundProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("InboundProof")
            .field("from", &self.from)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}

/// What a message that came in was. Unless it is said to have confirmed something, it may be meant for somebody else
/// too: six digits may be a price.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Received {
    /// The code that a verification waited for; its caller can [`claim`](OtpService::claim) the proof. Said once.
    Confirmed {
        /// Which one. For the caller who has it already, not for the sender of the message.
        id: VerificationId,
    },
    /// The right code once more: a provider that repeats itself, or a person who does.
    Repeated {
        /// Which one.
        id: VerificationId,
    },
    /// A code that would have been right: it is too old, was cancelled, or ended by too many wrong ones.
    Expired,
    /// A code, but nobody's, while one is waited for.
    NoMatch {
        /// How many more wrong codes are taken from this phone; 0 if nothing is waited for any more.
        left: u32,
    },
    /// No code, or nothing is waited for from this phone.
    NotForUs,
    /// A code, from a source that proves nothing. It was compared with nothing.
    Refused,
}

impl fmt::Debug for Received {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // An id is a capability here: whoever has it gets the proof.
        match self {
            Self::Confirmed { .. } => f.write_str("Confirmed"),
            Self::Repeated { .. } => f.write_str("Repeated"),
            Self::Expired => f.write_str("Expired"),
            Self::NoMatch { left } => write!(f, "NoMatch({left})"),
            Self::NotForUs => f.write_str("NotForUs"),
            Self::Refused => f.write_str("Refused"),
        }
    }
}

/// What the codes of a message are among the verifications of its sender.
#[derive(Default)]
struct Compared {
    waiting: Vec<VerificationId>,
    repeated: Option<VerificationId>,
    over: bool,
    anybody_waits: bool,
}

impl OtpService {
    /// Looks for a code in a message that came in, and confirms the verification that it is of.
    ///
    /// # Behavior
    /// - Only a verification of the number that the message came from, in this tenant, is confirmed, once.
    /// - A wrong code counts for every verification of this phone that waits; after 10 one is over. It spends no
    ///   check of the codes that we send.
    /// - Hand in each message once, as far as is known; a right code twice does no harm.
    /// - Without a store for reverse verifications every message is [`Received::NotForUs`].
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: do not acknowledge the webhook then.
    pub async fn receive(&self, message: InboundProof) -> Result<Received, StoreError> {
        let Some(reverse) = &self.shared.reverse else { return Ok(Received::NotForUs) };
        let codes = reading::codes_in(message.text.expose(), self.shared.policy.length);
        if codes.is_empty() {
            return Ok(Received::NotForUs);
        }
        if message.source != InboundTrust::Signed && !reverse.accept_unsigned {
            // Loud, because the operator may wait in vain for verifications to succeed.
            tracing::warn!(phone = %message.from.masked(), "a message from a source that is not signed proves nothing");
            let event = OtpEvent::refused(&self.tenant, &message.from, Limit::UnsignedInbound, None);
            self.shared.events.record(&event);
            return Ok(Received::Refused);
        }
        for _ in 0..READS {
            if let Some(received) = self.receive_codes(reverse, &message.from, &codes).await? {
                return Ok(received);
            }
        }
        Err(StoreError::new(StoreErrorKind::Unexpected, "otp.receive_reverse"))
    }

    /// `None` if another verification was opened meanwhile.
    async fn receive_codes(
        &self,
        reverse: &Reverse,
        from: &PhoneNumber,
        codes: &[TypedCode],
    ) -> Result<Option<Received>, StoreError> {
        let now = self.shared.clock.now();
        let target = ReverseTarget::Phone(from.clone());
        let challenges = reverse.store.read_reverse(&self.tenant, &target, now).await?;
        let compared = self.compare_reverse(reverse, &challenges, codes);
        let matched = match compared.waiting.as_slice() {
            [id] => Some(*id),
            [] if compared.repeated.is_some() || compared.over || !compared.anybody_waits => {
                return Ok(Some(match compared.repeated {
                    Some(id) => Received::Repeated { id },
                    None if compared.over => Received::Expired,
                    None => Received::NotForUs,
                }));
            }
            // Two callers who happen to have the same code: nobody can know which one is meant.
            _ => None,
        };
        let seen = challenges.iter().map(|challenge| challenge.id).collect();
        let receipt =
            ReverseReceipt::new(self.tenant.clone(), from.clone(), matched, seen, reverse.rules.clone());
        let outcome = reverse.store.receive_reverse(receipt, now).await?;
        if matches!(outcome, ReverseOutcome::Confirmed { .. } | ReverseOutcome::Wrong { .. }) {
            self.tell_change();
        }
        let received = match (outcome, matched) {
            (ReverseOutcome::Confirmed { .. }, Some(id)) => {
                tracing::info!(phone = %from.masked(), "a phone was verified by its message");
                Received::Confirmed { id }
            }
            (ReverseOutcome::Repeated, Some(id)) => Received::Repeated { id },
            (ReverseOutcome::Over, Some(_)) => Received::Expired,
            (ReverseOutcome::Wrong { left }, None) => Received::NoMatch { left },
            (ReverseOutcome::NobodyWaits, None) => Received::NotForUs,
            (ReverseOutcome::Stale, _) => return Ok(None),
            _ => return Err(StoreError::new(StoreErrorKind::Unexpected, "otp.receive_reverse")),
        };
        Ok(Some(received))
    }

    /// Compares every code with every verification, so that the time tells nothing of which one it was.
    fn compare_reverse(
        &self,
        reverse: &Reverse,
        challenges: &[ReverseChallenge],
        codes: &[TypedCode],
    ) -> Compared {
        let mut compared = Compared::default();
        for challenge in challenges {
            let waits = challenge.state == ReverseState::Waiting;
            compared.anybody_waits |= waits;
            // One whose key was dropped has no code any more.
            let Some(code) = self.reverse_code(reverse, challenge) else { continue };
            let same = codes.iter().fold(false, |same, typed| same | code.matches(typed));
            match (same, challenge.state) {
                (false, _) => {}
                (true, ReverseState::Waiting) => compared.waiting.push(challenge.id),
                (true, ReverseState::Confirmed | ReverseState::Claimed) => {
                    compared.repeated = Some(challenge.id);
                }
                (true, ReverseState::Over) => compared.over = true,
            }
        }
        compared
    }

    /// The code of a reverse verification; `None` if its key is not known any more.
    pub(super) fn reverse_code(&self, reverse: &Reverse, challenge: &ReverseChallenge) -> Option<Code> {
        reverse.keys.derive(
            &challenge.key,
            &self.tenant,
            &challenge.purpose,
            &challenge.phone,
            &challenge.nonce,
            self.shared.policy.length,
        )
    }
}
