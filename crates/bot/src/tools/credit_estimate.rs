//! `credit_estimate`: an instalment by the shop's own table.

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

use super::arguments::Whole;
use super::{Shop, arguments, rupiah};
use crate::catalogue::ItemStatus;
use crate::fact::Fact;
use crate::tenant::{CreditTable, CreditTerm};
use crate::tool::{Scope, Tool, ToolError, ToolOutput, ToolSpec};
use crate::words;

/// Estimates the instalments of an item by the shop's table. The price is the item's own: no argument can bring another.
#[derive(Debug)]
pub struct CreditEstimate {
    shop: Shop,
    spec: ToolSpec,
}

/// For which item, and how.
#[derive(Debug, Deserialize, JsonSchema)]
struct Args {
    /// The item's stock code, as `search_stock` gave it.
    code: String,
    /// The down payment in rupiah, if the customer named one: 30 juta is 30000000.
    down_payment: Option<Whole>,
    /// Or the down payment in whole percent of the price, if the customer named one.
    down_payment_percent: Option<Whole>,
    /// For how many months, if the customer said so. Otherwise all terms are given.
    months: Option<Whole>,
}

impl CreditEstimate {
    /// The tool for this shop.
    #[must_use]
    pub fn new(shop: Shop) -> Self {
        let description = "Estimates monthly instalments of one item by the shop's own table. Never calculate instalments \
                           yourself. Tell the assumptions and the note with every estimate; it is no approval.";
        Self { spec: ToolSpec::of::<Args>("credit_estimate", description), shop }
    }
}

#[async_trait::async_trait]
impl Tool for CreditEstimate {
    fn spec(&self) -> &ToolSpec {
        &self.spec
    }

    async fn call(&self, arguments: Value, scope: &Scope) -> Result<ToolOutput, ToolError> {
        let hint =
            "write an object such as {\"code\": \"AV-01\", \"down_payment\": 30000000, \"months\": 36}";
        let args: Args = arguments::read(arguments, hint)?;
        let tenant = self.shop.tenant(scope).await?;
        let item = self.shop.item(scope, &args.code).await?;
        let refused = |why: &str, say: &str| {
            let content = json!({ "refused": why, "code": item.code, "say": say });
            Ok(ToolOutput::new(content).with_facts([Fact::Code(item.code.clone())]))
        };
        let Some(table) = tenant.credit.as_ref().filter(|table| !table.terms.is_empty()) else {
            return refused("no_table", "credits are not estimated here; offer a colleague");
        };
        let Some(price) = item.price.filter(|price| *price > 0) else {
            return refused("no_price", "the price is not known; offer a colleague");
        };
        if item.status == ItemStatus::Sold {
            return refused("sold", "the item is sold");
        }
        let percent = args.down_payment_percent.map(|it| it.0).filter(|it| *it > 0);
        if percent.is_some_and(|percent| percent >= 100) {
            return Err(ToolError::invalid("down_payment_percent must be less than 100"));
        }
        let least = share(price, table.min_down);
        let named = args.down_payment.map(|it| it.0).filter(|it| *it > 0);
        let down = named.or_else(|| percent.map(|it| share(price, it * 100))).unwrap_or(least);
        let title = Fact::Words(words::plain(&item.title, 120));
        let common =
            [Fact::Code(item.code.clone()), title, Fact::Money(price), Fact::Words(table.note.clone())];
        if down < least {
            let content = json!({
                "refused": "down_payment_below_minimum",
                "code": item.code,
                "price_text": rupiah(price),
                "minimum_down_payment": least,
                "minimum_down_payment_text": rupiah(least),
                "minimum_percent": percent_text(table.min_down),
            });
            let facts = [Fact::Money(least), Fact::Percent(table.min_down)];
            return Ok(ToolOutput::new(content).with_facts(common).with_facts(facts));
        }
        if down >= price {
            return Err(ToolError::invalid("the down payment must be less than the price of the item"));
        }
        let months = args.months.map(|it| it.0).filter(|it| *it > 0);
        let terms: Vec<CreditTerm> =
            table.terms.iter().copied().filter(|term| months.is_none_or(|it| term.months == it)).collect();
        if terms.is_empty() {
            let known: Vec<i64> = table.terms.iter().map(|term| term.months).collect();
            let content = json!({ "refused": "no_such_term", "code": item.code, "terms_in_months": known });
            let facts = known.into_iter().map(Fact::Months);
            return Ok(ToolOutput::new(content).with_facts(common).with_facts(facts));
        }
        let (content, facts) = estimate(&item.code, price, down, &terms, table);
        Ok(ToolOutput::new(content).with_facts(common).with_facts(facts))
    }
}

