//! The port of the store that keeps challenges, verifications and budgets.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::{KeyId, Locale, PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::{DeliveryReceipt, DeliveryState, ProviderMessageId};

use crate::budget::{Budget, ClientKey, Rate};
use crate::code::Nonce;
use crate::proof::ProofHash;
use crate::purpose::Purpose;
use crate::verification::{ChallengeId, SendId, VerificationId, VerificationView};

/// The numbers of a policy that stores need. They come with each request, so that a new policy changes no store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Rules {
    /// How long a code is valid after a send.
    pub ttl: Duration,
    /// How long a code is valid after its creation, however often it is sent.
    pub max_life: Duration,
    /// A code with less life than this is not sent.
    pub min_life: Duration,
    /// Checks that each verification id has.
    pub checks: u32,
    /// Checks of one code by callers without an id.
    pub checks_without_id: u32,
    /// Failed checks of a phone, over all purposes.
    pub failed: Rate,
    /// Failed checks of a phone in a row, without a success between.
    pub failed_in_row: u32,
    /// After this long without a failed check the row is forgotten.
    pub failed_in_row_ttl: Duration,
    /// How long to wait after the first, second, … send; the last holds for all further ones.
    pub waits: Vec<Duration>,
    /// After this long without a send the waits begin again.
    pub waits_reset: Duration,
    /// How long a proof is valid.
    pub proof_ttl: Duration,
    /// How long a send is leased.
    pub lease: Duration,
    /// How often a code is handed over at the most when nobody knows whether it was taken before.
    pub uncertain_tries: u32,
    /// How long names, challenges and receipts are kept after their end.
    pub retention: Duration,
    /// When the next channel is tried, for each channel but the last.
    #[serde(default)]
    pub fallbacks: Vec<FallbackRule>,
}

/// When the channel after this one is tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct FallbackRule {
    /// How long this channel has, from the moment that it is tried.
    pub after: Duration,
    /// How far the message has to come in that time.
    pub wanted: DeliveryState,
    /// Whether receipts are known to arrive from this channel. Without them a message that the provider accepted
    /// counts as come far enough, because nobody could tell otherwise.
    pub receipts: bool,
}

impl FallbackRule {
    /// The next channel is tried `after` this long without `wanted`.
    #[must_use]
    pub const fn new(after: Duration, wanted: DeliveryState, receipts: bool) -> Self {
        Self { after, wanted, receipts }
    }
}

/// Asks for a code. `Debug` shows neither the name nor the address.
#[derive(Clone)]
#[non_exhaustive]
pub struct Admit {
    /// Whose installation.
    pub tenant: TenantId,
    /// The number to be proven.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// The id that the caller has from an earlier request, if any.
    pub own_id: Option<VerificationId>,
    /// Where the caller is, if known.
    pub client: Option<ClientKey>,
    /// The name that the message greets, if any. It has passed the rules for greetings.
    pub greeting: Option<String>,
    /// The language of the message.
    pub locale: Locale,
    /// The ids and the nonce to be used where something new is made.
    pub fresh: Fresh,
    /// The key of a new challenge.
    pub key: KeyId,
    /// The keys whose challenges still hold.
    pub usable_keys: Vec<KeyId>,
    /// The policy.
    pub rules: Rules,
    /// Sends of this phone. A send that is certainly refused is given back to these.
    pub phone_rates: Vec<Rate>,
    /// Budgets that others share: the client's, then the tenant's. Locked and charged in this order.
    pub shared_budgets: Vec<Budget>,
    /// Budgets of refusals. The send takes a place in each, and gives it back unless it is certainly refused: so
    /// they are exact however many sends are under way. Each allows at most [`RESERVABLE`](crate::RESERVABLE).
    pub refusal_budgets: Vec<Budget>,
    /// The caller's own name for this request: the same one again is answered the same and sends nothing.
    pub idempotency: Option<Idempotency>,
    /// What the message may say beside the code. At most 8.
    pub variables: BTreeMap<String, String>,
    /// From which network the caller asks; kept with the challenge.
    pub network: Option<String>,
    /// Answers what was answered to this idempotency key before, and admits nothing new.
    pub replay_only: bool,
}

/// A caller's own name for a request: a hash of the name, and keyed hashes of the request. Names are random as a rule;
/// one that is made of something private can be found by trying.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Idempotency {
    /// The hash of tenant and name.
    pub key: String,
    /// The hash of what is asked for, once for each key of the installation, the current one first.
    pub bodies: Vec<String>,
    /// How long the name stands for this request.
    pub window: Duration,
}

