//! The stable codes of problems: the contract with programs. Texts may change, these do not.

use axum::http::StatusCode;

/// Names what went wrong, for programs. The first of each pair below is the word in the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProblemCode {
    /// `invalid_request`, 400: the request is not what the route takes. Also with 401 (the signature of a
    /// webhook), 405 (method), 408 (the body came too slowly), 409 (a webhook that cannot be replayed), 413 (size) and
    /// 415 (content type).
    InvalidRequest,
    /// `invalid_phone`, 422: the text is not a phone number, or not one of a mobile phone.
    InvalidPhone,
    /// `unsupported_country`, 422: no codes are sent to this country.
    UnsupportedCountry,
    /// `number_not_on_whatsapp`, 422: the provider says that the number cannot be reached on WhatsApp.
    NumberNotOnWhatsApp,
    /// `wrong_code`, 422: not the code; `attempts_left` says how many tries remain.
    WrongCode,
    /// `no_active_code`, 410: unknown, expired, used or cancelled.
    NoActiveCode,
    /// `too_many_attempts`, 429: too many wrong codes.
    TooManyAttempts,
    /// `resend_too_soon`, 429: the last code was sent a short time ago.
    ResendTooSoon,
    /// `rate_limited`, 429: too many codes were asked for, too many requests wait for news, or too many messages wait to
    /// be sent in a chat.
    RateLimited,
    /// `challenge_required`, 403: a challenge, such as a CAPTCHA, has to be passed; ask again with its response.
    ChallengeRequired,
    /// `challenge_unavailable`, 503: whether the challenge was passed could not be found out.
    ChallengeUnavailable,
    /// `idempotency_mismatch`, 422: the `Idempotency-Key` was used with another body.
    IdempotencyMismatch,
    /// `unauthorized`, 401: there is no valid API key with the request.
    Unauthorized,
    /// `forbidden`, 403: the API key may not do this.
    Forbidden,
    /// `phone_not_verified`, 403: there is no valid proof of the phone number.
    PhoneNotVerified,
    /// `already_registered`, 409: the proven number has a registration.
    AlreadyRegistered,
    /// `account_exists`, 409: the tenant has an account of this name, or the account comes from the settings of the
    /// program and is not changed here.
    AccountExists,
    /// `pairing_refused`, 409, or 429 with `Retry-After` if it is known when to try again: no code can be shown for
    /// pairing the device; `message` says why and what to do.
    PairingRefused,
    /// `pairing_unsupported`, 422: the account's provider has no device that is paired here.
    PairingUnsupported,
    /// `changed`, 412, or 428 if the request does not say with `If-Match` what was read: it was changed since, or is not
    /// there any more. Nothing is stored; read it again.
    Changed,
    /// `invalid_sheet`, 422: lines of a CSV file are wrong; `lines` says which and how to mend them. Nothing is stored.
    InvalidSheet,
    /// `no_address`, 409: no address of this customer is known any more, so nothing can be sent.
    NoAddress,
    /// `other_lead_open`, 409: another lead of the same customer is open.
    OtherLeadOpen,
    /// `not_found`, 404: there is nothing here.
    NotFound,
    /// `messaging_disabled`, 503: messaging is switched off.
    MessagingDisabled,
    /// `provider_unavailable`, 503: the provider is down, or asks for fewer messages.
    ProviderUnavailable,
    /// `store_unavailable`, 503: the database does not answer in time.
    StoreUnavailable,
    /// `provider_rejected`, 502: the provider refuses to send.
    ProviderRejected,
    /// `internal`, 500: a fault of this program.
    Internal,
}

impl ProblemCode {
    /// Every code.
    pub const ALL: [Self; 29] = [
        Self::InvalidRequest,
        Self::InvalidPhone,
        Self::UnsupportedCountry,
        Self::NumberNotOnWhatsApp,
        Self::WrongCode,
        Self::NoActiveCode,
        Self::TooManyAttempts,
        Self::ResendTooSoon,
        Self::RateLimited,
        Self::ChallengeRequired,
        Self::ChallengeUnavailable,
        Self::IdempotencyMismatch,
        Self::Unauthorized,
        Self::Forbidden,
        Self::PhoneNotVerified,
        Self::AlreadyRegistered,
        Self::AccountExists,
        Self::PairingRefused,
        Self::PairingUnsupported,
        Self::Changed,
        Self::InvalidSheet,
        Self::NoAddress,
        Self::OtherLeadOpen,
        Self::NotFound,
        Self::MessagingDisabled,
        Self::ProviderUnavailable,
        Self::StoreUnavailable,
        Self::ProviderRejected,
        Self::Internal,
    ];

