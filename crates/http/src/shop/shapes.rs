//! What the routes of the shop answer with.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;
use wartel_bot::catalogue::{Attribute, ImportReport, Item};
use wartel_bot::console::{BotStatus, ItemPage, Usage, UsageWindow};
use wartel_bot::conversation::{Chat, Line, LineAuthor, LineOutcome, PauseBy};
use wartel_bot::lead::Lead;
use wartel_bot::tenant::{OpenStatus, Tenant};
use wartel_core::{Locale, PhoneNumber, Timestamp};

/// The profile of a shop.
///
/// `name`, `phone`, `address`, `map_url`, `website`, `hours` (`time_zone`, `week` from Monday on, `exceptions` by day),
/// `locale`, `tone`, `trade`, `policies`, `staff` (`phone`, `name`, `notified`), `bot` (how the assistant behaves:
/// `enabled`, `burst_window_ms`, `burst_cap_ms`, `handoff_minutes`, `answers_when_closed`, `day_budget`, `month_budget`,
/// `answers_per_customer_hour`, `answers_per_minute`, `stale_minutes`) and `credit` (`min_down`, `terms`, `note`). Numbers of
/// phones are `+6281234567890`; budgets are in millionths of a US dollar.
#[derive(Serialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = Object)]
pub(super) struct ShopDocument(Tenant);

impl From<Tenant> for ShopDocument {
    fn from(shop: Tenant) -> Self {
        Self(shop)
    }
}

/// How the assistant stands.
#[derive(Serialize, ToSchema)]
pub(super) struct BotState {
    /// Whether it answers at all.
    enabled: bool,
    /// The revision of the profile, in which that stands; the number in `ETag`.
    version: u64,
    /// In how many chats it is silent now: at most 500 are counted.
    paused_chats: usize,
    /// `open` or `closed` now; absent if the hours are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "open")]
    hours: Option<&'static str>,
    /// When the shop opens or closes next (RFC 3339); absent if that is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    hours_until: Option<String>,
}

impl From<BotStatus> for BotState {
    fn from(status: BotStatus) -> Self {
        let (hours, until) = match status.hours {
            OpenStatus::Open { until } => (Some("open"), until),
            OpenStatus::Closed { opens_at } => (Some("closed"), opens_at),
            _ => (None, None),
        };
        Self {
            enabled: status.enabled,
            version: status.version.as_u64(),
            paused_chats: status.paused_chats,
            hours,
            hours_until: until.map(Timestamp::to_rfc3339),
        }
    }
}

/// What models cost in a day or a month.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageOf {
    /// Which one.
    #[schema(example = "2026-12-31")]
    name: String,
    /// How much it may be at the most, in millionths of a US dollar.
    cap: u64,
    /// What calls have cost, in millionths of a US dollar.
    spent: u64,
    /// What calls under way may cost at the most, in millionths of a US dollar.
    reserved: u64,
    /// How many calls there were.
    calls: u64,
    /// How many tokens they used.
    tokens: u64,
}

impl From<UsageWindow> for UsageOf {
    fn from(window: UsageWindow) -> Self {
        let spent = window.spent;
        Self {
            name: window.name,
            cap: window.cap,
            spent: spent.settled,
            reserved: spent.reserved,
            calls: spent.calls,
            tokens: spent.tokens,
        }
    }
}

/// What models cost the shop.
#[derive(Serialize, ToSchema)]
pub(super) struct UsageReport {
    /// Today.
    day: UsageOf,
    /// This month.
    month: UsageOf,
}

impl From<Usage> for UsageReport {
    fn from(usage: Usage) -> Self {
        Self { day: usage.day.into(), month: usage.month.into() }
    }
}

/// A picture of an item.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemPhoto {
    /// Its public address.
    #[schema(example = "https://foto.example/1.jpg")]
    url: String,
    /// The words below it.
    #[serde(skip_serializing_if = "Option::is_none")]
    caption: Option<String>,
}

/// An item to be stored. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(super) struct NewItem {
    /// 1 to 120 characters on one line.
    #[schema(example = "Toyota Avanza 1.3 G")]
    title: String,
    /// In rupiah.
    #[schema(example = 150_000_000)]
    price: Option<i64>,
    /// `available` (if it is not given), `reserved`, `sold` or `hidden`.
    status: Option<String>,
    /// By the attributes of the trade: numbers and words.
    #[schema(value_type = Object)]
    attributes: (),
    /// At most 20.
    photos: Option<Vec<ItemPhoto>>,
    /// At most 2,000 characters.
    notes: Option<String>,
}

