//! An app that logs people in by WhatsApp, and how its author tests it: see `tests.rs` beside this file.

use wartel_core::PhoneNumber;
use wartel_otp::{Check, OtpService, Purpose, Start, StartError, VerificationId};

#[cfg(test)]
mod tests;

/// Logs people in by a code on their phone.
#[derive(Debug, Clone)]
pub struct Login {
    otp: OtpService,
}

/// What the person sees next.
#[derive(Debug, PartialEq, Eq)]
pub enum Screen {
    /// A field for the code.
    EnterCode(VerificationId),
    /// The field again, with the number of tries left.
    TryAgain(u32),
    /// Welcome.
    Welcome(PhoneNumber),
    /// Messaging does not work; call us.
    CallUs,
    /// Begin again.
    BeginAgain,
}

impl Login {
    /// A login on top of a verification engine.
    #[must_use]
    pub const fn new(otp: OtpService) -> Self {
        Self { otp }
    }

    /// The person has typed a number.
    pub async fn phone_typed(&self, phone: PhoneNumber) -> Screen {
        match self.otp.start(Start::new(phone, Purpose::LOGIN)).await {
            Ok(started) => Screen::EnterCode(started.id),
            Err(StartError::NotSent(_) | StartError::MessagingDisabled) => Screen::CallUs,
            Err(_) => Screen::BeginAgain,
        }
    }

    /// The person has typed a code.
    pub async fn code_typed(&self, id: VerificationId, code: &str) -> Screen {
        match self.otp.check(id, code).await {
            Ok(Check::Approved(proof)) => {
                match self.otp.redeem(proof, Purpose::LOGIN, id.to_string()).await {
                    Ok(phone) => Screen::Welcome(phone),
                    Err(_) => Screen::BeginAgain,
                }
            }
            Ok(Check::Wrong { attempts_left }) => Screen::TryAgain(attempts_left),
            Ok(Check::NoActiveCode | Check::Locked { .. }) | Err(_) => Screen::BeginAgain,
        }
    }
}
