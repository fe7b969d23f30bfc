//! Whether a burst is answered now: cheap questions before dear ones.

use std::time::Duration;

use wartel_core::Timestamp;
use wartel_messaging::Capabilities;

use super::turn::has_window;
use crate::conversation::Chat;
use crate::tenant::{OpenStatus, Tenant};

/// For how long after the customer's last message free text may be sent by the official APIs.
const WINDOW: Duration = Duration::from_secs(24 * 60 * 60);
/// What has waited longer than this, because the account was not connected, is not answered any more.
const TOO_OLD: Duration = Duration::from_secs(6 * 60 * 60);
/// How soon an account that is not connected is looked at again.
const CONNECT_AGAIN: Duration = Duration::from_secs(30);
/// How soon it is looked at again whether a person has taken over.
const UNCLEAR_AGAIN: Duration = Duration::from_secs(1);
/// How long the assistant is silent in a chat whose other side seems to be a machine.
const LOOP_PAUSE: Duration = Duration::from_secs(60 * 60);
/// How many messages in a row at once, and in the same words, make a machine.
const INSTANT: u32 = 5;
const REPEATED: u32 = 6;
const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);
/// How often the template about trouble goes out at the most.
pub(super) const FALLBACK_EVERY: Duration = Duration::from_secs(30 * 60);
/// How often "we are closed" goes out at the most.
pub(super) const CLOSED_EVERY: Duration = Duration::from_secs(6 * 60 * 60);

/// What to do with a burst.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    /// Answer it.
    Go,
    /// Look again at this instant.
    Wait(Timestamp),
    /// Nobody answers it automatically.
    Drop,
    /// It is too late for an automatic answer: a person has to know.
    TooLate,
    /// Say that the shop is closed.
    Closed,
    /// The customer got more answers than one person needs.
    TooMany,
    /// The other side seems to be a machine.
    Loop { until: Timestamp },
}

/// Whether the other side seems to be a machine: it writes at once, or the same words, so often; or more than any person.
fn is_machine(chat: &Chat, per_minute: usize, now: Timestamp) -> bool {
    let answers = chat.answers_within(MINUTE, now);
    let at_once = chat.instant >= INSTANT && answers >= per_minute;
    let the_same = chat.repeated.0 >= REPEATED && chat.answers_within(HOUR, now) >= REPEATED as usize;
    at_once || the_same || answers >= per_minute.saturating_mul(2)
}

pub(super) fn check(
    chat: &Chat,
    tenant: &Tenant,
    capabilities: Option<&Capabilities>,
    now: Timestamp,
) -> Gate {
    if !tenant.bot.enabled || chat.opted_out.is_some() || chat.is_silenced(now) || chat.recipient().is_none()
    {
        return Gate::Drop;
    }
    if chat.is_unclear() {
        return Gate::Wait(now + UNCLEAR_AGAIN);
    }
    let waited = chat.burst.last().map_or(Duration::ZERO, |item| now.since(item.at));
    let Some(capabilities) = capabilities.filter(|it| it.enabled && it.text) else {
        return if waited < TOO_OLD { Gate::Wait(now + CONNECT_AGAIN) } else { Gate::TooLate };
    };
    let window_closed = chat.last_inbound_at.is_none_or(|at| now.since(at) >= WINDOW);
    if waited >= TOO_OLD || (has_window(capabilities) && window_closed) {
        return Gate::TooLate;
    }
    if is_machine(chat, tenant.bot.answers_per_minute as usize, now) {
        return Gate::Loop { until: now + LOOP_PAUSE };
    }
    if !tenant.bot.answers_when_closed && matches!(tenant.hours.status(now), OpenStatus::Closed { .. }) {
        return Gate::Closed;
    }
    if chat.answers_within(HOUR, now) >= tenant.bot.answers_per_customer_hour as usize {
        return Gate::TooMany;
    }
    Gate::Go
}
