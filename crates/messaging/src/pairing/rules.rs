//! The rules of pairing, as functions on data without I/O. For authors of stores.

use std::time::Duration;

use wartel_core::Timestamp;

use super::record::{Asking, CodeContent, PairingDocs, PairingRecord, PairingState, ShownCode, usual_life};
use super::step::{ASK_LEASE, CODES_PER_TRY, CONNECT_TIME, PairingOutcome, PairingStep, REPLACE_GRACE};
use super::tries::COOL_DOWNS;
use super::{PairingFailure, PairingReason, schedule};
use crate::device::{DeviceEvent, DeviceInfo, PairingMethod, PairingOffer};

/// The codes of a provider live at least and at most this long, whatever it says.
const CODE_LIFE: (Duration, Duration) = (Duration::from_secs(5), Duration::from_secs(600));

/// How long an answer about a device may be under way at the most.
const LOOK_TIME: Duration = Duration::from_secs(10);

/// Takes one step: changes the documents, and says what is to be done. A store runs it between loading and saving, while
/// it holds the lock; if nothing changed nothing has to be saved.
#[must_use]
pub fn apply(docs: &mut PairingDocs, step: &PairingStep, now: Timestamp) -> PairingOutcome {
    let before = docs.device.clone();
    settle(docs, now);
    let outcome = match step {
        PairingStep::Begin { method } => begin(docs, method, now),
        PairingStep::Offered { fence, method, offer } => offered(docs, *fence, method, offer, now),
        PairingStep::Failed { fence, failure } => failed(docs, *fence, *failure, now),
        PairingStep::Event(event) => {
            heard(&mut docs.device, now);
            on_event(docs, *event, now);
            PairingOutcome::Done
        }
        PairingStep::Heard { at } => {
            heard(&mut docs.device, *at);
            PairingOutcome::Done
        }
        PairingStep::Sent => {
            sent(&mut docs.device, now);
            PairingOutcome::Done
        }
        PairingStep::Look => look(&mut docs.device, now),
        PairingStep::Seen(info) => {
            seen(docs, info, now);
            schedule::after_look(&mut docs.device, now);
            PairingOutcome::Done
        }
        PairingStep::NotSeen => {
            schedule::after_look(&mut docs.device, now);
            PairingOutcome::Done
        }
        PairingStep::Cancel => {
            if docs.device.state == PairingState::CodeShown || docs.device.asking.is_some() {
                end_try(docs, PairingReason::Cancelled, now);
            }
            PairingOutcome::Done
        }
        PairingStep::Disconnected => {
            let device = &mut docs.device;
            (device.device_id, device.phone) = (None, None);
            end(device, PairingState::Unpaired, Some(PairingReason::DisconnectedHere), now);
            PairingOutcome::Done
        }
    };
    if is_news(&before, &docs.device) {
        docs.device.version = before.version.saturating_add(1);
    }
    outcome
}

/// Whether somebody who watches would see a difference. When something was last heard is no news by itself.
fn is_news(before: &PairingRecord, after: &PairingRecord) -> bool {
    let plain = |record: &PairingRecord| PairingRecord {
        last_event_at: None,
        awaited_since: None,
        next_look_at: None,
        looks: 0,
        ..record.clone()
    };
    plain(before) != plain(after)
}

/// What time alone brings about.
pub(super) fn settle(docs: &mut PairingDocs, now: Timestamp) {
    let device = &mut docs.device;
    if let Some(lost) = device.asking.take_if(|asking| asking.until <= now)
        && !lost.replaces
    {
        // Nobody knows whether the provider was asked, so the try counts.
        end_try(docs, PairingReason::ProviderUnavailable, lost.until);
        return;
    }
    let device = &mut docs.device;
    if let Some(code) = device.code.as_ref().filter(|_| device.state == PairingState::CodeShown) {
        let replaceable = code.content.is_qr() && device.codes_shown < CODES_PER_TRY;
        let end = if replaceable { code.expires_at + REPLACE_GRACE } else { code.expires_at };
        if end <= now {
            let used_up = code.content.is_qr() && device.codes_shown >= CODES_PER_TRY;
            let reason = if used_up { PairingReason::CodesUsedUp } else { PairingReason::CodeExpired };
            end_try(docs, reason, end);
            return;
        }
    }
    let waits = device.state == PairingState::Paired && device.reason.is_none();
    if waits && device.since.is_some_and(|since| since + CONNECT_TIME <= now) {
        device.reason = Some(PairingReason::NeverConnected);
    }
}