/// An item.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemDocument {
    /// The stock code.
    #[schema(example = "AV-1")]
    code: String,
    /// What it is called.
    #[schema(example = "Toyota Avanza 1.3 G")]
    title: String,
    /// In rupiah; null if it is not told.
    #[schema(example = 150_000_000)]
    price: Option<i64>,
    /// `available`, `reserved`, `sold` or `hidden`.
    #[schema(example = "available")]
    status: &'static str,
    /// What else is known, numbers and words.
    #[schema(value_type = Object)]
    attributes: BTreeMap<String, Attribute>,
    /// Pictures.
    photos: Vec<ItemPhoto>,
    /// What the shop says about it.
    notes: String,
    /// When it was changed last (RFC 3339).
    updated_at: String,
}

impl From<Item> for ItemDocument {
    fn from(item: Item) -> Self {
        let photos = item.photos.into_iter();
        Self {
            code: item.code,
            title: item.title,
            price: item.price,
            status: item.status.as_str(),
            attributes: item.attributes,
            photos: photos.map(|photo| ItemPhoto { url: photo.url, caption: photo.caption }).collect(),
            notes: item.notes,
            updated_at: item.updated_at.to_rfc3339(),
        }
    }
}

/// A page of items.
#[derive(Serialize, ToSchema)]
pub(super) struct ItemList {
    /// By code.
    items: Vec<ItemDocument>,
    /// The `after` of the next page; absent if this is the last one.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
}

impl From<ItemPage> for ItemList {
    fn from(page: ItemPage) -> Self {
        Self { items: page.items.into_iter().map(ItemDocument::from).collect(), next: page.next }
    }
}

/// The code of an item that was deleted.
#[derive(Serialize, ToSchema)]
pub(super) struct RemovedItem {
    /// The stock code.
    pub(super) code: String,
}

/// What a file has changed.
#[derive(Serialize, ToSchema)]
pub(super) struct ImportedItems {
    /// How many items are new.
    added: usize,
    /// How many were there and are different now.
    changed: usize,
    /// How many were there and are the same.
    unchanged: usize,
    /// Columns that mean nothing here; they were not read.
    unknown_columns: Vec<String>,
}

impl From<ImportReport> for ImportedItems {
    fn from(report: ImportReport) -> Self {
        let ImportReport { added, changed, unchanged, unknown_columns, .. } = report;
        Self { added, changed, unchanged, unknown_columns }
    }
}

/// What a customer has told. What is null was not told.
#[derive(Serialize, ToSchema)]
pub(super) struct LeadInterest {
    /// Items, by stock code.
    codes: Vec<String>,
    /// What they look for.
    wish: Option<String>,
    /// How much they want to spend, in rupiah.
    budget: Option<i64>,
    /// When they want to buy.
    timeline: Option<String>,
    /// How they want to pay.
    #[schema(example = "credit")]
    payment: Option<String>,
    /// What they want to give in part payment.
    trade_in: Option<String>,
    /// Where they live.
    city: Option<String>,
}

