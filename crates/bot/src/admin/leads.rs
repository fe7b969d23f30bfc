//! Leads for staff.

use wartel_core::{PhoneNumber, StoreError, TenantId};

use super::command::Asked;
use super::desk::{AdminDesk, Outcome, TRIES};
use super::undo::Step;
use super::{AdminMessage, texts};
use crate::key::Saved;
use crate::lead::{Lead, LeadEvent, LeadEventId, LeadId, LeadNews, LeadQuery, LeadStage, apply};

/// How many leads a list shows.
const SHOWN: usize = 20;
/// Among so many leads of each sort one is looked for.
const LOOKED_THROUGH: usize = 500;
/// So many characters of an id are the least that names a lead.
const LEAST_OF_ID: usize = 4;

/// What somebody meant by an id or a number.
enum Named {
    One(Box<Lead>),
    Nobody,
    Several,
}

/// The end of an id: ids of one minute begin alike.
pub(super) fn short(id: LeadId) -> String {
    let hex = id.as_uuid().simple().to_string();
    hex.get(hex.len().saturating_sub(6)..).unwrap_or_default().to_owned()
}

impl AdminDesk {
    async fn named(&self, message: &AdminMessage, text: &str) -> Result<Named, StoreError> {
        let tenant = &message.chat.tenant;
        let store = self.parts.leads.store();
        if let Ok(id) = LeadId::parse(text) {
            let found = store.get(tenant, id).await?;
            return Ok(found.map_or(Named::Nobody, |(lead, _)| Named::One(Box::new(lead))));
        }
        let mut all = Vec::new();
        for query in [
            LeadQuery::new(),
            LeadQuery::new().with_stage(LeadStage::Won),
            LeadQuery::new().with_stage(LeadStage::Lost),
        ] {
            all.extend(store.list(tenant, &query.with_limit(LOOKED_THROUGH)).await?);
        }
        if let Ok(number) = PhoneNumber::parse_lenient(text, super::country(&message.tenant)) {
            let theirs = |lead: &&Lead| lead.phone.as_ref() == Some(&number);
            // The open one, or else the one they wrote to last.
            let best =
                all.iter().filter(theirs).max_by_key(|lead| (!lead.stage.is_closed(), lead.last_contact_at));
            if let Some(lead) = best {
                return Ok(Named::One(Box::new(lead.clone())));
            }
        }
        Ok(by_piece(&all, text))
    }

    pub(super) async fn lead_list(
        &self,
        message: &AdminMessage,
        stage: Option<LeadStage>,
    ) -> Result<Outcome, StoreError> {
        let query = stage.map_or_else(LeadQuery::new, |stage| LeadQuery::new().with_stage(stage));
        let leads = self.parts.leads.store().list(&message.chat.tenant, &query.with_limit(SHOWN)).await?;
        Ok(Outcome::done(texts::lead_list(&message.tenant, &leads, message.at)))
    }

    pub(super) async fn lead_show(&self, message: &AdminMessage, who: &str) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        Ok(match self.named(message, who).await? {
            Named::One(lead) => Outcome::done(format!("{}\nID: {}", lead.summary(locale), short(lead.id)))
                .on(lead.id.to_string()),
            Named::Nobody => Outcome::refused(texts::no_lead(locale)),
            Named::Several => Outcome::refused(texts::several_leads(locale)),
        })
    }

    pub(super) async fn lead_set(
        &self,
        message: &AdminMessage,
        who: &str,
        stage: LeadStage,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let lead = match self.named(message, who).await? {
            Named::One(lead) => lead,
            Named::Nobody => return Ok(Outcome::refused(texts::no_lead(locale))),
            Named::Several => return Ok(Outcome::refused(texts::several_leads(locale))),
        };
        if lead.stage != stage && stage.is_closed() {
            let question = texts::ask_close(locale, &lead, stage);
            return self.ask(message, &Asked::LeadSet { lead: lead.id, stage }, &question).await;
        }
        self.set_stage(message, lead.id, stage).await
    }

    pub(super) async fn set_stage(
        &self,
        message: &AdminMessage,
        id: LeadId,
        stage: LeadStage,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let (tenant, store) = (&message.chat.tenant, self.parts.leads.store());
        for _ in 0..TRIES {
            let Some((lead, read)) = store.get(tenant, id).await? else {
                return Ok(Outcome::refused(texts::no_lead(locale)));
            };
            let back = (lead.stage, lead.closed_at);
            if lead.stage == stage {
                return Ok(Outcome::done(texts::stage_set(locale, &lead)).on(id.to_string()));
            }
            if lead.stage.is_closed() && self.has_another(tenant, &lead).await? {
                return Ok(Outcome::refused(texts::another_open(locale)).on(id.to_string()));
            }
            let event = LeadEvent::new(
                LeadEventId::from_uuid(message.entry.as_uuid()),
                tenant.clone(),
                lead.contact,
                lead.account.clone(),
                LeadNews::StageSet(stage),
                message.at,
            );
            let Some(change) = apply(Some(lead), &event) else {
                return Ok(Outcome::refused(texts::failed(locale)));
            };
            if change.repeated {
                return Ok(Outcome::done(texts::stage_set(locale, &change.lead)).on(id.to_string()));
            }
            if let Saved::Saved(left) = store.save(&change.lead, read).await? {
                let (stage, closed_at) = back;
                self.can_undo(message, &Step::Lead { lead: id, stage, closed_at, left }).await?;
                return Ok(Outcome::done(texts::stage_set(locale, &change.lead)).on(id.to_string()));
            }
        }
        Err(super::busy())
    }

    /// Whether the customer of a closed lead has an open one, beside which this one cannot be opened again.
    async fn has_another(&self, tenant: &TenantId, lead: &Lead) -> Result<bool, StoreError> {
        let open = self.parts.leads.store().open_of(tenant, lead.contact).await?;
        Ok(open.is_some_and(|(open, _)| open.id != lead.id))
    }
}

/// The lead whose id begins or ends with this text.
fn by_piece(all: &[Lead], text: &str) -> Named {
    let piece = text.to_ascii_lowercase();
    if piece.len() < LEAST_OF_ID || !piece.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Named::Nobody;
    }
    let fits = |lead: &&Lead| {
        let id = lead.id.as_uuid().simple().to_string();
        id.starts_with(&piece) || id.ends_with(&piece)
    };
    let mut found = all.iter().filter(fits);
    match (found.next(), found.next()) {
        (Some(lead), None) => Named::One(Box::new(lead.clone())),
        (Some(_), Some(_)) => Named::Several,
        _ => Named::Nobody,
    }
}