/// The estimates of these terms, and what may be said of them.
fn estimate(
    code: &str,
    price: i64,
    down: i64,
    terms: &[CreditTerm],
    table: &CreditTable,
) -> (Value, Vec<Fact>) {
    let loan = price - down;
    let mut facts = vec![Fact::Money(down), Fact::Money(loan), Fact::Percent(hundredths(down, price))];
    if down == share(price, table.min_down) {
        facts.push(Fact::Percent(table.min_down));
    }
    let mut rows = Vec::new();
    for term in terms {
        let instalment = instalment(loan, *term);
        facts.extend([Fact::Money(instalment), Fact::Months(term.months), Fact::Percent(term.yearly_rate)]);
        rows.push(json!({
            "months": term.months,
            "flat_interest_per_year": percent_text(term.yearly_rate),
            "monthly_instalment": instalment,
            "monthly_instalment_text": rupiah(instalment),
        }));
    }
    let content = json!({
        "estimate": true,
        "code": code,
        "price": price,
        "price_text": rupiah(price),
        "down_payment": down,
        "down_payment_text": rupiah(down),
        "down_payment_percent": percent_text(hundredths(down, price)),
        "loan_text": rupiah(loan),
        "terms": rows,
        "assumptions": [
            "flat interest on the whole loan, by the shop's table",
            "an estimate, no approval: the leasing company decides",
            "fees and insurance are not included",
        ],
        "note": table.note,
    });
    (content, facts)
}

/// What is to be paid every month, rounded up to whole rupiah: the loan and its flat interest over the whole term.
fn instalment(loan: i64, term: CreditTerm) -> i64 {
    let (loan, months) = (i128::from(loan), i128::from(term.months.max(1)));
    // rate is hundredths of a percent a year: 10,000 are the whole, 12 months are a year.
    let interest = loan * i128::from(term.yearly_rate) * months;
    let all = loan * 120_000 + interest;
    let each = 120_000 * months;
    i64::try_from((all + each - 1) / each).unwrap_or(i64::MAX)
}

/// A share in hundredths of one percent of an amount, rounded up to whole rupiah.
fn share(amount: i64, hundredths: i64) -> i64 {
    i64::try_from((i128::from(amount) * i128::from(hundredths) + 9_999) / 10_000).unwrap_or(i64::MAX)
}

/// How much of an amount a part is, in hundredths of one percent, rounded to the nearest.
fn hundredths(part: i64, amount: i64) -> i64 {
    let amount = i128::from(amount.max(1));
    i64::try_from((i128::from(part) * 10_000 + amount / 2) / amount).unwrap_or(i64::MAX)
}

/// Hundredths of one percent as people write them in Indonesia: `12,5%`.
fn percent_text(hundredths: i64) -> String {
    let (whole, rest) = (hundredths / 100, hundredths % 100);
    match rest {
        0 => format!("{whole}%"),
        rest if rest % 10 == 0 => format!("{whole},{}%", rest / 10),
        rest => format!("{whole},{rest:02}%"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instalments_are_whole_rupiah() {
        for (loan, months, rate, expected) in [
            // 120 million, 5 % a year, 36 months: (120 + 18) / 36 million.
            (120_000_000, 36, 500, 3_833_334),
            (100_000_000, 12, 0, 8_333_334),
            (120_000_000, 12, 1_000, 11_000_000),
            (1, 60, 500, 1),
            (i64::MAX / 4, 120, 10_000, 211_368_942_511_255_279),
        ] {
            let each = instalment(loan, CreditTerm::new(months, rate));
            assert_eq!(each, expected, "{loan} {months} {rate}");
        }
    }

    #[test]
    fn shares_and_percents() {
        assert_eq!(share(150_000_000, 2_000), 30_000_000);
        assert_eq!(share(1, 1), 1, "rounded up");
        assert_eq!(hundredths(30_000_000, 150_000_000), 2_000);
        for (hundredths, text) in [(2_000, "20%"), (1_250, "12,5%"), (1_205, "12,05%"), (0, "0%")] {
            assert_eq!(percent_text(hundredths), text);
        }
    }
}
