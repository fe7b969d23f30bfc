//! Twilio's error codes, and what they mean here.
//!
//! Source: <https://www.twilio.com/docs/api/errors>, read in November 2026.

use std::time::Duration;

use http::StatusCode;

use super::NAME;
use crate::adapters::{caller, json};
use crate::transport::HttpResponse;
use crate::{RetryAdvice, SendError, SendErrorKind};

/// When the same message may be sent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Again {
    /// Never by itself.
    Never,
    /// As soon as the answer says, or by the caller's own back-off.
    Later,
    /// Not before so many seconds have passed.
    After(u64),
}

/// Marketing messages to one person are counted over a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Every code that Twilio is known to answer, or to report of a message later.
const CODES: &[(i64, SendErrorKind, Again)] = {
    use Again::{After, Later, Never};
    use SendErrorKind::{
        DeviceOffline, InvalidRecipient, MediaRejected, OptedOut, OutsideWindow, RateLimited, Rejected,
        TemplateRejected, Unauthenticated, Unavailable,
    };
    &[
        (20_003, Unauthenticated, Never),
        (20_404, Rejected, Never),
        (20_429, RateLimited, Later),
        (21_211, InvalidRecipient, Never),
        (21_610, OptedOut, Never),
        // The sender is not a WhatsApp number of this account, or not yet one.
        (21_612, DeviceOffline, Never),
        (21_655, TemplateRejected, Never),
        (21_656, TemplateRejected, Never),
        (63_001, Unauthenticated, Never),
        (63_003, InvalidRecipient, Never),
        (63_005, Rejected, Never),
        (63_007, DeviceOffline, Never),
        (63_010, Unavailable, Later),
        (63_012, Unavailable, Later),
        (63_013, Rejected, Never),
        // The recipient has not joined the sandbox that Twilio gives for trying out.
        (63_015, Rejected, Never),
        (63_016, OutsideWindow, Never),
        (63_018, RateLimited, Later),
        (63_019, MediaRejected, Never),
        (63_020, DeviceOffline, Never),
        (63_021, Rejected, Never),
        (63_022, DeviceOffline, Never),
        (63_024, InvalidRecipient, Never),
        (63_025, MediaRejected, Never),
        (63_027, TemplateRejected, Never),
        (63_028, TemplateRejected, Never),
        (63_029, TemplateRejected, Never),
        (63_030, TemplateRejected, Never),
        (63_032, Rejected, Never),
        (63_049, RateLimited, After(DAY_SECONDS)),
    ]
};

fn meaning(code: i64) -> Option<(SendErrorKind, Again)> {
    CODES.iter().find(|(known, ..)| *known == code).map(|(_, kind, again)| (*kind, *again))
}

/// Why a message failed, by a code that a webhook reports. `None` for a code that is not known.
pub(super) fn kind(code: i64) -> Option<SendErrorKind> {
    meaning(code).map(|(kind, _)| kind)
}

/// The one place where an answer that is no success becomes an error.
///
/// `code` of a refusal, `error_code` of a message that failed at once. No text of the answer goes into the error, only the
/// number: `message` quotes the recipient.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let request_id =
        response.headers.get("twilio-request-id").and_then(|id| json::loggable_id(id.to_str().ok()?));
    let body = json::parse(&response.body);
    let number = |key| json::number(body.as_ref()?, &[key]);
    let Some(code) = number("code").or_else(|| number("error_code")) else {
        return caller::by_status(NAME, response).with_request_id(request_id);
    };
    let (kind, again) = match meaning(code) {
        Some(known) => known,
        None if response.status == StatusCode::TOO_MANY_REQUESTS => {
            (SendErrorKind::RateLimited, Again::Later)
        }
        None => (SendErrorKind::Unexpected, Again::Never),
    };
    let advice = match again {
        Again::Never => RetryAdvice::Never,
        Again::Later => RetryAdvice::After(caller::retry_after(response)),
        Again::After(seconds) => RetryAdvice::After(Some(Duration::from_secs(seconds))),
    };
    SendError::new(NAME, kind, advice).with_provider_code(code.to_string()).with_request_id(request_id)
}

#[cfg(test)]
mod tests;
