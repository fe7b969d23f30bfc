//! What a draft says was done is done.

use crate::responder::Evidence;
use crate::tool::ActionKind;

use super::phrases::{Clause, clauses};
use super::problem::{Problem, ProblemKind};

/// Words that claim an action, and the actions one of which must happen.
struct Rule {
    kinds: &'static [ActionKind],
    /// What is done.
    verbs: &'static [&'static str],
    /// To what; empty: the verb says it.
    topics: &'static [&'static str],
}

const RULES: &[Rule] = &[
    Rule {
        kinds: &[ActionKind::SendPhotos],
        verbs: &[
            "kirim",
            "kirimkan",
            "kirimin",
            "dikirim",
            "dikirimkan",
            "terkirim",
            "mengirim",
            "mengirimkan",
            "lampirkan",
            "terlampir",
            "sent",
            "send",
            "sending",
            "attached",
            "attach",
            "attaching",
            "share",
            "shared",
            "sharing",
        ],
        topics: &["foto*", "gambar*", "photo*", "picture*", "pic", "pics", "image*"],
    },
    Rule {
        kinds: &[ActionKind::Book],
        verbs: &[
            "booking",
            "bookingkan",
            "dibooking",
            "terbooking",
            "jadwalkan",
            "dijadwalkan",
            "terjadwal",
            "menjadwalkan",
            "booked",
            "scheduled",
            "scheduling",
            "reservasi",
            "reservasikan",
            "arranged",
            "book",
            "schedule",
            "agendakan",
            "diagendakan",
        ],
        topics: &[],
    },
    Rule {
        kinds: &[ActionKind::RecordInterest, ActionKind::Book, ActionKind::HandOver],
        verbs: &[
            "catat",
            "dicatat",
            "tercatat",
            "mencatat",
            "catatkan",
            "recorded",
            "noted",
            "simpan",
            "disimpan",
            "saved",
            "daftarkan",
            "didaftarkan",
        ],
        topics: &[],
    },
    Rule {
        kinds: &[ActionKind::HandOver],
        verbs: &[
            "hubungkan",
            "dihubungkan",
            "menghubungkan",
            "sambungkan",
            "disambungkan",
            "menyambungkan",
            "teruskan",
            "diteruskan",
            "meneruskan",
            "alihkan",
            "dialihkan",
            "connected",
            "connecting",
            "connect",
            "transferred",
            "transferring",
            "forwarded",
            "forwarding",
            "forward",
            "escalated",
            "handed",
        ],
        topics: &[
            "tim*",
            "sales*",
            "admin*",
            "staf*",
            "staff",
            "team",
            "orang",
            "petugas",
            "colleague*",
            "rekan*",
            "marketing",
            "person",
            "kami",
            "saya",
            "permintaan*",
            "request",
            "manajer",
            "manager",
            "bagian",
        ],
    },
    Rule {
        kinds: &[ActionKind::HandOver, ActionKind::RecordInterest, ActionKind::Book],
        verbs: &[
            "menghubungi",
            "dihubungi",
            "mengabari",
            "menelepon",
            "menelpon",
            "contact",
            "call",
            "reach",
        ],
        topics: &[
            "tim*",
            "sales*",
            "admin*",
            "staf*",
            "staff",
            "team",
            "rekan*",
            "marketing",
            "colleague*",
            "someone",
        ],
    },
];

/// Words with which somebody says that they have done, do, or will do it.
const DOERS: &[&str] = &[
    "sudah",
    "telah",
    "udah",
    "sdh",
    "udh",
    "berhasil",
    "saya",
    "kami",
    "aku",
    "akan",
    "segera",
    "sedang",
    "i",
    "we",
    "ve",
    "been",
    "our",
    "will",
    "now",
    "already",
    "successfully",
    "terkirim",
    "terlampir",
    "terjadwal",
    "berikut",
    "ini",
    "attached",
    "here",
    "terbooking",
    "done",
];

/// Words of done things, which a question does not take back.
const DONE: &[&str] =
    &["sudah", "telah", "udah", "sdh", "udh", "berhasil", "have", "ve", "been", "already", "terkirim"];

/// Words of offers and requests.
const OFFERS: &[&str] = &[
    "bisa", "boleh", "mau", "ingin", "perlu", "silakan", "silahkan", "tolong", "mohon", "apakah", "dapat",
    "berkenan", "minta", "please", "can", "could", "may", "would", "shall", "should", "want", "like", "feel",
    "let", "siap", "bersedia", "bantu", "nanti", "able", "happy", "don", "to", "untuk",
];

