//! Which endpoint a request is for, and of which session.

use http::Method;

use crate::provider::{Call, Endpoint};

/// A request that there is an endpoint for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    /// The session's name; `default` where the request names none.
    pub(super) session: String,
    /// The last word of the path: `sendText`, `start`, `qr`, or what is looked up.
    pub(super) action: String,
}

/// The calls that name their session in the body.
const IN_BODY: [(&str, Endpoint); 8] = [
    ("sendText", Endpoint::Send),
    ("sendImage", Endpoint::Send),
    ("sendFile", Endpoint::Send),
    ("sendVoice", Endpoint::Send),
    ("sendVideo", Endpoint::Send),
    ("sendSeen", Endpoint::Presence),
    ("startTyping", Endpoint::Presence),
    ("stopTyping", Endpoint::Presence),
];

impl Route {
    pub(super) fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let made = |endpoint, session: &str, action: &str| {
            Some(Self { endpoint, session: session.to_owned(), action: action.to_owned() })
        };
        let [api, rest @ ..] = segments.as_slice() else { return None };
        if *api != "api" {
            return None;
        }
        match (&call.method, rest) {
            (&Method::GET, ["sessions"]) => made(Endpoint::GetDevices, "", ""),
            (&Method::POST, ["sessions"]) => made(Endpoint::AddDevice, "", ""),
            (&Method::GET, ["sessions", session]) => made(Endpoint::Device, session, ""),
            (&Method::PUT, ["sessions", session]) => made(Endpoint::UpdateDevice, session, "config"),
            (&Method::GET, ["sessions", session, "me"]) => made(Endpoint::Device, session, "me"),
            (&Method::POST, ["sessions", session, action @ ("start" | "restart")]) => {
                made(Endpoint::UpdateDevice, session, action)
            }
            (&Method::POST, ["sessions", session, "logout"]) => made(Endpoint::Disconnect, session, "logout"),
            (&Method::GET, [session, "auth", "qr"]) => made(Endpoint::Qr, session, "qr"),
            (&Method::POST, [session, "auth", "request-code"]) => made(Endpoint::Qr, session, "request-code"),
            (&Method::GET, [session, "auth", "passkey", step @ ("challenge" | "confirmation")])
            | (&Method::POST, [session, "auth", "passkey", step @ "confirm"])
            | (&Method::POST, [session, "auth", step @ "passkey"]) => {
                made(Endpoint::Qr, session, &format!("passkey/{step}"))
            }
            (&Method::GET, ["contacts", "check-exists"]) => {
                made(Endpoint::Validate, call.query("session").unwrap_or("default"), "check-exists")
            }
            (&Method::GET, [session, "lids", lid]) => made(Endpoint::Lids, session, lid),
            (&Method::GET, [session, "lids", "pn", phone]) => {
                let user = phone.split('@').next().unwrap_or_default();
                made(Endpoint::Lids, session, &format!("{user}@c.us"))
            }
            (&Method::POST, [action]) => {
                let (_, endpoint) = IN_BODY.into_iter().find(|(name, _)| name == action)?;
                let body = call.json().unwrap_or_default();
                made(
                    endpoint,
                    body.get("session").and_then(|name| name.as_str()).unwrap_or("default"),
                    action,
                )
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    async fn route(method: Method, url: &str, body: &'static str) -> Option<(Endpoint, String, String)> {
        let request = http::Request::builder().method(method).uri(url).body(()).unwrap();
        let path = request.uri().path().to_owned();
        let call = Call::new(path, request.into_parts().0, Bytes::from(body)).await;
        Route::of(&call).map(|route| (route.endpoint, route.session, route.action))
    }

    #[tokio::test]
    async fn each_call_has_its_endpoint_and_its_session() {
        for (method, url, body, expected) in [
            (Method::GET, "/api/sessions?all=true", "", Some((Endpoint::GetDevices, "", ""))),
            (Method::GET, "/api/sessions/toko", "", Some((Endpoint::Device, "toko", ""))),
            (Method::POST, "/api/sessions/toko/start", "", Some((Endpoint::UpdateDevice, "toko", "start"))),
            (Method::GET, "/api/toko/auth/qr?format=raw", "", Some((Endpoint::Qr, "toko", "qr"))),
            (
                Method::GET,
                "/api/toko/auth/passkey/challenge",
                "",
                Some((Endpoint::Qr, "toko", "passkey/challenge")),
            ),
            (Method::POST, "/api/toko/auth/passkey", "", Some((Endpoint::Qr, "toko", "passkey/passkey"))),
            (Method::GET, "/api/toko/lids/1%40lid", "", Some((Endpoint::Lids, "toko", "1@lid"))),
            (Method::GET, "/api/toko/lids/pn/62", "", Some((Endpoint::Lids, "toko", "62@c.us"))),
            (
                Method::GET,
                "/api/contacts/check-exists?phone=1&session=toko",
                "",
                Some((Endpoint::Validate, "toko", "check-exists")),
            ),
            (
                Method::POST,
                "/api/sendText",
                r#"{"session":"toko"}"#,
                Some((Endpoint::Send, "toko", "sendText")),
            ),
            (Method::POST, "/api/startTyping", "", Some((Endpoint::Presence, "default", "startTyping"))),
            (Method::GET, "/api/sendText", "", None),
            (Method::POST, "/api/sendPigeon", "", None),
            (Method::GET, "/sessions", "", None),
        ] {
            let expected =
                expected.map(|(endpoint, session, action)| (endpoint, session.to_owned(), action.to_owned()));
            assert_eq!(route(method, url, body).await, expected, "{url}");
        }
    }
}
