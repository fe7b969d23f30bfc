//! The verification engine: start, check, get, cancel, redeem.

mod builder;
mod channels;
mod check;
mod idempotency;
mod start;
mod test_numbers;
mod wait;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::task::TaskTracker;
use wartel_core::{Clock, PhoneNumber, StoreError, TenantId, Timestamp};
use wartel_messaging::{DeliveryReceipt, DeliveryState, SenderBook};

pub use builder::OtpBuilder;
pub use channels::Deadline;
pub use check::{Check, CheckTarget};
pub use start::{Start, Started};
pub use test_numbers::TestNumber;

pub(crate) use channels::Channel;
use channels::Channels;
use idempotency::RequestHasher;
use test_numbers::TestNumbers;

use crate::code::CodeKeys;
use crate::error::RedeemError;
use crate::events::OtpEvents;
use crate::guard::{Guard, HOOK_TIME};
use crate::policy::OtpPolicy;
use crate::proof::ProofToken;
use crate::purpose::Purpose;
use crate::reverse::Reverse;
use crate::sightings::{Sight, Sightings};
use crate::store::{OtpStore, Redeem, Redemption, Rules, Target};
use crate::tally::TallyStore;
use crate::template::MessageTemplates;
use crate::verification::{VerificationId, VerificationState, VerificationView};

/// The verification engine of one tenant. Cheap to clone; clones are the same engine.
#[derive(Debug, Clone)]
pub struct OtpService {
    pub(crate) shared: Arc<Shared>,
    pub(crate) tenant: TenantId,
}

/// What engine and worker share.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) keys: CodeKeys,
    pub(crate) policy: OtpPolicy,
    pub(crate) rules: Rules,
    pub(crate) channels: Channels,
    pub(crate) senders: Option<Arc<dyn SenderBook>>,
    pub(crate) store: Arc<dyn OtpStore>,
    pub(crate) tallies: Arc<dyn TallyStore>,
    pub(crate) sightings: Sightings,
    pub(crate) guard: Guard,
    pub(crate) has_challenge: bool,
    pub(crate) events: Arc<dyn OtpEvents>,
    pub(crate) hasher: RequestHasher,
    /// `None` if the engine was built without a store for it.
    pub(crate) reverse: Option<Reverse>,
    pub(crate) test_numbers: TestNumbers,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) templates: MessageTemplates,
    pub(crate) app_name: String,
    /// The sends that are under way, so that a process that stops can wait for them.
    pub(crate) sends: TaskTracker,
    /// Told when something changed that somebody may wait for.
    pub(crate) changes: Notify,
    /// Told when the worker has something to do at once.
    pub(crate) due: Notify,
}

impl Shared {
    /// Notes that something was seen. Nothing depends on it at once, so a store that fails is only told of.
    pub(crate) async fn see(&self, sight: Sight, now: Timestamp) {
        if let Some(tally) = self.sightings.note(&sight, now)
            && let Err(error) = self.tallies.add_tallies(vec![tally]).await
        {
            self.sightings.forget(&sight);
            tracing::warn!(error = %error, "cannot note what was seen");
        }
    }
}

impl OtpService {
    /// The same engine for another tenant.
    #[must_use]
    pub fn for_tenant(&self, tenant: TenantId) -> Self {
        Self { shared: Arc::clone(&self.shared), tenant }
    }

    /// The tenant whose engine this is.
    #[must_use]
    pub const fn tenant(&self) -> &TenantId {
        &self.tenant
    }

    /// The policy.
    #[must_use]
    pub fn policy(&self) -> &OtpPolicy {
        &self.shared.policy
    }

    /// How long a challenge may hold up a request for a code; nothing if there is none.
    #[must_use]
    pub fn challenge_wait(&self) -> Duration {
        if self.shared.has_challenge { HOOK_TIME } else { Duration::ZERO }
    }

    /// The name of the app as messages show it.
    #[must_use]
    pub fn app_name(&self) -> &str {
        &self.shared.app_name
    }

    /// The clock that the engine asks.
    #[must_use]
    pub fn clock(&self) -> &Arc<dyn Clock> {
        &self.shared.clock
    }

