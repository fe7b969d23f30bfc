//! The items for sale, for staff.

use wartel_core::{StoreError, TenantId};

use super::command::{Asked, NewItem};
use super::desk::{AdminDesk, Outcome, TRIES};
use super::undo::Step;
use super::{AdminMessage, item, texts};
use crate::catalogue::{Attribute, Item, ItemStatus, plain_code};
use crate::key::{Revision, Saved};
use crate::words;

/// How many items a list shows.
const SHOWN: usize = 20;
/// A price that moves by more percent than this waits for a code.
const FAR: i128 = 30;

/// Whether a price is so far from another that a digit may have been mistyped.
fn is_far(before: i64, after: i64) -> bool {
    let (before, after) = (i128::from(before), i128::from(after));
    (before - after).abs() * 100 > before * FAR
}

impl AdminDesk {
    /// An item by its code in any spelling: small letters, dashes left out.
    async fn item(&self, tenant: &TenantId, code: &str) -> Result<Option<(Item, Revision)>, StoreError> {
        let exact = code.trim().to_ascii_uppercase();
        if let Some(found) = self.parts.catalogue.get(tenant, &exact).await? {
            return Ok(Some(found));
        }
        let plain = plain_code(code);
        let all = self.parts.catalogue.list(tenant).await?;
        let mut alike = all.iter().filter(|item| !plain.is_empty() && plain_code(&item.code) == plain);
        match (alike.next(), alike.next()) {
            (Some(item), None) => self.parts.catalogue.get(tenant, &item.code).await,
            _ => Ok(None),
        }
    }

    pub(super) async fn stock_list(
        &self,
        message: &AdminMessage,
        wanted: &[String],
    ) -> Result<Outcome, StoreError> {
        let all = self.parts.catalogue.list(&message.chat.tenant).await?;
        let wanted: Vec<String> = wanted.iter().flat_map(|word| words::words(word)).collect();
        let fits = |item: &&Item| {
            let known = known_words(item, message);
            wanted.iter().all(|word| known.iter().any(|known| known.starts_with(word.as_str())))
        };
        let found: Vec<&Item> = all.iter().filter(fits).collect();
        Ok(Outcome::done(texts::stock_list(message.tenant.locale, &found, SHOWN)))
    }

    pub(super) async fn stock_add(
        &self,
        message: &AdminMessage,
        new: &NewItem,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let made = match item::make(&message.chat.tenant, new, &self.parts.schema, message.at) {
            Ok(made) => made,
            Err(problem) => return Ok(Outcome::refused(texts::item_problem(locale, &problem))),
        };
        match self.parts.catalogue.save(&made, Revision::NEW).await? {
            Saved::Saved(left) => {
                let step = Step::Item { code: made.code.clone(), before: None, left: Some(left) };
                self.can_undo(message, &step).await?;
            }
            Saved::Conflict => {
                let there = self.parts.catalogue.get(&message.chat.tenant, &made.code).await?;
                // This entry itself has added it, and died before it was written down.
                if there.is_none_or(|(there, _)| there != made) {
                    return Ok(Outcome::refused(texts::code_taken(locale, &made.code)).on(made.code));
                }
            }
        }
        Ok(Outcome::done(texts::item_added(locale, &made)).on(made.code))
    }

    pub(super) async fn stock_price(
        &self,
        message: &AdminMessage,
        code: &str,
        price: i64,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let Some((item, _)) = self.item(&message.chat.tenant, code).await? else {
            return Ok(Outcome::refused(texts::no_item(locale)));
        };
        match item.price {
            Some(before) if is_far(before, price) => {
                let question = texts::ask_price(locale, &item, before, price);
                self.ask(message, &Asked::StockPrice { code: item.code, price }, &question).await
            }
            _ => self.set_price(message, &item.code, price).await,
        }
    }

