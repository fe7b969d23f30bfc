//! Numbers with a fixed code, for those who review an app and for tests that run by themselves.

use std::fmt;
use std::sync::Arc;

use wartel_core::{PhoneNumber, Timestamp};

use crate::code::{Code, MalformedCode};

/// A number that never gets a message: its code is fixed, until a date.
///
/// Whoever knows it can verify this number, so it is one that belongs to nobody. All budgets hold as for others.
/// `Debug` shows neither the code nor the number.
#[derive(Clone)]
pub struct TestNumber {
    pub(crate) phone: PhoneNumber,
    pub(crate) code: Arc<Code>,
    pub(crate) until: Timestamp,
}

impl TestNumber {
    /// The code of `phone` is `code` until this instant; from then on the number is like any other.
    ///
    /// # Errors
    /// [`MalformedCode`] if the code is not 6 to 10 digits. The builder refuses one of another length than codes
    /// have.
    pub fn new(phone: PhoneNumber, code: &str, until: Timestamp) -> Result<Self, MalformedCode> {
        Ok(Self { phone, code: Arc::new(Code::fixed(code)?), until })
    }
}

impl fmt::Debug for TestNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestNumber").field("until", &self.until).finish_non_exhaustive()
    }
}

/// The test numbers of an installation.
#[derive(Debug, Default)]
pub(crate) struct TestNumbers(Vec<TestNumber>);

impl TestNumbers {
    pub(crate) fn new(numbers: Vec<TestNumber>) -> Self {
        Self(numbers)
    }

    /// The code of a number that is one for testing now.
    pub(crate) fn code_of(&self, phone: &PhoneNumber, now: Timestamp) -> Option<&Code> {
        let is_it = |number: &&TestNumber| number.phone == *phone && now < number.until;
        self.0.iter().find(is_it).map(|number| number.code.as_ref())
    }

    pub(crate) fn all_have(&self, length: usize) -> bool {
        self.0.iter().all(|number| number.code.length() == length)
    }
}
