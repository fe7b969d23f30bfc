//! Every value of a draft is known, and said of the item that it belongs to.

use crate::fact::{Claim, Context, Fact, Kind, Token, read, tokens};
use crate::responder::Evidence;
use crate::tool::ActionKind;

use super::ground::Ground;
use super::known::{Known, states};
use super::pairing::Pairing;
use super::problem::{Problem, ProblemKind};

/// Words that make an amount the customer's own.
const WISHES: &[&str] = &[
    "budget",
    "budgetnya",
    "bujet",
    "anggaran",
    "dana",
    "bawah",
    "maksimal",
    "max",
    "maks",
    "under",
    "below",
    "range",
    "kisaran",
    "rentang",
    "penawaran",
    "tawaran",
    "offer",
    "dp",
    "muka",
    "cari",
    "mencari",
    "looking",
    "sampai",
    "within",
];

/// Words that make an amount the shop's.
const PRICES: &[&str] = &[
    "harga",
    "harganya",
    "price",
    "priced",
    "jadi",
    "yours",
    "cash",
    "nett",
    "net",
    "costs",
    "cost",
    "total",
    "seharga",
    "bisa",
    "cukup",
    "only",
    "cicilan",
    "angsuran",
    "angsurannya",
    "instalment",
    "bayar",
];

pub(super) fn check(draft: &str, evidence: &Evidence, ground: &Ground<'_>, problems: &mut Vec<Problem>) {
    let context = Context::new(ground.today).with_locale(ground.locale);
    let claims = read(draft, &context);
    let tokens = tokens(draft);
    zones(&tokens, ground, problems);
    if claims.is_empty() {
        return;
    }
    let known = Known::new(evidence, ground);
    let listed = listed(&tokens);
    let pairing = Pairing::new(draft, &tokens, &known, &claims);
    for (at, claim) in claims.iter().enumerate() {
        let said = draft.get(claim.span.clone()).unwrap_or_default();
        if claim.relative && relative(claim, evidence, &known) {
            continue;
        }
        if let Some(what) = judge(draft, claim, at, &known, &pairing) {
            let counted =
                matches!(claim.readings.first(), Some(Fact::Count(count)) if fits(*count, listed, &known));
            let code = claim.readings.is_empty() && known.is_code(&said.to_lowercase());
            if !counted && !code && !in_texts(claim, &tokens, &known, what) {
                problems.push(Problem::new(what, said));
            }
        }
    }
    if let Some(said) = pairing.contradiction() {
        problems.push(Problem::new(ProblemKind::WrongItem { what: "code" }, said));
    }
}

/// What is wrong with a claim by the facts alone.
fn judge(draft: &str, claim: &Claim, at: usize, known: &Known, pairing: &Pairing<'_>) -> Option<ProblemKind> {
    let what = claim.kind();
    let among = |facts: &[Fact]| facts.iter().any(|fact| states(claim, fact));
    if among(&known.general) {
        return None;
    }
    let candidates = if is_of_an_item(claim) { pairing.candidates(at) } else { &[] };
    let of = |subject: usize| known.subjects.get(subject).is_some_and(|subject| among(&subject.facts));
    if candidates.iter().copied().any(of) || candidates.is_empty() && (0..known.subjects.len()).any(of) {
        return None;
    }
    if among(&known.customer) {
        // "Avanza budget 200 juta" repeats a wish; "Avanza harganya 200 juta" would make it a price.
        let subjects = candidates.iter().filter_map(|at| known.subjects.get(*at));
        let has_own = subjects.flat_map(|subject| &subject.facts).any(|fact| fact.kind() == what);
        let before = draft.get(..claim.span.start).unwrap_or_default();
        let clause = before.rsplit(['\n', '.', '!', '?', ',']).next().unwrap_or_default().to_lowercase();
        let says = |any: &[&str]| clause.split(|c: char| !c.is_alphabetic()).any(|word| any.contains(&word));
        let allowed = if what == "money" { says(WISHES) || !has_own && !says(PRICES) } else { !has_own };
        if allowed {
            return None;
        }
    }
    let elsewhere = (0..known.subjects.len()).any(of);
    Some(if elsewhere { ProblemKind::WrongItem { what } } else { ProblemKind::Ungrounded { what } })
}

