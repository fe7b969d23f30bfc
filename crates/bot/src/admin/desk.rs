//! The desk that carries out what staff write.

use std::sync::Arc;

use tokio::sync::Mutex;
use wartel_core::{Clock, MasterKey, StoreError};

use super::code::Codes;
use super::command::{Asked, Command};
use super::parse::{Parsed, parse};
use super::store::{AdminStore, AuditRow, Confirmation};
use super::texts;
use super::{AdminAnswer, AdminCommands, AdminMessage};
use crate::catalogue::{CatalogueStore, Schema};
use crate::conversation::ConversationStore;
use crate::lead::Leads;
use crate::spend::SpendStore;
use crate::tenant::TenantStore;

/// How many of the newest rows are looked through for a command that was carried out already.
const LOOKED_THROUGH: usize = 100;
/// How often a change is made again because somebody else has changed the same thing meanwhile.
pub(super) const TRIES: usize = 16;

/// What a desk works with.
#[derive(Debug, Clone)]
#[allow(clippy::exhaustive_structs, reason = "whoever wires a desk names all of its parts")]
pub struct AdminParts {
    /// The shops.
    pub tenants: Arc<dyn TenantStore>,
    /// The items for sale.
    pub catalogue: Arc<dyn CatalogueStore>,
    /// Which attributes they have.
    pub schema: Schema,
    /// The leads.
    pub leads: Leads,
    /// The chats.
    pub chats: Arc<dyn ConversationStore>,
    /// What models cost.
    pub spend: Arc<dyn SpendStore>,
    /// What waits for a code, what can be undone, and who did what.
    pub store: Arc<dyn AdminStore>,
    /// The time.
    pub clock: Arc<dyn Clock>,
}

/// Carries out commands of staff: `/help` names them all.
///
/// # Behavior
/// - A command is a single line that begins with `/`; no model reads or writes one.
/// - `/stop` is the emergency stop: it switches the assistant of the shop off at once and asks nothing.
/// - Selling or deleting an item, closing a lead and changing a price by more than 30 % wait for a code of four digits. It
///   is shown once, kept only as a keyed hash, and good for five minutes, for the same person and exactly that command. A
///   wrong one takes the command away.
/// - `/undo` takes back the last change of the same person within 30 minutes, unless the thing was changed since.
/// - The same entry is carried out once; there is a row in the audit for every command, also a refused one.
#[derive(Debug)]
pub struct AdminDesk {
    pub(super) parts: AdminParts,
    pub(super) codes: Codes,
    /// One command after the other: they are rare, and two copies of one entry do not run side by side.
    turn: Mutex<()>,
}

/// What came of a command. Without `Debug`: its text may hold a code.
pub(super) struct Outcome {
    /// The word of the audit.
    word: &'static str,
    /// What was done, if the command itself does not say it.
    action: Option<&'static str>,
    target: Option<String>,
    text: String,
    /// What waited for its code, to wait again if what was done cannot be written down.
    taken: Option<Confirmation>,
}

impl Outcome {
    fn new(word: &'static str, text: String) -> Self {
        Self { word, action: None, target: None, text, taken: None }
    }

    pub(super) fn done(text: String) -> Self {
        Self::new("done", text)
    }

    pub(super) fn refused(text: String) -> Self {
        Self::new("refused", text)
    }

    pub(super) fn undone(text: String) -> Self {
        Self::new("undone", text)
    }

    pub(super) fn on(mut self, target: impl Into<String>) -> Self {
        self.target = Some(target.into());
        self
    }

    fn called(mut self, action: &'static str) -> Self {
        self.action = Some(action);
        self
    }
}

impl AdminDesk {
    /// A desk with these parts. The codes are made with a key derived from the installation's secret.
    #[must_use]
    pub fn new(parts: AdminParts, key: &MasterKey) -> Self {
        Self { parts, codes: Codes::new(key), turn: Mutex::new(()) }
    }

    async fn carry_out(&self, message: &AdminMessage, command: Command) -> Result<Outcome, StoreError> {
        match command {
            Command::Help => Ok(Outcome::done(texts::help(message.tenant.locale))),
            Command::Status => self.status(message).await,
            Command::Usage => self.usage(message).await,
            Command::Audit => self.audit(message).await,
            Command::Bot(on) => self.switch(message, on).await,
            Command::Stop => self.switch(message, false).await,
            Command::Pause(words) => self.pause(message, &words).await,
            Command::Resume(words) => self.resume(message, &words).await,
            Command::LeadList(stage) => self.lead_list(message, stage).await,
            Command::LeadShow(who) => self.lead_show(message, &who).await,
            Command::LeadSet(who, stage) => self.lead_set(message, &who, stage).await,
            Command::StockList(words) => self.stock_list(message, &words).await,
            Command::StockAdd(item) => self.stock_add(message, &item).await,
            Command::StockPrice(code, price) => self.stock_price(message, &code, price).await,
            Command::StockSold(code) => self.stock_sold(message, &code).await,
            Command::StockDelete(code) => self.stock_delete(message, &code).await,
            Command::Undo => self.undo(message).await,
            Command::Confirm(code) => self.confirm(message, &code).await,
        }
    }

