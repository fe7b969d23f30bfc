//! Who wrote: one contact for all the addresses of a person.

use std::fmt;

use wartel_core::{Jid, PhoneNumber, Timestamp};

use super::InboxEntryId;
use crate::inbound::ContactAddress;
use crate::recipient::Recipient;

wartel_core::uuid_id! {
    /// Names a contact of a tenant, across all of its accounts. A contact that was merged into another one is still
    /// found by its own id.
    pub struct ContactId;
}

impl From<InboxEntryId> for ContactId {
    /// The contact that an entry makes known has the id of that entry.
    fn from(entry: InboxEntryId) -> Self {
        Self::from_uuid(entry.as_uuid())
    }
}

/// A person as the tenant knows them. `Debug` shows neither name nor numbers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Contact {
    /// Names the contact.
    pub id: ContactId,
    /// The phone number, if any message or lookup has told it.
    pub phone: Option<PhoneNumber>,
    /// The LID, if any message or lookup has told it.
    pub lid: Option<Jid>,
    /// The name that the person has given themselves last. Anybody may call themselves anything.
    pub name: Option<String>,
    /// When the person was first heard of.
    pub created_at: Timestamp,
}

impl Contact {
    /// A contact of which only the address is known.
    #[must_use]
    pub fn new(id: ContactId, address: &ContactAddress, created_at: Timestamp) -> Self {
        Self { id, phone: address.phone.clone(), lid: address.lid.clone(), name: None, created_at }
    }

    /// A contact of which nothing is known: its number went to somebody else.
    #[must_use]
    pub const fn blank(id: ContactId, created_at: Timestamp) -> Self {
        Self { id, phone: None, lid: None, name: None, created_at }
    }

    /// With the person's own name.
    #[must_use]
    pub fn with_name(mut self, name: Option<String>) -> Self {
        self.name = name;
        self
    }

    /// Where an answer goes: to the number if it is known, or else to the LID. `None` if the person's number went to
    /// somebody else and nothing is left.
    #[must_use]
    pub fn recipient(&self) -> Option<Recipient> {
        self.address()?.recipient()
    }

    /// By what the person is known.
    #[must_use]
    pub fn address(&self) -> Option<ContactAddress> {
        ContactAddress::new(self.phone.clone(), self.lid.clone())
    }

    fn age(&self) -> (Timestamp, ContactId) {
        (self.created_at, self.id)
    }
}

impl fmt::Debug for Contact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Contact")
            .field("id", &self.id)
            .field("phone", &self.phone)
            .field("lid", &self.lid)
            .finish_non_exhaustive()
    }
}

/// What becomes of the contacts of a tenant when an address is seen. Stores carry it out in this order: `bereft`,
/// `merged`, `contact`, so that no number and no LID belongs to two contacts at any moment.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Sighting {
    /// The contact of the address, as it is from now on.
    pub contact: Contact,
    /// It was not known before.
    pub is_new: bool,
    /// It is known, but a number, LID or name of it is new.
    pub is_changed: bool,
    /// A contact whose number belongs to `contact` from now on, without that number.
    pub bereft: Option<Contact>,
    /// A contact that turned out to be the same person: its entries belong to `contact` from now on.
    pub merged: Option<ContactId>,
}

