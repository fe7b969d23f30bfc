//! Numbers with fixed codes, for those who review an app.

use std::time::Duration;

use wartel_core::{Country, PhoneNumber, Timestamp};
use wartel_otp::TestNumber;

const DAY: Duration = Duration::from_secs(86_400);

/// Reads `081200000001=123456@2026-12-31`, several separated by commas. The date is the last day, in UTC. `None` if any
/// of it is something else, or a code has another length than codes have.
pub(super) fn read(text: &str, length: usize) -> Option<Vec<TestNumber>> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(|part| one(part, length)).collect()
}

fn one(text: &str, length: usize) -> Option<TestNumber> {
    let (phone, rest) = text.split_once('=')?;
    let (code, last_day) = rest.split_once('@')?;
    let phone = PhoneNumber::parse(phone.trim(), Country::INDONESIA).ok()?;
    let last_day = Timestamp::parse_rfc3339(&format!("{}T00:00:00Z", last_day.trim())).ok()?;
    let code = code.trim();
    if code.len() != length {
        return None;
    }
    TestNumber::new(phone, code, last_day + DAY).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_with_their_codes_and_their_last_day() {
        let numbers = read("081200000001=123456@2026-12-31, +6281200000002=000000@2027-01-01", 6).unwrap();
        assert_eq!(numbers.len(), 2);
        assert!(format!("{numbers:?}").contains("2027-01-01T00:00:00Z"), "{numbers:?}");
        assert_eq!(read("", 6).unwrap().len(), 0);
        for wrong in [
            "081200000001",
            "081200000001=123456",
            "081200000001=12345@2026-12-31",
            "081200000001=1234567@2026-12-31",
            "081200000001=12345x@2026-12-31",
            "081200000001=123456@tomorrow",
            "081200000001=123456@2026-02-30",
            "0812=123456@2026-12-31",
        ] {
            assert!(read(wrong, 6).is_none(), "{wrong}");
        }
    }
}