fn begin(docs: &mut PairingDocs, method: &PairingMethod, now: Timestamp) -> PairingOutcome {
    let device = &docs.device;
    let is_shown = device.state == PairingState::CodeShown
        && device.code.as_ref().is_some_and(|code| code.expires_at > now);
    let is_linked = device.state == PairingState::Connected
        || (device.state == PairingState::Paired && device.reason.is_none());
    if is_shown || is_linked {
        return PairingOutcome::Done;
    }
    if let Some(asking) = &device.asking {
        return PairingOutcome::Wait { until: asking.until };
    }
    if device.state == PairingState::CodeShown {
        // Between two QR codes of one try: the next one comes, or the try ends.
        let until = device.code.as_ref().map_or(now, |code| code.expires_at + REPLACE_GRACE);
        return PairingOutcome::Wait { until };
    }
    if let Some((reason, until)) = docs.refusal(now) {
        return PairingOutcome::Refused { reason, until };
    }
    docs.each_tries(|tries| tries.begin(now));
    let device = &mut docs.device;
    if let PairingMethod::Code(phone) = method {
        device.tried_phone = Some(phone.clone());
    }
    device.codes_shown = 0;
    device.reason = None;
    PairingOutcome::Ask { fence: ask(device, false, now) }
}

/// Gives away the right to ask the provider.
fn ask(device: &mut PairingRecord, replaces: bool, now: Timestamp) -> u64 {
    device.fence = device.fence.saturating_add(1);
    device.asking = Some(Asking { fence: device.fence, until: now + ASK_LEASE, replaces });
    device.fence
}

/// Takes the right to ask back; `false` if it is somebody else's by now.
fn answered(device: &mut PairingRecord, fence: u64) -> bool {
    let mine = device.asking.as_ref().is_some_and(|asking| asking.fence == fence);
    if mine {
        device.asking = None;
    }
    mine
}

fn offered(
    docs: &mut PairingDocs,
    fence: u64,
    method: &PairingMethod,
    offer: &PairingOffer,
    now: Timestamp,
) -> PairingOutcome {
    if !answered(&mut docs.device, fence) {
        return PairingOutcome::Stale;
    }
    let (content, valid_for) = match offer {
        PairingOffer::Qr { qr, valid_for } => (CodeContent::of_qr(qr), *valid_for),
        PairingOffer::Code { code, valid_for } => (CodeContent::of_code(code), *valid_for),
        PairingOffer::AlreadyConnected => {
            connect(docs, now);
            return PairingOutcome::Done;
        }
        PairingOffer::PasskeyRequired => {
            end(&mut docs.device, PairingState::Unpaired, Some(PairingReason::PasskeyRequired), now);
            return PairingOutcome::Done;
        }
    };
    let Some(content) = content else {
        end_try(docs, PairingReason::ProviderRefused, now);
        return PairingOutcome::Done;
    };
    let device = &mut docs.device;
    let life = valid_for.unwrap_or_else(|| usual_life(method, device.codes_shown));
    let expires_at = now + life.clamp(CODE_LIFE.0, CODE_LIFE.1);
    device.code = Some(ShownCode { content, expires_at });
    device.codes_shown = device.codes_shown.saturating_add(1);
    enter(device, PairingState::CodeShown, None, now);
    schedule::soon(device, now);
    PairingOutcome::Done
}