/// Whether a claim is of a kind that items differ by.
pub(super) fn is_of_an_item(claim: &Claim) -> bool {
    matches!(claim.kind(), "money" | "year" | "kilometres" | "cubic_centimetres")
}

/// Whether the words of a claim stand in a known text as they stand here. A value of the wrong item does not become right
/// by that.
fn in_texts(claim: &Claim, tokens: &[Token<'_>], known: &Known, what: ProblemKind) -> bool {
    let never = matches!(what, ProblemKind::WrongItem { .. }) || claim.is_foreign_money;
    if never || matches!(claim.kind(), "money" | "phone" | "link" | "date") {
        return false;
    }
    let solid: Vec<&Token<'_>> =
        tokens.iter().filter(|token| matches!(token.kind, Kind::Word | Kind::Number)).collect();
    let lower = |token: &&Token<'_>| {
        if token.kind == Kind::Word { token.word.clone() } else { token.text.to_owned() }
    };
    let inside = |token: &&Token<'_>| token.start >= claim.span.start && token.end() <= claim.span.end;
    let Some(first) = solid.iter().position(inside) else { return false };
    let words: Vec<String> = solid.iter().skip(first).take_while(|token| inside(token)).map(lower).collect();
    let before = first.checked_sub(1).and_then(|at| solid.get(at)).map(lower).unwrap_or_default();
    let after = solid.get(first + words.len()).map(lower).unwrap_or_default();
    // "tujuh hari" is in a text that has "7 hari".
    let spoken = claim.number.filter(|_| words.len() > 1).zip(words.last());
    let spoken = spoken.map(|(number, unit)| [number.to_string(), unit.clone()]);
    known.is_in_texts(&words, &before, &after)
        || spoken.is_some_and(|words| known.is_in_texts(&words, &before, &after))
}

/// "besok" is free to say unless a visit is kept: then it must be the day of the visit.
fn relative(claim: &Claim, evidence: &Evidence, known: &Known) -> bool {
    if !evidence.actions.contains(&ActionKind::Book) {
        return true;
    }
    let dates: Vec<&Fact> = evidence.facts.iter().filter(|fact| matches!(fact, Fact::Date(_))).collect();
    let said = |fact: &&&Fact| claim.readings.contains(fact);
    dates.is_empty()
        || dates.iter().any(|fact| said(&fact))
        || known.general.iter().any(|fact| states(claim, fact))
}

/// How many entries the draft itself lists.
fn listed(tokens: &[Token<'_>]) -> usize {
    let mut entries = 0;
    let mut begins = true;
    for (at, token) in tokens.iter().enumerate() {
        let numbered =
            token.kind == Kind::Number && tokens.get(at + 1).is_some_and(|it| matches!(it.text, "." | ")"));
        let bullet = matches!(token.text, "-" | "•" | "*")
            && tokens.get(at + 1).is_some_and(|it| it.kind == Kind::Space);
        if begins && (numbered || bullet) {
            entries += 1;
        }
        begins = token.kind == Kind::Line || begins && token.kind == Kind::Space;
    }
    entries
}

/// Whether so many items were found, or so many entries listed.
fn fits(count: i64, listed: usize, known: &Known) -> bool {
    usize::try_from(count).is_ok_and(|count| count > 0 && (count == listed || count == known.subjects.len()))
}

/// "WITA" of a shop in Jakarta is a wrong time.
fn zones(tokens: &[Token<'_>], ground: &Ground<'_>, problems: &mut Vec<Problem>) {
    let own = match ground.tenant.hours.time_zone.as_str() {
        "Asia/Jakarta" | "Asia/Pontianak" => "wib",
        "Asia/Makassar" => "wita",
        "Asia/Jayapura" => "wit",
        _ => return,
    };
    for token in tokens {
        if matches!(token.word.as_str(), "wib" | "wita" | "wit") && token.word != own && token.text != "wit" {
            problems.push(Problem::new(ProblemKind::Ungrounded { what: "time zone" }, token.text));
        }
    }
}
