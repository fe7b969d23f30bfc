//! Writing chats and lines, and keeping them apart.

use std::sync::Arc;

use wartel_core::Locale;
use wartel_messaging::ProviderMessageId;

use super::super::samples::{
    HOUR, ODD, SECOND, T0, account, contact, good, phone, refused, saved, tenant, there, together, winners,
};
use super::{chat, key, line, put, waiting};
use crate::conversation::{
    ChatWrite, ConversationStore, LineAuthor, LineOutcome, Notice, Part, PartContent, PartState, PartTo,
    Pause, PauseBy, SentMark,
};
use crate::key::{ChatKey, Revision, TurnId};

/// With a bit of everything that a chat can have, and with odd words.
pub async fn a_chat_comes_out_as_it_went_in(store: impl ConversationStore) {
    let mut chat = waiting(1, T0);
    chat.phone = Some(phone(1));
    chat.lid = Some("123456789012345@lid".to_owned());
    chat.name = Some(ODD.to_owned());
    chat.locale = Some(Locale::En);
    chat.burst[0].text = ODD.to_owned();
    chat.answering = chat.burst.clone();
    chat.opted_out = Some(T0);
    chat.pause = Some(Pause { by: PauseBy::Person, since: T0, until: Some(T0 + HOUR) });
    chat.boundary = u64::MAX;
    chat.last_inbound_at = Some(T0);
    chat.notices.insert(Notice::Closed, T0);
    chat.sent.push(SentMark { id: Some("m1".to_owned()), hash: "hash".to_owned(), at: T0 });
    chat.outgoing.push(Part {
        to: PartTo::Staff(phone(2)),
        content: PartContent::Text(ODD.to_owned()),
        author: LineAuthor::Notice,
        turn: Some(TurnId::random()),
        or_else: None,
        in_any_case: true,
        refusals: 1,
        state: PartState::Trying { since: T0 },
        expires_at: T0 + HOUR,
    });
    let mut said = line(7, T0).sent(Some(TurnId::random()), LineOutcome::Unknown);
    said.text = ODD.to_owned();
    let write = ChatWrite::new(chat.clone(), Revision::NEW).with_lines(vec![said.clone()]);
    let revision = saved(store.save(&write, T0).await);
    assert_eq!(good(store.load(&chat.key).await), Some((chat.clone(), revision)));
    assert_eq!(good(store.lines(&chat.key, 0, 10).await), [said]);
    assert_eq!(good(store.list(&chat.key.tenant, true, 10).await), std::slice::from_ref(&chat));
    assert_eq!(super::lease_one(&store, T0).await.chat, chat);
}

/// Nothing was written, and nothing is found.
pub async fn an_unknown_chat_is_nothing(store: impl ConversationStore) {
    let key = key("toko", 1);
    refused(store.save(&ChatWrite::new(chat("toko", 1), Revision::from_u64(1)), T0).await);
    assert_eq!(good(store.load(&key).await), None);
    assert_eq!(good(store.lines(&key, 0, 10).await), []);
    assert_eq!(good(store.list(&key.tenant, false, 10).await), []);
    assert_eq!(good(store.forget(&key.tenant, key.contact).await), 0);
    good(store.release(&key, crate::conversation::Fence(1)).await);
}

/// Who has read an older one writes nothing.
pub async fn the_revision_that_was_read_decides(store: impl ConversationStore) {
    let mut chat = chat("toko", 1);
    let first = put(&store, &chat, T0).await;
    chat.name = Some("Siti".to_owned());
    let second = saved(store.save(&ChatWrite::new(chat.clone(), first), T0).await);
    assert!(Revision::NEW < first && first < second);
    let mut late = chat.clone();
    late.name = Some("Budi".to_owned());
    for read in [Revision::NEW, first, second.next()] {
        refused(store.save(&ChatWrite::new(late.clone(), read), T0).await);
    }
    assert_eq!(good(store.load(&chat.key).await), Some((chat, second)));
}

/// However many write at once, each revision is written once.
pub async fn fifty_writers_of_a_revision_have_one_winner(store: impl ConversationStore) {
    let (store, key): (Arc<dyn ConversationStore>, _) = (Arc::new(store), key("toko", 1));
    for round in 0..3 {
        let read = good(store.load(&key).await).map_or(Revision::NEW, |(_, revision)| revision);
        let writers = (0..50).map(|failures| {
            let (store, mut chat) = (store.clone(), chat("toko", 1));
            chat.failures = failures;
            let line = line(round * 50 + u64::from(failures), T0);
            let write = ChatWrite::new(chat, read).with_lines(vec![line]);
            async move { store.save(&write, T0).await }
        });
        assert_eq!(winners(together(writers).await), 1);
        let (chat, now) = there(good(store.load(&key).await), "the chat");
        assert_eq!(now, read.next());
        // The line is the winner's.
        let lines = good(store.lines(&key, round * 50, 100).await);
        let numbers: Vec<u64> = lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, [round * 50 + u64::from(chat.failures)]);
    }
}

