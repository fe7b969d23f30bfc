//! `record_interest`: what the customer has told about their plans.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::{Whole, told};
use super::{Shop, arguments};
use crate::catalogue::plain_code;
use crate::tool::{Action, Interest, Scope, Tool, ToolError, ToolOutput, ToolSpec};

/// Keeps what the customer has told about their plans, for staff.
#[derive(Debug)]
pub struct RecordInterest {
    shop: Shop,
    spec: ToolSpec,
}

/// What the customer has told. Leave out everything that was not said.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// Stock codes of items they like.
    codes: Option<Vec<String>>,
    /// What they look for, in a few words.
    wish: Option<String>,
    /// How much they want to spend, in rupiah: 150 juta is 150000000.
    budget: Option<Whole>,
    /// When they want to buy, in a few words.
    timeline: Option<String>,
    /// How they want to pay: cash or credit.
    payment: Option<String>,
    /// What they want to give in part payment.
    trade_in: Option<String>,
    /// Their own name, if they gave it.
    name: Option<String>,
    /// Where they live.
    city: Option<String>,
}

impl RecordInterest {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = "Notes for staff what the customer has told in this chat about their plans: items, budget, when and how \
                           they pay, part payment, name, city. Use it whenever they tell something new. Guess nothing.";
        Self { spec: ToolSpec::of::<Args>("record_interest", description), shop }
    }
}

#[async_trait::async_trait]
impl Tool for RecordInterest {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let hint = "write an object such as {\"wish\": \"avanza matic\", \"budget\": 150000000, \"payment\": \"credit\"}";
        let args: Args = arguments::read(arguments, hint)?;
        let interest = Interest {
            codes: self.known_codes(args.codes.unwrap_or_default(), scope).await?,
            wish: told(args.wish, 200),
            budget: args.budget.map(|it| it.0).filter(|it| (10_000..=1_000_000_000_000).contains(it)),
            timeline: told(args.timeline, 100),
            payment: told(args.payment, 40),
            trade_in: told(args.trade_in, 200),
            name: told(args.name, 100),
            city: told(args.city, 100),
        };
        let kept: Vec<&str> = [
            ("codes", !interest.codes.is_empty()),
            ("wish", interest.wish.is_some()),
            ("budget", interest.budget.is_some()),
            ("timeline", interest.timeline.is_some()),
            ("payment", interest.payment.is_some()),
            ("trade_in", interest.trade_in.is_some()),
            ("name", interest.name.is_some()),
            ("city", interest.city.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, known)| known.then_some(name))
        .collect();
        if kept.is_empty() {
            return Err(ToolError::invalid(hint));
        }
        let content = json!({ "noted": kept });
        Ok(ToolOutput::new(content).with_action(Action::RecordInterest(interest)))
    }
}

impl RecordInterest {
    /// The codes that the tenant has, at most 20; others are left out.
    async fn known_codes(&self, codes: Vec<String>, scope: &Scope) -> Result<Vec<String>, ToolError> {
        if codes.is_empty() {
            return Ok(Vec::new());
        }
        let wanted: Vec<String> = codes.iter().take(20).map(|code| plain_code(code)).collect();
        let items = self.shop.items(scope).await?;
        let known = items.into_iter().map(|item| item.code).filter(|code| wanted.contains(&plain_code(code)));
        Ok(known.collect())
    }
}
