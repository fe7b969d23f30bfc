//! What the routes share in talking to the engine: bounds in time, phone numbers, and its errors as problems.

use std::future::Future;
use std::time::Duration;

use tracing::Instrument as _;
use wartel_core::{Country, PhoneNumber, StoreError, Timestamp};
use wartel_messaging::{RetryAdvice, SendError, SendErrorKind};
use wartel_otp::{CheckError, OtpService, StartError};

use crate::codes::ProblemCode;
use crate::problem::Problem;
use crate::texts::Text;

/// How long a step may wait for the store. With the wait for the provider (2 s by default) a caller has an answer
/// within 5 s, whatever hangs.
pub(crate) const STORE_WAIT: Duration = Duration::from_millis(2_500);
/// When to ask a provider again that does not say so itself.
const PROVIDER_WAIT: Duration = Duration::from_secs(10);
/// When to look again whether messaging is switched on.
const DISABLED_WAIT: Duration = Duration::from_secs(60);

/// Carries a step out in a task of its own, so that a caller that leaves cancels nothing, and waits for it at most
/// `limit`.
pub(crate) async fn within<T: Send + 'static>(
    limit: Duration,
    step: impl Future<Output = T> + Send + 'static,
) -> Result<T, Problem> {
    match tokio::time::timeout(limit, tokio::spawn(step.in_current_span())).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(died)) => {
            tracing::error!(panicked = died.is_panic(), "a step of the engine broke off");
            Err(Problem::internal())
        }
        Err(_elapsed) => {
            tracing::warn!("the store does not answer in time");
            Err(Problem::store_unavailable())
        }
    }
}

/// Reads a phone number in the strict form.
pub(crate) fn read_phone(text: &str, country: Country) -> Result<PhoneNumber, Problem> {
    PhoneNumber::parse(text, country).map_err(|error| Problem::invalid_phone(&error))
}

/// The store failed.
pub(crate) fn store_problem(error: &StoreError) -> Problem {
    tracing::error!(error = %error, "the store failed");
    Problem::store_unavailable()
}

/// No code was sent.
pub(crate) fn start_problem(otp: &OtpService, error: &StartError) -> Problem {
    let wait = |until: Timestamp| until.since(otp.clock().now());
    match error {
        StartError::UnsupportedCountry => Problem::new(
            ProblemCode::UnsupportedCountry,
            "codes are not sent to the country of this number",
            Text::UnsupportedCountry,
        )
        .with_issue("phone", Text::UnsupportedCountry),
        StartError::NotMobile => Problem::new(
            ProblemCode::InvalidPhone,
            "the number is not one of a mobile phone",
            Text::NotMobile,
        )
        .with_issue("phone", Text::NotMobile),
        StartError::MessagingDisabled | StartError::Unsupported => {
            tracing::warn!(error = %error, "a code was asked for and cannot be sent");
            messaging_disabled()
        }
        StartError::ResendTooSoon { retry_at } => {
            limited(ProblemCode::ResendTooSoon, "a code was sent a short time ago", wait(*retry_at), |secs| {
                Text::ResendTooSoon { secs }
            })
        }
        StartError::RateLimited { retry_at } => {
            limited(ProblemCode::RateLimited, "too many codes were asked for", wait(*retry_at), |secs| {
                Text::RateLimited { secs }
            })
        }
        StartError::TooManyAttempts { retry_at } => too_many_attempts(wait(*retry_at)),
        StartError::NotSent(error) => send_problem(error),
        StartError::Store(error) => store_problem(error),
        other => {
            tracing::error!(error = %other, "no code could be made");
            Problem::internal()
        }
    }
}

/// A check could not be made.
pub(crate) fn check_problem(error: &CheckError) -> Problem {
    match error {
        CheckError::Malformed(error) => {
            let issue = Text::CodeMalformed { digits: error.expected };
            Problem::invalid_fields(Vec::new())
                .with_detail("the field otp is not a code")
                .with_issue("otp", issue)
        }
        CheckError::Store(error) => store_problem(error),
        other => {
            tracing::error!(error = %other, "no proof could be made");
            Problem::internal()
        }
    }
}

/// No checks are left.
pub(crate) fn too_many_attempts(wait: Duration) -> Problem {
    limited(ProblemCode::TooManyAttempts, "too many wrong codes were given", wait, |secs| {
        Text::TooManyAttempts { secs }
    })
}

fn limited(code: ProblemCode, detail: &'static str, wait: Duration, text: impl Fn(u64) -> Text) -> Problem {
    Problem::new(code, detail, text(crate::problem::whole_seconds(wait))).with_retry_after(wait)
}

fn messaging_disabled() -> Problem {
    Problem::new(ProblemCode::MessagingDisabled, "messaging is switched off", Text::MessagingDisabled)
        .with_retry_after(DISABLED_WAIT)
}

/// The provider certainly did not take the message.
///
/// A recipient that the provider calls invalid has passed the numbering plan here, so what is wrong with it is that
/// WhatsApp does not know it: `number_not_on_whatsapp`, not `invalid_phone`.
fn send_problem(error: &SendError) -> Problem {
    match error.kind() {
        SendErrorKind::NotOnWhatsApp | SendErrorKind::InvalidRecipient => Problem::new(
            ProblemCode::NumberNotOnWhatsApp,
            "the provider says that the number cannot be reached on WhatsApp",
            Text::NotOnWhatsApp,
        )
        .with_issue("phone", Text::NotOnWhatsApp),
        SendErrorKind::Unavailable | SendErrorKind::RateLimited => {
            let wait = match error.advice() {
                RetryAdvice::After(Some(wait)) => wait,
                _ => PROVIDER_WAIT,
            };
            let detail = "the provider cannot be reached or asks for fewer messages";
            Problem::new(ProblemCode::ProviderUnavailable, detail, Text::ProviderUnavailable)
                .with_retry_after(wait)
        }
        SendErrorKind::Disabled => messaging_disabled(),
        kind => {
            let detail = format!("the provider refused to send ({})", kind.as_str());
            Problem::new(ProblemCode::ProviderRejected, detail, Text::ProviderRejected)
        }
    }
}
