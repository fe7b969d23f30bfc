//! Chats in memory.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use wartel_core::{AccountId, StoreError, TenantId, Timestamp};
use wartel_messaging::ProviderMessageId;
use wartel_messaging::inbox::ContactId;

use super::chat::Chat;
use super::line::Line;
use super::store::{ChatWrite, ConversationStore, Fence, LeaseChange, LeasedChat};
use crate::key::{ChatKey, Revision, Saved};

/// Chats in memory; they end with the process.
#[derive(Debug, Default)]
pub struct MemoryConversationStore {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    chats: BTreeMap<ChatKey, Row>,
    sent: HashMap<(TenantId, AccountId, String), Timestamp>,
}

#[derive(Debug)]
struct Row {
    chat: Chat,
    revision: Revision,
    fence: u64,
    leased_until: Option<Timestamp>,
    lines: BTreeMap<u64, Line>,
}

impl MemoryConversationStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait::async_trait]
impl ConversationStore for MemoryConversationStore {
    async fn load(&self, key: &ChatKey) -> Result<Option<(Chat, Revision)>, StoreError> {
        Ok(self.state().chats.get(key).map(|row| (row.chat.clone(), row.revision)))
    }

    async fn save(&self, write: &ChatWrite, _now: Timestamp) -> Result<Saved, StoreError> {
        let mut state = self.state();
        let row = state.chats.get(&write.chat.key);
        let now = row.map_or(Revision::NEW, |row| row.revision);
        let fence = row.map_or(0, |row| row.fence);
        let holds = match write.lease {
            LeaseChange::None => true,
            LeaseChange::Keep(it) | LeaseChange::Release(it) => it.0 == fence,
        };
        if now != write.read || !holds {
            return Ok(Saved::Conflict);
        }
        let row = state.chats.entry(write.chat.key.clone()).or_insert_with(|| Row {
            chat: write.chat.clone(),
            revision: now,
            fence: 0,
            leased_until: None,
            lines: BTreeMap::new(),
        });
        row.chat = write.chat.clone();
        row.revision = now.next();
        if matches!(write.lease, LeaseChange::Release(_)) {
            row.leased_until = None;
        }
        for line in &write.lines {
            row.lines.entry(line.number).or_insert_with(|| line.clone());
        }
        Ok(Saved::Saved(row.revision))
    }

    async fn lease_due(
        &self,
        limit: usize,
        lease: Duration,
        now: Timestamp,
    ) -> Result<Vec<LeasedChat>, StoreError> {
        let mut state = self.state();
        let mut due: Vec<(Timestamp, &mut Row)> = state
            .chats
            .values_mut()
            .filter(|row| row.leased_until.is_none_or(|until| until <= now))
            .filter_map(|row| row.chat.due_at().filter(|due| *due <= now).map(|due| (due, row)))
            .collect();
        due.sort_by_key(|(due, _)| *due);
        let leased = due.into_iter().take(limit).map(|(_, row)| {
            // The instant, if that is more: a chat that was forgotten and begins anew gives no fence of old.
            row.fence = row.fence.saturating_add(1).max(now.as_micros().max(0).unsigned_abs());
            row.leased_until = Some(now + lease);
            LeasedChat::new(row.chat.clone(), row.revision, Fence(row.fence))
        });
        Ok(leased.collect())
    }

    async fn release(&self, key: &ChatKey, fence: Fence) -> Result<(), StoreError> {
        if let Some(row) = self.state().chats.get_mut(key).filter(|row| row.fence == fence.0) {
            row.leased_until = None;
        }
        Ok(())
    }

    async fn lines(&self, key: &ChatKey, from: u64, limit: usize) -> Result<Vec<Line>, StoreError> {
        let state = self.state();
        let Some(row) = state.chats.get(key) else { return Ok(Vec::new()) };
        let mut lines: Vec<Line> =
            row.lines.range(from..).rev().take(limit).map(|(_, line)| line.clone()).collect();
        lines.reverse();
        Ok(lines)
    }

    async fn list(&self, tenant: &TenantId, paused: bool, limit: usize) -> Result<Vec<Chat>, StoreError> {
        let state = self.state();
        let of_tenant = |row: &&Row| row.chat.key.tenant == *tenant && (!paused || row.chat.pause.is_some());
        let mut chats: Vec<Chat> =
            state.chats.values().filter(of_tenant).map(|row| row.chat.clone()).collect();
        chats.sort_by_key(|chat| std::cmp::Reverse(chat.last_inbound_at));
        chats.truncate(limit);
        Ok(chats)
    }

    async fn note_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let key = (tenant.clone(), account.clone(), message.as_str().to_owned());
        self.state().sent.insert(key, now);
        Ok(())
    }

    async fn was_sent(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &ProviderMessageId,
    ) -> Result<bool, StoreError> {
        let key = (tenant.clone(), account.clone(), message.as_str().to_owned());
        Ok(self.state().sent.contains_key(&key))
    }

    async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<usize, StoreError> {
        let mut state = self.state();
        let before = state.chats.len();
        state.chats.retain(|key, _| key.tenant != *tenant || key.contact != contact);
        Ok(before - state.chats.len())
    }

    async fn purge(&self, before: Timestamp, limit: usize) -> Result<usize, StoreError> {
        let mut state = self.state();
        let mut left = limit;
        for row in state.chats.values_mut() {
            let old: Vec<u64> = row
                .lines
                .values()
                .filter(|line| line.at < before)
                .map(|line| line.number)
                .take(left)
                .collect();
            left -= old.len();
            row.lines.retain(|number, _| !old.contains(number));
        }
        let old: Vec<_> = state
            .sent
            .iter()
            .filter(|(_, at)| **at < before)
            .map(|(key, _)| key.clone())
            .take(limit)
            .collect();
        for key in &old {
            state.sent.remove(key);
        }
        Ok(limit - left + old.len())
    }
}
