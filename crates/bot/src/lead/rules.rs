//! What an event does to a lead: a pure function, so that stores only load and save.

use super::{Lead, LeadChange, LeadEvent, LeadId, LeadNews, LeadStage};
use crate::tool::Interest;

/// How many events a lead remembers.
const TAKEN: usize = 64;
/// How many items a lead remembers.
const CODES: usize = 20;
/// How many visits a lead remembers.
const BOOKINGS: usize = 20;

/// What becomes of the open lead of a customer. `None`: there is no lead, and this event opens none.
#[must_use]
pub fn apply(open: Option<Lead>, event: &LeadEvent) -> Option<LeadChange> {
    let opened = open.is_none();
    let mut lead = match open {
        Some(lead) => lead,
        None if matches!(event.news, LeadNews::StageSet(_)) => return None,
        None => fresh(event),
    };
    if lead.taken.contains(&event.id) {
        return Some(LeadChange { lead, opened: false, stage_before: None, repeated: true });
    }
    let before = lead.stage;
    match &event.news {
        LeadNews::Wrote { phone, name } => {
            lead.messages = lead.messages.saturating_add(1);
            lead.last_contact_at = lead.last_contact_at.max(event.at);
            lead.account = event.account.clone();
            if phone.is_some() {
                lead.phone.clone_from(phone);
            }
            if lead.name.is_none() {
                lead.name.clone_from(name);
            }
        }
        LeadNews::Told(told) => {
            merge(&mut lead, told);
        }
        LeadNews::Booked(booking) => {
            if !lead.bookings.contains(booking) && lead.bookings.len() < BOOKINGS {
                lead.bookings.push(booking.clone());
            }
            rise(&mut lead, LeadStage::Booked);
        }
        LeadNews::AskedForPerson => rise(&mut lead, LeadStage::Interested),
        LeadNews::StageSet(stage) => {
            lead.stage = *stage;
            lead.closed_at = stage.is_closed().then_some(event.at);
        }
    }
    if !matches!(event.news, LeadNews::StageSet(_)) {
        let known = known_stage(&lead);
        rise(&mut lead, known);
    }
    lead.score = score(&lead);
    lead.taken.push(event.id);
    let excess = lead.taken.len().saturating_sub(TAKEN);
    lead.taken.drain(..excess);
    let stage_before = (before != lead.stage).then_some(before);
    Some(LeadChange { lead, opened, stage_before, repeated: false })
}

fn fresh(event: &LeadEvent) -> Lead {
    Lead {
        id: LeadId::sequential(),
        tenant: event.tenant.clone(),
        contact: event.contact,
        account: event.account.clone(),
        phone: None,
        name: None,
        stage: LeadStage::New,
        score: 0,
        interest: Interest::default(),
        bookings: Vec::new(),
        messages: 0,
        created_at: event.at,
        last_contact_at: event.at,
        closed_at: None,
        taken: Vec::new(),
    }
}

/// By itself a stage only rises, and never out of the hands of people.
fn rise(lead: &mut Lead, to: LeadStage) {
    if !lead.stage.is_closed() {
        lead.stage = lead.stage.max(to);
    }
}

/// What was told replaces what was told before; what was not told changes nothing.
fn merge(lead: &mut Lead, told: &Interest) {
    let known = &mut lead.interest;
    for code in &told.codes {
        known.codes.retain(|other| other != code);
        known.codes.push(code.clone());
    }
    let excess = known.codes.len().saturating_sub(CODES);
    known.codes.drain(..excess);
    for (mine, new) in [
        (&mut known.wish, &told.wish),
        (&mut known.timeline, &told.timeline),
        (&mut known.payment, &told.payment),
        (&mut known.trade_in, &told.trade_in),
        (&mut known.name, &told.name),
        (&mut known.city, &told.city),
    ] {
        if new.is_some() {
            mine.clone_from(new);
        }
    }
    known.budget = told.budget.or(known.budget);
    if told.name.is_some() {
        lead.name.clone_from(&told.name);
    }
}

fn known_stage(lead: &Lead) -> LeadStage {
    let it = &lead.interest;
    let what = it.budget.is_some() || !it.codes.is_empty();
    let how = it.timeline.is_some() || it.payment.is_some();
    match (what, how, it.wish.is_some() || it.trade_in.is_some()) {
        (true, true, _) => LeadStage::Qualified,
        (false, false, false) => LeadStage::New,
        _ => LeadStage::Interested,
    }
}

/// How promising a lead is: what is known of it, and that it keeps writing.
fn score(lead: &Lead) -> u8 {
    let it = &lead.interest;
    let mut points = u64::min(lead.messages, 10);
    for (known, weight) in [
        (it.budget.is_some(), 20),
        (!it.codes.is_empty(), 15),
        (it.timeline.is_some(), 15),
        (it.payment.is_some(), 10),
        (it.trade_in.is_some(), 5),
        (!lead.bookings.is_empty(), 25),
    ] {
        points += if known { weight } else { 0 };
    }
    u8::try_from(points.min(100)).unwrap_or(100)
}
