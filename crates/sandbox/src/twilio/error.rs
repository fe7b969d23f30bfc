//! Twilio's errors.
//!
//! Source: <https://www.twilio.com/docs/usage/twilios-response> and <https://www.twilio.com/docs/api/errors>, 2026-11.

use serde_json::json;

use crate::provider::Reply;

/// A refusal before it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refusal {
    status: u16,
    code: i64,
    message: String,
}

/// Codes whose status is not 400, or whose words the fake needs.
const CODES: &[(i64, u16, &str)] = &[
    (20_003, 401, "Authenticate"),
    (20_404, 404, "The requested resource was not found"),
    (20_429, 429, "Too Many Requests"),
    (21_211, 400, "Invalid 'To' Phone Number"),
    (21_655, 400, "The ContentSid is invalid"),
    (21_656, 400, "The ContentVariables parameter is invalid"),
    (63_007, 400, "Twilio could not find a Channel with the specified From address"),
    (63_013, 400, "This message send failed because it violates the channel's policy"),
];

impl Refusal {
    /// A refusal with the code's own words.
    pub(super) fn of(code: i64) -> Self {
        let known = CODES.iter().find(|(known, ..)| *known == code);
        let (status, message) =
            known.map_or((400, "Unknown error"), |(_, status, message)| (*status, *message));
        Self { status, code, message: message.to_owned() }
    }

    /// A refusal that says what is wrong with the request.
    pub(super) fn because(code: i64, what: &str) -> Self {
        Self { message: what.to_owned(), ..Self::of(code) }
    }

    /// A planned one: a code, or words, which get a code that nobody knows.
    pub(super) fn planned(reason: &str) -> Self {
        reason.trim().parse().map_or_else(|_| Self::because(99_999, reason), Self::of)
    }

    pub(super) fn reply(&self) -> Reply {
        let body = json!({
            "code": self.code,
            "message": self.message,
            "more_info": format!("https://www.twilio.com/docs/errors/{}", self.code),
            "status": self.status,
        });
        Reply::json(self.status, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn planned_refusals_are_codes_with_their_status() {
        for (reason, status, code) in [("20429", 429, 20_429), ("63016", 400, 63_016), ("no", 400, 99_999)] {
            let refusal = Refusal::planned(reason);
            assert_eq!((refusal.status, refusal.code), (status, code), "{reason}");
        }
        assert_eq!(Refusal::of(21_211).reply().body().unwrap()["code"], 21_211);
    }
}
