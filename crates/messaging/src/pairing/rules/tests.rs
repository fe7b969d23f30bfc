//! Every event in every state, and what time alone brings about.
#![allow(clippy::panic)]

use super::*;
use crate::device::{PairingCode, QrCode};
use crate::pairing::{FREE_TRIES, PairingSnapshot};
use wartel_core::PhoneNumber;

const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3_600);

fn phone() -> PhoneNumber {
    PhoneNumber::from_e164("+6281234567890").unwrap()
}

/// A device in a state that it came to by the usual way.
fn in_state(state: PairingState) -> PairingDocs {
    let mut docs = PairingDocs::default();
    let event = |docs: &mut PairingDocs, event| {
        let _ = apply(docs, &PairingStep::Event(event), T0);
    };
    match state {
        PairingState::Unpaired => {}
        PairingState::CodeShown => show(&mut docs, T0),
        PairingState::Paired => {
            show(&mut docs, T0);
            event(&mut docs, DeviceEvent::Paired);
        }
        PairingState::Connected => event(&mut docs, DeviceEvent::Connected),
        PairingState::Disconnected => {
            event(&mut docs, DeviceEvent::Connected);
            event(&mut docs, DeviceEvent::Disconnected);
        }
        PairingState::LoggedOut => {
            event(&mut docs, DeviceEvent::Connected);
            event(&mut docs, DeviceEvent::LoggedOut);
        }
        PairingState::Banned => event(&mut docs, DeviceEvent::Banned { until: None }),
    }
    assert_eq!(docs.device.state, state);
    docs
}

fn ask_for(docs: &mut PairingDocs, method: PairingMethod, now: Timestamp) -> u64 {
    match apply(docs, &PairingStep::Begin { method }, now) {
        PairingOutcome::Ask { fence } => fence,
        other => panic!("{other:?}"),
    }
}

fn offer_qr(docs: &mut PairingDocs, fence: u64, now: Timestamp) -> PairingOutcome {
    let offer = PairingOffer::Qr { qr: QrCode::Text("2@made-up".to_owned()), valid_for: None };
    apply(docs, &PairingStep::Offered { fence, method: PairingMethod::Qr, offer }, now)
}

fn show(docs: &mut PairingDocs, now: Timestamp) {
    let fence = ask_for(docs, PairingMethod::Qr, now);
    assert_eq!(offer_qr(docs, fence, now), PairingOutcome::Done);
}

#[test]
fn every_event_in_every_state() {
    use DeviceEvent as E;
    use PairingReason as R;
    use PairingState as S;
    let states =
        [S::Unpaired, S::CodeShown, S::Paired, S::Connected, S::Disconnected, S::LoggedOut, S::Banned];
    let until = T0 + 5 * HOUR;
    // For each event: where it leads from each of the states above, in that order.
    let table = [
        (E::Paired, [S::Paired, S::Paired, S::Paired, S::Connected, S::Paired, S::Paired, S::Paired]),
        (E::Connected, [S::Connected; 7]),
        (
            E::Disconnected,
            [S::Unpaired, S::CodeShown, S::Paired, S::Disconnected, S::Disconnected, S::LoggedOut, S::Banned],
        ),
        (
            E::LoggedOut,
            [S::Unpaired, S::CodeShown, S::LoggedOut, S::LoggedOut, S::LoggedOut, S::LoggedOut, S::Banned],
        ),
        (E::Banned { until: Some(until) }, [S::Banned; 7]),
        (E::QrChanged, states),
        (
            E::PairingRefused,
            [S::Unpaired, S::Unpaired, S::Unpaired, S::Connected, S::Disconnected, S::LoggedOut, S::Banned],
        ),
        (
            E::PasskeyRequired,
            [S::Unpaired, S::Unpaired, S::Unpaired, S::Connected, S::Disconnected, S::LoggedOut, S::Banned],
        ),
    ];
    for (event, ends) in table {
        for (state, end) in states.into_iter().zip(ends) {
            let mut docs = in_state(state);
            let _ = apply(&mut docs, &PairingStep::Event(event), T0 + SECOND);
            assert_eq!(docs.device.state, end, "{event:?} in {state:?}");
            assert_eq!(docs.device.last_event_at, Some(T0 + SECOND), "{event:?} in {state:?}");
            let shows = PairingSnapshot::of(&docs, T0 + SECOND).qr.is_some();
            assert_eq!(shows, end == S::CodeShown && event != E::QrChanged, "{event:?} in {state:?}");
        }
    }
    let reason_after = |state, event| {
        let mut docs = in_state(state);
        let _ = apply(&mut docs, &PairingStep::Event(event), T0 + SECOND);
        (docs.device.reason, docs.refusal(T0 + SECOND).map(|(_, until)| until))
    };
    assert_eq!(reason_after(S::Connected, E::Disconnected), (Some(R::ConnectionLost), None));
    assert_eq!(reason_after(S::Connected, E::LoggedOut), (Some(R::RemovedByPhone), None));
    assert_eq!(
        reason_after(S::Connected, E::Banned { until: Some(until) }),
        (Some(R::TemporarilyBanned), Some(until))
    );
    let day = Some(T0 + SECOND + 24 * HOUR);
    assert_eq!(reason_after(S::Connected, E::Banned { until: None }), (Some(R::Banned), day));
    let wait = Some(T0 + SECOND + 120 * SECOND);
    assert_eq!(reason_after(S::CodeShown, E::PairingRefused), (Some(R::ScanRefused), wait));
    assert_eq!(reason_after(S::CodeShown, E::PasskeyRequired).0, Some(R::PasskeyRequired));
}

