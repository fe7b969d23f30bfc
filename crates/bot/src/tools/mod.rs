//! The tools of a shop's assistant.
//!
//! Each looks something up for the tenant of its [`Scope`](crate::tool::Scope) or proposes an action. No argument names a
//! tenant or a customer, so that nobody can ask for another's.

mod arguments;
mod book_visit;
mod credit_estimate;
mod details;
mod hand_over;
mod item_json;
mod record_interest;
mod search_stock;
mod send_photos;
mod shop;
mod shop_profile;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use crate::catalogue::{CatalogueStore, Schema};
use crate::tenant::TenantStore;
use crate::tool::Tool;

pub use book_visit::BookVisit;
pub use credit_estimate::CreditEstimate;
pub use details::Details;
pub use hand_over::HandOver;
pub use record_interest::RecordInterest;
pub use search_stock::SearchStock;
pub use send_photos::SendPhotos;
pub use shop::Shop;
pub use shop_profile::ShopProfile;

pub(crate) use item_json::rupiah;
pub(crate) use shop_profile::opening_facts;

/// All tools: `search_stock`, `car_details`, `send_photos`, `shop_profile`, `credit_estimate`, `book_visit`,
/// `record_interest`, `hand_over`. The items are of this schema.
#[must_use]
pub fn all(
    tenants: Arc<dyn TenantStore>,
    catalogue: Arc<dyn CatalogueStore>,
    schema: Schema,
) -> Vec<Arc<dyn Tool>> {
    let shop = Shop::new(tenants, catalogue, schema);
    vec![
        Arc::new(SearchStock::new(shop.clone())),
        Arc::new(Details::new(shop.clone())),
        Arc::new(SendPhotos::new(shop.clone())),
        Arc::new(ShopProfile::new(shop.clone())),
        Arc::new(CreditEstimate::new(shop.clone())),
        Arc::new(BookVisit::new(shop.clone())),
        Arc::new(RecordInterest::new(shop)),
        Arc::new(HandOver::new()),
    ]
}
