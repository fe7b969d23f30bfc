//! Plays the assistant of a shop of used cars by rules: calls the tools that fit, and says what their results say.

mod args;
mod criteria;
mod facts;
mod goal;
mod money;
mod repair;
mod say;
mod schema;
mod tools;
mod turn;
mod when;
mod wish;
mod words;

use serde_json::Value;
use wartel_core::Timestamp;

use self::args::Given;
use self::criteria::Criteria;
use self::facts::Car;
use self::goal::Goal;
use self::say::Voice;
use self::tools::Kind;
pub(super) use self::turn::Turn;
use self::wish::Wish;
use super::answer::Answer;
use super::prompt::{Choice, Format, Prompt, ToolSpec};

/// What a model that thinks puts before each answer: about as much as a real one spends on a greeting.
const THOUGHTS: &str = "The customer of a shop of used cars has written. First I look at what they want: a car, photos, \
a price, a visit, or a person to talk to. Then I look at the tools that I was given, because I must not make anything \
up: each price, year and distance has to come from a result. If a tool fits I call it with what the customer said and \
with nothing else. If it has answered already I read its result and say it in a few short sentences, in the language \
of the customer, without headings or tables, because this is WhatsApp. If I do not know something I say so and offer \
to ask the team. I promise no discount, no approval and no reservation, and I do not say that anything was sent or \
booked unless a result says so. At the end one short question helps the customer to go on. I should also keep it \
polite and to the point, and then write the answer.";

/// How often a tool is called in one turn: once, and once more if it did not like its arguments.
const MAX_CALLS: usize = 2;

/// Answers a request; `now` tells which day `besok` is, if the system text names no day.
pub(super) fn answer(prompt: &Prompt, now: Timestamp) -> Answer {
    let turn = Turn::of(prompt);
    let wish = wish(prompt, &turn, now);
    let mut answer = match (turn.note, call(prompt, &turn, &wish)) {
        (None, Some(call)) => call,
        (note, _) => {
            let text = text(&turn, &wish);
            let text = match note {
                Some(note) => repair::without(&text, note).unwrap_or_else(|| voice(&wish).unsure()),
                None => text,
            };
            Answer::text(formatted(prompt, &text, wish.goal))
        }
    };
    if prompt.thinking {
        answer.reasoning = THOUGHTS.to_owned();
    }
    answer
}

/// The call that the assistant would make, or a made-up one of the first tool. For faults that need a call.
pub(super) fn any_call(prompt: &Prompt, now: Timestamp) -> Option<Answer> {
    let turn = Turn::of(prompt);
    let wish = wish(prompt, &turn, now);
    call(prompt, &turn, &wish).or_else(|| Some(called(prompt.tools.first()?, &turn, &wish)))
}

fn wish(prompt: &Prompt, turn: &Turn<'_>, now: Timestamp) -> Wish {
    let named = prompt.system.split(|c: char| !(c.is_ascii_digit() || c == '-')).find_map(when::parse_day);
    // Where no day is named it is the one in western Indonesia, seven hours ahead.
    let today =
        named.unwrap_or_else(|| (now.as_micros().div_euclid(1_000_000) + 7 * 3_600).div_euclid(86_400));
    let mut wish = Wish::of(&turn.customer, today);
    let earlier: Vec<Wish> = turn.earlier_customer().take(6).map(|text| Wish::of(&text, today)).collect();
    wish.english = wish.english.or_else(|| earlier.iter().find_map(|earlier| earlier.english));
    wish.name = wish.name.or_else(|| earlier.iter().find_map(|earlier| earlier.name.clone()));
    // `yang matic saja` goes on with the search before it; another model begins a new one.
    if wish.criteria.model.is_none() && wish.criteria.make.is_none() && !wish.lists {
        let before = earlier.iter().map(|earlier| &earlier.criteria).find(|criteria| !criteria.is_empty());
        wish.criteria.inherit(before.unwrap_or(&Criteria::default()));
    }
    if wish.agrees {
        wish.goal = offered(turn).unwrap_or(wish.goal);
    }
    wish
}

/// What the assistant offered last, for a customer who says yes.
fn offered(turn: &Turn<'_>) -> Option<Goal> {
    let said = turn.last_said()?.to_lowercase();
    let question = said.rsplit(['\n', '.', '!']).find(|part| part.contains('?'))?.to_owned();
    let offers = [
        (Goal::Photos, ["foto", "photos"]),
        (Goal::Visit, ["lihat langsung", "come and see"]),
        (Goal::Human, ["tim kami", "our team"]),
        (Goal::Human, ["sambungkan", "connect you"]),
    ];
    offers.iter().find(|(_, words)| words.iter().any(|word| question.contains(word))).map(|(goal, _)| *goal)
}

fn voice(wish: &Wish) -> Voice {
    Voice { english: wish.english.unwrap_or(false) }
}

/// What the assistant says with the results that there are.
fn text(turn: &Turn<'_>, wish: &Wish) -> String {
    let voice = voice(wish);
    let Some(last) = turn.steps.last() else { return voice.plain(wish.goal, turn) };
    // The last tool is what the customer waits for; a search before it was only the way.
    voice.result(Kind::of(&last.tool), &last.result, wish)
}