#[test]
fn a_provider_that_gives_up_as_its_last_code_ends_was_refused_by_nobody() {
    for (after, reason) in [
        (30 * SECOND, PairingReason::ScanRefused),
        (58 * SECOND, PairingReason::CodesUsedUp),
        (65 * SECOND, PairingReason::CodesUsedUp),
    ] {
        let mut docs = in_state(PairingState::CodeShown);
        let _ = apply(&mut docs, &PairingStep::Event(DeviceEvent::PairingRefused), T0 + after);
        assert_eq!(docs.device.reason, Some(reason), "{after:?}");
        assert_eq!(docs.device.tries.count(), 1);
    }
}

#[test]
fn paired_is_not_connected_and_clears_no_tries() {
    let mut docs = in_state(PairingState::Paired);
    assert_eq!(docs.device.tries.count(), 1);
    let snapshot = PairingSnapshot::of(&docs, T0);
    assert!(snapshot.is_paired() && !snapshot.is_connected());
    let _ = apply(&mut docs, &PairingStep::Event(DeviceEvent::Connected), T0);
    assert_eq!(docs.device.tries.count(), 0);
    assert!(PairingSnapshot::of(&docs, T0).is_connected());
}

#[test]
fn a_link_without_a_connection_is_named_and_may_be_tried_again() {
    let mut docs = in_state(PairingState::Paired);
    let later = T0 + CONNECT_TIME;
    assert_eq!(PairingSnapshot::of(&docs, later - SECOND).reason, None);
    assert_eq!(PairingSnapshot::of(&docs, later).reason, Some(PairingReason::NeverConnected));
    let begin = PairingStep::Begin { method: PairingMethod::Qr };
    assert_eq!(apply(&mut docs.clone(), &begin, later - SECOND), PairingOutcome::Done, "still hoped for");
    assert!(matches!(apply(&mut docs, &begin, later), PairingOutcome::Ask { .. }));
}

