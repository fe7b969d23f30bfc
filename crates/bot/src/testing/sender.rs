//! A sender that records.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wartel_core::{AccountId, TenantId};
use wartel_messaging::{
    Accepted, Capabilities, Content, MediaSource, OutboundMessage, ProviderMessageId, Recipient, SendError,
};

use crate::speech::ChatSender;

/// A message that went out. `Debug` shows no words.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SentMessage {
    /// Whose.
    pub tenant: TenantId,
    /// Through which account.
    pub account: AccountId,
    /// To whom.
    pub to: Recipient,
    /// Its text, or the address of its file.
    pub text: String,
    /// Whether it answers somebody.
    pub reply: bool,
    /// The id that the provider gave.
    pub id: String,
}

impl fmt::Debug for SentMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentMessage").field("to", &self.to).field("id", &self.id).finish_non_exhaustive()
    }
}

/// Takes every message, unless it was told to refuse; `m1`, `m2`, … are its ids. Clones are the same one.
#[derive(Debug, Clone, Default)]
pub struct RecordingSender {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    sent: Vec<SentMessage>,
    tried: usize,
    refusals: VecDeque<Option<SendError>>,
    disconnected: bool,
    official: bool,
    typing: usize,
}

impl RecordingSender {
    /// A sender that takes everything.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next message is answered with this error.
    pub fn then_fail(&self, error: SendError) {
        self.state().refusals.push_back(Some(error));
    }

    /// The next message that has no answer yet is taken.
    pub fn then_send(&self) {
        self.state().refusals.push_back(None);
    }

    /// Connects or disconnects the accounts.
    pub fn set_connected(&self, connected: bool) {
        self.state().disconnected = !connected;
    }

    /// As the official API: free text only within 24 hours.
    pub fn set_official(&self, official: bool) {
        self.state().official = official;
    }

    /// What went out, in order.
    #[must_use]
    pub fn sent(&self) -> Vec<SentMessage> {
        self.state().sent.clone()
    }

    /// What went out to somebody, in order.
    #[must_use]
    pub fn texts_to(&self, to: &Recipient) -> Vec<String> {
        let state = self.state();
        state.sent.iter().filter(|message| message.to == *to).map(|message| message.text.clone()).collect()
    }

    /// How often something was handed over, taken or not.
    #[must_use]
    pub fn tried(&self) -> usize {
        self.state().tried
    }

    /// How often the sign that an answer is being written was shown.
    #[must_use]
    pub fn typing_shown(&self) -> usize {
        self.state().typing
    }
}

#[async_trait::async_trait]
impl ChatSender for RecordingSender {
    async fn capabilities(&self, _tenant: &TenantId, _account: &AccountId) -> Option<Capabilities> {
        let state = self.state();
        let able = Capabilities::none().with_text().with_media_urls();
        let able = if state.official { able.with_templates() } else { able };
        (!state.disconnected).then_some(able)
    }

    async fn send(
        &self,
        tenant: &TenantId,
        account: &AccountId,
        message: &OutboundMessage,
    ) -> Result<Accepted, SendError> {
        let mut state = self.state();
        state.tried += 1;
        if let Some(Some(error)) = state.refusals.pop_front() {
            return Err(error);
        }
        let text = match &message.content {
            Content::Media(media) => match &media.source {
                MediaSource::Url(url) => url.expose().to_owned(),
                _ => String::new(),
            },
            _ => message.text().expose().to_owned(),
        };
        let id = format!("m{}", state.sent.len() + 1);
        state.sent.push(SentMessage {
            tenant: tenant.clone(),
            account: account.clone(),
            to: message.to.clone(),
            text,
            reply: message.reply,
            id: id.clone(),
        });
        Ok(Accepted::new().with_message_id(id))
    }

    async fn typing<'a>(
        &self,
        _tenant: &TenantId,
        _account: &AccountId,
        _chat: &Recipient,
        _answers: Option<&'a ProviderMessageId>,
    ) {
        self.state().typing += 1;
    }
}