/// The text in the form that was asked for.
fn formatted(prompt: &Prompt, text: &str, goal: Goal) -> String {
    let word = format!("{goal:?}").to_lowercase();
    match &prompt.format {
        Format::Text => text.to_owned(),
        Format::Object => schema::object(text).to_string(),
        Format::Schema(schema) => schema::filled(schema, text, &word).to_string(),
    }
}

/// The next call, if one is to be made.
fn call(prompt: &Prompt, turn: &Turn<'_>, wish: &Wish) -> Option<Answer> {
    let open = |tool: &&ToolSpec| is_open(turn, tool);
    match &prompt.choice {
        Choice::Never => return None,
        Choice::Forced(name) => {
            let forced = prompt.tools.iter().find(|tool| tool.name == *name);
            return forced.map(|tool| called(tool, turn, wish));
        }
        Choice::Required | Choice::Auto => {}
    }
    let fitting = next_tool(prompt, turn, wish).filter(open);
    let required = prompt.choice == Choice::Required && turn.steps.is_empty();
    let tool = fitting.or_else(|| prompt.tools.first().filter(|_| required))?;
    Some(called(tool, turn, wish))
}

/// Whether a tool may be called in this turn: not yet, or once more because of its arguments.
fn is_open(turn: &Turn<'_>, tool: &ToolSpec) -> bool {
    let results = turn.results(&tool.name);
    results.len() < MAX_CALLS && results.iter().all(|result| facts::blames_arguments(result))
}

fn called(tool: &ToolSpec, turn: &Turn<'_>, wish: &Wish) -> Answer {
    let car = meant(turn, wish);
    let code = car.as_ref().and_then(|car| car.code.as_deref());
    let price = car.as_ref().and_then(|car| car.rupiah);
    Answer::call(&tool.name, &args::arguments(tool, Given { wish, code, price }))
}

/// The tool that brings the customer's wish forward.
fn next_tool<'p>(prompt: &'p Prompt, turn: &Turn<'_>, wish: &Wish) -> Option<&'p ToolSpec> {
    // What was told of plans is kept before anything is looked for.
    let told = wish.goal == Goal::Search && wish.criteria.max_price.is_some();
    if told && (wish.payment.is_some() || wish.timeline.is_some()) {
        let interest = Kind::Interest.among(prompt).filter(|tool| turn.results(&tool.name).is_empty());
        if interest.is_some() {
            return interest;
        }
    }
    let kind = match wish.goal {
        Goal::Search if wish.criteria.is_empty() && !wish.lists => return None,
        Goal::Search => Kind::Search,
        Goal::Details => Kind::Details,
        Goal::Photos => Kind::Photos,
        Goal::Credit => Kind::Credit,
        Goal::Visit if wish.date.is_none() && wish.time.is_none() => return None,
        Goal::Visit => Kind::Visit,
        Goal::Profile => Kind::Profile,
        Goal::Interest => Kind::Interest,
        Goal::Human => Kind::Human,
        Goal::Greet | Goal::Haggle | Goal::Thanks | Goal::OffTopic | Goal::Unknown => return None,
    };
    let tool = kind.among(prompt)?;
    let about_a_car = matches!(kind, Kind::Details | Kind::Photos | Kind::Credit) || args::needs_code(tool);
    if !about_a_car || meant(turn, wish).is_some() {
        return Some(tool);
    }
    // Which car it is, a search may tell.
    let search = Kind::Search.among(prompt)?;
    (!wish.criteria.is_empty() && is_open(turn, search)).then_some(search)
}

/// The car that the customer means, as far as it is clear.
fn meant(turn: &Turn<'_>, wish: &Wish) -> Option<Car> {
    let found = turn.cars();
    let before = turn.cars_before();
    let known: Vec<&Car> = found.iter().chain(&before).filter(|car| car.code.is_some()).collect();
    let lower = wish.text.to_lowercase();
    let by_code = |car: &&&Car| {
        car.code.as_ref().is_some_and(|code| code.len() > 2 && lower.contains(&code.to_lowercase()))
    };
    if let Some(car) = known.iter().find(by_code) {
        return Some((*car).clone());
    }
    if let Some(code) = wish.codes.first() {
        return Some(Car { code: Some(code.clone()), ..Car::default() });
    }
    if let Some(ordinal) = wish.ordinal {
        return before.get(ordinal).or_else(|| found.get(ordinal)).cloned();
    }
    // A search of this turn was made for the car that is meant.
    if let Some(first) = found.iter().find(|car| car.code.is_some()) {
        return Some(first.clone());
    }
    if let Some(model) = Wish::of(&wish.text, 0).criteria.model {
        let named = |car: &&&Car| words::plain(&car.title).contains(&words::plain(model));
        return known.iter().find(named).map(|car| (*car).clone());
    }
    match known.as_slice() {
        [only] => Some((*only).clone()),
        _ => None,
    }
}

/// All texts that an attacker can write: the customer's, and those in the results of tools.
pub(super) fn untrusted(turn: &Turn<'_>) -> Vec<String> {
    let mut texts = vec![turn.customer.clone()];
    turn.steps.iter().for_each(|step| strings(&step.result, &mut texts));
    texts
}

fn strings(value: &Value, texts: &mut Vec<String>) {
    match value {
        Value::String(text) => texts.push(text.clone()),
        Value::Array(list) => list.iter().for_each(|item| strings(item, texts)),
        Value::Object(object) => object.values().for_each(|item| strings(item, texts)),
        _ => {}
    }
}
