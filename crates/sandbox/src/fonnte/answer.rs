//! What the provider answers: JSON with HTTP 200, failures too.

use http::{Response, StatusCode};
use serde_json::{Map, Value, json};

use super::Endpoint;
use crate::faults::{KeyCase, SuccessShape};
use crate::http_io::{SandboxBody, answer, json as respond_json};
use crate::shared::Shared;

/// An answer before it is written. Keys are sorted, as the provider's are.
#[derive(Debug)]
pub(crate) struct Answer {
    body: Map<String, Value>,
    /// Whether the number of the request stands in it.
    numbered: bool,
}

impl Answer {
    /// An answer of these fields.
    pub(crate) fn of(fields: Value) -> Self {
        Self { body: into_map(fields), numbered: false }
    }

    /// Adds the number of the request, under `requestid`.
    pub(crate) fn numbered(mut self) -> Self {
        self.numbered = true;
        self
    }

    /// `{"status":false,"reason":…}`. The reason `token invalid` comes with a capital `Status`.
    /// Source: docs.fonnte.com/api-send-message, 2026-11.
    pub(crate) fn refusal(reason: impl Into<String>) -> Self {
        let reason = reason.into();
        let key = if reason == "token invalid" { "Status" } else { "status" };
        Self::of(json!({ key: false, "reason": reason })).numbered()
    }

    /// What a wrong or missing token gets.
    pub(crate) fn unauthorised(endpoint: Endpoint) -> Self {
        match endpoint {
            // Source: docs.fonnte.com/api-get-devices, 2026-11.
            Endpoint::GetDevices => Self::refusal("unknown user"),
            _ => Self::refusal("token invalid"),
        }
    }

    /// The same with its keys in another case.
    pub(crate) fn in_case(mut self, case: KeyCase) -> Self {
        let recase = |key: String| match case {
            KeyCase::Upper => key.to_uppercase(),
            KeyCase::Capitalised => {
                let mut letters = key.chars();
                letters
                    .next()
                    .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
                    .unwrap_or_default()
            }
        };
        self.body = self.body.into_iter().map(|(key, value)| (recase(key), value)).collect();
        self
    }

    /// The same success of `/send` in another shape; anything else stays as it is.
    pub(crate) fn in_shape(self, shape: SuccessShape) -> Self {
        let first = |key: &str| self.body.get(key).and_then(|list| list.get(0)).cloned();
        let (Some(id), Some(phone)) = (first("id"), first("target")) else { return self };
        match shape {
            SuccessShape::DataId => Self::of(json!({
                "status": true,
                "message": "Success",
                "data": {"id": id, "phone": phone, "message": "Success", "status": "sent"},
            })),
            SuccessShape::StringId => Self::of(json!({"status": true, "id": id})),
            SuccessShape::NoId => Self::of(json!({"status": true, "detail": "success"})),
        }
    }

    fn finish(mut self, shared: &Shared) -> Value {
        if self.numbered {
            // Not recased with the others: no client looks for this key.
            self.body.insert("requestid".into(), shared.next_request_id().into());
        }
        Value::Object(self.body)
    }

    /// Writes it.
    pub(crate) fn respond(self, shared: &Shared) -> Response<SandboxBody> {
        respond_json(StatusCode::OK, &self.finish(shared))
    }

    /// Writes the first half of it.
    pub(crate) fn respond_truncated(self, shared: &Shared) -> Response<SandboxBody> {
        let text = self.finish(shared).to_string();
        let half = text.get(..text.len() / 2).unwrap_or("{").to_owned();
        answer(StatusCode::OK, "application/json", half)
    }
}

fn into_map(fields: Value) -> Map<String, Value> {
    match fields {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_token_error_has_a_capital_key() {
        assert_eq!(Answer::refusal("token invalid").body.get("Status"), Some(&false.into()));
        assert_eq!(Answer::refusal("insufficient quota").body.get("status"), Some(&false.into()));
        assert_eq!(
            Answer::unauthorised(Endpoint::GetDevices).body.get("reason"),
            Some(&"unknown user".into())
        );
    }

    #[test]
    fn other_shapes_keep_the_id_and_leave_failures_alone() {
        let success = || Answer::of(json!({"status": true, "id": ["7", "8"], "target": ["621", "622"]}));
        let shaped = |shape| Value::Object(success().in_shape(shape).body);
        assert_eq!(shaped(SuccessShape::DataId).pointer("/data/id"), Some(&json!("7")));
        assert_eq!(shaped(SuccessShape::StringId), json!({"status": true, "id": "7"}));
        assert_eq!(shaped(SuccessShape::NoId), json!({"status": true, "detail": "success"}));
        let failure = Answer::refusal("target invalid").in_shape(SuccessShape::NoId);
        assert_eq!(failure.body.get("reason"), Some(&"target invalid".into()));
    }

    #[test]
    fn keys_change_their_case() {
        let upper = Answer::of(json!({"status": true})).in_case(KeyCase::Upper);
        assert_eq!(Value::Object(upper.body), json!({"STATUS": true}));
        let capital = Answer::of(json!({"status": true})).in_case(KeyCase::Capitalised);
        assert_eq!(Value::Object(capital.body), json!({"Status": true}));
    }
}
