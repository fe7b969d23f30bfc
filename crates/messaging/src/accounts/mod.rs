//! The accounts of tenants: at which provider, with which credentials, and how their devices stand.
//!
//! [`AccountBook`] makes accounts, opens them and finds the one that a webhook belongs to. Credentials are kept encrypted
//! ([`Sealer`]), of the token in a webhook's URL only a hash ([`TokenHash`]). [`AccountStore`] is the port of the store,
//! [`MemoryAccountStore`] keeps accounts in memory. [`Devices`] pairs the devices of all accounts, [`Senders`] sends through
//! them.
//!
//! ```
//! # #[cfg(feature = "fonnte")] {
//! use std::sync::Arc;
//! use wartel_core::{AccountId, MasterKey, TenantId};
//! use wartel_messaging::AccountSettings;
//! use wartel_messaging::accounts::{AccountBook, MemoryAccountStore, NewAccount, Sealer};
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let sealer = Sealer::new(&MasterKey::generate()?, &[]);
//! let book = AccountBook::new(Arc::new(MemoryAccountStore::new()), sealer);
//! let settings = AccountSettings::new().with("token", "made-up-token");
//! let new = NewAccount::new(TenantId::parse("toko-budi")?, AccountId::parse("shop")?, "fonnte", settings);
//! let created = book.create(new).await?;
//! let url = format!("https://example.com/webhook/whatsapp/{}", created.token.expose()); // shown once
//! # let _ = url;
//! let account = book.by_token(created.token.expose()).await?.expect("it was made just now");
//! assert_eq!(account.account.provider.name(), "fonnte");
//! # Ok::<(), Box<dyn std::error::Error>>(()) }).unwrap();
//! # }
//! ```

mod book;
mod devices;
mod inbox;
mod memory;
mod seal;
mod senders;
mod store;
mod token;

pub use book::{AccountBook, AccountError, AccountView, Connector, CreatedAccount, NewAccount, OpenAccount};
pub use devices::{DeviceLookup, Devices, DevicesWorker};
pub use memory::MemoryAccountStore;
pub use seal::{SealError, SealedSettings, Sealer};
pub use senders::{Layers, Senders};
#[cfg(feature = "testing")]
pub use store::MockAccountStore;
pub use store::{AccountStore, StoredAccount};
pub use token::{ParseTokenHashError, TokenHash, WeakTokenError};

#[cfg(test)]
#[cfg(feature = "testing")]
mod tests;
