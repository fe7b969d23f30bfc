//! What the routes share in talking to the engine: bounds in time, phone numbers, and its errors as problems.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::FutureExt as _;
use tracing::Instrument as _;
use wartel_core::{Country, PhoneNumber, StoreError, Timestamp};
use wartel_messaging::{RetryAdvice, SendError, SendErrorKind};
use wartel_otp::{Check, CheckError, OtpService, Proof, StartError};

use crate::codes::ProblemCode;
use crate::problem::Problem;
use crate::texts::Text;

/// How long a step may wait for the store. With the wait for the provider (2 s by default) a caller has an answer
/// within 5 s, whatever hangs.
pub(crate) const STORE_WAIT: Duration = Duration::from_millis(2_500);
/// How long a check may wait: it reads the store, and then spends.
pub(crate) const CHECK_WAIT: Duration = Duration::from_millis(4_500);
/// When to ask a provider again that does not say so itself.
const PROVIDER_WAIT: Duration = Duration::from_secs(10);
/// When to look again whether messaging is switched on.
const DISABLED_WAIT: Duration = Duration::from_secs(60);

/// How long asking for a code may take: the store, the provider's answer, and the challenge if there is one.
pub(crate) fn start_wait(otp: &OtpService) -> Duration {
    otp.policy().accept_wait + STORE_WAIT + otp.challenge_wait()
}

/// Carries a step out, whether its caller leaves or not, and waits for it at most `limit`.
///
/// Not an `async fn`: the step goes into its box at once, and not along in every future around it.
pub(crate) fn within<T: Send + 'static>(
    limit: Duration,
    step: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = Result<T, Problem>> + Send {
    let step = Unstoppable(Some(Box::pin(AssertUnwindSafe(step.in_current_span()).catch_unwind())));
    let answered = tokio::time::timeout(limit, step);
    async move {
        match answered.await {
            Ok(Ok(value)) => Ok(value),
            // What the panic says may hold anything, so it is not logged here.
            Ok(Err(_payload)) => {
                tracing::error!("a step of the engine broke off");
                Err(Problem::internal())
            }
            Err(_elapsed) => {
                tracing::warn!("the store does not answer in time");
                Err(Problem::store_unavailable())
            }
        }
    }
}

/// A step that goes on in a task of its own when whoever waits for it leaves. As long as somebody waits it runs in
/// his task, because a task for each request costs more than most steps.
struct Unstoppable<F: Future<Output: Send + 'static> + Send + 'static>(Option<Pin<Box<F>>>);

impl<F: Future<Output: Send + 'static> + Send + 'static> Future for Unstoppable<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let Some(step) = self.0.as_mut() else { return Poll::Pending };
        let polled = step.as_mut().poll(cx);
        if polled.is_ready() {
            self.0 = None;
        }
        polled
    }
}

impl<F: Future<Output: Send + 'static> + Send + 'static> Drop for Unstoppable<F> {
    fn drop(&mut self) {
        if let Some(step) = self.0.take()
            // Outside of a runtime nothing could go on.
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn(step);
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
        // A guard that says what it saw teaches whoever it keeps out.
        StartError::RateLimited { retry_at, .. } | StartError::Suspicious { retry_at } => {
            limited(ProblemCode::RateLimited, "too many codes were asked for", wait(*retry_at), |secs| {
                Text::RateLimited { secs }
            })
        }
        StartError::ChallengeRequired => Problem::new(
            ProblemCode::ChallengeRequired,
            "a challenge has to be passed first; ask again with `challenge_response`",
            Text::ChallengeRequired,
        ),
        StartError::ChallengeUnavailable => Problem::new(
            ProblemCode::ChallengeUnavailable,
            "the challenge could not be verified",
            Text::ChallengeUnavailable,
        )
        .with_retry_after(PROVIDER_WAIT),
        StartError::IdempotencyMismatch => Problem::new(
            ProblemCode::IdempotencyMismatch,
            "the Idempotency-Key was used with another body",
            Text::IdempotencyMismatch,
        ),
        StartError::TooManyAttempts { retry_at } => too_many_attempts(wait(*retry_at)),
        StartError::NotSent(error) => send_problem(error),
        StartError::Store(error) => store_problem(error),
        other => {
            tracing::error!(error = %other, "no code could be made");
            Problem::internal()
        }
    }
}

/// A check could not be made. `field` is what the code is called in the request.
pub(crate) fn check_problem(error: &CheckError, field: &'static str) -> Problem {
    match error {
        CheckError::Malformed(error) => {
            let issue = Text::CodeMalformed { digits: error.expected };
            Problem::invalid_fields(Vec::new())
                .with_detail("this is not in the form of a code")
                .with_issue(field, issue)
        }
        CheckError::Store(error) => store_problem(error),
        other => {
            tracing::error!(error = %other, "no proof could be made");
            Problem::internal()
        }
    }
}

/// The proof that a check bought, or why it bought none. `field` is what the code is called in the request.
pub(crate) fn proof_of(otp: &OtpService, check: Check, field: &'static str) -> Result<Proof, Problem> {
    match check {
        Check::Approved(proof) => Ok(proof),
        Check::Wrong { attempts_left } => {
            let text = Text::WrongCode { attempts_left };
            Err(Problem::new(ProblemCode::WrongCode, "this is not the code", text.clone())
                .with_attempts_left(attempts_left)
                .with_issue(field, text))
        }
        Check::NoActiveCode => Err(no_active_code()),
        Check::Locked { until } => Err(too_many_attempts(until.since(otp.clock().now()))),
    }
}

/// There is no code to check against: one answer, whatever the reason.
pub(crate) fn no_active_code() -> Problem {
    Problem::new(ProblemCode::NoActiveCode, "unknown, expired, used or cancelled", Text::NoActiveCode)
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