#[test]
fn qr_codes_are_replaced_a_bounded_number_of_times() {
    let mut docs = PairingDocs::default();
    show(&mut docs, T0);
    let mut now = T0;
    let mut shown = 1;
    let mut lives = Vec::new();
    loop {
        let ends = docs.device.code.as_ref().unwrap().expires_at;
        lives.push(ends.since(now).as_secs());
        now = ends - 4 * SECOND;
        docs.device.next_look_at = None;
        let PairingOutcome::Look { replace, .. } = apply(&mut docs, &PairingStep::Look, now) else {
            panic!("no look")
        };
        let Some(fence) = replace else { break };
        let begin = PairingStep::Begin { method: PairingMethod::Qr };
        assert_eq!(apply(&mut docs.clone(), &begin, now), PairingOutcome::Done, "the present one is shown");
        assert_eq!(offer_qr(&mut docs, fence, now), PairingOutcome::Done);
        shown += 1;
    }
    assert_eq!((shown, lives.as_slice()), (CODES_PER_TRY, [60, 20, 20, 20, 20, 20].as_slice()));
    let end = now + 4 * SECOND;
    let snapshot = PairingSnapshot::of(&docs, end);
    assert_eq!((snapshot.state, snapshot.reason), (PairingState::Unpaired, Some(PairingReason::CodesUsedUp)));
    assert_eq!(docs.device.tries.count(), 1, "all of them are one try");
}

#[test]
fn a_typed_code_is_never_replaced_and_ends_on_time() {
    let mut docs = PairingDocs { phone: Some(super::super::Tries::default()), ..PairingDocs::default() };
    let method = PairingMethod::Code(phone());
    let fence = ask_for(&mut docs, method.clone(), T0);
    let offer = PairingOffer::Code { code: PairingCode::new("ABCD1234"), valid_for: None };
    let _ = apply(&mut docs, &PairingStep::Offered { fence, method, offer }, T0);
    let end = T0 + 180 * SECOND;
    docs.device.next_look_at = None;
    let look = apply(&mut docs, &PairingStep::Look, end - SECOND);
    assert_eq!(look, PairingOutcome::Look { replace: None, reconnect: false });
    assert!(PairingSnapshot::of(&docs, end - SECOND).code.is_some());
    let snapshot = PairingSnapshot::of(&docs, end);
    assert_eq!((snapshot.state, snapshot.reason), (PairingState::Unpaired, Some(PairingReason::CodeExpired)));
    assert_eq!(docs.phone.as_ref().unwrap().count(), 1);
}

#[test]
fn what_the_device_says_counts_and_old_news_does_not() {
    use PairingState as S;
    for (state, connected, paired, end) in [
        (S::Unpaired, true, None, S::Connected),
        (S::CodeShown, true, Some(true), S::Connected),
        (S::CodeShown, false, Some(true), S::Paired),
        (S::CodeShown, false, Some(false), S::CodeShown),
        (S::CodeShown, false, None, S::CodeShown),
        (S::Paired, false, Some(false), S::Paired),
        (S::Paired, true, Some(true), S::Connected),
        (S::Connected, false, None, S::Disconnected),
        (S::Connected, false, Some(true), S::Disconnected),
        (S::Connected, false, Some(false), S::LoggedOut),
        // The gateway v1.7.0 says so after it has connected again.
        (S::Connected, true, Some(false), S::Connected),
        (S::Disconnected, false, Some(false), S::LoggedOut),
        (S::Disconnected, false, Some(true), S::Disconnected),
        (S::LoggedOut, false, Some(false), S::LoggedOut),
        (S::Unpaired, false, Some(true), S::Disconnected),
        (S::Banned, false, Some(true), S::Banned),
        (S::Banned, true, Some(true), S::Connected),
    ] {
        let mut docs = in_state(state);
        let mut info = DeviceInfo::new(connected);
        info.paired = paired;
        let _ = apply(&mut docs, &PairingStep::Seen(info), T0 + SECOND);
        assert_eq!(docs.device.state, end, "{state:?} seen as {connected} {paired:?}");
    }
}

#[test]
fn throttling_blocks_the_number_for_a_day_at_least() {
    let hours = |count: u32| Some(count * HOUR);
    for (wait, blocked) in [(None, 24 * HOUR), (hours(1), 24 * HOUR), (hours(30), 30 * HOUR)] {
        let mut docs = PairingDocs { phone: Some(super::super::Tries::default()), ..PairingDocs::default() };
        let fence = ask_for(&mut docs, PairingMethod::Code(phone()), T0);
        let failure = PairingFailure { reason: PairingReason::Throttled, counts: true, wait };
        let _ = apply(&mut docs, &PairingStep::Failed { fence, failure }, T0);
        assert_eq!(docs.refusal(T0), Some((PairingReason::Throttled, T0 + blocked)), "{wait:?}");
        assert_eq!(docs.phone.as_ref().unwrap().refusal(T0), docs.refusal(T0));
    }
}

