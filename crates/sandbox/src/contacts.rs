//! The customers' LIDs: WhatsApp's names for people that hide their number.

use std::collections::HashMap;
use std::sync::Mutex;

use crate::lock;

/// More customers than this are no test any more; the LIDs of further ones cannot be looked up.
const MAX_CONTACTS: usize = 100_000;

/// The LID of a number: 15 digits, without `@lid`. Made up, always the same, and without a likeness to the number.
pub(crate) fn lid_of(phone: &str) -> String {
    const SPAN: u64 = 900_000_000_000_000;
    let mixed = fnv(phone.bytes());
    (100_000_000_000_000 + (mixed ^ (mixed >> 29)) % SPAN).to_string()
}

/// FNV-1a, whose values are the same on every machine and in every version.
pub(crate) fn fnv(bytes: impl Iterator<Item = u8>) -> u64 {
    bytes.fold(0xCBF2_9CE4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01B3))
}

/// The LIDs that were shown to somebody, with the numbers behind them.
#[derive(Debug, Default)]
pub(crate) struct Contacts(Mutex<HashMap<String, String>>);

impl Contacts {
    /// The LID of a customer, who can be found by it from now on.
    pub(crate) fn lid(&self, phone: &str) -> String {
        let lid = lid_of(phone);
        let mut known = lock(&self.0);
        if known.len() < MAX_CONTACTS {
            known.insert(lid.clone(), phone.to_owned());
        }
        lid
    }

    /// The number behind a LID (digits, with or without `@lid`), if that customer has been seen.
    pub(crate) fn phone(&self, lid: &str) -> Option<String> {
        lock(&self.0).get(lid.strip_suffix("@lid").unwrap_or(lid)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lid_leads_back_to_its_number_once_it_was_shown() {
        let contacts = Contacts::default();
        let lid = lid_of("6281234567890");
        assert_eq!(lid.len(), 15);
        assert_eq!(contacts.phone(&lid), None);
        assert_eq!(contacts.lid("6281234567890"), lid);
        assert_eq!(contacts.phone(&format!("{lid}@lid")).as_deref(), Some("6281234567890"));
        assert_ne!(lid_of("6281234567891"), lid);
    }
}
