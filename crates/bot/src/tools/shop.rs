//! What the tools look things up in.

use std::sync::Arc;

use crate::catalogue::{CatalogueStore, Item, ItemStatus, Schema, is_code, plain_code};
use crate::fact::{ClockTime, Date};
use crate::tenant::{Tenant, TenantStore};
use crate::tool::{Scope, ToolError};

/// The stores that tools ask, always for the tenant of a scope, and the schema of the items.
#[derive(Debug, Clone)]
pub struct Shop {
    tenants: Arc<dyn TenantStore>,
    catalogue: Arc<dyn CatalogueStore>,
    schema: Arc<Schema>,
}

impl Shop {
    /// Asks these stores.
    #[must_use]
    pub fn new(tenants: Arc<dyn TenantStore>, catalogue: Arc<dyn CatalogueStore>, schema: Schema) -> Self {
        Self { tenants, catalogue, schema: Arc::new(schema) }
    }

    /// The schema of the items.
    #[must_use]
    pub fn schema(&self) -> &Schema {
        &self.schema
    }

    /// The shop of the scope.
    pub(super) async fn tenant(&self, scope: &Scope) -> Result<Tenant, ToolError> {
        let found = self.tenants.get(&scope.chat.tenant).await.map_err(ToolError::unavailable)?;
        found.map(|(tenant, _)| tenant).ok_or(ToolError::Unavailable { source: None })
    }

    /// The items of the scope's tenant, without those that customers are not shown.
    pub(crate) async fn items(&self, scope: &Scope) -> Result<Vec<Item>, ToolError> {
        let mut items = self.catalogue.list(&scope.chat.tenant).await.map_err(ToolError::unavailable)?;
        items.retain(|item| item.status != ItemStatus::Hidden && item.tenant == scope.chat.tenant);
        Ok(items)
    }

    /// The item with this code, written as customers write it.
    pub(super) async fn item(&self, scope: &Scope, code: &str) -> Result<Item, ToolError> {
        let unknown =
            || ToolError::invalid("there is no item with this code; use a code that search_stock has given");
        let exact = code.trim().to_ascii_uppercase();
        if is_code(&exact) {
            let found =
                self.catalogue.get(&scope.chat.tenant, &exact).await.map_err(ToolError::unavailable)?;
            if let Some((item, _)) = found {
                let shown = item.status != ItemStatus::Hidden && item.tenant == scope.chat.tenant;
                return if shown { Ok(item) } else { Err(unknown()) };
            }
        }
        let wanted = plain_code(code);
        let items = self.items(scope).await?;
        let found = items.into_iter().find(|item| !wanted.is_empty() && plain_code(&item.code) == wanted);
        found.ok_or_else(unknown)
    }

    /// Day and time at the shop.
    pub(super) fn local(tenant: &Tenant, scope: &Scope) -> Result<(Date, ClockTime), ToolError> {
        tenant.hours.local(scope.now).ok_or(ToolError::Unavailable { source: None })
    }
}