    /// How a verification stands; `None` if this tenant has none with this id.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn get(&self, id: VerificationId) -> Result<Option<VerificationView>, StoreError> {
        let now = self.shared.clock.now();
        let Some(snapshot) = self.shared.store.get(&self.tenant, &Target::Id(id), now).await? else {
            return Ok(None);
        };
        let dead = snapshot.live.is_some_and(|live| !self.shared.keys.ids().any(|known| *known == live.key));
        Ok(snapshot.view.map(|mut view| {
            // Its key was dropped: no code can be right any more.
            if dead {
                view.state = VerificationState::Expired;
            }
            view
        }))
    }

    /// Takes a verification back. The code dies with its last pending id. Answers `false` if the id is not
    /// pending.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn cancel(&self, id: VerificationId) -> Result<bool, StoreError> {
        let cancelled = self.shared.store.cancel(&self.tenant, id, self.shared.clock.now()).await?;
        if cancelled {
            self.tell_change();
        }
        Ok(cancelled)
    }

    /// Exchanges a proof for the phone that it proves. The first `by` owns the proof and may redeem it again
    /// until it expires, so that a retry after a crash ends the same; anybody else is refused.
    ///
    /// # Errors
    /// [`RedeemError::NotVerified`] if the proof is unknown, expired, for another purpose or somebody else's.
    pub async fn redeem(
        &self,
        proof: impl Into<ProofToken>,
        purpose: Purpose,
        by: impl Into<String>,
    ) -> Result<PhoneNumber, RedeemError> {
        self.redeem_any(proof.into(), purpose, None, by.into()).await
    }

    /// Like [`redeem`](Self::redeem), and refuses a proof of any other phone than `phone` without using it up.
    ///
    /// # Errors
    /// As [`redeem`](Self::redeem).
    pub async fn redeem_for(
        &self,
        phone: PhoneNumber,
        proof: impl Into<ProofToken>,
        purpose: Purpose,
        by: impl Into<String>,
    ) -> Result<PhoneNumber, RedeemError> {
        self.redeem_any(proof.into(), purpose, Some(phone), by.into()).await
    }

    async fn redeem_any(
        &self,
        proof: ProofToken,
        purpose: Purpose,
        phone: Option<PhoneNumber>,
        by: String,
    ) -> Result<PhoneNumber, RedeemError> {
        let proof = proof.hash().filter(|_| by.len() <= 128).ok_or(RedeemError::NotVerified)?;
        let redeem = Redeem { tenant: self.tenant.clone(), proof, purpose, phone, by };
        match self.shared.store.redeem(redeem, self.shared.clock.now()).await? {
            Redemption::Phone(phone) => Ok(phone),
            Redemption::Refused => Err(RedeemError::NotVerified),
        }
    }

    /// Takes news of a message from a provider's webhook. `receipt.provider` is the name of the channel that the message
    /// went over: the provider's, or that of an account
    /// ([`channel_name`](wartel_messaging::channel_name)). Answers whether the message is known yet; if not,
    /// the receipt is kept until it is.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer: do not acknowledge the webhook then.
    pub async fn record_receipt(&self, receipt: DeliveryReceipt) -> Result<bool, StoreError> {
        let now = self.shared.clock.now();
        let waited_for = self.shared.channels.names().any(|name| name == receipt.provider);
        if waited_for && self.shared.channels.falls_back() {
            // Deadlines count where receipts are known to arrive.
            self.shared.see(Sight::Receipt(receipt.provider.clone()), now).await;
        }
        let failed = receipt.state == DeliveryState::Failed;
        let matched = self.shared.store.record_receipt(receipt, now).await?;
        if matched {
            self.tell_change();
        }
        if failed && self.shared.channels.falls_back() {
            // The next channel need not wait until the worker looks again.
            self.shared.due.notify_one();
        }
        Ok(matched)
    }

    /// Clears the failed checks of a phone, so that new codes may be asked for. For operators, who have made sure of
    /// who asks. Answers whether there were any.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn unlock(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        self.shared.store.unlock(&self.tenant, phone, self.shared.clock.now()).await
    }

    /// Deletes everything that is kept of a phone, but the counters of sends and failed checks.
    ///
    /// # Errors
    /// [`StoreError`] if the store could not answer.
    pub async fn forget(&self, phone: &PhoneNumber) -> Result<bool, StoreError> {
        self.shared.store.forget(&self.tenant, phone, self.shared.clock.now()).await
    }
}
