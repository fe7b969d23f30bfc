//! A brain without a model: for when none answers, none may be paid, or none is wanted.

#[cfg(test)]
mod tests;
mod texts;

use std::sync::Arc;

use serde_json::{Value, json};

use crate::answers;
use crate::catalogue::{CatalogueStore, Item, Query, Schema, query_of};
use crate::llm::LlmMessage;
use crate::responder::{AiResponder, Reply, TurnError, TurnErrorKind, TurnInput, TurnOutput};
use crate::tenant::TenantStore;
use crate::tool::{Tool, ToolError};
use crate::tools::{SearchStock, SendPhotos, Shop};
use crate::words;

/// Answers by rules: hours, address, phone number, a person, what is in stock, pictures. Everything else gets the way to a
/// person. It asks the same tools as a model does, so that what it says is as grounded.
#[derive(Debug)]
pub struct RuleResponder {
    shop: Shop,
    search: SearchStock,
    photos: SendPhotos,
}

impl RuleResponder {
    /// Answers for the shops and items of these stores.
    #[must_use]
    pub fn new(tenants: Arc<dyn TenantStore>, catalogue: Arc<dyn CatalogueStore>, schema: Schema) -> Self {
        let shop = Shop::new(tenants, catalogue, schema);
        Self { search: SearchStock::new(shop.clone()), photos: SendPhotos::new(shop.clone()), shop }
    }

    async fn answer(&self, turn: &TurnInput) -> Result<TurnOutput, ToolError> {
        if let Some(output) = answers::answer(turn) {
            return Ok(output);
        }
        let items = self.shop.items(&turn.scope()).await?;
        let text = turn.words();
        let Some((today, _)) = turn.tenant.hours.local(turn.now) else { return Ok(cannot(turn)) };
        let query = query_of(&text, self.shop.schema(), &items, today);
        let asks_for_photos = words::words(&text).iter().any(|word| is_photo(word));
        if asks_for_photos {
            return self.pictures(turn, &query, &items).await;
        }
        if query.is_everything() && !asks_for_stock(&text) {
            return Ok(policies(turn).unwrap_or_else(|| cannot(turn)));
        }
        self.stock(turn, &text).await
    }

    /// What is in stock, or comes near.
    async fn stock(&self, turn: &TurnInput, text: &str) -> Result<TurnOutput, ToolError> {
        let (schema, locale) = (self.shop.schema(), turn.locale);
        let words: String = words::plain(text, 200);
        let found = self.search.call(json!({ "words": words }), &turn.scope()).await?;
        let listed =
            |key: &str| found.content.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
        let number = |key: &str| {
            found.content.get(key).and_then(Value::as_u64).and_then(|it| usize::try_from(it).ok())
        };
        let hits = [listed("cars"), listed("items")].concat();
        let near = listed("alternatives");
        let body = if !hits.is_empty() {
            let opening = texts::found(number("total").unwrap_or_default(), hits.len(), locale);
            texts::list(&opening, &hits, schema, locale)
        } else if !near.is_empty() {
            texts::list(texts::nothing_but(locale), &near, schema, locale)
        } else {
            texts::nothing(locale).to_owned()
        };
        let text = format!("{body}\n\n{}", texts::offer(locale));
        Ok(TurnOutput::Reply(Reply::new(text, "rules").with_facts(found.facts)))
    }

    /// Pictures of the one item that is meant; which one, if it is not clear.
    async fn pictures(
        &self,
        turn: &TurnInput,
        query: &Query,
        items: &[Item],
    ) -> Result<TurnOutput, ToolError> {
        let locale = turn.locale;
        let found = crate::catalogue::search(items, self.shop.schema(), query);
        let code = match (&found.hits[..], query.is_everything()) {
            ([only], false) => Some(only.item.code.clone()),
            (_, true) => spoken_of(turn, items),
            _ => None,
        };
        let Some(code) = code else {
            if found.hits.is_empty() && !query.is_everything() {
                let text = format!("{}\n\n{}", texts::nothing(locale), texts::offer(locale));
                return Ok(TurnOutput::Reply(Reply::new(text, "rules")));
            }
            return Ok(TurnOutput::Reply(Reply::new(texts::which_photos(locale), "rules")));
        };
        let sent = self.photos.call(json!({ "code": code }), &turn.scope()).await?;
        let title = sent.content.get("title").and_then(Value::as_str).unwrap_or_default();
        let text = if sent.actions.is_empty() {
            format!("{}\n\n{}", texts::no_photos(title, &code, locale), texts::offer(locale))
        } else {
            texts::photos(title, &code, locale)
        };
        let mut reply = Reply::new(text, "rules").with_facts(sent.facts);
        for action in sent.actions {
            reply = reply.with_action(action);
        }
        Ok(TurnOutput::Reply(reply))
    }
}

