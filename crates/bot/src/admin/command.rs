//! Commands of staff, as they were understood. Outside of tests their words have no `Debug`.

use serde::{Deserialize, Serialize};

use crate::lead::{LeadId, LeadStage};

/// A command.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(test, derive(Debug))]
pub(super) enum Command {
    Help,
    Status,
    Usage,
    Audit,
    Bot(bool),
    /// The emergency stop: the assistant off at once.
    Stop,
    /// The words behind the command: a number or a name, and perhaps minutes.
    Pause(Vec<String>),
    Resume(Vec<String>),
    LeadList(Option<LeadStage>),
    LeadShow(String),
    LeadSet(String, LeadStage),
    StockList(Vec<String>),
    StockAdd(NewItem),
    StockPrice(String, i64),
    StockSold(String),
    StockDelete(String),
    Undo,
    Confirm(String),
}

/// What `/stok tambah` says of an item; nothing is checked yet.
#[derive(Clone, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(Debug))]
pub(super) struct NewItem {
    pub(super) code: String,
    pub(super) title: String,
    /// A bare year behind the title.
    pub(super) year: Option<String>,
    pub(super) values: Vec<(String, String)>,
}

/// About which command a short help is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Topic {
    Bot,
    Pause,
    Resume,
    Lead,
    Stock,
    StockAdd,
    StockPrice,
    Confirm,
}

/// Why a line that begins with `/` is no command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake {
    /// There is no such command.
    Unknown,
    /// There is more than one line.
    Lines,
    /// It lacks something, or has too much.
    Form(Topic),
    /// The price is not clear.
    Price,
}

/// A command that waits for its code, with all of its arguments: this, as JSON, is what the code is bound to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub(super) enum Asked {
    LeadSet { lead: LeadId, stage: LeadStage },
    StockPrice { code: String, price: i64 },
    StockSold { code: String },
    StockDelete { code: String },
}

impl Command {
    /// What the audit calls it.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::Help => "help",
            Self::Status => "status",
            Self::Usage => "usage",
            Self::Audit => "audit",
            Self::Bot(true) => "bot.on",
            Self::Bot(false) => "bot.off",
            Self::Stop => "bot.stop",
            Self::Pause(_) => "chat.pause",
            Self::Resume(_) => "chat.resume",
            Self::LeadList(_) => "lead.list",
            Self::LeadShow(_) => "lead.show",
            Self::LeadSet(..) => "lead.set",
            Self::StockList(_) => "stock.list",
            Self::StockAdd(_) => "stock.add",
            Self::StockPrice(..) => "stock.price",
            Self::StockSold(_) => "stock.sold",
            Self::StockDelete(_) => "stock.delete",
            Self::Undo => "undo",
            Self::Confirm(_) => "confirm",
        }
    }

    /// Whether it only reads, so that doing it twice is the same as once.
    pub(super) const fn only_reads(&self) -> bool {
        matches!(
            self,
            Self::Help
                | Self::Status
                | Self::Usage
                | Self::Audit
                | Self::LeadList(_)
                | Self::LeadShow(_)
                | Self::StockList(_)
        )
    }
}

impl Asked {
    /// What the audit calls it.
    pub(super) const fn action(&self) -> &'static str {
        match self {
            Self::LeadSet { .. } => "lead.set",
            Self::StockPrice { .. } => "stock.price",
            Self::StockSold { .. } => "stock.sold",
            Self::StockDelete { .. } => "stock.delete",
        }
    }

    /// To what it is done.
    pub(super) fn target(&self) -> String {
        match self {
            Self::LeadSet { lead, .. } => lead.to_string(),
            Self::StockPrice { code, .. } | Self::StockSold { code } | Self::StockDelete { code } => {
                code.clone()
            }
        }
    }
}