    pub(super) async fn stock_sold(&self, message: &AdminMessage, code: &str) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let Some((item, _)) = self.item(&message.chat.tenant, code).await? else {
            return Ok(Outcome::refused(texts::no_item(locale)));
        };
        if item.status == ItemStatus::Sold {
            return Ok(Outcome::done(texts::item_sold(locale, &item)).on(item.code));
        }
        let question = texts::ask_sold(locale, &item);
        self.ask(message, &Asked::StockSold { code: item.code }, &question).await
    }

    pub(super) async fn stock_delete(
        &self,
        message: &AdminMessage,
        code: &str,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let Some((item, _)) = self.item(&message.chat.tenant, code).await? else {
            return Ok(Outcome::refused(texts::no_item(locale)));
        };
        let question = texts::ask_delete(locale, &item);
        self.ask(message, &Asked::StockDelete { code: item.code }, &question).await
    }

    pub(super) async fn set_price(
        &self,
        message: &AdminMessage,
        code: &str,
        price: i64,
    ) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let mut before = None;
        let changed = self.change_item(message, code, |item| {
            before = item.price;
            item.price = Some(price);
        });
        Ok(match changed.await? {
            Some(item) => Outcome::done(texts::price_set(locale, &item, before)).on(code),
            None => Outcome::refused(texts::no_item(locale)).on(code),
        })
    }

    pub(super) async fn set_sold(&self, message: &AdminMessage, code: &str) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let changed = self.change_item(message, code, |item| item.status = ItemStatus::Sold);
        Ok(match changed.await? {
            Some(item) => Outcome::done(texts::item_sold(locale, &item)).on(code),
            None => Outcome::refused(texts::no_item(locale)).on(code),
        })
    }

    pub(super) async fn delete(&self, message: &AdminMessage, code: &str) -> Result<Outcome, StoreError> {
        let locale = message.tenant.locale;
        let tenant = &message.chat.tenant;
        for _ in 0..TRIES {
            // It was there when it was asked: that it is gone is what was wanted.
            let Some((item, read)) = self.parts.catalogue.get(tenant, code).await? else {
                return Ok(Outcome::done(texts::item_deleted(locale, code)).on(code));
            };
            if let Saved::Saved(_) = self.parts.catalogue.delete(tenant, code, read).await? {
                let step = Step::Item { code: code.to_owned(), before: Some(Box::new(item)), left: None };
                self.can_undo(message, &step).await?;
                return Ok(Outcome::done(texts::item_deleted(locale, code)).on(code));
            }
        }
        Err(super::busy())
    }

    /// Changes an item, again if somebody else has changed it meanwhile. Gives it as it is now; `None`: there is none.
    async fn change_item(
        &self,
        message: &AdminMessage,
        code: &str,
        mut change: impl FnMut(&mut Item) + Send,
    ) -> Result<Option<Item>, StoreError> {
        for _ in 0..TRIES {
            let Some((before, read)) = self.parts.catalogue.get(&message.chat.tenant, code).await? else {
                return Ok(None);
            };
            let mut item = before.clone();
            change(&mut item);
            if item == before {
                return Ok(Some(item));
            }
            item.updated_at = message.at;
            if let Saved::Saved(left) = self.parts.catalogue.save(&item, read).await? {
                let step =
                    Step::Item { code: code.to_owned(), before: Some(Box::new(before)), left: Some(left) };
                self.can_undo(message, &step).await?;
                return Ok(Some(item));
            }
        }
        Err(super::busy())
    }
}

/// By which words staff find an item.
fn known_words(item: &Item, message: &AdminMessage) -> Vec<String> {
    let mut known = words::words(&item.title);
    known.extend(words::words(&item.code));
    known.push(plain_code(&item.code).to_lowercase());
    known.extend(words::words(texts::status(message.tenant.locale, item.status)));
    for value in item.attributes.values() {
        match value {
            Attribute::Text(text) => known.extend(words::words(text)),
            Attribute::Number(number) => known.push(number.to_string()),
        }
    }
    known
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn far_prices() {
        for (before, after, far) in [
            (100_000_000, 130_000_000, false),
            (100_000_000, 130_000_001, true),
            (100_000_000, 70_000_000, false),
            (100_000_000, 69_999_999, true),
            (165_000_000, 1_650_000_000, true),
            (i64::MAX, 1, true),
        ] {
            assert_eq!(is_far(before, after), far, "{before} {after}");
        }
    }
}