fn failed(docs: &mut PairingDocs, fence: u64, failure: PairingFailure, now: Timestamp) -> PairingOutcome {
    if !answered(&mut docs.device, fence) {
        return PairingOutcome::Stale;
    }
    match failure.reason {
        PairingReason::Banned => ban(docs, None, now),
        PairingReason::Throttled => {
            end_try(docs, PairingReason::Throttled, now);
            let [.., day, _] = COOL_DOWNS;
            let until = now + failure.wait.unwrap_or(day).max(day);
            docs.each_tries(|tries| tries.block(PairingReason::Throttled, until));
        }
        // The code that is shown can still be used; if nothing replaces it, it ends by itself.
        _ if docs.device.state == PairingState::CodeShown => {}
        reason if failure.counts => end_try(docs, reason, now),
        reason => {
            docs.each_tries(|tries| tries.give_back(now));
            docs.device.reason = Some(reason);
        }
    }
    PairingOutcome::Done
}

fn on_event(docs: &mut PairingDocs, event: DeviceEvent, now: Timestamp) {
    use PairingState as S;
    let state = docs.device.state;
    match (event, state) {
        // News of the link that comes after that of the connection is old.
        (DeviceEvent::Paired, S::Connected | S::Paired) => {}
        (DeviceEvent::Paired, _) => link(&mut docs.device, now),
        (DeviceEvent::Connected, _) => connect(docs, now),
        // Many gateways disconnect and connect again while they pair: only who was connected can lose a connection.
        (DeviceEvent::Disconnected, S::Connected) => lose(&mut docs.device, now),
        // While a code is shown this is news of an older link, which some gateways drop first.
        (DeviceEvent::LoggedOut, S::Connected | S::Paired | S::Disconnected) => remove(docs, now),
        (DeviceEvent::Banned { until }, _) => ban(docs, until, now),
        (DeviceEvent::QrChanged, S::CodeShown) => {
            let device = &mut docs.device;
            if let Some(code) = device.code.as_mut().filter(|code| code.content.is_qr()) {
                code.expires_at = code.expires_at.min(now);
                device.next_look_at = Some(now);
            }
        }
        (DeviceEvent::PairingRefused, S::CodeShown | S::Paired) => {
            let reason = why_given_up(&docs.device, now);
            end_try(docs, reason, now);
        }
        (DeviceEvent::PairingRefused, S::Unpaired)
            if docs.device.reason == Some(PairingReason::PasskeyRequired) =>
        {
            end_try(docs, PairingReason::ScanRefused, now);
        }
        (DeviceEvent::PasskeyRequired, S::CodeShown | S::Paired) => {
            end(&mut docs.device, S::Unpaired, Some(PairingReason::PasskeyRequired), now);
        }
        _ => {}
    }
}

/// Why the provider gave a pairing up. One whose last code had ended was refused by nobody.
fn why_given_up(device: &PairingRecord, now: Timestamp) -> PairingReason {
    match &device.code {
        Some(code) if code.expires_at <= now + schedule::REPLACE_BEFORE && code.content.is_qr() => {
            PairingReason::CodesUsedUp
        }
        Some(code) if code.expires_at <= now + schedule::REPLACE_BEFORE => PairingReason::CodeExpired,
        _ => PairingReason::ScanRefused,
    }
}

fn seen(docs: &mut PairingDocs, info: &DeviceInfo, now: Timestamp) {
    use PairingState as S;
    let device = &mut docs.device;
    let learn = |known: &mut Option<String>, new: &Option<String>| {
        if let Some(new) = new {
            *known = Some(crate::inbound::cut(new.clone(), 256));
        }
    };
    learn(&mut device.gateway, &info.version);
    if info.connected || info.paired == Some(true) {
        learn(&mut device.device_id, &info.device_id);
        if let Some(phone) = &info.phone {
            (device.phone, device.tried_phone) = (Some(phone.clone()), Some(phone.clone()));
        }
    }
    match (info.connected, info.paired, device.state) {
        (true, ..) => connect(docs, now),
        (false, Some(true), S::CodeShown) => link(device, now),
        (false, Some(true), S::Unpaired | S::LoggedOut) if device.asking.is_none() => lose(device, now),
        (false, Some(true) | None, S::Connected) => lose(device, now),
        (false, Some(false), S::Connected | S::Disconnected) => remove(docs, now),
        // A link that the provider does not know of a while later was not made.
        (false, Some(false), S::Paired) if device.reason == Some(PairingReason::NeverConnected) => {
            end_try(docs, PairingReason::ScanRefused, now);
        }
        _ => {}
    }
    // What was asked before this try began tells of the one before it.
    let is_of_this_try = docs.device.since.is_none_or(|since| since + LOOK_TIME <= now);
    if let Some(event) = info.pairing.filter(|_| is_of_this_try && !info.connected) {
        on_event(docs, event, now);
    }
}