impl Idempotency {
    /// A name and what it stands for, both as hashes, for so long.
    #[must_use]
    pub fn new(key: impl Into<String>, bodies: Vec<String>, window: Duration) -> Self {
        Self { key: key.into(), bodies, window }
    }

    /// What claims the name, over all phones: a budget of one.
    pub(crate) fn claim(&self) -> Budget {
        Budget::new(format!("idempotency/{}", self.key), Rate::new(1, self.window))
    }
}

impl Admit {
    /// All budgets that the step reads, in the order in which they are locked.
    #[must_use]
    pub fn budgets(&self) -> Vec<Budget> {
        let claim = self.idempotency.iter().map(Idempotency::claim);
        claim.chain(self.refusal_budgets.iter().chain(&self.shared_budgets).cloned()).collect()
    }
}

impl fmt::Debug for Admit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Admit")
            .field("tenant", &self.tenant)
            .field("phone", &self.phone)
            .field("purpose", &self.purpose)
            .finish_non_exhaustive()
    }
}

/// Random values made by the engine, because stores make none.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Fresh {
    /// For a new verification.
    pub verification: VerificationId,
    /// For a new challenge.
    pub challenge: ChallengeId,
    /// For the send.
    pub send: SendId,
    /// For a new challenge.
    pub nonce: Nonce,
}

impl Fresh {
    /// New random ids beside the given nonce.
    #[must_use]
    pub fn with_nonce(nonce: Nonce) -> Self {
        Self {
            verification: VerificationId::random(),
            challenge: ChallengeId::sequential(),
            send: SendId::sequential(),
            nonce,
        }
    }
}

/// The answer to [`Admit`].
#[derive(Debug, Clone)]
#[allow(
    clippy::large_enum_variant,
    reason = "it is taken apart where it arrives, and the large one is the usual one"
)]
pub enum Admission {
    /// The code is to be sent now.
    Send {
        /// The caller's verification.
        view: VerificationView,
        /// The send, already leased to the caller.
        send: LeasedSend,
        /// Whether the challenge is new.
        begun: bool,
    },
    /// A request with this idempotency key was answered before: the same answer again, and nothing is sent.
    Replayed {
        /// What was answered; the delivery as it stands now.
        view: VerificationView,
    },
    /// The idempotency key stands for another request.
    Conflict,
    /// Not now.
    Refused {
        /// Which limit.
        reason: Refusal,
        /// When to try again.
        until: Timestamp,
    },
}

/// Which limit refuses a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// The wait since the last send of this phone.
    ResendTooSoon,
    /// The sends of this phone.
    PhoneSends,
    /// A budget that others share: the client's or the tenant's.
    SharedBudget,
    /// The failed checks of this phone.
    FailedChecks,
}

/// A send with the right to carry it out until the lease ends. `Debug` does not show the name.
#[derive(Clone)]
#[non_exhaustive]
pub struct LeasedSend {
    /// Whose installation.
    pub tenant: TenantId,
    /// Who gets the code.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// Which send.
    pub send: SendId,
    /// Grows with each lease; only the newest holder may record an outcome.
    pub fence: u32,
    /// The challenge's nonce.
    pub nonce: Nonce,
    /// The challenge's key.
    pub key: KeyId,
    /// When the code dies.
    pub expires_at: Timestamp,
    /// The name that the message greets.
    pub greeting: Option<String>,
    /// The language of the message.
    pub locale: Locale,
    /// Which channel, counted from 0.
    pub channel: u32,
    /// What the message may say beside the code.
    pub variables: BTreeMap<String, String>,
    /// The budgets in which a refusal has its place kept; whoever records the outcome hands them back.
    pub reserved: Vec<Budget>,
}

impl fmt::Debug for LeasedSend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LeasedSend")
            .field("tenant", &self.tenant)
            .field("phone", &self.phone)
            .field("purpose", &self.purpose)
            .field("send", &self.send)
            .field("fence", &self.fence)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

/// What a check is aimed at.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// A caller's own verification.
    Id(VerificationId),
    /// A phone and a purpose, as callers without an id check.
    Phone {
        /// The number.
        phone: PhoneNumber,
        /// What for.
        purpose: Purpose,
        /// Where the caller is; finds the id that was asked for from there.
        client: Option<ClientKey>,
    },
}

/// What the engine needs to compare a code.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Snapshot {
    /// The verification that the target names, if it names one.
    pub view: Option<VerificationView>,
    /// The live challenge behind the target, if there is one.
    pub live: Option<LiveChallenge>,
}

