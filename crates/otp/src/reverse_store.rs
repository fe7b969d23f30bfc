//! The port of stores that keep reverse verifications: the person sends the code, we receive it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::{KeyId, PhoneNumber, StoreError, TenantId, Timestamp};

use crate::budget::{Budget, ClientKey};
use crate::code::Nonce;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::verification::VerificationId;

/// The numbers of a policy that stores need for reverse verifications. They come with each request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ReverseRules {
    /// How long a code is valid after it was shown.
    pub ttl: Duration,
    /// How long a code is valid after its creation, however often it is shown.
    pub max_life: Duration,
    /// Wrong codes from the phone after which a verification that waits is over.
    pub wrong_codes: u32,
    /// Open verifications of one phone and purpose.
    pub open: u32,
    /// Open verifications of one phone and purpose that one client asked for.
    pub open_per_client: u32,
    /// How long a proof is valid, from the arrival of the code on.
    pub proof_ttl: Duration,
    /// How long verifications are kept after their end.
    pub retention: Duration,
}

/// Asks for a code that the person will send to us. `Debug` does not show the address.
#[derive(Clone)]
#[non_exhaustive]
pub struct OpenReverse {
    /// Whose installation.
    pub tenant: TenantId,
    /// The number that the code must come from.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// The id that the caller has from an earlier request, if any. Its code is shown again while it waits.
    pub own_id: Option<VerificationId>,
    /// Where the caller is, if known.
    pub client: Option<ClientKey>,
    /// The id of a new verification.
    pub id: VerificationId,
    /// The nonce of a new verification.
    pub nonce: Nonce,
    /// The key of a new verification.
    pub key: KeyId,
    /// The keys whose verifications still hold.
    pub usable_keys: Vec<KeyId>,
    /// The policy.
    pub rules: ReverseRules,
    /// Budgets that others share: the client's, then the tenant's. Locked and charged in this order.
    pub shared_budgets: Vec<Budget>,
}

impl fmt::Debug for OpenReverse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenReverse")
            .field("tenant", &self.tenant)
            .field("phone", &self.phone)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// The answer to [`OpenReverse`].
#[derive(Debug, Clone)]
pub enum ReverseAdmission {
    /// The verification waits for its code.
    Opened(ReverseChallenge),
    /// Not now. Nothing changed.
    Refused {
        /// Which limit.
        reason: ReverseRefusal,
        /// When to try again.
        until: Timestamp,
    },
}

/// Which limit refuses a reverse verification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReverseRefusal {
    /// The open verifications of this phone and purpose, those of everybody or those of this client.
    Open,
    /// A budget that others share: the client's or the tenant's.
    SharedBudget,
}

/// By what reverse verifications are found.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReverseTarget {
    /// One, by its id.
    Id(VerificationId),
    /// All of a phone, over all purposes, also those that are over and still kept.
    Phone(PhoneNumber),
}

/// A reverse verification as the engine needs it to compare codes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReverseChallenge {
    /// Which one.
    pub id: VerificationId,
    /// The number that the code must come from.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// Its nonce.
    pub nonce: Nonce,
    /// Its key.
    pub key: KeyId,
    /// How it stands.
    pub state: ReverseState,
    /// When this state ends by itself, or when the verification ended.
    pub ends_at: Timestamp,
}

/// How a reverse verification stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ReverseState {
    /// Waits for its code.
    Waiting,
    /// Its code arrived; the proof waits to be claimed.
    Confirmed,
    /// The proof was shown.
    Claimed,
    /// Expired, cancelled, or ended by too many wrong codes.
    Over,
}

/// Tells of a message with a code in it that came from a phone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReverseReceipt {
    /// Whose installation.
    pub tenant: TenantId,
    /// The number that the message came from.
    pub phone: PhoneNumber,
    /// The verification whose code was in it; `None` if it was nobody's.
    pub matched: Option<VerificationId>,
    /// All verifications that the engine compared with.
    pub seen: Vec<VerificationId>,
    /// The policy.
    pub rules: ReverseRules,
}

impl ReverseReceipt {
    /// A message of `phone` with the code of `matched`, or with a wrong one.
    #[must_use]
    pub const fn new(
        tenant: TenantId,
        phone: PhoneNumber,
        matched: Option<VerificationId>,
        seen: Vec<VerificationId>,
        rules: ReverseRules,
    ) -> Self {
        Self { tenant, phone, matched, seen, rules }
    }
}

