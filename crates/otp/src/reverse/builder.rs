//! Setting up reverse verification.

use std::sync::Arc;

use wartel_core::{MasterKey, PhoneNumber};

use super::ReversePolicy;
use crate::code::CodeKeys;
use crate::policy::{OtpPolicy, PolicyError};
use crate::reverse_store::{ReverseRules, ReverseStore};
use crate::service::OtpBuilder;

/// The label of the sub-key that these codes are made with: a code that a person sends to us is never one that we
/// send, even of the same nonce.
const KEY_LABEL: &str = "wartel/otp/reverse-code/v1";

/// What the builder was told.
#[derive(Debug, Default)]
pub(crate) struct ReverseParts {
    store: Option<Arc<dyn ReverseStore>>,
    policy: ReversePolicy,
    our_number: Option<PhoneNumber>,
    accept_unsigned: bool,
}

/// What the engine needs.
#[derive(Debug)]
pub(crate) struct Reverse {
    pub(super) store: Arc<dyn ReverseStore>,
    pub(super) keys: CodeKeys,
    pub(super) policy: ReversePolicy,
    pub(super) rules: ReverseRules,
    pub(super) our_number: Option<PhoneNumber>,
    pub(super) accept_unsigned: bool,
}

impl ReverseParts {
    /// Puts it together; `None` without a store.
    pub(crate) fn build(
        self,
        current: &MasterKey,
        previous: &[MasterKey],
        general: &OtpPolicy,
    ) -> Result<Option<Reverse>, PolicyError> {
        self.policy.validate()?;
        Ok(self.store.map(|store| Reverse {
            store,
            keys: CodeKeys::with_label(KEY_LABEL, current, previous),
            rules: self.policy.rules(general),
            policy: self.policy,
            our_number: self.our_number,
            accept_unsigned: self.accept_unsigned,
        }))
    }
}

impl OtpBuilder {
    /// Where reverse verifications are kept: the same store as [`store`](Self::store), because proofs are redeemed
    /// there. Default: none, and [`start_reverse`](crate::OtpService::start_reverse) is refused.
    #[must_use]
    pub fn reverse_store(mut self, store: Arc<dyn ReverseStore>) -> Self {
        self.reverse.store = Some(store);
        self
    }

    /// Another policy of reverse verification than the default one.
    #[must_use]
    pub fn reverse_policy(mut self, policy: ReversePolicy) -> Self {
        self.reverse.policy = policy;
        self
    }

    /// Our own WhatsApp number, to which the person sends the code. With it there is a link that opens WhatsApp with
    /// the text already written. Default: none.
    #[must_use]
    pub fn our_number(mut self, number: PhoneNumber) -> Self {
        self.reverse.our_number = Some(number);
        self
    }

    /// Accepts messages as proof whose source is not signed, only known by the secret in its address: see
    /// [`InboundTrust::TokenOnly`](crate::InboundTrust::TokenOnly). Whoever learns that address can then prove any
    /// phone number. Default: `false`.
    #[must_use]
    pub const fn dangerous_accept_unsigned_inbound(mut self, accept: bool) -> Self {
        self.reverse.accept_unsigned = accept;
        self
    }
}
