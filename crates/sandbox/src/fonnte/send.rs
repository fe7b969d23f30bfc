//! `POST /send`.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use wartel_core::Timestamp;

use super::answer::Answer;
use super::target;
use crate::device::Device;
use crate::form::{Form, json_text};
use crate::ladder::{Outgoing, accept};
use crate::shared::Shared;

/// Longest message in characters.
/// Source: docs.fonnte.com/api-send-message, 2026-11; field `message`.
const MAX_MESSAGE: usize = 60_000;
/// Largest file in bytes.
/// Source: as above; reason `file size must under 4MB`.
const MAX_FILE: usize = 4 << 20;

/// The provider's word for why not.
type Reason = &'static str;

/// Accepts messages, or says why not. `typing`, `duration`, `sequence`, `preview`, `followup` and `inboxid` are taken
/// and change nothing; media URLs are never fetched.
pub(crate) fn send(shared: &Arc<Shared>, device: &Arc<Device>, form: &Form) -> Answer {
    match plan(form, shared.now()) {
        Ok(messages) => carry_out(shared, device, form, messages),
        Err(reason) => Answer::refusal(reason),
    }
}

fn carry_out(shared: &Arc<Shared>, device: &Arc<Device>, form: &Form, messages: Vec<Outgoing>) -> Answer {
    let connect_only = match flag(form, "connectOnly", true) {
        Ok(flag) => flag,
        Err(reason) => return Answer::refusal(reason),
    };
    if connect_only && !device.is_connected() {
        return Answer::refusal("request invalid on disconnected device");
    }
    if !device.spend(messages.len() as u64) {
        return Answer::refusal("insufficient quota");
    }
    let targets: Vec<String> = messages.iter().map(|message| message.to.clone()).collect();
    let ids: Vec<String> = messages.into_iter().map(|message| accept(shared, device, message)).collect();
    Answer::of(json!({
        "detail": "success! message in queue",
        "id": ids,
        "process": "pending",
        "status": true,
        "target": targets,
    }))
    .numbered()
}

/// What the request asks for: one message per target.
fn plan(form: &Form, now: Timestamp) -> Result<Vec<Outgoing>, Reason> {
    let country = target::country(form).ok_or("input invalid")?;
    if let Some(batch) = form.get("data") {
        return plan_batch(batch, country);
    }
    let field = form.get("target").ok_or("target invalid")?;
    let targets = target::list(field, country).ok_or("target invalid")?;
    let attachment = attachment(form)?;
    let message = message(form.raw("message").unwrap_or_default(), attachment.is_some())?;
    let schedule = schedule(form, now)?;
    let delay = delay(form.get("delay").unwrap_or("0"))?;
    Ok((0_u32..)
        .zip(targets)
        .map(|(index, target)| Outgoing {
            text: target.fill(message).into_owned(),
            attachment: attachment.clone(),
            wait: schedule.unwrap_or_default() + delay.saturating_mul(index),
            scheduled: schedule.is_some(),
            to: target.phone,
            ..Outgoing::default()
        })
        .collect())
}

/// The field `data`: a JSON list of messages, each sent after the delay that it names.
fn plan_batch(batch: &str, country: &str) -> Result<Vec<Outgoing>, Reason> {
    let Ok(Value::Array(entries)) = serde_json::from_str(batch) else { return Err("JSON format invalid") };
    let mut wait = Duration::ZERO;
    let mut messages = Vec::new();
    for entry in entries {
        let text = |name: &str| entry.get(name).cloned().and_then(json_text).unwrap_or_default();
        wait = wait.saturating_add(delay(&text("delay"))?);
        let body = text("message");
        let attachment = Some(text("url")).filter(|url| !url.is_empty());
        let message = message(&body, attachment.is_some())?;
        for target in target::list(&text("target"), country).ok_or("target invalid")? {
            messages.push(Outgoing {
                text: target.fill(message).into_owned(),
                attachment: attachment.clone(),
                wait,
                to: target.phone,
                ..Outgoing::default()
            });
        }
    }
    if messages.is_empty() { Err("invalid/empty body value") } else { Ok(messages) }
}

/// The text, which may be empty only beside an attachment.
fn message(text: &str, attached: bool) -> Result<&str, Reason> {
    if text.trim().is_empty() && !attached {
        return Err("invalid/empty body value");
    }
    if text.chars().count() > MAX_MESSAGE {
        return Err("input invalid");
    }
    Ok(text)
}

/// What is sent beside or instead of text, by its most telling name.
fn attachment(form: &Form) -> Result<Option<String>, Reason> {
    if let Some(file) = form.files.iter().find(|file| file.field == "file") {
        if file.size > MAX_FILE {
            return Err("file size must under 4MB");
        }
        let name = form.get("filename").or(file.name.as_deref()).unwrap_or("file");
        return Ok(Some(name.to_owned()));
    }
    if let Some(url) = form.get("url") {
        let web = url.starts_with("http://") || url.starts_with("https://");
        return if web { Ok(Some(url.to_owned())) } else { Err("url invalid") };
    }
    Ok(form.get("location").or_else(|| form.get("pollname")).map(str::to_owned))
}

