//! The chats: reading along, taking over, giving back, and forgetting a customer.

use std::time::Duration;

use sha2::{Digest as _, Sha256};
use wartel_core::TenantId;
use wartel_messaging::inbox::{ContactId, InboxEntryId};

use super::{Console, ConsoleError};
use crate::conversation::{Chat, ChatWrite, Line, PauseBy, Said};
use crate::key::{ChatKey, Saved};
use crate::words::is_hidden;

/// The most characters that a message to a customer has.
pub const MAX_MESSAGE: usize = 4_096;
/// How often a change is tried before it is given up.
const TRIES: u32 = 64;

/// How much was deleted of a customer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Forgotten {
    /// How many chats, with their lines.
    pub chats: usize,
    /// How many leads.
    pub leads: usize,
}

impl Console {
    /// Chats of the tenant, those in which somebody wrote last first, at most `limit`. `paused`: only those in which the
    /// assistant is silent now.
    ///
    /// # Errors
    /// [`ConsoleError::Store`].
    pub async fn chats(
        &self,
        tenant: &TenantId,
        paused: bool,
        limit: usize,
    ) -> Result<Vec<Chat>, ConsoleError> {
        let mut chats = self.parts.chats.list(tenant, paused, limit).await?;
        let now = self.clock.now();
        // A pause that has ended stays in the document until something happens in the chat.
        chats.retain(|chat| !paused || chat.is_paused(now));
        Ok(chats)
    }

    /// A chat, and its newest `limit` lines from line `from` on, the oldest first.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] or [`ConsoleError::Store`].
    pub async fn chat(
        &self,
        key: &ChatKey,
        from: u64,
        limit: usize,
    ) -> Result<(Chat, Vec<Line>), ConsoleError> {
        let (chat, _) = self.parts.chats.load(key).await?.ok_or(ConsoleError::NotFound)?;
        let lines = self.parts.chats.lines(key, from, limit).await?;
        Ok((chat, lines))
    }

    /// The assistant is silent in this chat from now on, for so many minutes, or until it is resumed. What it was about to
    /// say is not said.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] or [`ConsoleError::Store`].
    pub async fn pause(&self, key: &ChatKey, minutes: Option<u32>) -> Result<Chat, ConsoleError> {
        let now = self.clock.now();
        let until = minutes.map(|minutes| now + Duration::from_secs(60 * u64::from(minutes)));
        self.change(key, |chat| {
            chat.pause_by(PauseBy::Command, now, until);
            Ok(true)
        })
        .await
    }

    /// The assistant speaks again in this chat. What was said before is no part of its prompts any more.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`] or [`ConsoleError::Store`].
    pub async fn resume(&self, key: &ChatKey) -> Result<Chat, ConsoleError> {
        self.change(key, |chat| {
            let paused = chat.pause.is_some();
            if paused {
                chat.resume();
            }
            Ok(paused)
        })
        .await
    }

    /// A person of the shop writes to the customer. The assistant is silent from the moment this is stored, for the time of
    /// [`BotSettings::handoff_minutes`](crate::tenant::BotSettings::handoff_minutes); the worker sends the words. Under
    /// the same `name` they are sent once, whatever the words of later calls.
    ///
    /// # Errors
    /// [`ConsoleError::NotFound`], [`ConsoleError::Message`], [`ConsoleError::NoAddress`],
    /// [`ConsoleError::TooManyWaiting`] or [`ConsoleError::Store`].
    pub async fn person_says(
        &self,
        key: &ChatKey,
        text: &str,
        name: Option<&str>,
    ) -> Result<Chat, ConsoleError> {
        let text = message(text)?;
        let settings =
            self.parts.tenants.get(&key.tenant).await?.map(|(shop, _)| shop.bot).unwrap_or_default();
        let entry = name.map_or_else(InboxEntryId::random, |name| entry_of(key, name));
        let now = self.clock.now();
        let chat = self
            .change(key, |chat| {
                if chat.recipient().is_none() {
                    return Err(ConsoleError::NoAddress);
                }
                match chat.person_says(entry, &text, &settings, now) {
                    Said::Waits => Ok(true),
                    Said::Known => Ok(false),
                    Said::Full => Err(ConsoleError::TooManyWaiting),
                }
            })
            .await?;
        if let Some(waker) = &self.waker {
            waker.wake_at(now);
        }
        Ok(chat)
    }