/// A visit that a customer asks for.
#[derive(Serialize, ToSchema)]
pub(super) struct LeadVisit {
    /// `visit` or `test_drive`.
    kind: &'static str,
    /// The day at the shop.
    #[schema(example = "2026-12-31")]
    date: String,
    /// The time at the shop.
    #[schema(example = "10:00")]
    time: String,
    /// Which item, by stock code.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// Somebody who may buy.
#[derive(Serialize, ToSchema)]
pub(super) struct LeadDocument {
    /// Names the lead.
    id: String,
    /// The id of the customer.
    contact: String,
    /// Through which account they wrote last.
    account: String,
    /// Their number, if it is known.
    #[schema(example = "+6281234567890")]
    phone: Option<String>,
    /// Their name, if it is known.
    name: Option<String>,
    /// `new`, `interested`, `qualified`, `booked`, `won` or `lost`.
    #[schema(example = "interested")]
    stage: &'static str,
    /// How promising it is, 0 to 100.
    score: u8,
    /// What they have told.
    interest: LeadInterest,
    /// The visits that they asked for.
    bookings: Vec<LeadVisit>,
    /// How many messages they have written.
    messages: u64,
    /// When they wrote first (RFC 3339).
    created_at: String,
    /// When they wrote last (RFC 3339).
    last_contact_at: String,
    /// When it was closed (RFC 3339); null if it is open.
    closed_at: Option<String>,
}

impl From<Lead> for LeadDocument {
    fn from(lead: Lead) -> Self {
        let told = lead.interest;
        let visit = |booking: wartel_bot::tool::Booking| LeadVisit {
            kind: match booking.kind {
                wartel_bot::tool::BookingKind::TestDrive => "test_drive",
                _ => "visit",
            },
            date: booking.date.to_string(),
            time: booking.time.to_string(),
            code: booking.code,
        };
        Self {
            id: lead.id.to_string(),
            contact: lead.contact.to_string(),
            account: lead.account.to_string(),
            phone: shown(lead.phone.as_ref()),
            name: told.name.or(lead.name),
            stage: lead.stage.as_str(),
            score: lead.score,
            interest: LeadInterest {
                codes: told.codes,
                wish: told.wish,
                budget: told.budget,
                timeline: told.timeline,
                payment: told.payment,
                trade_in: told.trade_in,
                city: told.city,
            },
            bookings: lead.bookings.into_iter().map(visit).collect(),
            messages: lead.messages,
            created_at: lead.created_at.to_rfc3339(),
            last_contact_at: lead.last_contact_at.to_rfc3339(),
            closed_at: lead.closed_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Leads.
#[derive(Serialize, ToSchema)]
pub(super) struct LeadList {
    /// Those with the latest contact first.
    pub(super) leads: Vec<LeadDocument>,
}

/// Why the assistant is silent.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatPause {
    /// `person`: somebody of the shop wrote; `hand_over`: the assistant handed over; `command`: somebody told it to;
    /// `loop`: the other side seems to be a machine; `unclear`: something was written from the shop's side, and it is not
    /// clear yet by whom.
    #[schema(example = "person")]
    by: &'static str,
    /// Since when (RFC 3339).
    since: String,
    /// Until when (RFC 3339); null: until it is resumed.
    until: Option<String>,
}

/// How a chat stands.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatState {
    /// Through which account.
    account: String,
    /// The id of the customer.
    contact: String,
    /// Their number, if it is known.
    #[schema(example = "+6281234567890")]
    phone: Option<String>,
    /// What they call themselves.
    name: Option<String>,
    /// The language that they wrote last.
    #[schema(example = "id")]
    language: Option<&'static str>,
    /// Why the assistant is silent now; null if it is not.
    pause: Option<ChatPause>,
    /// Since when the customer wants no automatic messages (RFC 3339).
    opted_out_at: Option<String>,
    /// How many of their messages wait for an answer of the assistant.
    unanswered: usize,
    /// How many messages wait to be sent.
    unsent: usize,
    /// When the customer wrote last (RFC 3339).
    last_message_at: Option<String>,
}

impl ChatState {
    pub(super) fn of(chat: &Chat, now: Timestamp) -> Self {
        let pause = chat.pause.as_ref().filter(|_| chat.is_paused(now)).map(|pause| ChatPause {
            by: match pause.by {
                PauseBy::Person => "person",
                PauseBy::HandOver { .. } => "hand_over",
                PauseBy::Command => "command",
                PauseBy::Loop => "loop",
                _ => "unclear",
            },
            since: pause.since.to_rfc3339(),
            until: pause.until.map(Timestamp::to_rfc3339),
        });
        Self {
            account: chat.key.account.to_string(),
            contact: chat.key.contact.to_string(),
            phone: shown(chat.phone.as_ref()),
            name: chat.name.clone(),
            language: chat.locale.map(Locale::tag),
            pause,
            opted_out_at: chat.opted_out.map(Timestamp::to_rfc3339),
            unanswered: chat.burst.len(),
            unsent: chat.outgoing.len(),
            last_message_at: chat.last_inbound_at.map(Timestamp::to_rfc3339),
        }
    }
}

/// Chats.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatList {
    /// Those in which somebody wrote last first.
    pub(super) chats: Vec<ChatState>,
}

/// A line of a chat.
#[derive(Serialize, ToSchema)]
pub(super) struct SaidLine {
    /// Its number within the chat.
    number: u64,
    /// `customer`, `assistant`, `person` (of the shop) or `notice`.
    #[schema(example = "customer")]
    author: &'static str,
    /// What was said.
    text: String,
    /// When (RFC 3339).
    at: String,
    /// What became of it if it was sent from here: `sent`, `unknown`, `refused` or `expired`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "sent")]
    outcome: Option<&'static str>,
}

impl From<Line> for SaidLine {
    fn from(line: Line) -> Self {
        Self {
            number: line.number,
            author: match line.author {
                LineAuthor::Customer => "customer",
                LineAuthor::Assistant => "assistant",
                LineAuthor::Person => "person",
                _ => "notice",
            },
            text: line.text,
            at: line.at.to_rfc3339(),
            outcome: line.outcome.map(|outcome| match outcome {
                LineOutcome::Sent => "sent",
                LineOutcome::Refused => "refused",
                LineOutcome::Expired => "expired",
                _ => "unknown",
            }),
        }
    }
}

/// A chat with what was said.
#[derive(Serialize, ToSchema)]
pub(super) struct ChatLines {
    /// How it stands.
    pub(super) chat: ChatState,
    /// The oldest first.
    pub(super) lines: Vec<SaidLine>,
}

/// How much was deleted of a customer.
#[derive(Serialize, ToSchema)]
pub(super) struct ForgottenCustomer {
    /// How many chats, with their lines.
    pub(super) chats: usize,
    /// How many leads.
    pub(super) leads: usize,
}

fn shown(phone: Option<&PhoneNumber>) -> Option<String> {
    phone.map(|phone| phone.e164().to_owned())
}