fn look(device: &mut PairingRecord, now: Timestamp) -> PairingOutcome {
    if device.next_look_at.is_some_and(|at| at > now) {
        return PairingOutcome::Done;
    }
    schedule::begin_look(device, now);
    let ends = device.code.as_ref().filter(|code| code.content.is_qr()).map(|code| code.expires_at);
    let is_due = ends.is_some_and(|ends| ends <= now + schedule::REPLACE_BEFORE);
    let may = device.asking.is_none() && device.codes_shown < CODES_PER_TRY;
    let replace = (is_due && may).then(|| ask(device, true, now));
    PairingOutcome::Look { replace, reconnect: device.state == PairingState::Disconnected }
}

fn heard(device: &mut PairingRecord, at: Timestamp) {
    device.last_event_at = device.last_event_at.max(Some(at));
    // What was heard before a message went out is no sign of what became of it.
    device.awaited_since = device.awaited_since.filter(|since| *since > at);
}

fn sent(device: &mut PairingRecord, now: Timestamp) {
    // Where nothing was ever heard nothing can be missed: the provider may have no webhook.
    let can_miss = device.state == PairingState::Connected && device.last_event_at.is_some();
    if can_miss && device.awaited_since.is_none() {
        device.awaited_since = Some(now);
    }
}

fn link(device: &mut PairingRecord, now: Timestamp) {
    end(device, PairingState::Paired, None, now);
}

/// The only success: what was before does not matter any more.
fn connect(docs: &mut PairingDocs, now: Timestamp) {
    docs.each_tries(super::Tries::clear);
    // One that says so again may be deaf all the same.
    if docs.device.state == PairingState::Connected {
        return;
    }
    end(&mut docs.device, PairingState::Connected, None, now);
}

fn lose(device: &mut PairingRecord, now: Timestamp) {
    end(device, PairingState::Disconnected, Some(PairingReason::ConnectionLost), now);
}

fn remove(docs: &mut PairingDocs, now: Timestamp) {
    if docs.device.state == PairingState::Paired {
        docs.each_tries(|tries| tries.fail(now));
    }
    let device = &mut docs.device;
    (device.device_id, device.phone) = (None, None);
    end(device, PairingState::LoggedOut, Some(PairingReason::RemovedByPhone), now);
}

fn ban(docs: &mut PairingDocs, until: Option<Timestamp>, now: Timestamp) {
    let until = until.filter(|until| *until > now);
    let reason = if until.is_some() { PairingReason::TemporarilyBanned } else { PairingReason::Banned };
    let [.., day, _] = COOL_DOWNS;
    docs.each_tries(|tries| tries.block(reason, until.unwrap_or(now + day)));
    end(&mut docs.device, PairingState::Banned, Some(reason), now);
    docs.device.banned_until = until;
}

/// The try ends without a connection.
fn end_try(docs: &mut PairingDocs, reason: PairingReason, now: Timestamp) {
    docs.each_tries(|tries| tries.fail(now));
    end(&mut docs.device, PairingState::Unpaired, Some(reason), now);
}

/// No code is shown any more and nobody's answer is awaited; then the state is entered.
fn end(device: &mut PairingRecord, state: PairingState, reason: Option<PairingReason>, now: Timestamp) {
    (device.code, device.asking, device.codes_shown, device.awaited_since) = (None, None, 0, None);
    enter(device, state, reason, now);
}

fn enter(device: &mut PairingRecord, state: PairingState, reason: Option<PairingReason>, now: Timestamp) {
    if device.state != state {
        (device.state, device.since, device.looks, device.banned_until) = (state, Some(now), 0, None);
        schedule::soon(device, now);
    }
    device.reason = reason;
}

#[cfg(test)]
mod tests;
