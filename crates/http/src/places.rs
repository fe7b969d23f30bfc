//! The places of those who wait for news. Each holds a connection, so they are bounded: all together, for each
//! verification, and for each caller, so that no stranger takes the places of everybody.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wartel_core::TenantId;
use wartel_otp::guard::NetworkPrefix;
use wartel_otp::{ClientKey, VerificationId};

use crate::codes::ProblemCode;
use crate::problem::Problem;
use crate::texts::Text;

/// How many callers wait at the same time: a quarter of the connections that the server has by default.
const PLACES: usize = 1_024;
/// How many of them wait for news of one verification: the app, its page, and those that are just leaving.
const PLACES_EACH: usize = 4;
/// How many of them come from one address (/32, /64): two for each code that an address gets in an hour by default.
const PLACES_PER_ADDRESS: usize = 64;
/// How many of them come from one network (/24, /48). A household has up to a /56 of IPv6, which is 256 addresses in
/// the sense above.
const PLACES_PER_NETWORK: usize = 256;
/// How many of them are programs with a key of one tenant, whichever of its keys they have.
const PLACES_PER_TENANT: usize = 512;
/// When to come back for a place.
const COME_BACK: Duration = Duration::from_secs(5);

/// Those who share a number of places.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Group {
    Verification(VerificationId),
    #[cfg(feature = "accounts")]
    Device(wartel_messaging::pairing::DeviceKey),
    Address(ClientKey),
    Network(NetworkPrefix),
    Tenant(TenantId),
}

impl Group {
    const fn places(&self) -> usize {
        match self {
            Self::Verification(_) => PLACES_EACH,
            #[cfg(feature = "accounts")]
            Self::Device(_) => PLACES_EACH,
            Self::Address(_) => PLACES_PER_ADDRESS,
            Self::Network(_) => PLACES_PER_NETWORK,
            Self::Tenant(_) => PLACES_PER_TENANT,
        }
    }
}

impl From<VerificationId> for Group {
    fn from(id: VerificationId) -> Self {
        Self::Verification(id)
    }
}

/// Somebody who wants a place.
#[derive(Debug)]
pub(crate) struct Waiter(Vec<Group>);

impl Waiter {
    /// Whoever calls the public routes is known by the address only.
    pub(crate) fn at(ip: IpAddr) -> Self {
        Self(vec![Group::Address(ClientKey::from_ip(ip)), Group::Network(NetworkPrefix::from_ip(ip))])
    }

    /// A program with a key of this tenant, from wherever it calls.
    #[cfg_attr(not(feature = "v1"), allow(dead_code))]
    pub(crate) fn of(tenant: TenantId) -> Self {
        Self(vec![Group::Tenant(tenant)])
    }
}

/// The places of those who wait. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Waiting(Arc<Mutex<Taken>>);

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    by: HashMap<Group, usize>,
}

/// One of the places, given back when dropped.
#[derive(Debug)]
pub(crate) struct Place {
    waiting: Waiting,
    groups: Vec<Group>,
}

