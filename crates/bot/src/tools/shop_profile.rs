//! `shop_profile`: who the shop is, where, when it is open, and what it promises.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shop, arguments};
use crate::fact::{Date, Fact};
use crate::tenant::{OpenStatus, long_date};
use crate::tool::{Scope, Tool, ToolError, ToolOutput, ToolSpec};

/// Tells the profile of the shop.
#[derive(Debug)]
pub struct ShopProfile {
    shop: Shop,
    spec: ToolSpec,
}

/// Nothing has to be said.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {}

impl ShopProfile {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = "Tells the shop's name, address, map, phone number, website, hours, whether it is open now, today's date \
                           there, and its policies such as warranty, test drives and part payment.";
        let mut spec = ToolSpec::of::<Args>("shop_profile", description);
        // Some servers refuse an object without this.
        if let Some(schema) = spec.parameters.as_object_mut() {
            schema.entry("properties").or_insert_with(|| json!({}));
        }
        Self { spec, shop }
    }
}

#[async_trait::async_trait]
impl Tool for ShopProfile {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let Args {} = arguments::read(arguments, "write an empty object: {}")?;
        let tenant = self.shop.tenant(scope).await?;
        let (today, time) = Shop::local(&tenant, scope)?;
        let status = tenant.hours.status(scope.now);
        let days = |key: &String| {
            let date = Date::parse(key).ok()?;
            let ahead = (date.civil() - today.civil()).get_days();
            (0..=30).contains(&ahead).then(|| {
                let hours = tenant.hours.of_day(date).text(scope.locale);
                format!("{}: {hours}", long_date(date, scope.locale))
            })
        };
        let special: Vec<String> = tenant.hours.exceptions.keys().filter_map(days).collect();
        let content = json!({
            "name": tenant.name,
            "sells": tenant.trade,
            "address": tenant.address,
            "map": tenant.map_url,
            "phone": tenant.phone.as_ref().map(wartel_core::PhoneNumber::e164),
            "website": tenant.website,
            "hours": tenant.hours.text(scope.locale, scope.now),
            "special_days": special,
            "open_now": match status {
                OpenStatus::Open { .. } => Some(true),
                OpenStatus::Closed { .. } => Some(false),
                OpenStatus::Unknown => None,
            },
            "open_now_text": tenant.hours.status_text(scope.locale, scope.now),
            "today": long_date(today, scope.locale),
            "time": format!("{time} {}", tenant.hours.zone_name(scope.now)),
            "policies": tenant.policies,
        });
        let facts = tenant.facts();
        let now = [Fact::Date(today), Fact::Time(time)];
        Ok(ToolOutput::new(content)
            .with_facts(facts)
            .with_facts(now)
            .with_facts(opening_facts(&tenant.hours, status)))
    }
}

/// The day and time at which the shop opens or closes next.
pub(crate) fn opening_facts(hours: &crate::tenant::Hours, status: OpenStatus) -> Vec<Fact> {
    let at = match status {
        OpenStatus::Open { until } => until,
        OpenStatus::Closed { opens_at } => opens_at,
        OpenStatus::Unknown => None,
    };
    let local = at.and_then(|at| hours.local(at));
    local.into_iter().flat_map(|(date, time)| [Fact::Date(date), Fact::Time(time)]).collect()
}