/// What a message with a code changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseOutcome {
    /// The right code of a verification that waited for it. Said once for each verification.
    Confirmed {
        /// Until when the proof can be claimed.
        until: Timestamp,
    },
    /// The right code had arrived before. Nothing changed.
    Repeated,
    /// The verification does not wait any more: expired, cancelled, ended or unknown. Nothing changed.
    Over,
    /// A wrong code; every verification of the phone that waits has counted it.
    Wrong {
        /// How many more the most patient of them takes; 0 if none waits any more.
        left: u32,
    },
    /// A wrong code, and no verification waits. Nothing changed.
    NobodyWaits,
    /// A verification waits that the engine has not compared with. Nothing changed; read again.
    Stale,
}

/// Asks for the proof of a verification whose code arrived.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ReverseClaim {
    /// Whose installation.
    pub tenant: TenantId,
    /// Which verification.
    pub id: VerificationId,
    /// The hash of the proof that is shown. The same hash again answers the same again.
    pub proof_hash: ProofHash,
}

impl ReverseClaim {
    /// Claims the proof of `id`.
    #[must_use]
    pub const fn new(tenant: TenantId, id: VerificationId, proof_hash: ProofHash) -> Self {
        Self { tenant, id, proof_hash }
    }
}

/// The answer to [`ReverseClaim`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReverseClaimed {
    /// The proof is stored, and may be shown.
    Approved {
        /// When the proof dies.
        proof_expires_at: Timestamp,
    },
    /// The code has not arrived yet.
    Waiting {
        /// Until when it is waited for.
        until: Timestamp,
    },
    /// Unknown, expired, cancelled, ended, or another proof was shown.
    Nothing,
}

/// The store of reverse verifications: the same store as the [`OtpStore`](crate::store::OtpStore), as a second port,
/// because not every store offers it.
///
/// # Behavior
/// - What holds for the verbs of [`OtpStore`](crate::store::OtpStore) holds here: each is one atomic step, `now` is
///   handed in, `now >= expires_at` is expired, the code never reaches the store, an answer is durable.
/// - [`get`](crate::store::OtpStore::get) and [`cancel`](crate::store::OtpStore::cancel) know the ids of reverse
///   verifications; [`attempt`](crate::store::OtpStore::attempt) finds no code behind them.
///   [`redeem`](crate::store::OtpStore::redeem) knows their proofs;
///   [`purge`](crate::store::OtpStore::purge) and [`forget`](crate::store::OtpStore::forget) delete them.
/// - Nothing here touches the budget of failed checks, nor the sends of a phone.
///
/// The rules are in [`crate::ledger::reverse_steps`], as functions on a
/// [`Transaction`](crate::ledger::Transaction). [`crate::testing::reverse`] is the suite that every store passes.
///
/// # Errors
/// Every verb: [`StoreError`] when the store could not answer. Nothing is half done.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait ReverseStore: fmt::Debug + Send + Sync + 'static {
    /// Gives the caller a verification that waits for its code: its own one while it waits, or else a new one; or
    /// says which limit refuses and until when. Never one that somebody else asked for.
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError>;

    /// Reads what a target names, in the order of their creation.
    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError>;

    /// Confirms the verification whose code arrived, or counts a wrong code.
    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError>;

    /// Stores the proof of a verification whose code arrived, once.
    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: ReverseStore + ?Sized> ReverseStore for Arc<T> {
    async fn open_reverse(
        &self,
        request: OpenReverse,
        now: Timestamp,
    ) -> Result<ReverseAdmission, StoreError> {
        (**self).open_reverse(request, now).await
    }

    async fn read_reverse(
        &self,
        tenant: &TenantId,
        target: &ReverseTarget,
        now: Timestamp,
    ) -> Result<Vec<ReverseChallenge>, StoreError> {
        (**self).read_reverse(tenant, target, now).await
    }

    async fn receive_reverse(
        &self,
        receipt: ReverseReceipt,
        now: Timestamp,
    ) -> Result<ReverseOutcome, StoreError> {
        (**self).receive_reverse(receipt, now).await
    }

    async fn claim_reverse(&self, claim: ReverseClaim, now: Timestamp) -> Result<ReverseClaimed, StoreError> {
        (**self).claim_reverse(claim, now).await
    }
}
