//! Answers of the Cloud API. Pure; nothing here touches a network.
//!
//! Source: <https://developers.facebook.com/docs/whatsapp/cloud-api/reference>, read in November 2026.

use serde_json::Value;
use wartel_core::{Country, PhoneNumber};

use super::NAME;
use super::errors::send_error;
use crate::adapters::{caller, json};
use crate::transport::{BodyEnd, HttpResponse};
use crate::{Accepted, DeviceInfo, RetryAdvice, SendError};

/// The fields of a phone number that [`device`] reads.
pub(super) const DEVICE_FIELDS: &str =
    "id,display_phone_number,verified_name,quality_rating,status,throughput";

/// Reads an answer that may be a success: its body if it is one.
fn success(response: &HttpResponse) -> Result<Value, SendError> {
    match json::parse(&response.body) {
        Some(body) if response.status.is_success() && json::at(&body, &["error"]).is_none() => Ok(body),
        _ => Err(send_error(response)),
    }
}

/// Neither yes nor no: a body that broke off may have said either.
fn unclear(response: &HttpResponse) -> SendError {
    match response.end {
        BodyEnd::Cut => caller::unavailable(NAME, RetryAdvice::Ambiguous, "answer_cut"),
        _ => caller::unreadable(NAME),
    }
}

/// Reads the answer of `POST /{phone-number-id}/messages`. A message that is held for a check of its quality was taken:
/// its receipts tell what becomes of it.
pub(super) fn accepted(response: &HttpResponse) -> Result<Accepted, SendError> {
    let body = success(response)?;
    let first = json::items(&body, &["messages"]).first();
    match first.and_then(|message| json::text(message, &["id"])) {
        Some(id) => Ok(Accepted::new().with_message_id(id)),
        None => Err(unclear(response)),
    }
}

/// Reads the answer of `POST /{phone-number-id}/media`: the id of the upload.
pub(super) fn uploaded(response: &HttpResponse) -> Result<String, SendError> {
    let body = success(response)?;
    let id = json::scalar(&body, &["id"]).filter(|id| id.len() <= 64);
    id.ok_or_else(|| unclear(response))
}

/// Reads `{"success":true}`.
pub(super) fn done(response: &HttpResponse) -> Result<(), SendError> {
    let body = success(response)?;
    if json::flag(&body, &["success"]) { Ok(()) } else { Err(unclear(response)) }
}

/// Reads the answer of `GET /{phone-number-id}`. Only a number that is `CONNECTED` sends; others are answered 133010.
pub(super) fn device(response: &HttpResponse) -> Result<DeviceInfo, SendError> {
    let body = success(response)?;
    let status = json::text(&body, &["status"]).ok_or_else(|| unclear(response))?;
    let phone = json::text(&body, &["display_phone_number"])
        .and_then(|text| PhoneNumber::parse_lenient(text, Country::INDONESIA).ok());
    Ok(DeviceInfo::new(status.eq_ignore_ascii_case("CONNECTED"))
        .with_identity(json::scalar(&body, &["id"]), phone)
        .with_package(json::text(&body, &["throughput", "level"]).map(str::to_owned), None))
}

#[cfg(test)]
mod tests;
