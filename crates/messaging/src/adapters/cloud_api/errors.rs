//! The error codes of the Cloud API, and what they mean here.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>, read in November 2026.

use std::time::Duration;

use http::StatusCode;
use serde_json::Value;

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
    /// After at least so many seconds.
    After(u64),
}

/// One message in six seconds to the same person.
const PAIR_SECONDS: u64 = 6;
/// Limits of how many people are written to, and how often one of them, are counted over a day.
const DAY_SECONDS: u64 = 24 * 60 * 60;

/// Every code that the API is known to answer, or to report of a message later.
///
/// 131048 (too many recipients blocked or reported us) is not sent again by itself: each try makes it worse.
const CODES: &[(i64, SendErrorKind, Again)] = {
    use Again::{After, Later, Never};
    use SendErrorKind::{
        Banned, DeviceOffline, MediaRejected, NotOnWhatsApp, OptedOut, OutsideWindow, PairingThrottled,
        QuotaExhausted, RateLimited, Rejected, TemplateRejected, Unauthenticated, Unavailable, Unsupported,
    };
    &[
        (0, Unauthenticated, Never),
        (1, Unavailable, Later),
        (2, Unavailable, Later),
        (3, Unauthenticated, Never),
        (4, RateLimited, Later),
        (10, Unauthenticated, Never),
        (33, Rejected, Never),
        (100, Rejected, Never),
        (190, Unauthenticated, Never),
        (368, Banned, Never),
        (80_007, RateLimited, Later),
        (130_429, RateLimited, Later),
        (130_472, Rejected, Never),
        (130_497, Banned, Never),
        (131_000, Unavailable, Later),
        (131_005, Unauthenticated, Never),
        (131_008, Rejected, Never),
        (131_009, Rejected, Never),
        (131_016, Unavailable, Later),
        (131_021, Rejected, Never),
        (131_026, NotOnWhatsApp, Never),
        (131_030, Rejected, Never),
        (131_031, Banned, Never),
        (131_037, Rejected, Never),
        (131_042, QuotaExhausted, Never),
        (131_044, QuotaExhausted, Never),
        (131_045, DeviceOffline, Never),
        (131_047, OutsideWindow, Never),
        (131_048, RateLimited, Never),
        (131_049, RateLimited, After(DAY_SECONDS)),
        (131_050, OptedOut, Never),
        (131_051, Unsupported, Never),
        (131_052, MediaRejected, Never),
        (131_053, MediaRejected, Never),
        (131_056, RateLimited, After(PAIR_SECONDS)),
        (131_057, Unavailable, Later),
        (131_062, Unsupported, Never),
        (131_063, Unsupported, Never),
        (131_064, RateLimited, After(DAY_SECONDS)),
        (132_000, TemplateRejected, Never),
        (132_001, TemplateRejected, Never),
        (132_005, TemplateRejected, Never),
        (132_007, TemplateRejected, Never),
        (132_008, TemplateRejected, Never),
        (132_012, TemplateRejected, Never),
        (132_015, TemplateRejected, Never),
        (132_016, TemplateRejected, Never),
        (132_068, TemplateRejected, Never),
        (132_069, TemplateRejected, Never),
        (133_010, DeviceOffline, Never),
        (133_016, PairingThrottled, Never),
        (135_000, Rejected, Never),
        (137_000, Rejected, Never),
    ]
};

fn meaning(code: i64) -> Option<(SendErrorKind, Again)> {
    // 200 to 299 are one family: a right that the token lacks.
    if (200..=299).contains(&code) {
        return Some((SendErrorKind::Unauthenticated, Again::Never));
    }
    CODES.iter().find(|(known, ..)| *known == code).map(|(_, kind, again)| (*kind, *again))
}

/// Why a message failed, by a code that a webhook reports. `None` for a code that is not known.
pub(super) fn kind(code: i64) -> Option<SendErrorKind> {
    meaning(code).map(|(kind, _)| kind)
}

/// The one place where an answer that is no success becomes an error.
///
/// The code in the body decides: the HTTP status of one and the same code differs between the documentation and the wire.
/// No text of the answer goes into the error, only numbers: messages quote numbers and parameters.
pub(super) fn send_error(response: &HttpResponse) -> SendError {
    let body = json::parse(&response.body);
    let error = body.as_ref().and_then(|body| json::at(body, &["error"]));
    let code = error.and_then(|error| json::number(error, &["code"]));
    let (Some(error), Some(code)) = (error, code) else {
        return caller::by_status(NAME, response);
    };
    let (kind, again) = match meaning(code) {
        Some(known) => known,
        // A status that says "slow down" means it, whatever the code is.
        None if response.status == StatusCode::TOO_MANY_REQUESTS => {
            (SendErrorKind::RateLimited, Again::Later)
        }
        None => (SendErrorKind::Unexpected, Again::Never),
    };
    let advice = match again {
        Again::Never => RetryAdvice::Never,
        Again::Later => RetryAdvice::After(wait(response)),
        Again::After(seconds) => {
            RetryAdvice::After(Some(wait(response).unwrap_or_default().max(Duration::from_secs(seconds))))
        }
    };
    let shown = match json::number(error, &["error_subcode"]) {
        Some(subcode) => format!("{code}/{subcode}"),
        None => code.to_string(),
    };
    SendError::new(NAME, kind, advice)
        .with_provider_code(shown)
        .with_request_id(json::text(error, &["fbtrace_id"]).and_then(json::loggable_id))
}

/// The longest wait that the headers of an answer ask for, at most one day.
fn wait(response: &HttpResponse) -> Option<Duration> {
    caller::retry_after(response).max(business_use_case_wait(response))
}

/// The minutes of `X-Business-Use-Case-Usage`: `{"<account>":[{"estimated_time_to_regain_access":15}]}`.
///
/// Source: <https://developers.facebook.com/docs/graph-api/overview/rate-limiting>, November 2026.
fn business_use_case_wait(response: &HttpResponse) -> Option<Duration> {
    let usage: Value =
        serde_json::from_slice(response.headers.get("x-business-use-case-usage")?.as_bytes()).ok()?;
    let accounts = usage.as_object()?.values();
    let minutes = accounts
        .flat_map(|account| json::items(account, &[]))
        .filter_map(|usage| json::number(usage, &["estimated_time_to_regain_access"]))
        .max()?;
    let minutes = u64::try_from(minutes).ok().filter(|minutes| *minutes > 0)?;
    Some(Duration::from_secs(minutes.saturating_mul(60)).min(caller::MAX_WAIT))
}

#[cfg(test)]
mod tests;
