//! `book_visit`: a visit or a test drive that staff confirm.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Shop, arguments};
use crate::catalogue::ItemStatus;
use crate::fact::{ClockTime, Date, Fact};
use crate::tenant::{OpenStatus, Tenant, long_date};
use crate::tool::{Action, Booking, BookingKind, Scope, Tool, ToolError, ToolOutput, ToolSpec};

const HINT: &str = "write an object such as {\"kind\": \"visit\", \"date\": \"2026-12-31\", \"time\": \"16:30\", \"code\": \"AV-01\"}; \
                    kind is visit or test_drive";

/// So many days ahead a visit may be.
const DAYS_AHEAD: i32 = 60;

/// Keeps a visit that the customer asks for.
#[derive(Debug)]
pub struct BookVisit {
    shop: Shop,
    spec: ToolSpec,
}

/// Which visit. Day and time must come from the customer.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// To look or to drive.
    kind: BookingKind,
    /// The day at the shop, such as 2026-12-31.
    date: String,
    /// The time at the shop, such as 16:30.
    time: String,
    /// Which item, by stock code, if the customer named one.
    code: Option<String>,
}

impl BookVisit {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = "Passes on that the customer wants to visit or to test drive on a day and at a time that the customer has \
                           said. Staff confirm it: say that, and never that it is confirmed. Ask shop_profile for today's date.";
        Self { spec: ToolSpec::of::<Args>("book_visit", description), shop }
    }
}

#[async_trait::async_trait]
impl Tool for BookVisit {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let args: Args = arguments::read(arguments, HINT)?;
        let date = Date::parse(args.date.trim()).map_err(|_| ToolError::invalid(HINT))?;
        let time = ClockTime::parse(args.time.trim()).map_err(|_| ToolError::invalid(HINT))?;
        let tenant = self.shop.tenant(scope).await?;
        let code = match arguments::told(args.code, 40) {
            Some(code) => {
                let item = self.shop.item(scope, &code).await?;
                if item.status == ItemStatus::Sold {
                    let content = json!({ "refused": "sold", "code": item.code, "say": "the item is sold" });
                    return Ok(ToolOutput::new(content).with_facts([Fact::Code(item.code)]));
                }
                Some(item.code)
            }
            None => None,
        };
        if let Some(refusal) = refusal(&tenant, date, time, scope)? {
            return Ok(refusal);
        }
        let content = json!({
            "requested": true,
            "kind": args.kind,
            "day": long_date(date, scope.locale),
            "time": format!("{time} {}", tenant.hours.zone_name(scope.now)),
            "code": code,
            "say": "the wish is passed on to staff, who will confirm it; it is not confirmed yet",
        });
        let mut facts = vec![Fact::Date(date), Fact::Time(time)];
        facts.extend(code.clone().map(Fact::Code));
        let booking = Booking { kind: args.kind, date, time, code };
        Ok(ToolOutput::new(content).with_facts(facts).with_action(Action::Book(booking)))
    }
}

/// Why nobody can come then, with what can be said about it.
fn refusal(
    tenant: &Tenant,
    date: Date,
    time: ClockTime,
    scope: &Scope,
) -> Result<Option<ToolOutput>, ToolError> {
    let (today, _) = Shop::local(tenant, scope)?;
    let at = tenant.hours.instant(date, time).ok_or(ToolError::Unavailable { source: None })?;
    let days = (date.civil() - today.civil()).get_days();
    let why = if at <= scope.now {
        "in_the_past"
    } else if days > DAYS_AHEAD {
        "too_far_ahead"
    } else if matches!(tenant.hours.status(at), OpenStatus::Closed { .. }) {
        "closed_then"
    } else {
        return Ok(None);
    };
    let content = json!({
        "refused": why,
        "today": long_date(today, scope.locale),
        "days_ahead_at_most": DAYS_AHEAD,
        "hours": tenant.hours.text(scope.locale, scope.now),
        "hours_of_that_day": tenant.hours.of_day(date).text(scope.locale),
        "say": "ask for another day or time",
    });
    let facts = [Fact::Date(today), Fact::Date(date), Fact::Count(i64::from(DAYS_AHEAD))];
    Ok(Some(ToolOutput::new(content).with_facts(facts).with_facts(tenant.facts())))
}