/// The time until the Unix second in `schedule`; `None` if it is absent, 0 or past.
fn schedule(form: &Form, now: Timestamp) -> Result<Option<Duration>, Reason> {
    let Some(field) = form.get("schedule") else { return Ok(None) };
    let seconds: i64 = field.parse().map_err(|_| "input invalid")?;
    let wait = Timestamp::from_micros(seconds.saturating_mul(1_000_000)).since(now);
    Ok(Some(wait).filter(|wait| !wait.is_zero()))
}

/// `"5"` or `"1-10"` seconds. Of a range the lower end is taken: the sandbox rolls no dice.
fn delay(field: &str) -> Result<Duration, Reason> {
    let field = field.trim();
    if field.is_empty() {
        return Ok(Duration::ZERO);
    }
    let (low, high) = field.split_once('-').unwrap_or((field, field));
    let seconds = |text: &str| text.trim().parse::<u32>().map_err(|_| "input invalid");
    let (low, high) = (seconds(low)?, seconds(high)?);
    if low <= high { Ok(Duration::from_secs(low.into())) } else { Err("input invalid") }
}

fn flag(form: &Form, name: &str, default: bool) -> Result<bool, Reason> {
    match form.get(name).map(str::to_ascii_lowercase).as_deref() {
        None => Ok(default),
        Some("true" | "1") => Ok(true),
        Some("false" | "0") => Ok(false),
        Some(_) => Err("input invalid"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan_of(fields: &[(&str, &str)]) -> Result<Vec<Outgoing>, Reason> {
        let fields = fields.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        plan(&Form { fields, files: Vec::new() }, Timestamp::from_micros(1_000_000_000))
    }

    #[test]
    fn refusals_use_the_providers_words() {
        let check = |fields: &[(&str, &str)], expected: Reason| {
            assert_eq!(plan_of(fields).unwrap_err(), expected, "{fields:?}");
        };
        let long = "x".repeat(MAX_MESSAGE + 1);
        check(&[("message", "x")], "target invalid");
        check(&[("target", "+6281234567890"), ("message", "x")], "target invalid");
        check(&[("target", "081234567890")], "invalid/empty body value");
        check(&[("target", "081234567890"), ("message", "  ")], "invalid/empty body value");
        check(&[("target", "081234567890"), ("message", &long)], "input invalid");
        check(&[("target", "081234567890"), ("message", "x"), ("countryCode", "id")], "input invalid");
        check(&[("target", "081234567890"), ("message", "x"), ("schedule", "soon")], "input invalid");
        check(&[("target", "081234567890"), ("message", "x"), ("delay", "9-1")], "input invalid");
        check(&[("target", "081234567890"), ("url", "file:///x")], "url invalid");
        check(&[("data", "{")], "JSON format invalid");
        check(&[("data", "[]")], "invalid/empty body value");
    }

    #[test]
    fn the_longest_message_is_taken() {
        let longest = "ü".repeat(MAX_MESSAGE);
        assert_eq!(plan_of(&[("target", "081234567890"), ("message", &longest)]).unwrap().len(), 1);
    }

    #[test]
    fn schedule_and_delay_add_up() {
        let waits = |fields: &[(&str, &str)]| {
            let mut all = vec![("target", "081234567890,081234567891"), ("message", "x")];
            all.extend(fields);
            plan_of(&all).unwrap().iter().map(|message| message.wait.as_secs()).collect::<Vec<_>>()
        };
        assert_eq!(waits(&[]), [0, 0]);
        assert_eq!(waits(&[("delay", "5")]), [0, 5]);
        assert_eq!(waits(&[("delay", "2-10")]), [0, 2]);
        assert_eq!(waits(&[("schedule", "1060"), ("delay", "5")]), [60, 65]);
        assert_eq!(waits(&[("schedule", "0")]), [0, 0]);
        assert_eq!(waits(&[("schedule", "900")]), [0, 0]);
    }

    #[test]
    fn a_batch_sends_each_its_own_text() {
        let batch = r#"[{"target":"081234567890","message":"satu","delay":"2"},
                        {"target":"081234567891","message":"dua","delay":3}]"#;
        let messages = plan_of(&[("data", batch)]).unwrap();
        let seen: Vec<_> =
            messages.iter().map(|m| (m.to.as_str(), m.text.as_str(), m.wait.as_secs())).collect();
        assert_eq!(seen, [("6281234567890", "satu", 2), ("6281234567891", "dua", 5)]);
    }
}
