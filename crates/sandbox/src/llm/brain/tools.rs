//! Which of the tools that are offered does what.

use crate::llm::prompt::{Prompt, ToolSpec};

/// What a tool is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Search,
    Details,
    Photos,
    Profile,
    Credit,
    Visit,
    Interest,
    Human,
}

/// Their names, then the parts by which other names are known.
const KINDS: [(Kind, &str, &[&str]); 8] = [
    (Kind::Search, "search_stock", &["search", "find_car", "list_car", "inventory"]),
    (Kind::Details, "car_details", &["detail"]),
    (Kind::Photos, "send_photos", &["photo", "foto", "image"]),
    (Kind::Profile, "shop_profile", &["profile", "shop_info", "address", "opening_hours"]),
    (Kind::Credit, "credit_estimate", &["credit", "kredit", "loan", "installment"]),
    (Kind::Visit, "book_visit", &["visit", "test_drive", "booking", "appointment"]),
    (Kind::Interest, "record_interest", &["interest", "lead"]),
    (Kind::Human, "hand_over", &["hand_over", "handover", "handoff", "human", "escalate"]),
];

impl Kind {
    /// What a tool of this name is for.
    pub(super) fn of(name: &str) -> Option<Self> {
        let exact = KINDS.iter().find(|(_, known, _)| *known == name);
        let like = || KINDS.iter().find(|(_, _, parts)| parts.iter().any(|part| name.contains(part)));
        exact.or_else(like).map(|(kind, ..)| *kind)
    }

    /// The tool that is offered for it.
    pub(super) fn among(self, prompt: &Prompt) -> Option<&ToolSpec> {
        prompt.tools.iter().find(|tool| Self::of(&tool.name) == Some(self))
    }
}
