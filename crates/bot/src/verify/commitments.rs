//! A draft promises nothing that only people of the shop can decide.

use crate::fact::Fact;
use crate::responder::Evidence;

use super::ground::Ground;
use super::known::plain_words;
use super::phrases::clauses;
use super::problem::{Problem, ProblemKind};

type Pattern = &'static [&'static [&'static str]];

const APPROVALS: &[&str] = &[
    "acc",
    "lolos",
    "disetujui",
    "setuju",
    "approve",
    "approved",
    "approval",
    "tembus",
    "cair",
    "diterima",
    "goal",
];
const SURE: &[&str] = &["pasti", "dijamin", "jamin", "dipastikan", "pastikan", "menjamin", "terjamin"];
const REBATES: &[&str] = &["diskon*", "potongan*", "discount*", "cashback*", "korting*"];

/// Promises, with how many words may stand between two of a pattern.
const PROMISES: &[(Pattern, usize)] = &[
    (&[SURE, APPROVALS], 4),
    (&[APPROVALS, SURE], 3),
    (&[&["100"], APPROVALS], 2),
    (&[APPROVALS, &["100"]], 2),
    (&[SURE, &["dapat", "dapet", "untung", "murah", "termurah", "mulus", "aman", "puas", "cocok"]], 2),
    (&[&["dijamin", "jaminan", "garansi"], &["termurah", "uang", "seumur"]], 2),
    (&[&["guarantee", "guaranteed", "guarantees", "promise", "promised"]], 0),
    (&[&["saya", "kami", "aku", "bisa"], &["kasih", "beri", "berikan", "tambahkan", "kasihkan"], REBATES], 2),
    (&[&["dapat", "mendapat", "mendapatkan", "dapet"], REBATES], 1),
    (&[REBATES, &["pasti", "sudah", "langsung", "khusus", "spesial"]], 2),
    (&[&["i", "we", "ll"], &["give", "offer", "apply", "knock"], REBATES], 5),
    (&[&["nego*"], SURE, &["bisa"]], 2),
    (&[&["nego*"], SURE], 1),
    (&[SURE, &["bisa"], &["nego*", "turun*"]], 2),
    (&[&["harga*"], SURE, &["turun*", "bisa"]], 2),
    (
        &[
            &["saya", "kami", "aku"],
            &["tahan", "tahankan", "keep", "hold", "simpankan", "amankan", "keepkan"],
        ],
        2,
    ),
    (&[&["unit*", "mobil*"], &["saya", "kami", "sudah"], &["tahan*", "keep", "amankan", "hold"]], 2),
    (
        &[
            &["i", "we", "ll", "ve"],
            &["hold", "reserve", "reserved", "held", "keep"],
            &["car", "unit", "it", "this", "vehicle"],
        ],
        3,
    ),
    (&[&["price"], &["locked", "fixed"]], 3),
    (&[&["buyback", "refund", "refunded"], SURE], 3),
    (&[&["uang"], &["kembali"], &["100", "penuh", "pasti"]], 2),
];

/// Words that make a deal.
const DEALS: &[(Pattern, usize)] = &[
    (&[&["legally"], &["binding"]], 1),
    (&[&["binding"], &["offer", "agreement", "contract", "deal"]], 1),
    (&[&["takesies", "backsies"]], 0),
    (&[&["mengikat"], &["hukum", "secara", "kedua"]], 2),
    (&[&["sah"], &["secara"], &["hukum"]], 1),
    (&[&["tidak", "tak"], &["dibatalkan"]], 2),
    (&[&["it", "that", "s", "have"], &["deal"]], 2),
    (
        &[
            &["deal", "sepakat"],
            &["ya", "kak", "pak", "bu", "bos", "done", "harga", "di", "dengan", "then", "at", "for"],
        ],
        0,
    ),
    (&[&["harga", "oke", "ok", "baik", "siap", "kita", "kami"], &["deal"]], 1),
    (&[&["sold"], &["you"]], 1),
    (&[&["mobil*", "unit*"], &["resmi", "jadi"], &["milik*"]], 2),
];

pub(super) fn check(draft: &str, evidence: &Evidence, ground: &Ground<'_>, problems: &mut Vec<Problem>) {
    let found = |facts: &Fact| match facts {
        Fact::Words(words) => Some(plain_words(words)),
        _ => None,
    };
    let mut allowed: Option<Vec<Vec<String>>> = None;
    for clause in clauses(draft) {
        let mut say = |patterns: &[(Pattern, usize)], kind: ProblemKind| {
            for (pattern, gap) in patterns {
                let Some((from, to)) = clause.find(pattern, *gap) else { continue };
                // A denial behind it counts too: "diskon belum bisa kami pastikan".
                let inner = (from..=to).any(|at| clause.denied(at));
                let denial_is_part = pattern.first().is_some_and(|first| first.contains(&"tidak"));
                // "A great deal" binds nobody.
                let praised = ["great", "good", "best", "better", "nice", "fair"];
                let words = clause.words.get(from.saturating_sub(1)..to).unwrap_or_default();
                if words.iter().any(|(word, _)| praised.contains(&word.as_str())) {
                    continue;
                }
                if inner && !denial_is_part || clause.question {
                    continue;
                }
                let said: Vec<String> = clause
                    .words
                    .get(from..=to)
                    .unwrap_or_default()
                    .iter()
                    .map(|(word, _)| word.clone())
                    .collect();
                let policies = allowed.get_or_insert_with(|| {
                    let texts = ground.tenant.policies.iter().chain(ground.sentences);
                    texts
                        .map(|text| plain_words(text))
                        .chain(evidence.facts.iter().filter_map(found))
                        .collect()
                });
                if !policies.iter().any(|policy| policy.windows(said.len()).any(|window| window == said)) {
                    problems.push(Problem::new(kind, clause.piece(draft, from, to)));
                    return;
                }
            }
        };
        say(DEALS, ProblemKind::BindingDeal);
        say(PROMISES, ProblemKind::Commitment);
        // "Deal!" alone.
        let alone =
            clause.words.len() <= 2 && clause.has(&["deal", "dealt"]) && !clause.question && !clause.denies();
        if alone && !problems.iter().any(|problem| problem.kind() == ProblemKind::BindingDeal) {
            problems
                .push(Problem::new(ProblemKind::BindingDeal, clause.piece(draft, 0, clause.words.len() - 1)));
        }
    }
}
