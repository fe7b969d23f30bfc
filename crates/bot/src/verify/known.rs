//! Everything that a reply may state, gathered once for a draft.

use std::collections::BTreeSet;

use crate::fact::{Claim, Context, Fact, Kind, read, tokens};
use crate::responder::{Evidence, FactGroup};
use crate::tenant::Hours;

use super::ground::Ground;

/// The facts about one item and the words that name it.
#[derive(Debug)]
pub(super) struct Subject {
    /// Its stock code in small letters.
    pub(super) code: String,
    /// The words of its titles in small letters, numbers too.
    pub(super) title: BTreeSet<String>,
    /// What is known of it.
    pub(super) facts: Vec<Fact>,
}

/// Everything that a reply may state.
#[derive(Debug)]
pub(super) struct Known {
    /// Of the shop, and of no item.
    pub(super) general: Vec<Fact>,
    /// Of items.
    pub(super) subjects: Vec<Subject>,
    /// What the customer said.
    pub(super) customer: Vec<Fact>,
    /// Texts as words and numbers in small letters, for digits that belong to names.
    texts: Vec<Vec<String>>,
}

impl Known {
    pub(super) fn new(evidence: &Evidence, ground: &Ground<'_>) -> Self {
        let context = Context::new(ground.today).with_locale(ground.locale);
        let mut texts = Vec::new();
        let mut general = Vec::new();
        let tenant = ground.tenant;
        let profile =
            [Some(&tenant.name), tenant.address.as_ref(), tenant.map_url.as_ref(), tenant.website.as_ref()];
        let profile = profile.into_iter().flatten().chain(&tenant.policies).chain(ground.sentences);
        let note = tenant.credit.iter().map(|credit| &credit.note);
        for text in profile.chain(note).filter(|text| !text.is_empty()) {
            general.extend(facts_of(text, &context));
            texts.push(plain_words(text));
        }
        general.extend(tenant.map_url.iter().chain(&tenant.website).cloned().map(Fact::Link));
        general.extend(tenant.phone.iter().cloned().map(Fact::Phone));
        general.extend(hours(&tenant.hours));
        general.push(Fact::Date(ground.today));
        if let Some(credit) = &tenant.credit {
            general.push(Fact::Percent(credit.min_down));
            for term in &credit.terms {
                general.extend([Fact::Months(term.months), Fact::Percent(term.yearly_rate)]);
            }
        }
        let inferred;
        let groups = if evidence.groups.is_empty() {
            inferred = FactGroup::of(&evidence.facts);
            &inferred
        } else {
            &evidence.groups
        };
        let mut subjects: Vec<Subject> = Vec::new();
        for group in groups {
            let code = group.facts.iter().find_map(|fact| match fact {
                Fact::Code(code) => Some(code.to_lowercase()),
                _ => None,
            });
            let Some(code) = code else { continue };
            let at = subjects.iter().position(|subject| subject.code == code).unwrap_or_else(|| {
                subjects.push(Subject { code, title: BTreeSet::new(), facts: Vec::new() });
                subjects.len() - 1
            });
            let Some(subject) = subjects.get_mut(at) else { continue };
            for fact in &group.facts {
                if let Fact::Words(words) = fact {
                    subject.facts.extend(facts_of(words, &context));
                    // The title is short; what the shop says about an item names other things too.
                    if subject.title.is_empty() {
                        subject.title.extend(plain_words(words).into_iter().take(12));
                    }
                }
                subject.facts.push(fact.clone());
            }
        }
        for fact in &evidence.facts {
            if let Fact::Words(words) = fact {
                texts.push(plain_words(words));
            }
            if !groups.iter().any(|group| group.facts.contains(fact)) {
                if let Fact::Words(words) = fact {
                    general.extend(facts_of(words, &context));
                }
                general.push(fact.clone());
            }
        }
        texts.push(plain_words(ground.customer));
        Self { general, subjects, customer: facts_of(ground.customer, &context), texts }
    }