    /// Lets a command wait for its code, in place of what has waited before.
    pub(super) async fn ask(
        &self,
        message: &AdminMessage,
        asked: &Asked,
        question: &str,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let (tenant, staff) = (&message.chat.tenant, message.chat.contact);
        let waiting = serde_json::to_string(asked)
            .ok()
            .and_then(|command| self.codes.ask(tenant, staff, message.entry, command, message.at));
        let Some((waiting, code)) = waiting else { return Ok(Outcome::refused(texts::failed(locale))) };
        self.parts.store.ask(&waiting).await?;
        Ok(Outcome::new("asked", texts::asked(locale, question, &code)).on(asked.target()))
    }

    async fn confirm(&self, message: &AdminMessage, code: &str) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let (tenant, staff) = (&message.chat.tenant, message.chat.contact);
        let now = self.parts.clock.now();
        let Some(waiting) = self.parts.store.take_asked(tenant, staff, now).await? else {
            return Ok(Outcome::refused(texts::nothing_waits(locale)));
        };
        if !self.codes.fits(&waiting, code) {
            return Ok(Outcome::refused(texts::wrong_code(locale)));
        }
        let Ok(asked) = serde_json::from_str::<Asked>(&waiting.command) else {
            return Ok(Outcome::refused(texts::failed(locale)));
        };
        match self.carry_out_asked(message, &asked).await {
            Ok(done) => {
                Ok(Outcome { taken: Some(waiting), ..done.called(asked.action()).on(asked.target()) })
            }
            Err(error) => {
                self.wait_again(&waiting).await;
                Err(error)
            }
        }
    }

    async fn carry_out_asked(&self, message: &AdminMessage, asked: &Asked) -> Result<Outcome, StoreError> {
        match asked {
            Asked::LeadSet { lead, stage } => self.set_stage(message, *lead, *stage).await,
            Asked::StockPrice { code, price } => self.set_price(message, code, *price).await,
            Asked::StockSold { code } => self.set_sold(message, code).await,
            Asked::StockDelete { code } => self.delete(message, code).await,
        }
    }

    /// The store could not answer, and the entry comes again: its code must be good then.
    async fn wait_again(&self, waiting: &Confirmation) {
        if self.parts.store.ask(waiting).await.is_err() {
            tracing::warn!("a confirmed command was not carried out, and its code is used up");
        }
    }

    /// What was written down about this entry.
    async fn earlier(&self, message: &AdminMessage) -> Result<Option<AuditRow>, StoreError> {
        let rows = self.parts.store.audit(&message.chat.tenant, LOOKED_THROUGH).await?;
        Ok(rows.into_iter().find(|row| row.entry == message.entry))
    }

    async fn write_down(
        &self,
        message: &AdminMessage,
        action: &'static str,
        done: &Outcome,
    ) -> Result<(), StoreError> {
        let action = done.action.unwrap_or(action);
        let (tenant, staff) = (message.chat.tenant.clone(), message.chat.contact);
        let row = AuditRow::new(message.entry, tenant, staff, action, done.word, message.at)
            .with_target(done.target.clone());
        self.parts.store.record(&row).await.map(drop)
    }
}

#[async_trait::async_trait]
impl AdminCommands for AdminDesk {
    async fn run(&self, message: &AdminMessage) -> Result<AdminAnswer, StoreError> {
        let locale = message.tenant.locale;
        let (action, command) = match parse(&message.text) {
            Parsed::NoCommand => return Ok(AdminAnswer::NotACommand),
            Parsed::Command(command) => (command.action(), Ok(command)),
            Parsed::Mistake(mistake) => ("unknown", Err(mistake)),
        };
        let _turn = self.turn.lock().await;
        let done = match command {
            Err(mistake) => Outcome::refused(texts::mistake(locale, mistake)),
            Ok(command) => {
                if !command.only_reads()
                    && let Some(row) = self.earlier(message).await?
                {
                    return Ok(AdminAnswer::Say(texts::again(locale, &row.outcome)));
                }
                self.carry_out(message, command).await?
            }
        };
        if let Err(error) = self.write_down(message, action, &done).await {
            if let Some(waiting) = &done.taken {
                self.wait_again(waiting).await;
            }
            return Err(error);
        }
        Ok(AdminAnswer::Say(done.text))
    }
}