impl Sighting {
    /// Decides what an address means, given the contacts that have its number and its LID now.
    ///
    /// # Behavior
    /// - A contact that has only the number and one that has only the LID are one person: the older one stays.
    /// - The LID is the person; the number may change hands. A number that is seen with another LID leaves the contact
    ///   that had it, and two contacts that have different LIDs are never merged.
    /// - `name` replaces the name if it is given. A new contact gets the id `fresh`.
    #[must_use]
    pub fn of(
        address: &ContactAddress,
        name: Option<&str>,
        by_phone: Option<Contact>,
        by_lid: Option<Contact>,
        fresh: ContactId,
        now: Timestamp,
    ) -> Self {
        let (mut bereft, mut merged) = (None, None);
        let known = match (by_phone, by_lid) {
            (Some(one), Some(other)) if one.id == other.id => Some(one),
            // The number has another LID: it has gone to whoever has this one.
            (Some(mut former), by_lid) if differ(former.lid.as_ref(), address.lid.as_ref()) => {
                former.phone = None;
                bereft = Some(former);
                by_lid
            }
            (Some(one), Some(other)) => {
                let (stays, goes) = if one.age() <= other.age() { (one, other) } else { (other, one) };
                merged = Some(goes.id);
                Some(Contact { name: stays.name.or(goes.name), ..stays })
            }
            (one, other) => one.or(other),
        };
        let is_new = known.is_none();
        let before = known.clone();
        let mut contact = known.unwrap_or_else(|| Contact::new(fresh, address, now));
        contact.phone = address.phone.clone().or(contact.phone);
        contact.lid = address.lid.clone().or(contact.lid);
        if let Some(name) = name {
            contact.name = Some(name.to_owned());
        }
        let is_changed = merged.is_some() || before.is_some_and(|before| before != contact);
        Self { contact, is_new, is_changed, bereft, merged }
    }

    /// Decides what it means that a number and a LID are one person, given the contacts that have them now. `None` if
    /// none of them stays with the person: there is nobody to note it of.
    #[must_use]
    pub fn of_link(
        address: &ContactAddress,
        by_phone: Option<Contact>,
        by_lid: Option<Contact>,
        now: Timestamp,
    ) -> Option<Self> {
        // Never used: what would be a new contact is left.
        let fresh = by_phone.as_ref().or(by_lid.as_ref())?.id;
        Some(Self::of(address, None, by_phone, by_lid, fresh, now)).filter(|seen| !seen.is_new)
    }
}