/// Nobody says what stands in no chat.
pub async fn chat_and_lines_are_written_together_or_not_at_all(store: impl ConversationStore) {
    let chat = chat("toko", 1);
    let write = |read, number| ChatWrite::new(chat.clone(), read).with_lines(vec![line(number, T0)]);
    let first = saved(store.save(&write(Revision::NEW, 0), T0).await);
    let second = saved(store.save(&write(first, 1), T0).await);
    for read in [Revision::NEW, first] {
        refused(store.save(&write(read, 2), T0).await);
    }
    assert_eq!(good(store.lines(&chat.key, 0, 10).await), [line(0, T0), line(1, T0)]);
    assert_eq!(good(store.load(&chat.key).await).map(|(_, revision)| revision), Some(second));
}

/// There is one line of each number, and the first one stays.
pub async fn a_line_stands_once(store: impl ConversationStore) {
    let chat = chat("toko", 1);
    let mut again = line(0, T0 + SECOND);
    again.text = "lain".to_owned();
    let write = ChatWrite::new(chat.clone(), Revision::NEW);
    let lines = vec![line(0, T0), again.clone()];
    let first = saved(store.save(&write.with_lines(lines), T0).await);
    let write = ChatWrite::new(chat.clone(), first).with_lines(vec![again, line(1, T0)]);
    saved(store.save(&write, T0).await);
    assert_eq!(good(store.lines(&chat.key, 0, 10).await), [line(0, T0), line(1, T0)]);
}

/// A chat is a tenant, an account and a customer.
pub async fn chats_of_tenants_accounts_and_customers_are_apart(store: impl ConversationStore) {
    let keys = [
        key("satu", 1),
        key("dua", 1),
        key("satu", 2),
        ChatKey::new(tenant("satu"), account("kedua"), contact(1)),
    ];
    for (number, key) in (0_u64..).zip(&keys) {
        assert_eq!(good(store.load(key).await), None);
        let mut chat = crate::conversation::Chat::new(key.clone());
        chat.boundary = number;
        let write = ChatWrite::new(chat, Revision::NEW).with_lines(vec![line(number, T0)]);
        saved(store.save(&write, T0).await);
    }
    for (number, key) in (0_u64..).zip(&keys) {
        assert_eq!(there(good(store.load(key).await), "the chat").0.boundary, number);
        assert_eq!(good(store.lines(key, 0, 10).await), [line(number, T0)]);
    }
    assert_eq!(good(store.list(&tenant("dua"), false, 10).await).len(), 1);
    assert_eq!(good(store.list(&tenant("satu"), false, 10).await).len(), 3);
}

/// Of this tenant and account only; noted twice is noted.
pub async fn what_was_sent_outside_of_chats_is_known(store: impl ConversationStore) {
    let (shop, default) = (tenant("toko"), account("default"));
    let ids = [ProviderMessageId::new("3EB0A1"), ProviderMessageId::new(ODD)];
    for id in &ids {
        assert!(!good(store.was_sent(&shop, &default, id).await));
        for _ in 0..2 {
            good(store.note_sent(&shop, &default, id, T0).await);
        }
    }
    for id in &ids {
        assert!(good(store.was_sent(&shop, &default, id).await));
        assert!(!good(store.was_sent(&tenant("lain"), &default, id).await));
        assert!(!good(store.was_sent(&shop, &account("kedua"), id).await));
    }
}

/// With all accounts of the tenant, and not with another tenant.
pub async fn a_forgotten_customer_has_no_chats(store: impl ConversationStore) {
    let second = ChatKey::new(tenant("toko"), account("kedua"), contact(1));
    let keys = [key("toko", 1), second, key("toko", 2), key("lain", 1)];
    for key in &keys {
        let chat = crate::conversation::Chat::new(key.clone());
        let write = ChatWrite::new(chat, Revision::NEW).with_lines(vec![line(0, T0)]);
        saved(store.save(&write, T0).await);
    }
    assert_eq!(good(store.forget(&tenant("toko"), contact(1)).await), 2);
    assert_eq!(good(store.forget(&tenant("toko"), contact(1)).await), 0);
    for (place, key) in keys.iter().enumerate() {
        assert_eq!(good(store.load(key).await).is_some(), place >= 2);
        assert_eq!(good(store.lines(key, 0, 10).await).len(), usize::from(place >= 2));
    }
    // Who writes again is a new chat, without the lines of the old one.
    put(&store, &chat("toko", 1), T0).await;
    assert_eq!(good(store.lines(&keys[0], 0, 10).await), []);
}
