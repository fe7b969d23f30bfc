//! Over which providers a code goes, and when the next one is tried.

use std::sync::Arc;
use std::time::Duration;

use wartel_messaging::{DeliveryState, MessageProvider};

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

/// The providers in their order.
#[derive(Debug)]
pub(crate) struct Channels {
    first: Arc<dyn MessageProvider>,
    further: Vec<(Deadline, Arc<dyn MessageProvider>)>,
}

impl Channels {
    pub(super) fn new(
        first: Arc<dyn MessageProvider>,
        further: Vec<(Deadline, Arc<dyn MessageProvider>)>,
    ) -> Self {
        Self { first, further }
    }

    /// All of them, the first one first.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Arc<dyn MessageProvider>> {
        std::iter::once(&self.first).chain(self.further.iter().map(|(_, provider)| provider))
    }

    /// The channel with this number; `None` if the policy that asked for it had more channels.
    pub(crate) fn get(&self, number: u32) -> Option<&Arc<dyn MessageProvider>> {
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