/// Whether both are known and not the same.
fn differ(one: Option<&Jid>, other: Option<&Jid>) -> bool {
    matches!((one, other), (Some(one), Some(other)) if one != other)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use wartel_core::Country;

    use super::*;

    const T0: Timestamp = Timestamp::from_micros(1_767_225_600_000_000);

    /// `p1 l1` and the like: a number, a LID, or both.
    fn address(text: &str) -> ContactAddress {
        let has = |word: &str| text.split(' ').any(|part| part == word);
        let phone = |n: u32| PhoneNumber::parse(&format!("08123456789{n}"), Country::INDONESIA).unwrap();
        let lid = |n: u32| Jid::parse(&format!("10000000000000{n}@lid")).unwrap();
        ContactAddress::new(
            (1..3).find(|n| has(&format!("p{n}"))).map(phone),
            (1..3).find(|n| has(&format!("l{n}"))).map(lid),
        )
        .unwrap()
    }

    fn contact(age: u64, text: &str) -> Contact {
        let id = ContactId::sequential();
        Contact::new(id, &address(text), T0 + Duration::from_secs(age))
    }

    /// What is known of number 1 and LID 1, what is seen, and what becomes of it.
    fn seen(text: &str, by_phone: Option<&Contact>, by_lid: Option<&Contact>) -> Sighting {
        let now = T0 + Duration::from_secs(1_000);
        Sighting::of(&address(text), None, by_phone.cloned(), by_lid.cloned(), ContactId::sequential(), now)
    }

    fn is(contact: &Contact, text: &str) -> bool {
        contact.address() == Some(address(text))
    }

    #[test]
    fn a_stranger_is_a_new_contact() {
        for text in ["p1", "l1", "p1 l1"] {
            let new = seen(text, None, None);
            assert!(new.is_new && !new.is_changed && is(&new.contact, text), "{text}");
            assert_eq!((new.bereft, new.merged), (None, None));
        }
    }

    #[test]
    fn what_is_known_stays_and_what_is_new_is_added() {
        for (text, known, changed) in [
            ("p1", "p1", false),
            ("l1", "l1", false),
            ("p1", "p1 l1", false),
            ("l1", "p1 l1", false),
            ("p1 l1", "p1 l1", false),
            ("p1 l1", "p1", true),
            ("p1 l1", "l1", true),
        ] {
            let known_contact = contact(1, known);
            let by_phone = known.contains("p1").then_some(&known_contact);
            let by_lid = known.contains("l1").then_some(&known_contact);
            let now = seen(text, by_phone, by_lid);
            assert_eq!((now.is_new, now.is_changed), (false, changed), "{text} after {known}");
            assert_eq!(now.contact.id, known_contact.id);
            assert!(is(&now.contact, if changed { "p1 l1" } else { known }), "{text} after {known}");
            assert_eq!((now.bereft, now.merged), (None, None));
        }
    }

    #[test]
    fn two_halves_of_a_person_become_one_and_the_older_one_stays() {
        for (phone_age, lid_age) in [(1, 2), (2, 1)] {
            let by_phone = contact(phone_age, "p1").with_name(Some("Budi".to_owned()));
            let by_lid = contact(lid_age, "l1");
            let now = seen("p1 l1", Some(&by_phone), Some(&by_lid));
            let (stays, goes) = if phone_age < lid_age { (&by_phone, &by_lid) } else { (&by_lid, &by_phone) };
            assert_eq!((now.contact.id, now.merged), (stays.id, Some(goes.id)));
            assert!(is(&now.contact, "p1 l1") && now.is_changed);
            assert_eq!(now.contact.name.as_deref(), Some("Budi"));
        }
        // A person who has a new number, under which they wrote before anybody knew that it is them.
        let (by_phone, by_lid) = (contact(1, "p1"), contact(2, "p2 l1"));
        let now = seen("p1 l1", Some(&by_phone), Some(&by_lid));
        assert!(is(&now.contact, "p1 l1") && now.merged == Some(by_lid.id) && now.bereft.is_none());
    }

    #[test]
    fn a_number_that_changed_hands_merges_nobody() {
        // Somebody else has the number now, a stranger or a known person.
        let former = contact(1, "p1 l2");
        for by_lid in [None, Some(contact(2, "l1")), Some(contact(2, "p2 l1"))] {
            let now = seen("p1 l1", Some(&former), by_lid.as_ref());
            assert!(is(&now.contact, "p1 l1") && now.merged.is_none());
            assert_ne!(now.contact.id, former.id);
            let bereft = now.bereft.unwrap();
            assert!(bereft.id == former.id && is(&bereft, "l2"));
        }
        // The same person has another number now.
        let by_lid = contact(1, "p2 l1");
        let now = seen("p1 l1", None, Some(&by_lid));
        assert!(now.contact.id == by_lid.id && is(&now.contact, "p1 l1") && now.is_changed);
    }

    #[test]
    fn a_link_makes_nobody_known() {
        let link = |by_phone: Option<Contact>, by_lid: Option<Contact>| {
            Sighting::of_link(&address("p1 l1"), by_phone, by_lid, T0)
        };
        assert_eq!(link(None, None), None);
        assert_eq!(link(Some(contact(1, "p1 l2")), None), None, "the number is somebody else's so far");
        let known = contact(1, "l1");
        let linked = link(None, Some(known.clone())).unwrap();
        assert!(linked.contact.id == known.id && is(&linked.contact, "p1 l1") && linked.is_changed);
        assert!(link(Some(contact(1, "p1")), Some(known)).unwrap().merged.is_some());
    }

    #[test]
    fn the_last_name_counts_and_none_is_printed() {
        let known = contact(1, "p1").with_name(Some("Budi".to_owned()));
        let with = |name| {
            let fresh = ContactId::sequential();
            Sighting::of(&address("p1"), name, Some(known.clone()), None, fresh, T0)
        };
        assert!(!with(None).is_changed && !with(Some("Budi")).is_changed);
        let renamed = with(Some("Pak Budi"));
        assert!(renamed.is_changed && renamed.contact.name.as_deref() == Some("Pak Budi"));
        let shown = format!("{renamed:?}");
        assert!(!shown.contains("Budi") && !shown.contains("3456789"), "{shown}");
    }
}
