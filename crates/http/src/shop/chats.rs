//! The chats: reading along, taking over, giving back, and forgetting a customer.

use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use utoipa::ToSchema;
use wartel_messaging::inbox::ContactId;

use super::ask::{Asked, ChatPath, read_chat, read_name};
use super::shapes::{ChatLines, ChatList, ChatState, ForgottenCustomer, SaidLine};
use super::{Shop, ShopText};
use crate::answer::{Success, success};
use crate::extract::{Form, Language};
use crate::problem::{Problem, ProblemBody};
use crate::texts::Text;
use crate::v1::auth::Shopkeeper;
use crate::v1::idempotency::IdempotencyKey;

/// The longest pause, in minutes: 30 days.
const MAX_MINUTES: u32 = 43_200;

/// Lists chats, those in which somebody wrote last first.
#[utoipa::path(
    get, path = "/v1/chats", tag = "chats",
    security(("api_key" = ["shop"])),
    params(
        ("paused" = Option<bool>, Query, description = "Whether only those in which the assistant is silent now; `false` if it is not given"),
        ("limit" = Option<u64>, Query, description = "How many, up to 500; 50 if it is not given", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "The chats", body = Success<ChatList>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn list(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    mut asked: Asked,
) -> Result<Response, Problem> {
    let paused = asked.flag("paused");
    let limit = asked.limit(50);
    asked.check()?;
    let console = state.console.clone();
    let chats = state.ask(async move { console.chats(&caller.tenant, paused, limit).await }).await?;
    let now = state.console.clock().now();
    let list = ChatList { chats: chats.iter().map(|chat| ChatState::of(chat, now)).collect() };
    Ok(success(StatusCode::OK, &Text::from(ShopText::Chats), locale, list))
}

/// Shows a chat with what was said.
///
/// That somebody's words were read is written to the audit.
#[utoipa::path(
    get, path = "/v1/chats/{account}/{contact}", tag = "chats",
    security(("api_key" = ["shop"])),
    params(
        ("account" = String, Path, description = "The account's name"),
        ("contact" = String, Path, description = "The id of the customer"),
        ("from" = Option<u64>, Query, description = "Only lines from this number on"),
        ("limit" = Option<u64>, Query, description = "How many of the newest lines, up to 500; 50 if it is not given", minimum = 1, maximum = 500),
    ),
    responses(
        (status = 200, description = "The chat, the oldest line first", body = Success<ChatLines>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn show(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    path: ChatPath,
    mut asked: Asked,
) -> Result<Response, Problem> {
    let key = read_chat(&caller, path)?;
    // Stores count lines as signed numbers.
    let from = asked.number("from", 0, i64::MAX.unsigned_abs()).unwrap_or(0);
    let limit = asked.limit(50);
    asked.check()?;
    let (console, of) = (state.console.clone(), key.clone());
    let (chat, lines) = state.ask(async move { console.chat(&of, from, limit).await }).await?;
    state.note(&caller, "chat.read", &format!("{}/{}", key.account, key.contact)).await;
    let chat = ChatState::of(&chat, state.console.clock().now());
    let body = ChatLines { chat, lines: lines.into_iter().map(SaidLine::from).collect() };
    Ok(success(StatusCode::OK, &Text::from(ShopText::Chat), locale, body))
}

/// A pause. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(super) struct PauseChat {
    /// For how many minutes; until it is resumed if it is not given.
    #[schema(minimum = 1, maximum = 43_200)]
    minutes: Option<u32>,
}

/// Silences the assistant in a chat.
///
/// What it was about to say is not said. The body may be missing.
#[utoipa::path(
    post, path = "/v1/chats/{account}/{contact}/pause", tag = "chats",
    security(("api_key" = ["shop"])),
    params(
        ("account" = String, Path, description = "The account's name"),
        ("contact" = String, Path, description = "The id of the customer"),
    ),
    request_body = inline(Option<PauseChat>),
    responses(
        (status = 200, description = "It is silent", body = Success<ChatState>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: others keep changing the chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn pause(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    path: ChatPath,
    form: Option<Form>,
) -> Result<Response, Problem> {
    let key = read_chat(&caller, path)?;
    let mut minutes = None;
    if let Some(mut form) = form {
        minutes = form.optional_number("minutes", 1, MAX_MINUTES);
        form.check()?;
    }
    let (console, of) = (state.console.clone(), key.clone());
    let chat = state.ask(async move { console.pause(&of, minutes).await }).await?;
    state.note(&caller, "chat.pause", &format!("{}/{}", key.account, key.contact)).await;
    let body = ChatState::of(&chat, state.console.clock().now());
    Ok(success(StatusCode::OK, &Text::from(ShopText::ChatPaused), locale, body))
}

/// Lets the assistant answer in a chat again.
///
/// What was said before is no part of what it reads any more.
#[utoipa::path(
    post, path = "/v1/chats/{account}/{contact}/resume", tag = "chats",
    security(("api_key" = ["shop"])),
    params(
        ("account" = String, Path, description = "The account's name"),
        ("contact" = String, Path, description = "The id of the customer"),
    ),
    responses(
        (status = 200, description = "It answers again", body = Success<ChatState>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: others keep changing the chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn resume(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    path: ChatPath,
) -> Result<Response, Problem> {
    let key = read_chat(&caller, path)?;
    let (console, of) = (state.console.clone(), key.clone());
    let chat = state.ask(async move { console.resume(&of).await }).await?;
    state.note(&caller, "chat.resume", &format!("{}/{}", key.account, key.contact)).await;
    let body = ChatState::of(&chat, state.console.clock().now());
    Ok(success(StatusCode::OK, &Text::from(ShopText::ChatResumed), locale, body))
}

/// A message of a person. Other fields are ignored.
#[derive(ToSchema)]
#[allow(dead_code, reason = "it describes the body")]
pub(super) struct PersonMessage {
    /// 1 to 4,096 characters in WhatsApp's markup.
    #[schema(example = "Selamat siang Kak, saya Sari. Ada yang bisa saya bantu?")]
    text: String,
}

/// Writes to a customer as a person of the shop.
///
/// The assistant is silent in the chat from the moment this is answered, for the time of `bot.handoff_minutes` in the
/// profile. The message is sent soon, and becomes a line of the chat with what became of it. With `Idempotency-Key` the
/// same request again sends nothing more.
#[utoipa::path(
    post, path = "/v1/chats/{account}/{contact}/messages", tag = "chats",
    security(("api_key" = ["shop"])),
    params(
        ("account" = String, Path, description = "The account's name"),
        ("contact" = String, Path, description = "The id of the customer"),
        ("Idempotency-Key" = Option<String>, Header, description = "Your own name for this message in this chat: 1 to 255 visible ASCII characters; among the last 64 things that happened in it"),
    ),
    request_body = inline(PersonMessage),
    responses(
        (status = 202, description = "It waits to be sent", body = Success<ChatState>),
        (status = 400, description = "`invalid_request`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: the tenant has no such chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "`invalid_request`: the body came too slowly", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "`no_address`: no address of the customer is known any more", body = ProblemBody, content_type = "application/problem+json"),
        (status = 412, description = "`changed`: others keep changing the chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "`invalid_request`: more than 64 KiB", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "`invalid_request`: not `application/json`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "`rate_limited`: 20 messages wait to be sent in this chat", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn message(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    IdempotencyKey(name): IdempotencyKey,
    path: ChatPath,
    mut form: Form,
) -> Result<Response, Problem> {
    let key = read_chat(&caller, path)?;
    let text = form.required("text");
    form.check()?;
    let (console, of) = (state.console.clone(), key.clone());
    let said = async move { console.person_says(&of, &text, name.as_deref()).await };
    let chat = state.ask(said).await?;
    state.note(&caller, "chat.message", &format!("{}/{}", key.account, key.contact)).await;
    let body = ChatState::of(&chat, state.console.clock().now());
    Ok(success(StatusCode::ACCEPTED, &Text::from(ShopText::MessageWaits), locale, body))
}

/// Deletes what is kept of a customer.
///
/// Chats with all accounts, what was said in them, and leads. What the log of webhooks keeps is deleted by its own time.
#[utoipa::path(
    delete, path = "/v1/customers/{contact}", tag = "chats",
    security(("api_key" = ["shop"])),
    params(("contact" = String, Path, description = "The id of the customer")),
    responses(
        (status = 200, description = "It is deleted; also if there was nothing", body = Success<ForgottenCustomer>),
        (status = 401, description = "`unauthorized`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "`forbidden`", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "`not_found`: this cannot be the id of a customer", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "`store_unavailable`", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub(super) async fn forget(
    State(state): State<Shop>,
    Shopkeeper(caller): Shopkeeper,
    Language(locale): Language,
    contact: Result<Path<String>, PathRejection>,
) -> Result<Response, Problem> {
    let contact = ContactId::parse(&read_name(contact)?).map_err(|_| Problem::not_found())?;
    let (console, tenant) = (state.console.clone(), caller.tenant.clone());
    let forgotten = state.ask(async move { console.forget(&tenant, contact).await }).await?;
    state.note(&caller, "customer.forget", &contact.to_string()).await;
    let body = ForgottenCustomer { chats: forgotten.chats, leads: forgotten.leads };
    Ok(success(StatusCode::OK, &Text::from(ShopText::CustomerForgotten), locale, body))
}
