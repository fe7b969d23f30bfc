//! `search_stock`: what the shop has for sale.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{self, Whole};
use super::{Shop, item_json};
use crate::catalogue::{AttributeKind, Hit, Query, Range, Schema, Sort, query_of, search};
use crate::fact::Fact;
use crate::tool::{Scope, Tool, ToolError, ToolOutput, ToolSpec};

const HINT: &str = "write an object such as {\"words\": \"avanza matic\", \"max_price\": 150000000, \"min_year\": 2018}; prices are \
                    whole numbers in rupiah, years have four digits";

/// Looks for items by words, price, year and attributes.
#[derive(Debug)]
pub struct SearchStock {
    shop: Shop,
    spec: ToolSpec,
}

/// What to look for. Leave out what the customer has not said.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// Make, model, colour or stock code, in the customer's words, such as "avanza matic".
    words: Option<String>,
    /// The most it may cost, in rupiah: 150 juta is 150000000.
    max_price: Option<Whole>,
    /// The least it may cost, in rupiah.
    min_price: Option<Whole>,
    /// The oldest year.
    min_year: Option<Whole>,
    /// The newest year.
    max_year: Option<Whole>,
    /// Other attributes by their key; see the description of the tool.
    attributes: Option<BTreeMap<String, Value>>,
    /// Also items that somebody has reserved.
    include_reserved: Option<bool>,
    /// The order.
    sort: Option<SortArg>,
    /// How many at most, 1 to 10. Default: 5.
    limit: Option<Whole>,
}

#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum SortArg {
    Relevance,
    Cheapest,
    Dearest,
    Newest,
    FewestKilometres,
}

impl SearchStock {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = format!(
            "Looks for {} that the shop has for sale. Use it before saying anything about stock, prices or details. What it \
             does not give does not exist. \"alternatives\" are not what was asked for: say in what they differ. {}",
            shop.schema().item,
            attributes_text(shop.schema())
        );
        Self { spec: ToolSpec::of::<Args>("search_stock", description), shop }
    }
}

/// Which attributes can be asked for, for the model.
fn attributes_text(schema: &Schema) -> String {
    let texts: Vec<String> = schema
        .attributes
        .iter()
        .map(|spec| match &spec.kind {
            AttributeKind::OneOf(groups) => {
                let firsts: Vec<&str> =
                    groups.iter().filter_map(|it| it.first()).map(String::as_str).collect();
                format!("{} ({})", spec.key, firsts.join(", "))
            }
            AttributeKind::Kilometres => format!("{} (kilometres, the most)", spec.key),
            AttributeKind::CubicCentimetres => format!("{} (cc)", spec.key),
            _ => spec.key.clone(),
        })
        .collect();
    format!("Attributes: {}.", texts.join(", "))
}

#[async_trait::async_trait]
impl Tool for SearchStock {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let args: Args = arguments::read(arguments, HINT)?;
        let tenant = self.shop.tenant(scope).await?;
        let items = self.shop.items(scope).await?;
        let (today, _) = Shop::local(&tenant, scope)?;
        let schema = self.shop.schema();
        let words = arguments::told(args.words.clone(), 200).unwrap_or_default();
        let query = narrowed(query_of(&words, schema, &items, today), &args, schema)?;
        let found = search(&items, schema, &query);

        let hits: Vec<Value> =
            found.hits.iter().map(|hit| item_json::brief(&hit.item, schema).into()).collect();
        let alternatives: Vec<Value> =
            found.alternatives.iter().map(|hit| alternative(hit, schema)).collect();
        let listed = if schema.item == "mobil" { "cars" } else { "items" };
        let content = json!({
            listed: hits,
            "count": found.hits.len(),
            "total": found.total,
            "alternatives": alternatives,
        });
        let output = ToolOutput::new(content).with_facts([count(found.total), count(found.hits.len())]);
        let items = found.hits.iter().chain(&found.alternatives);
        Ok(items.fold(output, |output, hit| output.with_facts(item_json::facts(&hit.item, schema))))
    }
}

/// The query of the words with what the other arguments say besides; the narrower bound counts.
fn narrowed(mut query: Query, args: &Args, schema: &Schema) -> Result<Query, ToolError> {
    let price = Range { min: positive(args.min_price), max: positive(args.max_price) };
    // A budget of 150 that was meant as 150 juta would find nothing, and the reply would say that there is nothing.
    if price.max.is_some_and(|max| max < 10_000) {
        return Err(ToolError::invalid("prices are in rupiah: 150 juta is 150000000"));
    }
    query.price = query.price.and(price);
    query.year = query.year.and(Range { min: positive(args.min_year), max: positive(args.max_year) });
    for (key, value) in args.attributes.iter().flatten() {
        let Some(spec) = schema.attributes.iter().find(|spec| spec.key == *key) else { continue };
        let text = match value {
            Value::String(text) => crate::words::plain(text, 80),
            Value::Number(number) => number.to_string(),
            _ => continue,
        };
        match (&spec.kind, text.parse::<i64>()) {
            _ if text.is_empty() => {}
            (AttributeKind::Kilometres, Ok(number)) => {
                query.numbers.insert(key.clone(), Range::up_to(number));
            }
            (AttributeKind::Year, Ok(number)) => query.year = query.year.and(Range::between(number, number)),
            (AttributeKind::CubicCentimetres | AttributeKind::Count, Ok(number)) => {
                query.numbers.insert(key.clone(), Range::between(number, number));
            }
            (AttributeKind::OneOf(_), _) if spec.canonical(&text).is_none() => {
                return Err(ToolError::invalid(attributes_text(schema)));
            }
            (AttributeKind::Text | AttributeKind::OneOf(_), _) => {
                query.attributes.insert(key.clone(), text);
            }
            _ => return Err(ToolError::invalid(attributes_text(schema))),
        }
    }
    query.reserved = args.include_reserved.unwrap_or(false);
    query.sort = match args.sort {
        Some(SortArg::Relevance) | None => query.sort,
        Some(SortArg::Cheapest) => Sort::PriceUp,
        Some(SortArg::Dearest) => Sort::PriceDown,
        Some(SortArg::Newest) => Sort::Newest,
        Some(SortArg::FewestKilometres) => Sort::FewestKilometres,
    };
    let limit = args.limit.map_or(5, |limit| limit.0.clamp(1, 10));
    query.limit = usize::try_from(limit).unwrap_or(5);
    Ok(query)
}

/// Models write 0 for what was not said.
fn positive(number: Option<Whole>) -> Option<i64> {
    number.map(|number| number.0).filter(|&number| number > 0)
}

fn alternative(hit: &Hit, schema: &Schema) -> Value {
    let mut fields = item_json::brief(&hit.item, schema);
    let differs: Vec<&str> = hit.misses.iter().map(crate::catalogue::Miss::as_str).collect();
    fields.insert("differs_in".to_owned(), differs.into());
    fields.into()
}

fn count(number: usize) -> Fact {
    Fact::Count(i64::try_from(number).unwrap_or(i64::MAX))
}
