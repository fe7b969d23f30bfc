//! Taking back the last change of somebody.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use wartel_core::{StoreError, Timestamp};

use super::desk::{AdminDesk, Outcome, TRIES};
use super::store::Undo;
use super::{AdminMessage, texts};
use crate::catalogue::Item;
use crate::conversation::Pause;
use crate::key::{ChatKey, Revision, Saved};
use crate::lead::{LeadId, LeadStage};
use crate::pipeline::change_chat;

/// For how long a change can be taken back.
const LIFE: Duration = Duration::from_secs(30 * 60);

/// How a change is taken back: what was there before, and what the change left, so that what somebody else has changed
/// since is not lost.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "back", rename_all = "snake_case")]
pub(super) enum Step {
    /// An item: `before` is `None` if it was added, `left` if it was deleted.
    Item { code: String, before: Option<Box<Item>>, left: Option<Revision> },
    /// Whether the assistant was on.
    Bot { enabled: bool, left: Revision },
    /// The stage of a lead.
    Lead { lead: LeadId, stage: LeadStage, closed_at: Option<Timestamp>, left: Revision },
    /// The pauses of a customer's chats.
    Pauses { chats: Vec<PauseStep> },
}

#[derive(Clone, Serialize, Deserialize)]
pub(super) struct PauseStep {
    pub(super) key: ChatKey,
    pub(super) before: Option<Pause>,
    pub(super) left: Option<Pause>,
}

impl Step {
    fn target(&self) -> Option<String> {
        match self {
            Self::Item { code, .. } => Some(code.clone()),
            Self::Lead { lead, .. } => Some(lead.to_string()),
            Self::Bot { .. } => None,
            Self::Pauses { chats } => chats.first().map(|step| step.key.contact.to_string()),
        }
    }
}

impl AdminDesk {
    /// Keeps how a change is taken back, in place of the one before of the same person.
    pub(super) async fn can_undo(&self, message: &AdminMessage, step: &Step) -> Result<(), StoreError> {
        let Ok(action) = serde_json::to_string(step) else { return Ok(()) };
        let (tenant, staff) = (message.chat.tenant.clone(), message.chat.contact);
        self.parts.store.keep_undo(&Undo::new(tenant, staff, action, message.at + LIFE)).await
    }

    pub(super) async fn undo(&self, message: &AdminMessage) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let (tenant, staff) = (&message.chat.tenant, message.chat.contact);
        let kept = self.parts.store.take_undo(tenant, staff, self.parts.clock.now()).await?;
        let Some(kept) = kept else { return Ok(Outcome::refused(texts::nothing_to_undo(locale))) };
        let Ok(step) = serde_json::from_str::<Step>(&kept.action) else {
            return Ok(Outcome::refused(texts::failed(locale)));
        };
        let back = match self.take_back(message, &step).await {
            Ok(back) => back,
            Err(error) => {
                // The entry comes again, and it must find what to do.
                if self.parts.store.keep_undo(&kept).await.is_err() {
                    tracing::warn!("a change was not taken back, and how to do so is lost");
                }
                return Err(error);
            }
        };
        let done = if back {
            Outcome::undone(texts::undone(locale, &step))
        } else {
            Outcome::refused(texts::changed_since(locale))
        };
        Ok(match step.target() {
            Some(target) => done.on(target),
            None => done,
        })
    }

    /// Answers whether it was taken back: not if it was changed since.
    async fn take_back(&self, message: &AdminMessage, step: &Step) -> Result<bool, StoreError> {
        let tenant = &message.chat.tenant;
        let saved = match step {
            Step::Item { code, before, left } => {
                let read = left.unwrap_or(Revision::NEW);
                match before {
                    Some(item) => self.parts.catalogue.save(item, read).await?,
                    None => self.parts.catalogue.delete(tenant, code, read).await?,
                }
            }
            Step::Bot { enabled, left } => {
                let Some((mut shop, _)) = self.parts.tenants.get(tenant).await? else { return Ok(false) };
                shop.bot.switch(*enabled, message.at);
                self.parts.tenants.save(&shop, *left).await?
            }
            Step::Lead { lead, stage, closed_at, left } => {
                let store = self.parts.leads.store();
                let Some((mut lead, _)) = store.get(tenant, *lead).await? else { return Ok(false) };
                lead.stage = *stage;
                lead.closed_at = *closed_at;
                store.save(&lead, *left).await?
            }
            Step::Pauses { chats } => return self.take_back_pauses(chats).await,
        };
        Ok(matches!(saved, Saved::Saved(_)))
    }

    async fn take_back_pauses(&self, steps: &[PauseStep]) -> Result<bool, StoreError> {
        let mut all = true;
        for step in steps {
            let mut same = false;
            change_chat(&self.parts.chats, &self.parts.clock, &step.key, |chat| {
                same = chat.pause == step.left;
                if !same {
                    return None;
                }
                match &step.before {
                    Some(pause) => chat.pause_by(pause.by.clone(), pause.since, pause.until),
                    None => chat.resume(),
                }
                Some(Vec::new())
            })
            .await?;
            all &= same;
        }
        Ok(all)
    }

    /// Switches the assistant of the shop. Nothing is checked besides: whatever is wrong with the shop, it can be silenced.
    pub(super) async fn switch(&self, message: &AdminMessage, on: bool) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        for _ in 0..TRIES {
            let Some((mut shop, read)) = self.parts.tenants.get(&message.chat.tenant).await? else {
                return Ok(Outcome::refused(texts::failed(locale)));
            };
            if shop.bot.enabled == on {
                return Ok(Outcome::done(texts::switched(locale, on, read, true)));
            }
            shop.bot.switch(on, message.at);
            if let Saved::Saved(left) = self.parts.tenants.save(&shop, read).await? {
                self.can_undo(message, &Step::Bot { enabled: !on, left }).await?;
                return Ok(Outcome::done(texts::switched(locale, on, left, false)));
            }
        }
        Err(super::busy())
    }
}