impl Waiting {
    /// Takes a place, for news of this verification or device.
    ///
    /// # Errors
    /// `rate_limited` if none is left, or none for this verification or this caller.
    pub(crate) fn enter(&self, of: impl Into<Group>, waiter: Waiter) -> Result<Place, Problem> {
        let Waiter(mut groups) = waiter;
        groups.push(of.into());
        let mut taken = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_full = |group: &Group| taken.by.get(group).is_some_and(|count| *count >= group.places());
        if taken.all >= PLACES || groups.iter().any(is_full) {
            let detail = "too many requests wait for news";
            return Err(Problem::new(ProblemCode::RateLimited, detail, Text::TooManyWaiting)
                .with_retry_after(COME_BACK));
        }
        taken.all += 1;
        for group in &groups {
            *taken.by.entry(group.clone()).or_default() += 1;
        }
        Ok(Place { waiting: self.clone(), groups })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.waiting.0.lock().unwrap_or_else(PoisonError::into_inner);
        taken.all = taken.all.saturating_sub(1);
        for group in self.groups.drain(..) {
            if let Entry::Occupied(mut count) = taken.by.entry(group) {
                if *count.get() <= 1 {
                    count.remove();
                } else {
                    *count.get_mut() -= 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ip: &str) -> Waiter {
        Waiter::at(ip.parse().unwrap())
    }

    fn tenant(name: &str) -> Waiter {
        Waiter::of(TenantId::parse(name).unwrap())
    }

    /// Takes places for `waiter` until there are none; each for another verification.
    fn fill(waiting: &Waiting, waiter: impl Fn(usize) -> Waiter) -> Vec<Place> {
        let places = (0..).map_while(|n| waiting.enter(VerificationId::random(), waiter(n)).ok());
        places.take(PLACES + 1).collect()
    }

    #[test]
    fn a_verification_has_four_places() {
        let waiting = Waiting::default();
        let id = VerificationId::random();
        let from = |n: usize| at(&format!("10.{n}.0.1"));
        let mut mine: Vec<Place> = (0..PLACES_EACH).map(|n| waiting.enter(id, from(n)).unwrap()).collect();
        assert_eq!(waiting.enter(id, from(9)).unwrap_err().code(), ProblemCode::RateLimited);
        mine.pop();
        mine.push(waiting.enter(id, from(9)).unwrap());
        assert!(waiting.enter(id, from(10)).is_err());
    }

    #[test]
    fn no_caller_takes_the_places_of_another() {
        // Who takes all that he gets, how many that is, who has none then, and who has some all the same.
        for (greedy, places, same, other) in [
            (&(|_| at("203.0.113.9")) as &dyn Fn(usize) -> Waiter, 64, "::ffff:203.0.113.9", "203.0.113.10"),
            (&|n| at(&format!("2001:db8:1:2::{n:x}")), 64, "2001:db8:1:2:3:4:5:6", "2001:db8:1:3::1"),
            (&|n| at(&format!("203.0.113.{}", n % 256)), 256, "203.0.113.255", "203.0.114.1"),
            (&|n| at(&format!("2001:db8:1:{n:x}::1")), 256, "2001:db8:1:ffff::1", "2001:db8:2::1"),
        ] {
            let waiting = Waiting::default();
            let mut taken = fill(&waiting, greedy);
            assert_eq!(taken.len(), places, "{same}");
            let enter = |waiter| waiting.enter(VerificationId::random(), waiter);
            assert_eq!(enter(at(same)).unwrap_err().code(), ProblemCode::RateLimited, "{same}");
            drop((enter(at(other)).unwrap(), enter(tenant("toko-budi")).unwrap()));
            // A place that is given back is anybody's of the group.
            taken.pop();
            taken.push(enter(at(same)).unwrap());
            assert!(enter(at(same)).is_err(), "{same}");
        }
    }

    #[test]
    fn no_tenant_takes_the_places_of_another() {
        let waiting = Waiting::default();
        let mut taken = fill(&waiting, |_| tenant("toko-budi"));
        assert_eq!(taken.len(), 512);
        let enter = |waiter| waiting.enter(VerificationId::random(), waiter);
        drop((enter(tenant("warung-siti")).unwrap(), enter(at("203.0.113.9")).unwrap()));
        taken.pop();
        taken.push(enter(tenant("toko-budi")).unwrap());
        assert!(enter(tenant("toko-budi")).is_err());
    }

    #[test]
    fn all_together_are_bounded_and_nothing_is_kept_of_those_who_left() {
        let waiting = Waiting::default();
        let everybody = fill(&waiting, |n| at(&format!("10.{}.{}.1", n / 256, n % 256)));
        assert_eq!(everybody.len(), PLACES);
        assert!(waiting.enter(VerificationId::random(), tenant("toko-budi")).is_err());
        drop(everybody);
        let taken = waiting.0.lock().unwrap();
        assert!(taken.all == 0 && taken.by.is_empty(), "{taken:?}");
    }
}
