//! The errors of the Graph API.

use serde_json::{Value, json};

use crate::provider::Reply;

/// A refusal before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: i64,
    subcode: Option<i64>,
    message: String,
    details: Option<&'static str>,
}

/// Statuses and titles of the codes that are planned as faults or that the fake answers itself. Others are 400.
/// Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/support/error-codes>, 2026-11.
const CODES: &[(i64, u16, &str)] = &[
    (0, 401, "AuthException"),
    (2, 503, "Service temporarily unavailable"),
    (3, 500, "Capability or permissions issue"),
    (4, 429, "Application request limit reached"),
    (10, 403, "Application does not have permission for this action"),
    (100, 400, "Invalid parameter"),
    (190, 401, "Error validating access token"),
    (368, 403, "Temporarily blocked for policies violations"),
    (80_007, 400, "Rate limit issues"),
    (130_429, 429, "Rate limit hit"),
    (131_000, 500, "Something went wrong"),
    (131_005, 403, "Access denied"),
    (131_008, 400, "Required parameter is missing"),
    (131_009, 400, "Parameter value is not valid"),
    (131_016, 500, "Service unavailable"),
    (131_021, 400, "Recipient cannot be sender"),
    (131_026, 400, "Message undeliverable"),
    (131_031, 403, "Business account has been locked"),
    (131_042, 400, "Business eligibility payment issue"),
    (131_047, 400, "Re-engagement message"),
    (131_049, 400, "This message was not delivered to maintain healthy ecosystem engagement"),
    (131_053, 400, "Media upload error"),
    (131_056, 400, "(Business Account, Consumer Account) pair rate limit hit"),
    (131_057, 500, "Account in maintenance mode"),
    (132_000, 400, "Number of parameters does not match the expected number of params"),
    (132_001, 404, "Template name does not exist in the translation"),
    (133_010, 400, "Phone number not registered"),
];

/// The title of a code.
pub(super) fn title(code: i64) -> &'static str {
    CODES.iter().find(|(known, ..)| *known == code).map_or("Unknown error", |(.., title)| title)
}

impl Refusal {
    /// A refusal with the code's own title.
    pub(super) fn of(code: i64) -> Self {
        Self::because(code, title(code))
    }

    /// A refusal that says what is wrong with the request.
    pub(super) fn because(code: i64, what: &str) -> Self {
        let status = CODES.iter().find(|(known, ..)| *known == code).map_or(400, |(_, status, _)| *status);
        Self { status, code, subcode: None, message: format!("(#{code}) {what}"), details: None }
    }

    pub(super) fn no_token() -> Self {
        let message = "An access token is required to request this resource.".to_owned();
        Self { message, ..Self::of(190) }
    }

    pub(super) fn bad_token() -> Self {
        Self { message: "Invalid OAuth access token - Cannot parse access token".to_owned(), ..Self::of(190) }
    }

    /// An unknown object is 400 and not 404.
    pub(super) fn no_object(id: &str) -> Self {
        let message = format!(
            "Unsupported request. Object with ID '{id}' does not exist, cannot be loaded due to missing permissions, \
             or does not support this operation"
        );
        Self { message, subcode: Some(33), ..Self::of(100) }
    }

    pub(super) fn no_path() -> Self {
        Self { message: "Unknown path components".to_owned(), ..Self::of(2_500) }
    }

    /// A planned one: `131056`, `190/463`, or words, which become a code that nobody knows.
    pub(super) fn planned(reason: &str) -> Self {
        let (code, subcode) = reason.split_once('/').map_or((reason, None), |(code, sub)| (code, Some(sub)));
        match code.trim().parse() {
            Ok(code) => Self { subcode: subcode.and_then(|sub| sub.trim().parse().ok()), ..Self::of(code) },
            Err(_) => Self::because(999_999, reason),
        }
    }

    /// With what stands in `error_data.details`.
    pub(super) fn with_details(mut self, details: &'static str) -> Self {
        self.details = Some(details);
        self
    }

    fn body(&self) -> Value {
        let kind = if self.subcode == Some(33) { "GraphMethodException" } else { "OAuthException" };
        let mut error = json!({
            "message": self.message, "type": kind, "code": self.code, "fbtrace_id": "AsAnDbOxTrAcE_1234567890",
        });
        if let Some(error) = error.as_object_mut() {
            if let Some(subcode) = self.subcode {
                error.insert("error_subcode".to_owned(), subcode.into());
            }
            if let Some(details) = self.details {
                let data = json!({ "messaging_product": "whatsapp", "details": details });
                error.insert("error_data".to_owned(), data);
            }
        }
        json!({ "error": error })
    }

    /// Throttled calls say when to come back: in seconds, or for the whole account in minutes.
    pub(super) fn reply(&self) -> Reply {
        let reply = Reply::json(self.status, self.body());
        let usage = format!(
            r#"{{"{}":[{{"type":"whatsapp","call_count":100,"total_cputime":100,"total_time":100,"estimated_time_to_regain_access":15}}]}}"#,
            super::ACCOUNT_ID
        );
        match self.code {
            130_429 => reply.with_header("retry-after", "5"),
            4 | 80_007 => reply.with_header("x-business-use-case-usage", &usage),
            _ => reply,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_refusals_are_codes_with_their_status() {
        for (reason, status, code, subcode) in [
            ("190/463", 401, 190, Some(463)),
            ("131056", 400, 131_056, None),
            ("132001", 404, 132_001, None),
            ("131999", 400, 131_999, None),
            ("out of luck", 400, 999_999, None),
        ] {
            let refusal = Refusal::planned(reason);
            assert_eq!((refusal.status, refusal.code, refusal.subcode), (status, code, subcode), "{reason}");
        }
        let body = Refusal::of(131_047).with_details("more than 24 hours").body();
        assert_eq!(body["error"]["message"], "(#131047) Re-engagement message");
        assert_eq!(body["error"]["error_data"]["details"], "more than 24 hours");
        assert_eq!(Refusal::no_object("1").body()["error"]["error_subcode"], 33);
    }
}