/// A challenge whose code can still be given.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct LiveChallenge {
    /// Which one.
    pub id: ChallengeId,
    /// The number.
    pub phone: PhoneNumber,
    /// What for.
    pub purpose: Purpose,
    /// Its nonce.
    pub nonce: Nonce,
    /// Its key.
    pub key: KeyId,
    /// When it was made.
    pub created_at: Timestamp,
    /// From which network it was asked for first.
    pub network: Option<String>,
}

/// Spends one check.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Attempt {
    /// Whose installation.
    pub tenant: TenantId,
    /// What is checked.
    pub target: Target,
    /// The challenge that the engine compared with; `None` if it saw none.
    pub challenge: Option<ChallengeId>,
    /// What the comparison said.
    pub matched: bool,
    /// The hash of the proof that a right code gives. The same hash again answers the same again.
    pub proof_hash: ProofHash,
    /// The policy.
    pub rules: Rules,
}

impl Attempt {
    /// One check of `target`.
    #[must_use]
    pub const fn new(
        tenant: TenantId,
        target: Target,
        challenge: Option<ChallengeId>,
        matched: bool,
        proof_hash: ProofHash,
        rules: Rules,
    ) -> Self {
        Self { tenant, target, challenge, matched, proof_hash, rules }
    }
}

/// What a check bought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptOutcome {
    /// The right code: consumed for everybody, the proof is stored.
    Approved {
        /// When the proof dies.
        proof_expires_at: Timestamp,
    },
    /// A wrong code; one check is spent.
    Mismatch {
        /// How many checks are left.
        attempts_left: u32,
    },
    /// No checks are left; nothing was compared.
    Locked {
        /// From when on a new code may be asked for.
        until: Timestamp,
    },
    /// Unknown, expired, used or cancelled.
    NoActiveCode,
    /// The challenge compared with is not the live one any more; nothing was spent. Read again.
    Stale,
}

/// What came of a send.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendOutcome {
    /// The provider took it.
    Accepted {
        /// The provider's id of the message, if it gave one.
        message_id: Option<ProviderMessageId>,
    },
    /// Certainly not taken.
    Refused,
    /// May have been taken.
    Unknown,
}

/// Records what came of a leased send.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DeliveryRecord {
    /// Whose installation.
    pub tenant: TenantId,
    /// The number.
    pub phone: PhoneNumber,
    /// Which send.
    pub send: SendId,
    /// Over which channel.
    pub channel: u32,
    /// The fence of the lease.
    pub fence: u32,
    /// The provider that was asked.
    pub provider: String,
    /// What came of it.
    pub outcome: SendOutcome,
    /// The policy.
    pub rules: Rules,
    /// The budgets of the lease, so that a store can lock them beforehand. The ledger knows them too.
    pub reserved: Vec<Budget>,
}

/// What recording an outcome did.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "it is taken apart where it arrives")]
pub enum Recorded {
    /// Nothing: the fence is not the newest, or the outcome tells nothing new.
    Stale,
    /// The outcome is kept.
    Done,
    /// The outcome is kept, and the next channel is to be tried now.
    Next(LeasedSend),
}

impl Recorded {
    /// Whether the outcome is kept.
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        !matches!(self, Self::Stale)
    }
}

impl DeliveryRecord {
    /// The outcome of `send`.
    #[must_use]
    pub fn new(send: &LeasedSend, provider: impl Into<String>, outcome: SendOutcome, rules: Rules) -> Self {
        Self {
            tenant: send.tenant.clone(),
            phone: send.phone.clone(),
            send: send.send,
            channel: send.channel,
            fence: send.fence,
            provider: provider.into(),
            outcome,
            rules,
            reserved: send.reserved.clone(),
        }
    }
}

/// Exchanges a proof for the phone that it proves.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Redeem {
    /// Whose installation.
    pub tenant: TenantId,
    /// The proof's hash.
    pub proof: ProofHash,
    /// What the proof must be for.
    pub purpose: Purpose,
    /// The phone that the proof must be of, if the caller names one.
    pub phone: Option<PhoneNumber>,
    /// Who redeems; the first one owns the proof. At most 128 bytes.
    pub by: String,
}

/// The answer to [`Redeem`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Redemption {
    /// The phone that was proven.
    Phone(PhoneNumber),
    /// Unknown, expired, for another purpose or phone, or somebody else's. The proof is as it was.
    Refused,
}

