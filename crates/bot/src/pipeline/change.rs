//! Changing a chat that others may be changing, too.

use std::sync::Arc;

use wartel_core::{Clock, StoreError, StoreErrorKind};

use crate::conversation::{Chat, ChatWrite, ConversationStore, Line};
use crate::key::{ChatKey, Saved};

/// After so many writers came between, the store is called overloaded.
const TRIES: usize = 100;

/// Loads a chat (or begins one), changes it and saves it, again and again until nobody came between. `change` says which
/// lines are new; `None`: nothing to save. Gives the chat as it was left.
pub(crate) async fn change_chat(
    chats: &Arc<dyn ConversationStore>,
    clock: &Arc<dyn Clock>,
    key: &ChatKey,
    mut change: impl FnMut(&mut Chat) -> Option<Vec<Line>> + Send,
) -> Result<Chat, StoreError> {
    for _ in 0..TRIES {
        let (mut chat, revision) = match chats.load(key).await? {
            Some(found) => found,
            None => (Chat::new(key.clone()), crate::key::Revision::NEW),
        };
        let Some(lines) = change(&mut chat) else { return Ok(chat) };
        let write = ChatWrite::new(chat.clone(), revision).with_lines(lines);
        if let Saved::Saved(_) = chats.save(&write, clock.now()).await? {
            return Ok(chat);
        }
    }
    Err(StoreError::new(StoreErrorKind::Unavailable, "bot.change_chat"))
}
