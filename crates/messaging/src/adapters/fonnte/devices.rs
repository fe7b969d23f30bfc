//! Pairing the device, and what Fonnte's account can do with devices.

use bytes::Bytes;
use wartel_core::{PhoneNumber, Secret};

use super::{Fonnte, NAME, wire};
use crate::adapters::caller;
use crate::{DevicePairing, PairingMethod, PairingOffer, SendError};

#[async_trait::async_trait]
impl DevicePairing for Fonnte {
    /// `POST /qr`. Fonnte gives the QR code as a picture and says no time for it.
    async fn start_pairing(&self, method: &PairingMethod) -> Result<PairingOffer, SendError> {
        let form = match method {
            PairingMethod::Qr => wire::form(&[("type", "qr")]),
            PairingMethod::Code(phone) => wire::form(&[("type", "code"), ("whatsapp", phone.digits())]),
        };
        wire::pairing_offer(&self.post("/qr", form).await?, method)
    }

    async fn disconnect(&self) -> Result<(), SendError> {
        wire::disconnected(&self.post("/disconnect", Bytes::new()).await?)
    }
}

impl Fonnte {
    /// Adds a device to the account and gives its token. It still has to be paired.
    ///
    /// `account_token` is the account's own token, not the one of a device. `name` is what the owner calls the device.
    ///
    /// # Errors
    /// [`SendError`] if Fonnte refused or could not be asked. `RetryAdvice::Ambiguous` means that the device may have
    /// been added.
    ///
    /// Source: <https://docs.fonnte.com/api-add-device/>, November 2026.
    pub async fn add_device(
        &self,
        account_token: &Secret,
        name: &str,
        phone: &PhoneNumber,
    ) -> Result<Secret, SendError> {
        let auth = super::config::auth(account_token)
            .map_err(|_| caller::refused_here(NAME, "account token unusable"))?;
        let fields = [
            ("name", name),
            ("device", phone.digits()),
            ("autoread", "false"),
            ("personal", "true"),
            ("group", "false"),
        ];
        let request = self.request("/add-device", wire::form(&fields));
        let response = self.execute(request.with_header(http::header::AUTHORIZATION, auth)).await?;
        wire::device_token(&response)
    }

    /// Sends all webhooks of this device to one URL, which should hold an unguessable token: messages, receipts and its
    /// connection. An empty one switches them off.
    ///
    /// # Errors
    /// [`SendError`] if Fonnte refused or could not be asked; a URL that it does not take is
    /// [`SendErrorKind::Rejected`](crate::SendErrorKind::Rejected).
    ///
    /// Source: <https://docs.fonnte.com/api-update-device/>, November 2026.
    pub async fn set_webhooks(&self, url: &Secret) -> Result<(), SendError> {
        let url = url.expose();
        if !url.is_empty() && !url.starts_with("https://") && !url.starts_with("http://") {
            return Err(caller::refused_here(NAME, "webhook url"));
        }
        let fields = [("webhook", url), ("webhookconnect", url), ("webhookstatus", url)];
        wire::success(&self.post("/update-device", wire::form(&fields)).await?).map(drop)
    }
}
