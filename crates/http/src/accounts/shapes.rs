//! What the routes of accounts answer with.

use serde::Serialize;
use utoipa::ToSchema;
use wartel_core::{Locale, Timestamp};
use wartel_messaging::QrCode;
use wartel_messaging::accounts::{AccountView, CreatedAccount};
use wartel_messaging::pairing::{PairingReason, PairingSnapshot};

use super::qr::svg;

/// An account.
#[derive(Serialize, ToSchema)]
pub(super) struct Account {
    /// Its name.
    #[schema(example = "shop")]
    id: String,
    /// The provider.
    #[schema(example = "fonnte")]
    provider: String,
    /// When it was made (RFC 3339); absent of one that comes from the program's own settings.
    #[serde(skip_serializing_if = "Option::is_none")]
    created_at: Option<String>,
    /// How its device last stood, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "connected")]
    device_state: Option<&'static str>,
    /// Since when (RFC 3339).
    #[serde(skip_serializing_if = "Option::is_none")]
    device_since: Option<String>,
}

impl From<&AccountView> for Account {
    fn from(view: &AccountView) -> Self {
        Self {
            id: view.id.to_string(),
            provider: view.provider.clone(),
            created_at: view.created_at.map(Timestamp::to_rfc3339),
            device_state: view.device.map(|(state, _)| state.as_str()),
            device_since: view.device.map(|(_, since)| since.to_rfc3339()),
        }
    }
}

/// The accounts of a tenant.
#[derive(Serialize, ToSchema)]
pub(super) struct AccountList {
    /// By their names.
    pub(super) accounts: Vec<Account>,
}

/// An account that was made just now.
#[derive(Serialize, ToSchema)]
pub(super) struct NewAccount {
    #[serde(flatten)]
    account: Account,
    /// The token in the URL of its webhooks. It is not shown again.
    webhook_token: String,
    /// Where the provider has to send its webhooks, on this host.
    #[schema(example = "/webhook/whatsapp/AbC…")]
    webhook_path: String,
}

impl From<&CreatedAccount> for NewAccount {
    fn from(created: &CreatedAccount) -> Self {
        let token = created.token.expose();
        Self {
            account: Account::from(&created.view),
            webhook_token: token.to_owned(),
            webhook_path: format!("/webhook/whatsapp/{token}"),
        }
    }
}

/// The name of an account that was removed.
#[derive(Serialize, ToSchema)]
pub(super) struct RemovedAccount {
    /// Its name.
    pub(super) id: String,
}

/// How a device stands. What is not known is `null`.
#[derive(Serialize, ToSchema)]
pub(super) struct Pairing {
    /// `unpaired`, `code_shown`, `paired`, `connected`, `disconnected`, `logged_out` or `banned`. Only `connected` is a
    /// success: do nothing because of `paired`.
    #[schema(example = "code_shown")]
    state: &'static str,
    /// Since when (RFC 3339).
    since: Option<String>,
    /// Why, as a stable word.
    #[schema(example = "removed_by_phone")]
    reason: Option<&'static str>,
    /// What to do about it, in the language of `Accept-Language`.
    advice: Option<&'static str>,
    /// Whether the provider is asked for a code just now.
    starting: bool,
    /// What the QR code says, if the provider gives it as text.
    qr: Option<String>,
    /// The QR code as an SVG picture, white margin included.
    qr_svg: Option<String>,
    /// The code to type on the phone: Linked devices, Link a device, Link with phone number.
    #[schema(example = "ABCD1234")]
    pair_code: Option<String>,
    /// When the code ends (RFC 3339). A QR code is replaced before.
    code_expires_at: Option<String>,
    /// How many tries are left before a wait of a day or more.
    tries_left: u32,
    /// When the next try is allowed, if not now (RFC 3339).
    next_try_at: Option<String>,
    /// Why it is not allowed now.
    next_try_reason: Option<&'static str>,
    /// Until when the number is banned, if WhatsApp says (RFC 3339).
    banned_until: Option<String>,
    /// The provider's id of the device.
    device_id: Option<String>,
    /// The number of the phone that it is linked to.
    phone: Option<String>,
    /// Whether it is linked to a phone.
    paired: bool,
    /// Whether messages can go out.
    connected: bool,
    /// The version of the gateway.
    version: Option<String>,
    /// When a webhook last told anything (RFC 3339).
    last_event_at: Option<String>,
    /// Since when news is overdue: connected, but deaf (RFC 3339).
    deaf_since: Option<String>,
}

impl Pairing {
    pub(super) fn new(snapshot: &PairingSnapshot, locale: Locale) -> Self {
        let instant = |at: Option<Timestamp>| at.map(Timestamp::to_rfc3339);
        let text = match &snapshot.qr {
            Some(QrCode::Text(text)) => Some(text.clone()),
            _ => None,
        };
        Self {
            state: snapshot.state.as_str(),
            since: instant(snapshot.since),
            reason: snapshot.reason.map(PairingReason::as_str),
            advice: snapshot.reason.map(|reason| reason.advice(locale)),
            starting: snapshot.starting,
            qr: text,
            qr_svg: snapshot.qr.as_ref().and_then(svg),
            pair_code: snapshot.code.as_ref().map(|code| code.expose().to_owned()),
            code_expires_at: instant(snapshot.code_expires_at),
            tries_left: snapshot.tries_left,
            next_try_at: instant(snapshot.next_try_at),
            next_try_reason: snapshot.next_try_reason.map(PairingReason::as_str),
            banned_until: instant(snapshot.banned_until),
            device_id: snapshot.device_id.clone(),
            phone: snapshot.phone.as_ref().map(|phone| phone.e164().to_owned()),
            paired: snapshot.is_paired(),
            connected: snapshot.is_connected(),
            version: snapshot.gateway_version.clone(),
            last_event_at: instant(snapshot.last_event_at),
            deaf_since: instant(snapshot.deaf_since),
        }
    }
}
