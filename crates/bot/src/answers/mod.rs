//! Answers that need no model: hours, address, phone number, a person, and a greeting that is nothing else.
//!
//! They come from the shop's profile, cost nothing, and are right. A text that asks for anything besides is left alone.

mod questions;
mod texts;

use wartel_core::Locale;

pub use questions::{Question, question};

use crate::fact::Fact;
use crate::responder::{Reply, TurnInput, TurnOutput};
use crate::tenant::Tenant;
use crate::tool::Action;
use crate::tools::opening_facts;

/// The answer to a turn that is one of these questions; `None` if it is another one, or the shop's profile does not tell.
/// A wish for a person is [`TurnOutput::HandOver`].
#[must_use]
pub fn answer(turn: &TurnInput) -> Option<TurnOutput> {
    let (tenant, locale) = (&*turn.tenant, turn.locale);
    let asked = question(&turn.words())?;
    let text = match asked {
        Question::Greeting => texts::greeting(tenant, locale, !turn.history.is_empty()),
        Question::Hours => hours(turn, locale)?,
        Question::Location => {
            let (address, map) = (tenant.address.as_deref(), tenant.map_url.as_deref());
            address.or(map)?;
            texts::location(address, map, locale)
        }
        Question::Contact => contact(tenant, locale)?,
        Question::Person => return Some(hand_over(turn)),
    };
    let mut reply = Reply::new(text, "answers").with_facts(tenant.facts());
    if asked == Question::Hours {
        reply = reply.with_facts(opening_facts(&tenant.hours, tenant.hours.status(turn.now)));
    }
    Some(TurnOutput::Reply(reply))
}

fn hours(turn: &TurnInput, locale: Locale) -> Option<String> {
    let text = turn.tenant.hours.text(locale, turn.now);
    let now = turn.tenant.hours.status_text(locale, turn.now);
    (!text.is_empty()).then(|| texts::hours(&text, &now, locale))
}

fn contact(tenant: &Tenant, locale: Locale) -> Option<String> {
    let phone = tenant.phone.as_ref().map(wartel_core::PhoneNumber::e164);
    phone.or(tenant.website.as_deref())?;
    Some(texts::contact(phone, tenant.website.as_deref(), locale))
}

/// A person takes over, with what the customer wrote as the summary for staff.
pub(crate) fn hand_over(turn: &TurnInput) -> TurnOutput {
    let reason = texts::reason(turn.tenant.locale).to_owned();
    let summary = crate::words::plain(&turn.words(), 1_000);
    let action = Action::HandOver { reason: reason.clone(), summary: summary.clone() };
    let reply = Reply::new(texts::person(turn.locale), "answers")
        .with_facts([Fact::Words(turn.tenant.name.clone())])
        .with_action(action);
    TurnOutput::HandOver { reply, reason, summary }
}
