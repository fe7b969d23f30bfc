//! Making, listing and removing accounts.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_core::{AccountId, Secret, TenantId};
use wartel_messaging::AccountSettings;
use wartel_messaging::accounts;

use super::shapes::{Account, AccountList, NewAccount, RemovedAccount};
use super::{Accounts, account_problem, read_id};
use crate::answer::{Success, success};
use crate::engine::{STORE_WAIT, store_problem, within};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Keeper;

/// The most settings that an account has.
const MAX_SETTINGS: usize = 64;
/// The longest value of a setting, in bytes.
const MAX_VALUE: usize = 8_192;

/// An account to be made. Other fields are ignored.
#[derive(ToSchema)]
pub(super) struct CreateAccount {
    /// What you call it: 1 to 64 characters of a-z, 0-9, `_` and `-`.
    #[schema(value_type = String, example = "shop")]
    id: AccountId,
    /// The provider, such as `fonnte` or `cloud_api`.
    #[schema(example = "fonnte")]
    provider: String,
    /// Its settings by their names, such as `token` and `url`. They are kept encrypted and not shown again.
    #[schema(value_type = BTreeMap<String, String>)]
    settings: AccountSettings,
}

impl CreateAccount {
    fn read(mut form: Form) -> Result<Self, Problem> {
        let id = form.required("id");
        let provider = form.required("provider");
        let pairs = form.texts("settings");
        form.check()?;
        let id = AccountId::parse(&id).map_err(|_| form.note("id", Text::AccountId));
        if pairs.len() > MAX_SETTINGS {
            form.note("settings", Text::NumberBetween { min: 0, max: 64 });
        }
        if pairs.iter().any(|(name, value)| name.len() > 64 || value.len() > MAX_VALUE) {
            form.note("settings", Text::TooLong { max: MAX_VALUE, bytes: true });
        }
        form.check()?;
        let none = AccountSettings::new();
        let settings =
            pairs.into_iter().fold(none, |settings, (name, value)| settings.with(name, Secret::new(value)));
        Ok(Self { id: id.unwrap_or_default(), provider, settings })
    }

    fn of(self, tenant: TenantId) -> accounts::NewAccount {
        accounts::NewAccount::new(tenant, self.id, self.provider, self.settings)
    }
}

/// Makes an account at a provider.
///
/// The answer has the token for the URL of its webhooks, which is not shown again. The provider is not asked whether the
/// credentials are right.
#[utoipa::path(
    post, path = "/v1/accounts", tag = "accounts",
    security(("api_key" = ["accounts"])),
    request_body = inline(CreateAccount),
    responses(
        (status = 201, description = "It is made", body = Success<NewAccount>),
        (status = 400, description = "`invalid_request`; of settings the message names the first that is missing, unknown or cannot be used", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`account_exists`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn create(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    form: Form,
) -> Result<Response, Problem> {
    let wanted = CreateAccount::read(form)?;
    let id = wanted.id.clone();
    let (book, new) = (state.devices.book().clone(), wanted.of(caller.tenant.clone()));
    let created = within(STORE_WAIT, async move { book.create(new).await }).await?;
    let created = created.map_err(|error| account_problem(&error))?;
    state.note(&caller, "account.create", id.as_str()).await;
    Ok(success(StatusCode::CREATED, &Text::AccountCreated, locale, NewAccount::from(&created)))
}

/// Lists the accounts of the tenant.
#[utoipa::path(
    get, path = "/v1/accounts", tag = "accounts",
    security(("api_key" = ["accounts"])),
    responses(
        (status = 200, description = "All of them, without their credentials", body = Success<AccountList>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
) -> Result<Response, Problem> {
    let book = state.devices.book().clone();
    let listed = within(STORE_WAIT, async move { book.list(Some(&caller.tenant)).await }).await?;
    let views = listed.map_err(|error| store_problem(&error))?;
    let list = AccountList { accounts: views.iter().map(Account::from).collect() };
    Ok(success(StatusCode::OK, &Text::Accounts, locale, list))
}

/// Removes an account for good.
///
/// Its webhooks are answered with 404 from then on. The phone still lists its device: disconnect it before
/// (`DELETE …/pairing`), if it shall not.
#[utoipa::path(
    delete, path = "/v1/accounts/{id}", tag = "accounts",
    security(("api_key" = ["accounts"])),
    params(("id" = String, Path, description = "The account's name")),
    responses(
        (status = 200, description = "It is removed", body = Success<RemovedAccount>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such account", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`account_exists`: it comes from the program's own settings", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn remove(
    State(state): State<Accounts>,
    Keeper(caller): Keeper,
    Language(locale): Language,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let id = read_id(id)?;
    let (devices, tenant, account) = (state.devices.clone(), caller.tenant.clone(), id.clone());
    let removed = within(STORE_WAIT, async move { devices.remove(&tenant, &account).await }).await?;
    if !removed.map_err(|error| account_problem(&error))? {
        return Err(Problem::not_found());
    }
    state.note(&caller, "account.remove", id.as_str()).await;
    Ok(success(StatusCode::OK, &Text::AccountRemoved, locale, RemovedAccount { id: id.to_string() }))
}
