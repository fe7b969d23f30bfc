//! Whose a webhook is: by its token, among all accounts.

use std::sync::Arc;

use wartel_core::{StoreError, StoreErrorKind};
use wartel_messaging::accounts::{AccountBook, AccountError};

use crate::webhook_accounts::WebhookAccounts;
use crate::webhooks::WebhookAccount;

#[async_trait::async_trait]
impl WebhookAccounts for AccountBook {
    /// The store is asked each time, so the webhooks of an account that was removed find nobody from then on. An account
    /// whose credentials do not open has webhooks all the same: the provider is told to send them again.
    async fn by_token(&self, token: &str) -> Result<Option<Arc<WebhookAccount>>, StoreError> {
        let open = match AccountBook::by_token(self, token).await {
            Ok(Some(open)) => open,
            Ok(None) => return Ok(None),
            Err(AccountError::Store(error)) => return Err(error),
            Err(error) => {
                return Err(StoreError::new(StoreErrorKind::Unexpected, "accounts.open").with_source(error));
            }
        };
        let account = open.account.webhooks.clone().map(|source| {
            let account = WebhookAccount::new(open.tenant.clone(), open.id.clone(), source);
            Arc::new(account.with_handshake(open.account.handshake.clone()))
        });
        Ok(account)
    }
}