    /// Deletes the chats of a customer with all accounts of the tenant, their lines, and the customer's leads. What the
    /// inbox and the log of webhooks keep is not touched.
    ///
    /// # Errors
    /// [`ConsoleError::Store`]; the same call again goes on.
    pub async fn forget(&self, tenant: &TenantId, contact: ContactId) -> Result<Forgotten, ConsoleError> {
        let chats = self.parts.chats.forget(tenant, contact).await?;
        let leads = self.parts.leads.forget(tenant, contact).await?;
        Ok(Forgotten { chats, leads })
    }

    /// Changes a chat that exists, again and again until nobody came between. `change` answers whether to save.
    async fn change(
        &self,
        key: &ChatKey,
        mut change: impl FnMut(&mut Chat) -> Result<bool, ConsoleError> + Send,
    ) -> Result<Chat, ConsoleError> {
        for _ in 0..TRIES {
            let (mut chat, read) = self.parts.chats.load(key).await?.ok_or(ConsoleError::NotFound)?;
            if !change(&mut chat)? {
                return Ok(chat);
            }
            let write = ChatWrite::new(chat, read);
            if let Saved::Saved(_) = self.parts.chats.save(&write, self.clock.now()).await? {
                return Ok(write.chat);
            }
        }
        Err(ConsoleError::Changed)
    }
}

/// The words as they are sent: without hidden characters, which a screen would not show to who wrote them.
fn message(text: &str) -> Result<String, ConsoleError> {
    let text = text.replace("\r\n", "\n");
    // Joiners and selectors belong to pictures that people type.
    let joins = |c: char| matches!(c, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    let text: String = text.trim().chars().filter(|&c| !is_hidden(c) || joins(c)).collect();
    let fits = (1..=MAX_MESSAGE).contains(&text.chars().count());
    let plain = !text.chars().any(|c| c.is_control() && c != '\n');
    if fits && plain && text.chars().any(|c| !joins(c)) { Ok(text) } else { Err(ConsoleError::Message) }
}

/// The name of a message as the name of an entry: the same chat and name, the same entry.
fn entry_of(key: &ChatKey, name: &str) -> InboxEntryId {
    let hash = Sha256::digest(format!("console message\n{key}\n{name}"));
    let hex: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    InboxEntryId::parse(&hex).unwrap_or_else(|_| InboxEntryId::random())
}

#[cfg(test)]
mod tests {
    use wartel_core::AccountId;

    use super::*;

    #[test]
    fn a_message_has_words_and_nothing_hidden() {
        for (text, expected) in [
            (" Halo Kak\r\nApa kabar? ", Some("Halo Kak\nApa kabar?")),
            ("Ha\u{200b}lo\u{202e}", Some("Halo")),
            ("👨\u{200d}👩\u{200d}👧", Some("👨\u{200d}👩\u{200d}👧")),
            ("", None),
            (" \n ", None),
            ("\u{200b}\u{200d}", None),
            ("a\u{7}b", None),
            ("a\0b", None),
        ] {
            assert_eq!(message(text).ok().as_deref(), expected, "{text:?}");
        }
        assert!(message(&"é".repeat(MAX_MESSAGE)).is_ok() && message(&"é".repeat(MAX_MESSAGE + 1)).is_err());
    }

    #[test]
    fn a_name_belongs_to_its_chat() {
        let key = |account| {
            let contact = ContactId::parse("00000000-0000-4000-8000-000000000001").unwrap();
            ChatKey::new(TenantId::default(), AccountId::parse(account).unwrap(), contact)
        };
        assert_eq!(entry_of(&key("a"), "one"), entry_of(&key("a"), "one"));
        assert_ne!(entry_of(&key("a"), "one"), entry_of(&key("a"), "two"));
        assert_ne!(entry_of(&key("a"), "one"), entry_of(&key("b"), "one"));
    }
}
