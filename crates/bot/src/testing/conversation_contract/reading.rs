//! Lines and lists, and what is deleted of them.

use std::slice::from_ref;

use wartel_messaging::ProviderMessageId;

use super::super::samples::{HOUR, MICRO, SECOND, T0, account, good, saved, tenant};
use super::{chat, line, put};
use crate::conversation::{Chat, ChatWrite, ConversationStore, Line, Pause, PauseBy};
use crate::key::Revision;

/// From a line on, at most so many.
pub async fn the_newest_lines_are_read_oldest_first(store: impl ConversationStore) {
    let chat = chat("toko", 1);
    // More than ten, so that nobody sorts numbers as words.
    let lines: Vec<Line> = (0..12).map(|number| line(number, T0)).collect();
    let write = ChatWrite::new(chat.clone(), Revision::NEW).with_lines(lines.clone());
    saved(store.save(&write, T0).await);
    for (from, limit, expected) in
        [(0, 100, 0..12), (0, 3, 9..12), (10, 100, 10..12), (10, 1, 11..12), (12, 10, 0..0), (0, 0, 0..0)]
    {
        assert_eq!(good(store.lines(&chat.key, from, limit).await), lines[expected], "{from} {limit}");
    }
    assert_eq!(good(store.lines(&chat.key, u64::MAX, 10).await), []);
}

fn heard(n: u32, after: u32) -> Chat {
    Chat { last_inbound_at: Some(T0 + after * SECOND), ..chat("toko", n) }
}

/// The newest first; chats in which nobody wrote come last.
pub async fn chats_are_listed_by_the_last_message(store: impl ConversationStore) {
    let silent = chat("toko", 4);
    let chats = [heard(1, 3), heard(2, 5), heard(3, 4)];
    for chat in chats.iter().chain(from_ref(&silent)) {
        put(&store, chat, T0).await;
    }
    let [one, two, three] = chats;
    let newest = [two, three, one, silent];
    assert_eq!(good(store.list(&tenant("toko"), false, 10).await), newest);
    assert_eq!(good(store.list(&tenant("toko"), false, 2).await), newest[..2]);
    assert_eq!(good(store.list(&tenant("lain"), false, 10).await), []);
    // What moves on moves up.
    let moved = heard(1, 6);
    saved(store.save(&ChatWrite::new(moved.clone(), Revision::NEW.next()), T0).await);
    assert_eq!(good(store.list(&tenant("toko"), false, 1).await), [moved]);
}

/// Whether the pause has ended is for who reads it.
pub async fn paused_chats_are_listed(store: impl ConversationStore) {
    let mut paused = heard(1, 1);
    paused.pause = Some(Pause { by: PauseBy::Command, since: T0, until: None });
    let mut newer = heard(2, 2);
    newer.pause = Some(Pause { by: PauseBy::Person, since: T0, until: Some(T0) });
    for chat in [&paused, &newer, &heard(3, 3)] {
        put(&store, chat, T0).await;
    }
    assert_eq!(good(store.list(&tenant("toko"), true, 10).await), [newer.clone(), paused.clone()]);
    assert_eq!(good(store.list(&tenant("toko"), true, 1).await), from_ref(&newer));
    newer.pause = None;
    saved(store.save(&ChatWrite::new(newer, Revision::NEW.next()), T0).await);
    assert_eq!(good(store.list(&tenant("toko"), true, 10).await), [paused]);
}

/// Lines and notes of sends from before an instant; the chat stays.
pub async fn purge_deletes_what_is_old(store: impl ConversationStore) {
    let chat = chat("toko", 1);
    let lines = vec![line(0, T0), line(1, T0 + HOUR - MICRO), line(2, T0 + HOUR)];
    let write = ChatWrite::new(chat.clone(), Revision::NEW).with_lines(lines);
    let revision = saved(store.save(&write, T0).await);
    let (old, new) = (ProviderMessageId::new("old"), ProviderMessageId::new("new"));
    let default = account("default");
    good(store.note_sent(&tenant("toko"), &default, &old, T0).await);
    good(store.note_sent(&tenant("toko"), &default, &new, T0 + HOUR).await);
    assert_eq!(good(store.purge(T0, 100).await), 0);
    assert_eq!(good(store.purge(T0 + HOUR, 100).await), 3);
    assert_eq!(good(store.purge(T0 + HOUR, 100).await), 0);
    assert_eq!(good(store.lines(&chat.key, 0, 10).await), [line(2, T0 + HOUR)]);
    assert!(!good(store.was_sent(&tenant("toko"), &default, &old).await));
    assert!(good(store.was_sent(&tenant("toko"), &default, &new).await));
    assert_eq!(good(store.load(&chat.key).await), Some((chat, revision)));
}

/// At most so many of each at once.
pub async fn purge_is_bounded(store: impl ConversationStore) {
    for n in 0..3 {
        let lines = (0..5).map(|number| line(number, T0)).collect();
        let write = ChatWrite::new(chat("toko", n), Revision::NEW).with_lines(lines);
        saved(store.save(&write, T0).await);
        let id = ProviderMessageId::new(format!("m{n}"));
        good(store.note_sent(&tenant("toko"), &account("default"), &id, T0).await);
    }
    let mut gone = Vec::new();
    for _ in 0..4 {
        gone.push(good(store.purge(T0 + HOUR, 7).await));
    }
    assert_eq!(gone, [10, 7, 1, 0]);
}
