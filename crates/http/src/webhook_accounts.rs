//! Which account a webhook is of: by the token in its URL.

use std::fmt;
use std::sync::Arc;

use subtle::{Choice, ConditionallySelectable as _, ConstantTimeEq as _};
use wartel_core::{Secret, StoreError};

use crate::webhooks::WebhookAccount;

/// The shortest token: whoever guesses it may tell us what became of messages.
const MIN_TOKEN: usize = 16;
/// The longest.
const MAX_TOKEN: usize = 128;

/// Finds the account that a webhook token is the key of.
///
/// A database looks a token up by a hash of it (SHA-256), so that neither its rows nor the time that a search takes tell
/// anything of a token.
#[async_trait::async_trait]
pub trait WebhookAccounts: fmt::Debug + Send + Sync + 'static {
    /// The account with this token, of any length and with any characters; `None` if there is none.
    ///
    /// # Errors
    /// [`StoreError`] if it could not be looked up: the provider is told to send the webhook again.
    async fn by_token(&self, token: &str) -> Result<Option<Arc<WebhookAccount>>, StoreError>;
}

/// The token cannot be the key of a webhook. Says nothing of the token itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a webhook token is 16 to 128 characters of A-Z, a-z, 0-9, `-`, `_`, `.` and `~`; make one with `openssl rand -hex 24`"
)]
pub struct WebhookTokenError;

/// A fixed list of accounts. Empty by default.
#[derive(Clone, Default)]
pub struct WebhookAccountList {
    accounts: Vec<(Secret, Arc<WebhookAccount>)>,
}

impl WebhookAccountList {
    /// With an account whose webhooks come to `/webhook/whatsapp/{token}`.
    ///
    /// # Errors
    /// [`WebhookTokenError`] if the token is too short to be unguessable, or cannot stand in a URL as it is.
    pub fn with(
        mut self,
        token: impl Into<Secret>,
        account: WebhookAccount,
    ) -> Result<Self, WebhookTokenError> {
        let token = token.into();
        let text = token.expose();
        let fits = (MIN_TOKEN..=MAX_TOKEN).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b));
        if !fits {
            return Err(WebhookTokenError);
        }
        self.accounts.push((token, Arc::new(account)));
        Ok(self)
    }
}

#[async_trait::async_trait]
impl WebhookAccounts for WebhookAccountList {
    /// Every account is compared, each in constant time, so that neither the place nor the beginning of a token shows in
    /// the time that this takes.
    async fn by_token(&self, token: &str) -> Result<Option<Arc<WebhookAccount>>, StoreError> {
        let mut found = u64::MAX;
        for (index, (key, _)) in (0_u64..).zip(&self.accounts) {
            let same: Choice = key.expose().as_bytes().ct_eq(token.as_bytes());
            found = u64::conditional_select(&found, &index, same);
        }
        let place = usize::try_from(found).ok();
        let account =
            place.and_then(|place| self.accounts.get(place)).map(|(_, account)| Arc::clone(account));
        Ok(account)
    }
}

impl fmt::Debug for WebhookAccountList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.accounts.iter().map(|(_, account)| account)).finish()
    }
}

#[cfg(test)]
mod tests {
    use wartel_core::{AccountId, TenantId};
    use wartel_messaging::adapters::fonnte::FonnteWebhooks;

    use super::*;

    fn account(id: &str) -> WebhookAccount {
        let id = AccountId::parse(id).unwrap();
        WebhookAccount::new(TenantId::default(), id, Arc::new(FonnteWebhooks::default()))
    }

    #[test]
    fn tokens_are_long_and_plain_and_never_printed() {
        let with = |token: &str| WebhookAccountList::default().with(token, account("satu"));
        let good = with("0123456789abcdef").unwrap();
        assert!(!format!("{good:?}").contains("0123"));
        let long = "a".repeat(129);
        for bad in [
            "",
            "short",
            "0123456789abcde",
            "0123456789abcdef/",
            "0123456789 abcdef",
            "0123456789abcdéf",
            &long,
        ] {
            assert_eq!(with(bad).err(), Some(WebhookTokenError), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_token_opens_its_own_account() {
        let list = WebhookAccountList::default()
            .with("0123456789abcdef-1", account("satu"))
            .and_then(|list| list.with("0123456789abcdef-2", account("dua")))
            .unwrap();
        for (token, id) in [
            ("0123456789abcdef-1", Some("satu")),
            ("0123456789abcdef-2", Some("dua")),
            ("0123456789abcdef-", None),
            ("0123456789abcdef-22", None),
            ("", None),
        ] {
            let found = list.by_token(token).await.unwrap();
            assert_eq!(found.as_ref().map(|account| account.id.as_str()), id, "{token}");
        }
        assert!(WebhookAccountList::default().by_token("").await.unwrap().is_none());
    }
}
