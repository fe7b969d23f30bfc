//! Who wrote.

use std::sync::Arc;

use tokio::task::JoinSet;

use super::*;

/// Records a message, takes everything that is due, and gives the contact of that message.
async fn heard(inbox: &dyn Inbox, from: ContactAddress, id: &str, now: Timestamp) -> Contact {
    record_new(inbox, message(from, id), now).await;
    let found = drain(inbox, now).await;
    let entry = found.iter().find(|entry| text(entry) == id);
    contact_of(there(entry, "the message that was recorded"))
}

async fn contact(inbox: &dyn Inbox, id: crate::inbox::ContactId) -> Contact {
    there(good(inbox.contact(&tenant("default"), id).await), "a contact")
}

/// `@c.us`, `@s.whatsapp.net` and the devices of one person are one contact.
pub async fn all_addresses_of_a_person_are_one_contact(inbox: impl Inbox) {
    let mut contacts = Vec::new();
    for (address, id) in [
        ("6281234567890@s.whatsapp.net", "m1"),
        ("6281234567890@c.us", "m2"),
        ("6281234567890:14@s.whatsapp.net", "m3"),
    ] {
        let from = there(ContactAddress::from_jids(Some(&jid(address)), None), "an address");
        contacts.push(heard(&inbox, from, id, T0).await.id);
    }
    for (address, id) in [("123456789012345@lid", "m4"), ("123456789012345:7@lid", "m5")] {
        let (address, number) = (jid(address), jid("6281234567890@c.us"));
        let from = there(ContactAddress::from_jids(Some(&address), Some(&number)), "an address");
        contacts.push(heard(&inbox, from, id, T0).await.id);
        let hidden = there(ContactAddress::from_jids(Some(&address), None), "an address");
        contacts.push(heard(&inbox, hidden, &format!("{id}-hidden"), T0).await.id);
    }
    assert!(contacts.iter().all(|id| *id == contacts[0]), "{} contacts", contacts.len());
}

/// The same message that comes as `@c.us` and as a LID with its number is one message.
pub async fn a_message_under_two_addresses_is_one(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    assert_eq!(record(&inbox, vec![message(by_both(1), "m1")], T0).await, Recorded::new(0, 1, 0));
    assert_eq!(record(&inbox, vec![message(by_lid(1), "m1")], T0).await, Recorded::new(0, 1, 0));
    assert_eq!(drain(&inbox, T0).await.len(), 1);
}

/// What becomes known of a contact later is added to it.
pub async fn a_contact_learns_its_number_and_its_lid(inbox: impl Inbox) {
    let hidden = heard(&inbox, by_lid(1), "m1", T0).await;
    assert_eq!(hidden.address(), Some(by_lid(1)));
    let shown = heard(&inbox, by_both(1), "m2", T0 + SECOND).await;
    assert_eq!((shown.id, shown.address()), (hidden.id, Some(by_both(1))));
    let by_number = heard(&inbox, by_phone(1), "m3", T0 + SECOND).await;
    assert_eq!((by_number.id, by_number.address()), (hidden.id, Some(by_both(1))));
    assert_eq!(contact(&inbox, hidden.id).await, shown);
    assert_eq!(shown.created_at, T0);
}

/// Two contacts that turn out to be one person become one: the older one.
pub async fn two_halves_of_a_person_become_one(inbox: impl Inbox) {
    let by_number = heard(&inbox, by_phone(1), "m1", T0).await;
    let hidden = heard(&inbox, by_lid(1), "m2", T0 + SECOND).await;
    assert_ne!(by_number.id, hidden.id);
    let one = heard(&inbox, by_both(1), "m3", T0 + 2 * SECOND).await;
    assert_eq!((one.id, one.address()), (by_number.id, Some(by_both(1))));
    // Also by the id that is gone.
    assert_eq!(contact(&inbox, hidden.id).await, one);
    assert_eq!(contact(&inbox, by_number.id).await, one);
}

/// What waits of a contact that was merged is handed out as the other one's.
pub async fn entries_go_with_their_contact(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, message(by_lid(1), "m2"), T0).await;
    record_new(&inbox, message(by_both(1), "m3"), T0).await;
    let found = drain(&inbox, T0).await;
    assert_eq!(texts(&found), ["m1", "m2", "m3"]);
    let first = contact_of(&found[0]);
    assert!(found.iter().all(|entry| contact_of(entry) == first));
    // It is known under the merged contact what was known under either.
    for (from, id) in [(by_lid(1), "m1"), (by_phone(1), "m2")] {
        assert_eq!(record(&inbox, vec![message(from, id)], T0).await.new, 0, "{id}");
    }
}

