//! Over which channels a code goes, and when the next one is tried.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{AccountId, TenantId};
use wartel_messaging::{
    DeliveryReceipt, DeliveryState, MessageProvider, SendError, channel_name, own_sender,
};

use super::Shared;
use crate::store::FallbackRule;

/// When the next channel is tried: when this much time has passed without the message having come this far. A
/// provider that refuses is left at once.
///
/// A deadline after acceptance counts only where receipts are known to arrive: the provider has them, and gave one
/// in the last 24 hours. Elsewhere silence means nothing, and only errors fall back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Deadline {
    /// How long the channel before has. Range: 5..=120 s. The worker looks once in a second.
    pub after: Duration,
    /// How far the message has to come: [`Accepted`](DeliveryState::Accepted), [`Sent`](DeliveryState::Sent) or
    /// [`Delivered`](DeliveryState::Delivered).
    pub wanted: DeliveryState,
}

impl Deadline {
    /// `after` this long without the message having been sent.
    #[must_use]
    pub const fn without_sent(after: Duration) -> Self {
        Self { after, wanted: DeliveryState::Sent }
    }

    /// `after` this long without the message having been delivered.
    #[must_use]
    pub const fn without_delivery(after: Duration) -> Self {
        Self { after, wanted: DeliveryState::Delivered }
    }

    /// Only when the channel before refuses, or gives no answer in this time.
    #[must_use]
    pub const fn without_acceptance(after: Duration) -> Self {
        Self { after, wanted: DeliveryState::Accepted }
    }

    pub(super) fn is_valid(&self) -> bool {
        let spans = Duration::from_secs(5)..=Duration::from_secs(120);
        let wanted = [DeliveryState::Accepted, DeliveryState::Sent, DeliveryState::Delivered];
        spans.contains(&self.after) && wanted.contains(&self.wanted)
    }
}

/// One way for codes: a provider, or an account of a tenant.
#[derive(Debug, Clone)]
pub(crate) struct Channel {
    pub(crate) provider: Arc<dyn MessageProvider>,
    /// The account whose receipts are news of this channel. `None` is the program's own.
    account: Option<(TenantId, AccountId)>,
}

impl Channel {
    /// The program's own.
    pub(super) fn of_program(provider: Arc<dyn MessageProvider>) -> Self {
        Self { provider, account: None }
    }

    /// An account of a tenant.
    pub(super) fn of_account(
        provider: Arc<dyn MessageProvider>,
        tenant: TenantId,
        account: AccountId,
    ) -> Self {
        Self { provider, account: Some((tenant, account)) }
    }

    /// By what receipts find the messages of this channel. `via` is who took the message where the channel is several
    /// providers: receipts come from that one.
    pub(crate) fn name(&self, via: Option<&str>) -> String {
        let provider = via.unwrap_or_else(|| self.provider.name());
        match &self.account {
            Some((tenant, account)) => channel_name(provider, tenant, account),
            None => provider.to_owned(),
        }
    }
}

/// The program's channels in their order.
#[derive(Debug)]
pub(crate) struct Channels {
    first: Channel,
    further: Vec<(Deadline, Channel)>,
    /// Of all of them.
    names: Vec<String>,
}

impl Channels {
    pub(super) fn new(first: Channel, further: Vec<(Deadline, Channel)>) -> Self {
        let all = std::iter::once(&first).chain(further.iter().map(|(_, channel)| channel));
        let names = all.map(|channel| channel.name(None)).collect();
        Self { first, further, names }
    }

    /// All of them, the first one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Channel> {
        std::iter::once(&self.first).chain(self.further.iter().map(|(_, channel)| channel))
    }

    /// What they are called, the first one first.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    /// The channel with this number; `None` if the policy that asked for it had more channels.
    fn get(&self, number: u32) -> Option<&Channel> {
        self.all().nth(usize::try_from(number).ok()?)
    }

    /// The rules of all channels but the last. Receipts count as missing until they are known to arrive.
    pub(super) fn rules(&self) -> Vec<FallbackRule> {
        let rule = |(deadline, _): &(Deadline, _)| FallbackRule::new(deadline.after, deadline.wanted, false);
        self.further.iter().map(rule).collect()
    }

    /// Whether any channel falls back.
    pub(crate) fn falls_back(&self) -> bool {
        !self.further.is_empty()
    }
}

impl Shared {
    /// The channel of a tenant that has an account of its own. It is its only one.
    pub(super) async fn own_channel(&self, tenant: &TenantId) -> Result<Option<Channel>, SendError> {
        let Some(senders) = &self.senders else { return Ok(None) };
        let own = own_sender(senders, tenant).await?;
        Ok(own.map(|own| Channel::of_account(own.provider, own.tenant, own.account)))
    }

    /// The channel of a tenant with this number; `None` if nobody knows it any more.
    pub(crate) async fn channel(&self, tenant: &TenantId, number: u32) -> Result<Option<Channel>, SendError> {
        // A send that has gone on to a further channel began before the tenant had an account of its own.
        let own = if number == 0 { self.own_channel(tenant).await? } else { None };
        Ok(own.or_else(|| self.channels.get(number).cloned()))
    }

    /// Whether the messages of an account are found by its name: not those of the account that the program was started
    /// with.
    fn is_named(&self, tenant: &TenantId, account: &AccountId) -> bool {
        let is_it = |channel: &Channel| {
            channel.account.as_ref().is_some_and(|(of, name)| of == tenant && name == account)
        };
        self.channels.all().any(is_it)
            || self.senders.as_ref().is_some_and(|senders| !senders.is_fixed(tenant, account))
    }

    /// The receipt as one by this account: it finds messages that went out through the same one, and no others.
    pub(crate) fn receipt_by(
        &self,
        mut receipt: DeliveryReceipt,
        tenant: &TenantId,
        account: &AccountId,
    ) -> DeliveryReceipt {
        if self.is_named(tenant, account) {
            receipt.provider = channel_name(&receipt.provider, tenant, account);
        }
        receipt
    }
}
