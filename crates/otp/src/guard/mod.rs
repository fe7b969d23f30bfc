//! The guard against pumping: codes that are asked for to run up a bill, and never used.
//!
//! Whoever earns a share of the price of messages asks for codes to numbers of his own and gives none of them. So the
//! guard counts how many challenges begin and how many of them are verified, and acts where too few are.
//!
//! # What is counted
//!
//! A challenge counts in the five minutes in which it was made: once when it begins, once more when it is verified.
//! Ten minutes after the end of those five minutes no code of them can be alive any more, and what was not verified
//! counts as unverified. Where unverified challenges reach [`from`](RatioLimit::from) within the window and exceed the
//! [ratio](RatioLimit::percent) of the verified ones, it is hot.
//!
//! # What is done
//!
//! | [`Level`] | counted by | when hot |
//! |---|---|---|
//! | `Bucket` | a range of numbers × the network of the caller | refused until it cools down |
//! | `Prefix` | a range of numbers | an event, and the [challenge](crate::challenge_hook) if there is one |
//! | `Country` | the country of the number | the same |
//! | `Tenant` | everything | the same |
//!
//! A range is a number without its last four digits, a network a /24 or a /48. Only a range *and* a network together
//! are refused: if a range alone were, whoever sends junk to it would take the shop away from everybody who lives in
//! it. Where the address of the caller is not known, nothing is refused. Checks are never refused: who has a code can
//! give it. (Asking for the same code once more is a request like any other.)
//!
//! # When the store of tallies fails
//!
//! The guard lets through what it does not know to be hot. That is safe, because every budget (of the phone, the
//! client, the tenant) is kept by the [`OtpStore`](crate::OtpStore) and holds without the guard: they bound the bill,
//! the guard makes it smaller. Refusing instead would let whoever harms the store of tallies switch the shop off.

mod cache;
mod engine;
mod keys;
mod network;
mod pending;
mod policy;
mod ratio;

use std::fmt;
use std::net::IpAddr;

use wartel_core::{PhoneNumber, TenantId, Timestamp};

pub use engine::{Guard, GuardRefusal, HOOK_TIME};
pub use network::NetworkPrefix;
pub use policy::{ParsePumpingActionError, PumpingAction, PumpingPolicy, PumpingPolicyError, RatioLimit};
pub use ratio::Window;

/// What can be hot, from the narrowest to the widest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// A range of numbers from one network.
    Bucket,
    /// A range of numbers.
    Prefix,
    /// A country.
    Country,
    /// A tenant.
    Tenant,
}

impl Level {
    /// Every level, from the narrowest to the widest.
    pub const ALL: [Self; 4] = [Self::Bucket, Self::Prefix, Self::Country, Self::Tenant];

    /// A stable lower-case name, for logs and metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bucket => "bucket",
            Self::Prefix => "prefix",
            Self::Country => "country",
            Self::Tenant => "tenant",
        }
    }
}

/// Who asks for a code, as far as the guard wants to know. `Debug` does not show the address.
#[derive(Clone)]
pub struct GuardContext {
    tenant: TenantId,
    phone: PhoneNumber,
    client: Option<IpAddr>,
    network: Option<NetworkPrefix>,
}

impl GuardContext {
    /// A request for a number, from an unknown address.
    #[must_use]
    pub const fn new(tenant: TenantId, phone: PhoneNumber) -> Self {
        Self { tenant, phone, client: None, network: None }
    }

    /// With the address of the caller, and so its network.
    #[must_use]
    pub fn client_ip(mut self, ip: Option<IpAddr>) -> Self {
        self.client = ip;
        self.network = ip.map(NetworkPrefix::from_ip);
        self
    }

    /// With the network that was kept with a challenge.
    #[must_use]
    pub fn network(mut self, network: Option<NetworkPrefix>) -> Self {
        self.network = network;
        self
    }
}

impl fmt::Debug for GuardContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GuardContext")
            .field("tenant", &self.tenant)
            .field("phone", &self.phone)
            .finish_non_exhaustive()
    }
}

/// What the guard thinks of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing against it.
    Allow,
    /// Something wide is hot: ask the challenge hook, if there is one.
    AskChallenge {
        /// What is hot; the narrowest, if there are several.
        why: Level,
    },
    /// This range of numbers is hot from this network.
    Deny {
        /// When it cools down, if nothing more happens.
        until: Timestamp,
    },
}