/// One message recorded of both halves of a person is handed out once after they became one.
pub async fn messages_of_merged_contacts_collapse(inbox: impl Inbox) {
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record_new(&inbox, message(by_lid(1), "m1"), T0).await;
    record_new(&inbox, message(by_lid(1), "m2"), T0).await;
    record_new(&inbox, message(by_phone(1), "m2"), T0).await;
    let other = delivery_to("default", "lain", vec![message(by_lid(1), "m1")]);
    assert_eq!(good(inbox.record(other, T0).await).new, 1);
    good(inbox.link(&tenant("default"), &lid(1), &there(by_phone(1).phone, "a number"), T0).await);
    let found = drain(&inbox, T0).await;
    assert_eq!(texts(&found), ["m1", "m1", "m2"], "one of each, and that of another account");
    assert_eq!(found.iter().filter(|entry| entry.account.as_str() == "lain").count(), 1);
}

/// Of two that are the same message, the one stays that consumers have had, or have now.
pub async fn what_was_handed_out_stays_when_contacts_merge(inbox: impl Inbox) {
    // The first half's message is settled, the second half's waits.
    record_new(&inbox, message(by_lid(1), "m1"), T0).await;
    drain(&inbox, T0).await;
    record_new(&inbox, message(by_phone(1), "m1"), T0).await;
    record(&inbox, vec![message(by_both(1), "m1")], T0).await;
    nothing_due(&inbox, T0 + HOUR).await;
    // The later one is with a consumer, the earlier one waits.
    record_new(&inbox, message(by_phone(2), "m2"), T0 + HOUR).await;
    record_new(&inbox, message(by_lid(2), "m2"), T0).await;
    let held = lease(&inbox, 1, T0).await;
    assert_eq!(contact_of(&held[0].entry).address(), Some(by_lid(2)));
    record(&inbox, vec![message(by_both(2), "m2")], T0).await;
    nothing_due(&inbox, T0 + LEASE - MICRO).await;
    done(&inbox, &held[0], T0).await;
    nothing_due(&inbox, T0 + 2 * HOUR).await;
}

/// A contact that was merged twice is found by all of its ids.
pub async fn a_contact_is_found_by_all_ids_it_had(inbox: impl Inbox) {
    let first = heard(&inbox, by_phone(1), "m1", T0).await;
    let second = heard(&inbox, by_lid(1), "m2", T0 + SECOND).await;
    let both = heard(&inbox, by_both(1), "m3", T0 + SECOND).await;
    assert_eq!(both.id, first.id);
    // A number that is older still: the person has it now.
    let oldest = heard(&inbox, by_phone(2), "m4", T0 - SECOND).await;
    let moved = ContactAddress { lid: Some(lid(1)), ..by_phone(2) };
    let now = heard(&inbox, moved.clone(), "m5", T0 + 2 * SECOND).await;
    assert_eq!((now.id, now.address()), (oldest.id, Some(moved)));
    for id in [first.id, second.id, oldest.id] {
        assert_eq!(contact(&inbox, id).await, now);
    }
}

/// A looked-up number makes one contact of two, or is added to the one that is known.
pub async fn a_link_joins_a_lid_and_a_number(inbox: impl Inbox) {
    let number = |n| there(by_phone(n).phone, "a number");
    let hidden = heard(&inbox, by_lid(1), "m1", T0).await;
    let linked = good(inbox.link(&tenant("default"), &lid(1), &number(1), T0).await);
    assert_eq!(linked, Some(hidden.id));
    assert_eq!(contact(&inbox, hidden.id).await.address(), Some(by_both(1)));
    let by_number = heard(&inbox, by_phone(2), "m2", T0).await;
    let later = heard(&inbox, by_lid(2), "m3", T0 + SECOND).await;
    let linked = good(inbox.link(&tenant("default"), &lid(2), &number(2), T0 + SECOND).await);
    assert_eq!(linked, Some(by_number.id));
    assert_eq!(contact(&inbox, later.id).await.address(), Some(by_both(2)));
    // Again, it changes nothing.
    assert_eq!(good(inbox.link(&tenant("default"), &lid(2), &number(2), T0 + HOUR).await), linked);
}