/// Verbs of visits that are said of reserved items too: "unit ini sudah dibooking".
const ALSO_OF_ITEMS: &[&str] = &["dibooking", "terbooking", "booked"];

/// Words by which they are about a visit.
const VISITS: &[&str] = &[
    "test",
    "drive",
    "kunjungan",
    "jadwal*",
    "visit",
    "untuk",
    "besok",
    "lusa",
    "jam",
    "tanggal",
    "saya",
    "kami",
    "your",
    "you",
    "i",
    "we",
    "appointment",
];

/// Promises to come back to the customer, which only people can keep.
const COMEBACKS: &[&[&str]] = &[
    &["kami", "saya", "akan", "segera", "tim"],
    &["hubungi", "kabari", "telepon", "telpon", "infokan"],
    &["kakak", "anda", "kak", "kembali", "lagi", "bapak", "ibu"],
];

pub(super) fn check(draft: &str, evidence: &Evidence, problems: &mut Vec<Problem>) {
    for clause in clauses(draft) {
        // "Terima kasih sudah menghubungi tim kami" tells what the customer did.
        if clause.denies() || clause.has(&["terima", "thanks", "thank"]) {
            continue;
        }
        for rule in RULES {
            let Some(at) = clause.words.iter().position(|(word, _)| rule.verbs.contains(&base(word))) else {
                continue;
            };
            let about = rule.topics.is_empty() || clause.has(rule.topics) || topic_fused(&clause, rule);
            let word = clause.words.get(at).map_or("", |(word, _)| word.as_str());
            if ALSO_OF_ITEMS.contains(&word) && !clause.has(VISITS) {
                continue;
            }
            let proven = rule.kinds.iter().any(|kind| evidence.actions.contains(kind));
            if about && !proven && claims(&clause, at) {
                let last = clause.words.len().saturating_sub(1);
                problems.push(Problem::new(ProblemKind::UnprovenAction, clause.piece(draft, 0, last)));
                break;
            }
        }
        let comes_back = [ActionKind::HandOver, ActionKind::RecordInterest, ActionKind::Book];
        let promised = clause.find(COMEBACKS, 1).filter(|_| !clause.question && !clause.conditional);
        if let Some((from, to)) =
            promised.filter(|_| !comes_back.iter().any(|it| evidence.actions.contains(it)))
        {
            problems.push(Problem::new(ProblemKind::UnprovenAction, clause.piece(draft, from, to)));
        }
        // "Berikut fotonya" and "here are the photos" claim without a verb.
        let here = clause.find(&[&["berikut", "ini"], &["foto", "fotonya", "gambarnya"]], 0);
        let here = here.or_else(|| clause.find(&[&["here"], &["photo*", "picture*", "image*"]], 3));
        let done = evidence.actions.contains(&ActionKind::SendPhotos);
        if let Some((from, to)) = here.filter(|_| !done && !clause.question) {
            problems.push(Problem::new(ProblemKind::UnprovenAction, clause.piece(draft, from, to)));
        }
    }
    problems.dedup();
}

/// A word without the endings of talk: "sudah saya catatkan", "kirimnya".
fn base(word: &str) -> &str {
    word.strip_suffix("nya").unwrap_or(word)
}

/// Whether the clause says that it was done, is being done or will be done: not an offer, a request or a condition.
fn claims(clause: &Clause, verb: usize) -> bool {
    let done = clause.has(DONE);
    if done {
        // "Apakah sudah booking?" asks; "yang sudah dibooking" tells of others.
        let asks = clause.question && !clause.has(&["saya", "kami", "aku", "i", "we", "ve"]);
        return !asks && !clause.has(&["apakah", "anda", "kalau", "jika", "yang"]);
    }
    let offered = clause.words.iter().take(verb + 1).any(|(word, _)| OFFERS.contains(&word.as_str()));
    clause.has(DOERS) && !offered && !clause.question && !clause.conditional
}

/// "Saya sambungkan ya" hands over though it names nobody.
fn topic_fused(clause: &Clause, rule: &Rule) -> bool {
    rule.kinds == [ActionKind::HandOver]
        && clause.has(&["sambungkan", "disambungkan", "transferring", "transferred"])
}