    /// The word, the HTTP status and the title.
    const fn row(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => ("invalid_request", StatusCode::BAD_REQUEST, "Invalid request"),
            Self::InvalidPhone => ("invalid_phone", StatusCode::UNPROCESSABLE_ENTITY, "Invalid phone number"),
            Self::UnsupportedCountry => {
                ("unsupported_country", StatusCode::UNPROCESSABLE_ENTITY, "Unsupported country")
            }
            Self::NumberNotOnWhatsApp => {
                ("number_not_on_whatsapp", StatusCode::UNPROCESSABLE_ENTITY, "Number not on WhatsApp")
            }
            Self::WrongCode => ("wrong_code", StatusCode::UNPROCESSABLE_ENTITY, "Wrong code"),
            Self::NoActiveCode => ("no_active_code", StatusCode::GONE, "No active code"),
            Self::TooManyAttempts => {
                ("too_many_attempts", StatusCode::TOO_MANY_REQUESTS, "Too many attempts")
            }
            Self::ResendTooSoon => ("resend_too_soon", StatusCode::TOO_MANY_REQUESTS, "Resend too soon"),
            Self::RateLimited => ("rate_limited", StatusCode::TOO_MANY_REQUESTS, "Rate limited"),
            Self::ChallengeRequired => ("challenge_required", StatusCode::FORBIDDEN, "Challenge required"),
            Self::ChallengeUnavailable => {
                ("challenge_unavailable", StatusCode::SERVICE_UNAVAILABLE, "Challenge unavailable")
            }
            Self::IdempotencyMismatch => {
                ("idempotency_mismatch", StatusCode::UNPROCESSABLE_ENTITY, "Idempotency mismatch")
            }
            Self::Unauthorized => ("unauthorized", StatusCode::UNAUTHORIZED, "Unauthorized"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Forbidden"),
            Self::PhoneNotVerified => ("phone_not_verified", StatusCode::FORBIDDEN, "Phone not verified"),
            Self::AlreadyRegistered => ("already_registered", StatusCode::CONFLICT, "Already registered"),
            Self::AccountExists => ("account_exists", StatusCode::CONFLICT, "Account exists"),
            Self::PairingRefused => ("pairing_refused", StatusCode::CONFLICT, "Pairing refused"),
            Self::PairingUnsupported => {
                ("pairing_unsupported", StatusCode::UNPROCESSABLE_ENTITY, "Pairing unsupported")
            }
            Self::Changed => ("changed", StatusCode::PRECONDITION_FAILED, "Changed"),
            Self::InvalidSheet => ("invalid_sheet", StatusCode::UNPROCESSABLE_ENTITY, "Invalid sheet"),
            Self::NoAddress => ("no_address", StatusCode::CONFLICT, "No address"),
            Self::OtherLeadOpen => ("other_lead_open", StatusCode::CONFLICT, "Other lead open"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "Not found"),
            Self::MessagingDisabled => {
                ("messaging_disabled", StatusCode::SERVICE_UNAVAILABLE, "Messaging disabled")
            }
            Self::ProviderUnavailable => {
                ("provider_unavailable", StatusCode::SERVICE_UNAVAILABLE, "Provider unavailable")
            }
            Self::StoreUnavailable => {
                ("store_unavailable", StatusCode::SERVICE_UNAVAILABLE, "Store unavailable")
            }
            Self::ProviderRejected => ("provider_rejected", StatusCode::BAD_GATEWAY, "Provider rejected"),
            Self::Internal => ("internal", StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
        }
    }

    /// The word in the answer: `"wrong_code"`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.row().0
    }

    /// The HTTP status that goes with it unless a problem says otherwise.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        self.row().1
    }

    /// A short English title; the same for every problem of this code.
    #[must_use]
    pub const fn title(self) -> &'static str {
        self.row().2
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn codes_are_distinct_words_with_an_error_status() {
        let words: HashSet<_> = ProblemCode::ALL.iter().map(|code| code.as_str()).collect();
        assert_eq!(words.len(), ProblemCode::ALL.len());
        for code in ProblemCode::ALL {
            assert!(code.as_str().bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'));
            assert!(code.status().is_client_error() || code.status().is_server_error());
        }
    }
}