/// A link of people that nobody knows makes nobody known.
pub async fn a_link_of_strangers_is_nothing(inbox: impl Inbox) {
    let number = there(by_phone(1).phone, "a number");
    assert_eq!(good(inbox.link(&tenant("default"), &lid(1), &number, T0).await), None);
    let known = heard(&inbox, by_lid(1), "m1", T0).await;
    assert_eq!(good(inbox.link(&tenant("lain"), &lid(1), &number, T0).await), None);
    assert_eq!(contact(&inbox, known.id).await.address(), Some(by_lid(1)));
}

/// A number that is seen with another LID belongs to somebody else from then on; nobody's messages are mixed.
pub async fn a_number_that_changed_hands_is_another_contact(inbox: impl Inbox) {
    let former = heard(&inbox, by_both(1), "m1", T0).await;
    let now_theirs = ContactAddress { lid: Some(lid(2)), ..by_phone(1) };
    let owner = heard(&inbox, now_theirs.clone(), "m2", T0 + SECOND).await;
    assert_ne!(owner.id, former.id);
    assert_eq!(owner.address(), Some(now_theirs));
    assert_eq!(contact(&inbox, former.id).await.address(), Some(by_lid(1)));
    assert_eq!(heard(&inbox, by_phone(1), "m3", T0 + SECOND).await.id, owner.id);
    assert_eq!(heard(&inbox, by_lid(1), "m4", T0 + SECOND).await.id, former.id);
    // The former owner has another number by now.
    let moved = ContactAddress { lid: Some(lid(1)), ..by_phone(3) };
    assert_eq!(heard(&inbox, moved, "m5", T0 + SECOND).await.id, former.id);
}

/// Contacts are the tenant's own.
pub async fn contacts_of_tenants_are_apart(inbox: impl Inbox) {
    let ours = heard(&inbox, by_both(1), "m1", T0).await;
    let delivered = delivery_to("lain", "default", vec![message(by_both(1), "m1")]);
    good(inbox.record(delivered, T0).await);
    let theirs = contact_of(&lease_one(&inbox, T0).await.entry);
    assert_ne!(ours.id, theirs.id);
    assert_eq!(good(inbox.contact(&tenant("lain"), ours.id).await), None);
    assert_eq!(good(inbox.contact(&tenant("default"), theirs.id).await), None);
    assert_eq!(good(inbox.contact(&tenant("lain"), theirs.id).await), Some(theirs));
}

/// A person who writes to two accounts of a tenant is one contact.
pub async fn a_contact_is_the_same_in_all_accounts(inbox: impl Inbox) {
    for to in ["satu", "dua"] {
        let delivered = delivery_to("default", to, vec![message(by_phone(1), "m1")]);
        good(inbox.record(delivered, T0).await);
    }
    let found = drain(&inbox, T0).await;
    assert_eq!(contact_of(&found[0]), contact_of(&found[1]));
}

/// A contact has the name that the person gave last; an echo of ours names nobody.
pub async fn the_last_name_of_a_contact_counts(inbox: impl Inbox) {
    let named = |id: &str, name: Option<&str>| {
        InboundMessage::new(by_phone(1), InboundContent::text(id)).with_id(Some(id)).with_name(name)
    };
    for (message, expected) in [
        (named("m1", None), None),
        (named("m2", Some("Budi")), Some("Budi")),
        (named("m3", None), Some("Budi")),
        (named("m4", Some("Pak Budi \u{0}'\"")), Some("Pak Budi '\"")),
        (named("m5", Some("Toko Kami")).from_own_account(), Some("Pak Budi '\"")),
    ] {
        record_new(&inbox, InboundEvent::Message(message), T0).await;
        let found = drain(&inbox, T0).await;
        assert_eq!(contact_of(&found[0]).name.as_deref(), expected);
    }
}

/// However messages under number, LID and both mix at the same time, one person is one contact in the end, and each of
/// its messages is there once.
pub async fn merging_together_leaves_one_contact(inbox: impl Inbox) {
    let inbox: Arc<dyn Inbox> = Arc::new(inbox);
    let mut recorders = JoinSet::new();
    for n in 0..30_usize {
        for from in [by_phone(1), by_lid(1), by_both(1)] {
            let inbox = Arc::clone(&inbox);
            recorders.spawn(async move { record(&inbox, vec![message(from, &format!("m{n}"))], T0).await });
        }
    }
    recorders.join_all().await;
    let found = drain(&inbox, T0).await;
    let first = contact_of(&found[0]);
    assert_eq!(first.address(), Some(by_both(1)));
    assert!(found.iter().all(|entry| contact_of(entry) == first));
    let mut ids = texts(&found);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((ids.len(), found.len()), (30, 30));
}