    /// Whether digits stand in a known text, next to the word that they stand next to here. `before` and `after` are the
    /// words around them.
    pub(super) fn is_in_texts(&self, claim: &[String], before: &str, after: &str) -> bool {
        let Some(first) = claim.first() else { return false };
        self.texts.iter().any(|text| {
            text.iter().enumerate().filter(|(_, word)| *word == first).any(|(at, _)| {
                let end = at + claim.len();
                let same = text.get(at..end) == Some(claim);
                let near = |at: Option<usize>, word: &str| {
                    !word.is_empty() && at.and_then(|at| text.get(at)).is_some_and(|it| it == word)
                };
                same && (claim.len() > 1 || near(at.checked_sub(1), before) || near(Some(end), after))
            })
        })
    }

    /// Whether a lone piece of digits is a stock code.
    pub(super) fn is_code(&self, text: &str) -> bool {
        self.subjects.iter().any(|subject| subject.code == text)
    }
}

/// Words and numbers of a text in small letters.
pub(super) fn plain_words(text: &str) -> Vec<String> {
    tokens(text)
        .into_iter()
        .filter_map(|token| match token.kind {
            Kind::Word => Some(token.word),
            Kind::Number => Some(token.text.to_owned()),
            _ => None,
        })
        .collect()
}

fn facts_of(text: &str, context: &Context) -> Vec<Fact> {
    read(text, context).into_iter().filter(|claim| !claim.relative).flat_map(|claim| claim.readings).collect()
}

fn hours(hours: &Hours) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (from, to) in hours.week.iter().chain(hours.exceptions.values()).flat_map(|day| &day.0) {
        facts.extend([Fact::Time(*from), Fact::Time(*to)]);
    }
    for date in hours.exceptions.keys() {
        facts.extend(crate::fact::Date::parse(date).ok().map(Fact::Date));
    }
    facts
}

/// Whether a claim states a fact: the same value in the same unit, or near it if that was said.
pub(super) fn states(claim: &Claim, fact: &Fact) -> bool {
    let near = |said: i64, truth: i64| match claim.about {
        Some(about) => (said - about.below.max(0)..=said.saturating_add(about.above)).contains(&truth),
        None => said == truth,
    };
    claim.readings.iter().any(|reading| match (reading, fact) {
        (Fact::Money(said), Fact::Money(truth))
        | (Fact::Kilometres(said), Fact::Kilometres(truth))
        | (Fact::Percent(said), Fact::Percent(truth)) => near(*said, *truth),
        // "1.5" is how an engine of 1,496 cc is called.
        (Fact::CubicCentimetres(said), Fact::CubicCentimetres(truth)) => {
            said == truth || said % 100 == 0 && (said - 50..said + 50).contains(truth)
        }
        (Fact::Code(said), Fact::Code(truth)) => said.eq_ignore_ascii_case(truth),
        (Fact::Link(said), Fact::Link(truth)) => same_link(said, truth),
        // A chat link holds the number.
        (Fact::Link(said), Fact::Phone(phone)) => {
            let tail = bare_link(said);
            tail.strip_prefix("wa.me/").is_some_and(|rest| rest.trim_start_matches('+') == phone.digits())
        }
        (said, truth) => said == truth,
    })
}

fn bare_link(link: &str) -> String {
    let lower = link.to_lowercase();
    let rest = lower.strip_prefix("https://").or_else(|| lower.strip_prefix("http://")).unwrap_or(&lower);
    rest.strip_prefix("www.").unwrap_or(rest).trim_end_matches('/').to_owned()
}

/// Whether two links are one: the host in any case, the path as it is written.
fn same_link(a: &str, b: &str) -> bool {
    let path = |link: &str| {
        let rest = link.split_once("://").map_or(link, |(_, rest)| rest);
        rest.split_once('/').map_or("", |(_, path)| path).trim_end_matches('/').to_owned()
    };
    bare_link(a) == bare_link(b) && path(a) == path(b)
}
