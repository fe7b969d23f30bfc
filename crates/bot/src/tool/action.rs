//! What a tool proposes to do. It happens with the reply, or not at all.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::fact::{ClockTime, Date};

/// A picture of an item.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Photo {
    /// A public `https://` address.
    pub url: String,
    /// The words below it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub caption: Option<String>,
}

/// What somebody wants to come for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum BookingKind {
    /// To look.
    Visit,
    /// To drive.
    TestDrive,
}

/// A visit that a customer asks for, in the shop's time zone. Staff confirm it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Booking {
    /// For what.
    pub kind: BookingKind,
    /// On which day.
    pub date: Date,
    /// At what time.
    pub time: ClockTime,
    /// Which item, by stock code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
}

/// What a customer has told about their plans. What is `None` was not told.
#[derive(Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Interest {
    /// Items, by stock code.
    pub codes: Vec<String>,
    /// What they look for, in a few words: at most 200 characters.
    pub wish: Option<String>,
    /// How much they want to spend, in rupiah.
    pub budget: Option<i64>,
    /// When they want to buy, in a few words: at most 100 characters.
    pub timeline: Option<String>,
    /// How they want to pay: `cash`, `credit`.
    pub payment: Option<String>,
    /// What they want to give in part payment: at most 200 characters.
    pub trade_in: Option<String>,
    /// Their own name, if they gave it: at most 100 characters.
    pub name: Option<String>,
    /// Where they live: at most 100 characters.
    pub city: Option<String>,
}

/// What should happen if the reply goes out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Action {
    /// Send pictures of an item, before the text.
    SendPhotos {
        /// The stock code.
        code: String,
        /// At most 10.
        photos: Vec<Photo>,
    },
    /// Keep a visit that the customer asks for, and tell staff.
    Book(Booking),
    /// Keep what the customer has told about their plans.
    RecordInterest(Interest),
    /// Let a person take over, and tell staff.
    HandOver {
        /// Why, in a few words, for staff.
        reason: String,
        /// What it is about, for staff: at most 1,000 characters.
        summary: String,
    },
}

/// What kind of action; a reply may claim only those that happen with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum ActionKind {
    /// Pictures go out.
    SendPhotos,
    /// A visit is kept.
    Book,
    /// Interest is kept.
    RecordInterest,
    /// A person takes over.
    HandOver,
}

impl Action {
    /// What kind.
    #[must_use]
    pub const fn kind(&self) -> ActionKind {
        match self {
            Self::SendPhotos { .. } => ActionKind::SendPhotos,
            Self::Book(_) => ActionKind::Book,
            Self::RecordInterest(_) => ActionKind::RecordInterest,
            Self::HandOver { .. } => ActionKind::HandOver,
        }
    }
}

impl fmt::Debug for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Action({:?})", self.kind())
    }
}

impl fmt::Debug for Interest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Interest").field("codes", &self.codes).finish_non_exhaustive()
    }
}
