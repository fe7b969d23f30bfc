//! Sending what is planned, part by part.

use std::sync::Arc;
use std::time::Duration;

use wartel_core::{Clock, StoreError, Timestamp};
use wartel_messaging::{Content, Media, MediaKind, OutboundMessage, Recipient, RetryAdvice};

use super::hold::Hold;
use super::pending::PendingEntries;
use crate::conversation::{LineAuthor, Part, PartContent, PartEnd, PartTo};
use crate::render;
use crate::speech::ChatSender;
use crate::tenant::TenantStore;

/// How soon a part is tried again that waits for entries to be looked at.
const SOON: Duration = Duration::from_millis(100);
/// How soon while it is unclear whether a person has taken over.
const UNCLEAR: Duration = Duration::from_millis(500);
/// The longest wait between tries of a part that is refused for a while.
const LONGEST_WAIT: Duration = Duration::from_secs(300);
/// The longest that an answer seems to be typed.
const LONGEST_PACE: Duration = Duration::from_secs(4);

/// Sends parts. Each is noted as being handed over before the provider is asked: found so after a crash it is not sent
/// again.
#[derive(Debug, Clone)]
pub(super) struct Hands {
    pub(super) sender: Arc<dyn ChatSender>,
    pub(super) tenants: Arc<dyn TenantStore>,
    pub(super) pending: Arc<dyn PendingEntries>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) paced: bool,
}

impl Hands {
    /// Sends the next part, or drops what may not be sent any more.
    pub(super) async fn send_next(&self, hold: &mut Hold) -> Result<(), StoreError> {
        let now = self.clock.now();
        if hold.chat.is_unclear() && hold.chat.outgoing.first().is_some_and(|part| !part.in_any_case) {
            hold.chat.outgoing_due = Some(now + UNCLEAR);
            return hold.save(Vec::new()).await.map(drop);
        }
        if hold.chat.hold_back(now) {
            return hold.save(Vec::new()).await.map(drop);
        }
        let Some(part) = hold.chat.begin_part(now) else { return Ok(()) };
        if !hold.save(Vec::new()).await? {
            return Ok(());
        }
        // The last look, after the part is noted and right before the provider gets it.
        let end = match self.last_look(hold, &part).await {
            Ok(Look::Send) => self.hand_over(hold, &part).await,
            Ok(Look::Wait) => PartEnd::Back { at: now + SOON },
            Ok(Look::Drop) => PartEnd::Refused,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "whether a part may go out is not known"
                );
                PartEnd::Back { at: now + Duration::from_secs(1) }
            }
        };
        self.end(hold, &end).await
    }

    async fn last_look(&self, hold: &Hold, part: &Part) -> Result<Look, StoreError> {
        if part.in_any_case {
            return Ok(Look::Send);
        }
        let enabled =
            self.tenants.get(&hold.chat.key.tenant).await?.is_some_and(|(tenant, _)| tenant.bot.enabled);
        if !enabled {
            return Ok(Look::Drop);
        }
        if self.pending.is_pending(&hold.chat.key).await? {
            return Ok(Look::Wait);
        }
        // What was stored since the part was noted is either pending, or in the chat by now.
        let Some((chat, _)) = hold.stored().await? else { return Ok(Look::Drop) };
        if chat.is_unclear() {
            return Ok(Look::Wait);
        }
        Ok(if chat.may_send(part, self.clock.now()) { Look::Send } else { Look::Drop })
    }

    async fn hand_over(&self, hold: &Hold, part: &Part) -> PartEnd {
        let chat = &hold.chat;
        let (to, is_reply) = match &part.to {
            PartTo::Chat => (chat.recipient(), true),
            PartTo::Staff(phone) => (Some(Recipient::Phone(phone.clone())), false),
        };
        let Some(to) = to else { return PartEnd::Refused };
        let content = match &part.content {
            PartContent::Text(text) => Content::Text(text.clone().into()),
            PartContent::Photo { url, caption } => {
                let media = Media::at(MediaKind::Image, url.clone());
                Content::Media(match caption {
                    Some(caption) => media.with_caption(caption.clone()),
                    None => media,
                })
            }
        };
        let mut message = OutboundMessage::new(to, content);
        message.reply = is_reply;
        let sent = self.sender.send(&chat.key.tenant, &chat.key.account, &message).await;
        let outcome = match &sent {
            Ok(_) => "sent",
            Err(error) if error.advice() == RetryAdvice::Ambiguous => "unknown",
            Err(_) => "refused",
        };
        metrics::counter!("wartel_bot_parts_total", "outcome" => outcome).increment(1);
        match sent {
            Ok(accepted) => PartEnd::Sent { id: accepted.message_id.map(|id| id.as_str().to_owned()) },
            Err(error) => {
                let end = match error.advice() {
                    RetryAdvice::Ambiguous => PartEnd::Unknown,
                    RetryAdvice::After(wait) => PartEnd::Again { at: self.again(part, wait) },
                    _ => PartEnd::Refused,
                };
                let error = &error as &dyn std::error::Error;
                tracing::warn!(chat = %chat.key, error, outcome, "a part of an answer did not go out");
                end
            }
        }
    }

    fn again(&self, part: &Part, wait: Option<Duration>) -> Timestamp {
        let own = Duration::from_secs(1 << part.refusals.min(8)).min(LONGEST_WAIT);
        self.clock.now() + wait.map_or(own, |wait| wait.max(own))
    }

    async fn end(&self, hold: &mut Hold, end: &PartEnd) -> Result<(), StoreError> {
        let (clock, paced) = (Arc::clone(&self.clock), self.paced);
        hold.change(|chat| {
            let now = clock.now();
            let line = chat.end_part(end, now);
            let next = chat.outgoing.first();
            let follows =
                next.is_some_and(|next| next.author == LineAuthor::Assistant && next.to == PartTo::Chat);
            if line.is_some() && follows && paced {
                let pace = next.map_or(Duration::ZERO, |next| render::pace(&next.words())).min(LONGEST_PACE);
                chat.outgoing_due = Some(now + pace);
            }
            line.into_iter().collect()
        })
        .await
    }
}

enum Look {
    Send,
    Wait,
    Drop,
}
