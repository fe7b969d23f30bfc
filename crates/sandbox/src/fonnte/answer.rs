//! What the provider answers: JSON with HTTP 200, failures too.

use serde_json::{Map, Value, json};

use crate::faults::SuccessShape;
use crate::provider::{Endpoint, Reply};
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
            Endpoint::GetDevices | Endpoint::AddDevice => Self::refusal("unknown user"),
            _ => Self::refusal("token invalid"),
        }
    }

    /// Finishes it.
    pub(crate) fn reply(mut self, shared: &Shared) -> Reply {
        if self.numbered {
            self.body.insert("requestid".into(), shared.next_request_id().into());
        }
        Reply::json(200, Value::Object(self.body))
    }
}

/// The same success of `/send` in another shape; anything else stays as it is.
pub(crate) fn in_shape(reply: Reply, shape: SuccessShape) -> Reply {
    let first = |key: &str| reply.body()?.get(key)?.get(0).cloned();
    let (Some(id), Some(phone)) = (first("id"), first("target")) else { return reply };
    let shaped = match shape {
        SuccessShape::DataId => json!({
            "status": true,
            "message": "Success",
            "data": {"id": id, "phone": phone, "message": "Success", "status": "sent"},
        }),
        SuccessShape::StringId => json!({"status": true, "id": id}),
        SuccessShape::NoId => json!({"status": true, "detail": "success"}),
    };
    Reply::json(200, shaped)
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
        let success =
            || Reply::json(200, json!({"status": true, "id": ["7", "8"], "target": ["621", "622"]}));
        let shaped = |shape| in_shape(success(), shape).body().cloned().unwrap();
        assert_eq!(shaped(SuccessShape::DataId).pointer("/data/id"), Some(&json!("7")));
        assert_eq!(shaped(SuccessShape::StringId), json!({"status": true, "id": "7"}));
        assert_eq!(shaped(SuccessShape::NoId), json!({"status": true, "detail": "success"}));
        let failure = Reply::json(200, json!({"status": false, "reason": "target invalid"}));
        let failure = in_shape(failure, SuccessShape::NoId);
        assert_eq!(failure.body().unwrap()["reason"], "target invalid");
    }
}
