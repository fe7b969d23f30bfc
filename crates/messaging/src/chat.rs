//! Second port: what a person sees of us in a chat besides messages.

use std::fmt;

use crate::error::SendError;
use crate::provider::ProviderMessageId;
use crate::recipient::Recipient;

/// Second port: providers that can mark messages as read and show that somebody is typing.
#[async_trait::async_trait]
pub trait ChatPresence: fmt::Debug + Send + Sync + 'static {
    /// Marks a message of the contact as read.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked.
    async fn mark_read(&self, chat: &Recipient, message: &ProviderMessageId) -> Result<(), SendError>;

    /// Shows that somebody is typing, until the next message goes out or the provider's own time is over (25 s at most).
    /// `answers` is the contact's message that is being answered; the official APIs need it, and mark it as read.
    ///
    /// # Errors
    /// [`SendError`] if the provider refused or could not be asked.
    async fn typing(&self, chat: &Recipient, answers: Option<&ProviderMessageId>) -> Result<(), SendError>;
}
