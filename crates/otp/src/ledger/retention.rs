//! What goes, and when.

use wartel_core::Timestamp;

use super::locator::Locator;
use super::state::{Challenge, Failures, Pace, PhoneLedger, SendCounter};

/// How many ended challenges are kept of one phone. A caller whose every send is refused makes one each time;
/// the oldest go first.
const ENDED_KEPT: usize = 16;

impl PhoneLedger {
    /// Drops ended challenges by `keep`, with their verifications; answers the locators that lead nowhere now.
    fn drop_challenges(&mut self, keep: impl Fn(&Challenge) -> bool) -> Vec<Locator> {
        let mut dropped = Vec::new();
        let (kept, gone): (Vec<_>, Vec<_>) = std::mem::take(&mut self.challenges).into_iter().partition(keep);
        self.challenges = kept;
        for challenge in gone {
            dropped.extend(challenge.locators());
            let of_it = self.verifications.iter().filter(|v| v.challenge == challenge.id);
            for verification in of_it {
                dropped.push(Locator::verification(verification.id));
                dropped.extend(verification.keyed.iter().map(|keyed| Locator::idempotency(&keyed.key)));
            }
            self.verifications.retain(|v| v.challenge != challenge.id);
        }
        dropped
    }

    /// Drops the oldest ended challenges beyond those that are kept.
    pub(super) fn drop_surplus(&mut self, now: Timestamp) -> Vec<Locator> {
        let mut ended: Vec<_> =
            self.challenges.iter().filter(|c| !c.is_live(now)).map(|c| (c.end(), c.id)).collect();
        let surplus = ended.len().saturating_sub(ENDED_KEPT);
        if surplus == 0 {
            return Vec::new();
        }
        ended.sort_unstable();
        ended.truncate(surplus);
        self.drop_challenges(|challenge| !ended.iter().any(|(_, id)| *id == challenge.id))
    }

    /// Drops what has been over for long enough; answers the locators that lead nowhere now.
    pub(super) fn purge(&mut self, now: Timestamp) -> Vec<Locator> {
        let mut dropped = self.drop_challenges(|challenge| challenge.purge_at() > now);
        let (kept, gone): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.proofs).into_iter().partition(|proof| proof.expires_at > now);
        self.proofs = kept;
        dropped.extend(self.drop_reverse(|reverse| reverse.purge_at() > now));
        dropped.extend(gone.iter().map(|proof| Locator::proof(&proof.hash)));
        if self.sends.kept_until <= now {
            self.sends = SendCounter::default();
            self.pace = Pace::default();
        }
        if self.failures.kept_until <= now {
            self.failures = Failures::default();
        }
        dropped
    }

    /// Drops everything but the counters; answers the locators that lead nowhere now.
    pub(super) fn forget(&mut self) -> Vec<Locator> {
        let mut dropped = self.drop_challenges(|_| false);
        dropped.extend(self.drop_reverse(|_| false));
        dropped.extend(std::mem::take(&mut self.proofs).iter().map(|proof| Locator::proof(&proof.hash)));
        dropped
    }
}
