//! When a device is looked at next. The instant is in its document, so that of many instances one looks.

use std::time::Duration;

use wartel_core::Timestamp;

use super::PairingReason;
use super::record::{PairingRecord, PairingState};

/// How long before its end a QR code is replaced: a look and an answer of the provider fit in between.
pub(super) const REPLACE_BEFORE: Duration = Duration::from_secs(5);

/// While something is about to happen.
const SHORT: Duration = Duration::from_secs(3);
/// While a connection stands.
const CONNECTED: Duration = Duration::from_secs(60);
/// The longest wait, for devices that nobody expects anything of.
const LONG: Duration = Duration::from_secs(300);
/// After a loss: 5 s, then twice as long each time, up to [`LONG`].
const BACK_OFF: Duration = Duration::from_secs(5);
/// When whoever looks is taken for lost.
const LOOK_LEASE: Duration = Duration::from_secs(20);

/// Somebody looks now.
pub(super) fn begin_look(device: &mut PairingRecord, now: Timestamp) {
    device.next_look_at = Some(now + LOOK_LEASE);
}

/// Something has just changed: the next look comes soon.
pub(super) fn soon(device: &mut PairingRecord, now: Timestamp) {
    let soon = now + SHORT;
    device.next_look_at = Some(device.next_look_at.map_or(soon, |at| at.min(soon)));
}

/// Somebody has looked.
pub(super) fn after_look(device: &mut PairingRecord, now: Timestamp) {
    device.looks = device.looks.saturating_add(1);
    device.next_look_at = Some(now + pause(device));
}

fn pause(device: &PairingRecord) -> Duration {
    match device.state {
        PairingState::CodeShown => SHORT,
        PairingState::Paired if device.reason.is_none() => SHORT,
        PairingState::Unpaired if device.reason == Some(PairingReason::PasskeyRequired) => SHORT,
        // The provider may have given up what the phone took all the same: that is seen soon.
        PairingState::Unpaired if device.reason == Some(PairingReason::ScanRefused) && device.looks < 10 => {
            SHORT
        }
        PairingState::Connected => CONNECTED,
        PairingState::Disconnected | PairingState::Paired => {
            // 5 s times 2⁶ is more than the longest.
            BACK_OFF.saturating_mul(1 << device.looks.saturating_sub(1).min(6)).min(LONG)
        }
        PairingState::Unpaired | PairingState::LoggedOut | PairingState::Banned => LONG,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lost_connection_is_looked_for_less_and_less_often() {
        let mut device = PairingRecord { state: PairingState::Disconnected, ..PairingRecord::default() };
        let mut now = Timestamp::EPOCH;
        let mut waits = Vec::new();
        for _ in 0..9 {
            after_look(&mut device, now);
            let next = device.next_look_at.unwrap();
            waits.push(next.since(now).as_secs());
            now = next;
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300, 300]);
    }
}