#[test]
fn who_asked_and_was_lost_has_used_a_try() {
    let mut docs = PairingDocs::default();
    ask_for(&mut docs, PairingMethod::Qr, T0);
    let begin = PairingStep::Begin { method: PairingMethod::Qr };
    assert_eq!(apply(&mut docs, &begin, T0 + SECOND), PairingOutcome::Wait { until: T0 + ASK_LEASE });
    let later = T0 + ASK_LEASE;
    let until = later + 120 * SECOND;
    assert_eq!(
        apply(&mut docs, &begin, later),
        PairingOutcome::Refused { reason: PairingReason::CoolingDown, until }
    );
    assert_eq!(docs.tries_left(later), FREE_TRIES - 1);
}

#[test]
fn the_version_tells_of_every_visible_change_and_of_nothing_else() {
    let mut docs = in_state(PairingState::Connected);
    let version = docs.device.version;
    for silent in [PairingStep::Heard { at: T0 }, PairingStep::Sent, PairingStep::Look, PairingStep::NotSeen]
    {
        let _ = apply(&mut docs, &silent, T0);
        assert_eq!(docs.device.version, version, "{silent:?}");
    }
    let _ = apply(&mut docs, &PairingStep::Event(DeviceEvent::Disconnected), T0);
    assert_eq!(docs.device.version, version + 1);
}

#[test]
fn deaf_is_who_was_heard_before_and_not_after_a_message_went_out() {
    use crate::pairing::DEAF_AFTER;
    let mut never = in_state(PairingState::Unpaired);
    let _ = apply(&mut never, &PairingStep::Seen(DeviceInfo::new(true)), T0);
    let _ = apply(&mut never, &PairingStep::Sent, T0);
    assert_eq!(PairingSnapshot::of(&never, T0 + 48 * HOUR).deaf_since, None, "no webhook is known to come");

    let mut docs = in_state(PairingState::Connected);
    let _ = apply(&mut docs, &PairingStep::Sent, T0 + SECOND);
    let _ = apply(&mut docs, &PairingStep::Heard { at: T0 }, T0 + 2 * SECOND);
    let late = T0 + SECOND + DEAF_AFTER;
    assert_eq!(PairingSnapshot::of(&docs, late - SECOND).deaf_since, None);
    let deaf = PairingSnapshot::of(&docs, late);
    assert_eq!((deaf.deaf_since, deaf.reason), (Some(T0 + SECOND), Some(PairingReason::Deaf)));
    let _ = apply(&mut docs, &PairingStep::Heard { at: late }, late);
    assert_eq!(PairingSnapshot::of(&docs, late).deaf_since, None);
}

#[test]
fn disconnecting_here_forgets_the_device_and_is_no_failure() {
    let mut docs = PairingDocs::default();
    let info = DeviceInfo::new(true).with_identity(Some("628:1@s.whatsapp.net".to_owned()), Some(phone()));
    let _ = apply(&mut docs, &PairingStep::Seen(info), T0);
    assert_eq!(PairingSnapshot::of(&docs, T0).phone, Some(phone()));
    let _ = apply(&mut docs, &PairingStep::Disconnected, T0);
    let snapshot = PairingSnapshot::of(&docs, T0);
    assert_eq!(
        (snapshot.state, snapshot.reason),
        (PairingState::Unpaired, Some(PairingReason::DisconnectedHere))
    );
    assert_eq!((snapshot.phone, snapshot.device_id, snapshot.next_try_at), (None, None, None));
    let _ = apply(&mut docs, &PairingStep::Event(DeviceEvent::LoggedOut), T0);
    assert_eq!(docs.device.state, PairingState::Unpaired, "the echo of it is not the phone's doing");
}
