//! Which endpoint a request is for.

use http::Method;

use crate::provider::{Call, Endpoint};

/// A request that there is an endpoint for.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Route {
    pub(super) endpoint: Endpoint,
    /// The device that the path names.
    pub(super) device: Option<String>,
    /// The word that tells calls of one endpoint apart.
    pub(super) action: String,
}

impl Route {
    pub(super) fn of(call: &Call) -> Option<Self> {
        let segments = call.segments();
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        let made = |endpoint, device: Option<&str>, action: &str| {
            Some(Self { endpoint, device: device.map(str::to_owned), action: action.to_owned() })
        };
        match (&call.method, segments.as_slice()) {
            (&Method::GET, ["devices"] | ["app", "devices"]) => made(Endpoint::GetDevices, None, ""),
            (&Method::POST, ["devices"]) => made(Endpoint::AddDevice, None, ""),
            (&Method::GET, ["devices", device]) => made(Endpoint::Device, Some(device), "device"),
            (&Method::GET, ["devices", device, "status"]) => made(Endpoint::Device, Some(device), "status"),
            (&Method::GET, ["devices", device, "login"]) => made(Endpoint::Qr, Some(device), "login"),
            (&Method::POST, ["devices", device, "login", "code"]) => {
                made(Endpoint::Qr, Some(device), "login-with-code")
            }
            (&Method::POST, ["devices", device, "logout"]) => made(Endpoint::Disconnect, Some(device), ""),
            (&Method::GET, ["app", "reconnect"]) => made(Endpoint::UpdateDevice, None, "reconnect"),
            (&Method::POST, ["devices", device, "reconnect"]) => {
                made(Endpoint::UpdateDevice, Some(device), "reconnect")
            }
            (&Method::POST, ["app", "passkey", action @ ("response" | "confirm")]) => {
                made(Endpoint::UpdateDevice, None, action)
            }
            (&Method::GET, ["app", action @ ("status" | "passkey")]) => made(Endpoint::Device, None, action),
            (&Method::GET, ["app", action @ ("login" | "login-with-code")]) => {
                made(Endpoint::Qr, None, action)
            }
            (&Method::GET, ["app", "logout"]) => made(Endpoint::Disconnect, None, ""),
            (&Method::GET, ["statics", "qrcode", file]) => made(Endpoint::Media, None, file),
            (&Method::GET, ["user", "check"]) => made(Endpoint::Validate, None, ""),
            (&Method::POST, ["send", "chat-presence"]) => made(Endpoint::Presence, None, "typing"),
            (&Method::POST, ["message", _, "read"]) => made(Endpoint::Presence, None, "read"),
            (
                &Method::POST,
                ["send", action @ ("message" | "image" | "file" | "video" | "audio" | "sticker")],
            ) => made(Endpoint::Send, None, action),
            _ => None,
        }
    }

    /// Whether the call is about one device.
    pub(super) fn needs_device(&self) -> bool {
        !matches!(self.endpoint, Endpoint::AddDevice | Endpoint::GetDevices | Endpoint::Media)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    #[tokio::test]
    async fn each_call_has_its_endpoint() {
        for (method, url, expected) in [
            (Method::POST, "/send/message", Some((Endpoint::Send, None, "message"))),
            (Method::GET, "/app/reconnect", Some((Endpoint::UpdateDevice, None, "reconnect"))),
            (
                Method::POST,
                "/devices/toko-1/reconnect",
                Some((Endpoint::UpdateDevice, Some("toko-1"), "reconnect")),
            ),
            (Method::POST, "/app/passkey/confirm", Some((Endpoint::UpdateDevice, None, "confirm"))),
            (Method::POST, "/message/3EB0/read", Some((Endpoint::Presence, None, "read"))),
            (Method::GET, "/devices/toko-1/status", Some((Endpoint::Device, Some("toko-1"), "status"))),
            (Method::GET, "/app/login-with-code?phone=62", Some((Endpoint::Qr, None, "login-with-code"))),
            (Method::GET, "/statics/qrcode/a.png", Some((Endpoint::Media, None, "a.png"))),
            (Method::GET, "/send/message", None),
            (Method::POST, "/send/pigeon", None),
        ] {
            let request = http::Request::builder().method(method).uri(url).body(()).unwrap();
            let path = request.uri().path().to_owned();
            let call = Call::new(path, request.into_parts().0, Bytes::new()).await;
            let route = Route::of(&call);
            let route = route.as_ref().map(|r| (r.endpoint, r.device.as_deref(), r.action.as_str()));
            assert_eq!(route, expected, "{url}");
        }
    }
}
