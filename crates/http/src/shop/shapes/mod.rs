//! What the routes of the shop answer with.

mod chats;
mod items;
mod leads;
mod profile;

use wartel_core::PhoneNumber;

pub(super) use chats::{ChatLines, ChatList, ChatState, ForgottenCustomer, SaidLine};
pub(super) use items::{ImportedItems, ItemDocument, ItemList, NewItem, RemovedItem};
pub(super) use leads::{LeadDocument, LeadList};
pub(super) use profile::{BotState, ShopDocument, UsageReport};

/// A number as people write it between programs.
fn shown(phone: Option<&PhoneNumber>) -> Option<String> {
    phone.map(|phone| phone.e164().to_owned())
}