/// The store of challenges, verifications, proofs and budgets.
///
/// # Behavior
/// - Each verb is one atomic step, also against other processes that share the store.
/// - The store reads no clock: `now` is handed in, and `now >= expires_at` is expired. It makes no random values.
/// - The code never reaches it: the engine compares, and says which challenge it compared with.
/// - An answer means that the step is durable.
///
/// The rules themselves are in [`crate::ledger`], as functions without I/O; a store loads a
/// [`PhoneLedger`](crate::ledger::PhoneLedger), applies one of them and saves it, all under one lock of
/// (tenant, phone). [`crate::testing::contract`] is the suite that every store passes.
///
/// # Errors
/// Every verb: [`StoreError`] when the store could not answer. Nothing is half done.
#[cfg_attr(feature = "testing", mockall::automock)]
#[async_trait::async_trait]
pub trait OtpStore: fmt::Debug + Send + Sync + 'static {
    /// Finds or makes the live challenge, gives the caller an id, leases the send; or says which limit
    /// refuses and until when.
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError>;

    /// Spends one check against the challenge that the engine compared with.
    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError>;

    /// Reads what a target names; `None` if the store knows nothing of it.
    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError>;

    /// Ends the caller's id; the challenge ends with its last id. Answers `false` if the id is not pending.
    async fn cancel(&self, tenant: &TenantId, id: VerificationId, now: Timestamp)
    -> Result<bool, StoreError>;

    /// Records what came of a send. A send that was not taken goes on over the next channel, if there is one.
    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError>;

    /// Raises the state of the send that a receipt names. A receipt whose message is not known yet is kept
    /// and matched later. Answers whether it was matched now.
    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError>;

    /// Leases at most `limit` sends whose lease has lapsed. One that was handed over too often, or whose
    /// code is too old to be sent, becomes `unknown` instead. A send that did not come far enough by its deadline
    /// goes on over the next channel, also leased here. A send that was handed over more than once and is given up
    /// gives its places in the budgets of refusals back: nothing that is still said of it is a certain refusal.
    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError>;

    /// Exchanges a proof for its phone. The first `by` owns it and may redeem it again until it expires.
    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError>;

    /// Deletes what has been over for longer than the retention, at most `limit` phones and as many receipts
    /// and counters; answers how many rows went. Counters of failed checks stay as long as they count. A store that
    /// lets shared counters go by its own clock neither deletes nor counts them here.
    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError>;

    /// Clears the failed checks of a phone, as an operator may. Answers whether there were any.
    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// Deletes everything that is kept of a phone, but the counters of sends and failed checks: forgetting must
    /// not renew anybody's guesses. Answers whether there was anything.
    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError>;
}

#[async_trait::async_trait]
#[deny(clippy::missing_trait_methods)]
impl<T: OtpStore + ?Sized> OtpStore for Arc<T> {
    async fn admit(&self, request: Admit, now: Timestamp) -> Result<Admission, StoreError> {
        (**self).admit(request, now).await
    }

    async fn attempt(&self, attempt: Attempt, now: Timestamp) -> Result<AttemptOutcome, StoreError> {
        (**self).attempt(attempt, now).await
    }

    async fn get(
        &self,
        tenant: &TenantId,
        target: &Target,
        now: Timestamp,
    ) -> Result<Option<Snapshot>, StoreError> {
        (**self).get(tenant, target, now).await
    }

    async fn cancel(
        &self,
        tenant: &TenantId,
        id: VerificationId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        (**self).cancel(tenant, id, now).await
    }

    async fn record_delivery(&self, record: DeliveryRecord, now: Timestamp) -> Result<Recorded, StoreError> {
        (**self).record_delivery(record, now).await
    }

    async fn record_receipt(&self, receipt: DeliveryReceipt, now: Timestamp) -> Result<bool, StoreError> {
        (**self).record_receipt(receipt, now).await
    }

    async fn lease_due(
        &self,
        limit: usize,
        rules: &Rules,
        now: Timestamp,
    ) -> Result<Vec<LeasedSend>, StoreError> {
        (**self).lease_due(limit, rules, now).await
    }

    async fn redeem(&self, redeem: Redeem, now: Timestamp) -> Result<Redemption, StoreError> {
        (**self).redeem(redeem, now).await
    }

    async fn purge(&self, rules: &Rules, limit: usize, now: Timestamp) -> Result<usize, StoreError> {
        (**self).purge(rules, limit, now).await
    }

    async fn unlock(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        (**self).unlock(tenant, phone, now).await
    }

    async fn forget(
        &self,
        tenant: &TenantId,
        phone: &PhoneNumber,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        (**self).forget(tenant, phone, now).await
    }
}