#[async_trait::async_trait]
impl AiResponder for RuleResponder {
    async fn respond(&self, turn: &TurnInput) -> Result<TurnOutput, TurnError> {
        // Rules would write the same draft again.
        if turn.repair.is_some() {
            return Ok(cannot(turn));
        }
        match self.answer(turn).await {
            Ok(output) => Ok(output),
            Err(ToolError::Invalid { .. }) => Ok(cannot(turn)),
            Err(error @ ToolError::Unavailable { .. }) => {
                Err(TurnError::new(TurnErrorKind::Store).with_source(error))
            }
        }
    }
}

/// What there is to say if nothing else is, with the way to a person.
fn cannot(turn: &TurnInput) -> TurnOutput {
    let text = format!("{}\n\n{}", texts::cannot(turn.locale), texts::offer(turn.locale));
    TurnOutput::Reply(Reply::new(text, "rules"))
}

/// What the shop's policies say about a word of the text, such as a warranty.
fn policies(turn: &TurnInput) -> Option<TurnOutput> {
    // Long words are telling ones, and these are in many policies.
    let is_telling = |word: &String| {
        word.chars().count() >= 6
            && !matches!(word.as_str(), "mobilnya" | "kendaraan" | "showroom" | "langsung" | "setelah")
    };
    let asked: Vec<String> = words::words(&turn.words()).into_iter().filter(is_telling).collect();
    let tells = |policy: &&String| {
        let known = words::words(policy);
        asked.iter().any(|word| {
            known.contains(word)
                || word.strip_suffix("nya").is_some_and(|bare| known.iter().any(|it| it == bare))
        })
    };
    let told: Vec<&str> = turn.tenant.policies.iter().filter(tells).map(String::as_str).take(2).collect();
    if told.is_empty() {
        return None;
    }
    let text = format!("{}\n\n{}", told.join("\n"), texts::offer(turn.locale));
    Some(TurnOutput::Reply(Reply::new(text, "rules").with_facts(turn.tenant.facts())))
}

fn is_photo(word: &str) -> bool {
    matches!(
        word,
        "foto"
            | "fotonya"
            | "poto"
            | "photo"
            | "photos"
            | "gambar"
            | "gambarnya"
            | "picture"
            | "pictures"
            | "pict"
            | "pics"
    )
}

/// Whether a text asks what there is at all: "stok apa saja?", "list mobil".
fn asks_for_stock(text: &str) -> bool {
    let asks = |word: &String| {
        matches!(
            word.as_str(),
            "stok"
                | "stock"
                | "ready"
                | "unit"
                | "katalog"
                | "catalogue"
                | "catalog"
                | "list"
                | "daftar"
                | "pilihan"
                | "termurah"
                | "cheapest"
                | "jual"
                | "dijual"
                | "sell"
        )
    };
    words::words(text).iter().any(asks)
}

/// The item whose code was written last in this chat.
fn spoken_of(turn: &TurnInput, items: &[Item]) -> Option<String> {
    let said = |message: &LlmMessage| match message {
        LlmMessage::User { text } | LlmMessage::Assistant { text, .. } => {
            let text = text.to_uppercase();
            let found: Vec<&Item> = items.iter().filter(|item| names_code(&text, &item.code)).collect();
            match &found[..] {
                [] => None,
                [only] => Some(Some(only.code.clone())),
                _ => Some(None),
            }
        }
        _ => None,
    };
    turn.history.iter().rev().find_map(said).flatten()
}

/// Whether a code stands in a text, not as a part of a longer one.
fn names_code(text: &str, code: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').any(|word| word == code)
}
