//! From a thought to what is sent and done.

use std::time::Duration;

use wartel_core::{Locale, Timestamp};

use super::brain::Thought;
use crate::conversation::{Effect, LineAuthor, Part, PartContent};
use crate::key::TurnId;
use crate::lead::LeadEventId;
use crate::render;
use crate::texts;
use crate::tool::Action;

/// For how long an answer is worth sending.
const ANSWER_LIFE: Duration = Duration::from_secs(30 * 60);
/// The longest text of one message, in UTF-16 units, and how many messages one answer may have.
const MAX_TEXT: usize = 4_096;
const MAX_PARTS: usize = 4;
/// How many pictures one answer may have.
const MAX_PHOTOS: usize = 10;

/// What is sent and done.
#[derive(Debug, Clone, Default)]
pub(super) struct Plan {
    pub(super) turn: Option<TurnId>,
    pub(super) parts: Vec<Part>,
    pub(super) effects: Vec<Effect>,
    /// Why a person takes over, and what it is about.
    pub(super) hand_over: Option<(String, String)>,
    /// Nothing true was found: a template answers.
    pub(super) is_fallback: bool,
}

/// What a thought means. Pictures go out before the words that speak of them.
pub(super) fn of(thought: &Thought, turn: TurnId, locale: Locale, now: Timestamp) -> Plan {
    let mut plan = Plan { turn: Some(turn), ..Plan::default() };
    let Some(reply) = &thought.reply else {
        plan.is_fallback = !thought.silent;
        return plan;
    };
    for action in &reply.actions {
        let id = LeadEventId::random();
        match action {
            Action::SendPhotos { photos, .. } => {
                let left = MAX_PHOTOS.saturating_sub(plan.parts.len());
                for photo in photos.iter().take(left) {
                    let mut part = answer("", turn, now);
                    part.content =
                        PartContent::Photo { url: photo.url.clone(), caption: photo.caption.clone() };
                    part.or_else = Some(texts::photos_failed(locale));
                    plan.parts.push(part);
                }
            }
            Action::Book(booking) => {
                plan.effects.push(Effect::LeadBooked { id, booking: booking.clone(), at: now });
            }
            Action::RecordInterest(interest) => {
                plan.effects.push(Effect::LeadTold { id, interest: interest.clone(), at: now });
            }
            Action::HandOver { reason, summary } => {
                plan.hand_over = Some((reason.clone(), summary.clone()));
            }
        }
    }
    if plan.hand_over.is_none() {
        plan.hand_over.clone_from(&thought.hand_over);
    }
    if plan.hand_over.is_some() {
        plan.effects.push(Effect::LeadAskedForPerson { id: LeadEventId::random(), at: now });
    }
    let text = render::markup(&reply.text);
    let text =
        if text.trim().is_empty() && plan.hand_over.is_some() { texts::handed_over(locale) } else { text };
    let texts = render::split(&text, MAX_TEXT);
    plan.parts.extend(texts.into_iter().take(MAX_PARTS).map(|text| answer(&text, turn, now)));
    plan
}

fn answer(text: &str, turn: TurnId, now: Timestamp) -> Part {
    let mut part = Part::text(text, LineAuthor::Assistant, now + ANSWER_LIFE);
    part.turn = Some(turn);
    part
}

/// An automatic notice to the customer.
pub(super) fn notice(text: String, now: Timestamp) -> Part {
    Part::text(text, LineAuthor::Notice, now + ANSWER_LIFE)
}
