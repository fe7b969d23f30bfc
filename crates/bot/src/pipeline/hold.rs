//! A leased chat in a worker's hands.

use std::sync::Arc;

use wartel_core::{Clock, StoreError, StoreErrorKind};

use crate::conversation::{Chat, ChatWrite, ConversationStore, Fence, LeaseChange, LeasedChat, Line};
use crate::key::{ChatKey, Revision, Saved};

/// After so many writers came between, or after the lease went to somebody else, the worker lets go.
const TRIES: u32 = 50;

/// A chat that this worker works on. Everything that others store meanwhile is seen at the next save.
#[derive(Debug)]
pub(super) struct Hold {
    pub(super) chat: Chat,
    revision: Revision,
    fence: Fence,
    conflicts: u32,
    chats: Arc<dyn ConversationStore>,
    clock: Arc<dyn Clock>,
}

impl Hold {
    pub(super) fn new(leased: LeasedChat, chats: Arc<dyn ConversationStore>, clock: Arc<dyn Clock>) -> Self {
        Self { chat: leased.chat, revision: leased.revision, fence: leased.fence, conflicts: 0, chats, clock }
    }

    pub(super) fn key(&self) -> ChatKey {
        self.chat.key.clone()
    }

    /// Saves the chat as it is now. `false`: somebody else has stored something, the chat was read again, and what was
    /// changed here is undone.
    pub(super) async fn save(&mut self, lines: Vec<Line>) -> Result<bool, StoreError> {
        self.write(lines, LeaseChange::Keep(self.fence)).await
    }

    /// Changes and saves the chat, on whatever others have stored meanwhile.
    pub(super) async fn change(
        &mut self,
        mut change: impl FnMut(&mut Chat) -> Vec<Line> + Send,
    ) -> Result<(), StoreError> {
        loop {
            let lines = change(&mut self.chat);
            if self.save(lines).await? {
                return Ok(());
            }
        }
    }

    /// Gives the lease back without writing.
    pub(super) async fn release(self) -> Result<(), StoreError> {
        self.chats.release(&self.chat.key, self.fence).await
    }

    /// The chat as it is stored now, without taking it over.
    pub(super) async fn stored(&self) -> Result<Option<(Chat, Revision)>, StoreError> {
        self.chats.load(&self.chat.key).await
    }

    /// Reads the chat again.
    pub(super) async fn reload(&mut self) -> Result<(), StoreError> {
        let found = self.chats.load(&self.chat.key).await?;
        let (chat, revision) =
            found.ok_or_else(|| StoreError::new(StoreErrorKind::Unexpected, "bot.chat_gone"))?;
        self.chat = chat;
        self.revision = revision;
        Ok(())
    }

    async fn write(&mut self, lines: Vec<Line>, lease: LeaseChange) -> Result<bool, StoreError> {
        let write = ChatWrite::new(self.chat.clone(), self.revision).with_lines(lines).with_lease(lease);
        match self.chats.save(&write, self.clock.now()).await? {
            Saved::Saved(revision) => {
                self.revision = revision;
                self.conflicts = 0;
                Ok(true)
            }
            Saved::Conflict => {
                self.conflicts += 1;
                if self.conflicts > TRIES {
                    return Err(StoreError::new(StoreErrorKind::Unavailable, "bot.lease_lost"));
                }
                self.reload().await?;
                Ok(false)
            }
        }
    }
}
